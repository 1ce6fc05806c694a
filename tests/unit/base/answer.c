/* SPDX-License-Identifier: Apache-2.0 */
#include "base/source.h"

#include <pthread.h>

#include "base/text.h"
#include "tests/unit/unit.h"

static struct answer *answer_of(const char *const *ids, size_t count) {
        struct answer *answer;
        char body[32];

        ck_assert_int_eq(answer_new(&answer), 0);
        for (size_t i = 0; i < count; i++) {
                int len = snprintf(body, sizeof(body), "{\"n\":%zu}", i);

                ck_assert_int_eq(answer_add(answer, ids[i], body, (size_t)len), 0);
        }
        ck_assert_int_eq(answer_seal(answer), 0);
        return answer;
}

START_TEST(items_keep_their_order_and_are_found_by_id) {
        static const char *const ids[] = { "c", "a", "e", "b", "d" };
        struct answer *answer = answer_of(ids, ELEMENTSOF(ids));

        ck_assert_uint_eq(answer->count, ELEMENTSOF(ids));
        for (size_t i = 0; i < ELEMENTSOF(ids); i++) {
                ck_assert_str_eq(answer->items[i].id, ids[i]);
                ck_assert_ptr_eq(answer_find(answer, ids[i]), &answer->items[i]);
        }
        ck_assert_ptr_null(answer_find(answer, ""));
        ck_assert_ptr_null(answer_find(answer, "bb"));
        ck_assert_ptr_null(answer_find(answer, "z"));
        answer_unref(answer);
}
END_TEST

/* Pages that move while they are read bring an item twice: the first one counts. */
START_TEST(an_id_that_comes_twice_stays_once) {
        static const char *const ids[] = { "b", "a", "b", "c", "a", "b" };
        struct answer *answer = answer_of(ids, ELEMENTSOF(ids));

        ck_assert_uint_eq(answer->count, 3);
        ck_assert_str_eq(answer->items[0].id, "b");
        ck_assert_str_eq(answer->items[0].body, "{\"n\":0}");
        ck_assert_str_eq(answer->items[1].id, "a");
        ck_assert_str_eq(answer->items[1].body, "{\"n\":1}");
        ck_assert_str_eq(answer->items[2].id, "c");
        ck_assert_ptr_eq(answer_find(answer, "b"), &answer->items[0]);
        ck_assert_ptr_eq(answer_find(answer, "c"), &answer->items[2]);
        answer_unref(answer);
}
END_TEST

START_TEST(an_empty_answer_is_one) {
        struct answer *answer = answer_of(NULL, 0);

        ck_assert_uint_eq(answer->count, 0);
        ck_assert_ptr_null(answer_find(answer, "a"));
        answer_unref(answer);
}
END_TEST

START_TEST(sealing_again_changes_nothing) {
        static const char *const ids[] = { "b", "a", "b" };
        struct answer *answer = answer_of(ids, ELEMENTSOF(ids));

        ck_assert_int_eq(answer_seal(answer), 0);
        ck_assert_uint_eq(answer->count, 2);
        ck_assert_ptr_eq(answer_find(answer, "a"), &answer->items[1]);
        answer_unref(answer);
}
END_TEST

START_TEST(many_items_are_found) {
        struct answer *answer;
        char id[16];

        ck_assert_int_eq(answer_new(&answer), 0);
        for (int i = 0; i < 5000; i++) {
                (void)snprintf(id, sizeof(id), "%d", i * 7919 % 5000);
                ck_assert_int_eq(answer_add(answer, id, "{}", 2), 0);
        }
        ck_assert_int_eq(answer_seal(answer), 0);
        ck_assert_uint_eq(answer->count, 5000);
        for (int i = 0; i < 5000; i++) {
                (void)snprintf(id, sizeof(id), "%d", i);
                ck_assert_ptr_nonnull(answer_find(answer, id));
        }
        answer_unref(answer);
}
END_TEST

