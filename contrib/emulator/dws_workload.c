/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DWS: workload management. These calls tell failure inside an answer of 200: workload_res_code is
 * not 0.
 */
#include "contrib/emulator/dws.h"
#include "contrib/emulator/util.h"

#include <string.h>

static void outcome(struct response *resp, int64_t code, const char *text) {
        reply_json(resp, 200,
                   js_pack("{'workload_res_code': i, 'workload_res_str': s}", code, text));
}

static void show_workload(const struct request *req, struct response *resp) {
        struct warehouse w;

        if (!warehouse_of(req, resp, &w))
                return;
        reply_json(resp, 200,
                   js_pack("{'workload_res_code': i, 'workload_res_str': s,"
                           "'workload_status': {'workload_switch': s, 'max_concurrency_num': i}}",
                           (int64_t)0, "Success get workload manager status.",
                           js_str(w.hidden, "/workload_switch"),
                           js_int(w.hidden, "/max_concurrency_num", 60)));
}

static void switch_workload(const struct request *req, struct response *resp) {
        struct json_object *wanted = js_get(req->body, "/workload_status");
        int64_t most = js_int(wanted, "/max_concurrency_num", -1);
        struct warehouse w;

        if (!warehouse_idle(req, resp, &w))
                return;
        if (!wanted) {
                outcome(resp, 1, "workload_status is missing");
                return;
        }
        if (js_get(wanted, "/max_concurrency_num") && (most < -1 || most > INT32_MAX)) {
                outcome(resp, 1, "max_concurrency_num is out of range");
                return;
        }
        js_set_str(w.hidden, "/workload_switch", js_str(wanted, "/workload_switch"));
        if (js_get(wanted, "/max_concurrency_num"))
                js_set_int(w.hidden, "/max_concurrency_num", most);
        outcome(resp, 0, "");
}

/* Queues and plans of a logical cluster are apart from those of others. */
static char *key_of(const char *logical, const char *name) {
        return x_printf("%s\n%s", logical ? logical : "", name);
}

static void create_plan(const struct request *req, struct response *resp) {
        _cleanup_(freep) char *key =
                key_of(js_str(req->body, "/logical_cluster_name"), js_str(req->body, "/plan_name"));
        struct collection *plans;
        struct warehouse w;

        if (!warehouse_idle(req, resp, &w))
                return;
        plans = world_collection(w.world, DWS_PLANS, w.id);
        if (collection_get(plans, key)) {
                outcome(resp, 1, "The plan exists already");
                return;
        }
        collection_put(plans, key, js_clone(req->body));
        outcome(resp, 0, "");
}

static void list_queues(const struct request *req, struct response *resp) {
        const char *logical = query_param(req, "logical_cluster_name");
        struct json_object *names;
        struct collection *queues;
        struct warehouse w;

        if (!warehouse_of(req, resp, &w))
                return;
        names = json_object_new_array();
        queues = world_collection(w.world, DWS_QUEUES, w.id);
        for (struct entry *entry = collection_first(queues); entry; entry = entry_next(entry)) {
                struct json_object *queue = entry_object(entry);
                const char *own = js_str(queue, "/logical_cluster_name");

                if (str_eq(own ? own : "", logical ? logical : ""))
                        json_object_array_add(names, json_object_new_string(js_str(
                                                             queue, "/workload_queue_name")));
        }
        reply_json(resp, 200,
                   js_pack("{'workload_queue_name_list': o, 'workload_res_code': i, "
                           "'workload_res_str': s}",
                           names, (int64_t)0, ""));
}

/* What a second PUT does is not documented: here it is refused, so that no client relies on it. */
static void create_queue(const struct request *req, struct response *resp) {
        struct json_object *queue = js_get(req->body, "/workload_queue");
        _cleanup_(freep) char *key = key_of(js_str(queue, "/logical_cluster_name"),
                                            js_str(queue, "/workload_queue_name"));
        struct collection *queues;
        struct warehouse w;

        if (!warehouse_idle(req, resp, &w))
                return;
        queues = world_collection(w.world, DWS_QUEUES, w.id);
        if (!*js_str(queue, "/workload_queue_name"))
                outcome(resp, 1, "workload_queue_name is empty");
        else if (js_len(queue, "/workload_resource_item_list") == 0)
                outcome(resp, 1, "workload_resource_item_list is empty");
        else if (collection_get(queues, key))
                outcome(resp, 1, "The queue exists already");
        else {
                collection_put(queues, key, js_clone(queue));
                outcome(resp, 0, "");
        }
}

static void delete_queue(const struct request *req, struct response *resp) {
        const char *name = query_param(req, "workload_queue_name");
        _cleanup_(freep) char *key = key_of(query_param(req, "logical_cluster_name"), name);
        struct warehouse w;

        if (!warehouse_idle(req, resp, &w))
                return;
        if (!collection_remove(world_collection(w.world, DWS_QUEUES, w.id), key))
                reply_error(req, resp, 500, "DWS.9999", "The workload queue does not exist.");
        else
                outcome(resp, 0, "");
}

const struct handler dws_workload_handlers[] = {
        { "showWorkload", show_workload },
        { "switchWorkload", switch_workload },
        { "createWorkloadPlan", create_plan },
        { "listWorkloadQueues", list_queues },
        { "createWorkloadQueue", create_queue },
        { "deleteWorkloadQueue", delete_queue },
        { 0 },
};
