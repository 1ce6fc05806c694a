/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/tables/servicecomb-change.h"

#include "backends/name.h"
#include "backends/planner.h"
#include "backends/sent.h"
#include "backends/tables/servicecomb-calls.h"
#include "base/text.h"

#define LIST(...)  ((const char *const[]){ __VA_ARGS__, NULL })
#define CALLS(...) ((const struct call *const[]){ __VA_ARGS__, NULL })

/* Services: a version is made once; of all its members only the properties can change. */

/* A second POST of the same key is answered by the first one's id and changes nothing. */
static int plan_service(struct planner *planner) {
        _cleanup_(json_freep) struct json *known = NULL;
        struct op *op = planner->composer.op;
        int r = planner_fresh(planner, &servicecomb_check_existence, &known);

        if (r == 0)
                return op_fail(op, EEXIST, "this version is registered already, as %s",
                               json_string(known, "/serviceId") ? json_string(known, "/serviceId")
                                                                : "a service");
        if (r != -ENOENT)
                return r;
        op_clear(op);
        return planner_add_row(planner, &servicecomb_create_microservice,
                               "{\"service\":{\"...\":\"=\",\"environment\":\"={env}\","
                               "\"appId\":\"={app}\",\"serviceName\":\"={service}\","
                               "\"version\":\"=$name\",\"serviceId\":null,\"timestamp\":null,"
                               "\"modTimestamp\":null,\"tags\":null},\"tags\":\"=/tags\"}",
                               NULL);
}

/** registry_check_level() - the service knows four environments, and none; all else is free. */
int registry_check_level(struct op *op, unsigned depth, const char *value) {
        static const char *const environments[] = { "-", "development", "testing", "acceptance",
                                                    "production" };

        for (size_t i = 0; depth == 0 && i < ELEMENTSOF(environments); i++)
                if (text_eq(value, environments[i]))
                        return 0;
        if (depth > 0)
                return 0;
        return op_fail(op, EINVAL,
                       "%s is no environment: take development, testing, acceptance or "
                       "production, or - for none",
                       value);
}

const struct create registry_service_create = {
        .how = CREATE_DRAFT,
        .weight = WEIGHT_ALL,
        .call = &servicecomb_create_microservice,
        .calls = CALLS(&servicecomb_check_existence),
        .plan = plan_service,
        .name_rule = "^[0-9]+(\\.[0-9]+){0,3}$",
        .name_hint = "a version: up to four numbers with dots between them",
        .document = "service.json",
        .draft = "{\"description\":\"\",\"level\":\"BACK\",\"schemas\":[],\"status\":\"UP\"}",
        /* They leave the request hanging, or break the server (ServiceComb notes, 7.1). */
        .never = LIST("/rules", "/instances"),
        .needs = (const struct need[]){
                { .at = "/status", .rule = "^(UP|DOWN)$", .hint = "UP or DOWN", .may_lack = true },
                { 0 },
        },
};

const struct removal registry_service_removal = { .call = &servicecomb_delete_microservice,
                                                  .weight = WEIGHT_ALL };

static const struct save_step properties_steps[] = {
        { .call = &servicecomb_update_microservice_properties, .body = "{\"properties\":\"=\"}" },
        { 0 },
};

const struct save registry_properties_save = { .steps = properties_steps };

const struct action registry_service_actions[] = {
        { .verb = "force-delete", .call = &servicecomb_force_delete_microservice,
          .weight = WEIGHT_ALL,
          .hint = "It deletes the version although it has instances or consumers" },
        { 0 },
};

const struct action registry_actions[] = {
        { .verb = "delete-services", .call = &servicecomb_delete_microservices, .body = "=",
          .form = "{\"serviceIds\":[],\"force\":false}", .params = LIST("force=/force"),
          .needs = (const struct need[]){ { .at = "/serviceIds" }, { 0 } },
          .counts = "/serviceIds", .weight = WEIGHT_ALL },
        { 0 },
};

/* Schemas: the summary is the only mark of a change, and the writer's to make. */

#define PUT_SCHEMA "{\"schema\":\"=$text\",\"summary\":\"=$sha256\"}"

static const struct save_step schema_steps[] = {
        { .call = &servicecomb_put_schema, .body = PUT_SCHEMA },
        { 0 },
};

const struct save registry_schema_save = { .steps = schema_steps };

