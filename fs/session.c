/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/session.h"

#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/stamp.h"
#include "fs/arriving.h"
#include "fs/branch.h"
#include "fs/change.h"
#include "fs/connection.h"
#include "fs/ending.h"
#include "fs/leaving.h"
#include "fs/recovery.h"
#include "fs/control.h"
#include "fs/dir.h"
#include "fs/file.h"

enum {
        LOOP_THREADS = 64,
        WRITE_MAX = 128 * 1024,
        BACKGROUND_MAX = 64,
        NOTICE_END_MS = 1000, /* what the kernel is told takes it no longer, if it can go on */
};

/* What we ask the kernel for, and what not. */
static void on_init(void *userdata, struct fuse_conn_info *conn) {
        struct session *session = userdata;
        const unsigned wanted = FUSE_CAP_READDIRPLUS | FUSE_CAP_PARALLEL_DIROPS |
                                FUSE_CAP_CACHE_SYMLINKS | FUSE_CAP_AUTO_INVAL_DATA;
        const unsigned unwanted = FUSE_CAP_READDIRPLUS_AUTO | FUSE_CAP_SPLICE_READ |
                                  FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE |
                                  FUSE_CAP_WRITEBACK_CACHE;

        conn->want |= wanted & conn->capable;
        conn->want &= ~unwanted;
        conn->max_write = WRITE_MAX;
        conn->max_read = session->options.max_read;
        conn->max_background = BACKGROUND_MAX;
        conn->congestion_threshold = BACKGROUND_MAX * 3 / 4;
        session->has_parallel_directories = (conn->capable & FUSE_CAP_PARALLEL_DIROPS) != 0;
}

/* Extended attributes, locks and ioctls have no function: the kernel is told ENOSYS once. */
static const struct fuse_lowlevel_ops ops = {
        .init = on_init,
        .lookup = dir_on_lookup,
        .forget = dir_on_forget,
        .forget_multi = dir_on_forget_many,
        .getattr = file_on_getattr,
        .setattr = change_on_setattr,
        .readlink = file_on_readlink,
        .mknod = change_on_mknod,
        .mkdir = change_on_mkdir,
        .unlink = change_on_unlink,
        .rmdir = change_on_rmdir,
        .symlink = change_on_symlink,
        .rename = change_on_rename,
        .link = change_on_link,
        .open = file_on_open,
        .read = file_on_read,
        .write = change_on_write,
        .flush = file_on_flush,
        .release = file_on_release,
        .fsync = file_on_fsync,
        .opendir = dir_on_open,
        .readdir = dir_on_read,
        .releasedir = dir_on_release,
        .statfs = dir_on_statfs,
        .create = change_on_create,
        .poll = file_on_poll,
        .readdirplus = dir_on_read_plus,
};

/* Who could not be logged in is among the failures before anybody has met it. */
static void record_accounts(struct session *session) {
        for (size_t i = 0; i < session->options.n_accounts; i++) {
                const struct session_account *account = &session->options.accounts[i];
                const struct record_entry entry = {
                        .operation = OPERATION_MOUNT,
                        .path = "/",
                        .name = account->name,
                        .uid = session->options.uid,
                        .pid = getpid(),
                };

                if (account->fault)
                        record_failed(&session->record, &entry, account->fault);
                if (account->doubt)
                        record_failed(&session->record, &entry, account->doubt);
        }
}

/* What changes need: memory for texts, the journals and what they kept. */
static int start_changes(struct session *session) {
        pthread_condattr_t attributes;
        int r;

        session->blobs.max = BLOB_STORE_MAX;
        scratch_store_init(&session->scratch, &session->blobs);
        pthread_condattr_init(&attributes);
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        r = pthread_cond_init(&session->sent, &attributes) ? -ENOMEM : 0;
        pthread_condattr_destroy(&attributes);
        if (r == 0)
                r = readers_init(&session->readers);
        if (r == 0)
                r = commits_init(&session->commits);
        if (r == 0)
                r = archive_init(&session->archive);
        if (r == 0)
                r = jobs_init(&session->jobs);
        if (r == 0)
                r = later_init(&session->later);
        session->commits.is_plan_only = session->options.is_plan_only;
        for (size_t i = 0; r == 0 && i < session->options.n_accounts; i++) {
                const struct session_account *account = &session->options.accounts[i];

                branch_set_journal(account->branch, account->name, account->journal);
                if (account->journal)
                        r = shelves_load(session, account->journal);
                if (r == 0 && account->journal)
                        r = reasons_load(session, account);
        }
        if (r == 0)
                r = ending_start(session);
        if (r == 0)
                r = recovery_start(session);
        return r == 0 ? jobs_start(session) : r;
}

/* Nothing is served any more: what was accepted is sent or stays in the journal. */
static void end_changes(struct session *session) {
        if (!ending_drain_last(session))
                ending_report(session);
        ending_shelve_all(session);
        later_done(&session->later);
        recovery_stop(session);
        pthread_mutex_lock(&session->tree.lock);
        leaving_free_all(session);
        arriving_end(session);
        pthread_mutex_unlock(&session->tree.lock);
}

/** session_new() - everything but the mount itself. @options is copied, what it names is borrowed.
 * Returns 0 or negative errno. */
