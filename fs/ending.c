/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/ending.h"

#include <string.h>

#include "base/log.h"
#include "base/stamp.h"
#include "fs/branch.h"
#include "fs/file.h"
#include "fs/session.h"
#include "fs/withhold.h"

enum {
        TIMEOUT_MS = 60 * 1000,
        LOOK_MS = 100,
        PAUSE_MS = 3000, /* two waits with less between them are one */
};

/* Bytes on their way to the shelf. */
struct remains {
        struct journal *journal;
        struct node *node; /* referenced */
        char *path, *data;
        size_t len;
        const struct secret_member *secrets; /* that may be in them */
        uint64_t changes;
};

static struct journal *journal_above(const struct node *node) {
        struct journal *journal = NULL;

        for (; node && !journal; node = node->parent)
                journal = branch_journal(node->branch);
        return journal;
}

/* What must not be kept of a text: of a draft's, of a resource's, and of copies beside these. */
static const struct secret_member *secrets_of(const struct node *node) {
        const struct node *dir = node->parent;

        if (node->place && !node->overlay)
                return view_secrets(node->place);
        if (dir && dir->overlay && dir->overlay->secrets)
                return dir->overlay->secrets;
        return dir && dir->place ? view_secrets(dir->place) : NULL;
}

/* Tree locked. Returns 0, -ENOENT where nothing is to be kept, -ENOMEM. */
static int collect(struct node *node, const struct blob *blob, uint64_t changes,
                   struct remains *ret) {
        struct buf path = BUF_INIT(64 * 1024);
        struct remains remains = { .journal = journal_above(node), .changes = changes };

        if (!remains.journal || !blob->len)
                return -ENOENT;
        (void)node_path(node, &path);
        remains.path = buf_steal(&path, NULL);
        remains.data = malloc(blob->len);
        if (!remains.path || !remains.data) {
                free(remains.path);
                free(remains.data);
                return -ENOMEM;
        }
        memcpy(remains.data, blob->data, blob->len);
        remains.len = blob->len;
        remains.secrets = secrets_of(node);
        remains.node = node_ref(node);
        *ret = remains;
        return 0;
}

static int shelve(struct session *session, const struct remains *remains, const char *reason) {
        struct withheld withheld;
        struct op op;
        const char *slash = strrchr(remains->path, '/');
        int r = withhold_file(remains->secrets, slash ? slash + 1 : remains->path, remains->data,
                              remains->len, &withheld);

        op_init(&op, OP_POLL, TIMEOUT_MS);
        if (r == 0)
                r = commit_shelve(&session->commits, remains->journal, &op, remains->path,
                                  withheld.text ? withheld.text : remains->data,
                                  withheld.text ? withheld.len : remains->len, reason);
        withheld_done(&withheld);
        if (r < 0)
                log_error("%s: cannot be put aside: %s", remains->path,
                          op.fault.reason[0] ? op.fault.reason : strerror(-r));
        return r;
}

static void remains_done(struct session *session, struct remains *remains) {
        pthread_mutex_lock(&session->tree.lock);
        node_unref(&session->tree, remains->node);
        pthread_mutex_unlock(&session->tree.lock);
        free(remains->path);
        explicit_bzero(remains->data, remains->len);
        free(remains->data);
}

static const struct blob *blob_of(const struct overlay *overlay, uint64_t *ret_changes) {
        if (overlay->scratch) {
                *ret_changes = overlay->scratch->changes;
                return &overlay->scratch->blob;
        }
        *ret_changes = overlay->editing->changes;
        return &overlay->editing->text;
}

static bool is_idle(const struct overlay *overlay, int64_t now_ms) {
        if (overlay->role != OVERLAY_NEW || overlay->editing->refs > 1)
                return false;
        return now_ms - overlay->touched_ms >= SCRATCH_IDLE_MS;
}

/* A new document that was never sent and that nobody touched. Tree locked. */
static struct overlay *idle_draft(struct session *session, int64_t now_ms) {
        struct tree *tree = &session->tree;

        for (uint64_t id = NODE_ROOT; session->n_new && id < tree->next_id; id++) {
                struct node *node = tree_node(tree, id);

                if (!node && !tree->chunks[id / NODE_CHUNK])
                        id |= NODE_CHUNK - 1;
                if (node && node->overlay && node->overlay->link && is_idle(node->overlay, now_ms))
                        return node->overlay;
        }
        return NULL;
}

static struct overlay *next_idle(struct session *session, int64_t now_ms) {
        struct scratch *scratch = scratch_expired(&session->scratch, now_ms);

        return scratch ? scratch->owner : idle_draft(session, now_ms);
}

/* Its hour is over. Tree locked. */
static void drop(struct session *session, struct overlay *overlay) {
        struct node *dir = overlay->node->parent;

        notify_entry(&session->notify, dir->id, overlay->node->name);
        notify_inode(&session->notify, dir->id);
        overlay_remove(session, overlay);
}

/* One file whose hour is over. Returns whether there was one. */
static bool expire_one(struct session *session) {
        int64_t now_ms = stamp_monotonic_ms();
        struct remains remains;
        struct overlay *overlay;
        uint64_t changes = 0;
        int r = -ENOENT;

        pthread_mutex_lock(&session->tree.lock);
        overlay = next_idle(session, now_ms);
        if (overlay)
                r = collect(overlay->node, blob_of(overlay, &changes), changes, &remains);
        if (overlay && r == -ENOENT)
                drop(session, overlay); /* there is nothing in it */
        pthread_mutex_unlock(&session->tree.lock);
        if (!overlay || r < 0)
                return overlay && r == -ENOENT;
        r = shelve(session, &remains, "a temporary file that nobody touched for an hour");
        pthread_mutex_lock(&session->tree.lock);
        overlay = remains.node->overlay;
        if (r == 0 && overlay && overlay->link && (overlay->scratch || overlay->editing)) {
                (void)blob_of(overlay, &changes);
                if (changes == remains.changes)
                        drop(session, overlay);
        } else if (overlay && overlay->scratch) {
                scratch_touch(overlay->scratch); /* tried again in an hour */
        }
        pthread_mutex_unlock(&session->tree.lock);
        remains_done(session, &remains);
        return r == 0;
}

