/* SPDX-License-Identifier: Apache-2.0 */
/* Documents of DWS that settings are changed by: tags, parameters, policies, queues, subscriptions.
 */
#include "backends/planner.h"
#include "backends/tables/dws-calls.h"
#include "backends/tables/dws-change.h"
#include "backends/tables/helpers.h"
#include "base/text.h"

#define LIST(...)  ((const char *const[]){ __VA_ARGS__, NULL })
#define CALLS(...) ((const struct call *const[]){ __VA_ARGS__, NULL })
#define NEEDS(...) ((const struct need[]){ __VA_ARGS__, { 0 } })

/* Tags. There is no replacing call, and both calls want key and value. */

static int add_pair(struct json *pairs, const char *key, const struct json *value) {
        _cleanup_(json_freep) struct json *pair = json_new_object();
        int r = pair ? json_set_string(pair, "key", key) : -ENOMEM;

        if (r == 0)
                r = put_copy(pair, "value", value);
        return r < 0 ? r : json_append(pairs, STEAL(pair));
}

/* Adds a request for some tags, unless there are none; takes the list over. */
static int add_tags(struct planner *planner, const struct call *call, struct json *pairs,
                    unsigned deletions) {
        _cleanup_(json_freep) struct json *owned = pairs;
        struct json *body;
        int r;

        if (!json_count(owned))
                return owned ? 0 : -ENOMEM;
        body = json_new_object();
        if (!body)
                return -ENOMEM;
        r = json_set(body, "tags", STEAL(owned));
        if (r < 0) {
                (void)json_free(body);
                return r;
        }
        r = planner_add(planner, call, body, NULL);
        if (r == 0)
                planner->steps[planner->count - 1].deletions = deletions;
        return r;
}

/* The members of one object that another one lacks, as a list of tags. */
static int only_in(const struct json *a, const struct json *b, struct json **ret) {
        struct json *pairs = json_new_array();
        struct json_cursor cursor = { 0 };
        int r = pairs ? 0 : -ENOMEM;

        while (r == 0 && json_next(a, &cursor))
                if (!json_member(b, cursor.name))
                        r = add_pair(pairs, cursor.name, cursor.value);
        *ret = pairs;
        return r;
}

/* A value changes by deletion and creation: the one right after the other. */
static int change_tag(struct planner *planner, const char *key, const struct json *from,
                      const struct json *to) {
        struct json *old = json_new_array(), *new = json_new_array();
        int r = old && new ? add_pair(old, key, from) : -ENOMEM;

        if (r == 0)
                r = add_pair(new, key, to);
        if (r < 0) {
                (void)json_free(old);
                (void)json_free(new);
                return r;
        }
        r = add_tags(planner, &dws_batch_delete_cluster_tags, old, 0);
        if (r < 0) {
                (void)json_free(new);
                return r;
        }
        return add_tags(planner, &dws_batch_create_cluster_tags, new, 1);
}

static int check_tags(struct planner *planner) {
        struct json_cursor cursor = { 0 };

        if (!json_is(planner->mine, JSON_OBJECT))
                return op_fail(planner->composer.op, EINVAL, "tags are an object of texts");
        while (json_next(planner->mine, &cursor))
                if (!json_is(cursor.value, JSON_STRING))
                        return op_fail(planner->composer.op, EINVAL, "the tag %s is no text",
                                       cursor.name);
        return 0;
}

static int plan_tags(struct planner *planner) {
        struct json_cursor cursor = { 0 };
        struct json *pairs = NULL;
        int r = check_tags(planner);

        if (r == 0)
                r = only_in(planner->mine, planner->theirs, &pairs);
        if (r == 0)
                r = add_tags(planner, &dws_batch_create_cluster_tags, STEAL(pairs), 1);
        if (r == 0)
                r = only_in(planner->theirs, planner->mine, &pairs);
        if (r == 0)
                r = add_tags(planner, &dws_batch_delete_cluster_tags, STEAL(pairs), 1);
        (void)json_free(pairs);
        while (r == 0 && json_next(planner->mine, &cursor)) {
                const struct json *was = json_member(planner->theirs, cursor.name);

                if (was && !json_equal(was, cursor.value))
                        r = change_tag(planner, cursor.name, was, cursor.value);
        }
        return r;
}

