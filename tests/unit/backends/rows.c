/* SPDX-License-Identifier: Apache-2.0 */
/* Every row of the tables against the contract: operations, methods, paths, placeholders, and the
 * pointers in the contract's own examples. */
#include <strings.h>

#include "backends/index.h"
#include "backends/records.h"
#include "backends/rows.h"
#include "base/text.h"
#include "tests/unit/backends/example.h"
#include "tests/unit/unit.h"

/* Calls visit() for each kind of a service's tree. */
static void each_kind(const struct place_row *row, unsigned depth,
                      void (*visit)(const struct kind *kind)) {
        ck_assert_uint_lt(depth, 16);
        for (const struct child *child = row->children; child && (child->kind || child->row);
             child++) {
                if (child->kind) {
                        visit(child->kind);
                        each_kind(&child->kind->content, depth + 1, visit);
                } else {
                        each_kind(child->row, depth + 1, visit);
                }
        }
}

static void check_call(const struct call *call) {
        const char *method, *path;
        struct json *operation;

        if (!call)
                return;
        operation = contract_operation(call->service, call->id, &method, &path);
        ck_assert_msg(operation, "%s of %s is not in the contract", call->id, call->service);
        ck_assert_msg(strcasecmp(method, method_name(call->method)) == 0, "method of %s", call->id);
        ck_assert_msg(text_eq(path, call->path), "path of %s: %s", call->id, call->path);
        ck_assert_msg(!call->items || call->key || call->split, "%s: a list without a key",
                      call->id);
        ck_assert_msg(call->paging == PAGING_NONE || call->page_size, "%s: pages without a size",
                      call->id);
        ck_assert_msg(!call->revision_query ||
                              (strstr(call->revision_query, "{}") && call->revision_header &&
                               call->paging == PAGING_NONE && !call->also),
                      "%s: a revision that does not stand for the whole answer", call->id);
        ck_assert_msg(!call->wait_query || (strstr(call->wait_query, "{}") && call->revision_query),
                      "%s: waits without a revision", call->id);
        ck_assert_msg(call->method == METHOD_GET || call->risk != RISK_READ ||
                              call->repeat == REPEAT_SAFE,
                      "%s: a read that may not be repeated", call->id);
}

/* Each name in the fixed part of a query must be one that the contract lists. */
static void check_query(const struct call *call) {
        const char *method, *path, *pair, *cursor = call && call->query ? call->query : "";
        size_t len;

        while (text_word(&cursor, "&", &pair, &len)) {
                struct json *document = contract_document(call->service);
                struct json *parameters = json_at(
                        contract_operation(call->service, call->id, &method, &path), "/parameters");
                size_t name_len = strcspn(pair, "=");
                bool found = false;

                for (size_t i = 0; i < json_count(parameters); i++) {
                        struct json *parameter = json_item(parameters, i);
                        const char *reference = json_string(parameter, "/$ref"), *name;

                        if (reference)
                                parameter = json_at(document, reference + 1);
                        name = json_string(parameter, "/name");
                        found |= text_eq(json_string(parameter, "/in"), "query") && name &&
                                 strlen(name) == name_len && strncmp(name, pair, name_len) == 0;
                }
                ck_assert_msg(found, "%s: unknown query parameter in %s", call->id, call->query);
        }
}

static void check_kind_calls(const struct kind *kind) {
        const struct call *calls[] = { kind->list, kind->get, kind->sweep,
                                       kind->list ? kind->list->also : NULL,
                                       kind->list ? kind->list->otherwise : NULL };

        for (size_t i = 0; i < ELEMENTSOF(calls); i++) {
                check_call(calls[i]);
                check_query(calls[i]);
        }
        for (const struct file *file = kind->content.files; file && file->name; file++) {
                check_call(file->call);
                check_query(file->call);
                ck_assert_msg((file->from == FROM_CALL) == (file->call != NULL), "%s/%s",
                              kind->name, file->name);
        }
        ck_assert_msg(kind->list, "%s has no list", kind->name);
        ck_assert_msg(!kind->filter == !kind->filter_param || kind->owner, "%s: half a filter",
                      kind->name);
}

START_TEST(calls_are_those_of_the_contract) {
        for (const struct service *const *service = services; *service; service++) {
                each_kind(&(*service)->content, 0, check_kind_calls);
                for (const struct call *const *call = (*service)->calls; call && *call; call++)
                        check_call(*call);
                for (const struct file *file = (*service)->content.files; file && file->name;
                     file++) {
                        check_call(file->call);
                        check_query(file->call);
                }
        }
        check_kind_calls(&microservice);
        check_kind_calls(&configuration);
        check_call(&create_engine_token);
}
END_TEST

static bool is_time(const struct timespec *time) {
        return time->tv_sec > 0;
}

/* The contract's example must yield items with ids, names and the times that the row names. */
static void check_example(const struct kind *kind) {
        static const char *const untimed[] = {
                "data-source", /* the example has no updated, maybe no created */
                NULL,
        };
        _cleanup_(answer_unrefp) struct answer *answer = NULL;
        _cleanup_(index_unrefp) struct index *index = NULL;
        struct example_source example;
        struct request request = { .call = kind->list };
        bool may_lack_times = false;
        struct op op;

        if (!contract_example(kind->list->service, kind->list->id))
                return;
        example_init(&example);
        op_init(&op, OP_INTERACTIVE, 0);
        ck_assert_int_eq(source_fetch(&example.source, &op, &request, &answer), 0);
        ck_assert_msg(answer->count > 0, "%s: no items in the example of %s", kind->name,
                      kind->list->id);
        ck_assert_int_eq(index_new(&op, kind, answer, &index), 0);
        for (const char *const *name = untimed; *name; name++)
                may_lack_times |= text_eq(*name, kind->name);
        for (size_t i = 0; i < index->count; i++) {
                const struct index_row *row = index->rows[i];

                ck_assert_msg(*row->id || kind->unnamed, "%s: no id", kind->name);
                ck_assert_msg(*row->name, "%s: no name", kind->name);
                if (kind->modified && !kind->get && !may_lack_times)
                        ck_assert_msg(is_time(&row->modified), "%s: no time in the example",
                                      kind->name);
        }
}

