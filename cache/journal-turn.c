/* SPDX-License-Identifier: Apache-2.0 */
/* The life of an edit: accepted, sent step by step, ended. */
#include <string.h>

#include "base/stamp.h"
#include "base/text.h"
#include "cache/journal-state.h"

enum {
        KEPT_BYTES_MAX = 256 * 1024 * 1024, /* of texts that wait for the cloud or for a person */
        OWED_MAX = 4096,
        UNDECIDED = 1 << EDIT_ACCEPTED | 1 << EDIT_SENDING | 1 << EDIT_UNKNOWN,
};

/* What an edit becomes by a turn; without the file, so that readers see what is only owed to it. */
static void apply(const struct turn *turn, struct edit *edit) {
        if (turn->what == TURN_FINISH) {
                edit->state = turn->state;
                edit->error = -turn->fault.error;
                edit->status = turn->fault.status;
        } else if (edit->state == EDIT_SENDING && edit->step == turn->step) {
                edit->step_answered = true;
                edit->step_result = turn->result;
        }
}

/* An edit as it is now, with what is owed to the file. */
static int load(struct journal *journal, int64_t id, struct entry *ret) {
        int r;

        r = entry_load(journal->book, id, ret);
        if (r < 0)
                return r;
        for (size_t i = 0; i < journal->n_owed; i++)
                if (journal->owed[i].id == id)
                        apply(&journal->owed[i], &ret->edit);
        if (ret->edit.state == EDIT_DONE) {
                entry_clear(ret);
                return -ENOENT;
        }
        return 0;
}

struct acceptance {
        const struct edit *edit;
        int64_t id;
        const char *refusal; /* of a bound */
};

static int refuse(struct acceptance *acceptance, const char *text) {
        acceptance->refusal = text;
        return -EDQUOT;
}

/* The refusal that is the oldest one goes when there are too many; its text stays on the shelf. */
static int limit_refusals(struct journal *journal) {
        struct entry entry;
        int64_t count, id = 0;
        int r;

        r = book_number(journal->book, BOOK_PENDING, 1 << EDIT_REJECTED, &count);
        while (r == 0 && count > JOURNAL_EDITS_MAX) {
                r = book_number(journal->book, BOOK_EACH + TABLE_EDIT, id, &id);
                if (r == 0)
                        r = entry_load(journal->book, id, &entry);
                if (r < 0)
                        break;
                if (entry.edit.state == EDIT_REJECTED) {
                        r = entry_drop(journal, &entry);
                        count--;
                }
                entry_clear(&entry);
        }
        return r;
}

static int check_bounds(struct journal *journal, struct acceptance *acceptance, size_t bytes) {
        int64_t count, kept;
        int r;

        r = book_number(journal->book, BOOK_PENDING, UNDECIDED, &count);
        if (r == 0)
                r = book_number(journal->book, BOOK_KEPT_BYTES, SHELF_REJECTED, &kept);
        if (r < 0)
                return r;
        if (count >= JOURNAL_EDITS_MAX)
                return refuse(acceptance, "too many changes wait for the cloud, or for a decision "
                                          "about them");
        if (kept + (int64_t)bytes > KEPT_BYTES_MAX)
                return refuse(acceptance, "refused and waiting texts take up all the room that is "
                                          "meant for them: delete what is not needed any more");
        return 0;
}

static int put_optional(struct book *book, const char *data, size_t len, bool is_secret,
                        int64_t *ret) {
        return data ? body_put(book, data, len, is_secret, ret) : 0;
}

static int accept_run(struct journal *journal, void *data) {
        struct acceptance *acceptance = data;
        struct entry entry = { .edit = *acceptance->edit };
        struct edit *edit = &entry.edit;
        size_t bytes = edit->len + edit->base_len + edit->secret_len;
        int r;

        edit->id = 0;
        edit->state = EDIT_ACCEPTED;
        edit->step = edit->steps = 0;
        edit->step_answered = edit->step_is_once = false;
        edit->step_service = edit->step_call = edit->step_method = edit->step_target = NULL;
        edit->step_result = edit->error = edit->status = 0;
        edit->code = edit->reason = edit->request_id = NULL;
        if (!edit->accepted_ms)
                edit->accepted_ms = stamp_now_ms();
        r = check_bounds(journal, acceptance, bytes);
        if (r == 0)
                r = journal_hold(journal, bytes);
        if (r == 0)
                r = put_optional(journal->book, edit->text, edit->len, false, &entry.text);
        if (r == 0)
                r = put_optional(journal->book, edit->base, edit->base_len, false, &entry.base);
        if (r == 0)
                r = put_optional(journal->book, edit->secret, edit->secret_len, true,
                                 &entry.secret);
        if (r == 0)
                r = entry_store(journal->book, &entry, &acceptance->id);
        return r == 0 ? journal_reserve(journal) : r;
}

