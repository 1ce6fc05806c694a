/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/attr.h"

#include <string.h>

#include "base/stamp.h"
#include "fs/content.h"
#include "fs/directory.h"
#include "fs/session.h"
#include "fs/write.h"

enum {
        BLOCK_SIZE = 128 * 1024, /* read whole in one request by tools that ask */
        EXPIRED_S = 1,           /* a directory's time to live when its list is out of date */
};

/** attr_seconds() - from now until then, for the kernel; a day if it holds for ever. */
double attr_seconds(int64_t until_ms, int64_t now_ms) {
        if (until_ms == INT64_MAX)
                return ATTR_FOR_EVER_S;
        return until_ms > now_ms ? (double)(until_ms - now_ms) / 1000 : 0;
}

/* What nobody tells the time of has that of the nearest above it of which it is known; the account
 * itself that of its first mount. So it stays, and is the same on the next mount. */
static struct timespec told_time(const struct session *session, const struct node *node) {
        for (; node; node = node->parent)
                if (node->modified.tv_sec || node->modified.tv_nsec)
                        return node->modified;
        return (struct timespec){ .tv_sec = (time_t)session->began_s };
}

static bool is_later(struct timespec a, struct timespec b) {
        return a.tv_sec != b.tv_sec ? a.tv_sec > b.tv_sec : a.tv_nsec > b.tv_nsec;
}

/**
 * attr_directory_time() - the modification time shown of a directory: as told from above, whether
 * it was listed by now or not; once its names were seen to change, the time of that if it is later.
 */
struct timespec attr_directory_time(const struct session *session, const struct node *node) {
        const struct directory *directory = node->directory;
        struct timespec time = told_time(session, node);

        if (directory && directory->has_changed && is_later(directory->modified, time))
                time = directory->modified;
        if (directory && directory->overlay_ms / 1000 >= (int64_t)time.tv_sec) {
                time.tv_sec = (time_t)(directory->overlay_ms / 1000);
                time.tv_nsec = (long)(directory->overlay_version % 1000000000U);
        }
        return time;
}

/* Until when the entry that tells of this node is good. */
static int64_t told_until(const struct node *node) {
        const struct directory *directory = node->parent ? node->parent->directory : NULL;

        if (!node->parent)
                return INT64_MAX;
        return directory && directory->snapshot ? directory->fresh_until_ms : 0;
}

static double fill_directory(const struct session *session, const struct node *node, int64_t now_ms,
                             struct stat *st) {
        const struct directory *directory = node->directory;

        st->st_mode = S_IFDIR | node->mode;
        st->st_nlink = 1; /* says nothing about the number of directories below */
        st->st_mtim = attr_directory_time(session, node);
        if (!directory || !directory->snapshot)
                return attr_seconds(told_until(node), now_ms);
        if (!directory_is_fresh(directory, now_ms))
                return EXPIRED_S;
        return attr_seconds(directory->fresh_until_ms, now_ms);
}

/* Unknown: size 0 for no time, so that GETATTR follows; known but expired: the last (rule 6). While
 * it is written for no time either: the kernel asks with the writer's handle where a text ends only
 * if it believes nothing (fuse_file_llseek()), and must not take the end of another text for it. */
static double fill_file(const struct session *session, const struct node *node, int64_t now_ms,
                        struct stat *st) {
        const struct content *content = node->content;
        const struct editing *made = write_made_again(session, node);

        st->st_mode = S_IFREG | node->mode;
        st->st_nlink = 1;
        st->st_mtim = told_time(session, node);
        if (!content || !content->has_version)
                return 0;
        st->st_size = (off_t)(made ? made->text.len : content->len);
        st->st_blocks = (blkcnt_t)((st->st_size + 511) / 512);
        st->st_mtim = made && made->has_time ? made->modified : content_modified(content);
        if (node->is_volatile || node->writers || content_waits(content))
                return 0;
        return attr_seconds(content->fresh_until_ms, now_ms);
}

static double fill_link(const struct session *session, const struct node *node, int64_t now_ms,
                        struct stat *st) {
        st->st_mode = S_IFLNK | 0777;
        st->st_nlink = 1;
        st->st_size = (off_t)strlen(node->target);
        st->st_mtim = told_time(session, node);
        return attr_seconds(told_until(node), now_ms);
}

/** attr_fill() - attributes and the seconds for which they hold. */
void attr_fill(const struct session *session, const struct node *node, int64_t now_ms,
               struct stat *ret, double *ret_timeout) {
        struct stat st = {
                .st_ino = node->ino,
                .st_uid = session->options.uid,
                .st_gid = session->options.gid,
                .st_blksize = BLOCK_SIZE,
        };

        if (node->type == ENTRY_DIRECTORY)
                *ret_timeout = fill_directory(session, node, now_ms, &st);
        else if (node->type == ENTRY_FILE)
                *ret_timeout = fill_file(session, node, now_ms, &st);
        else
                *ret_timeout = fill_link(session, node, now_ms, &st);
        if (node->overlay) {
                overlay_attr(node->overlay, &st);
                *ret_timeout = 0;
        }
        st.st_atim = st.st_mtim;
        st.st_ctim = st.st_mtim;
        if (node->created_s > st.st_ctim.tv_sec) /* never before a change: backups go by it */
                st.st_ctim = (struct timespec){ .tv_sec = (time_t)node->created_s };
        *ret = st;
}

/** attr_entry() - the reply that makes a node known under a name. */
void attr_entry(const struct session *session, const struct node *node, double entry_timeout,
                int64_t now_ms, struct fuse_entry_param *ret) {
        *ret = (struct fuse_entry_param){
                .ino = node->id,
                .generation = 1,
                .entry_timeout = entry_timeout,
        };
        attr_fill(session, node, now_ms, &ret->attr, &ret->attr_timeout);
}

/** attr_told() - what attr_fill() gave is the answer to @task. */
void attr_told(const struct task *task, const struct node *node, double timeout) {
        if (node->type != ENTRY_FILE || !node->content || !node->content->has_version ||
            notify_overtook(&task->session->notify, node->id, task->began_us))
                return;
        content_told(node->content, stamp_monotonic_ms() + (int64_t)(timeout * 1000));
}
