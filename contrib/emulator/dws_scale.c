/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DWS: more and fewer nodes, coordinator nodes.
 */
#include "contrib/emulator/dws.h"
#include "contrib/emulator/util.h"

#include <string.h>

enum {
        GROW_MS = 10 * MINUTE_MS,
        NODE_MS = 6 * MINUTE_MS,
        REDISTRIBUTE_MS = 15 * MINUTE_MS,
        CHECK_MS = 2 * MINUTE_MS,
        SHRINK_MS = 10 * MINUTE_MS,
        CN_MS = 5 * MINUTE_MS,
        NODES_MAX = 256,
        NODES_MIN = 3,
        CNS_MIN = 2,
        CNS_MAX = 20,
};

static int64_t count_nodes(const struct warehouse *w, const char *state) {
        struct json_object *nodes = js_get(w->list, "/nodes");
        int64_t count = 0;

        for (size_t i = 0; i < js_len(nodes, ""); i++)
                count += str_eq(js_str(js_at(nodes, i), "/status"), state);
        return count;
}

/* Takes idle nodes into service, the missing ones are new. */
static void take_nodes(const struct warehouse *w, int64_t count) {
        struct json_object *nodes = js_get(w->list, "/nodes");

        for (size_t i = 0; count > 0 && i < js_len(nodes, ""); i++)
                if (str_eq(js_str(js_at(nodes, i), "/status"), "199")) {
                        js_set_str(js_at(nodes, i), "/status", "100");
                        count--;
                }
        warehouse_add_nodes(w, count, "100");
}

static bool resize_is_good(const struct request *req, struct response *resp,
                           const struct warehouse *w) {
        struct json_object *out = js_get(req->body, "/scale_out");
        int64_t wait = js_int(req->body, "/waiting_for_killing", 0),
                count = js_int(out, "/count", 0);
        int64_t now = js_int(w->list, "/number_of_node", 0);

        if (!out)
                dws_invalid(req, resp, "scale_out is missing.");
        else if (wait != 0 && wait < 30)
                reply_error_code(req, resp, 400, "DWS.5060");
        else if (str_eq(js_str(out, "/subnet_id"), DWS_NIL_UUID))
                reply_error_code(req, resp, 404, "DWS.5022");
        else if (now + count > NODES_MAX ||
                 count - count_nodes(w, "199") > dws_nodes_left(w->world, w->project))
                reply_error_code(req, resp, 400, "DWS.5091");
        else
                return true;
        return false;
}

static void start_growing(const struct warehouse *w, int64_t count, bool redistribute) {
        int64_t now = js_int(w->list, "/number_of_node", 0);
        struct json_object *argument = warehouse_argument(w);
        char target[24], origin[24];

        snprintf(origin, sizeof(origin), "%lld", (long long)now);
        snprintf(target, sizeof(target), "%lld", (long long)(now + count));
        (void)js_set(w->detail, "/resize_info",
                     js_pack("{'target_node_num': s, 'origin_node_num': s, 'resize_status': s,"
                             "'start_time': o}",
                             target, origin, "GROWING",
                             time_json(TIME_RFC3339, world_now(w->world))));
        take_nodes(w, count);
        js_set_int(argument, "/count", count);
        (void)js_set(argument, "/redistribute", json_object_new_boolean(redistribute));
        warehouse_task(w, "GROWING", "GROWING", GROW_MS, "dws.grown", argument);
}

static void resize(const struct request *req, struct response *resp) {
        int64_t count = js_int(req->body, "/scale_out/count", 0);
        struct warehouse w;

        if (!warehouse_idle(req, resp, &w) || !resize_is_good(req, resp, &w))
                return;
        warehouse_event(&w, "resizeClusterStart", "Cluster scale-out started", "normal",
                        "Scale-out of cluster %s started");
        if (js_bool(req->body, "/create_node_only", false)) {
                warehouse_add_nodes(&w, count, "100");
                warehouse_task(&w, "CREATING_NODE", NULL, NODE_MS, "dws.nodes-created",
                               warehouse_argument(&w));
        } else {
                start_growing(&w, count, js_bool(req->body, "/auto_redistribute", true));
        }
        reply_json(resp, 200, json_object_new_object());
}

static void nodes_created(struct world *world, struct json_object *argument) {
        struct warehouse w;

        if (!warehouse_of_event(world, argument, &w))
                return;
        warehouse_nodes_state(&w, "100", "199");
        warehouse_task_end(&w, NULL);
        warehouse_event(&w, "createNodeSuccess", "Idle nodes created", "normal",
                        "Idle nodes of cluster %s created");
}

/*
 * New nodes have no data yet. Without auto_redistribute the cluster stays so and refuses everything
 * else: no call of the contract starts the redistribution.
 */
