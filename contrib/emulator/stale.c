/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Remembers, for the fault "stale", what each GET answered before the last write.
 */
#include "contrib/emulator/hash.h"
#include "contrib/emulator/emulator.h"

#include <string.h>

enum { ANSWERS_MAX = 1000, BODY_MAX = 256 * 1024 };

struct kept {
        char *body; /* owned or NULL */
        size_t size;
        uint64_t writes; /* how many writes there had been when it was answered */
};

struct answer {
        char *key; /* host and target */
        struct kept now, before;
        UT_hash_handle hh;
};

struct stale {
        struct answer *answers;
        uint64_t writes;
};

struct stale *stale_new(void) {
        return x_alloc(sizeof(struct stale));
}

static void answer_free(struct stale *stale, struct answer *answer) {
        HASH_DEL(stale->answers, answer);
        free(answer->key);
        free(answer->now.body);
        free(answer->before.body);
        free(answer);
}

struct stale *stale_free(struct stale *stale) {
        while (stale && stale->answers)
                answer_free(stale, stale->answers);
        free(stale);
        return NULL;
}

void stale_note_write(struct stale *stale) {
        stale->writes++;
}

void stale_keep(struct stale *stale, const char *host, const char *target, const char *body,
                size_t size) {
        _cleanup_(freep) char *key = x_printf("%s%s", host, target);
        struct answer *answer;

        if (size > BODY_MAX)
                return;
        HASH_FIND_STR(stale->answers, key, answer);
        if (!answer) {
                if (HASH_COUNT(stale->answers) >= ANSWERS_MAX)
                        answer_free(stale, stale->answers); /* the oldest */
                answer = x_alloc(sizeof(*answer));
                answer->key = STEAL(key);
                HASH_ADD_KEYPTR(hh, stale->answers, answer->key, strlen(answer->key), answer);
        }
        if (answer->now.body && answer->now.writes < stale->writes) {
                free(answer->before.body);
                answer->before = answer->now;
                answer->now.body = NULL;
        }
        free(answer->now.body);
        answer->now = (struct kept){ x_alloc(size + 1), size, stale->writes };
        memcpy(answer->now.body, body, size);
}

const char *stale_find(struct stale *stale, const char *host, const char *target,
                       size_t *ret_size) {
        _cleanup_(freep) char *key = x_printf("%s%s", host, target);
        struct answer *answer;
        const struct kept *kept;

        HASH_FIND_STR(stale->answers, key, answer);
        if (!answer)
                return NULL;
        kept = answer->now.writes < stale->writes || !answer->before.body ? &answer->now
                                                                          : &answer->before;
        *ret_size = kept->size;
        return kept->body;
}
