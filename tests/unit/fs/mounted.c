/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/fs/mounted.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fs/branch.h"
#include "tests/unit/unit.h"

/** mounted_possible() - can this process mount at all? */
bool mounted_possible(void) {
        int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

        if (fd >= 0)
                close(fd);
        return fd >= 0;
}

static void *serve(void *data) {
        struct mounted *mounted = data;

        mounted->result = session_run(mounted->session);
        return NULL;
}

/** mounted_start() - show @view (taken over) as the account `demo` in a new directory. */
void mounted_start(struct mounted *mounted, struct view *view, bool is_read_only) {
        char argument[] = "hcloudfs", flag[] = "-o",
             options[] = "fsname=hcloudfs-test,default_permissions,rw";
        char *argv[] = { argument, flag, options, NULL };
        struct fuse_args args = FUSE_ARGS_INIT(3, argv);

        *mounted = (struct mounted){ .view = view, .path = "/tmp/hcloudfs-unit-XXXXXX" };
        if (is_read_only)
                memcpy(strstr(options, "rw"), "ro", 2);
        ck_assert_ptr_nonnull(mkdtemp(mounted->path));
        ck_assert_int_eq(branch_new(view, &mounted->branch), 0);
        mounted->account = (struct session_account){
                .name = "demo",
                .branch = mounted->branch,
                .place = view_root(view),
        };
        ck_assert_int_eq(session_new(
                                 &(struct session_options){
                                         .accounts = &mounted->account,
                                         .n_accounts = 1,
                                         .is_read_only = is_read_only,
                                         .uid = getuid(),
                                         .gid = getgid(),
                                         .mountpoint = mounted->path,
                                 },
                                 &mounted->session),
                         0);
        ck_assert_int_eq(session_mount(mounted->session, &args), 0);
        ck_assert_int_eq(pthread_create(&mounted->thread, NULL, serve, mounted), 0);
        ck_assert_int_eq(mounted_run(mounted, "test -d .hcloudfs", NULL), 0);
}

/** mounted_stop() - unmount, free everything. */
void mounted_stop(struct mounted *mounted) {
        fake_hold(mounted->view, false);
        session_stop(mounted->session);
        pthread_join(mounted->thread, NULL);
        ck_assert_int_eq(mounted->result, 0);
        session_free(mounted->session);
        branch_free(mounted->branch);
        view_free(mounted->view);
        ck_assert_int_eq(rmdir(mounted->path), 0);
}

static void read_all(int fd, struct buf *buf) {
        char data[4096];
        ssize_t n;

        while ((n = read(fd, data, sizeof(data))) > 0)
                ck_assert_int_eq(buf_add(buf, data, (size_t)n), 0);
}

/**
 * mounted_run() - a shell command in the mount's root; what it prints, errors too, is appended to
 * @ret_output. Returns its exit status. For commands that do not have to be waited for, use `&`
 * and `wait` in them.
 */
int mounted_run(const struct mounted *mounted, const char *command, struct buf *ret_output) {
        int pipes[2], status;
        pid_t child;

        ck_assert_int_eq(pipe(pipes), 0);
        child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0) {
                dup2(pipes[1], STDOUT_FILENO);
                dup2(pipes[1], STDERR_FILENO);
                close(pipes[0]);
                close(pipes[1]);
                if (chdir(mounted->path) == 0)
                        execl("/bin/bash", "bash", "-c", command, (char *)NULL);
                _exit(127);
        }
        close(pipes[1]);
        if (ret_output) {
                read_all(pipes[0], ret_output);
        } else {
                struct buf output = BUF_INIT(0);

                read_all(pipes[0], &output);
                buf_done(&output);
        }
        close(pipes[0]);
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/** mounted_count() - requests of one kind so far. */
unsigned long long mounted_count(const struct mounted *mounted, enum operation operation) {
        return atomic_load(&mounted->session->record.operations[operation]);
}

/** mounted_settle() - wait until what is open has been closed: that is told late. */
void mounted_settle(const struct mounted *mounted) {
        while (mounted_count(mounted, OPERATION_OPEN) !=
                       mounted_count(mounted, OPERATION_RELEASE) ||
               mounted_count(mounted, OPERATION_OPENDIR) !=
                       mounted_count(mounted, OPERATION_RELEASEDIR))
                sched_yield();
}
