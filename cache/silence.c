/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/silence.h"

#include "base/digest.h"
#include "base/stamp.h"

/** silence_server() - what stands for the server that a request goes to. */
uint64_t silence_server(const struct request *request) {
        static const char *const names[] = { "region", "engine_id" };
        struct buf text = BUF_INIT(1024);
        uint64_t server;

        (void)buf_printf(&text, "%s %d", request->call->service, (int)request->call->endpoint);
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                const char *value = request_param(request, names[i]);

                (void)buf_printf(&text, " %s", value ? value : "");
        }
        server = digest_hash64(text.data, text.len);
        buf_done(&text);
        return server;
}

static struct silence *find(struct silences *silences, uint64_t server) {
        for (size_t i = 0; i < SILENCES_MAX; i++)
                if (silences->list[i].server == server)
                        return &silences->list[i];
        return NULL;
}

/* The one of that server, else a free one, else the one that ends first. */
static struct silence *place_for(struct silences *silences, uint64_t server) {
        struct silence *silence = find(silences, server);

        if (!silence)
                silence = find(silences, 0);
        if (silence)
                return silence;
        silence = &silences->list[0];
        for (size_t i = 1; i < SILENCES_MAX; i++)
                if (silences->list[i].until_ms < silence->until_ms)
                        silence = &silences->list[i];
        return silence;
}

/** silence_began() - a call took long and brought nothing. */
void silence_began(struct silences *silences, uint64_t server) {
        *place_for(silences, server) = (struct silence){
                .server = server,
                .until_ms = stamp_monotonic_ms() + SILENCE_MS,
        };
}

/** silence_ended() - a call brought an answer, whichever. */
void silence_ended(struct silences *silences, uint64_t server) {
        struct silence *silence = find(silences, server);

        if (silence)
                *silence = (struct silence){ 0 };
}

/** silence_holds() - shall nobody wait for this server? @ret_probe: the caller may try it aside. */
bool silence_holds(struct silences *silences, uint64_t server, bool *ret_probe) {
        struct silence *silence = find(silences, server);
        int64_t now_ms = stamp_monotonic_ms();

        if (!silence || now_ms >= silence->until_ms)
                return false;
        *ret_probe = now_ms >= silence->probe_ms;
        if (*ret_probe)
                silence->probe_ms = now_ms + SILENCE_MS;
        return true;
}
