/* SPDX-License-Identifier: Apache-2.0 */
/* CSE: microservice engines, what governs them, and the way to their own servers. Facts: the
 * contract's notes on CSE. */
#include "backends/rows.h"
#include "backends/select.h"
#include "backends/sent.h"
#include "backends/tables/cse-calls.h"
#include "backends/tables/cse-change.h"
#include "backends/tables/helpers.h"
#include "base/text.h"

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

#define CSE_GET(name, template)                                                     \
        .id = (name), .service = "cse", .path = (template), .scope = SCOPE_PROJECT, \
        .headers = "X-Enterprise-Project-ID: {enterprise_project}"

/* Without an engine the account says which enterprise project is meant, not the engine from below
 * which the list is asked for: one list serves all. */
#define PROJECT_GET(name, template)                                                 \
        .id = (name), .service = "cse", .path = (template), .scope = SCOPE_PROJECT, \
        .headers = CSE_ACCOUNT_ENTERPRISE

/* Governance and namespaces go to the regional host and say in a header which engine is meant. */
#define ENGINE_GET(name, template)                                                  \
        .id = (name), .service = "cse", .path = (template), .scope = SCOPE_PROJECT, \
        .headers = "x-engine-id: {engine_id}\nX-Enterprise-Project-ID: {enterprise_project}"

static int split_governance(const struct json *page, struct answer *answer);

static const struct call list_cse_flavors = {
        PROJECT_GET("listEngineFlavors", "/v2/{project_id}/enginemgr/flavors"),
        .query = "specType=CSE2", .items = "/data", .key = "/flavor", .ttl_s = 3600
};
static const struct call list_nacos_flavors = {
        PROJECT_GET("listEngineFlavors", "/v2/{project_id}/enginemgr/flavors"),
        .query = "specType=Nacos2", .items = "/data", .key = "/flavor", .ttl_s = 3600
};
static const struct call list_engines = { PROJECT_GET("listEngines",
                                                      "/v2/{project_id}/enginemgr/engines"),
                                          .query = "type=ALL",
                                          .items = "/data",
                                          .key = "/id",
                                          .total = "/total",
                                          .paging = PAGING_OFFSET,
                                          .page_size = 100 };
static const struct call get_engine = { CSE_GET("getEngine",
                                                "/v2/{project_id}/enginemgr/engines/{engine_id}") };
static const struct call get_quotas = { PROJECT_GET("getEngineQuotas",
                                                    "/v2/{project_id}/enginemgr/quotas") };
static const struct call list_jobs = {
        CSE_GET("listEngineJobs", "/v2/{project_id}/enginemgr/engines/{engine_id}/jobs"),
        .items = "/data",
        .key = "/id",
        .total = "/total",
        .paging = PAGING_OFFSET,
        .page_size = 100
};
static const struct call get_job = { CSE_GET(
        "getEngineJob", "/v2/{project_id}/enginemgr/engines/{engine_id}/jobs/{job_id}") };
static const struct call list_governance = {
        ENGINE_GET("listGovernancePolicies", "/v3/{project_id}/govern/governance/display"),
        .query = "environment=all", .split = split_governance
};
static const struct call get_route_rule = {
        ENGINE_GET("getRouteRule",
                   "/v3/{project_id}/govern/route-rule/microservices/{service_name}"),
        .query = "environment={env}&app_id={app}"
};
static const struct call list_metrics = { ENGINE_GET("listMicroserviceMetrics",
                                                     "/v3/{project_id}/csemonitor/metric/list"),
                                          .items = "/list",
                                          .key = "/key,/serviceId",
                                          .total = "/total",
                                          .paging = PAGING_NUMBER,
                                          .page_size = 100,
                                          .is_volatile = true };
static const struct call get_metrics = {
        ENGINE_GET("getMicroserviceMetrics", "/v3/{project_id}/csemonitor/metric"),
        .query = "service={service}", .is_volatile = true, .ttl_s = 10
};
static const struct call list_thresholds = {
        ENGINE_GET("listMicroserviceThresholds", "/v3/{project_id}/csemonitor/thresholds"),
        .query = "services={services}", .is_volatile = true, .ttl_s = 10
};
static const struct call list_namespaces = {
        ENGINE_GET("listNacosNamespaces", "/v1/{project_id}/nacos/v1/console/namespaces"),
        .query = "offset=0&limit=0",
        .items = "/data",
        .key = "/namespace",
        .success = "/code",
        .success_is = "200"
};

