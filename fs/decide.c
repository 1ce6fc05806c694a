/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/decide.h"

#include <errno.h>

static enum rename_way refuse(int error, int *ret_error) {
        *ret_error = error;
        return RENAME_REFUSE;
}

/* A tool's file, or a text that was not sent yet, takes its place. */
static enum rename_way of_scratch(const struct rename_end *to, int *ret_error) {
        switch (to->standing) {
        case STANDS_SCRATCH:
        case STANDS_NEW:
                return to->standing == STANDS_NEW ? RENAME_CREATE : RENAME_MOVE;
        case STANDS_DRAFT_FILE:
                return to->can_save ? RENAME_DRAFT : refuse(EPERM, ret_error);
        case STANDS_DOCUMENT:
        case STANDS_ATTRIBUTE:
                return to->can_save ? RENAME_SAVE : refuse(EACCES, ret_error);
        case STANDS_SCRATCH_DIR:
        case STANDS_DRAFT:
        case STANDS_DIRECTORY:
                return refuse(EISDIR, ret_error);
        case STANDS_LOCAL:
        case STANDS_ACTION: /* copying a tree back must fire nothing */
        case STANDS_LINK:
                return refuse(EPERM, ret_error);
        case STANDS_NOTHING:
                break;
        }
        if (to->is_scratch_name || !to->is_of_cloud)
                return RENAME_MOVE;
        return to->can_create ? RENAME_CREATE : refuse(EPERM, ret_error);
}

static enum rename_way of_document(const struct rename_end *from, const struct rename_end *to,
                                   int *ret_error) {
        if (to->standing == STANDS_SCRATCH || to->standing == STANDS_NOTHING) {
                if (to->standing == STANDS_SCRATCH || to->is_scratch_name || !to->is_of_cloud)
                        return RENAME_COPY;
                return from->standing == STANDS_DOCUMENT ? RENAME_CALL : refuse(EPERM, ret_error);
        }
        if (from->standing == STANDS_DOCUMENT && to->standing == STANDS_DOCUMENT)
                return RENAME_CALL;
        return refuse(EPERM, ret_error);
}

static enum rename_way of_directory(const struct rename_end *from, const struct rename_end *to,
                                    int *ret_error) {
        if (from->standing != STANDS_SCRATCH_DIR || (to->is_of_cloud && !to->is_scratch_name))
                return refuse(EPERM, ret_error); /* never EXDEV: mv would copy and delete */
        if (to->standing != STANDS_NOTHING)
                return refuse(to->standing == STANDS_SCRATCH_DIR ? ENOTEMPTY : ENOTDIR, ret_error);
        return RENAME_MOVE;
}

/**
 * decide_rename() - which way to go.
 * @may_not_replace: the caller wants the new name to be free.
 * @ret_error: positive errno of RENAME_REFUSE.
 */
enum rename_way decide_rename(const struct rename_end *from, const struct rename_end *to,
                              bool may_not_replace, int *ret_error) {
        if (may_not_replace && to->standing != STANDS_NOTHING)
                return refuse(EEXIST, ret_error);
        switch (from->standing) {
        case STANDS_NOTHING:
                return refuse(ENOENT, ret_error);
        case STANDS_SCRATCH:
        case STANDS_NEW:
                return of_scratch(to, ret_error);
        case STANDS_DOCUMENT:
        case STANDS_ATTRIBUTE:
                return of_document(from, to, ret_error);
        case STANDS_LINK:
                return to->standing == STANDS_NOTHING ? RENAME_CALL : refuse(EPERM, ret_error);
        case STANDS_SCRATCH_DIR:
        case STANDS_DRAFT:
        case STANDS_DIRECTORY:
                return of_directory(from, to, ret_error);
        case STANDS_DRAFT_FILE:
        case STANDS_LOCAL:
        case STANDS_ACTION:
                break;
        }
        return refuse(EPERM, ret_error);
}
