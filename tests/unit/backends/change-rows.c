/* SPDX-License-Identifier: Apache-2.0 */
/* Every row of a change against the contract: its calls, their queries and addresses, its
 * templates. */
#include <strings.h>

#include "backends/rows.h"
#include "backends/view.h"
#include "base/kind-change.h"
#include "base/text.h"
#include "tests/unit/backends/example.h"
#include "tests/unit/unit.h"

/* The parameters that a place's rows give, of this place and those above it; `=` ends a name. */
static const char *known[128];
static size_t n_known;

static bool is_among(const char *name, size_t len, const char *const *rows) {
        for (; rows && *rows; rows++)
                if (strncmp(*rows, name, len) == 0 && (*rows)[len] == '=')
                        return true;
        return false;
}

static bool is_known(const char *name, size_t len, const char *const *params) {
        for (size_t i = 0; i < n_known; i++)
                if (strncmp(known[i], name, len) == 0 && strcspn(known[i], "=") == len)
                        return true;
        return is_among(name, len, params);
}

static struct json *parameter_of(struct json *document, struct json *operation, const char *name,
                                 size_t len) {
        struct json *parameters = json_at(operation, "/parameters");

        for (size_t i = 0; i < json_count(parameters); i++) {
                struct json *parameter = json_item(parameters, i);
                const char *reference = json_string(parameter, "/$ref"), *found;

                if (reference)
                        parameter = json_at(document, reference + 1);
                found = json_string(parameter, "/name");
                if (found && strlen(found) == len && strncmp(found, name, len) == 0)
                        return parameter;
        }
        return NULL;
}

static void check_query(const struct call *call, struct json *operation) {
        const char *cursor = call->query ? call->query : "", *pair;
        size_t len;

        while (text_word(&cursor, "&", &pair, &len))
                ck_assert_msg(parameter_of(contract_document(call->service), operation, pair,
                                           strcspn(pair, "=")),
                              "%s: unknown query parameter in %s", call->id, call->query);
}

/* Parameters that the contract demands must be in the row's query or headers. */
static void check_demanded(const struct call *call, struct json *operation) {
        struct json *parameters = json_at(operation, "/parameters");

        for (size_t i = 0; i < json_count(parameters); i++) {
                struct json *parameter = json_item(parameters, i);
                const char *reference = json_string(parameter, "/$ref"), *name, *place;

                if (reference)
                        parameter = json_at(contract_document(call->service), reference + 1);
                name = json_string(parameter, "/name");
                place = json_string(parameter, "/in");
                if (!json_is_true(parameter, "/required") || text_eq(place, "path"))
                        continue;
                if (text_eq(place, "query"))
                        ck_assert_msg(call->query && strstr(call->query, name), "%s lacks %s",
                                      call->id, name);
                else if (strcasecmp(name, "x-engine-id") == 0 ||
                         strcasecmp(name, "X-Enterprise-Project-ID") == 0)
                        ck_assert_msg(call->headers && strcasestr(call->headers, name),
                                      "%s lacks %s", call->id, name);
        }
}

static void check_call(const struct call *call, const char *where, const char *const *params) {
        const char *method, *path, *open;
        struct json *operation;

        if (call->extension)
                return;
        operation = contract_operation(call->service, call->id, &method, &path);
        ck_assert_msg(operation, "%s: %s is not in the contract", where, call->id);
        ck_assert_msg(strcasecmp(method, method_name(call->method)) == 0, "method of %s", call->id);
        ck_assert_msg(text_eq(path, call->path), "path of %s: %s", call->id, call->path);
        check_query(call, operation);
        check_demanded(call, operation);
        for (open = call->path; (open = strchr(open, '{')); open++) {
                size_t len = strcspn(open + 1, "}");

                ck_assert_msg(is_known(open + 1, len, params), "%s: no parameter {%.*s} for %s",
                              where, (int)len, open + 1, call->id);
        }
}

static void check_calls(const struct call *const *calls, const char *where) {
        for (; calls && *calls; calls++)
                check_call(*calls, where, NULL);
}

