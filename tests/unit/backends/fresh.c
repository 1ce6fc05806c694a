/* SPDX-License-Identifier: Apache-2.0 */
/* How long documents serve, what can be followed or confirmed, and what is told of answers. */
#include "backends/view.h"
#include "base/stamp.h"
#include "base/text.h"
#include "tests/unit/backends/example.h"
#include "tests/unit/unit.h"

static struct example_source example;
static struct view *view;
static struct op op;
static const char *state; /* of the warehouse */
static int (*fetch_example)(struct source *source, struct op *op, const struct request *request,
                            struct answer **ret);

static struct json *parse(const char *text) {
        struct json *json = NULL;

        ck_assert_int_eq(json_parse(text, strlen(text), &json, NULL), 0);
        return json;
}

static struct json *answer_of(const struct request *request) {
        _cleanup_(freep) char *text = NULL;

        if (text_eq(request->call->id, "listProjects"))
                return parse("{\"projects\":[{\"id\":\"p1\",\"name\":\"cn-north-4\","
                             "\"domain_id\":\"d\"}]}");
        if (text_eq(request->call->id, "listClusters")) {
                ck_assert_int_ge(asprintf(&text,
                                          "{\"clusters\":[{\"id\":\"c1\",\"name\":\"wh\","
                                          "\"status\":\"%s\"}]}",
                                          state),
                                 0);
                return parse(text);
        }
        if (text_eq(request->call->id, "showCluster")) {
                ck_assert_int_ge(asprintf(&text,
                                          "{\"cluster\":{\"id\":\"c1\",\"name\":\"wh\","
                                          "\"status\":\"%s\"}}",
                                          state),
                                 0);
                return parse(text);
        }
        return NULL;
}

/* As a source that remembers: whatever is wanted is at hand. */
static int remember(struct source *source, struct op *ask, const struct request *request,
                    struct answer **ret) {
        struct request any = *request;

        any.reach = REACH_ANY;
        return fetch_example(source, ask, &any, ret);
}

static void begin(enum account_type type) {
        static struct source_ops ops;

        example_init(&example);
        fetch_example = example.source.ops->fetch;
        ops = *example.source.ops;
        ops.fetch = remember;
        example.source.ops = &ops;
        example.answer_of = answer_of;
        op_init(&op, OP_INTERACTIVE, 0);
        ck_assert_int_eq(view_new(&(struct view_options){ .account = "acme", .type = type },
                                  &example.source, &view),
                         0);
}

static void end(void) {
        view = view_free(view);
        example_done(&example);
}

/* The place at a path, as a reference. */
static struct place *at(const char *path) {
        struct place *place = place_ref(view_root(view));
        const char *step;
        size_t len;

        while (text_word(&path, "/", &step, &len)) {
                _cleanup_(listing_unrefp) struct listing *listing = NULL;
                _cleanup_(freep) char *name = strndup(step, len);
                const struct entry *entry;

                ck_assert_msg(view_list(view, &op, place, &listing) == 0, "%s: %s", name,
                              op.fault.reason);
                entry = listing_find(listing, name);
                ck_assert_msg(entry, "no %s", name);
                (void)place_unref(place);
                place = place_ref(entry->place);
        }
        return place;
}

/* For how long does a document serve that is read now? */
static int64_t serves_ms(const char *path) {
        _cleanup_(document_unrefp) struct document *document = NULL;
        _cleanup_(place_unrefp) struct place *place = at(path);

        ck_assert_msg(view_read(view, &op, place, &document) == 0, "%s", op.fault.reason);
        return document->fresh_until_ms - stamp_monotonic_ms();
}

START_TEST(what_is_in_a_transition_is_read_again_soon) {
        static const char *const files[] = { "cluster.json", "status.json" };

        for (size_t i = 0; i < ELEMENTSOF(files); i++) {
                char path[64];

                (void)snprintf(path, sizeof(path), "cn-north-4/dws/clusters/wh/%s", files[i]);
                begin(ACCOUNT_CLOUD);
                state = "CREATING";
                ck_assert_int_le(serves_ms(path), 5000);
                end();
                begin(ACCOUNT_CLOUD);
                state = "AVAILABLE";
                ck_assert_int_gt(serves_ms(path), 50000);
                end();
                begin(ACCOUNT_CLOUD);
                state = "A WORD THAT NOBODY KNOWS";
                ck_assert_int_gt(serves_ms(path), 50000);
                end();
        }
}
END_TEST

START_TEST(configurations_can_be_followed) {
        static const struct {
                const char *path;
                bool has_feed, confirms;
        } rows[] = { { "config", true, true }, { "registry", false, false } };

        begin(ACCOUNT_SERVICECOMB);
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(place_unrefp) struct place *place = at(rows[i].path);
                _cleanup_(freep) char *revision = NULL;

                ck_assert(view_has_feed(place) == rows[i].has_feed);
                ck_assert(view_confirms(place) == rows[i].confirms);
                /* A source that remembers nothing cannot tell what is news. */
                ck_assert_int_eq(view_watch(view, &op, place, 30, &revision), -EOPNOTSUPP);
        }
        end();
}
END_TEST

START_TEST(an_explanation_names_each_answer_once) {
        _cleanup_(json_freep) struct json *told = NULL;
        _cleanup_(place_unrefp) struct place *place = NULL;

        begin(ACCOUNT_CLOUD);
        state = "AVAILABLE";
        place = at("cn-north-4/dws/clusters/wh/cluster.json");
        ck_assert_int_eq(view_explain(view, &op, place, &told), 0);
        ck_assert_uint_eq(json_count(told), 1);
        ck_assert_str_eq(json_string(told, "/0/call"), "showCluster");
        ck_assert_str_eq(json_string(told, "/0/service"), "dws");
        ck_assert_str_eq(json_string(told, "/0/method"), "GET");
        ck_assert_str_eq(json_string(told, "/0/target"), "/v1.0/p1/clusters/c1");
        end();
}
END_TEST

START_TEST(a_probe_is_one_call) {
        begin(ACCOUNT_CLOUD);
        ck_assert_int_eq(view_probe(view, &op), 0);
        ck_assert_uint_eq(example.fetches, 1);
        end();
        begin(ACCOUNT_SERVICECOMB);
        ck_assert_int_eq(view_probe(view, &op), 0);
        ck_assert_uint_eq(example.fetches, 1);
        end();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { .name = "busy", .test = what_is_in_a_transition_is_read_again_soon },
                { .name = "feeds", .test = configurations_can_be_followed },
                { .name = "explain", .test = an_explanation_names_each_answer_once },
                { .name = "probe", .test = a_probe_is_one_call },
                {},
        };

        return unit_main("fresh", cases);
}
