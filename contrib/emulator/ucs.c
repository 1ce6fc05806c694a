/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UCS: clusters as they are read, and what all of UCS has in common.
 */
#include "contrib/emulator/ucs.h"

#include "contrib/emulator/contract.h"
#include "contrib/emulator/util.h"

#include <string.h>

#define ZONE_MS ((int64_t)8 * 3600 * 1000)

struct collection *ucs_collection(struct world *world, const char *what) {
        _cleanup_(freep) char *kind = x_printf("ucs/%s", what);

        return world_collection(world, kind, "");
}

void ucs_fail(const struct request *req, struct response *resp, int status, const char *code) {
        reply_error_code(req, resp, status, code);
}

void ucs_missing(const struct request *req, struct response *resp, const char *code_404,
                 const char *code_400) {
        if (operation_response(req->operation, 404))
                ucs_fail(req, resp, 404, code_404);
        else
                ucs_fail(req, resp, 400, code_400);
}

struct json_object *ucs_cluster(const struct request *req, struct response *resp) {
        struct json_object *cluster = collection_get(ucs_collection(req->world, "clusters"),
                                                     path_param(req, "clusterid"));

        if (!cluster)
                ucs_missing(req, resp, "UCS.01030001", "UCS.01030002");
        return cluster;
}

struct json_object *ucs_fleet(const struct request *req, struct response *resp) {
        struct json_object *fleet = collection_get(ucs_collection(req->world, "fleets"),
                                                   path_param(req, "clustergroupid"));

        if (!fleet)
                ucs_missing(req, resp, "UCS.01100005", "UCS.01100005");
        return fleet;
}

bool ucs_has_quota(const struct request *req, struct response *resp, const char *what) {
        struct json_object *quota = collection_get(ucs_collection(req->world, "settings"), "quota");
        _cleanup_(freep) char *pointer = x_printf("/%s", what);

        if ((int64_t)collection_count(ucs_collection(req->world, what)) <
            js_int(quota, pointer, 50))
                return true;
        ucs_fail(req, resp, 400, "UCS.01000017");
        return false;
}

/*
 * Times sort as texts within one form; an object that was never changed counts from its creation.
 */
static const char *sort_key(struct json_object *object, bool by_update) {
        const char *updated = by_update ? js_str(object, "/metadata/updateTimestamp") : NULL;
        const char *created = js_str(object, "/metadata/creationTimestamp");

        return updated ? updated : created ? created : "";
}

static int compare_created(const void *a, const void *b) {
        struct json_object *const *left = a, *const *right = b;

        return strcmp(sort_key(*left, false), sort_key(*right, false));
}

static int compare_updated(const void *a, const void *b) {
        struct json_object *const *left = a, *const *right = b;

        return strcmp(sort_key(*left, true), sort_key(*right, true));
}

static int compare_created_down(const void *a, const void *b) {
        return compare_created(b, a);
}

static int compare_updated_down(const void *a, const void *b) {
        return compare_updated(b, a);
}

void ucs_reply_list(const struct request *req, struct response *resp, struct json_object *all) {
        const char *by = query_param(req, "order_by");
        bool down = str_eq(query_param(req, "order"), "desc");
        int64_t total = (int64_t)js_len(all, "");

        if (str_eq(by, "update_at"))
                json_object_array_sort(all, down ? compare_updated_down : compare_updated);
        else if (by || query_param(req, "order"))
                json_object_array_sort(all, down ? compare_created_down : compare_created);
        reply_json(resp, 200,
                   js_pack("{'items': o, 'total': i}", page_cut(page_by_record(req, -1, 0), all),
                           total));
}

const char *ucs_fleet_of(struct json_object *cluster) {
        const char *id = js_str(cluster, "/spec/clusterGroupID");

        return id && *id ? id : NULL;
}

struct json_object *ucs_condition_time(int64_t ms, int digits) {
        char text[TIME_SIZE], fraction[16] = "";
        size_t len;

        time_text(TIME_NO_ZONE, ms + ZONE_MS, text);
        len = strlen(text);
        if (digits > 0)
                snprintf(fraction, sizeof(fraction), ".%03d000000", (int)(ms % 1000));
        if (digits < 9)
                fraction[digits > 0 ? digits + 1 : 0] = 0;
        snprintf(text + len, sizeof(text) - len, "%s+08:00", fraction);
        return json_object_new_string(text);
}

struct json_object *ucs_condition(struct json_object *object, const char *type) {
        struct json_object *list = js_get(object, "/status/conditions");

