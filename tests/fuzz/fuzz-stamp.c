/* SPDX-License-Identifier: Apache-2.0 */
/* What is read as a time is one within the calendar, and what is written of it reads the same. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "base/stamp.h"

static void require(bool holds) {
        if (!holds)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char text[STAMP_TEXT_SIZE];
        struct timespec t, again;
        char *given = malloc(size + 1);

        if (!given)
                return 0;
        if (size)
                memcpy(given, data, size);
        given[size] = '\0';
        if (stamp_parse(given, &t) == 0) {
                require(t.tv_nsec >= 0 && t.tv_nsec < 1000000000);
                stamp_format(t.tv_sec, text);
                /* Years over 9999 have no such form. */
                if (text[0] != '-' && strlen(text) == 20) {
                        require(stamp_parse(text, &again) == 0);
                        require(again.tv_sec == t.tv_sec);
                }
        }
        free(given);
        return 0;
}
