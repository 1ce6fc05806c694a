/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DWS: parameter templates of a warehouse. Each has five, told apart by type; what differs from the
 * defaults is kept per warehouse.
 */
#include "contrib/emulator/dws.h"
#include "contrib/emulator/util.h"

#include <string.h>

enum { APPLY_MS = 30 * SECOND_MS };

struct parameter {
        const char *name, *type;
        const char *range;   /* "on|off", "1-600000", or "" for any text */
        const char *unit;    /* NULL: none */
        const char *cn, *dn; /* defaults; NULL: the parameter does not exist on such nodes */
        bool readonly, restart;
        const char *description;
};

struct template {
        const char *type, *name; /* name with %s: of the version or of the cluster */
        const struct parameter *parameters;
        size_t count;
};

static const struct parameter general[] = {
        { "enable_constraint_optimization", "boolean", "on|off", NULL, "on", "on", false, false,
          "Whether informational constraints may be used for the plans of foreign tables." },
        { "session_timeout", "integer", "0-86400", "s", "600", "600", false, false,
          "Time after which an idle session is ended. 0: never." },
        { "statement_timeout", "integer", "0-2147483647", "ms", "0", "0", false, false,
          "Time after which a statement is ended. 0: never." },
        { "max_connections", "integer", "100-262143", NULL, "800", "5000", false, true,
          "Most connections at a time." },
        { "max_process_memory", "integer", "2097152-2147483647", "kB", NULL, "12582912", false,
          true, "Most memory of a data node." },
        { "autovacuum", "boolean", "on|off", NULL, "on", "on", false, false,
          "Whether tables are vacuumed by themselves." },
        { "autovacuum_vacuum_scale_factor", "float", "0.0-100.0", NULL, "0.2", "0.2", false, false,
          "Share of changed rows that makes a vacuum happen." },
        { "log_min_messages", "list", "debug|info|notice|warning|error|fatal|panic", NULL,
          "warning", "warning", false, false, "Least severity of what is logged." },
        { "datestyle", "string", "", NULL, "ISO, MDY", "ISO, MDY", false, false,
          "How dates are written." },
        { "timezone", "string", "", NULL, "UTC", "UTC", false, false, "Time zone of sessions." },
        { "server_version", "string", "", NULL, "9.2.4", "9.2.4", true, false,
          "Version of the server." },
        { "enable_resource_track", "boolean", "on|off", NULL, "on", NULL, false, false,
          "Whether the use of resources by statements is recorded." },
};
static const struct parameter hidden[] = {
        { "cgroup_name", "string", "", NULL, "DefaultClass", "DefaultClass", true, false,
          "Control group of the sessions." },
};
static const struct parameter obs[] = {
        { "obs_region_map", "string", "", NULL, "{}", "{}", true, false,
          "Addresses of the object storage." },
};
static const struct parameter guard[] = {
        { "agent_interval", "integer", "10-3600", "s", "60", "60", true, false,
          "How often the agent reports." },
};
static const struct parameter security[] = {
        { "audit_enabled", "boolean", "on|off", NULL, "on", "on", false, true,
          "Whether actions are audited." },
        { "ssl", "boolean", "on|off", NULL, "on", NULL, false, true,
          "Whether connections may use TLS." },
        { "failed_login_attempts", "integer", "0-1000", NULL, "10", "10", false, false,
          "Wrong passwords that lock an account. 0: never." },
};

static const struct template templates[] = {
        { "GUConfig", "defaultGUConfig", guard, ELEMENTSOF(guard) },
        { "hiddenParameterGroup", "parameterGroupFor_%s", hidden, ELEMENTSOF(hidden) },
        { "OBSConfig", "defaultOBSConfig", obs, ELEMENTSOF(obs) },
        { "parameterGroup", "Default-Parameter-Template-DWS-%s", general, ELEMENTSOF(general) },
        { "securityParameterGroup", "security-paragroup-dws", security, ELEMENTSOF(security) },
};

/* Only types of the table are ever stored. */
static const struct template *template_of(const char *type) {
        size_t i = ELEMENTSOF(templates) - 1;

        while (i > 0 && !str_eq(templates[i].type, type))
                i--;
        return &templates[i];
}

static const struct parameter *parameter_of(const struct template *template, const char *name) {
        for (size_t i = 0; i < template->count; i++)
                if (str_eq(template->parameters[i].name, name))
                        return &template->parameters[i];
        return NULL;
}

static void make(const struct warehouse *w, struct collection *configurations,
                 const struct template *template) {
        const char *of =
                str_eq(template->type, "parameterGroup") ? js_str(w->list, "/version") : w->id;
        const char *gap = strstr(template->name, "%s");
        _cleanup_(freep) char *name = x_printf("%.*s%s", gap ? (int)(gap - template->name) : 99,
                                               template->name, gap ? of : "");
        char id[UUID_SIZE];

        for (char *p = name; gap && *p; p++)
                if (*p == '.')
                        *p = '_';
        dws_derived_uuid(w->id, template->type, id);
        collection_put(configurations, id,
                       js_pack("{'id': s, 'name': s, 'type': s, 'status': s, 'fail_reason': s, "
                               "'values': {}}",
                               id, name, template->type, "In-Sync", "null"));
}

