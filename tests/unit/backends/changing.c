/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/backends/changing.h"

#include <check.h>

#include "backends/place.h"
#include "base/text.h"

enum { ANSWERS_MAX = 48, TOLD_MAX = 1024 };

struct stored {
        const char *id;
        const char *json;
};

struct told {
        char *method, *target, *body;
};

static struct {
        struct example_source example;
        struct view *view;
        struct op op;
        struct stored answers[ANSWERS_MAX];
        size_t n_answers;
        struct stored then;
        struct told told[TOLD_MAX];
        size_t n_told, n_after, next;
        int error, status;
        unsigned skip;
        bool is_unknown;
        const char *reply;
        struct change_result result;
} now;

const struct view_options changing_account = {
        .account = "acme",
        .type = ACCOUNT_CLOUD,
        .access = ACCESS_READ_WRITE,
        .allow_delete = ALLOW_ALL,
        .allow_create = ALLOW_ALL,
};

static struct json *parse(const char *text) {
        struct json *json = NULL;

        ck_assert_msg(json_parse(text, strlen(text), &json, NULL) == 0, "no JSON: %s", text);
        return json;
}

/* A project whose region is known; all else by its example unless a test says so. */
static struct json *answer_of(const struct request *request) {
        for (size_t i = now.n_answers; i-- > 0;)
                if (text_eq(now.answers[i].id, request->call->id))
                        return parse(now.answers[i].json);
        if (text_eq(request->call->id, "listProjects"))
                return parse("{\"projects\":[{\"id\":\"p1\",\"name\":\"cn-north-4\","
                             "\"domain_id\":\"d\"}]}");
        return NULL;
}

static int before(void *data, struct op *op, const struct op_step *step) {
        struct told *told = &now.told[now.n_told++];

        (void)data;
        (void)op;
        ck_assert_uint_le(now.n_told, TOLD_MAX);
        *told = (struct told){ .method = strdup(step->method),
                               .target = strdup(step->target),
                               .body = step->body ? strndup(step->body, step->body_len) : NULL };
        return 0;
}

static void after(void *data, struct op *op, const struct op_step *step, int result) {
        (void)data;
        (void)op;
        (void)step;
        (void)result;
        now.n_after++;
}

static int send_result(struct op *op, const struct request *request, const char **ret_body) {
        (void)request;
        if (now.then.id) {
                changing_answer(now.then.id, now.then.json);
                now.then = (struct stored){ 0 };
        }
        if (now.error && now.skip-- == 0) {
                now.skip = 0;
                (void)op_fail_answer(op, now.error, now.status, NULL, NULL, "as the test wants");
                op->fault.is_unknown = now.is_unknown;
                return -now.error;
        }
        *ret_body = now.reply;
        return 0;
}

void changing_begin(const struct view_options *options) {
        static const struct op_watch watch = { .before = before, .after = after };

        memset(&now, 0, sizeof(now));
        example_init(&now.example);
        now.example.answer_of = answer_of;
        now.example.send_result = send_result;
        op_init(&now.op, OP_INTERACTIVE, 0);
        now.op.watch = &watch;
        ck_assert_int_eq(view_new(options, &now.example.source, &now.view), 0);
}

void changing_end(void) {
        change_result_done(&now.result);
        for (size_t i = 0; i < now.n_told; i++) {
                free(now.told[i].method);
                free(now.told[i].target);
                free(now.told[i].body);
        }
        example_done(&now.example);
        now.view = view_free(now.view);
}

void changing_answer(const char *id, const char *json) {
        ck_assert_uint_lt(now.n_answers, ANSWERS_MAX);
        now.answers[now.n_answers++] = (struct stored){ id, json };
}

void changing_missing(const char *id) {
        now.example.missing = id;
}

void changing_fail(unsigned skip, int error, int status, bool is_unknown) {
        now.skip = skip;
        now.error = error;
        now.status = status;
        now.is_unknown = is_unknown;
}

void changing_reply(const char *body) {
        now.reply = body;
}

void changing_then(const char *id, const char *json) {
        now.then = (struct stored){ id, json };
}

void changing_plan_only(void) {
        now.op.plan_only = true;
}

unsigned changing_fetches(void) {
        return now.example.fetches;
}

struct view *changing_view(void) {
        return now.view;
}

struct op *changing_op(void) {
        return &now.op;
}

/* The place at a path; the caller drops it. Names that are not listed are asked for, and levels
 * that are not there are made. */
static struct place *place_at(const char *path) {
        struct place *place = place_ref(view_root(now.view));
        const char *step;
        size_t len;

        while (text_word(&path, "/", &step, &len)) {
                _cleanup_(listing_unrefp) struct listing *listing = NULL;
                _cleanup_(freep) char *name = strndup(step, len);
                const struct entry *found;
                struct entry made = { 0 };

                op_clear(&now.op);
                ck_assert_msg(view_list(now.view, &now.op, place, &listing) == 0, "%s: %s", name,
                              now.op.fault.reason);
                found = listing_find(listing, name);
                if (!found && (view_find(now.view, &now.op, place, name, &made) == 0 ||
                               view_level(now.view, &now.op, place, name, &made) == 0))
                        found = &made;
                ck_assert_msg(found, "no %s: %s", name, now.op.fault.reason);
                (void)place_unref(place);
                place = place_ref(found->place);
                entry_done(&made);
        }
        op_clear(&now.op);
        return place;
}

unsigned changing_abilities(const char *path) {
        _cleanup_(place_unrefp) struct place *place = place_at(path);

        return view_abilities(now.view, place);
}