static int check_strings(struct op *op, const char *const *strings, size_t count) {
        for (size_t i = 0; i < count; i++)
                if (strings[i] && strlen(strings[i]) > JOURNAL_STRING_MAX)
                        return op_fail(op, ENAMETOOLONG, "a name is longer than %d bytes",
                                       JOURNAL_STRING_MAX);
        return 0;
}

static int check_edit(struct op *op, const struct edit *edit) {
        const char *const strings[] = { edit->path, edit->identity, edit->name, edit->target };

        if (text_is_empty(edit->path))
                return op_fail(op, EINVAL, "a change without a path");
        if (edit->len > JOURNAL_TEXT_MAX)
                return op_fail(op, EFBIG, "a text of more than %d MiB", JOURNAL_TEXT_MAX >> 20);
        if (edit->base_len > JOURNAL_BLOB_MAX || edit->secret_len > JOURNAL_SECRET_MAX)
                return op_fail(op, EFBIG, "what the text was before is larger than %d MiB",
                               JOURNAL_BLOB_MAX >> 20);
        return check_strings(op, strings, ELEMENTSOF(strings));
}

/** journal_accept() - see journal.h. */
int journal_accept(struct journal *journal, struct op *op, const struct edit *edit,
                   int64_t *ret_id) {
        struct acceptance acceptance = { .edit = edit };
        int r;

        r = check_edit(op, edit);
        if (r < 0)
                return r;
        r = journal_write(journal, accept_run, &acceptance);
        if (r == -EDQUOT)
                return op_fail(op, ENOSPC, "%s", acceptance.refusal);
        if (r < 0)
                return journal_fail(op, r);
        *ret_id = acceptance.id;
        return 0;
}

struct beginning {
        int64_t id;
        const struct op_step *step;
};

/* While it is stored, the new step's strings stand in for the old ones, which the entry owns. */
static int store_step(struct book *book, const struct entry *entry, const struct op_step *step) {
        struct entry next = *entry;

        next.edit.state = EDIT_SENDING;
        next.edit.step = step->number;
        next.edit.steps = step->count;
        next.edit.step_answered = false;
        next.edit.step_is_once = step->is_once;
        next.edit.step_result = 0;
        next.edit.step_service = (char *)(uintptr_t)step->service;
        next.edit.step_call = (char *)(uintptr_t)step->call;
        next.edit.step_method = (char *)(uintptr_t)step->method;
        next.edit.step_target = (char *)(uintptr_t)step->target;
        return entry_store(book, &next, NULL);
}

static int begin_run(struct journal *journal, void *data) {
        const struct beginning *beginning = data;
        const struct edit *edit;
        struct entry entry;
        int r;

        r = load(journal, beginning->id, &entry);
        if (r < 0)
                return r;
        edit = &entry.edit;
        if (edit->state != EDIT_ACCEPTED && edit->state != EDIT_SENDING)
                r = -ENOENT;
        else if (edit->state == EDIT_SENDING && edit->step_is_once && !edit->step_answered)
                r = -EBUSY;
        else
                r = store_step(journal->book, &entry, beginning->step);
        entry_clear(&entry);
        return r;
}

/** journal_step_begin() - see journal.h. */
int journal_step_begin(struct journal *journal, struct op *op, int64_t id,
                       const struct op_step *step) {
        const char *const strings[] = { step->service, step->call, step->method, step->target };
        struct beginning beginning = { id, step };
        int r;

        r = check_strings(op, strings, ELEMENTSOF(strings));
        if (r < 0)
                return r;
        r = journal_write(journal, begin_run, &beginning);
        switch (r) {
        case -ENOENT:
                return op_fail(op, ENOENT, "there is no change %lld that could be sent",
                               (long long)id);
        case -EBUSY:
                return op_fail(op, EBUSY,
                               "the request before this one may have been carried out, "
                               "and must not be sent twice");
        default:
                return r < 0 ? journal_fail(op, r) : 0;
        }
}

