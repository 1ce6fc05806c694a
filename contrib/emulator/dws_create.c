/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DWS: how a warehouse comes into being, whether by the old call, the new one or from a snapshot.
 */
#include "contrib/emulator/dws.h"

#include "base/digest.h"
#include "contrib/emulator/util.h"

#include <ctype.h>
#include <string.h>

enum { NODES_MAX = 256, CNS_DEFAULT = 3, CNS_MAX = 20, PASSWORD_MAX = 32 };

/* Whether the text holds the part, without regard to case. */
static bool holds(const char *text, const char *part) {
        return *part && strcasestr(text, part) != NULL;
}

static unsigned kind_of(char c) {
        if (isupper((unsigned char)c))
                return 1;
        if (islower((unsigned char)c))
                return 2;
        return isdigit((unsigned char)c) ? 4 : 8;
}

const char *dws_password_problem(const char *password, const char *user) {
        size_t len = strlen(password), user_len = strlen(user);
        char backwards[64] = "";
        unsigned kinds = 0;

        for (const char *p = password; *p; p++) {
                if (*p <= ' ' || *p > '~')
                        return "DWS.5144";
                kinds |= kind_of(*p);
        }
        if (len < 12 || len > PASSWORD_MAX || __builtin_popcount(kinds) < 3)
                return "DWS.5144";
        for (size_t i = 0; i < user_len && i + 1 < sizeof(backwards); i++)
                backwards[i] = user[user_len - 1 - i];
        return holds(password, user) || holds(password, backwards) ? "DWS.5145" : NULL;
}

bool warehouse_password_is_used(const struct warehouse *w, const char *password) {
        struct json_object *used = js_get(w->hidden, "/passwords");
        char digest[DIGEST_HEX_SIZE];

        digest_sha256_hex(password, strlen(password), digest);
        for (size_t i = 0; i < js_len(used, ""); i++)
                if (str_eq(js_str(js_at(used, i), ""), digest))
                        return true;
        return false;
}

void warehouse_password_put(const struct warehouse *w, const char *password) {
        char digest[DIGEST_HEX_SIZE];

        digest_sha256_hex(password, strlen(password), digest);
        (void)js_set(w->hidden, "/passwords/-", json_object_new_string(digest));
}

/* Answers the code; always false, so that checks can end with it. */
static bool refuse(const struct request *req, struct response *resp, int status, const char *code) {
        reply_error_code(req, resp, status, code);
        return false;
}

/* A name is unique in the account, not only in the project. */
struct name_search {
        const char *name;
        bool found;
};

static void search_name(struct world *world, const char *id, const char *project_name, void *arg) {
        struct name_search *search = arg;

        (void)project_name;
        if (collection_find(world_collection(world, DWS_CLUSTERS, id), "/name", search->name))
                search->found = true;
}

