/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/outage.h"

#include "base/stamp.h"

/**
 * outage_is() - does a failure say that the server is not there? What it says itself, even of its
 * own trouble, shows that it is; a gateway before it may say that it is not.
 */
bool outage_is(int error, const struct op_fault *fault) {
        if (fault->status)
                return fault->status >= 502 && fault->status <= 504;
        return op_is_silence(error);
}

static struct outage *find(struct outages *outages, uint64_t server) {
        for (size_t i = 0; i < OUTAGES_MAX; i++)
                if (outages->list[i].server == server)
                        return &outages->list[i];
        return NULL;
}

static void clear(struct outages *outages, struct outage *outage) {
        outages->count--;
        (void)request_copy_free(outage->request);
        *outage = (struct outage){ 0 };
}

static struct outage *add(struct outages *outages, uint64_t server) {
        struct outage *outage = find(outages, 0);

        for (size_t i = 0; !outage && i < OUTAGES_MAX; i++)
                if (outages->list[i].server == outage_first(outages)->server)
                        outage = &outages->list[i];
        if (outage->server)
                clear(outages, outage);
        outages->count++;
        *outage = (struct outage){ .server = server, .since_ms = stamp_now_ms() };
        return outage;
}

/** outage_began() - a call failed so, or once more. @is_slow: it took its time for that. */
void outage_began(struct outages *outages, uint64_t server, const struct request *request,
                  const struct op_fault *fault, bool is_slow) {
        struct outage *outage = find(outages, server);

        if (!outage)
                outage = add(outages, server);
        outage->fault = *fault;
        outage->is_slow = is_slow;
        outage->request = request_copy_free(outage->request);
        (void)request_copy_new(request, &outage->request);
}

/** outage_ended() - a call brought an answer, whichever. */
void outage_ended(struct outages *outages, uint64_t server) {
        struct outage *outage = outages->count ? find(outages, server) : NULL;

        if (outage)
                clear(outages, outage);
}

/** outage_find() - that of a server, NULL if it can be reached as far as we know. */
const struct outage *outage_find(const struct outages *outages, uint64_t server) {
        for (size_t i = 0; outages->count && i < OUTAGES_MAX; i++)
                if (outages->list[i].server == server)
                        return &outages->list[i];
        return NULL;
}

/** outage_next() - the one to be probed next: that for which it is longest ago. NULL: none. */
struct outage *outage_next(struct outages *outages) {
        struct outage *next = NULL;

        for (size_t i = 0; i < OUTAGES_MAX; i++) {
                struct outage *outage = &outages->list[i];

                if (outage->server && outage->request &&
                    (!next || outage->probed_ms < next->probed_ms))
                        next = outage;
        }
        return next;
}

/** outage_first() - the one that lasts longest, NULL if there is none. */
const struct outage *outage_first(const struct outages *outages) {
        const struct outage *first = NULL;

        for (size_t i = 0; i < OUTAGES_MAX; i++) {
                const struct outage *outage = &outages->list[i];

                if (outage->server && (!first || outage->since_ms < first->since_ms))
                        first = outage;
        }
        return first;
}

/** outages_done() - free what they hold. */
void outages_done(struct outages *outages) {
        for (size_t i = 0; i < OUTAGES_MAX; i++)
                if (outages->list[i].server)
                        clear(outages, &outages->list[i]);
}
