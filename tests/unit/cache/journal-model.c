/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cache/journal-model.h"

#include <check.h>

#include "base/text.h"
#include "tests/unit/cache/directory.h"

static uint64_t mix(uint64_t x) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        return x;
}

void model_init(struct model *model, uint64_t seed) {
        *model =
                (struct model){ .seed = seed * 0x9e3779b97f4a7c15u + 1, .under_way.is_done = true };
}

uint64_t model_random(struct model *model) {
        model->seed = mix(model->seed);
        return model->seed >> 11;
}

struct journal *open_journal(void) {
        struct journal *journal = NULL;
        struct op op;
        int r;

        op_init(&op, OP_INTERACTIVE, 10000);
        r = journal_open(&op, disk_path(), &journal);
        ck_assert_msg(r == 0, "%d %s", r, op.fault.reason);
        return journal;
}

/* Every seventh is large, some are empty; all bytes occur. */
size_t model_text(unsigned key, char **ret) {
        uint64_t seed = (key + 1) * 0x9e3779b97f4a7c15u;
        size_t len = key % 11 == 3 ? 0 : (size_t)(mix(seed) >> 20) % (key % 7 == 6 ? 70000 : 3000);
        char *text = malloc(len + 1);

        ck_assert_ptr_nonnull(text);
        for (size_t i = 0; i < len; i++) {
                seed = mix(seed);
                text[i] = (char)(seed >> 32);
        }
        text[len] = '\0';
        *ret = text;
        return len;
}

static bool has_text(unsigned key) {
        return key % 5 != 4;
}

static bool has_base(unsigned key) {
        return key % 3 == 1;
}

static const char *path_of(unsigned key, char buffer[32]) {
        (void)snprintf(buffer, 32, "account/%u.json", key);
        return buffer;
}

static int accept(struct journal *journal, struct op *op, unsigned key, int64_t *ret_id) {
        _cleanup_(freep) char *text = NULL, *base = NULL;
        char path[32];
        struct edit edit = {
                .act = (enum edit_act)(key % (EDIT_ACTION + 1)),
                .path = path,
                .identity = path,
                .name = key % 2 ? path : NULL,
                .uid = key,
                .accepted_ms = key + 1,
        };

        (void)path_of(key, path);
        if (has_text(key)) {
                edit.len = model_text(key, &text);
                edit.text = text;
        }
        if (has_base(key)) {
                edit.base_len = model_text(key + 1000, &base);
                edit.base = base;
        }
        if (key % 4 == 2) {
                edit.secret = path;
                edit.secret_len = strlen(path);
        }
        return journal_accept(journal, op, &edit, ret_id);
}

/* The effect of a deed that succeeded. */
static void apply(struct told *told, const struct report *report) {
        switch (report->deed) {
        case DEED_ACCEPT:
                told->is_there = true;
                told->id = report->id;
                told->state = EDIT_ACCEPTED;
                break;
        case DEED_BEGIN:
                told->state = EDIT_SENDING;
                told->step++;
                told->is_answered = false;
                break;
        case DEED_END:
                told->is_answered = true;
                break;
        case DEED_FINISH:
                told->state = report->state;
                told->is_gone = report->state == EDIT_DONE;
                if (report->state == EDIT_ACCEPTED)
                        told->step = 0;
                break;
        case DEED_FORGET:
                told->is_gone = true;
                break;
        case DEED_PUT:
                told->has_secret = true;
                break;
        case DEED_DROP:
                told->has_secret = false;
                break;
        case DEEDS:
                break;
        }
}

void model_note(struct model *model, const struct report *report) {
        struct told *told = &model->told[report->key];

        model->under_way = *report;
        if (model->count <= report->key)
                model->count = report->key + 1;
        if (!report->is_done || report->result < 0)
                return;
        apply(told, report);
        told->may_lag = told->may_lag || report->is_owed;
}