const struct call create_engine_token = {
        .id = "createEngineToken",
        .service = "cse",
        .method = METHOD_POST,
        .path = "/v2/{project_id}/enginemgr/engines/{engine_id}/tokens",
        .headers = "X-Enterprise-Project-ID: {enterprise_project}",
        .scope = SCOPE_PROJECT,
        .risk = RISK_SECRET,
        .repeat = REPEAT_ONCE
};

/* One element of governance: where it stands, and the object as received. */
static int add_governance(struct answer *answer, const char *id, const char *kind,
                          const struct json *object) {
        _cleanup_(json_freep) struct json *item = json_new_object();
        int r = item ? json_set_string(item, "kind", kind) : -ENOMEM;

        if (r == 0)
                r = put_copy(item, "environment", json_at(object, "/selector/environment"));
        if (r == 0)
                r = put_copy(item, "app", json_at(object, "/selector/app"));
        if (r == 0)
                r = put_copy(item, "name", json_at(object, "/name"));
        if (r == 0)
                r = put_copy(item, "object", object);
        return r < 0 ? r : answer_add_json(answer, id, item);
}

static int add_scene(struct answer *answer, const struct json *scene) {
        const char *environment = json_string(scene, "/selector/environment");
        const char *app = json_string(scene, "/selector/app"), *name = json_string(scene, "/name");
        struct buf id = BUF_INIT(4096);
        int r;

        if (text_is_empty(name))
                return 0;
        r = buf_printf(&id, "scenes/%s/%s/%s", environment ? environment : "", app ? app : "",
                       name);
        if (r == 0)
                r = add_governance(answer, buf_str(&id), "scenes", scene);
        buf_done(&id);
        return r;
}

static int add_policy(struct answer *answer, const struct json *policy) {
        const char *kind = json_string(policy, "/kind"), *id = json_string(policy, "/id");
        struct buf key = BUF_INIT(4096);
        int r;

        if (!kind || !id)
                return 0;
        r = buf_printf(&key, "%s/%s", kind, id);
        if (r == 0)
                r = add_governance(answer, buf_str(&key), kind, policy);
        buf_done(&key);
        return r;
}

/* A bare array of scenes with their policies; a policy may stand in several. */
static int split_governance(const struct json *page, struct answer *answer) {
        if (page && !json_is(page, JSON_ARRAY))
                return -EBADMSG;
        for (size_t i = 0; i < json_count(page); i++) {
                const struct json *entry = json_item(page, i);
                const struct json *policies = json_at(entry, "/policies");
                int r = add_scene(answer, json_at(entry, "/matchGroup"));

                for (size_t j = 0; r == 0 && j < json_count(policies); j++)
                        r = add_policy(answer, json_item(policies, j));
                if (r < 0)
                        return r;
        }
        return 0;
}

/* The rules come as a text of unknown format: as JSON where it is some, else as it is. */
static int compose_route_rule(struct composer *composer, const struct json *value,
                              struct json **ret) {
        const struct json *result = json_at(value, "/result");
        const char *text;

        if (!result)
                result = json_at(value, "/Result");
        text = json_string(result, "");
        if (!result || (text && !*text))
                return op_fail(composer->op, ENOENT, "this service has no route rules");
        if (text && json_parse(text, strlen(text), ret, NULL) == 0 && *ret)
                return 0;
        *ret = json_share(result);
        return 0;
}

/* The address of one of an engine's servers, in one of its two maps: public before private. */
static const char *find_address(const struct json *entrypoint, const char *server) {
        static const char *const maps[] = { "publicServiceEndpoint", "serviceEndpoint" };

        for (size_t i = 0; i < ELEMENTSOF(maps); i++) {
                const struct json *map = json_member(entrypoint, maps[i]);
                const char *address = json_string(json_member(map, server), "/masterEntrypoint");

                if (!text_is_empty(address))
                        return address;
        }
        return NULL;
}

