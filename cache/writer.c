/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/writer.h"

#include <utlist.h>

#include "base/stamp.h"
#include "cache/merge.h"
#include "cache/thread.h"

enum {
        QUEUE_JOBS = 8192,      /* answers stop here */
        QUEUE_CHANGES = 16384,  /* … and the changes here */
        QUEUE_BYTES = 32 << 20, /* an answer of any size is taken by an empty queue */
        QUEUE_SEEN = 1 << 17,
        BATCH_JOBS = 512,
        BATCH_BYTES = 8 << 20, /* or an eighth of what the file may have */
        REST_MS = 60000,       /* after a failure */
};

enum job_kind { JOB_PUT, JOB_USE, JOB_FORGET, JOB_CHANGE };

struct job {
        enum job_kind kind;
        struct key key;       /* owned text; not of a change */
        struct record record; /* of a put: `key` is the one above, the answer a reference */
        uint64_t turn;
        struct change *change; /* owned */
        int64_t now_ms;
        size_t bytes;
        struct job *prev, *next;
};

struct seen_queue {
        struct seen *list;
        size_t count, capacity;
};

struct writer {
        struct store *store; /* borrowed */
        size_t batch_bytes;  /* begun transactions end here */
        size_t answer_max;   /* larger ones are not kept */
        written_fn written;
        void *data;
        pthread_t thread;
        pthread_mutex_t lock; /* protects what follows; never held while the file is touched */
        pthread_cond_t due;
        struct job *jobs;
        size_t n_jobs, bytes;
        unsigned n_changes;      /* queued or being written */
        unsigned lost_changes;   /* not queued, or not written: everything must be outdated */
        struct seen_queue seen;  /* queued … */
        struct seen_queue taken; /* … being written; changed by the thread alone */
        int64_t rest_until_ms;   /* monotonic clock */
        bool is_ending;
        struct writer_state state;
};

/* What one transaction writes. */
struct batch {
        struct job *jobs;
        size_t count, bytes;
        unsigned n_changes;
        unsigned lost_changes; /* when it was begun */
        bool has_all;          /* that was queued then */
};

static void job_free(struct job *job) {
        free(job->key.text);
        (void)answer_unref(job->record.answer);
        (void)change_free(job->change);
        free(job);
}

static int job_new(enum job_kind kind, const struct key *key, struct job **ret) {
        struct job *job = calloc(1, sizeof(*job));

        if (!job)
                return -ENOMEM;
        job->kind = kind;
        job->now_ms = stamp_now_ms();
        if (key) {
                job->key = (struct key){ .text = strdup(key->text), .hash = key->hash };
                if (!job->key.text) {
                        free(job);
                        return -ENOMEM;
                }
        }
        *ret = job;
        return 0;
}

static bool is_resting(const struct writer *writer) {
        return stamp_monotonic_ms() < writer->rest_until_ms;
}

/* With the lock. */
static void enqueue(struct writer *writer, struct job *job) {
        DL_APPEND(writer->jobs, job);
        writer->n_jobs++;
        writer->bytes += job->bytes;
        (void)pthread_cond_signal(&writer->due);
}

static bool has_room(const struct writer *writer, size_t bytes) {
        return !is_resting(writer) && writer->n_jobs < QUEUE_JOBS && bytes <= writer->answer_max &&
               (!writer->n_jobs || writer->bytes + bytes <= QUEUE_BYTES);
}

/** writer_put() - write an answer some time. Returns 1 when it is queued, 0 when it is not kept. */
int writer_put(struct writer *writer, const struct record *record, uint64_t turn) {
        size_t bytes = answer_bytes(record->answer);
        struct job *job;
        int r = 0;

        if (job_new(JOB_PUT, record->key, &job) < 0)
                return 0;
        job->record = *record;
        job->record.key = &job->key;
        job->record.answer = answer_ref(record->answer);
        job->turn = turn;
        job->bytes = bytes;
        (void)pthread_mutex_lock(&writer->lock);
        if (has_room(writer, bytes)) {
                enqueue(writer, job);
                r = 1;
        } else {
                writer->state.lost++;
        }
        (void)pthread_mutex_unlock(&writer->lock);
        if (r == 0)
                job_free(job);
        return r;
}

/** writer_use() - note that an answer was read. */
void writer_use(struct writer *writer, const struct key *key) {
        struct job *job;

        if (job_new(JOB_USE, key, &job) < 0)
                return;
        (void)pthread_mutex_lock(&writer->lock);
        if (has_room(writer, 0))
                enqueue(writer, STEAL(job));
        (void)pthread_mutex_unlock(&writer->lock);
        if (job)
                job_free(job);
}

