/* SPDX-License-Identifier: Apache-2.0 */
/* What the emulated cloud really has, asked beside the mount. */
#pragma once

#include "tests/faults/rig.h"

enum sort { SORT_VALUE, SORT_SCHEMA, SORT_PROPERTIES, SORT_POLICY, SORT_ALARM, SORT_FLEET, SORTS };

extern const char *const sort_names[SORTS];

/* The place of a thing in the mount, owned. @name: its own name, without an extension. */
char *thing_path(enum sort sort, const char *name);

/* The bytes of its document that carry a text (of letters, digits, blanks), owned. */
char *thing_document(enum sort sort, const char *name, const char *text);

struct truth {
        struct json_object *lists[SORTS]; /* owned: arrays of {"name", "text"} */
};
void truth_read(struct truth *truth);
void truth_done(struct truth *truth);

/* How many things of that name there are. @ret_text: of the last one, borrowed; or NULL. */
size_t truth_find(const struct truth *truth, enum sort sort, const char *name,
                  const char **ret_text);
