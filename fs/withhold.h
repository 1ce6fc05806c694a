/* SPDX-License-Identifier: Apache-2.0 */
/* What may be kept of a text that people wrote: all of it but the secrets that it should not have
 * held (file rule 21). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct secret_member;

/* Owns its texts; zeroed: there is nothing to withhold. */
struct withheld {
        char *text; /* to be kept in place of the other; NULL: that may be kept as it is */
        size_t len;
        char *at; /* pointer to the first secret where the text is JSON, else NULL */
        const struct secret_member *secret; /* that this one is; static, without `at` where the
                                               document's kind has none of that name */
};

extern const char withheld_mark[]; /* stands in kept texts in place of a secret */

int withhold(const struct secret_member *secrets, const char *text, size_t len,
             struct withheld *ret);
int withhold_file(const struct secret_member *secrets, const char *name, const char *text,
                  size_t len, struct withheld *ret);
void withheld_done(struct withheld *withheld);