const struct save dws_tags_save = {
        .plan = plan_tags,
        .calls = CALLS(&dws_batch_create_cluster_tags, &dws_batch_delete_cluster_tags),
};

/* Workload management. */

static const struct save_step workload_steps[] = {
        { .call = &dws_switch_workload,
          .body = "{\"workload_status\":{\"workload_switch\":\"=/workload_switch\","
                  "\"max_concurrency_num\":\"=/max_concurrency_num\"}}" },
        { 0 },
};

const struct save dws_workload_save = {
        .editable = LIST("/workload_switch", "/max_concurrency_num"),
        .steps = workload_steps,
};

const struct create dws_queue_create = {
        .how = CREATE_DOCUMENT,
        .weight = WEIGHT_ALL,
        .call = &dws_create_workload_queue,
        .body = "{\"workload_queue\":{\"...\":\"=\",\"workload_queue_name\":\"=$name\"}}",
        .needs = NEEDS({ .at = "/workload_resource_item_list" }),
};

const struct removal dws_queue_removal = { .call = &dws_delete_workload_queue,
                                           .weight = WEIGHT_ALL };

/* Parameters: only those that changed, as texts. */

static const struct json *find_parameter(const struct planner *planner, const char *name) {
        for (size_t i = 0; i < json_count(planner->item); i++)
                if (text_eq(json_string(json_item(planner->item, i), "/name"), name))
                        return json_item(planner->item, i);
        return NULL;
}

static int add_value(struct json *list, const char *type, const char *name,
                     const struct json *value) {
        _cleanup_(json_freep) struct json *entry = json_new_object();
        _cleanup_(freep) char *text = NULL;
        int r = entry ? json_text_at(value, "", &text) : -ENOMEM;

        if (r == 0)
                r = json_set_string(entry, "type", type);
        if (r == 0)
                r = json_set_string(entry, "name", name);
        if (r == 0)
                r = json_set_string(entry, "value", text);
        return r < 0 ? r : json_append(list, STEAL(entry));
}

/* The values of one parameter for its types of nodes, as far as they differ. */
static int add_parameter(struct planner *planner, struct json *list, const char *name,
                         const struct json *mine) {
        const struct json *known = find_parameter(planner, name);
        const struct json *theirs = json_member(planner->theirs, name);
        struct op *op = planner->composer.op;
        struct json_cursor cursor = { 0 };

        if (json_equal(mine, theirs))
                return 0;
        if (!known || !json_is(mine, JSON_OBJECT))
                return op_fail(op, EINVAL, "%s is no parameter of this group, or not an object of "
                                           "cn and dn", name);
        if (json_is_true(known, "/readonly"))
                return op_fail(op, EINVAL, "%s cannot be changed: it is readonly; nothing was sent",
                               name);
        while (json_next(theirs, &cursor))
                if (!json_member(mine, cursor.name))
                        return op_fail(op, EINVAL, "%s/%s cannot be taken away", name, cursor.name);
        cursor = (struct json_cursor){ 0 };
        while (json_next(mine, &cursor)) {
                const struct json *was = json_member(theirs, cursor.name);

                if (json_equal(was, cursor.value))
                        continue;
                if (!was || add_value(list, cursor.name, name, cursor.value) < 0)
                        return op_fail(op, EINVAL, "%s/%s cannot be set to this", name,
                                       cursor.name);
        }
        return 0;
}

static int plan_parameters(struct planner *planner) {
        _cleanup_(json_freep) struct json *body = json_new_object();
        struct json *list = json_new_array();
        struct json_cursor cursor = { 0 };
        int r = body && list ? 0 : -ENOMEM;

        while (r == 0 && json_next(planner->theirs, &cursor))
                if (!json_member(planner->mine, cursor.name))
                        r = op_fail(planner->composer.op, EINVAL, "%s cannot be taken away",
                                    cursor.name);
        cursor = (struct json_cursor){ 0 };
        while (r == 0 && json_next(planner->mine, &cursor))
                r = add_parameter(planner, list, cursor.name, cursor.value);
        if (r < 0) {
                (void)json_free(list);
                return r;
        }
        r = json_set(body, "configurations", list);
        return r < 0 ? r
                     : planner_add(planner, &dws_update_cluster_configuration, STEAL(body), NULL);
}