/* A body where the contract wants one, none where it has none. */
static void check_body(const struct call *call, const char *body, const char *where) {
        const char *method, *path;
        struct json *operation = contract_operation(call->service, call->id, &method, &path);
        _cleanup_(json_freep) struct json *parsed = NULL;
        bool demanded = json_is_true(operation, "/requestBody/required");

        if (body && !text_eq(body, "="))
                ck_assert_msg(json_parse(body, strlen(body), &parsed, NULL) == 0, "%s: %s", where,
                              body);
        if (call->extension)
                return;
        ck_assert_msg(!body || json_has(operation, "/requestBody"), "%s: %s takes no body", where,
                      call->id);
        ck_assert_msg(body || !demanded, "%s: %s wants a body", where, call->id);
}

static void check_save(const struct file *file, const char *where) {
        const struct save *save = file->save;

        if (!save)
                return;
        ck_assert_msg(!save->steps != !save->plan, "%s/%s: steps or a plan", where, file->name);
        ck_assert_msg(!save->plan || save->calls, "%s/%s: which calls?", where, file->name);
        check_calls(save->calls, where);
        for (const struct save_step *step = save->steps; step && step->call; step++) {
                check_call(step->call, where, step->params);
                check_body(step->call, step->body, where);
                for (const char *const *member = step->members; member && *member; member++)
                        ck_assert_msg(**member == '/', "%s: %s", where, *member);
        }
        if (save->rename && save->rename->call) {
                check_call(save->rename->call, where, NULL);
                check_body(save->rename->call, save->rename->body, where);
        }
}

static void check_create(const struct create *create, const struct kind *kind, const char *where) {
        size_t before = n_known;

        if (!create)
                return;
        known[n_known++] = "name";
        for (const char *const *p = create->id_is_name ? kind->params : NULL; p && *p; p++)
                known[n_known++] = *p;
        check_call(create->call, where, NULL);
        check_calls(create->calls, where);
        if (!create->plan)
                check_body(create->call, create->body, where);
        ck_assert_msg((create->how == CREATE_DRAFT) == (create->draft && create->document),
                      "%s: half a draft", where);
        if (create->draft) {
                _cleanup_(json_freep) struct json *draft = NULL;

                ck_assert_int_eq(json_parse(create->draft, strlen(create->draft), &draft, NULL), 0);
        }
        ck_assert_msg(!create->name_rule == !create->name_hint, "%s: a rule without words", where);
        n_known = before;
}

static void check_removal(const struct removal *removal, const char *where) {
        if (!removal)
                return;
        check_call(removal->call, where, NULL);
        if (!removal->plan)
                check_body(removal->call, removal->body, where);
        ck_assert_msg(removal->call->risk == RISK_DELETE, "%s: %s deletes", where,
                      removal->call->id);
}

static void check_relation(const struct relation *relation, const struct kind *target,
                           const char *where) {
        size_t before = n_known;

        if (!relation)
                return;
        for (const char *const *p = target->params; p && *p; p++)
                known[n_known++] = *p;
        check_call(relation->join, where, NULL);
        check_body(relation->join, relation->join_body, where);
        check_call(relation->leave, where, NULL);
        check_body(relation->leave, relation->leave_body, where);
        n_known = before;
}

static void check_actions(const struct action *action, const char *where) {
        for (; action && action->verb; action++) {
                check_call(action->call, where, action->params);
                check_calls(action->calls, where);
                if (!action->plan)
                        check_body(action->call, action->body, where);
                if (action->form) {
                        _cleanup_(json_freep) struct json *form = NULL;

                        ck_assert_msg(json_parse(action->form, strlen(action->form), &form, NULL) ==
                                              0,
                                      "%s: %s", action->verb, action->form);
                }
                ck_assert_msg(!action->issues || action->call->risk == RISK_SECRET ||
                                      text_eq(action->issues, "connections.json"),
                              "%s issues something that is no secret", action->verb);
                ck_assert_msg(action->call->risk != RISK_SECRET || action->issues,
                              "%s: a secret for everybody", action->verb);
        }
}

static void check_row(const struct place_row *row, const char *where, unsigned depth);