static bool user_is_good(const char *user) {
        size_t len = strlen(user);

        return len >= 1 && len < 64 && !isdigit((unsigned char)*user) &&
               strspn(user, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

static bool check_names(const struct request *req, struct response *resp, const struct wish *wish) {
        struct name_search search = { .name = wish->name };
        const char *problem =
                wish->password ? dws_password_problem(wish->password, wish->user) : NULL;

        if (!user_is_good(wish->user))
                return refuse(req, resp, 400, "DWS.5059");
        if (word_in("user select table group order rdsadmin public", wish->user, true))
                return refuse(req, resp, 400, "DWS.5082");
        if (problem)
                return refuse(req, resp, 400, problem);
        if (!wish->name)
                return true;
        identity_each_project(req->world, search_name, &search);
        return !search.found || refuse(req, resp, 409, "DWS.5050");
}

static bool check_size(const struct request *req, struct response *resp, const struct wish *wish) {
        bool alone = wish->nodes == 1 && str_eq(wish->flavor->type, "hybrid");

        if (!alone && (wish->nodes < 3 || wish->nodes > NODES_MAX))
                return refuse(req, resp, 400, "DWS.5047");
        if (wish->cns > wish->nodes || wish->cns > CNS_MAX || (wish->cns < 2 && !alone))
                return refuse(req, resp, 400, "DWS.5207");
        if (wish->port < 8000 || wish->port > 30000)
                return refuse(req, resp, 400, "DWS.5060");
        return wish->nodes <= dws_nodes_left(req->world, req->project) ||
               refuse(req, resp, 400, "DWS.5091");
}

static bool check_zone(const struct request *req, struct response *resp, const struct wish *wish) {
        const char *sold_out = wish->flavor->sold_out;

        switch (dws_zone(req->world, req->project, wish->zone)) {
        case ZONE_UNKNOWN:
                return refuse(req, resp, 400, "DWS.5012");
        case ZONE_UNAVAILABLE:
                return refuse(req, resp, 400, "DWS.5052");
        case ZONE_USABLE:
                break;
        }
        return !sold_out || !str_ends(wish->zone, sold_out) || refuse(req, resp, 400, "DWS.5200");
}

/* Every UUID is a VPC, a subnet, a group: other services keep those. Only the nil UUID never is. */
static bool check_network(const struct request *req, struct response *resp,
                          const struct wish *wish) {
        const struct {
                const char *id, *malformed, *missing;
        } parts[] = {
                { wish->vpc, "DWS.5014", "DWS.5021" },
                { wish->subnet, "DWS.5015", "DWS.5022" },
                { *wish->group ? wish->group : NULL, "DWS.5016", "DWS.5023" },
        };

        for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
                if (parts[i].id && !dws_is_uuid(parts[i].id))
                        return refuse(req, resp, 400, parts[i].malformed);
                if (str_eq(parts[i].id, DWS_NIL_UUID))
                        return refuse(req, resp, 404, parts[i].missing);
        }
        if (!str_eq(wish->bind, "bind_existing"))
                return true;
        if (!wish->eip || !dws_is_uuid(wish->eip))
                return refuse(req, resp, 400, "DWS.5133");
        return !str_eq(wish->eip, DWS_NIL_UUID) || refuse(req, resp, 400, "DWS.5135");
}

bool wish_check(const struct request *req, struct response *resp, struct wish *wish) {
        char region[REGION_SIZE];

        if (!wish->zone || !*wish->zone) {
                /* The first usable zone that has the flavor. */
                snprintf(wish->zone_buf, sizeof(wish->zone_buf), "%s%c",
                         dws_region(req->world, req->project, region),
                         str_eq(wish->flavor->sold_out, "a") ? 'b' : 'a');
                wish->zone = wish->zone_buf;
        }
        if (!wish->user)
                wish->user = "dbadmin";
        if (!wish->port)
                wish->port = 8000;
        if (!wish->cns)
                wish->cns = wish->nodes < CNS_DEFAULT ? wish->nodes : CNS_DEFAULT;
        if (!wish->group)
                wish->group = "";
        return check_names(req, resp, wish) && check_size(req, resp, wish) &&
               check_zone(req, resp, wish) && check_network(req, resp, wish);
}

void warehouse_add_nodes(const struct warehouse *w, int64_t count, const char *state) {
        struct json_object *nodes = js_get(w->list, "/nodes");
        int64_t number = (int64_t)js_len(nodes, "");

        for (int64_t i = 0; i < count; i++) {
                _cleanup_(freep) char *name = x_printf(
                        "%s-dws-cn-cn-%lld-1", js_str(w->list, "/name"), (long long)++number);
                _cleanup_(freep) char *ip = x_printf("192.168.%lld.%lld", (long long)(number / 240),
                                                     (long long)(number % 240 + 10));
                char id[UUID_SIZE];

                json_object_array_add(nodes, js_pack("{'id': s, 'name': s, 'status': s}",
                                                     world_uuid(w->world, id), name, state));
                (void)js_set(w->detail, "/private_ip/-", json_object_new_string(ip));
        }
}

void warehouse_nodes_state(const struct warehouse *w, const char *from, const char *to) {
        struct json_object *nodes = js_get(w->list, "/nodes");

        for (size_t i = 0; i < js_len(nodes, ""); i++)
                if (!from || str_eq(js_str(js_at(nodes, i), "/status"), from))
                        js_set_str(js_at(nodes, i), "/status", to);
}

void warehouse_eip(const struct warehouse *w, const char *bind, const char *eip) {
        const char *name = js_str(w->list, "/name");
        struct json_object *endpoints = json_object_new_array();
        char region[REGION_SIZE];

        if (eip) {
                _cleanup_(freep) char *host = x_printf("%s.%s.dwscloud.com", name,
                                                       dws_region(w->world, w->project, region));
                _cleanup_(freep) char *url =
                        x_printf("jdbc:postgresql://%s/<YOUR_DATABASE_name>", host);

                json_object_array_add(
                        endpoints, js_pack("{'public_connect_info': s, 'jdbc_url': s}", host, url));
        }
        (void)js_set(w->list, "/public_ip",
                     js_pack("{'public_bind_type': s, 'eip_id': s}", eip ? bind : "not_use",
                             eip ? eip : ""));
        (void)js_set(w->list, "/public_endpoints", endpoints);
}

static struct json_object *list_form(struct world *world, const char *project, const char *id,
                                     const struct wish *wish) {
        char region[REGION_SIZE], group[UUID_SIZE], created[TIME_SIZE];
        _cleanup_(freep) char *host =
                x_printf("%s.%s.dwscloud.com", wish->name, dws_region(world, project, region));
        _cleanup_(freep) char *url = x_printf("jdbc:postgresql://%s/<YOUR_DATABASE_name>", host);

        time_text(TIME_RFC3339, world_now(world), created);
        if (!*wish->group)
                world_uuid(world, group);
        else
                snprintf(group, sizeof(group), "%s", wish->group);
        return js_pack(
                "{'id': s, 'name': s, 'status': s, 'version': s, 'updated': s, 'created': s, "
                "'port': i,"
                "'endpoints': [{'connect_info': s, 'jdbc_url': s}], 'nodes': [], 'tags': o,"
                "'user_name': s, 'number_of_node': i, 'recent_event': i, 'availability_zone': s,"
                "'enterprise_project_id': s, 'node_type': s, 'vpc_id': s, 'subnet_id': s,"
                "'public_ip': {'public_bind_type': s, 'eip_id': s}, 'public_endpoints': [],"
                "'action_progress': n, 'sub_status': s, 'task_status': n, 'security_group_id': s,"
                "'failed_reasons': n}",
                id, wish->name, "CREATING", wish->flavor->version, created, created, wish->port,
                host, url, wish->tags ? js_clone(wish->tags) : NULL, wish->user, wish->nodes,
                (int64_t)0, wish->zone, wish->enterprise ? wish->enterprise : "0",
                wish->flavor->name, wish->vpc, wish->subnet, wish->bind ? wish->bind : "not_use",
                wish->eip ? wish->eip : "", "NORMAL", group);
}

static struct json_object *detail_form(const char *id, const struct wish *wish) {
        _cleanup_(freep) char *group =
                x_printf("Default-Parameter-Template-DWS-%s", wish->flavor->version);
        char group_id[UUID_SIZE];

        for (char *p = group; *p; p++)
                if (*p == '.')
                        *p = '_';
        return js_pack("{'parameter_group': {'id': s, 'name': s, 'status': s}, 'node_type_id': s,"
                       "'order_id': s, 'private_ip': [],"
                       "'maintain_window': {'day': s, 'start_time': s, 'end_time': s}}",
                       dws_derived_uuid(id, "parameterGroup", group_id), group, "In-Sync",
                       wish->flavor->id, "", "Wed", "22:00", "02:00");
}

void wish_build(struct world *world, const char *project, const struct wish *wish,
                struct warehouse *ret) {
        char id[UUID_SIZE];

        world_uuid(world, id);
        collection_put(world_collection(world, DWS_CLUSTERS, project), id,
                       list_form(world, project, id, wish));
        collection_put(world_collection(world, DWS_DETAILS, project), id, detail_form(id, wish));
        collection_put(
                world_collection(world, DWS_HIDDEN, project), id,
                js_pack("{'cns': [], 'cn_count': i, 'workload_switch': s, 'max_concurrency_num': i,"
                        "'passwords': [], 'flavor': s}",
                        wish->cns, "on", (int64_t)60, wish->flavor->id));
        warehouse_find(world, project, id, ret);
        warehouse_add_nodes(ret, wish->nodes, "100");
        if (wish->password)
                warehouse_password_put(ret, wish->password);
        dws_policies_default(ret);
}

void warehouse_ready(const struct warehouse *w) {
        struct json_object *nodes = js_get(w->list, "/nodes");
        const char *bind = js_str(w->list, "/public_ip/public_bind_type");
        int64_t cns = js_int(w->hidden, "/cn_count", 0);
        char eip[UUID_SIZE];

        js_set_str(w->list, "/status", "AVAILABLE");
        warehouse_nodes_state(w, "100", "200");
        for (int64_t i = 0; i < cns; i++)
                (void)js_set(w->hidden, "/cns/-",
                             json_object_new_string(js_str(js_at(nodes, (size_t)i), "/id")));
        if (str_eq(bind, "auto_assign"))
                warehouse_eip(w, "auto_assign", world_uuid(w->world, eip));
        else if (str_eq(bind, "bind_existing")) {
                snprintf(eip, sizeof(eip), "%s", js_str(w->list, "/public_ip/eip_id"));
                warehouse_eip(w, "bind_existing", eip);
        }
        warehouse_task_end(w, NULL);
}

void warehouse_create(const struct warehouse *w, const char *task, int64_t cloud_ms) {
        struct json_object *argument = warehouse_argument(w);

        js_set_str(w->list, "/task_status", task);
        warehouse_progress(w, task ? task : "CREATING", cloud_ms);
        life_event(w->world, cloud_ms, "dws.created", argument);
}