static void tick(void *data) {
        struct session *session = data;

        while (expire_one(session))
                continue;
        (void)later_add_idle(&session->later, ENDING_TICK_MS, tick, session);
}

/** ending_start() - look for what has expired from time to time. Returns as later_add(). */
int ending_start(struct session *session) {
        return later_add_idle(&session->later, ENDING_TICK_MS, tick, session);
}

/** ending_pending() - how many changes are accepted or being sent. */
unsigned ending_pending(struct session *session) {
        unsigned pending = 0;

        for (size_t i = 0; i < session->options.n_accounts; i++)
                if (session->options.accounts[i].journal)
                        pending += journal_pending(session->options.accounts[i].journal);
        return pending;
}

/* How long somebody has waited who goes on waiting now. */
static int64_t spent_before(struct session *session) {
        int64_t ms = 0;

        pthread_mutex_lock(&session->tree.lock);
        if (stamp_monotonic_ms() - session->waits.ended_ms < PAUSE_MS)
                ms = session->waits.spent_ms;
        pthread_mutex_unlock(&session->tree.lock);
        return ms;
}

/**
 * ending_drain() - what was accepted is sent, as far as time allows.
 * Returns whether all of it was.
 */
bool ending_drain(struct session *session, int64_t timeout_ms) {
        int64_t began_ms = stamp_monotonic_ms(), until_ms = began_ms + timeout_ms;
        int64_t before_ms = spent_before(session);
        bool is_done = later_hurry(&session->later, until_ms);

        pthread_mutex_lock(&session->tree.lock);
        while (ending_pending(session) && stamp_monotonic_ms() < until_ms) {
                int64_t next = stamp_monotonic_ms() + LOOK_MS;
                struct timespec wake = { .tv_sec = (time_t)(next / 1000),
                                         .tv_nsec = (long)(next % 1000 * 1000000) };

                (void)pthread_cond_timedwait(&session->sent, &session->tree.lock, &wake);
        }
        is_done = is_done && !ending_pending(session);
        session->waits.ended_ms = stamp_monotonic_ms();
        session->waits.spent_ms = before_ms + session->waits.ended_ms - began_ms;
        pthread_mutex_unlock(&session->tree.lock);
        return is_done;
}

/**
 * ending_drain_last() - the same at the end of the mount, for what is left of the time for it:
 * `hcloudfs umount` has waited, and waits now for the end.
 */
bool ending_drain_last(struct session *session) {
        int64_t left_ms = ENDING_DRAIN_MS - spent_before(session);

        return ending_drain(session, left_ms > 0 ? left_ms : 0);
}

static int report(void *data, const struct edit *edit) {
        (void)data;
        log_warning("stays in the journal: %s %s", commit_act_name(edit->act), edit->path);
        return 0;
}

/** ending_report() - write down what was not sent: the next mount goes on with it. */
void ending_report(struct session *session) {
        for (size_t i = 0; i < session->options.n_accounts; i++)
                if (session->options.accounts[i].journal)
                        (void)journal_each(session->options.accounts[i].journal,
                                           1U << EDIT_ACCEPTED | 1U << EDIT_SENDING |
                                                   1U << EDIT_UNKNOWN,
                                           report, NULL);
}

/* The next open file with a text that was not sent. Tree locked. */
static struct handle *next_unsent(struct session *session, const struct handle *after) {
        struct handle *handle = after ? after->next : session->handles;

        while (handle && !(handle->editing && handle->can_write && !handle->editing->is_secret &&
                           !handle->editing->fires_once && editing_is_dirty(handle->editing)))
                handle = handle->next;
        return handle;
}

static void shelve_handles(struct session *session) {
        struct handle *handle = NULL;

        for (;;) {
                struct remains remains;
                int r = -ENOENT;

                pthread_mutex_lock(&session->tree.lock);
                handle = next_unsent(session, handle);
                if (handle)
                        r = collect(handle->node, &handle->editing->text, 0, &remains);
                pthread_mutex_unlock(&session->tree.lock);
                if (!handle)
                        return;
                if (r < 0)
                        continue;
                (void)shelve(session, &remains, "the mount ended before the file was closed");
                remains_done(session, &remains);
        }
}

static bool is_local_text(const struct overlay *overlay) {
        if (!overlay->link)
                return false;
        return overlay->scratch ? !overlay->scratch->target : overlay->role == OVERLAY_NEW;
}

/**
 * ending_shelve_all() - at the end, when no request is served any more: texts of files that are
 * still open, temporary files, and new documents that were never complete.
 */
void ending_shelve_all(struct session *session) {
        struct tree *tree = &session->tree;

        shelve_handles(session);
        for (uint64_t id = NODE_ROOT; id < tree->next_id; id++) {
                struct remains remains;
                struct node *node;
                uint64_t changes = 0;
                int r = -ENOENT;

                pthread_mutex_lock(&tree->lock);
                node = tree_node(tree, id);
                if (node && node->overlay && is_local_text(node->overlay))
                        r = collect(node, blob_of(node->overlay, &changes), changes, &remains);
                pthread_mutex_unlock(&tree->lock);
                if (r < 0)
                        continue;
                (void)shelve(session, &remains, "the mount ended while this was a temporary file");
                remains_done(session, &remains);
        }
}