int session_new(const struct session_options *options, struct session **ret) {
        _cleanup_(freep) struct session *session = calloc(1, sizeof(*session));
        int r;

        if (!session)
                return -ENOMEM;
        session->options = *options;
        if (!session->options.timeout_ms)
                session->options.timeout_ms = TASK_TIMEOUT_MS;
        session->began_s = stamp_now_ms() / 1000;
        session->root = (struct branch){ .ops = &branch_root_ops, .is_local = true };
        session->control = (struct branch){ .ops = &control_ops, .is_local = true };
        session->why = (struct branch){ .ops = &why_ops, .is_local = true };
        session->overlay = (struct branch){ .ops = &overlay_ops, .is_local = true };
        session->archive_branch = (struct branch){ .ops = &archive_ops, .is_local = true };
        session->jobs_branch = (struct branch){ .ops = &jobs_ops, .is_local = true };
        session->queue_branch = (struct branch){ .ops = &queue_ops, .is_local = true };
        r = record_init(&session->record);
        if (r < 0)
                return r;
        r = wait_init(&session->wait);
        if (r == 0)
                r = notify_init(&session->notify);
        if (r == 0)
                r = tree_init(&session->tree, &session->root);
        if (r == 0)
                r = ahead_init(&session->ahead, session);
        if (r == 0)
                r = watch_init(&session->watch, session);
        if (r == 0)
                r = feeds_init(&session->feeds);
        if (r == 0)
                r = trail_init(&session->events);
        if (r == 0)
                r = start_changes(session);
        if (r < 0)
                return r;
        record_accounts(session);
        *ret = STEAL(session);
        return 0;
}

/*
 * A program may be waiting for an answer that will not come any more, with the directory locked
 * that the kernel is just being told of: it is let go, and as libfuse takes a connection that has
 * ended for one that is unmounted, that is done here.
 */
static void end_notices(struct session *session) {
        const char *mountpoint = session->options.mountpoint;
        unsigned before, after;
        bool is_known;

        if (notify_stop(&session->notify, NOTICE_END_MS))
                return;
        is_known = connection_find(mountpoint, &before) == 0;
        (void)connection_abort(mountpoint);
        if (is_known && connection_find(mountpoint, &after) == 0 && after == before)
                (void)connection_unmount(mountpoint);
        (void)notify_stop(&session->notify, INT32_MAX);
}

/** session_free() - unmounts if need be. Returns NULL. */
struct session *session_free(struct session *session) {
        if (!session)
                return NULL;
        wait_stop(&session->wait);
        end_notices(session);
        if (session->fuse)
                fuse_session_unmount(session->fuse); /* nobody need wait while it is drained */
        ahead_stop(&session->ahead);
        feeds_stop(session);
        end_changes(session);
        file_end_all(session);
        watch_stop(&session->watch);
        notify_done(&session->notify);
        if (session->fuse)
                fuse_session_destroy(session->fuse);
        tree_done(&session->tree);
        shelves_done(&session->shelves);
        reasons_done(&session->reasons);
        readers_done(&session->readers);
        commits_done(&session->commits);
        archive_done(&session->archive);
        jobs_done(&session->jobs);
        pthread_cond_destroy(&session->sent);
        wait_done(&session->wait);
        record_done(&session->record);
        trail_done(&session->events);
        free(session);
        return NULL;
}

/**
 * session_mount() - mount at the options' mount point.
 * @args: of libfuse, with the mount options; unknown ones are refused with a line on stderr.
 * Returns 0, -EINVAL or -EIO; libfuse has said why.
 */
int session_mount(struct session *session, struct fuse_args *args) {
        int r;

        session->fuse = fuse_session_new(args, &ops, sizeof(ops), session);
        if (!session->fuse)
                return -EINVAL;
        if (fuse_session_mount(session->fuse, session->options.mountpoint) < 0)
                return -EIO;
        r = compat_attach(session);
        return r < 0 ? r : notify_start(&session->notify, session->fuse);
}

static void on_wake(int number) {
        (void)number; /* only interrupts what the loop's thread waits in */
}

/** session_run() - serve until unmounted or stopped. Returns 0 or negative errno. */
int session_run(struct session *session) {
        struct sigaction action = { .sa_handler = on_wake };
        struct fuse_loop_config *config = fuse_loop_cfg_create();
        int r;

        if (!config)
                return -ENOMEM;
        sigemptyset(&action.sa_mask);
        sigaction(SIGUSR1, &action, NULL);
        fuse_loop_cfg_set_max_threads(config, LOOP_THREADS);
        fuse_loop_cfg_set_clone_fd(config, 0);
        session->loop = pthread_self();
        atomic_store(&session->is_running, true);
        r = atomic_load(&session->is_stopping) ? 0 : fuse_session_loop_mt(session->fuse, config);
        atomic_store(&session->is_running, false);
        fuse_loop_cfg_destroy(config);
        return r > 0 ? 0 : r;
}

/**
 * session_stop() - from another thread: ends session_run(). The loop's thread waits in a semaphore
 * that only a signal interrupts, and it may not have come to that yet: it is woken until it is out.
 */
void session_stop(struct session *session) {
        const struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };

        atomic_store(&session->is_stopping, true);
        wait_stop(&session->wait);
        while (atomic_load(&session->is_running)) {
                fuse_session_exit(session->fuse);
                pthread_kill(session->loop, SIGUSR1);
                (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
        }
}
