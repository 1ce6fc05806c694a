/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of a file as everybody sees them: one published version. A version learnt while a
 * reader has the file open waits until it is closed, at most 30 s, so that no reader sees two
 * (file rule 1). Protected by the tree's lock.
 */
#pragma once

#include "backends/view.h"

enum {
        CONTENT_PIN_MS = 30 * 1000,
        CONTENT_HOLD_MS = 1000,
        CONTENT_SETTLE_MS = 5000, /* after a change of ours, the version before is not believed */
        CONTENT_BACKOFF_MS = 250, /* … and asked for again, at longer and longer intervals */
};

/* What few files have: those that change, or that we change. */
struct content_change {
        struct document *learnt;      /* newer; NULL: none waits */
        struct document *former;      /* the version that `told_hash` names; NULL: `published` */
        struct timespec set_modified; /* by utimens, while … */
        uint64_t set_hash;            /* … the bytes are these */
        uint64_t before_hash;         /* version that our last change replaced … */
        int64_t settle_until_ms;      /* … and until when it may still be told */
        int64_t doubted_ms;           /* realtime clock: older answers do not serve; 0: all do */
        unsigned settle_tries;
        bool is_time_set;
};

/* There may be very many: each word counts. */
struct content {
        struct document *published;    /* NULL: the bytes were let go, what is below stays true */
        struct content_change *change; /* owned; NULL: nothing of that kind */
        uint64_t hash;                 /* of the published version, like all that follows */
        size_t len;
        int64_t modified_s;      /* content_modified() */
        int64_t fresh_until_ms;  /* monotonic clock */
        int64_t published_ms;    /* monotonic clock: when last confirmed */
        int64_t pinned_until_ms; /* while `readers` > 0 */
        int64_t held_until_ms;   /* a size was told that the next open must keep */
        uint64_t kept_hash;      /* version the kernel was last told to keep; 0: none */
        uint64_t told_hash;      /* version whose size the kernel was told last … */
        int64_t told_until_ms;   /* … and until when it believes that; monotonic clock */
        uint32_t readers;
        bool has_version, is_stale;
        bool was_used;   /* since the bytes were last looked over */
        bool was_opened; /* the published version was */
};

struct content *content_new(void);
struct content *content_free(struct content *content);
struct timespec content_modified(const struct content *content);
bool content_waits(const struct content *content);
void content_replaces(struct content *content, const struct content *before);
bool content_is_fresh(const struct content *content, int64_t now_ms);
bool content_is_pinned(const struct content *content, int64_t now_ms);
bool content_is_usable(const struct content *content, int64_t now_ms);
bool content_is_ageing(const struct content *content, int64_t now_ms);
bool content_learn(struct content *content, struct document *document, int64_t now_ms);
void content_told(struct content *content, int64_t until_ms);
bool content_misleads(const struct content *content, int64_t now_ms);
void content_forget_former(struct content *content);
struct document *content_read(struct content *content);
bool content_settle(struct content *content, int64_t now_ms);
void content_open(struct content *content, int64_t now_ms);
bool content_close(struct content *content, int64_t now_ms);
bool content_keep(struct content *content);
void content_hold(struct content *content, int64_t now_ms);
bool content_commit(struct content *content, struct document *document, int64_t now_ms);
void content_set_time(struct content *content, const struct timespec *modified);
void content_outdate(struct content *content);
void content_expire(struct content *content);
void content_look_anew(struct content *content);
void content_doubt(struct content *content);
int64_t content_doubted_ms(const struct content *content);
size_t content_drop(struct content *content);