/* Takes the job over, which may be NULL when there was no memory for it. */
static void enqueue_change(struct writer *writer, struct job *job) {
        (void)pthread_mutex_lock(&writer->lock);
        if (job && !is_resting(writer) && writer->n_jobs < QUEUE_CHANGES) {
                writer->n_changes++;
                enqueue(writer, STEAL(job));
        } else {
                writer->lost_changes++;
                (void)pthread_cond_signal(&writer->due);
        }
        (void)pthread_mutex_unlock(&writer->lock);
        if (job)
                job_free(job);
}

/** writer_forget() - delete an answer from the file. */
void writer_forget(struct writer *writer, const struct key *key) {
        struct job *job = NULL;

        (void)job_new(JOB_FORGET, key, &job);
        enqueue_change(writer, job);
}

/** writer_change() - outdate in the file what a change may have touched; takes @change over. */
void writer_change(struct writer *writer, struct change *change) {
        struct job *job = NULL;

        if (job_new(JOB_CHANGE, NULL, &job) == 0)
                job->change = change;
        else
                (void)change_free(change);
        enqueue_change(writer, job);
}

/** writer_seen() - write when a content was first seen. */
void writer_seen(struct writer *writer, const struct seen *seen) {
        struct seen_queue *queue = &writer->seen;

        (void)pthread_mutex_lock(&writer->lock);
        if (!is_resting(writer) && array_grow(&queue->list, &queue->capacity, queue->count,
                                              QUEUE_SEEN, sizeof(*queue->list)) == 0) {
                queue->list[queue->count++] = *seen;
                (void)pthread_cond_signal(&writer->due);
        } else {
                writer->state.lost++;
        }
        (void)pthread_mutex_unlock(&writer->lock);
}

/** writer_is_behind() - may the file call something fresh that is not? */
bool writer_is_behind(struct writer *writer) {
        bool is_behind;

        (void)pthread_mutex_lock(&writer->lock);
        is_behind = writer->n_changes > 0 || writer->lost_changes > 0;
        (void)pthread_mutex_unlock(&writer->lock);
        return is_behind;
}

/** writer_unwritten() - add the first times that are on their way to the file to a table. */
int writer_unwritten(struct writer *writer, struct seen_table *table) {
        int r = 0;

        (void)pthread_mutex_lock(&writer->lock);
        for (size_t i = 0; r == 0 && i < writer->taken.count; i++)
                r = seen_put(table, &writer->taken.list[i]);
        for (size_t i = 0; r == 0 && i < writer->seen.count; i++)
                r = seen_put(table, &writer->seen.list[i]);
        (void)pthread_mutex_unlock(&writer->lock);
        return r;
}

/** writer_describe() - how far the writing is. */
void writer_describe(struct writer *writer, struct writer_state *ret) {
        (void)pthread_mutex_lock(&writer->lock);
        *ret = writer->state;
        ret->waiting = writer->n_jobs + writer->seen.count;
        ret->is_resting = is_resting(writer);
        (void)pthread_mutex_unlock(&writer->lock);
}

static int do_job(struct connection *connection, const struct job *job) {
        switch (job->kind) {
        case JOB_PUT:
                return keep_answer(connection, &job->record);
        case JOB_USE:
                return keep_use(connection, &job->key, job->now_ms);
        case JOB_FORGET:
                return keep_not(connection, &job->key);
        case JOB_CHANGE:
        default:
                return keep_change(connection, job->change);
        }
}

/* One transaction. */
static int write_batch(struct writer *writer, const struct batch *batch) {
        struct connection *connection;
        const struct job *job;
        int r;

        r = store_begin(writer->store, &connection);
        if (r < 0)
                return r;
        for (size_t i = 0; r == 0 && i < writer->taken.count; i++)
                r = keep_seen(connection, &writer->taken.list[i]);
        for (job = batch->jobs; r == 0 && job; job = job->next)
                r = do_job(connection, job);
        if (r == 0 && batch->lost_changes)
                r = keep_change(connection, NULL);
        return store_end(writer->store, r);
}

/* Once more where there is something that can be done about the failure. */
static int write_or_mend(struct writer *writer, const struct batch *batch) {
        int r;

        r = store_is_damaged(writer->store) ? -EBADMSG : write_batch(writer, batch);
        if (r == -EBADMSG) {
                r = store_renew(writer->store);
        } else if (r == -ENOSPC) {
                r = store_halve(writer->store);
        } else {
                return r;
        }
        return r == 0 ? write_batch(writer, batch) : r;
}

/* With the lock. */
static void take_batch(struct writer *writer, struct batch *batch) {
        struct job *job;

        *batch = (struct batch){ .lost_changes = writer->lost_changes };
        while (writer->jobs && batch->count < BATCH_JOBS && batch->bytes < writer->batch_bytes) {
                job = writer->jobs;
                DL_DELETE(writer->jobs, job);
                DL_APPEND(batch->jobs, job);
                batch->count++;
                batch->bytes += job->bytes;
                batch->n_changes += job->kind == JOB_FORGET || job->kind == JOB_CHANGE;
        }
        writer->n_jobs -= batch->count;
        writer->bytes -= batch->bytes;
        batch->has_all = !writer->jobs;
        writer->taken = writer->seen;
        writer->seen = (struct seen_queue){ 0 };
}

