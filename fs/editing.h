/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text on its way into the cloud: what a writer has made of the version that he opened, and when
 * it is to be sent (file rules 14 and 15). A document has one for each open file that writes it; a
 * document that does not exist yet has one for all. Protected by the tree's lock.
 */
#pragma once

#include <time.h>

#include "backends/view.h"
#include "fs/blob.h"

struct editing {
        unsigned refs;
        struct blob text;
        struct document *base; /* what its next save is compared with; NULL: there is none yet */
        pid_t opener;          /* process whose closing counts */
        uint64_t changes;      /* of the text */
        uint64_t tried;        /* as many were there at the last attempt to send it */
        int error;             /* negative errno of that attempt, until it was shown */
        char *reason;          /* why; NULL: not known */
        bool is_new;           /* no such document exists */
        bool may_replace;      /* what it is written over was removed: see struct saving */
        bool is_sending;
        bool fires_once; /* an action: what was sent is sent */
        bool is_fired;
        bool is_secret;  /* it is wiped when it is let go */
        bool is_dropped; /* its name was removed before it was sent: it never will be */
        bool has_time;  /* set by utimens */
        struct timespec modified;
};

enum editing_verdict {
        EDITING_REST,   /* nothing is to be done: success */
        EDITING_SEND,   /* send it now */
        EDITING_FAILED, /* it was tried: show the error again */
};

int editing_new(struct blob_store *store, struct document *base, pid_t opener,
                struct editing **ret);
struct editing *editing_ref(struct editing *editing);
struct editing *editing_unref(struct editing *editing);
DEFINE_CLEANUP(struct editing *, editing_unref)
int editing_write(struct editing *editing, const char *data, size_t len, off_t offset,
                  bool is_append);
int editing_truncate(struct editing *editing, off_t len);
bool editing_is_dirty(const struct editing *editing);
enum editing_verdict editing_at_flush(struct editing *editing, pid_t process, int *ret_error);
enum editing_verdict editing_at_fsync(const struct editing *editing, int *ret_error);
enum editing_verdict editing_at_release(const struct editing *editing);
void editing_begin(struct editing *editing);
void editing_end(struct editing *editing, uint64_t changes, int error, struct document *now);
