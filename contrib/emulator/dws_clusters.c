/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DWS: warehouses: list, detail, creation, deletion, restart, password, read-only state.
 */
#include "contrib/emulator/dws.h"
#include "contrib/emulator/util.h"

#include <string.h>

enum {
        CREATION_MS = 12 * MINUTE_MS, /* the documents say 10 to 15 minutes */
        DELETION_MS = 4 * MINUTE_MS,
        REBOOT_MS = 5 * MINUTE_MS,
};

static void list_clusters(const struct request *req, struct response *resp) {
        struct collection *clusters = world_collection(req->world, DWS_CLUSTERS, req->project);
        const char *wanted = query_param(req, "enterprise_project_id");
        struct json_object *list = json_object_new_array();

        if (str_eq(wanted, "all_granted_eps"))
                wanted = NULL;
        for (struct entry *entry = collection_first(clusters); entry; entry = entry_next(entry)) {
                struct json_object *cluster = entry_object(entry);

                if (!wanted || str_eq(js_str(cluster, "/enterprise_project_id"), wanted))
                        json_object_array_add(list, json_object_get(cluster));
        }
        reply_json(resp, 200, js_pack("{'clusters': o}", list));
}

static void show_cluster(const struct request *req, struct response *resp) {
        struct json_object *cluster;
        struct warehouse w;

        if (!warehouse_of(req, resp, &w))
                return;
        cluster = json_object_new_object();
        js_each_member(w.list, name, value) {
                json_object_object_add(cluster, name, json_object_get(value));
        }
        js_each_member(w.detail, detail_name, detail) {
                json_object_object_add(cluster, detail_name, json_object_get(detail));
        }
        reply_json(resp, 200, js_pack("{'cluster': o}", cluster));
}

static void accept(const struct request *req, struct response *resp, struct wish *wish) {
        struct warehouse w;

        if (!wish_check(req, resp, wish))
                return;
        wish_build(req->world, req->project, wish, &w);
        warehouse_event(&w, "createClusterStart", "Cluster creation started", "normal",
                        "Creation of cluster %s started");
        warehouse_create(&w, NULL, CREATION_MS);
        reply_json(resp, 200, js_pack("{'cluster': {'id': s}}", w.id));
}

/* The text wants the id of the flavor, the example sends its name: both are good. */
static void create_cluster(const struct request *req, struct response *resp) {
        struct json_object *body = js_get(req->body, "/cluster"), *tag = js_get(body, "/tags");
        struct json_object *tags = tag ? js_pack("[o]", json_object_get(tag)) : NULL;
        const char *type = js_str(body, "/node_type");
        struct wish wish = {
                .name = js_str(body, "/name"),
                .zone = js_str(body, "/availability_zone"),
                .vpc = js_str(body, "/vpc_id"),
                .subnet = js_str(body, "/subnet_id"),
                .group = js_str(body, "/security_group_id"),
                .user = js_str(body, "/user_name"),
                .password = js_str(body, "/user_pwd"),
                .enterprise = js_str(body, "/enterprise_project_id"),
                .bind = js_str(body, "/public_ip/public_bind_type"),
                .eip = js_str(body, "/public_ip/eip_id"),
                .flavor = flavor_by_id(type) ? flavor_by_id(type) : flavor_by_name(type),
                .nodes = js_int(body, "/number_of_node", 0),
                .cns = js_int(body, "/number_of_cn", 0),
                .port = js_int(body, "/port", 0),
                .tags = tags,
        };

        if (!wish.flavor)
                reply_error_code(req, resp, 400, "DWS.5006");
        else
                accept(req, resp, &wish);
        json_object_put(tags);
}

/* A number, or the same as text: the port is one or the other, by the call. */
static int64_t number_of(struct json_object *body, const char *pointer) {
        const char *text = js_str(body, pointer);
        int64_t number;

        if (!text)
                return js_int(body, pointer, 0);
        return parse_int(text, &number) == 0 ? number : -1;
}

/*
 * The wish of the v2 body, which the pre-check shares. Here only a name is a flavor, an id is none.
 */
