/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/tables/helpers.h"

/** put_copy() - set a member to a value shared with another tree of this thread. 0 or -ENOMEM. */
int put_copy(struct json *object, const char *name, const struct json *value) {
        return json_set(object, name, json_share(value));
}

/**
 * pairs_to_map() - make `{"k": v, …}` of an array of objects.
 * @name: member that holds the key; @value: member that holds the value.
 * Elements without a key are left out; of two with the same key the later one wins.
 * Returns 0 or -ENOMEM.
 */
int pairs_to_map(const struct json *pairs, const char *name, const char *value, struct json **ret) {
        _cleanup_(json_freep) struct json *map = json_new_object();

        if (!map)
                return -ENOMEM;
        for (size_t i = 0; i < json_count(pairs); i++) {
                const struct json *pair = json_item(pairs, i);
                struct json *key = json_member(pair, name);
                int r;

                if (!json_is(key, JSON_STRING))
                        continue;
                r = put_copy(map, json_string(key, ""), json_member(pair, value));
                if (r < 0)
                        return r;
        }
        *ret = STEAL(map);
        return 0;
}
