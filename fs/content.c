/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/content.h"

#include "base/stamp.h"

/** content_new() - nothing known yet; NULL without memory. */
struct content *content_new(void) {
        return calloc(1, sizeof(struct content));
}

/** content_free() - returns NULL. */
struct content *content_free(struct content *content) {
        if (!content)
                return NULL;
        document_unref(content->published);
        if (content->change) {
                document_unref(content->change->learnt);
                document_unref(content->change->former);
        }
        free(content->change);
        free(content);
        return NULL;
}

/* Where a change is written down; NULL without memory. */
static struct content_change *change_of(struct content *content) {
        if (!content->change)
                content->change = calloc(1, sizeof(*content->change));
        return content->change;
}

/** content_modified() - the time of the published version. Its nanoseconds come from the bytes, so
 * that two versions within a second differ, or utimens set it (file rule 5). */
struct timespec content_modified(const struct content *content) {
        if (content->change && content->change->is_time_set)
                return content->change->set_modified;
        return (struct timespec){ .tv_sec = (time_t)content->modified_s,
                                  .tv_nsec = (long)(content->hash % 1000000000U) };
}

/** content_waits() - is a newer version known that is not published yet? */
bool content_waits(const struct content *content) {
        return content->change && content->change->learnt;
}

/** content_replaces() - its version replaces that of a file that had the name before: what was
 * before our change there is what was before it here. */
void content_replaces(struct content *content, const struct content *before) {
        struct content_change *change = before->change ? change_of(content) : NULL;

        if (!change)
                return;
        change->before_hash = before->change->before_hash;
        change->settle_until_ms = before->change->settle_until_ms;
}

/** content_is_fresh() - is the published version within its time to live? */
bool content_is_fresh(const struct content *content, int64_t now_ms) {
        return content->has_version && now_ms < content->fresh_until_ms;
}

/** content_is_pinned() - must the published version stay because somebody reads it? */
bool content_is_pinned(const struct content *content, int64_t now_ms) {
        return content->has_version && content->readers > 0 && now_ms < content->pinned_until_ms;
}

/** content_is_usable() - may the published version be shown without asking anybody? */
bool content_is_usable(const struct content *content, int64_t now_ms) {
        return content_is_fresh(content, now_ms) || content_is_pinned(content, now_ms) ||
               (content->has_version && now_ms < content->held_until_ms);
}

/** content_is_ageing() - is it in the last quarter of its time (file rule 10)? */
bool content_is_ageing(const struct content *content, int64_t now_ms) {
        int64_t life = content->fresh_until_ms - content->published_ms;

        return content_is_fresh(content, now_ms) && content->fresh_until_ms != INT64_MAX &&
               content->fresh_until_ms - now_ms < life / 4;
}

static int64_t seconds_of(const struct document *document) {
        if (document->modified.tv_sec == 0)
                return stamp_mark(document->fetched_ms, document->hash).tv_sec;
        return document->modified.tv_sec;
}

/* The published version is about to be replaced: it is kept as long as the kernel has its size. */
static void keep_former(struct content *content) {
        if ((content->change && content->change->former) || content->told_hash != content->hash)
                return;
        if (!change_of(content))
                return;
        content->change->former = content->published;
        content->published = NULL;
}

/* Takes @document over. Returns whether others see a difference. */
static bool publish(struct content *content, struct document *document, int64_t now_ms) {
        bool is_new = !content->has_version || content->hash != document->hash ||
                      content->len != document->len;

        if (!content->has_version)
                content->told_hash = document->hash;
        else if (content->hash != document->hash)
                keep_former(content);
        if (is_new || document->modified.tv_sec != 0)
                content->modified_s = seconds_of(document);
        if (content->change && content->change->set_hash != document->hash)
                content->change->is_time_set = false;
        content->hash = document->hash;
        content->len = document->len;
        content->fresh_until_ms = document->fresh_until_ms;
        content->is_stale = document->is_stale;
        content->published_ms = now_ms;
        content->has_version = true;
        content->was_opened = false;
        document_unref(content->published);
        content->published = document;
        return is_new;
}

/* Is it what stood there before our own change, told by somebody who has not heard of that yet? */
static bool is_outdated(const struct content *content, const struct document *document,
                        int64_t now_ms) {
        const struct content_change *change = content->change;

        return change && content->published && now_ms < change->settle_until_ms &&
               document->hash == change->before_hash && change->settle_tries < 16;
}

static void forget_learnt(struct content *content) {
        if (content->change)
                content->change->learnt = document_unref(content->change->learnt);
}

/**
 * content_learn() - a version came from the branch; it is published unless a reader pins another
 * (content_expire() unpins: for a refresh by the user).
 * @document: taken over.
 * Returns whether the visible version changed.
 */
bool content_learn(struct content *content, struct document *document, int64_t now_ms) {
        bool is_same = content->has_version && content->hash == document->hash;

        if (!is_same && is_outdated(content, document, now_ms)) {
                document_unref(document);
                content->fresh_until_ms =
                        now_ms + (CONTENT_BACKOFF_MS << content->change->settle_tries++);
                content->change->doubted_ms = stamp_now_ms();
                return false;
        }
        forget_learnt(content);
        if (is_same || !content_is_pinned(content, now_ms) || !change_of(content))
                return publish(content, document, now_ms);
        content->change->learnt = document;
        return false;
}