static bool wish_of_v2(const struct request *req, struct response *resp, struct wish *ret) {
        struct json_object *body = js_get(req->body, "/cluster");
        const char *version = js_str(body, "/datastore_version");

        *ret = (struct wish){
                .name = js_str(body, "/name"),
                .zone = js_str(body, "/availability_zones/0"),
                .vpc = js_str(body, "/vpc_id"),
                .subnet = js_str(body, "/subnet_id"),
                .group = js_str(body, "/security_group_id"),
                .user = js_str(body, "/db_name"),
                .password = js_str(body, "/db_password"),
                .enterprise = js_str(body, "/enterprise_project_id"),
                .bind = js_str(body, "/public_ip/public_bind_type"),
                .eip = js_str(body, "/public_ip/eip_id"),
                .flavor = flavor_by_name(js_str(body, "/flavor")),
                .nodes = js_int(body, "/num_node", 0),
                .cns = js_int(body, "/num_cn", 0),
                .port = number_of(body, "/db_port"),
        };
        if (!ret->flavor)
                reply_error_code(req, resp, 400, "DWS.5240");
        else if (!ret->vpc)
                reply_error_code(req, resp, 400, "DWS.5014");
        else if (!ret->subnet)
                reply_error_code(req, resp, 400, "DWS.5202");
        else if (version && !*version)
                reply_error_code(req, resp, 400, "DWS.5003");
        else
                return true;
        return false;
}

