/* SPDX-License-Identifier: Apache-2.0 */
/* Work that goes on in the cloud, one row a resource. */
#include <string.h>

#include "base/text.h"
#include "cache/journal-state.h"

enum { JOBS_MAX = 4096 };

static int find(struct book *book, const char *identity, int64_t *ret) {
        _cleanup_(statement_end) sqlite3_stmt *statement = NULL;
        int r;

        r = book_get(book, BOOK_JOB_FIND, &statement);
        if (r < 0)
                return r;
        (void)sqlite3_bind_text(statement, 1, identity, -1, SQLITE_STATIC);
        r = statement_step(statement);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        *ret = sqlite3_column_int64(statement, 0);
        return 0;
}

static int make_place(struct journal *journal) {
        int64_t count, ended;
        int r;

        r = book_number(journal->book, BOOK_JOBS, 0, &count);
        if (r < 0 || count < JOBS_MAX)
                return r;
        r = book_number(journal->book, BOOK_JOB_ENDED, 0, &ended);
        return r == 0 ? row_drop(journal->book, TABLE_JOB, ended) : r == -ENOENT ? -EDQUOT : r;
}

static int put_run(struct journal *journal, void *data) {
        const struct job *job = data;
        struct row row = {
                .count = JOB_COLUMNS,
                .cells = {
                        [JOB_PATH] = cell_text(job->path),
                        [JOB_IDENTITY] = cell_text(job->identity),
                        [JOB_BEGUN_BY] = cell_text(job->started_by),
                        [JOB_STATE] = cell_text(job->state),
                        [JOB_STARTED] = cell_number(job->started_ms),
                        [JOB_POLLED] = cell_number(job->polled_ms),
                        [JOB_ENDED] = cell_number(job->ended_ms),
                },
        };
        bool is_new;
        int r;

        r = find(journal->book, job->identity, &row.number);
        is_new = r == -ENOENT;
        if (is_new) {
                row.number = 0;
                r = make_place(journal);
                if (r == 0)
                        r = journal_hold(journal, 0);
        }
        if (r == 0)
                r = row_put(journal->book, TABLE_JOB, &row, NULL);
        return r == 0 && is_new ? journal_reserve(journal) : r;
}

/** journal_job_put() - see journal.h. */
int journal_job_put(struct journal *journal, struct op *op, const struct job *job) {
        const char *const strings[] = { job->path, job->identity, job->started_by, job->state };
        int r;

        if (text_is_empty(job->path) || text_is_empty(job->identity))
                return op_fail(op, EINVAL, "a job without a path");
        for (size_t i = 0; i < ELEMENTSOF(strings); i++)
                if (strings[i] && strlen(strings[i]) > JOURNAL_STRING_MAX)
                        return op_fail(op, ENAMETOOLONG, "a name is longer than %d bytes",
                                       JOURNAL_STRING_MAX);
        r = journal_write(journal, put_run, (void *)(uintptr_t)job);
        if (r == -EDQUOT)
                return op_fail(op, ENOSPC, "%d jobs are running already", JOBS_MAX);
        return r < 0 ? journal_fail(op, r) : 0;
}

static void job_done(struct job *job) {
        free(job->path);
        free(job->identity);
        free(job->started_by);
        free(job->state);
        *job = (struct job){ 0 };
}

static int copy_job(const struct row *row, struct job *job) {
        const struct cell *cells = row->cells;
        int r;

        *job = (struct job){
                .started_ms = cells[JOB_STARTED].number,
                .polled_ms = cells[JOB_POLLED].number,
                .ended_ms = cells[JOB_ENDED].number,
        };
        r = cell_copy(&cells[JOB_PATH], &job->path);
        if (r == 0)
                r = cell_copy(&cells[JOB_IDENTITY], &job->identity);
        if (r == 0)
                r = cell_copy(&cells[JOB_BEGUN_BY], &job->started_by);
        if (r == 0)
                r = cell_copy(&cells[JOB_STATE], &job->state);
        if (r < 0)
                job_done(job);
        return r;
}

struct look {
        int64_t number;
        struct job job;
};

static int next_run(struct journal *journal, void *data) {
        struct look *look = data;
        sqlite3_stmt *statement;
        int64_t number;
        struct row row;
        int r;

        r = book_number(journal->book, BOOK_EACH + TABLE_JOB, look->number, &number);
        if (r == 0)
                r = row_get(journal->book, TABLE_JOB, number, &statement, &row);
        if (r < 0)
                return r;
        r = copy_job(&row, &look->job);
        statement_end(&statement);
        if (r == 0)
                look->number = number;
        return r;
}

/** journal_jobs() - see journal.h. */
int journal_jobs(struct journal *journal, int (*visit)(void *data, const struct job *job),
                 void *data) {
        struct look look = { 0 };
        int r;

        do {
                r = journal_read(journal, next_run, &look);
                if (r < 0)
                        return r == -ENOENT ? 0 : r;
                r = visit(data, &look.job);
                job_done(&look.job);
        } while (r == 0);
        return r;
}

static int drop_run(struct journal *journal, void *data) {
        int64_t number;
        int r;

        r = find(journal->book, data, &number);
        return r == 0 ? row_drop(journal->book, TABLE_JOB, number) : r;
}

/** journal_job_drop() - see journal.h. */
int journal_job_drop(struct journal *journal, const char *identity) {
        int r;

        r = journal_write(journal, drop_run, (void *)(uintptr_t)identity);
        return r == -EBADMSG || r == -EMFILE ? -EIO : r;
}