static void grown(struct world *world, struct json_object *argument) {
        struct warehouse w;

        if (!warehouse_of_event(world, argument, &w))
                return;
        warehouse_nodes_state(&w, "100", "200");
        js_set_int(w.list, "/number_of_node",
                   js_int(w.list, "/number_of_node", 0) + js_int(argument, "/count", 0));
        (void)js_remove(w.detail, "/resize_info");
        if (!js_bool(argument, "/redistribute", true)) {
                warehouse_task_end(&w, "WAITING_REDISTRIBUTION");
                js_set_str(w.list, "/sub_status", "UNBALANCED");
                return;
        }
        js_set_str(w.list, "/sub_status", "REDISTRIBUTING");
        warehouse_task(&w, "REDISTRIBUTING", "REDISTRIBUTING", REDISTRIBUTE_MS, "dws.redistributed",
                       warehouse_argument(&w));
}

static void redistributed(struct world *world, struct json_object *argument) {
        struct warehouse w;

        if (!warehouse_of_event(world, argument, &w))
                return;
        js_set_str(w.list, "/sub_status", "NORMAL");
        warehouse_task_end(&w, NULL);
        warehouse_event(&w, "resizeClusterSuccess", "Cluster scaled out", "normal",
                        "Cluster %s scaled out");
}

static void shrink(const struct request *req, struct response *resp) {
        int64_t count = js_int(req->body, "/shrink_number", 0);
        struct json_object *argument;
        struct warehouse w;

        if (!warehouse_idle(req, resp, &w))
                return;
        if (count < 1) {
                dws_invalid(req, resp, "shrink_number is missing.");
                return;
        }
        if (js_int(w.list, "/number_of_node", 0) - count < NODES_MIN) {
                reply_error_code(req, resp, 400, "DWS.5047");
                return;
        }
        argument = warehouse_argument(&w);
        js_set_int(argument, "/count", count);
        warehouse_task(&w, "SHRINK_CHECKING", "SHRINK_CHECKING", CHECK_MS, "dws.shrink-checked",
                       argument);
        dws_reply_job(req, resp);
}

/* The data of a cluster whose disks are full does not fit on fewer of them. */
static void shrink_checked(struct world *world, struct json_object *argument) {
        struct warehouse w;

        if (!warehouse_of_event(world, argument, &w))
                return;
        if (strstr(js_str(w.list, "/sub_status"), "READONLY")) {
                warehouse_task_end(&w, "SHRINK_CHECK_FAILED");
                warehouse_event(&w, "shrinkClusterFailed", "Cluster scale-in failed", "warning",
                                "Cluster %s could not be scaled in");
                return;
        }
        warehouse_task(&w, "CLUSTER_SHRINKING", "CLUSTER_SHRINKING", SHRINK_MS, "dws.shrunk",
                       json_object_get(argument));
}

static bool is_cn(const struct warehouse *w, const char *node) {
        struct json_object *cns = js_get(w->hidden, "/cns");

        for (size_t i = 0; i < js_len(cns, ""); i++)
                if (str_eq(js_str(js_at(cns, i), ""), node))
                        return true;
        return false;
}

static void remove_cn(const struct warehouse *w, const char *node) {
        struct json_object *cns = js_get(w->hidden, "/cns");

        for (size_t i = 0; i < js_len(cns, ""); i++)
                if (str_eq(js_str(js_at(cns, i), ""), node)) {
                        json_object_array_del_idx(cns, i, 1);
                        return;
                }
}

static void remove_last_node(const struct warehouse *w) {
        struct json_object *nodes = js_get(w->list, "/nodes"),
                           *ips = js_get(w->detail, "/private_ip");
        size_t last = js_len(nodes, "") - 1;

        remove_cn(w, js_str(js_at(nodes, last), "/id"));
        json_object_array_del_idx(nodes, last, 1);
        if (js_len(ips, "") > last)
                json_object_array_del_idx(ips, last, 1);
}

static void shrunk(struct world *world, struct json_object *argument) {
        int64_t count = js_int(argument, "/count", 0);
        struct warehouse w;

        if (!warehouse_of_event(world, argument, &w))
                return;
        for (int64_t i = 0; i < count; i++)
                remove_last_node(&w);
        js_set_int(w.list, "/number_of_node", js_int(w.list, "/number_of_node", 0) - count);
        warehouse_task_end(&w, NULL);
        warehouse_event(&w, "shrinkClusterSuccess", "Cluster scaled in", "normal",
                        "Cluster %s scaled in");
}

static int64_t cn_max(const struct warehouse *w) {
        int64_t nodes = js_int(w->list, "/number_of_node", 0);

        return nodes < CNS_MAX ? nodes : CNS_MAX;
}

