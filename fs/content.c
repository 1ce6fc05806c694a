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
        document_unref(content->learnt);
        document_unref(content->former);
        free(content);
        return NULL;
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

/* Nanoseconds come from the bytes, so that two versions within a second differ (file rule 5). */
static struct timespec modified_of(const struct document *document) {
        struct timespec time = document->modified;

        if (time.tv_sec == 0)
                return stamp_mark(document->fetched_ms, document->hash);
        time.tv_nsec = (long)(document->hash % 1000000000U);
        return time;
}

/* The published version is about to be replaced: it is kept as long as the kernel has its size. */
static void keep_former(struct content *content) {
        if (content->former || content->told_hash != content->hash)
                return;
        content->former = content->published;
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
                content->modified = modified_of(document);
        if (content->is_time_set && content->set_hash == document->hash)
                content->modified = content->set_modified;
        else
                content->is_time_set = false;
        content->hash = document->hash;
        content->len = document->len;
        content->fresh_until_ms = document->fresh_until_ms;
        content->is_stale = document->is_stale;
        content->published_ms = now_ms;
        content->has_version = true;
        document_unref(content->published);
        content->published = document;
        return is_new;
}

/* Is it what stood there before our own change, told by somebody who has not heard of that yet? */
static bool is_outdated(const struct content *content, const struct document *document,
                        int64_t now_ms) {
        return content->published && now_ms < content->settle_until_ms &&
               document->hash == content->before_hash && content->settle_tries < 16;
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
                content->fresh_until_ms = now_ms + (CONTENT_BACKOFF_MS << content->settle_tries++);
                return false;
        }
        document_unref(content->learnt);
        content->learnt = NULL;
        if (is_same || !content_is_pinned(content, now_ms))
                return publish(content, document, now_ms);
        content->learnt = document;
        return false;
}

/**
 * content_commit() - a change of ours made this version: everybody sees it at once (file rule 1),
 * and the one before it is not believed for a while (file rule 18).
 * @document: taken over. Returns as content_learn().
 */
bool content_commit(struct content *content, struct document *document, int64_t now_ms) {
        document_unref(content->learnt);
        content->learnt = NULL;
        if (content->has_version && content->hash != document->hash) {
                content->before_hash = content->hash;
                content->settle_until_ms = now_ms + CONTENT_SETTLE_MS;
                content->settle_tries = 0;
        }
        return publish(content, document, now_ms);
}

/** content_set_time() - utimens: shown as long as the bytes are these (file rule 5). */
void content_set_time(struct content *content, const struct timespec *modified) {
        content->is_time_set = true;
        content->set_modified = *modified;
        content->set_hash = content->hash;
        content->modified = *modified;
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
        content->former = document_unref(content->former);
}

/**
 * content_read() - the version that a page is filled from: the one whose size the kernel has. A
 * read that was on its way when a version was published would get its bytes cut at the size of the
 * one before; every later one asks for the attributes first. Returns a reference.
 */
struct document *content_read(struct content *content) {
        bool is_former = content->former && content->told_hash == content->former->hash;

        return document_ref(is_former ? content->former : content->published);
}

/** content_settle() - publish what waited, if nothing pins any more. Returns as content_learn(). */
bool content_settle(struct content *content, int64_t now_ms) {
        struct document *document = content->learnt;

        if (!document || content_is_pinned(content, now_ms))
                return false;
        content->learnt = NULL;
        return publish(content, document, now_ms);
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
        bool is_kept = content->has_kept && content->kept_hash == content->hash;

        content->has_kept = true;
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

/** content_expire() - what is known no longer serves without being confirmed. */
void content_expire(struct content *content) {
        content->fresh_until_ms = 0;
        content->held_until_ms = 0;
        content->pinned_until_ms = 0;
}

/**
 * content_drop() - let go of bytes that nobody reads; what is known of them stays.
 * Returns how many bytes that were.
 */
size_t content_drop(struct content *content) {
        size_t len = content->published ? content->len : 0;

        if (content->readers > 0 || content->learnt)
                return 0;
        content->published = document_unref(content->published);
        content_forget_former(content);
        return len;
}
