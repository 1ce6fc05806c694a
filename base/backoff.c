/* SPDX-License-Identifier: Apache-2.0 */
#include "base/backoff.h"

#include <sys/random.h>

#include "base/stamp.h"

/**
 * backoff_jittered_ms() - how long to wait before the next try: full jitter, that is anything up to
 * a bound that doubles, so that those who failed together do not come back together.
 * @base_ms: the first bound; @max_ms: the last; @times: how often it was tried in vain before.
 * Returns 1 to @max_ms.
 */
int64_t backoff_jittered_ms(int64_t base_ms, int64_t max_ms, unsigned times) {
        uint64_t random = 0;
        int64_t bound = base_ms;

        while (times-- && bound < max_ms)
                bound *= 2;
        if (bound > max_ms)
                bound = max_ms;
        if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
                random = (uint64_t)stamp_monotonic_ms() * UINT64_C(0x9e3779b97f4a7c15) >> 16;
        return 1 + (int64_t)(random % (uint64_t)bound);
}
