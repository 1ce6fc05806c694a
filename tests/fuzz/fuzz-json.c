/* SPDX-License-Identifier: Apache-2.0 */
/* What was read is written as JSON that reads as the same value, and the second time as the same
 * bytes; a place of an error is within the text. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "base/json.h"

static void require(bool holds) {
        if (!holds)
                abort();
}

static void check_form(const struct json *json, enum json_form form) {
        struct buf once = BUF_INIT(0), twice = BUF_INIT(0);
        struct json *again = NULL;

        require(json_render(json, form, &once) == 0);
        require(json_parse(buf_str(&once), once.len, &again, NULL) == 0);
        require(json_equal(json, again));
        require(json_render(again, form, &twice) == 0);
        require(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
        json_free(again);
        buf_done(&once);
        buf_done(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct json_error error = { 0 };
        struct json *json = NULL;
        /* Exactly as long as the text, so that a step beyond it is seen. */
        char *text = malloc(size ? size : 1);
        int r;

        if (!text)
                return 0;
        if (size)
                memcpy(text, data, size);
        r = json_parse(text, size, &json, &error);
        if (r == 0) {
                check_form(json, JSON_COMPACT);
                check_form(json, JSON_PRETTY);
        } else {
                require(r == -EBADMSG && !json && error.reason);
                require(error.line >= 1 && error.column >= 1 && error.line <= size + 1);
        }
        json_free(json);
        free(text);
        return 0;
}
