/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/copy.h"

#include <string.h>

static size_t text_size(const char *text) {
        return text ? strlen(text) + 1 : 0;
}

static size_t request_size(const struct request *request) {
        size_t size = text_size(request->only) + request->body_len + 1;

        for (size_t i = 0; i < request->n_params; i++)
                size += text_size(request->params[i].name) + text_size(request->params[i].value);
        return size;
}

/* Copies a text and says where it stands now; steps behind it. */
static const char *put_text(char **cursor, const char *text) {
        size_t size = text_size(text);
        const char *copy = *cursor;

        if (!text)
                return NULL;
        memcpy(*cursor, text, size);
        *cursor += size;
        return copy;
}

static void fill(struct request_copy *copy, const struct request *request) {
        char *cursor = copy->text;

        copy->request = *request;
        copy->request.params = copy->params;
        copy->request.only = put_text(&cursor, request->only);
        for (size_t i = 0; i < request->n_params; i++)
                copy->params[i] = (struct param){
                        .name = put_text(&cursor, request->params[i].name),
                        .value = put_text(&cursor, request->params[i].value),
                };
        if (request->body) {
                memcpy(cursor, request->body, request->body_len);
                cursor[request->body_len] = '\0';
                copy->request.body = cursor;
        }
}

/** request_copy_new() - as it is now. Returns 0 or -ENOMEM. */
int request_copy_new(const struct request *request, struct request_copy **ret) {
        _cleanup_(request_copy_freep) struct request_copy *copy = calloc(1, sizeof(*copy));

        if (!copy)
                return -ENOMEM;
        copy->params = calloc(request->n_params + 1, sizeof(*copy->params));
        copy->text = malloc(request_size(request));
        if (!copy->params || !copy->text)
                return -ENOMEM;
        fill(copy, request);
        copy->request.known_revision = NULL;
        copy->request.wait_s = 0;
        *ret = STEAL(copy);
        return 0;
}

/** request_copy_free() - NULL is fine. Returns NULL. */
struct request_copy *request_copy_free(struct request_copy *copy) {
        if (!copy)
                return NULL;
        free(copy->params);
        free(copy->text);
        free(copy);
        return NULL;
}