int changing_save(const char *path, const char *base, const char *text) {
        _cleanup_(place_unrefp) struct place *place = place_at(path);

        change_result_done(&now.result);
        return view_save(now.view, &now.op, place, base, base ? strlen(base) : 0, text,
                         strlen(text), &now.result);
}

int changing_create_with(const char *directory, const char *name, const char *text,
                         const struct change_secret *secrets, size_t n_secrets) {
        _cleanup_(place_unrefp) struct place *place = place_at(directory);

        change_result_done(&now.result);
        return view_create(now.view, &now.op, place, name, text, text ? strlen(text) : 0, secrets,
                           n_secrets, &now.result);
}

int changing_create(const char *directory, const char *name, const char *text) {
        return changing_create_with(directory, name, text, NULL, 0);
}

int changing_remove(const char *path) {
        _cleanup_(place_unrefp) struct place *place = place_at(path);

        change_result_done(&now.result);
        return view_remove(now.view, &now.op, place, false, &now.result);
}

int changing_pay_removal(const char *path) {
        _cleanup_(place_unrefp) struct place *place = place_at(path);

        return view_pay_removal(now.view, &now.op, place);
}

void changing_refund_removal(const char *path) {
        _cleanup_(place_unrefp) struct place *place = place_at(path);

        view_refund_removal(now.view, place);
}

int changing_remove_paid(const char *path) {
        _cleanup_(place_unrefp) struct place *place = place_at(path);

        change_result_done(&now.result);
        return view_remove(now.view, &now.op, place, true, &now.result);
}

int changing_act(const char *path, const char *text) {
        _cleanup_(place_unrefp) struct place *place = place_at(path);

        change_result_done(&now.result);
        return view_act(now.view, &now.op, place, text, strlen(text), &now.result);
}

int changing_link(const char *directory, const char *name, const char *target) {
        _cleanup_(place_unrefp) struct place *to = place_at(target);
        _cleanup_(place_unrefp) struct place *place = place_at(directory);

        change_result_done(&now.result);
        return view_link(now.view, &now.op, place, name, to, &now.result);
}

int changing_unlink(const char *path) {
        _cleanup_(place_unrefp) struct place *place = place_at(path);

        change_result_done(&now.result);
        return view_unlink(now.view, &now.op, place, &now.result);
}

int changing_rename(const char *path, const char *directory, const char *name) {
        _cleanup_(place_unrefp) struct place *to = place_at(directory);
        _cleanup_(place_unrefp) struct place *place = place_at(path);

        change_result_done(&now.result);
        return view_rename(now.view, &now.op, place, to, name, &now.result);
}

int changing_level(const char *directory, const char *name) {
        _cleanup_(place_unrefp) struct place *place = place_at(directory);
        struct entry entry = { 0 };
        int r = view_level(now.view, &now.op, place, name, &entry);

        entry_done(&entry);
        return r;
}

char *changing_read(const char *path) {
        _cleanup_(place_unrefp) struct place *place = place_at(path);
        _cleanup_(document_unrefp) struct document *document = NULL;

        ck_assert_msg(view_read(now.view, &now.op, place, &document) == 0, "%s: %s", path,
                      now.op.fault.reason);
        return strdup(document->data);
}

char *changing_draft(const char *directory, const char *name) {
        _cleanup_(place_unrefp) struct place *place = place_at(directory);
        struct draft draft = { 0 };
        char *text;

        ck_assert_msg(view_draft(now.view, &now.op, place, name, &draft) == 0, "%s: %s", name,
                      now.op.fault.reason);
        text = strdup(draft.text);
        draft_done(&draft);
        return text;
}

const char *changing_reason(void) {
        return now.op.fault.reason;
}

const struct change_result *changing_result(void) {
        return &now.result;
}

static void same_json(const char *what, const char *got, const char *wanted) {
        _cleanup_(json_freep) struct json *a = NULL;
        _cleanup_(json_freep) struct json *b = NULL;

        ck_assert_msg(!got == !wanted, "%s: got %s, wanted %s", what, got ? got : "no body",
                      wanted ? wanted : "no body");
        if (!got)
                return;
        a = parse(got);
        b = parse(wanted);
        ck_assert_msg(json_equal(a, b), "%s: got %s, wanted %s", what, got, wanted);
}

void changing_sent(const char *method, const char *target, const char *body) {
        const struct told *told = &now.told[now.next];
        const struct example_sent *sent = &now.example.sent[now.next];

        ck_assert_msg(now.next < now.n_told, "nothing more was sent, wanted %s %s (%s)", method,
                      target, now.op.fault.reason);
        now.next++;
        ck_assert_str_eq(told->method, method);
        ck_assert_str_eq(told->target, target);
        if (now.op.plan_only) {
                same_json(target, told->body, body);
                return;
        }
        ck_assert_uint_le(now.next, now.example.n_sent);
        ck_assert_str_eq(method_name(sent->call->method), method);
        ck_assert_str_eq(sent->target, target);
        same_json(target, sent->body, body);
}

void changing_header(const char *line) {
        ck_assert_uint_gt(now.next, 0);
        ck_assert_msg(strstr(now.example.sent[now.next - 1].headers, line), "no %s in: %s", line,
                      now.example.sent[now.next - 1].headers);
}

void changing_told(const char *body) {
        ck_assert_uint_gt(now.next, 0);
        same_json("told", now.told[now.next - 1].body, body);
}

void changing_nothing(void) {
        ck_assert_msg(now.next == now.n_told, "sent as well: %s %s %s", now.told[now.next].method,
                      now.told[now.next].target,
                      now.told[now.next].body ? now.told[now.next].body : "");
        if (now.op.plan_only)
                ck_assert_uint_eq(now.example.n_sent, 0);
        else
                ck_assert_uint_eq(now.example.n_sent, now.n_told);
}