START_TEST(examples_have_ids_names_and_times) {
        for (const struct service *const *service = services; *service; service++)
                each_kind(&(*service)->content, 0, check_example);
        check_example(&microservice);
        check_example(&configuration);
}
END_TEST

/* Every placeholder of a call is a parameter that the place, its item or a level gives. */
static const char *known_params[64];
static size_t n_known;

static bool is_known(const char *name, size_t len) {
        static const char *const given[] = {
                "project_id", "services",           "service_name",
                "service",    "enterprise_project", "logical_cluster"
        };

        for (size_t i = 0; i < n_known; i++)
                if (strlen(known_params[i]) == len && strncmp(known_params[i], name, len) == 0)
                        return true;
        for (size_t i = 0; i < ELEMENTSOF(given); i++)
                if (strlen(given[i]) == len && strncmp(given[i], name, len) == 0)
                        return true;
        return false;
}

static void check_placeholders(const struct call *call, const char *where) {
        const char *open = call ? call->path : "";

        while ((open = strchr(open, '{'))) {
                size_t len = strcspn(open + 1, "}");

                ck_assert_msg(is_known(open + 1, len), "%s: no parameter {%.*s} for %s", where,
                              (int)len, open + 1, call->id);
                open++;
        }
}

static void check_row(const struct place_row *row, const char *where, unsigned depth) {
        ck_assert_uint_lt(depth, 16);
        for (const struct file *file = row->files; file && file->name; file++)
                check_placeholders(file->call, where);
        for (const struct child *child = row->children; child && (child->kind || child->row);
             child++) {
                size_t before = n_known;

                if (child->row) {
                        check_row(child->row, where, depth + 1);
                        continue;
                }
                check_placeholders(child->kind->list, child->kind->name);
                for (const char *const *p = child->kind->level_params; p && *p; p++)
                        known_params[n_known++] = *p;
                for (const char *const *p = child->kind->params; p && *p; p++)
                        known_params[n_known++] = *p;
                check_placeholders(child->kind->get, child->kind->name);
                check_row(&child->kind->content, child->kind->name, depth + 1);
                n_known = before;
        }
}

START_TEST(placeholders_have_parameters) {
        check_row(&iam_service.content, "account", 0);
}
END_TEST

/* Each operation of the contract of our services once, with a place or a reason; none invented. */
START_TEST(operations_are_complete) {
        static const char *const names[] = { "iam", "dws", "ucs", "cse", "servicecomb", "ems" };
        _cleanup_(json_freep) struct json *operations = NULL;
        size_t total = 0;

        ck_assert_int_eq(view_operations(&operations), 0);
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                struct json_cursor path = { 0 };

                while (json_next(json_at(contract_document(names[i]), "/paths"), &path)) {
                        struct json_cursor method = { 0 };

                        while (json_next(path.value, &method)) {
                                const char *id = json_string(method.value, "/operationId");
                                size_t found = 0;

                                for (size_t j = 0; id && j < json_count(operations); j++) {
                                        struct json *row = json_item(operations, j);

                                        found += text_eq(json_string(row, "/operationId"), id) &&
                                                 text_eq(json_string(row, "/service"), names[i]) &&
                                                 text_eq(json_string(row, "/path"), path.name);
                                }
                                total += id != NULL;
                                ck_assert_msg(!id || found == 1, "%s %s: %zu times", names[i], id,
                                              found);
                        }
                }
        }
        ck_assert_uint_eq(json_count(operations), total);
        for (size_t j = 0; j < json_count(operations); j++) {
                struct json *row = json_item(operations, j);

                ck_assert(!text_is_empty(json_string(row, "/tree")) !=
                          !text_is_empty(json_string(row, "/reason")));
        }
}
END_TEST

/* Files that are made of an answer, and links that lead where it says. */
START_TEST(operations_name_links) {
        _cleanup_(json_freep) struct json *operations = NULL;
        const char *tree = NULL;

        ck_assert_int_eq(view_operations(&operations), 0);
        for (size_t i = 0; i < json_count(operations); i++)
                if (text_eq(json_string(json_item(operations, i), "/service"), "dws") &&
                    text_eq(json_string(json_item(operations, i), "/operationId"), "showCluster"))
                        tree = json_string(json_item(operations, i), "/tree");
        ck_assert_ptr_nonnull(tree);
        ck_assert_msg(strstr(tree, "/<cluster>/cluster.json, "), "%s", tree);
        ck_assert_msg(strstr(tree, "/<cluster>/elb, "), "%s", tree);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { .name = "calls are those of the contract",
                  .test = calls_are_those_of_the_contract },
                { .name = "examples have ids, names and times",
                  .test = examples_have_ids_names_and_times },
                { .name = "placeholders have parameters", .test = placeholders_have_parameters },
                { .name = "operations are complete", .test = operations_are_complete },
                { .name = "operations name links", .test = operations_name_links },
                {},
        };

        return unit_main("rows", cases);
}
