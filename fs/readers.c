/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/readers.h"

#include "fs/process.h"

/** readers_init() - nobody has read anything. Returns 0 or -ENOMEM. */
int readers_init(struct readers *readers) {
        *readers = (struct readers){ 0 };
        readers->list = calloc(READERS_MAX, sizeof(*readers->list));
        if (!readers->list)
                return -ENOMEM;
        if (pthread_mutex_init(&readers->lock, NULL) == 0)
                return 0;
        free(readers->list);
        readers->list = NULL;
        return -ENOMEM;
}

static void clear(struct readers *readers, struct reader *reader) {
        if (reader->document)
                readers->bytes -= reader->document->len;
        document_unref(reader->document);
        *reader = (struct reader){ 0 };
}

/** readers_done() - forgets all; nothing where init failed. */
void readers_done(struct readers *readers) {
        if (!readers->list)
                return;
        for (size_t i = 0; i < READERS_MAX; i++)
                clear(readers, &readers->list[i]);
        free(readers->list);
        readers->list = NULL;
        pthread_mutex_destroy(&readers->lock);
}

/* The place of this reader: the one it has, a free one, or that of the one longest ago. */
static struct reader *place_of(struct readers *readers, pid_t thread, uint64_t ino) {
        struct reader *oldest = &readers->list[0];

        for (size_t i = 0; i < READERS_MAX; i++) {
                struct reader *reader = &readers->list[i];

                if (reader->ino == ino && reader->thread == thread)
                        return reader;
                if (reader->order < oldest->order)
                        oldest = reader;
        }
        return oldest;
}

static struct reader *oldest_of(struct readers *readers) {
        struct reader *oldest = NULL;

        for (size_t i = 0; i < READERS_MAX; i++) {
                struct reader *reader = &readers->list[i];

                if (reader->ino && (!oldest || reader->order < oldest->order))
                        oldest = reader;
        }
        return oldest;
}

/* @len bytes more are referenced by @last: the oldest go, but not that. */
static void keep_within(struct readers *readers, size_t len, const struct reader *last) {
        readers->bytes += len;
        while (readers->bytes > READERS_BYTES_MAX) {
                struct reader *oldest = oldest_of(readers);

                if (!oldest || oldest == last)
                        break;
                clear(readers, oldest);
        }
}

/**
 * readers_note() - this thread saw that version.
 * @ino: the document's identity. @document: referenced.
 */
void readers_note(struct readers *readers, pid_t thread, uint64_t ino, struct document *document) {
        struct reader *reader;

        if (thread <= 0 || !ino)
                return;
        pthread_mutex_lock(&readers->lock);
        reader = place_of(readers, thread, ino);
        clear(readers, reader);
        *reader = (struct reader){
                .ino = ino,
                .thread = thread,
                .when_ms = process_now_ms(),
                .order = ++readers->clock,
                .document = document_ref(document),
        };
        keep_within(readers, document->len, reader);
        pthread_mutex_unlock(&readers->lock);
}

/* Numbers of processes come again: who began later is another one. */
static bool is_of(struct reader *reader, pid_t process, int64_t began_ms) {
        if (began_ms > reader->when_ms)
                return false;
        if (reader->thread == process)
                return true;
        if (!reader->process)
                reader->process = process_of(reader->thread);
        return reader->process == process;
}

/* What the process saw last; NULL: nothing within 24 hours. Locked. */
static struct reader *latest_of(struct readers *readers, pid_t process, uint64_t ino,
                                int64_t began_ms) {
        int64_t now_ms = process_now_ms();
        struct reader *found = NULL;

        for (size_t i = 0; i < READERS_MAX; i++) {
                struct reader *reader = &readers->list[i];

                if (reader->ino == ino && (!found || reader->order > found->order) &&
                    now_ms - reader->when_ms < READERS_LIFE_MS && is_of(reader, process, began_ms))
                        found = reader;
        }
        return found;
}

/**
 * readers_find() - what this process last saw of the document within 24 hours.
 * Returns a reference, or NULL.
 */
struct document *readers_find(struct readers *readers, pid_t process, uint64_t ino) {
        int64_t began_ms = process_began_ms(process);
        struct document *document;
        struct reader *found;

        pthread_mutex_lock(&readers->lock);
        found = latest_of(readers, process, ino, began_ms);
        document = found ? document_ref(found->document) : NULL;
        pthread_mutex_unlock(&readers->lock);
        return document;
}

/**
 * readers_saved() - this process made that version: if it has read the document before, it has now
 * seen this one. A process that only writes, as a shell does, has seen nothing: its next save is
 * compared with what it then finds.
 * @document: referenced.
 */
void readers_saved(struct readers *readers, pid_t process, uint64_t ino,
                   struct document *document) {
        int64_t began_ms = process_began_ms(process);
        struct reader *found;

        pthread_mutex_lock(&readers->lock);
        found = latest_of(readers, process, ino, began_ms);
        if (found) {
                readers->bytes -= found->document->len;
                document_unref(found->document);
                found->document = document_ref(document);
                found->when_ms = process_now_ms();
                found->order = ++readers->clock;
                keep_within(readers, document->len, found);
        }
        pthread_mutex_unlock(&readers->lock);
}