static bool suits(const struct told *told, enum deed deed) {
        switch (deed) {
        case DEED_BEGIN:
                return told->is_there && !told->is_gone &&
                       (told->state == EDIT_ACCEPTED ||
                        (told->state == EDIT_SENDING && told->is_answered));
        case DEED_END:
                return told->is_there && !told->is_gone && told->state == EDIT_SENDING &&
                       !told->is_answered;
        case DEED_FINISH:
                return told->is_there && !told->is_gone && told->state != EDIT_REJECTED;
        case DEED_FORGET:
                return told->is_there && !told->is_gone;
        case DEED_PUT:
                return told->is_there && !told->has_secret;
        case DEED_DROP:
                return told->has_secret;
        default:
                return false;
        }
}

static void choose(struct model *model, struct report *ret) {
        enum deed deed = (enum deed)(model_random(model) % DEEDS);

        *ret = (struct report){ .deed = deed };
        for (int i = 0; deed != DEED_ACCEPT && i < 8; i++) {
                ret->key = model->count ? (unsigned)(model_random(model) % model->count) : 0;
                if (suits(&model->told[ret->key], deed))
                        break;
                if (i == 7)
                        ret->deed = deed = DEED_ACCEPT;
        }
        if (ret->deed == DEED_ACCEPT) {
                ck_assert_uint_lt(model->count, MODEL_KEYS_MAX);
                ret->key = model->count;
        }
        if (deed == DEED_FINISH) {
                static const enum edit_state states[] = { EDIT_DONE, EDIT_REJECTED, EDIT_UNKNOWN,
                                                          EDIT_ACCEPTED };

                ret->state = states[model_random(model) % ELEMENTSOF(states)];
        }
}

static struct op_step step_of(const struct told *told, unsigned number) {
        (void)told;
        return (struct op_step){ .number = number,
                                 .count = 9,
                                 .service = "dws",
                                 .call = "CreateCluster",
                                 .method = "POST",
                                 .target = "/v1/clusters",
                                 .is_once = true };
}

static int perform(struct journal *journal, const struct told *told, struct report *report) {
        const struct op_fault fault = { .error = -EINVAL, .status = 400, .reason = "refused" };
        struct op_step step = step_of(told, told->step + (report->deed == DEED_BEGIN));
        struct shelved secret = { .shelf = SHELF_SECRET, .name = "secret" };
        _cleanup_(freep) char *text = NULL;
        char path[32];
        struct op op;

        op_init(&op, OP_INTERACTIVE, 10000);
        secret.path = path_of(report->key, path);
        switch (report->deed) {
        case DEED_ACCEPT:
                return accept(journal, &op, report->key, &report->id);
        case DEED_BEGIN:
                return journal_step_begin(journal, &op, told->id, &step);
        case DEED_END:
                journal_step_end(journal, told->id, &step, 0);
                return 0;
        case DEED_FINISH:
                journal_finish(journal, told->id, report->state,
                               report->state == EDIT_REJECTED ? &fault : NULL);
                return 0;
        case DEED_FORGET:
                return journal_forget(journal, &op, told->id);
        case DEED_PUT:
                secret.len = model_text(report->key, &text);
                secret.data = text;
                return journal_put(journal, &op, &secret);
        case DEED_DROP:
                return journal_drop(journal, &op, SHELF_SECRET, path, "secret");
        default:
                return -EINVAL;
        }
}

int model_work(struct model *model, struct journal *journal,
               void (*tell)(void *data, const struct report *report), void *data) {
        struct journal_state state;
        struct report report;

        choose(model, &report);
        model_note(model, &report);
        tell(data, &report);
        report.result = perform(journal, &model->told[report.key], &report);
        report.is_done = true;
        if (report.deed == DEED_END || report.deed == DEED_FINISH) {
                journal_describe(journal, &state);
                report.is_owed = state.owed > 0;
        }
        model_note(model, &report);
        tell(data, &report);
        return report.result;
}

static bool bytes_eq(const char *a, size_t a_len, const char *b, size_t b_len) {
        return a_len == b_len && memcmp(a, b, a_len) == 0;
}

static void check_text(unsigned key, const char *data, size_t len) {
        _cleanup_(freep) char *text = NULL;
        size_t text_len = model_text(key, &text);

        ck_assert_msg(bytes_eq(data, len, text, text_len), "the bytes of %u", key);
}