static bool name_is_good(const char *name) {
        size_t len = strlen(name);

        if (len < 4 || len > 64 ||
            !strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", *name))
                return false;
        return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") ==
               len;
}

/*
 * The worked case prints no rules, so the contract lets everything through; the service does not.
 */
static void create_cluster_v2(const struct request *req, struct response *resp) {
        struct wish wish;

        if (!wish_of_v2(req, resp, &wish))
                return;
        if (!wish.name || !name_is_good(wish.name))
                reply_error_code(req, resp, 400, "DWS.5057");
        else if (!wish.password)
                reply_error_code(req, resp, 400, "DWS.5144");
        else
                accept(req, resp, &wish);
}

static void precheck(const struct request *req, struct response *resp) {
        struct wish wish;

        if (wish_of_v2(req, resp, &wish) && wish_check(req, resp, &wish))
                reply_json(resp, 200, json_object_new_object());
}

/* A flavor without capacity is found out late: the cluster is there, and broken. */
static void created(struct world *world, struct json_object *argument) {
        const struct flavor *flavor;
        struct warehouse w;

        if (!warehouse_of_event(world, argument, &w))
                return;
        flavor = flavor_by_id(js_str(w.hidden, "/flavor"));
        if (flavor && flavor->no_capacity) {
                _cleanup_(freep) char *why =
                        x_printf("The capacity of flavor %s is not sufficient.", flavor->name);

                js_set_str(w.list, "/status", "CREATE_FAILED");
                (void)js_set(w.list, "/failed_reasons",
                             js_pack("{'error_code': s, 'error_msg': s}", "ECS.0319", why));
                warehouse_nodes_state(&w, "100", "303");
                warehouse_task_end(&w, NULL);
                warehouse_event(&w, "createClusterFailed", "Cluster creation failed", "warning",
                                "Cluster %s could not be created");
                return;
        }
        warehouse_ready(&w);
        warehouse_event(&w, "createClusterSuccess", "Cluster created", "normal",
                        "Cluster %s created");
}

static void delete_cluster(const struct request *req, struct response *resp) {
        int64_t keep = js_int(req->body, "/keep_last_manual_snapshot", 0);
        struct json_object *argument;
        const char *status, *task;
        struct warehouse w;

        if (!warehouse_of(req, resp, &w))
                return;
        if (keep < 0) {
                reply_error_code(req, resp, 400, "DWS.5060");
                return;
        }
        status = js_str(w.list, "/status");
        task = js_str(w.list, "/task_status");
        /* One that waits for redistribution may go: nothing could ever end that state. */
        if (!warehouse_is_idle(&w) && !str_ends(status, "FAILED") &&
            !str_eq(task, "WAITING_REDISTRIBUTION")) {
                dws_refuse_busy(req, resp);
                return;
        }
        js_set_str(w.list, "/status", "DELETING");
        js_set_str(w.list, "/task_status", NULL);
        warehouse_nodes_state(&w, NULL, "304");
        warehouse_touch(&w);
        argument = warehouse_argument(&w);
        js_set_int(argument, "/keep", keep);
        life_event(w.world, DELETION_MS, "dws.deleted", argument);
        reply_json(resp, 202, json_object_new_object());
}

static void deleted(struct world *world, struct json_object *argument) {
        static const char *const parts[] = { DWS_POLICIES, DWS_QUEUES,         DWS_PLANS,
                                             DWS_SOURCES,  DWS_CONFIGURATIONS, DWS_AUDIT };
        static const char *const forms[] = { DWS_DETAILS, DWS_HIDDEN, DWS_CLUSTERS };
        const char *id = js_str(argument, "/cluster");
        struct warehouse w;

        if (!warehouse_of_event(world, argument, &w))
                return;
        warehouse_event(&w, "deleteClusterSuccess", "Cluster deleted", "normal",
                        "Cluster %s deleted");
        warehouse_release_elb(&w);
        snapshots_reduce(world, w.project, id, js_int(argument, "/keep", 0));
        for (size_t i = 0; i < ELEMENTSOF(parts); i++)
                world_drop(world, parts[i], id);
        life_cancel(world, DWS_CLUSTERS, w.project, id);
        for (size_t i = 0; i < ELEMENTSOF(forms); i++)
                collection_remove(world_collection(world, forms[i], w.project), id);
        collection_put(world_collection(world, DWS_GONE, w.project), id, json_object_new_object());
}

void dws_reboot(const struct warehouse *w) {
        warehouse_task(w, "REBOOTING", "REBOOTING", REBOOT_MS, "dws.rebooted",
                       warehouse_argument(w));
}

static void restart(const struct request *req, struct response *resp) {
        struct warehouse w;

        if (!warehouse_idle(req, resp, &w))
                return;
        warehouse_event(&w, "restartClusterStart", "Cluster restart started", "normal",
                        "Restart of cluster %s started");
        dws_reboot(&w);
        reply_json(resp, 200, json_object_new_object());
}

static void rebooted(struct world *world, struct json_object *argument) {
        struct warehouse w;

        if (!warehouse_of_event(world, argument, &w))
                return;
        dws_configurations_restarted(&w);
        warehouse_task_end(&w, NULL);
        warehouse_event(&w, "restartClusterSuccess", "Cluster restarted", "normal",
                        "Cluster %s restarted");
}

static void reset_password(const struct request *req, struct response *resp) {
        const char *password = js_str(req->body, "/new_password"), *problem;
        struct warehouse w;

        if (!warehouse_idle(req, resp, &w))
                return;
        problem = dws_password_problem(password, js_str(w.list, "/user_name"));
        if (!problem && warehouse_password_is_used(&w, password))
                problem = "DWS.5199";
        if (problem) {
                reply_error_code(req, resp, 400, problem);
                return;
        }
        warehouse_password_put(&w, password);
        warehouse_event(&w, "resetPasswordSuccess", "Password reset", "normal",
                        "The administrator password of cluster %s was reset");
        reply_json(resp, 200, json_object_new_object());
}

/* Takes the word READONLY out of the condition. */
static void clear_readonly(const struct warehouse *w) {
        _cleanup_(freep) char *left = x_strdup("");
        const char *at = js_str(w->list, "/sub_status");

        while (*at) {
                size_t len = strcspn(at, " ");
                _cleanup_(freep) char *word = x_strndup(at, len);
                char *longer;

                at += len + strspn(at + len, " ");
                if (str_eq(word, "READONLY"))
                        continue;
                longer = x_printf("%s%s%s", left, *left ? " " : "", word);
                free(left);
                left = longer;
        }
        js_set_str(w->list, "/sub_status", *left ? left : "NORMAL");
}

/* Clusters before 1.7.2 have no such function. */
static bool is_old(const char *version) {
        int64_t wanted[] = { 1, 7, 2 };

        for (size_t i = 0; i < ELEMENTSOF(wanted); i++) {
                size_t len = strcspn(version, ".");
                _cleanup_(freep) char *part = x_strndup(version, len);
                int64_t number = 0;

                (void)parse_int(part, &number);
                if (number != wanted[i])
                        return number < wanted[i];
                version += len + (version[len] == '.');
        }
        return false;
}

static void cancel_readonly(const struct request *req, struct response *resp) {
        struct warehouse w;

        if (!warehouse_idle(req, resp, &w))
                return;
        if (is_old(js_str(w.list, "/version"))) {
                reply_error_code(req, resp, 400, "DWS.5206");
                return;
        }
        clear_readonly(&w);
        warehouse_touch(&w);
        warehouse_event(&w, "cancelReadonlySuccess", "Read-only state cancelled", "normal",
                        "The read-only state of cluster %s was cancelled");
        reply_json(resp, 200, json_object_new_object());
}

const struct handler dws_cluster_handlers[] = {
        { "listClusters", list_clusters },
        { "showCluster", show_cluster },
        { "createCluster", create_cluster },
        { "createClusterV2", create_cluster_v2 },
        { "precheckCluster", precheck },
        { "deleteCluster", delete_cluster },
        { "restartCluster", restart },
        { "resetClusterPassword", reset_password },
        { "cancelClusterReadonly", cancel_readonly },
        { 0 },
};

const struct event dws_cluster_events[] = {
        { "dws.created", created },
        { "dws.deleted", deleted },
        { "dws.rebooted", rebooted },
        { 0 },
};