/* The templates of a warehouse, made when they are first asked for: always the same ones. */
static struct collection *configurations_of(const struct warehouse *w) {
        struct collection *configurations = world_collection(w->world, DWS_CONFIGURATIONS, w->id);

        for (size_t i = 0; collection_count(configurations) < ELEMENTSOF(templates); i++)
                make(w, configurations, &templates[i]);
        return configurations;
}

static void list_configurations(const struct request *req, struct response *resp) {
        struct json_object *list;
        struct collection *configurations;
        struct warehouse w;

        if (!warehouse_of(req, resp, &w))
                return;
        configurations = configurations_of(&w);
        list = json_object_new_array();
        for (struct entry *entry = collection_first(configurations); entry;
             entry = entry_next(entry))
                json_object_array_add(
                        list, dws_view(entry_object(entry), "id name type status fail_reason"));
        reply_json(resp, 200, js_pack("{'configurations': o}", list));
}

/* The template of the path; if there is none, answers so and returns NULL. */
static struct json_object *configuration_of(const struct request *req, struct response *resp,
                                            const struct warehouse *w) {
        struct json_object *found =
                collection_get(configurations_of(w), path_param(req, "configuration_id"));

        if (!found)
                reply_error_code(req, resp, 400, "DWS.5054");
        return found;
}

static const char *value_of(struct json_object *configuration, const struct parameter *parameter,
                            const char *node, const char *fallback) {
        _cleanup_(freep) char *pointer = x_printf("/values/%s/%s", parameter->name, node);
        const char *value = js_str(configuration, pointer);

        return value ? value : fallback;
}

static struct json_object *parameter_json(struct json_object *configuration,
                                          const struct parameter *parameter) {
        const struct {
                const char *node, *fallback;
        } nodes[] = { { "cn", parameter->cn }, { "dn", parameter->dn } };
        struct json_object *values = json_object_new_array();

        for (size_t i = 0; i < ELEMENTSOF(nodes); i++)
                if (nodes[i].fallback)
                        json_object_array_add(values,
                                              js_pack("{'type': s, 'value': s, 'default_value': s}",
                                                      nodes[i].node,
                                                      value_of(configuration, parameter,
                                                               nodes[i].node, nodes[i].fallback),
                                                      nodes[i].fallback));
        return js_pack(
                "{'name': s, 'values': o, 'unit': s, 'type': s, 'readonly': b, 'value_range': s,"
                "'restart_required': b, 'description': s}",
                parameter->name, values, parameter->unit, parameter->type, parameter->readonly,
                parameter->range, parameter->restart, parameter->description);
}

static void show_configuration(const struct request *req, struct response *resp) {
        struct json_object *configuration, *list;
        const struct template *template;
        struct warehouse w;

        if (!warehouse_of(req, resp, &w))
                return;
        configuration = configuration_of(req, resp, &w);
        if (!configuration)
                return;
        template = template_of(js_str(configuration, "/type"));
        list = json_object_new_array();
        for (size_t i = 0; i < template->count; i++)
                json_object_array_add(list,
                                      parameter_json(configuration, &template->parameters[i]));
        reply_json(resp, 200, js_pack("{'configurations': o}", list));
}

/* Whether a number lies in "low-high". */
static bool number_fits(const char *range, const char *text) {
        size_t len = strcspn(range, "-");
        _cleanup_(freep) char *low = x_strndup(range, len);
        double min, max, value;
        int64_t integer;

        if (!strchr(range, '.') && parse_int(text, &integer) < 0)
                return false;
        if (parse_number(low, &min) < 0 || parse_number(range + len + 1, &max) < 0 ||
            parse_number(text, &value) < 0)
                return false;
        return value >= min && value <= max;
}

static bool value_fits(const struct parameter *parameter, const char *value) {
        const char *range = parameter->range;

        if (str_eq(parameter->type, "integer") || str_eq(parameter->type, "float"))
                return number_fits(range, value);
        if (!*range)
                return true;
        while (*range) {
                size_t len = strcspn(range, "|");

                if (strlen(value) == len && strncmp(range, value, len) == 0)
                        return true;
                range += len + (range[len] == '|');
        }
        return false;
}

static bool is_twice(struct json_object *changes, size_t i) {
        struct json_object *one = js_at(changes, i);

        for (size_t k = 0; k < i; k++)
                if (str_eq(js_str(js_at(changes, k), "/name"), js_str(one, "/name")) &&
                    str_eq(js_str(js_at(changes, k), "/type"), js_str(one, "/type")))
                        return true;
        return false;
}

