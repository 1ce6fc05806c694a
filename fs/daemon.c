/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/daemon.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "fs/session.h"

#if defined(__has_feature) /* clang's word for what gcc defines */
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

enum { HEAPS_MAX = 4, MAPPED_BYTES = 256 * 1024 };

/**
 * daemon_fill_standard() - descriptors 0 to 2 that the caller has closed lead nowhere, so that none
 * that we open is taken for one of them. Before any is opened.
 */
void daemon_fill_standard(void) {
        int fd;

        do
                fd = open("/dev/null", O_RDWR); /* children get them, too */
        while (fd >= 0 && fd <= STDERR_FILENO);
        if (fd >= 0)
                close(fd);
}

/** daemon_protect() - secrets stay in this process: no core dumps, no ptrace by the same user. */
void daemon_protect(void) {
        const struct rlimit none = { 0 };

        (void)setrlimit(RLIMIT_CORE, &none);
#if !defined(__SANITIZE_ADDRESS__)
        (void)prctl(PR_SET_DUMPABLE, 0); /* the leak check traces its own process */
#endif
}

/**
 * daemon_save_memory() - what is long is mapped by itself and goes back to the system when it is
 * freed; the many threads share a few heaps, so that one uses again what another freed.
 */
void daemon_save_memory(void) {
        (void)mallopt(M_ARENA_MAX, HEAPS_MAX);
        (void)mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES);
}

/* The parent ends when the child says that it is ready, or with the child's failure. */
static _Noreturn void await_child(int fd, pid_t child) {
        char word;
        int status = 0;
        ssize_t n;

        do
                n = read(fd, &word, 1);
        while (n < 0 && errno == EINTR);
        if (n == 1)
                _exit(EXIT_SUCCESS);
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
                continue;
        if (WIFSIGNALED(status))
                log_error("ended by signal %d before it was ready", WTERMSIG(status));
        _exit(WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : EXIT_FAILURE);
}

/** daemon_fork() - go on in a child. Returns 0 in it, negative errno if there is none. */
int daemon_fork(struct daemon *daemon) {
        int fds[2];
        pid_t child;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        child = fork();
        if (child < 0) {
                int r = -errno;

                close(fds[0]);
                close(fds[1]);
                return r;
        }
        if (child > 0) {
                close(fds[1]);
                await_child(fds[0], child);
        }
        close(fds[0]);
        daemon->ready_fd = fds[1];
        (void)setsid();
        return 0;
}

/* Nothing of the caller's is held on to; the journal's stream stays where there is one. */
static void leave_caller(void) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);

        if (chdir("/") < 0 || null < 0)
                return;
        (void)dup2(null, STDIN_FILENO);
        (void)dup2(null, STDOUT_FILENO);
        if (!getenv("JOURNAL_STREAM"))
                (void)dup2(null, STDERR_FILENO);
        if (null > STDERR_FILENO)
                close(null);
}

/** daemon_ready() - the mount is usable: the parent may end, and nothing ties us to it any more. */
void daemon_ready(struct daemon *daemon) {
        const char word = 0;

        if (daemon->ready_fd < 0)
                return;
        leave_caller();
        if (write(daemon->ready_fd, &word, 1) < 0)
                log_debug("nobody waits for the mount any more");
        close(daemon->ready_fd);
        daemon->ready_fd = -1;
}

static void signals_of_ours(sigset_t *set) {
        sigemptyset(set);
        sigaddset(set, SIGTERM);
        sigaddset(set, SIGINT);
        sigaddset(set, SIGHUP);
        sigaddset(set, SIGUSR2); /* of daemon_end() */
}

/** daemon_block_signals() - all threads started from now on leave them to one. */
int daemon_block_signals(void) {
        struct sigaction ignore = { .sa_handler = SIG_IGN };
        sigset_t set;

        sigemptyset(&ignore.sa_mask);
        (void)sigaction(SIGPIPE, &ignore, NULL);
        signals_of_ours(&set);
        return -pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void *loop(void *data) {
        struct daemon *daemon = data;
        sigset_t set;
        int number;

        signals_of_ours(&set);
        for (;;) {
                if (sigwait(&set, &number) != 0)
                        continue;
                if (number != SIGHUP)
                        break;
                daemon->refresh(daemon->data);
        }
        session_stop(daemon->session);
        return NULL;
}

/** daemon_watch_signals() - SIGTERM and SIGINT unmount, SIGHUP refreshes. 0 or -EAGAIN. */
int daemon_watch_signals(struct daemon *daemon) {
        if (pthread_create(&daemon->thread, NULL, loop, daemon))
                return -EAGAIN;
        daemon->has_thread = true;
        return 0;
}

/** daemon_end() - the session has ended: nobody need listen any more. */
void daemon_end(struct daemon *daemon) {
        if (!daemon->has_thread)
                return;
        pthread_kill(daemon->thread, SIGUSR2);
        pthread_join(daemon->thread, NULL);
        daemon->has_thread = false;
}