static void check_kind(const struct kind *kind, unsigned depth) {
        size_t before = n_known;

        check_actions(kind->shared.actions, kind->name);
        for (const char *const *p = kind->level_params; p && *p; p++)
                known[n_known++] = *p;
        check_create(kind->create, kind, kind->name);
        check_relation(kind->relation, kind->target, kind->name);
        for (const char *const *p = kind->params; p && *p; p++)
                known[n_known++] = *p;
        for (const char *const *more = kind->more; more && *more; more++)
                known[n_known++] = *more;
        check_removal(kind->removal, kind->name);
        check_row(&kind->content, kind->name, depth + 1);
        n_known = before;
}

static void check_row(const struct place_row *row, const char *where, unsigned depth) {
        ck_assert_uint_lt(depth, 16);
        for (const struct file *file = row->files; file && file->name; file++)
                check_save(file, where);
        check_actions(row->actions, where);
        check_create(row->create, NULL, where);
        check_removal(row->removal, where);
        for (const struct link *link = row->links; link && link->name; link++)
                check_relation(link->relation, link->target, where);
        for (const struct child *child = row->children; child && (child->kind || child->row);
             child++) {
                if (child->kind)
                        check_kind(child->kind, depth + 1);
                else
                        check_row(child->row, where, depth + 1);
        }
}

START_TEST(rows_of_changes_are_those_of_the_contract) {
        /* A registry's own project, and what actions take from their text. */
        static const char *const given[] = { "project_id", "instance_id", "name",     "backup_id",
                                             "eip_id",     "resource_id", "dimension" };

        n_known = 0;
        for (size_t i = 0; i < ELEMENTSOF(given); i++)
                known[n_known++] = given[i];
        check_row(&iam_service.content, "account", 0);
}
END_TEST

/* What the tables say of an operation's place is what people are told. */
START_TEST(places_tell_what_to_do_there) {
        static const struct {
                const char *id, *place;
        } wanted[] = {
                { "joinClusterToFleet", "/<account>/ucs/fleets/<fleet>/clusters/<member> (ln -s)" },
                { "removeClusterFromFleet",
                  "/<account>/ucs/fleets/<fleet>/clusters/<member> (rm)" },
                { "enableFleetFederation", "/<account>/ucs/fleets/<fleet>/federation/ (mkdir)" },
                { "deleteFleet", "/<account>/ucs/fleets/<fleet>/ (rmdir)" },
                { "updateFleetDescription", "/<account>/ucs/fleets/<fleet>/fleet.json (save)" },
                { "createPermissionRule", "/<account>/ucs/policies/*.json (new file)" },
                { "restartCluster",
                  "/<account>/<project>/dws/clusters/<cluster>/actions/restart (write)" },
                { "createClusterV2",
                  "/<account>/<project>/dws/clusters/<cluster>/ (mkdir, then save)" },
                { "updateEventSubscription",
                  "/<account>/<project>/dws/event-subscriptions/*.json (mv)" },
        };
        _cleanup_(json_freep) struct json *operations = NULL;

        ck_assert_int_eq(view_operations(&operations), 0);
        for (size_t i = 0; i < ELEMENTSOF(wanted); i++) {
                bool found = false;

                for (size_t j = 0; j < json_count(operations); j++) {
                        const char *tree = json_string(json_item(operations, j), "/tree");

                        if (text_eq(json_string(json_item(operations, j), "/operationId"),
                                    wanted[i].id))
                                found |= tree && strstr(tree, wanted[i].place);
                }
                ck_assert_msg(found, "%s is not at %s", wanted[i].id, wanted[i].place);
        }
        for (size_t j = 0; j < json_count(operations); j++) {
                const char *reason = json_string(json_item(operations, j), "/reason");

                ck_assert_msg(!reason || !strstr(reason, "no row"), "%s is forgotten",
                              json_string(json_item(operations, j), "/operationId"));
        }
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { .name = "rows", .test = rows_of_changes_are_those_of_the_contract },
                { .name = "places", .test = places_tell_what_to_do_there },
                {},
        };

        return unit_main("change-rows", cases);
}
