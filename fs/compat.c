/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What libfuse does not tell, and what its releases differ in. Nothing is called when the kernel
 * has its answer to INIT, which libfuse may still refuse after it has asked us: so that answer is
 * looked for on its way out. Up to 3.16 it is built without the flag that lets the kernel work on
 * several names of one directory at once, whatever we want
 * (https://github.com/libfuse/libfuse/pull/861): it is set on the way, too.
 */
#include <sys/uio.h>
#include <unistd.h>

#include "fs/session.h"

enum {
        INIT_MAJOR = 7,      /* first word of the INIT reply's body */
        INIT_FLAGS_WORD = 3, /* after major, minor and max_readahead */
        INIT_WORDS_MIN = 4,
        PARALLEL_DIROPS = 1 << 18,
};

static ssize_t receive(int fd, void *data, size_t size, void *userdata) {
        struct session *session = userdata;
        ssize_t n = read(fd, data, size);

        if (n < 0 && errno == ENODEV) { /* unmounted: nobody waits for anything any more */
                wait_stop(&session->wait);
                errno = ENODEV;
        }
        return n;
}

/* The body of the answer to INIT, the first that goes out whole; NULL: it is something else. */
static uint32_t *init_words(const struct session *session, const struct iovec *iov, int count) {
        uint32_t *words;

        if (count != 2 || iov[1].iov_len < INIT_WORDS_MIN * sizeof(*words) ||
            atomic_load(&session->is_greeted))
                return NULL;
        words = iov[1].iov_base;
        return words[0] == INIT_MAJOR ? words : NULL;
}

static ssize_t send_reply(int fd, struct iovec *iov, int count, void *userdata) {
        struct session *session = userdata;
        uint32_t *words = init_words(session, iov, count);
        ssize_t n;

#if FUSE_VERSION < FUSE_MAKE_VERSION(3, 17)
        if (words && session->has_parallel_directories)
                words[INIT_FLAGS_WORD] |= PARALLEL_DIROPS;
#endif
        n = writev(notify_connection(&session->notify, fd), iov, count);
        if (words && n > 0 && !atomic_exchange(&session->is_greeted, true) &&
            session->options.ready)
                session->options.ready(session->options.data);
        return n;
}

/** compat_attach() - to be called on a mounted session, before its loop. 0 or negative errno. */
int compat_attach(struct session *session) {
        static const struct fuse_custom_io io = { .read = receive, .writev = send_reply };

        return fuse_session_custom_io(session->fuse, &io, fuse_session_fd(session->fuse));
}
