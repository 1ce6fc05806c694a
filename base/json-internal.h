/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the JSON layer share: ours and json-c's words for one value. */
#pragma once

#include <json-c/json.h>

#include "base/json.h"

/* json-c's word for a value of ours; it takes no const. */
static inline struct json_object *json_raw(const struct json *json) {
        union {
                const struct json *json;
                struct json_object *object;
        } u = { .json = json };

        return u.object;
}

/* The other way round. */
static inline struct json *json_wrap(struct json_object *object) {
        return (struct json *)object;
}