static char *text_of(const char *text) {
        return *text ? (char *)(uintptr_t)text : NULL;
}

/* Writes an end; the fault's strings stand in for the ones that the entry owns. */
static int store_end(struct journal *journal, const struct entry *entry, const struct turn *turn) {
        const struct op_fault *fault = &turn->fault;
        struct entry next = *entry;

        next.edit.state = turn->state;
        next.edit.error = fault->error < 0 ? -fault->error : fault->error;
        next.edit.status = fault->status;
        next.edit.code = text_of(fault->code);
        next.edit.reason = text_of(fault->reason);
        next.edit.request_id = text_of(fault->request_id);
        if (turn->state == EDIT_ACCEPTED)
                next.edit.step = next.edit.steps = 0;
        if (turn->state != EDIT_REJECTED)
                return entry_store(journal->book, &next, NULL);
        journal->must_wipe = journal->must_wipe || entry->secret;
        return entry_reject(journal->book, &next);
}

static int finish(struct journal *journal, const struct entry *entry, const struct turn *turn) {
        int r;

        if (turn->state == EDIT_DONE)
                return entry_drop(journal, entry);
        if (turn->state == EDIT_SENDING ||
            (entry->edit.state == EDIT_REJECTED && turn->state != EDIT_REJECTED))
                return -EINVAL;
        r = store_end(journal, entry, turn);
        return r == 0 && turn->state == EDIT_REJECTED ? limit_refusals(journal) : r;
}

/** turn_run() - write a turn, in a transaction. Returns 0, -ENOENT, -EINVAL, or another errno. */
int turn_run(struct journal *journal, void *data) {
        const struct turn *turn = data;
        struct entry entry;
        int r;

        r = entry_load(journal->book, turn->id, &entry);
        if (r < 0)
                return r;
        if (turn->what == TURN_FINISH) {
                r = finish(journal, &entry, turn);
        } else {
                apply(turn, &entry.edit);
                r = entry_store(journal->book, &entry, NULL);
        }
        entry_clear(&entry);
        return r;
}

/* Marks as done what could not be deleted: overwriting its text takes more room than there is. */
static int mark_run(struct journal *journal, void *data) {
        const struct turn *turn = data;
        struct entry entry;
        int r;

        r = entry_load(journal->book, turn->id, &entry);
        if (r < 0)
                return r;
        apply(turn, &entry.edit);
        r = entry_store(journal->book, &entry, NULL);
        entry_clear(&entry);
        return r;
}

/** leftovers_run() - delete what is done, in a transaction. Returns 0 or negative errno. */
int leftovers_run(struct journal *journal, void *data) {
        struct entry entry;
        int64_t id = 0;
        int r;

        (void)data;
        for (;;) {
                r = book_number(journal->book, BOOK_EACH + TABLE_EDIT, id, &id);
                if (r == 0)
                        r = entry_load(journal->book, id, &entry);
                if (r < 0)
                        return r == -ENOENT ? 0 : r;
                if (entry.edit.state == EDIT_DONE)
                        r = entry_drop(journal, &entry);
                entry_clear(&entry);
                if (r < 0)
                        return r;
        }
}

/* Remembers what the disk does not take. It stands in the file as not decided, so after a crash
 * somebody looks before anything is sent. */
static void owe(struct journal *journal, const struct turn *turn) {
        (void)pthread_mutex_lock(&journal->lock);
        if (array_grow(&journal->owed, &journal->owed_capacity, journal->n_owed, OWED_MAX,
                       sizeof(*journal->owed)) == 0)
                journal->owed[journal->n_owed++] = *turn;
        (void)pthread_mutex_unlock(&journal->lock);
}

static void take_turn(struct journal *journal, struct turn *turn) {
        int r;

        r = journal_write(journal, turn_run, turn);
        if (r == -ENOSPC && turn->what == TURN_FINISH && turn->state == EDIT_DONE) {
                r = journal_write(journal, mark_run, turn);
                (void)pthread_mutex_lock(&journal->lock);
                journal->has_leftovers = journal->has_leftovers || r == 0;
                (void)pthread_mutex_unlock(&journal->lock);
        }
        if (r < 0 && r != -ENOENT && r != -EINVAL)
                owe(journal, turn);
}