const struct create registry_schema_create = {
        .how = CREATE_DOCUMENT,
        .call = &servicecomb_put_schema,
        .body = PUT_SCHEMA,
        .id_is_name = true,
        .name_rule = "^[A-Za-z0-9]([A-Za-z0-9_.-]{0,158}[A-Za-z0-9])?$",
        .name_hint = "1 to 160 letters, digits and `_.-`, a letter or digit at both ends",
};

const struct removal registry_schema_removal = { .call = &servicecomb_delete_schema };

/* Instances: leases, which nothing here renews by itself. */

static const struct save_step instance_steps[] = {
        { .call = &servicecomb_update_instance_properties, .members = LIST("/properties"),
          .body = "{\"properties\":{\"=\":\"/properties\",\"else\":{}}}" },
        { .call = &servicecomb_update_instance_status, .members = LIST("/status"),
          .params = LIST("status=/status") },
        { 0 },
};

const struct save registry_instance_save = {
        .editable = LIST("/properties", "/status"),
        .needs = (const struct need[]){
                { .at = "/status", .rule = "^(UP|DOWN|STARTING|OUTOFSERVICE|TESTING)$",
                  .hint = "UP, DOWN, STARTING, OUTOFSERVICE or TESTING", .may_lack = true },
                { 0 },
        },
        .steps = instance_steps,
        .hint = "only /properties and /status can",
};

const struct create registry_instance_create = {
        .how = CREATE_DOCUMENT,
        .call = &servicecomb_register_instance,
        .body = "{\"instance\":{\"...\":\"=\",\"instanceId\":\"=$name\",\"serviceId\":null,"
                "\"version\":null,\"timestamp\":null,\"modTimestamp\":null}}",
        .name_rule = "^[A-Za-z0-9_.-]{1,64}$",
        .name_hint = "1 to 64 letters, digits and `_.-`",
        .needs = (const struct need[]){
                { .at = "/hostName" },
                { .at = "/status", .rule = "^(UP|DOWN|STARTING|OUTOFSERVICE)$",
                  .hint = "UP, DOWN, STARTING or OUTOFSERVICE", .may_lack = true },
                { 0 },
        },
};

const struct removal registry_instance_removal = { .call = &servicecomb_deregister_instance };

const struct action registry_instance_actions[] = {
        { .verb = "heartbeat", .call = &servicecomb_send_heartbeat,
          .form = "{\"instanceId\":\"\"}", .params = LIST("instance_id=/instanceId"),
          .needs = (const struct need[]){ { .at = "/instanceId" }, { 0 } },
          .hint = "It renews the lease once; nothing renews it by itself" },
        { 0 },
};

/* Configurations. The value of a key whose name says a format has that format, for good. */

static const char *value_type(const char *key) {
        static const struct {
                const char *suffix, *type;
        } types[] = {
                { ".yaml", "yaml" }, { ".yml", "yaml" },
                { ".json", "json" }, { ".properties", "properties" },
                { ".ini", "ini" },   { ".xml", "xml" },
        };

        for (size_t i = 0; i < ELEMENTSOF(types); i++)
                if (text_ends(key, types[i].suffix))
                        return types[i].type;
        return "text";
}

/* Splits the next `name=value` off a label set; false at its end. */
static bool next_label(const char **cursor, char **ret_name, char **ret_value) {
        size_t len = strcspn(*cursor, ","), name_len = strcspn(*cursor, "=,");

        if (!**cursor)
                return false;
        *ret_name = strndup(*cursor, name_len);
        *ret_value = name_len < len ? strndup(*cursor + name_len + 1, len - name_len - 1) : NULL;
        *cursor += len + ((*cursor)[len] == ',');
        return true;
}

/* The labels that a directory's name says; -EINVAL for one that is no label set. */
static int parse_labels(struct op *op, const char *text, struct json **ret) {
        _cleanup_(json_freep) struct json *labels = json_new_object();
        char *name, *value;
        int r = labels ? 0 : -ENOMEM;

        if (text_eq(text, "-"))
                text = "";
        while (r == 0 && next_label(&text, &name, &value)) {
                if (!name || !*name || !value || json_member(labels, name))
                        r = op_fail(op, EINVAL,
                                    "labels are written name=value,name=value or - for none, each "
                                    "name once");
                else
                        r = json_set_string(labels, name, value);
                free(name);
                free(value);
        }
        if (r < 0)
                return r;
        *ret = STEAL(labels);
        return 0;
}

