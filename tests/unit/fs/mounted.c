/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/fs/mounted.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fs/branch.h"
#include "fs/connection.h"
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

/* What others have mounted would not end while a copy of it is here. */
static void let_go_of_others(void) {
        FILE *file = fopen("/proc/self/mountinfo", "re");
        struct mounted_line parts;
        char *line = NULL;
        size_t size = 0;

        while (file && getline(&line, &size, file) > 0)
                if (mounted_line_split(line, &parts) && mounted_line_is_ours(&parts))
                        (void)umount2(parts.mountpoint, MNT_DETACH);
        free(line);
        if (file)
                fclose(file);
}

/* As root in a namespace of its own, so that the mount of a test that fails goes with it. */
static void leave_others(void) {
        if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0)
                return;
        if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
                let_go_of_others();
}

static void open_journal(struct mounted *mounted) {
        struct buf path = BUF_INIT(256);
        struct op op;

        op_init(&op, OP_INTERACTIVE, 0);
        ck_assert_int_eq(buf_printf(&path, "%s/journal", mounted->state), 0);
        ck_assert_int_eq(journal_open(&op, buf_str(&path), &mounted->journal), 0);
        buf_done(&path);
}

/** mounted_again() - after mounted_end(): the same view and journal in a new session. */
void mounted_again(struct mounted *mounted, bool is_read_only) {
        char argument[] = "hcloudfs", flag[] = "-o",
             options[] = "fsname=hcloudfs-test,default_permissions,rw";
        char *argv[] = { argument, flag, options, NULL };
        struct fuse_args args = FUSE_ARGS_INIT(3, argv);

        if (is_read_only)
                memcpy(strstr(options, "rw"), "ro", 2);
        open_journal(mounted);
        ck_assert_int_eq(branch_new(mounted->view, &mounted->branch), 0);
        mounted->account = (struct session_account){
                .name = "demo",
                .branch = mounted->branch,
                .place = view_root(mounted->view),
                .journal = mounted->journal,
        };
        ck_assert_int_eq(session_new(
                                 &(struct session_options){
                                         .accounts = &mounted->account,
                                         .n_accounts = 1,
                                         .is_read_only = is_read_only,
                                         .is_plan_only = mounted->is_plan_only,
                                         .uid = getuid(),
                                         .gid = getgid(),
                                         .mountpoint = mounted->path,
                                 },
                                 &mounted->session),
                         0);
        ck_assert_int_eq(session_mount(mounted->session, &args), 0);
        fuse_opt_free_args(&args);
        ck_assert_int_eq(pthread_create(&mounted->thread, NULL, serve, mounted), 0);
        ck_assert_int_eq(mounted_run(mounted, "test -d .hcloudfs", NULL), 0);
}

/** mounted_start() - show @view (taken over) as the account `demo` in a new directory. */
void mounted_start(struct mounted *mounted, struct view *view, bool is_read_only) {
        *mounted = (struct mounted){ .view = view, .path = "/tmp/hcloudfs-unit-XXXXXX" };
        leave_others();
        ck_assert_ptr_nonnull(mkdtemp(mounted->path));
        (void)snprintf(mounted->state, sizeof(mounted->state), "%s-state", mounted->path);
        ck_assert_int_eq(mkdir(mounted->state, 0700), 0);
        mounted_again(mounted, is_read_only);
}

/** mounted_end() - unmount; the view and what is in the journal stay. */
void mounted_end(struct mounted *mounted) {
        fake_hold(mounted->view, false);
        session_stop(mounted->session);
        pthread_join(mounted->thread, NULL);
        ck_assert_int_eq(mounted->result, 0);
        session_free(mounted->session);
        branch_free(mounted->branch);
        journal_close(mounted->journal);
}

static void remove_state(const struct mounted *mounted) {
        const struct dirent *entry;
        DIR *dir = opendir(mounted->state);

        ck_assert_ptr_nonnull(dir);
        while ((entry = readdir(dir)))
                (void)unlinkat(dirfd(dir), entry->d_name, 0);
        closedir(dir);
        ck_assert_int_eq(rmdir(mounted->state), 0);
}

/** mounted_stop() - unmount, free everything. */
void mounted_stop(struct mounted *mounted) {
        mounted_end(mounted);
        view_free(mounted->view);
        remove_state(mounted);
        ck_assert_int_eq(rmdir(mounted->path), 0);
}

static void read_all(int fd, struct buf *buf) {
        char data[4096];
        ssize_t n;

        while ((n = read(fd, data, sizeof(data))) > 0)
                ck_assert_int_eq(buf_add(buf, data, (size_t)n), 0);
}

/* The child has one thread of many: it must take no lock that another may have held, so not even
 * an assertion, which allocates. */
static _Noreturn void become(const struct mounted *mounted, const char *command, int output) {
        (void)setpgid(0, 0);
        dup2(output, STDOUT_FILENO);
        dup2(output, STDERR_FILENO);
        /* With the daemon's connection to the kernel it would wait for an answer even when the
         * daemon has gone. */
        (void)close_range(STDERR_FILENO + 1, UINT_MAX, 0);
        if (chdir(mounted->path) == 0)
                execl("/bin/bash", "bash", "-c", command, (char *)NULL);
        _exit(127);
}

static pid_t spawn(const struct mounted *mounted, const char *command, int output) {
        pid_t child = fork();

        if (child == 0)
                become(mounted, command, output);
        ck_assert_int_ge(child, 0);
        return child;
}

/** mounted_spawn() - begin a command whose output nobody wants; it is a process group. */
pid_t mounted_spawn(const struct mounted *mounted, const char *command) {
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        pid_t child = spawn(mounted, command, null);

        close(null);
        return child;
}

/** mounted_wait() - the exit status, or 128 and the signal that ended it. */
int mounted_wait(pid_t child) {
        int status;

        ck_assert_int_eq(waitpid(child, &status, 0), child);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/**
 * mounted_run() - a shell command in the mount's root; what it prints, errors too, is appended to
 * @ret_output, which may be NULL. Returns as mounted_wait().
 */
int mounted_run(const struct mounted *mounted, const char *command, struct buf *ret_output) {
        struct buf output = BUF_INIT(0);
        int pipes[2];
        pid_t child;

        ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
        child = spawn(mounted, command, pipes[1]);
        close(pipes[1]);
        read_all(pipes[0], ret_output ? ret_output : &output);
        close(pipes[0]);
        buf_done(&output);
        return mounted_wait(child);
}

/** mounted_count() - requests of one kind so far. */
unsigned long long mounted_count(const struct mounted *mounted, enum operation operation) {
        return atomic_load(&mounted->session->record.operations[operation]);
}

/* A request is counted when it comes; that it is served shows in what it leaves behind. */
static bool is_settled(const struct mounted *mounted) {
        struct session *session = mounted->session;
        bool is_closed;

        if (mounted_count(mounted, OPERATION_OPEN) != mounted_count(mounted, OPERATION_RELEASE) ||
            mounted_count(mounted, OPERATION_OPENDIR) !=
                    mounted_count(mounted, OPERATION_RELEASEDIR))
                return false;
        pthread_mutex_lock(&session->tree.lock);
        is_closed = !session->handles && !session->watch.directories;
        pthread_mutex_unlock(&session->tree.lock);
        return is_closed;
}

/** mounted_settle() - wait until what was open has been closed: that is told late. */
void mounted_settle(const struct mounted *mounted) {
        while (!is_settled(mounted))
                sched_yield();
}