/* In the detail and in the list, under either name (CSE notes, section 3). */
static const char *engine_address(const struct json *detail, const struct json *item,
                                  const char *const *servers) {
        for (; *servers; servers++) {
                const char *address =
                        find_address(json_at(detail, "/externalEntrypoint"), *servers);

                if (!address)
                        address = find_address(item, *servers);
                if (address)
                        return address;
        }
        return NULL;
}

static int set_if_known(struct param_list *params, const char *name, const char *value) {
        return value ? param_list_set(params, name, value) : 0;
}

static int resolve_engine(struct composer *composer, struct param_list *params) {
        _cleanup_(json_freep) struct json *detail = NULL;
        _cleanup_(json_freep) struct json *item = NULL;
        int r;

        r = composer_object(composer, &detail);
        if (r == 0)
                r = composer_item(composer, &item);
        if (r == 0)
                r = set_if_known(params, "registry_address",
                                 engine_address(detail, item, LIST("serviceCenter")));
        if (r == 0)
                r = set_if_known(params, "config_address",
                                 engine_address(detail, item, LIST("kie", "configCenter")));
        return r;
}

/* The names of a batch of services, joined; one without a name cannot be asked for. */
static void join_names(const struct json *list, size_t begin, size_t end, struct buf *names) {
        for (size_t i = begin; i < end; i++) {
                const char *name = json_string(json_item(list, i), "/serviceName");

                if (!text_is_empty(name))
                        (void)buf_printf(names, "%s%s", names->len ? "," : "", name);
        }
}

static int ask_thresholds(struct composer *composer, const char *names, struct json *all) {
        _cleanup_(json_freep) struct json *answer = NULL;
        const struct json *list;
        int r;

        r = param_list_set(&composer->extra, "services", names);
        if (r == 0)
                r = composer_value(composer, &list_thresholds, &answer);
        /* A bare list by the contract's example, in a member by its table. */
        list = json_is(answer, JSON_OBJECT) ? json_at(answer, "/OK") : answer;
        for (size_t i = 0; r == 0 && i < json_count(list); i++)
                r = json_append(all, json_share(json_item(list, i)));
        return r;
}

/* The thresholds of all services that the monitoring knows, asked for in batches. */
static int compose_thresholds(struct composer *composer, const struct json *value,
                              struct json **ret) {
        enum { BATCH = 50 };
        _cleanup_(json_freep) struct json *all = json_new_array();
        size_t count = json_count(value);
        int r = all ? 0 : -ENOMEM;

        for (size_t i = 0; r == 0 && i < count; i += BATCH) {
                struct buf names = BUF_INIT(64 * 1024);

                join_names(value, i, i + BATCH < count ? i + BATCH : count, &names);
                if (names.error)
                        r = names.error;
                else if (names.len)
                        r = ask_thresholds(composer, buf_str(&names), all);
                buf_done(&names);
        }
        if (r < 0)
                return r;
        *ret = STEAL(all);
        return 0;
}

static const struct life engine_life = {
        .at = "/status",
        .busy = LIST("Creating", "Deleting", "Upgrading", "Modifying"),
        .good = LIST("Available"),
        .bad = LIST("Unavailable", "Deleted", "CreateFailed", "DeleteFailed", "UpgradeFailed",
                    "ModifyFailed", "Freezed"),
};
static const struct life job_life = {
        .at = "/status",
        .busy = LIST("PreInit", "Init", "Executing"),
        .good = LIST("Finished"),
        .bad = LIST("Error", "Timeout"),
};

static const struct kind cse_flavor = {
        .name = "cse-flavor",
        .service = "cse",
        .shape = SHAPE_DOCUMENT,
        .list = &list_cse_flavors,
        .content.files = (const struct file[]){ { .name = "*.json", .from = FROM_ITEM }, { 0 } },
};
static const struct kind nacos_flavor = {
        .name = "nacos-flavor",
        .service = "cse",
        .shape = SHAPE_DOCUMENT,
        .list = &list_nacos_flavors,
        .content.files = (const struct file[]){ { .name = "*.json", .from = FROM_ITEM }, { 0 } },
};
static const struct place_row flavors_row = {
        .children =
                (const struct child[]){
                        { .name = "cse", .kind = &cse_flavor },
                        { .name = "nacos", .kind = &nacos_flavor },
                        { 0 },
                },
};