const struct save dws_parameters_save = {
        .plan = plan_parameters,
        .calls = CALLS(&dws_update_cluster_configuration),
};

/* Snapshot policies and settings: one call stores all of them, and what is left out may be lost. */

#define SETTINGS                                                                         \
        "\"keep_day\":\"=/keep_day\",\"device_name\":\"=/device_name\","                 \
        "\"server_ips\":\"=/server_ips\",\"server_port\":\"=/server_port\","             \
        "\"backup_param\":\"=/backup_param\""
#define PRESENT_SETTINGS                                                                 \
        "\"keep_day\":\"=@/keep_day\",\"device_name\":\"=@/device_name\","               \
        "\"server_ips\":\"=@/server_ips\",\"server_port\":\"=@/server_port\","           \
        "\"backup_param\":\"=@/backup_param\""

/* A policy as it is sent: what the service adds to it stays behind. */
static int sent_policy(const struct json *policy, struct json **ret) {
        static const char *const members[] = { "policy_id", "policy_name", "backup_strategy",
                                               "backup_type", "backup_level" };
        struct json *sent = json_new_object();
        int r = sent ? 0 : -ENOMEM;

        for (size_t i = 0; r == 0 && i < ELEMENTSOF(members); i++)
                if (json_member(policy, members[i]))
                        r = put_copy(sent, members[i], json_member(policy, members[i]));
        *ret = sent;
        return r;
}

/* All policies of a fresh read, with @changed in place of the one that has its id, or behind. */
static int load_policies(struct planner *planner, const struct json *changed) {
        const char *id = json_string(changed, "/policy_id");
        _cleanup_(json_freep) struct json *answer = NULL;
        struct json *list = json_new_array();
        const struct json *known;
        bool found = false;
        int r = list ? planner_fresh(planner, &dws_show_snapshot_policies, &answer) : -ENOMEM;

        known = json_at(answer, "/backup_strategies");
        for (size_t i = 0; r == 0 && i <= json_count(known); i++) {
                const struct json *policy = json_item(known, i);
                bool is_it = policy && id && text_eq(json_string(policy, "/policy_id"), id);
                struct json *sent = NULL;

                found |= is_it;
                if (!policy && (!changed || found))
                        break;
                r = sent_policy(!policy || is_it ? changed : policy, &sent);
                if (r == 0)
                        r = json_append(list, sent);
                else
                        (void)json_free(sent);
        }
        if (r == 0)
                r = json_set(answer, "backup_strategies", list);
        else
                (void)json_free(list);
        (void)json_free(planner->item);
        planner->item = STEAL(answer);
        return r;
}

static int send_policies(struct planner *planner, const struct json *changed) {
        int r = load_policies(planner, changed);

        if (r < 0)
                return r;
        return planner_add_row(planner, &dws_set_snapshot_policies,
                               "{" PRESENT_SETTINGS ",\"backup_strategies\":"
                               "\"=@/backup_strategies\"}",
                               NULL);
}

static int plan_settings(struct planner *planner) {
        int r = load_policies(planner, NULL);

        if (r < 0)
                return r;
        return planner_add_row(planner, &dws_set_snapshot_policies,
                               "{" SETTINGS ",\"backup_strategies\":\"=@/backup_strategies\"}",
                               NULL);
}

static int plan_policy(struct planner *planner) {
        return send_policies(planner, planner->mine);
}

static int plan_new_policy(struct planner *planner) {
        json_remove(planner->mine, "policy_id");
        if (json_set_string(planner->mine, "policy_name", planner->name) < 0)
                return -ENOMEM;
        return send_policies(planner, planner->mine);
}

const struct save dws_snapshot_settings_save = {
        .editable = LIST("/keep_day", "/device_name", "/server_ips", "/server_port",
                         "/backup_param"),
        .plan = plan_settings,
        .calls = CALLS(&dws_set_snapshot_policies, &dws_show_snapshot_policies),
};