START_TEST(bodies_are_copied_and_terminated) {
        char text[] = "{\"a\":1}";
        struct json *json;
        struct answer *answer;

        ck_assert_int_eq(answer_new(&answer), 0);
        ck_assert_int_eq(answer_set_body(answer, text, 4), 0);
        ck_assert_int_eq(answer_set_body(answer, text, sizeof(text) - 1), 0);
        ck_assert_int_eq(json_parse(text, sizeof(text) - 1, &json, NULL), 0);
        ck_assert_int_eq(answer_add_json(answer, "x", json), 0);
        json_free(json);
        text[0] = 'x';
        ck_assert_str_eq(answer->body, "{\"a\":1}");
        ck_assert_uint_eq(answer->len, 7);
        ck_assert_str_eq(answer->items[0].body, "{\"a\":1}");
        ck_assert_int_eq(answer_set_body(answer, NULL, 0), 0);
        ck_assert_str_eq(answer->body, "");
        answer_unref(answer);
        ck_assert_ptr_null(answer_unref(NULL));
}
END_TEST

enum { ROUNDS = 20000 };

static void *take_and_drop(void *data) {
        struct answer *answer = data;

        for (int i = 0; i < ROUNDS; i++)
                answer_unref(answer_ref(answer));
        return NULL;
}

START_TEST(threads_share_an_answer) {
        struct answer *answer = answer_of(NULL, 0);
        pthread_t threads[4];

        for (size_t i = 0; i < ELEMENTSOF(threads); i++)
                ck_assert_int_eq(pthread_create(&threads[i], NULL, take_and_drop, answer), 0);
        for (size_t i = 0; i < ELEMENTSOF(threads); i++)
                ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert_uint_eq(atomic_load(&answer->refs), 1);
        answer_unref(answer);
}
END_TEST

static const struct call call = {
        .id = "showCluster",
        .service = "dws",
        .path = "/v1.0/{project_id}/clusters/{cluster_id}",
        .query = "limit=100&type={type}",
        .headers = "X-Engine: {engine_id}",
};

static char *key_of(const struct call *of, const struct param *params, size_t count) {
        struct request request = { .call = of, .params = params, .n_params = count };
        struct buf key = BUF_INIT(0);

        ck_assert_int_eq(request_key(&request, &key), 0);
        return buf_steal(&key, NULL);
}

START_TEST(a_key_tells_requests_apart) {
        static const struct param base[] = { { "project_id", "p" }, { "cluster_id", "c" } };
        static const struct param other[] = { { "project_id", "p" }, { "cluster_id", "d" } };
        static const struct param region[] = { { "project_id", "p" },
                                               { "cluster_id", "c" },
                                               { "region", "r" } };
        static const struct param query[] = { { "project_id", "p" },
                                              { "cluster_id", "c" },
                                              { "type", "t" } };
        static const struct param header[] = { { "project_id", "p" },
                                               { "cluster_id", "c" },
                                               { "engine_id", "e" } };
        struct call renamed = call, moved = call;
        char *keys[7];

        renamed.id = "listClusters";
        moved.service = "cse";
        keys[0] = key_of(&call, base, 2);
        keys[1] = key_of(&call, other, 2);
        keys[2] = key_of(&call, region, 3);
        keys[3] = key_of(&call, query, 3);
        keys[4] = key_of(&call, header, 3);
        keys[5] = key_of(&renamed, base, 2);
        keys[6] = key_of(&moved, base, 2);
        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                for (size_t j = 0; j < i; j++)
                        ck_assert_str_ne(keys[i], keys[j]);
        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                free(keys[i]);
}
END_TEST

/* Values that contain what separates values must not look like two. */
START_TEST(a_key_cannot_be_forged_by_a_value) {
        static const struct param one[] = { { "project_id", "p;10:cluster_id=1:c" },
                                            { "cluster_id", "" } };
        static const struct param two[] = { { "project_id", "p" }, { "cluster_id", "c" } };
        char *first = key_of(&call, one, 2), *second = key_of(&call, two, 2);

        ck_assert_str_ne(first, second);
        free(first);
        free(second);
}
END_TEST

START_TEST(a_key_ignores_order_and_what_the_call_does_not_use) {
        static const struct param one[] = { { "cluster_id", "c" },
                                            { "unused", "x" },
                                            { "project_id", "p" } };
        static const struct param two[] = { { "project_id", "p" }, { "cluster_id", "c" } };
        char *first = key_of(&call, one, 3), *second = key_of(&call, two, 2);

        ck_assert_str_eq(first, second);
        free(first);
        free(second);
}
END_TEST