static const struct kind job = {
        .name = "job",
        .service = "cse",
        .shape = SHAPE_DOCUMENT,
        .list = &list_jobs,
        .get = &get_job,
        .params = LIST("job_id"),
        .life = &job_life,
        .modified = LIST("/endTime", "/startTime"),
        .created = LIST("/startTime"),
        .content.files = (const struct file[]){ { .name = "*.json", .from = FROM_OBJECT }, { 0 } },
};

static const struct kind governance = {
        .name = "governance",
        .service = "cse",
        .shape = SHAPE_DOCUMENT,
        .list = &list_governance,
        .levels = LIST("/environment", "/app", "/kind"),
        .level_params = LIST("env", "app", "kind"),
        .label = "/name",
        .more = LIST("policy_id=/object/id"),
        .always = cse_policy_kinds,
        .check_level = cse_policy_check_level,
        .create = &cse_policy_create,
        .removal = &cse_policy_removal,
        .content.files =
                (const struct file[]){
                        { .name = "*.json",
                          .from = FROM_ITEM,
                          .at = "/object",
                          .when = { .at = "/kind", .is = "scenes", .negate = true },
                          .save = &cse_policy_save },
                        { .name = "*.json",
                          .from = FROM_ITEM,
                          .at = "/object",
                          .when = { .at = "/kind", .is = "scenes" } },
                        { 0 },
                },
};

/* Not listable: the names are those of the registry's services, and one is asked for by name. */
static const struct kind route_rule = {
        .name = "route-rule",
        .service = "cse",
        .shape = SHAPE_DOCUMENT,
        .list = &list_microservices,
        .get = &get_route_rule,
        .params = LIST("service_name"),
        .by_name = true,
        .create = &cse_route_rule_create,
        .removal = &cse_route_rule_removal,
        .levels = LIST("/environment", "/appId"),
        .level_params = LIST("env", "app"),
        .content.files =
                (const struct file[]){
                        { .name = "*.json",
                          .from = FROM_OBJECT,
                          .compose = compose_route_rule,
                          .may_be_text = true,
                          .save = &cse_route_rule_save },
                        { 0 },
                },
};

static const struct kind metric = {
        .name = "metric",
        .service = "cse",
        .shape = SHAPE_DOCUMENT,
        .list = &list_metrics,
        .id_at = "/serviceName",
        .params = LIST("service"),
        .content.files =
                (const struct file[]){
                        { .name = "*.json",
                          .from = FROM_CALL,
                          .call = &get_metrics,
                          .is_volatile = true },
                        { 0 },
                },
};
static const struct place_row monitor_row = {
        .files =
                (const struct file[]){
                        { .name = "thresholds.json",
                          .from = FROM_CALL,
                          .call = &list_metrics,
                          .at = "/list",
                          .compose = compose_thresholds,
                          .further = &list_thresholds,
                          .is_volatile = true },
                        { .name = "services.json",
                          .from = FROM_CALL,
                          .call = &list_metrics,
                          .at = "/list",
                          .is_volatile = true },
                        { 0 },
                },
        .children =
                (const struct child[]){
                        { .name = "metrics", .kind = &metric },
                        { 0 },
                },
};

/* The description is told by no call: what was sent last, else null. */
static int compose_namespace(struct composer *composer, const struct json *value,
                             struct json **ret) {
        static const char *const shown[] = { "/namespace", "/namespaceShowName", NULL };
        _cleanup_(freep) char *sent = sent_get(composer->view, composer->place, "namespaceDesc");
        struct json *document = NULL;
        int r = select_only(value, shown, &document);

        if (r == 0)
                r = json_set_string(document, "namespaceDesc", sent);
        if (r < 0) {
                (void)json_free(document);
                return r;
        }
        *ret = document;
        return 0;
}