static int compare_members(const void *left, const void *right) {
        return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/** config_check_level() - is a label set's directory named as ours are, sorted by name? */
int config_check_level(struct op *op, unsigned depth, const char *value) {
        enum { LABELS_MAX = 6 }; /* ServiceComb notes, 7.3 */
        _cleanup_(json_freep) struct json *labels = NULL;
        const char *names[LABELS_MAX];
        struct json_cursor cursor = { 0 };
        struct buf canonical = BUF_INIT(4096);
        size_t n = 0;
        int r = parse_labels(op, value, &labels);

        (void)depth;
        if (r < 0)
                return r;
        while (json_next(labels, &cursor)) {
                if (n == LABELS_MAX)
                        return op_fail(op, EINVAL, "more than %d labels", LABELS_MAX);
                names[n++] = cursor.name;
        }
        qsort(names, n, sizeof(*names), compare_members);
        for (size_t i = 0; i < n; i++)
                (void)buf_printf(&canonical, "%s%s=%s", i ? "," : "", names[i],
                                 json_string(json_member(labels, names[i]), ""));
        if (!n)
                (void)buf_add_char(&canonical, '-');
        if (!text_eq(buf_str(&canonical), value))
                r = op_fail(op, EINVAL, "labels stand in the order of their names: %s",
                            buf_str(&canonical));
        buf_done(&canonical);
        return r;
}

/* What is remembered of a key is told apart by its labels and itself. Owned, NULL: no memory. */
static char *name_of(const struct place *place, const char *word, const char *key) {
        const char *level = "-";
        char *name;

        for (; place; place = place->parent)
                if (place->type == PLACE_GROUP && place->level) {
                        level = place->level;
                        break;
                }
        return text_format(&name, "%s %s/%s", word, level, key) < 0 ? NULL : name;
}

static bool is_one_of(const char *text, const char *const *words) {
        for (; text && *words; words++)
                if (text_eq(text, *words))
                        return true;
        return false;
}

/* The members of `.meta` that a creation can carry. 0 or -EINVAL with a reason. */
static int check_meta(struct op *op, const struct json *meta) {
        static const char *const types[] = { "ini", "json", "text", "yaml", "properties", "xml",
                                             NULL };
        static const char *const states[] = { "enabled", "disabled", NULL };

        if (!is_one_of(json_string(meta, "/value_type"), types))
                return op_fail(op, EINVAL,
                               "/value_type is ini, json, text, yaml, properties or xml");
        if (json_has(meta, "/status") && !is_one_of(json_string(meta, "/status"), states))
                return op_fail(op, EINVAL, "/status is enabled or disabled");
        return 0;
}

/* `.meta` before its value: the creation of the value says what stands in it. */
static int remember_meta(struct planner *planner) {
        _cleanup_(freep) char *name = name_of(planner->composer.place, "meta", planner->name);
        struct buf text = BUF_INIT(4096);
        int r = check_meta(planner->composer.op, planner->mine);

        if (r == 0)
                r = name ? json_render(planner->mine, JSON_COMPACT, &text) : -ENOMEM;
        if (r == 0)
                r = planner_remember(planner, name, buf_str(&text));
        buf_done(&text);
        return r < 0 && !planner->composer.op->fault.error
                       ? op_fail(planner->composer.op, -r, "this cannot be remembered")
                       : r;
}

/* The type and status of a new value: what was written ahead, else what its name says. The
 * server's own default of the status is `disabled`. */
static int put_meta(struct planner *planner) {
        _cleanup_(freep) char *known = NULL;
        _cleanup_(json_freep) struct json *meta = NULL;
        const char *status = NULL, *type = NULL;
        int r;

        planner->spent = name_of(planner->composer.place, "meta", planner->name);
        planner->made = name_of(planner->composer.place, "made", planner->name);
        if (!planner->spent || !planner->made)
                return -ENOMEM;
        known = planner_recall(planner, planner->spent);
        if (known && json_parse(known, strlen(known), &meta, NULL) == 0) {
                type = json_string(meta, "/value_type");
                status = json_string(meta, "/status");
        }
        r = planner_param(planner, "value_type", type ? type : value_type(planner->name));
        return r < 0 ? r : planner_param(planner, "status", status ? status : "enabled");
}

static int plan_config(struct planner *planner) {
        const char *level = planner->composer.place->level;
        struct json *labels = NULL, *item = json_new_object();
        int r = item ? parse_labels(planner->composer.op, level ? level : "-", &labels) : -ENOMEM;

        planner->item = item;
        if (r == 0)
                r = json_set(item, "labels", labels);
        if (r == 0)
                r = put_meta(planner);
        if (r < 0)
                return r;
        return planner_add_row(planner, &servicecomb_create_config,
                               "{\"key\":\"=$name\",\"value\":\"=$text\",\"labels\":\"=@/labels\","
                               "\"status\":\"={status}\",\"value_type\":\"={value_type}\"}",
                               NULL);
}

const struct create config_create = {
        .how = CREATE_DOCUMENT,
        .call = &servicecomb_create_config,
        .plan = plan_config,
        .name_rule = "^[A-Za-z0-9._:-]+$",
        .name_hint = "letters, digits and `._:-`",
};

const struct removal config_removal = { .call = &servicecomb_delete_config };

/* An empty member means that it stays: both are always sent. */
static const struct save_step value_steps[] = {
        { .call = &servicecomb_update_config,
          .body = "{\"value\":\"=$text\",\"status\":\"=@/status\"}" },
        { 0 },
};

const struct save config_value_save = { .steps = value_steps };

static bool is_same(const struct json *item, const char *a, const char *b) {
        _cleanup_(freep) char *one = NULL, *other = NULL;

        (void)json_text_at(item, a, &one);
        (void)json_text_at(item, b, &other);
        return one && other ? text_eq(one, other) : one == other;
}

/* Did this mount make the value, and nobody touch it since? */
static bool is_as_made(struct planner *planner) {
        const char *key = json_string(planner->item, "/key");
        const struct place *place = planner->composer.place;
        _cleanup_(freep) char *made = key ? name_of(place, "made", key) : NULL;

        return made && sent_is_marked(planner->composer.view, place, made) &&
               is_same(planner->item, "/create_revision", "/update_revision") &&
               is_same(planner->item, "/create_time", "/update_time");
}

/* The removal takes the value away; it is in the history before that. */
static int add_loss(struct planner *planner) {
        struct plan_step *step = &planner->steps[planner->count - 1];
        const char *key = json_string(planner->item, "/key");
        const char *value = json_string(planner->item, "/value");
        struct buf path = BUF_INIT(4096);

        (void)buf_add_str(&path, "../");
        if (!key || !value || name_encode(&path, key, strlen(key)) < 0) {
                buf_done(&path);
                return -ENOMEM;
        }
        step->loses = buf_steal(&path, NULL);
        step->lost = strdup(value);
        return step->loses && step->lost ? 0 : -ENOMEM;
}

/*
 * No call changes the type of a value, but tools write the value first and `.meta` behind it: what
 * was just made is made again.
 */
static int plan_meta(struct planner *planner) {
        struct op *op = planner->composer.op;
        int r;

        if (!planner_changes(planner, "/value_type"))
                return planner_add_row(planner, &servicecomb_update_config,
                                       "{\"value\":\"=@/value\",\"status\":\"=/status\"}", NULL);
        r = check_meta(op, planner->mine);
        if (r < 0)
                return r;
        if (!is_as_made(planner))
                return op_fail(op, EINVAL,
                               "/value_type cannot be changed but right after this mount made the "
                               "value: rm the value, write this file, then the value; nothing was "
                               "sent");
        r = planner_add_row(planner, &servicecomb_delete_config, NULL, NULL);
        if (r == 0 && add_loss(planner) < 0)
                r = op_fail(op, ENOMEM, "out of memory");
        return r < 0 ? r
                     : planner_add_row(planner, &servicecomb_create_config,
                                       "{\"key\":\"=@/key\",\"value\":\"=@/value\",\"labels\":"
                                       "\"=@/labels\",\"status\":{\"=\":\"/status\",\"else\":"
                                       "\"enabled\"},\"value_type\":\"=/value_type\"}",
                                       NULL);
}

const struct save config_meta_save = {
        .editable = LIST("/status", "/value_type"),
        .plan = plan_meta,
        .calls = CALLS(&servicecomb_update_config, &servicecomb_delete_config,
                       &servicecomb_create_config),
        .ahead = remember_meta,
        .hint = "only /status can, and /value_type right after the value was made",
};

const struct action config_actions[] = {
        { .verb = "delete", .call = &servicecomb_delete_configs, .body = "=",
          .form = "{\"ids\":[]}", .needs = (const struct need[]){ { .at = "/ids" }, { 0 } },
          .counts = "/ids" },
        { 0 },
};