static void check_edit_bytes(unsigned key, const struct edit *edit) {
        char path[32];

        ck_assert_str_eq(edit->path, path_of(key, path));
        ck_assert_uint_eq(edit->uid, key);
        ck_assert_int_eq(edit->accepted_ms, key + 1);
        ck_assert_uint_eq(edit->act, key % (EDIT_ACTION + 1));
        if (edit->state == EDIT_REJECTED) {
                ck_assert_ptr_null(edit->text);
                return;
        }
        ck_assert_int_eq(edit->text != NULL, has_text(key));
        ck_assert_int_eq(edit->base != NULL, has_base(key));
        if (edit->text)
                check_text(key, edit->text, edit->len);
        if (edit->base)
                check_text(key + 1000, edit->base, edit->base_len);
        if (key % 4 == 2)
                ck_assert(bytes_eq(edit->secret, edit->secret_len, path, strlen(path)));
}

static bool is_as_told(const struct told *told, const struct edit *edit, int r) {
        if (told->is_gone)
                return r == -ENOENT;
        if (r < 0 || edit->state != told->state)
                return false;
        return edit->step == told->step &&
               (told->state != EDIT_SENDING || edit->step_answered == told->is_answered);
}

static void check_shelf(struct journal *journal, const struct told *told, unsigned key) {
        char name[32], path[32], *data = NULL;
        size_t len;

        if (!has_text(key))
                return;
        (void)snprintf(name, sizeof(name), "%lld", (long long)told->id);
        ck_assert_int_eq(
                journal_fetch(journal, SHELF_REJECTED, path_of(key, path), name, &data, &len), 0);
        check_text(key, data, len);
        free(data);
}

static void check_edit(const struct model *model, struct journal *journal, unsigned key) {
        const struct told *told = &model->told[key];
        struct told other = *told;
        struct edit edit = { 0 };
        int r;

        if (!told->is_there)
                return;
        r = journal_get(journal, told->id, &edit);
        ck_assert_msg(r == 0 || r == -ENOENT, "%u: %d", key, r);
        if (!model->under_way.is_done && model->under_way.key == key)
                apply(&other, &model->under_way);
        ck_assert_msg(is_as_told(told, &edit, r) || is_as_told(&other, &edit, r) || told->may_lag,
                      "edit %u: told %d step %u gone %d, found %d step %u (%d)", key, told->state,
                      told->step, told->is_gone, edit.state, edit.step, r);
        if (r == 0) {
                check_edit_bytes(key, &edit);
                if (edit.state == EDIT_REJECTED)
                        check_shelf(journal, told, key);
        }
        edit_done(&edit);
}

static void check_secret(const struct model *model, struct journal *journal, unsigned key) {
        const struct report *under_way = &model->under_way;
        bool may_differ = !under_way->is_done && under_way->key == key &&
                          (under_way->deed == DEED_PUT || under_way->deed == DEED_DROP);
        char path[32], *data = NULL;
        size_t len = 0;
        int r;

        r = journal_fetch(journal, SHELF_SECRET, path_of(key, path), "secret", &data, &len);
        ck_assert_msg(r == (model->told[key].has_secret ? 0 : -ENOENT) ||
                              (may_differ && (r == 0 || r == -ENOENT)),
                      "secret %u: %d", key, r);
        if (r == 0)
                check_text(key, data, len);
        free(data);
}

/* Edits that nobody was told of: only one that was under way may be among them. */
static int count_one(void *data, const struct edit *edit) {
        const struct model *model = data;

        for (unsigned i = 0; i < model->count; i++)
                if (model->told[i].is_there && model->told[i].id == edit->id)
                        return 0;
        ck_assert_msg(!model->under_way.is_done && model->under_way.deed == DEED_ACCEPT,
                      "edit %lld was not accepted", (long long)edit->id);
        check_edit_bytes(model->under_way.key, edit);
        return 0;
}

void model_check(const struct model *model, struct journal *journal) {
        struct model copy = *model;

        for (unsigned key = 0; key < model->count; key++) {
                check_edit(model, journal, key);
                check_secret(model, journal, key);
        }
        ck_assert_int_eq(journal_each(journal, ~0u, count_one, &copy), 0);
}