const struct save dws_snapshot_policy_save = {
        .editable = LIST("/backup_strategy", "/backup_type", "/backup_level"),
        .plan = plan_policy,
        .calls = CALLS(&dws_set_snapshot_policies),
};

const struct create dws_snapshot_policy_create = {
        .how = CREATE_DOCUMENT,
        .weight = WEIGHT_ALL,
        .call = &dws_set_snapshot_policies,
        .plan = plan_new_policy,
        .name_rule = "^[A-Za-z][A-Za-z0-9_-]{3,91}$",
        .name_hint = "4 to 92 letters, digits, `_` and `-`, a letter first",
        .needs = NEEDS({ .at = "/backup_strategy" }, { .at = "/backup_type" }),
};

const struct removal dws_snapshot_policy_removal = { .call = &dws_delete_snapshot_policy,
                                                     .weight = WEIGHT_ALL };

/* Subscriptions: an update carries all of it, the name too. */

#define TARGET(from)                                                   \
        "\"notification_target\":\"" from "/notification_target\","    \
        "\"notification_target_name\":\"" from "/notification_target_name\"," \
        "\"notification_target_type\":\"" from "/notification_target_type\""
#define TARGET_NEEDS                                                          \
        { .at = "/notification_target" }, { .at = "/notification_target_name" }, \
                { .at = "/notification_target_type" }
#define NEW_SUBSCRIPTION                                                                     \
        "{\"...\":\"=\",\"name\":\"=$name\",\"id\":null,\"project_id\":null,\"name_space\":null," \
        "\"language\":null}"
#define ALARM(from)                                                                          \
        "\"enable\":\"" from "/enable\",\"alarm_level\":\"" from "/alarm_level\"," TARGET(from)
#define EVENT(from)                                                                          \
        "\"source_type\":\"" from "/source_type\",\"source_id\":\"" from "/source_id\","     \
        "\"category\":\"" from "/category\",\"severity\":\"" from "/severity\","             \
        "\"tag\":\"" from "/tag\",\"enable\":\"" from "/enable\"," TARGET(from)

static const struct save_step alarm_steps[] = {
        { .call = &dws_update_alarm_subscription, .body = "{\"name\":\"=@/name\"," ALARM("=") "}" },
        { 0 },
};

static const struct rename alarm_rename = {
        .call = &dws_update_alarm_subscription,
        .body = "{\"name\":\"=$name\"," ALARM("=@") "}",
};

const struct save dws_alarm_subscription_save = {
        .editable = LIST("/enable", "/alarm_level", "/notification_target",
                         "/notification_target_name", "/notification_target_type"),
        .steps = alarm_steps,
        .rename = &alarm_rename,
        .hint = "mv changes the name, nothing the time zone",
};

const struct create dws_alarm_subscription_create = {
        .how = CREATE_DOCUMENT,
        .call = &dws_create_alarm_subscription,
        .body = NEW_SUBSCRIPTION,
        .needs = NEEDS(TARGET_NEEDS, { .at = "/time_zone" }),
};

const struct removal dws_alarm_subscription_removal = { .call = &dws_delete_alarm_subscription };

static const struct save_step event_steps[] = {
        { .call = &dws_update_event_subscription, .body = "{\"name\":\"=@/name\"," EVENT("=") "}" },
        { 0 },
};

static const struct rename event_rename = {
        .call = &dws_update_event_subscription,
        .body = "{\"name\":\"=$name\"," EVENT("=@") "}",
};

const struct save dws_event_subscription_save = {
        .editable = LIST("/source_type", "/source_id", "/category", "/severity", "/tag", "/enable",
                         "/notification_target", "/notification_target_name",
                         "/notification_target_type"),
        .steps = event_steps,
        .rename = &event_rename,
        .hint = "mv changes the name, nothing the time zone",
};

const struct create dws_event_subscription_create = {
        .how = CREATE_DOCUMENT,
        .call = &dws_create_event_subscription,
        .body = NEW_SUBSCRIPTION,
        .needs = NEEDS(TARGET_NEEDS),
};

const struct removal dws_event_subscription_removal = { .call = &dws_delete_event_subscription };