static void list_cns(const struct request *req, struct response *resp) {
        struct json_object *cns = json_object_new_array(), *nodes;
        struct warehouse w;

        if (!warehouse_of(req, resp, &w)) {
                json_object_put(cns);
                return;
        }
        nodes = js_get(w.list, "/nodes");
        for (size_t i = 0; i < js_len(nodes, ""); i++) {
                struct json_object *node = js_at(nodes, i);

                if (is_cn(&w, js_str(node, "/id")))
                        json_object_array_add(
                                cns,
                                js_pack("{'id': s, 'name': s, 'private_ip': s}",
                                        js_str(node, "/id"), js_str(node, "/name"),
                                        js_str(js_at(js_get(w.detail, "/private_ip"), i), "")));
        }
        reply_json(resp, 200,
                   js_pack("{'min_num': i, 'max_num': i, 'instances': o}", (int64_t)CNS_MIN,
                           cn_max(&w), cns));
}

/* The number is that of all CNs afterwards. */
static void add_cns(const struct request *req, struct response *resp) {
        int64_t wanted = js_int(req->body, "/num", 0);
        struct json_object *argument;
        struct warehouse w;

        if (!warehouse_idle(req, resp, &w))
                return;
        if (wanted < CNS_MIN || wanted > cn_max(&w) ||
            wanted <= (int64_t)js_len(w.hidden, "/cns")) {
                reply_error_code(req, resp, 400, "DWS.5207");
                return;
        }
        argument = warehouse_argument(&w);
        js_set_int(argument, "/count", wanted);
        warehouse_task(&w, "ADD_CN_ING", "ADD_CN_ING", CN_MS, "dws.cns-added", argument);
        dws_reply_job(req, resp);
}

static void cns_added(struct world *world, struct json_object *argument) {
        int64_t wanted = js_int(argument, "/count", 0);
        struct json_object *nodes;
        struct warehouse w;

        if (!warehouse_of_event(world, argument, &w))
                return;
        nodes = js_get(w.list, "/nodes");
        for (size_t i = 0; i < js_len(nodes, "") && (int64_t)js_len(w.hidden, "/cns") < wanted;
             i++) {
                const char *id = js_str(js_at(nodes, i), "/id");

                if (!is_cn(&w, id))
                        (void)js_set(w.hidden, "/cns/-", json_object_new_string(id));
        }
        warehouse_task_end(&w, NULL);
        warehouse_event(&w, "addCNSuccess", "CNs added", "normal", "CNs of cluster %s added");
}

static bool removal_is_good(const struct request *req, struct response *resp,
                            const struct warehouse *w) {
        struct json_object *ids = js_get(req->body, "/instances");

        if (js_len(ids, "") == 0) {
                dws_invalid(req, resp, "instances is missing.");
                return false;
        }
        for (size_t i = 0; i < js_len(ids, ""); i++)
                if (!is_cn(w, js_str(js_at(ids, i), ""))) {
                        reply_error_code(req, resp, 400, "DWS.5064");
                        return false;
                }
        if ((int64_t)js_len(w->hidden, "/cns") - (int64_t)js_len(ids, "") < CNS_MIN) {
                reply_error_code(req, resp, 400, "DWS.5207");
                return false;
        }
        return true;
}

static void remove_cns(const struct request *req, struct response *resp) {
        struct json_object *argument;
        struct warehouse w;

        if (!warehouse_idle(req, resp, &w) || !removal_is_good(req, resp, &w))
                return;
        argument = warehouse_argument(&w);
        (void)js_set(argument, "/ids", js_clone(js_get(req->body, "/instances")));
        warehouse_task(&w, "DEL_CN_ING", "DEL_CN_ING", CN_MS, "dws.cns-removed", argument);
        dws_reply_job(req, resp);
}

static void cns_removed(struct world *world, struct json_object *argument) {
        struct json_object *ids = js_get(argument, "/ids");
        struct warehouse w;

        if (!warehouse_of_event(world, argument, &w))
                return;
        for (size_t i = 0; i < js_len(ids, ""); i++)
                remove_cn(&w, js_str(js_at(ids, i), ""));
        warehouse_task_end(&w, NULL);
        warehouse_event(&w, "deleteCNSuccess", "CNs removed", "normal",
                        "CNs of cluster %s removed");
}

const struct handler dws_scale_handlers[] = {
        { "resizeCluster", resize },
        { "shrinkCluster", shrink },
        { "listClusterCns", list_cns },
        { "batchCreateClusterCns", add_cns },
        { "batchDeleteClusterCns", remove_cns },
        { 0 },
};

const struct event dws_scale_events[] = {
        { "dws.nodes-created", nodes_created },
        { "dws.grown", grown },
        { "dws.redistributed", redistributed },
        { "dws.shrink-checked", shrink_checked },
        { "dws.shrunk", shrunk },
        { "dws.cns-added", cns_added },
        { "dws.cns-removed", cns_removed },
        { 0 },
};