/**
 * content_commit() - a change of ours made this version: everybody sees it at once (file rule 1),
 * and the one before it is not believed for a while (file rule 18).
 * @document: taken over. Returns as content_learn().
 */
bool content_commit(struct content *content, struct document *document, int64_t now_ms) {
        forget_learnt(content);
        if (content->has_version && content->hash != document->hash && change_of(content)) {
                content->change->before_hash = content->hash;
                content->change->settle_until_ms = now_ms + CONTENT_SETTLE_MS;
                content->change->settle_tries = 0;
        }
        if (document->is_sent && change_of(content))
                content->change->doubted_ms = stamp_now_ms();
        return publish(content, document, now_ms);
}

/** content_set_time() - utimens: shown as long as the bytes are these (file rule 5). */
void content_set_time(struct content *content, const struct timespec *modified) {
        struct content_change *change = change_of(content);

        if (!change)
                return;
        change->is_time_set = true;
        change->set_modified = *modified;
        change->set_hash = content->hash;
}

/** content_told() - size and times of the published version go to the kernel, good until then. */
void content_told(struct content *content, int64_t until_ms) {
        content->told_hash = content->hash;
        content->told_until_ms = until_ms;
        content_forget_former(content);
}

/** content_misleads() - does the kernel believe something of another version than the published? */
bool content_misleads(const struct content *content, int64_t now_ms) {
        return content->told_hash != content->hash && now_ms < content->told_until_ms;
}

/** content_forget_former() - whoever reads from now on gets the published version. */
void content_forget_former(struct content *content) {
        if (content->change)
                content->change->former = document_unref(content->change->former);
}

/**
 * content_read() - the version that a page is filled from: the one whose size the kernel has. A
 * read that was on its way when a version was published would get its bytes cut at the size of the
 * one before; every later one asks for the attributes first. Returns a reference.
 */
struct document *content_read(struct content *content) {
        struct document *former = content->change ? content->change->former : NULL;
        bool is_former = former && content->told_hash == former->hash;

        return document_ref(is_former ? former : content->published);
}

/** content_settle() - publish what waited, if nothing pins any more. Returns as content_learn(). */
bool content_settle(struct content *content, int64_t now_ms) {
        if (!content_waits(content) || content_is_pinned(content, now_ms))
                return false;
        return publish(content, STEAL(content->change->learnt), now_ms);
}

/** content_open() - a reader came; the version it sees stays for a while. */
void content_open(struct content *content, int64_t now_ms) {
        if (!content_is_pinned(content, now_ms))
                content->pinned_until_ms = now_ms + CONTENT_PIN_MS;
        content->readers++;
}

/** content_close() - a reader left. Returns as content_learn(). */
bool content_close(struct content *content, int64_t now_ms) {
        if (content->readers > 0)
                content->readers--;
        return content_settle(content, now_ms);
}

/**
 * content_keep() - may the kernel keep its pages at this open? Only if they are of the version for
 * which it was told so the last time (file rule 3); from now on they are of this one.
 */
bool content_keep(struct content *content) {
        bool is_kept = content->kept_hash == content->hash;

        content->kept_hash = content->hash;
        return is_kept;
}

/**
 * content_hold() - its size was told: an open soon after gets this very version. Looking again and
 * again does not keep it for ever.
 */
void content_hold(struct content *content, int64_t now_ms) {
        int64_t last = content->published_ms;

        if (content->fresh_until_ms > last)
                last = content->fresh_until_ms;
        if (last < INT64_MAX - 2 * CONTENT_HOLD_MS)
                last += 2 * CONTENT_HOLD_MS;
        content->held_until_ms = now_ms + CONTENT_HOLD_MS < last ? now_ms + CONTENT_HOLD_MS : last;
}

/** content_outdate() - what is known serves nobody but its readers without being confirmed. */
void content_outdate(struct content *content) {
        content->fresh_until_ms = 0;
        content->held_until_ms = 0;
}

/** content_expire() - the same, whoever reads it. */
void content_expire(struct content *content) {
        content_outdate(content);
        content->pinned_until_ms = 0;
}

/**
 * content_look_anew() - what changes all the time is held from the telling of its size to an open;
 * that open done, the next is one of a new look.
 */
void content_look_anew(struct content *content) {
        if (content->was_opened)
                content_outdate(content);
}

/** content_doubt() - something of it was changed, nobody knows to what: only what is asked for from
 * now on tells. */
void content_doubt(struct content *content) {
        content_expire(content);
        if (change_of(content))
                content->change->doubted_ms = stamp_now_ms();
}

/** content_doubted_ms() - answers from before that time do not serve; realtime clock, 0: all do. */
int64_t content_doubted_ms(const struct content *content) {
        return content->change ? content->change->doubted_ms : 0;
}

/**
 * content_drop() - let go of bytes that nobody reads; what is known of them stays.
 * Returns how many bytes that were.
 */
size_t content_drop(struct content *content) {
        size_t len = content->published ? content->len : 0;

        if (content->readers > 0 || content_waits(content))
                return 0;
        content->published = document_unref(content->published);
        content_forget_former(content);
        return len;
}