        for (size_t i = 0; i < js_len(list, ""); i++)
                if (str_eq(js_str(js_at(list, i), "/type"), type))
                        return js_at(list, i);
        return NULL;
}

void ucs_set_condition(struct json_object *object, const char *type, const char *status,
                       const char *reason, const char *message, struct json_object *time) {
        struct json_object *condition = ucs_condition(object, type);

        if (!condition) {
                condition = js_pack("{'type': s}", type);
                if (!js_get(object, "/status/conditions"))
                        js_set(object, "/status/conditions", json_object_new_array());
                js_set(object, "/status/conditions/-", condition);
        }
        js_set_str(condition, "/status", status);
        js_set_str(condition, "/reason", reason);
        if (message)
                js_set_str(condition, "/message", message);
        else
                js_remove(condition, "/message");
        js_set(condition, "/lastTransitionTime", time);
}

void ucs_remove_condition(struct json_object *object, const char *type) {
        struct json_object *list = js_get(object, "/status/conditions");

        for (size_t i = js_len(list, ""); i-- > 0;)
                if (str_eq(js_str(js_at(list, i), "/type"), type))
                        json_object_array_del_idx(list, i, 1);
        if (list && js_len(list, "") == 0)
                js_remove(object, "/status/conditions");
}

void ucs_touch(struct world *world, struct json_object *object) {
        js_set(object, "/metadata/updateTimestamp", time_json(TIME_GO, world_now(world)));
}

static bool is_in_list(const char *list, const char *id) {
        _cleanup_(freep) char *copy = x_strdup(list);
        char *rest = copy;

        while (rest)
                if (str_eq(strsep(&rest, ","), id))
                        return true;
        return false;
}

static bool is_wanted(const struct request *req, struct json_object *cluster) {
        const char *category = query_param(req, "category"),
                   *fleet = query_param(req, "clustergroupid");
        const char *managed = query_param(req, "managetype"), *ids = query_param(req, "clusterids");

        return (!category || str_eq(js_str(cluster, "/spec/category"), category)) &&
               (!fleet || str_eq(ucs_fleet_of(cluster), fleet)) &&
               (!managed || str_eq(managed, "all") ||
                str_eq(js_str(cluster, "/spec/manageType"), managed)) &&
               (!ids || !*ids || is_in_list(ids, js_str(cluster, "/metadata/uid")));
}

static struct json_object *without_status(struct json_object *cluster) {
        struct json_object *view = json_object_new_object();

        js_copy_members(view, cluster, "kind apiVersion metadata spec");
        return view;
}

static void list_clusters(const struct request *req, struct response *resp) {
        struct json_object *all = json_object_new_array();
        bool with_status = query_bool(req, "enablestatus", true);
        struct entry *e = collection_first(ucs_collection(req->world, "clusters"));

        for (; e; e = entry_next(e)) {
                struct json_object *cluster = entry_object(e);

                if (is_wanted(req, cluster))
                        json_object_array_add(all, with_status ? json_object_get(cluster)
                                                               : without_status(cluster));
        }
        ucs_reply_list(req, resp, all);
}

static void get_cluster(const struct request *req, struct response *resp) {
        struct json_object *cluster = ucs_cluster(req, resp);

        if (cluster)
                reply_json(resp, 200, json_object_get(cluster));
}

/* The CCE clusters of the account; those that UCS has already only without the parameter. */
static void list_managed(const struct request *req, struct response *resp) {
        struct collection *clusters = ucs_collection(req->world, "clusters");
        bool only_new = query_bool(req, "unregister", false);
        struct json_object *all = json_object_new_array();
        struct entry *e = collection_first(ucs_collection(req->world, "candidates"));

        for (; e; e = entry_next(e))
                if (!only_new || !collection_get(clusters, entry_id(e)))
                        json_object_array_add(all, json_object_get(entry_object(e)));
        reply_json(resp, 200, all);
}

static void list_versions(const struct request *req, struct response *resp) {
        (void)req;
        reply_json(resp, 200,
                   js_pack("{'versions': [s s s s s s s]}", "v1.19", "v1.21", "v1.23", "v1.25",
                           "v1.27", "v1.28", "v1.29"));
}

const struct handler ucs_handlers[] = {
        { "listClusters", list_clusters },
        { "getCluster", get_cluster },
        { "listManagedClusters", list_managed },
        { "listRegisteredClusterVersions", list_versions },
        { 0 },
};
