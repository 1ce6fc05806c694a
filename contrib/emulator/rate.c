/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --rate: so many requests in a window, for each service. World lock held.
 */
#include "contrib/emulator/emulator.h"

#include "contrib/emulator/world-internal.h"

bool rate_allow(struct emulator *emulator, struct exchange *x) {
        int64_t limit = emulator->options->rate, window_s = emulator->options->rate_window_s;
        struct collection *c = world_collection(emulator->world, "emulator/rates", "");
        struct json_object *rate = collection_get(c, x->req.service);
        int64_t now = world_now(emulator->world), begin = js_int(rate, "/begin_ms", INT64_MIN),
                count;
        bool minutes = window_s % 60 == 0;

        if (limit == 0)
                return true;
        if (!rate || now - begin >= window_s * 1000)
                rate = collection_put(c, x->req.service,
                                      js_pack("{'begin_ms': i, 'count': i}", now, (int64_t)0));
        count = js_int(rate, "/count", 0) + 1;
        js_set_int(rate, "/count", count);
        if (count <= limit)
                return true;
        gateway_error(x, 429, "APIGW.0308",
                      "The throttling threshold has been reached: policy user over ratelimit,"
                      "limit:%lld,time:%lld %s",
                      (long long)limit, (long long)(minutes ? window_s / 60 : window_s),
                      minutes ? "minute" : "second");
        return false;
}