/* The reserved namespace has the empty id; it is shown under the name that Nacos gives it. */
static const struct kind nacos_namespace = {
        .name = "namespace",
        .service = "cse",
        .list = &list_namespaces,
        .unnamed = "public",
        .label = "/namespace",
        .params = LIST("namespace_id"),
        .create = &cse_namespace_create,
        .removal = &cse_namespace_removal,
        .content.files =
                (const struct file[]){
                        { .name = "namespace.json",
                          .from = FROM_ITEM,
                          .compose = compose_namespace,
                          .save = &cse_namespace_save },
                        { .name = "status.json",
                          .from = FROM_ITEM,
                          .only = LIST("/configCount", "/quota", "/type"),
                          .is_volatile = true },
                        { 0 },
                },
};

#define ENGINE_MOVES                                                                  \
        "/status", "/usedInstance", "/totalInstance", "/availableInstance", "/dueTo", \
                "/latestJobId", "/latestVersion", "/engineAdditionalActions"

/* While it is being made, or frozen, an engine has no servers of its own that answer; while it is
 * unavailable, the regional host refuses what it would have to ask them. A state that the contract
 * does not know hides nothing: a copy of the tree would lose what went for a moment. */
#define ENGINE_RESTS "Creating", "CreateFailed", "Deleting", "Deleted", "Freezed"

static const struct when engine_has_servers = {
        .at = "/status",
        .among = LIST(ENGINE_RESTS),
        .negate = true,
};
static const struct when engine_works = {
        .at = "/status",
        .among = LIST(ENGINE_RESTS, "Unavailable"),
        .negate = true,
};

static const struct kind engine = {
        .name = "engine", .service = "cse", .list = &list_engines, .get = &get_engine,
        .label = "/name", .params = LIST("engine_id", "engineId"),
        .more = LIST("engine_auth=/authType", "enterprise_project=/enterpriseProjectId"),
        .modified = LIST("/createTime"), .created = LIST("/createTime"), .life = &engine_life,
        .create = &cse_engine_create, .removal = &cse_engine_removal,
        .content = {
                .actions = cse_engine_actions,
                .files = (const struct file[]){
                        { .name = "engine.json", .from = FROM_OBJECT,
                          .without = LIST(ENGINE_MOVES), .save = &cse_engine_save },
                        { .name = "status.json", .from = FROM_ITEM,
                          .only = LIST(ENGINE_MOVES, "/tags"), .is_volatile = true },
                        { 0 },
                },
                .children = (const struct child[]){
                        { .name = "jobs", .kind = &job },
                        { .name = "registry", .kind = &microservice,
                          .when = { .at = "/type", .is = "CSE", .and = &engine_has_servers },
                          .resolve = resolve_engine },
                        { .name = "config", .kind = &configuration,
                          .when = { .at = "/type", .is = "CSE", .and = &engine_has_servers },
                          .resolve = resolve_engine },
                        { .name = "governance", .kind = &governance,
                          .when = { .at = "/type", .is = "CSE", .and = &engine_works } },
                        { .name = "route-rules", .kind = &route_rule,
                          .when = { .at = "/type", .is = "CSE", .and = &engine_works },
                          .resolve = resolve_engine },
                        { .name = "monitor", .row = &monitor_row,
                          .when = { .at = "/type", .is = "CSE", .and = &engine_works } },
                        { .name = "namespaces", .kind = &nacos_namespace,
                          .when = { .at = "/type", .is = "NACOS", .and = &engine_works } },
                        { 0 },
                },
        },
};

const struct service cse_service = {
        .name = "cse",
        .title = "Cloud Service Engine",
        .calls = cse_calls,
        .omitted = (const struct omitted[]){
                { &cse_get_governance_policy,
                  "poorer than the list, which is read before each save in its place" },
                { &cse_list_governance_policies_by_kind,
                  "a part of the list of all policies, which is read in its place" },
                { 0 },
        },
        .content = {
                .files = (const struct file[]){
                        { .name = "quotas.json", .from = FROM_CALL, .call = &get_quotas,
                          .at = "/quotas/resources" },
                        { 0 },
                },
                .children = (const struct child[]){
                        { .name = "engines", .kind = &engine },
                        { .name = "flavors", .row = &flavors_row },
                        { 0 },
                },
        },
};
