/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions. Those that come while one is on its way to the disk go together in the next. */
#include <string.h>

#include "cache/journal-state.h"

/* Part of a transaction, on the stack of the thread that waits for it. */
struct write {
        run_fn run;
        void *data;
        int result;
        bool is_done; /* protected by the journal's lock */
        struct write *next;
};

/** journal_fail() - put the reason of a negative errno into @op. Returns it as callers see it. */
int journal_fail(struct op *op, int error) {
        switch (error) {
        case -ENOSPC:
                return op_fail(op, ENOSPC, "the disk that holds the journal is full");
        case -EBADMSG:
                return op_fail(op, EIO, "the journal is damaged and could not be mended");
        case -EMFILE:
                return op_fail(op, EIO,
                               "the journal was damaged too often: look at the disk, and at "
                               "the files *.damaged-* beside the journal");
        default:
                return op_fail(op, -error, "the journal: %s", strerror(-error));
        }
}

static int begin(struct journal *journal) {
        int r = journal->book ? 0 : journal_reopen(journal);

        journal->new_bytes = 0;
        return r < 0 ? r : connection_run(journal->book->connection, STATEMENT_BEGIN);
}

static int end(struct journal *journal, int error) {
        struct connection *connection = journal->book->connection;
        int r = error;

        if (r >= 0) {
                r = connection_run(connection, STATEMENT_COMMIT);
                journal->must_cut = journal->must_cut || r < 0;
        }
        if (r < 0 && !sqlite3_get_autocommit(connection->db))
                (void)connection_run(connection, STATEMENT_ROLLBACK);
        if (journal->must_cut)
                journal->must_cut = book_cut_log(journal->book) < 0;
        return r;
}

static int run_once(struct journal *journal, run_fn run, void *data) {
        int result, r;

        r = begin(journal);
        if (r < 0)
                return r;
        result = run(journal, data);
        r = end(journal, result);
        return r < 0 ? r : result;
}

static int run_alone(struct journal *journal, run_fn run, void *data) {
        int r;

        r = run_once(journal, run, data);
        if (r != -EBADMSG)
                return r;
        r = journal_mend(journal);
        return r < 0 ? r : run_once(journal, run, data);
}

/* All or nothing. Who fails, fails alone afterwards. */
static int run_together(struct journal *journal, struct write *list) {
        int r;

        r = begin(journal);
        if (r < 0)
                return r;
        for (struct write *w = list; w && r >= 0; w = w->next)
                r = w->result = w->run(journal, w->data);
        return end(journal, r);
}

/** journal_count() - count the edits that are on their way, with what is owed; under the lock. */
void journal_count(struct journal *journal) {
        const unsigned undecided = 1 << EDIT_ACCEPTED | 1 << EDIT_SENDING;
        unsigned owed = 0;
        int64_t count;

        for (size_t i = 0; i < journal->n_owed; i++)
                owed += journal->owed[i].what == TURN_FINISH &&
                        !(1 << journal->owed[i].state & (int)undecided);
        if (journal->book && book_number(journal->book, BOOK_PENDING, undecided, &count) == 0)
                atomic_store(&journal->pending, count > owed ? (unsigned)count - owed : 0);
}

static void tidy(struct journal *journal) {
        if (journal->book && (journal->must_wipe || book_log_is_large(journal->book)))
                journal->must_wipe = book_wipe_log(journal->book) < 0;
        journal_count(journal);
}

/**
 * journal_settle() - write what could not be written before; under the lock, outside transactions.
 * Returns 0 when nothing is left, or negative errno.
 */
int journal_settle(struct journal *journal) {
        int r = 0;

        while (journal->n_owed > 0) {
                r = run_alone(journal, turn_run, &journal->owed[0]);
                if (r < 0 && r != -ENOENT && r != -EINVAL)
                        return r;
                journal->n_owed--;
                memmove(journal->owed, journal->owed + 1, journal->n_owed * sizeof(*journal->owed));
        }
        if (journal->has_leftovers) {
                r = run_alone(journal, leftovers_run, NULL);
                journal->has_leftovers = r < 0;
        }
        return r < 0 ? r : 0;
}

/* Says nothing about the file. */
static bool is_refusal(int result) {
        return result == -ENOENT || result == -EINVAL || result == -EBUSY || result == -EDQUOT;
}

static void run_all(struct journal *journal, struct write *list) {
        (void)journal_settle(journal);
        if (!list->next || run_together(journal, list) < 0)
                for (struct write *w = list; w; w = w->next)
                        w->result = run_alone(journal, w->run, w->data);
        for (struct write *w = list; w; w = w->next) {
                if (!is_refusal(w->result))
                        journal->state.error = w->result < 0 ? w->result : 0;
                w->is_done = true;
        }
        tidy(journal);
}

/* The queue in the order in which it was filled. */
static struct write *take_queue(struct journal *journal) {
        struct write *list = NULL, *queue;

        (void)pthread_mutex_lock(&journal->queue_lock);
        queue = STEAL(journal->queue);
        (void)pthread_mutex_unlock(&journal->queue_lock);
        while (queue) {
                struct write *next = queue->next;

                queue->next = list;
                list = queue;
                queue = next;
        }
        return list;
}

/**
 * journal_write() - run a part of a transaction and wait until it is durable; damage is mended.
 * Returns what @run returned, or the negative errno for which nothing of it is in the file.
 */
int journal_write(struct journal *journal, run_fn run, void *data) {
        struct write write = { .run = run, .data = data };

        (void)pthread_mutex_lock(&journal->queue_lock);
        write.next = journal->queue;
        /* cppcheck-suppress autoVariables ; it is off the queue when it is done */
        journal->queue = &write;
        (void)pthread_mutex_unlock(&journal->queue_lock);
        (void)pthread_mutex_lock(&journal->lock);
        if (!write.is_done)
                run_all(journal, take_queue(journal));
        (void)pthread_mutex_unlock(&journal->lock);
        return write.result;
}

/** journal_read() - run something that only reads, with the file to itself; damage is mended. */
int journal_read(struct journal *journal, run_fn run, void *data) {
        int r;

        (void)pthread_mutex_lock(&journal->lock);
        r = journal->book ? 0 : journal_reopen(journal);
        if (r == 0)
                r = run(journal, data);
        if (r == -EBADMSG) {
                r = journal_mend(journal);
                if (r == 0)
                        r = run(journal, data);
        }
        (void)pthread_mutex_unlock(&journal->lock);
        return r == -EBADMSG || r == -EMFILE ? -EIO : r; /* it could not be mended */
}
