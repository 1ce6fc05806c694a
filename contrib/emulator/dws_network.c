/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DWS: domain names, load balancers and elastic IPs of a warehouse.
 */
#include "contrib/emulator/dws.h"
#include "contrib/emulator/util.h"

#include <string.h>

enum { BIND_MS = MINUTE_MS, DNS_MIN = 1, DNS_MAX = 63 };

/* Load balancers are known to another service; here each VPC has these, by project. */
#define DWS_ELBS "dws/elbs"

/* A label of a domain name. */
static bool label_is_good(const char *name) {
        size_t len = strlen(name);

        return len >= DNS_MIN && len <= DNS_MAX && name[0] != '-' && name[len - 1] != '-' &&
               strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

/* Shows the name where the API has room for it: nothing reads it back by itself. */
static void show_name(const struct warehouse *w, bool is_public, const char *name) {
        char region[REGION_SIZE];
        _cleanup_(freep) char *host =
                x_printf("%s.%s.dwscloud.com", name, dws_region(w->world, w->project, region));
        _cleanup_(freep) char *url = x_printf("jdbc:postgresql://%s/<YOUR_DATABASE_name>", host);

        if (!is_public) {
                (void)js_set(w->list, "/endpoints",
                             js_pack("[{'connect_info': s, 'jdbc_url': s}]", host, url));
        } else if (js_len(w->list, "/public_endpoints") > 0) {
                (void)js_set(w->list, "/public_endpoints",
                             js_pack("[{'public_connect_info': s, 'jdbc_url': s}]", host, url));
        }
}

static void set_dns(const struct request *req, struct response *resp, bool is_new) {
        const char *name = js_str(req->body, "/name"), *type = js_str(req->body, "/type");
        _cleanup_(freep) char *pointer = x_printf("/dns/%s", type);
        struct warehouse w;

        if (!warehouse_idle(req, resp, &w))
                return;
        if (!label_is_good(name)) {
                dws_invalid(req, resp, "The name is no label of a domain name.");
                return;
        }
        if (is_new && js_get(w.hidden, pointer)) {
                dws_invalid(req, resp, "The cluster has such a name already.");
                return;
        }
        if (!is_new && !js_get(w.hidden, pointer)) {
                dws_unknown(req, resp, "domain name", name);
                return;
        }
        (void)js_set(w.hidden, pointer, js_clone(req->body));
        show_name(&w, str_eq(type, "public"), name);
        reply_empty(resp, 200);
}

static void create_dns(const struct request *req, struct response *resp) {
        set_dns(req, resp, true);
}

static void update_dns(const struct request *req, struct response *resp) {
        set_dns(req, resp, false);
}

static void delete_dns(const struct request *req, struct response *resp) {
        struct warehouse w;

        if (!warehouse_idle(req, resp, &w))
                return;
        if (!js_remove(w.hidden, "/dns/public")) {
                dws_unknown(req, resp, "domain name", "of type public");
                return;
        }
        show_name(&w, true, js_str(w.list, "/name"));
        reply_empty(resp, 200);
}

/* Two load balancers for each VPC, made when they are first asked for: always the same ones. */
static struct collection *elbs_of(const struct warehouse *w) {
        const char *vpc = js_str(w->list, "/vpc_id");
        struct collection *elbs = world_collection(w->world, DWS_ELBS, w->project);

        if (collection_find(elbs, "/vpc_id", vpc))
                return elbs;
        for (int i = 1; i <= 2; i++) {
                _cleanup_(freep) char *name = x_printf("loadbalancer%d", i);
                _cleanup_(freep) char *address = x_printf("192.168.0.%d", 220 + i);
                char id[UUID_SIZE], subnet[UUID_SIZE];

                dws_derived_uuid(vpc, name, id);
                collection_put(
                        elbs, id,
                        js_pack("{'id': s, 'name': s, 'description': s, 'bandwidth': i,"
                                "'vip_address': s, 'vip_subnet_id': s, 'tenant_id': s, 'type': s,"
                                "'admin_state_up': b, 'vpc_id': s}",
                                id, name, "simple lb", (int64_t)0, address,
                                dws_derived_uuid(vpc, "subnet", subnet), w->project,
                                i == 1 ? "Internal" : "External", true, vpc));
        }
        return elbs;
}

/* The candidates are those of the same VPC that no cluster has. */
static void list_elbs(const struct request *req, struct response *resp) {
        struct json_object *list;
        struct collection *elbs;
        struct warehouse w;

        if (!warehouse_of(req, resp, &w))
                return;
        list = json_object_new_array();
        elbs = elbs_of(&w);
        for (struct entry *entry = collection_first(elbs); entry; entry = entry_next(entry)) {
                struct json_object *elb = entry_object(entry), *view;

                if (!str_eq(js_str(elb, "/vpc_id"), js_str(w.list, "/vpc_id")) ||
                    js_get(elb, "/_bound"))
                        continue;
                view = dws_view(elb,
                                "id name description bandwidth vip_address vip_subnet_id tenant_id "
                                "type admin_state_up vpc_id");
                js_set_str(view, "/cluster_id", w.id);
                json_object_array_add(list, view);
        }
        reply_json(resp, 200, js_pack("{'elbs': o}", list));
}

static struct json_object *elb_argument(const struct warehouse *w, const char *elb) {
        struct json_object *argument = warehouse_argument(w);

        js_set_str(argument, "/elb", elb);
        return argument;
}

static void bind_elb(const struct request *req, struct response *resp) {
        const char *id = path_param(req, "elb_id");
        struct json_object *elb;
        struct warehouse w;

        if (!warehouse_idle(req, resp, &w))
                return;
        elb = collection_get(elbs_of(&w), id);
        if (!elb || !str_eq(js_str(elb, "/vpc_id"), js_str(w.list, "/vpc_id")) ||
            js_get(elb, "/_bound")) {
                reply_error(req, resp, 400, "DWS.0102", "The load balancer %s cannot be used.", id);
                return;
        }
        if (js_get(w.detail, "/elb")) {
                dws_refuse_busy(req, resp);
                return;
        }
        js_set_str(elb, "/_bound", w.id);
        warehouse_task(&w, "ELB_BINDING", "ELB_BINDING", BIND_MS, "dws.elb-bound",
                       elb_argument(&w, id));
        dws_reply_job(req, resp);
}

static void elb_bound(struct world *world, struct json_object *argument) {
        struct json_object *elb;
        struct warehouse w;

        if (!warehouse_of_event(world, argument, &w))
                return;
        elb = collection_get(elbs_of(&w), js_str(argument, "/elb"));
        (void)js_set(w.detail, "/elb",
                     js_pack("{'public_ip': s, 'private_ip': s, 'private_endpoint': s, 'name': s, "
                             "'id': s,"
                             "'vpc_id': s}",
                             "", js_str(elb, "/vip_address"), js_str(elb, "/vip_address"),
                             js_str(elb, "/name"), js_str(elb, "/id"), js_str(elb, "/vpc_id")));
        warehouse_task_end(&w, NULL);
}

static void unbind_elb(const struct request *req, struct response *resp) {
        const char *id = path_param(req, "elb_id");
        struct warehouse w;

        if (!warehouse_idle(req, resp, &w))
                return;
        if (!str_eq(js_str(w.detail, "/elb/id"), id)) {
                reply_error(req, resp, 400, "DWS.0102", "The load balancer %s is not bound.", id);
                return;
        }
        warehouse_task(&w, "ELB_UNBINDING", "ELB_UNBINDING", BIND_MS, "dws.elb-unbound",
                       elb_argument(&w, id));
        dws_reply_job(req, resp);
}

static void elb_unbound(struct world *world, struct json_object *argument) {
        struct json_object *elb;
        struct warehouse w;

        if (!warehouse_of_event(world, argument, &w))
                return;
        elb = collection_get(elbs_of(&w), js_str(argument, "/elb"));
        (void)js_remove(elb, "/_bound");
        (void)js_remove(w.detail, "/elb");
        warehouse_task_end(&w, NULL);
}

void warehouse_release_elb(const struct warehouse *w) {
        const char *id = js_str(w->detail, "/elb/id");

        if (id)
                (void)js_remove(collection_get(elbs_of(w), id), "/_bound");
}

/* An address bound to one of the clusters of the project. */
static bool eip_is_used(const struct warehouse *w, const char *eip) {
        return collection_find(world_collection(w->world, DWS_CLUSTERS, w->project),
                               "/public_ip/eip_id", eip) != NULL;
}

static void bind_eip(const struct request *req, struct response *resp) {
        const char *eip = path_param(req, "eip_id");
        struct warehouse w;

        if (!warehouse_idle(req, resp, &w))
                return;
        if (!dws_is_uuid(eip))
                reply_error_code(req, resp, 400, "DWS.5133");
        else if (str_eq(eip, DWS_NIL_UUID))
                reply_error_code(req, resp, 400, "DWS.5135");
        else if (*js_str(w.list, "/public_ip/eip_id") || eip_is_used(&w, eip))
                dws_refuse_busy(req, resp);
        else {
                warehouse_eip(&w, "bind_existing", eip);
                if (js_get(w.hidden, "/dns/public"))
                        show_name(&w, true, js_str(w.hidden, "/dns/public/name"));
                reply_empty(resp, 200);
        }
}

static void unbind_eip(const struct request *req, struct response *resp) {
        const char *eip = path_param(req, "eip_id");
        struct warehouse w;

        if (!warehouse_idle(req, resp, &w))
                return;
        if (!str_eq(js_str(w.list, "/public_ip/eip_id"), eip)) {
                reply_error_code(req, resp, 400, "DWS.5135");
                return;
        }
        warehouse_eip(&w, NULL, NULL);
        reply_empty(resp, 200);
}

const struct handler dws_network_handlers[] = {
        { "createClusterDns", create_dns },
        { "updateClusterDns", update_dns },
        { "deleteClusterDns", delete_dns },
        { "listClusterElbs", list_elbs },
        { "bindClusterElb", bind_elb },
        { "unbindClusterElb", unbind_elb },
        { "bindClusterEip", bind_eip },
        { "unbindClusterEip", unbind_eip },
        { 0 },
};

const struct event dws_network_events[] = {
        { "dws.elb-bound", elb_bound },
        { "dws.elb-unbound", elb_unbound },
        { 0 },
};