/** journal_step_end() - see journal.h. */
void journal_step_end(struct journal *journal, int64_t id, const struct op_step *step, int result) {
        struct turn turn = {
                .id = id,
                .what = TURN_STEP_END,
                .step = step->number,
                .result = result,
        };

        take_turn(journal, &turn);
}

/** journal_finish() - see journal.h. */
void journal_finish(struct journal *journal, int64_t id, enum edit_state state,
                    const struct op_fault *fault) {
        struct turn turn = { .id = id, .what = TURN_FINISH, .state = state };

        if (fault)
                turn.fault = *fault;
        take_turn(journal, &turn);
}

struct promise {
        int64_t id;
        const char *word;
};

static int promise_run(struct journal *journal, void *data) {
        const struct promise *promise = data;
        struct entry entry, next;
        int r;

        r = load(journal, promise->id, &entry);
        if (r < 0)
                return r;
        next = entry;
        next.edit.target = (char *)(uintptr_t)promise->word;
        r = entry_store(journal->book, &next, NULL);
        entry_clear(&entry);
        return r;
}

/** journal_promise() - see journal.h. */
int journal_promise(struct journal *journal, struct op *op, int64_t id, const char *word) {
        struct promise promise = { id, word };
        int r;

        r = check_strings(op, &word, 1);
        if (r < 0)
                return r;
        r = journal_write(journal, promise_run, &promise);
        if (r == -ENOENT)
                return op_fail(op, ENOENT, "there is no change %lld", (long long)id);
        return r < 0 ? journal_fail(op, r) : 0;
}

static int forget_run(struct journal *journal, void *data) {
        const int64_t *id = data;
        struct entry entry;
        int r;

        r = load(journal, *id, &entry);
        if (r < 0)
                return r;
        r = entry_drop(journal, &entry);
        entry_clear(&entry);
        return r;
}

/** journal_forget() - see journal.h. */
int journal_forget(struct journal *journal, struct op *op, int64_t id) {
        int r;

        r = journal_write(journal, forget_run, &id);
        if (r == -ENOENT)
                return op_fail(op, ENOENT, "there is no change %lld", (long long)id);
        return r < 0 ? journal_fail(op, r) : 0;
}

/* A look for one edit, or for the next one in some states. */
struct look {
        int64_t id;
        unsigned states;
        struct entry entry;
};

static int get_run(struct journal *journal, void *data) {
        struct look *look = data;
        int r;

        r = load(journal, look->id, &look->entry);
        if (r < 0)
                return r;
        r = entry_load_bodies(journal->book, &look->entry);
        if (r < 0)
                entry_clear(&look->entry);
        return r;
}

/** journal_get() - see journal.h. */
int journal_get(struct journal *journal, int64_t id, struct edit *ret) {
        struct look look = { .id = id };
        int r;

        r = journal_read(journal, get_run, &look);
        if (r == 0)
                *ret = look.entry.edit;
        return r;
}

static int next_run(struct journal *journal, void *data) {
        struct look *look = data;
        int64_t id = look->id;
        int r;

        for (;;) {
                r = book_number(journal->book, BOOK_EACH + TABLE_EDIT, id, &id);
                if (r < 0)
                        return r;
                r = load(journal, id, &look->entry);
                if (r == -ENOENT)
                        continue; /* done, and only not deleted yet */
                if (r < 0)
                        return r;
                if (1u << look->entry.edit.state & look->states)
                        break;
                entry_clear(&look->entry);
        }
        r = entry_load_bodies(journal->book, &look->entry);
        if (r < 0)
                entry_clear(&look->entry);
        else
                look->id = id;
        return r;
}

static int last_run(struct journal *journal, void *data) {
        int r;

        r = book_number(journal->book, BOOK_NEXT + TABLE_EDIT, 0, data);
        return r == -ENOENT ? -EBADMSG : r;
}

/** journal_each() - see journal.h. Those that are accepted meanwhile are not visited. */
int journal_each(struct journal *journal, unsigned states,
                 int (*visit)(void *data, const struct edit *edit), void *data) {
        struct look look = { .states = states };
        int64_t end;
        int r;

        r = journal_read(journal, last_run, &end);
        while (r == 0) {
                bool is_new;

                r = journal_read(journal, next_run, &look);
                if (r < 0)
                        return r == -ENOENT ? 0 : r;
                is_new = look.id >= end;
                if (!is_new)
                        r = visit(data, &look.entry.edit);
                entry_clear(&look.entry);
                if (is_new)
                        break;
        }
        return r;
}
