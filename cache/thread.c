/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/thread.h"

#include <signal.h>

/** thread_start() - start a thread. @name: at most 15 bytes. Returns 0 or negative errno. */
int thread_start(pthread_t *thread, const char *name, void *(*run)(void *data), void *data) {
        sigset_t all, before;
        int r;

        (void)sigfillset(&all);
        (void)pthread_sigmask(SIG_SETMASK, &all, &before);
        r = pthread_create(thread, NULL, run, data);
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (r == 0)
                (void)pthread_setname_np(*thread, name);
        return -r;
}
