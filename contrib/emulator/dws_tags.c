/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DWS: tags of a warehouse. A batch is done whole or not at all.
 */
#include "contrib/emulator/dws.h"
#include "contrib/emulator/util.h"

#include <string.h>

/* The maximum is not printed; 20 is what the tag service of the same cloud allows. */
enum { TAGS_MAX = 20, KEY_MAX = 128, VALUE_MAX = 256 };

static struct json_object *tag_of(struct json_object *tags, const char *key) {
        for (size_t i = 0; i < js_len(tags, ""); i++)
                if (str_eq(js_str(js_at(tags, i), "/key"), key))
                        return js_at(tags, i);
        return NULL;
}

/* Characters, not bytes. */
static size_t characters(const char *text) {
        size_t count = 0;

        for (; *text; text++)
                count += ((unsigned char)*text & 0xc0) != 0x80;
        return count;
}

static bool is_valid(const char *key, const char *value) {
        size_t len = strlen(key);

        return len > 0 && characters(key) <= KEY_MAX && characters(value) <= VALUE_MAX &&
               key[0] != ' ' && key[len - 1] != ' ' && !strpbrk(key, "=*<>\\,|/") &&
               !strpbrk(value, "=*<>\\,|/");
}

static void list_tags(const struct request *req, struct response *resp) {
        struct json_object *tags;
        struct warehouse w;

        if (!warehouse_of(req, resp, &w))
                return;
        tags = js_get(w.list, "/tags");
        reply_json(resp, 200,
                   js_pack("{'tags': o}", tags ? json_object_get(tags) : json_object_new_array()));
}

/*
 * A key that exists keeps its value: a batch with another value for it, or with a key twice, is
 * refused.
 */
static const char *problem_of(struct json_object *old, struct json_object *added) {
        size_t count = js_len(old, "");

        for (size_t i = 0; i < js_len(added, ""); i++) {
                const char *key = js_str(js_at(added, i), "/key"),
                           *value = js_str(js_at(added, i), "/value");
                struct json_object *tag = tag_of(old, key);

                if (!is_valid(key, value) || tag_of(added, key) != js_at(added, i))
                        return "DWS.5197";
                if (tag && !str_eq(js_str(tag, "/value"), value))
                        return "DWS.5197";
                count += !tag;
        }
        return count > TAGS_MAX ? "DWS.5194" : NULL;
}

static void add_tags(const struct request *req, struct response *resp) {
        struct json_object *added = js_get(req->body, "/tags"), *tags;
        const char *problem;
        struct warehouse w;

        if (!warehouse_of(req, resp, &w))
                return;
        tags = js_get(w.list, "/tags");
        problem = problem_of(tags, added);
        if (problem) {
                reply_error_code(req, resp, 400, problem);
                return;
        }
        if (!tags && js_len(added, "") > 0) {
                tags = json_object_new_array();
                (void)js_set(w.list, "/tags", tags);
        }
        for (size_t i = 0; i < js_len(added, ""); i++)
                if (!tag_of(tags, js_str(js_at(added, i), "/key")))
                        json_object_array_add(tags, dws_view(js_at(added, i), "key value"));
        reply_empty(resp, 200);
}

static void remove_tag(const struct warehouse *w, const char *key) {
        struct json_object *tags = js_get(w->list, "/tags");

        for (size_t i = 0; i < js_len(tags, ""); i++)
                if (str_eq(js_str(js_at(tags, i), "/key"), key)) {
                        json_object_array_del_idx(tags, i, 1);
                        break;
                }
        if (js_len(tags, "") == 0)
                (void)js_set(w->list, "/tags", NULL);
}

static void remove_tags(const struct request *req, struct response *resp) {
        struct json_object *removed = js_get(req->body, "/tags");
        struct warehouse w;

        if (!warehouse_of(req, resp, &w))
                return;
        for (size_t i = 0; i < js_len(removed, ""); i++) {
                struct json_object *tag =
                        tag_of(js_get(w.list, "/tags"), js_str(js_at(removed, i), "/key"));

                if (!tag || !str_eq(js_str(tag, "/value"), js_str(js_at(removed, i), "/value"))) {
                        reply_error_code(req, resp, 400, "DWS.5191");
                        return;
                }
        }
        for (size_t i = 0; i < js_len(removed, ""); i++)
                remove_tag(&w, js_str(js_at(removed, i), "/key"));
        reply_empty(resp, 200);
}

const struct handler dws_tag_handlers[] = {
        { "listClusterTags", list_tags },
        { "batchCreateClusterTags", add_tags },
        { "batchDeleteClusterTags", remove_tags },
        { 0 },
};