static const char *problem_of(const struct template *template, struct json_object *changes) {
        for (size_t i = 0; i < js_len(changes, ""); i++) {
                struct json_object *change = js_at(changes, i);
                const struct parameter *parameter = parameter_of(template, js_str(change, "/name"));
                bool on_cn = str_eq(js_str(change, "/type"), "cn");

                if (!parameter || !(on_cn ? parameter->cn : parameter->dn))
                        return "DWS.5037";
                if (is_twice(changes, i))
                        return "DWS.5039";
                if (parameter->readonly || !value_fits(parameter, js_str(change, "/value")))
                        return "DWS.5038";
        }
        return NULL;
}

/* Stores the values; returns whether one of them needs a restart. */
static bool store(struct json_object *configuration, const struct template *template,
                  struct json_object *changes) {
        bool restart = false;

        for (size_t i = 0; i < js_len(changes, ""); i++) {
                struct json_object *change = js_at(changes, i);
                const struct parameter *parameter = parameter_of(template, js_str(change, "/name"));
                const char *node = js_str(change, "/type"), *value = js_str(change, "/value");
                _cleanup_(freep) char *pointer = NULL;
                const char *fallback;

                if (!parameter)
                        continue; /* refused by problem_of() before */
                fallback = str_eq(node, "cn") ? parameter->cn : parameter->dn;
                pointer = x_printf("/values/%s/%s", parameter->name, node);
                if (parameter->restart &&
                    !str_eq(value_of(configuration, parameter, node, fallback), value))
                        restart = true;
                js_set_str(configuration, pointer, value);
        }
        return restart;
}

/* The state of the template that the detail of the cluster shows, too. */
static void set_state(const struct warehouse *w, struct json_object *configuration,
                      const char *state) {
        js_set_str(configuration, "/status", state);
        if (str_eq(js_str(configuration, "/type"), "parameterGroup"))
                js_set_str(w->detail, "/parameter_group/status", state);
}

static void update_configuration(const struct request *req, struct response *resp) {
        struct json_object *changes = js_get(req->body, "/configurations"), *configuration,
                           *argument;
        const struct template *template;
        const char *problem;
        struct warehouse w;
        bool was_pending, restart;

        if (!warehouse_idle(req, resp, &w))
                return;
        configuration = configuration_of(req, resp, &w);
        if (!configuration)
                return;
        template = template_of(js_str(configuration, "/type"));
        problem = problem_of(template, changes);
        if (problem) {
                reply_error_code(req, resp, 400, problem);
                return;
        }
        argument = warehouse_argument(&w);
        js_set_str(argument, "/configuration", js_str(configuration, "/id"));
        (void)js_set(argument, "/before", js_clone(js_get(configuration, "/values")));
        was_pending = str_eq(js_str(configuration, "/status"), "Pending-Reboot");
        restart = store(configuration, template, changes);
        (void)js_set(argument, "/restart", json_object_new_boolean(restart || was_pending));
        set_state(&w, configuration, "Applying");
        js_set_str(configuration, "/fail_reason", "null");
        warehouse_task(&w, "SETTING_CONFIGURATION", "SETTING_CONFIGURATION", APPLY_MS,
                       "dws.configured", argument);
        reply_empty(resp, 200);
}

/* No node has as much memory as the largest value that the range allows. */
static bool cannot_be_applied(struct json_object *configuration) {
        const char *memory = js_str(configuration, "/values/max_process_memory/dn");

        return str_eq(memory, "2147483647");
}

static void configured(struct world *world, struct json_object *argument) {
        struct json_object *configuration;
        struct warehouse w;

        if (!warehouse_of_event(world, argument, &w))
                return;
        warehouse_task_end(&w, NULL);
        configuration = collection_get(configurations_of(&w), js_str(argument, "/configuration"));
        if (!configuration)
                return;
        if (cannot_be_applied(configuration)) {
                (void)js_set(configuration, "/values", js_clone(js_get(argument, "/before")));
                js_set_str(configuration, "/fail_reason",
                           "max_process_memory is more than the nodes have.");
                set_state(&w, configuration, "Sync-Failure");
                return;
        }
        set_state(&w, configuration,
                  js_bool(argument, "/restart", false) ? "Pending-Reboot" : "In-Sync");
        warehouse_event(&w, "modifyParameterSuccess", "Parameters changed", "normal",
                        "Parameters of cluster %s changed");
}

void dws_configurations_restarted(const struct warehouse *w) {
        struct collection *configurations = configurations_of(w);

        for (struct entry *entry = collection_first(configurations); entry;
             entry = entry_next(entry))
                if (str_eq(js_str(entry_object(entry), "/status"), "Pending-Reboot"))
                        set_state(w, entry_object(entry), "In-Sync");
}

const struct handler dws_parameter_handlers[] = {
        { "listClusterConfigurations", list_configurations },
        { "showClusterConfiguration", show_configuration },
        { "updateClusterConfiguration", update_configuration },
        { 0 },
};

const struct event dws_parameter_events[] = {
        { "dws.configured", configured },
        { 0 },
};