/* The list of projects is the same below each of them. */
START_TEST(a_key_of_the_whole_account_ignores_the_place) {
        static const struct call global = { .id = "listProjects",
                                            .service = "iam",
                                            .path = "/v3/projects",
                                            .scope = SCOPE_DOMAIN };
        static const struct param here[] = { { "region", "r" }, { "project_id", "p" } };
        char *first = key_of(&global, here, 2), *second = key_of(&global, NULL, 0);

        ck_assert_str_eq(first, second);
        free(first);
        free(second);
}
END_TEST

/* What an engine's server answers is its own; the list of engines is the same below each one. */
START_TEST(a_key_has_the_engine_where_it_matters) {
        static const struct param params[] = { { "project_id", "p" }, { "engine_id", "e" } };
        struct call of_project = { .id = "listEngines", .service = "cse", .path = "/engines" };
        struct call of_engine = of_project;
        char *keys[4];

        of_engine.scope = SCOPE_ENGINE;
        keys[0] = key_of(&of_project, params, 1);
        keys[1] = key_of(&of_project, params, 2);
        keys[2] = key_of(&of_engine, params, 1);
        keys[3] = key_of(&of_engine, params, 2);
        ck_assert_str_eq(keys[0], keys[1]);
        ck_assert_str_ne(keys[2], keys[3]);
        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                free(keys[i]);
}
END_TEST

START_TEST(parameters_are_found_by_name) {
        static const struct param params[] = { { "a", "1" }, { "b", "2" } };
        struct request request = { .params = params, .n_params = 2 };

        ck_assert_str_eq(request_param(&request, "b"), "2");
        ck_assert_ptr_null(request_param(&request, "c"));
        ck_assert_str_eq(method_name(METHOD_GET), "GET");
        ck_assert_str_eq(method_name(METHOD_DELETE), "DELETE");
}
END_TEST

/* A source that can only be read, for the wrappers. */
static int fetch(struct source *source, struct op *op, const struct request *request,
                 struct answer **ret) {
        (void)source, (void)op, (void)request;
        return answer_new(ret);
}

static int freed;

static void note_free(struct source *source) {
        (void)source;
        freed++;
}

START_TEST(a_source_without_send_and_seen_says_so) {
        static const struct source_ops ops = { .fetch = fetch, .free = note_free };
        struct source source = { .ops = &ops };
        struct request request = { .call = &call };
        struct answer *answer;
        int64_t seen;
        struct op op;

        op_init(&op, OP_INTERACTIVE, 0);
        ck_assert_int_eq(source_fetch(&source, &op, &request, &answer), 0);
        answer_unref(answer);
        ck_assert_int_eq(source_send(&source, &op, &request, &answer), -EROFS);
        ck_assert_str_ne(op.fault.reason, "");
        ck_assert_int_eq(source_seen(&source, "key", 1, 1, &seen), -EOPNOTSUPP);
        ck_assert_ptr_null(source_free(&source));
        ck_assert_ptr_null(source_free(NULL));
        ck_assert_int_eq(freed, 1);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "find", items_keep_their_order_and_are_found_by_id, 0 },
                { "repeated", an_id_that_comes_twice_stays_once, 0 },
                { "empty", an_empty_answer_is_one, 0 },
                { "sealed-twice", sealing_again_changes_nothing, 0 },
                { "many", many_items_are_found, 0 },
                { "bodies", bodies_are_copied_and_terminated, 0 },
                { "threads", threads_share_an_answer, 0 },
                { "key", a_key_tells_requests_apart, 0 },
                { "key-forged", a_key_cannot_be_forged_by_a_value, 0 },
                { "key-order", a_key_ignores_order_and_what_the_call_does_not_use, 0 },
                { "key-global", a_key_of_the_whole_account_ignores_the_place, 0 },
                { "key-engine", a_key_has_the_engine_where_it_matters, 0 },
                { "params", parameters_are_found_by_name, 0 },
                { "source", a_source_without_send_and_seen_says_so, 0 },
                {},
        };

        return unit_main("answer", cases);
}