/* With the lock: what a batch's outcome means for what comes. */
static void note_outcome(struct writer *writer, const struct batch *batch, int error) {
        struct job *job;

        DL_FOREACH (batch->jobs, job) {
                if (job->kind != JOB_PUT)
                        continue;
                writer->state.kept += error == 0;
                writer->state.lost += error < 0;
        }
        writer->n_changes -= batch->n_changes;
        if (error == 0) {
                if (batch->has_all && batch->lost_changes == writer->lost_changes)
                        writer->lost_changes = 0;
                return;
        }
        writer->state.lost += writer->taken.count;
        writer->state.error = error;
        writer->rest_until_ms = stamp_monotonic_ms() + REST_MS;
        if (batch->n_changes)
                writer->lost_changes++;
}

static void end_batch(struct writer *writer, struct batch *batch) {
        struct job *job, *later;

        DL_FOREACH_SAFE (batch->jobs, job, later) {
                if (job->kind == JOB_PUT)
                        writer->written(writer->data, &job->key, job->turn);
                job_free(job);
        }
}

/* With the lock, which is given up in between. */
static void do_batch(struct writer *writer) {
        struct batch batch;
        int r;

        take_batch(writer, &batch);
        (void)pthread_mutex_unlock(&writer->lock);
        r = write_or_mend(writer, &batch);
        if (r == 0)
                (void)store_trim(writer->store);
        (void)pthread_mutex_lock(&writer->lock);
        note_outcome(writer, &batch, r);
        free(writer->taken.list);
        writer->taken = (struct seen_queue){ 0 };
        (void)pthread_mutex_unlock(&writer->lock);
        end_batch(writer, &batch);
        (void)pthread_mutex_lock(&writer->lock);
}

/* With the lock. */
static bool is_due(const struct writer *writer) {
        return writer->jobs || writer->seen.count || (writer->lost_changes && !is_resting(writer));
}

/* With the lock: until there is something to do. */
static void wait_for_work(struct writer *writer) {
        struct timespec until;

        if (!writer->lost_changes) {
                (void)pthread_cond_wait(&writer->due, &writer->lock);
                return;
        }
        until = (struct timespec){ .tv_sec = writer->rest_until_ms / 1000 + 1 };
        (void)pthread_cond_timedwait(&writer->due, &writer->lock, &until);
}

static void *run(void *data) {
        struct writer *writer = data;

        (void)pthread_mutex_lock(&writer->lock);
        while (is_due(writer) || !writer->is_ending) {
                if (is_due(writer))
                        do_batch(writer);
                else
                        wait_for_work(writer);
        }
        (void)pthread_mutex_unlock(&writer->lock);
        return NULL;
}

/**
 * writer_new() - start the thread that writes to @store, which is borrowed.
 * Returns 0 or negative errno.
 */
int writer_new(struct store *store, written_fn written, void *data, struct writer **ret) {
        struct writer *writer = calloc(1, sizeof(*writer));
        pthread_condattr_t attributes;
        int r;

        if (!writer)
                return -ENOMEM;
        writer->store = store;
        writer->answer_max = store_max_bytes(store) / 2;
        writer->batch_bytes = store_max_bytes(store) / 8;
        if (writer->batch_bytes > BATCH_BYTES)
                writer->batch_bytes = BATCH_BYTES;
        writer->written = written;
        writer->data = data;
        (void)pthread_mutex_init(&writer->lock, NULL);
        (void)pthread_condattr_init(&attributes);
        (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        (void)pthread_cond_init(&writer->due, &attributes);
        (void)pthread_condattr_destroy(&attributes);
        r = thread_start(&writer->thread, "cache-writer", run, writer);
        if (r < 0) {
                (void)pthread_cond_destroy(&writer->due);
                (void)pthread_mutex_destroy(&writer->lock);
                free(writer);
                return r;
        }
        *ret = writer;
        return 0;
}

/** writer_free() - write what is queued and end; NULL is fine. Returns NULL. */
struct writer *writer_free(struct writer *writer) {
        if (!writer)
                return NULL;
        (void)pthread_mutex_lock(&writer->lock);
        writer->is_ending = true;
        (void)pthread_cond_signal(&writer->due);
        (void)pthread_mutex_unlock(&writer->lock);
        (void)pthread_join(writer->thread, NULL);
        (void)pthread_cond_destroy(&writer->due);
        (void)pthread_mutex_destroy(&writer->lock);
        free(writer->seen.list);
        free(writer);
        return NULL;
}
