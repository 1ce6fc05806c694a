/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UCS: permission policies. Names may occur twice; there is no call that reads one alone.
 */
#include "contrib/emulator/ucs.h"
#include "contrib/emulator/util.h"

struct json_object *ucs_associations(struct world *world, struct json_object *body) {
        struct json_object *given = js_get(body, "/ruleIDNamespaces"),
                           *list = json_object_new_array();
        struct collection *c = ucs_collection(world, "rules");

        for (size_t i = 0; i < js_len(given, ""); i++) {
                struct json_object *pair = js_at(given, i), *ids = js_get(pair, "/ruleIDs");
                struct json_object *rules = json_object_new_array(),
                                   *namespaces = js_get(pair, "/namespaces");

                for (size_t j = 0; j < js_len(ids, ""); j++) {
                        const char *id = json_object_get_string(js_at(ids, j));
                        struct json_object *rule = collection_get(c, id);

                        if (!rule) {
                                json_object_put(rules);
                                json_object_put(list);
                                return NULL;
                        }
                        json_object_array_add(rules, js_pack("{'ruleID': s, 'ruleName': s}", id,
                                                             js_str(rule, "/metadata/name")));
                }
                json_object_array_add(
                        list, js_pack("{'rules': o, 'namespaces': o}", rules,
                                      namespaces ? js_clone(namespaces) : json_object_new_array()));
        }
        return list;
}

/* What a type stands for when the client does not say it. */
static void complete(struct json_object *spec) {
        const char *type = js_str(spec, "/type");

        if (js_get(spec, "/contents") || !type || str_eq(type, "custom"))
                return;
        if (str_eq(type, "readonly"))
                js_set(spec, "/contents",
                       js_pack("[{'verbs': [s s s], 'resources': [s]}]", "get", "list", "watch",
                               "*"));
        else
                js_set(spec, "/contents",
                       js_pack("[{'verbs': [s], 'resources': [s]}]", "*",
                               str_eq(type, "admin") ? "*" : "workloads"));
}

static struct json_object *spec_of(struct json_object *body) {
        struct json_object *given = js_get(body, "/spec");
        struct json_object *spec = given ? js_clone(given) : json_object_new_object();

        complete(spec);
        return spec;
}

static void create_rule(const struct request *req, struct response *resp) {
        struct json_object *rule;
        char uid[UUID_SIZE];

        if (!ucs_has_quota(req, resp, "rules"))
                return;
        world_uuid(req->world, uid);
        rule = js_pack("{'metadata': {'name': s, 'uid': s, 'creationTimestamp': o}, 'spec': o}",
                       js_str(req->body, "/metadata/name"), uid,
                       time_json(TIME_GO, world_now(req->world)), spec_of(req->body));
        ucs_touch(req->world, rule);
        collection_put(ucs_collection(req->world, "rules"), uid, rule);
        reply_json(resp, 201, js_pack("{'uid': s}", uid));
}

static void list_rules(const struct request *req, struct response *resp) {
        ucs_reply_list(req, resp, collection_array(ucs_collection(req->world, "rules")));
}

static struct json_object *rule_of(const struct request *req, struct response *resp) {
        struct json_object *rule =
                collection_get(ucs_collection(req->world, "rules"), path_param(req, "ruleid"));

        if (!rule)
                ucs_missing(req, resp, "UCS.01000013", "UCS.01000013");
        return rule;
}

/* What the client leaves out of the spec is gone. */
static void update_rule(const struct request *req, struct response *resp) {
        struct json_object *rule = rule_of(req, resp);

        if (!rule)
                return;
        js_set(rule, "/spec", spec_of(req->body));
        ucs_touch(req->world, rule);
        reply_empty(resp, 200);
}

/* Takes a policy out of the associations of a cluster. */
static void dissociate(struct json_object *cluster, const char *id) {
        struct json_object *list = js_get(cluster, "/spec/ruleNamespaces");

        for (size_t i = js_len(list, ""); i-- > 0;) {
                struct json_object *rules = js_get(js_at(list, i), "/rules");

                for (size_t j = js_len(rules, ""); j-- > 0;)
                        if (str_eq(js_str(js_at(rules, j), "/ruleID"), id))
                                json_object_array_del_idx(rules, j, 1);
                if (js_len(rules, "") == 0)
                        json_object_array_del_idx(list, i, 1);
        }
}

static void delete_rule(const struct request *req, struct response *resp) {
        const char *id = path_param(req, "ruleid");
        struct entry *e;

        if (!rule_of(req, resp))
                return;
        for (e = collection_first(ucs_collection(req->world, "clusters")); e; e = entry_next(e))
                dissociate(entry_object(e), id);
        collection_remove(ucs_collection(req->world, "rules"), id);
        reply_empty(resp, 200);
}

const struct handler ucs_rule_handlers[] = {
        { "createPermissionRule", create_rule },
        { "listPermissionRules", list_rules },
        { "updatePermissionRule", update_rule },
        { "deletePermissionRule", delete_rule },
        { 0 },
};
