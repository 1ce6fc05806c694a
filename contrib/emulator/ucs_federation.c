/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UCS: federations. Switching one on is a job of four parts, about a minute; the job of a fleet
 * whose name begins with "fail-" fails in its last part.
 *
 * The kubeconfig comes in one of these shapes (ucs/settings of the fleet or "kubeconfig", else the
 * end of the fleet's name after '-', else object):
 *   object  JSON object from both calls
 *   array   JSON array of strings from …/cert, a file of JSON text from …/kubeconfig
 *   file    a file of JSON text from …/kubeconfig (…/cert knows none: an array of one string)
 *   yaml    the same as YAML
 */
#include "contrib/emulator/karmada.h"
#include "contrib/emulator/ucs.h"
#include "contrib/emulator/util.h"

#include <string.h>

enum { PART_MS = 16 * 1000, DISABLE_MS = 30 * 1000, DAY_S = 24 * 3600 };

#define FEDERATION_VERSION "v1.7.0-t1109"
#define FLEET_REGION       "cn-north-4"

static const char *const parts[] = { "InstallFederationChart", "CreateNetworkResource",
                                     "CreateCert", "CreateNode" };

bool ucs_is_federated(struct json_object *fleet) {
        return js_str(fleet, "/spec/federationId") != NULL;
}

static struct json_object *job_of(struct world *world, struct json_object *fleet) {
        return collection_get(ucs_collection(world, "jobs"), js_str(fleet, "/metadata/uid"));
}

static bool is_leaving(struct json_object *fleet) {
        return str_eq(js_str(ucs_condition(fleet, "Federation"), "/reason"), "FederationDeleting");
}

bool ucs_is_federating(struct world *world, struct json_object *fleet) {
        struct json_object *job = job_of(world, fleet);

        return is_leaving(fleet) || (job && !js_get(job, "/status/completionTime"));
}

static struct json_object *new_job(struct world *world, const char *type, const char *federation) {
        struct json_object *now = time_json(TIME_GO, world_now(world));
        char uid[UUID_SIZE];

        world_uuid(world, uid);
        return js_pack(
                "{'kind': s, 'apiVersion': s, 'metadata': {'uid': s, 'creationTimestamp': o, "
                "'updateTimestamp': o, 'annotations': {}}, 'spec': {'type': s, 'federationUID': "
                "s}, "
                "'status': {'phase': s}}",
                "Job", "v3", uid, now, json_object_get(now), type, federation, "Pending");
}

static void set_phase(struct world *world, struct json_object *job, const char *phase,
                      const char *reason) {
        struct json_object *now = time_json(TIME_GO, world_now(world));

        js_set_str(job, "/status/phase", phase);
        if (str_eq(phase, "Running"))
                js_set(job, "/status/startTime", json_object_get(now));
        else
                js_set(job, "/status/completionTime", json_object_get(now));
        if (reason)
                js_set_str(job, "/status/reason", reason);
        js_set(job, "/metadata/updateTimestamp", now);
}

static struct json_object *part_of(struct json_object *job, size_t i) {
        return js_at(js_get(job, "/spec/subJobs"), i);
}

static void schedule_part(struct world *world, struct json_object *fleet, size_t i) {
        life_event(world, PART_MS, "ucs.federation",
                   js_pack("{'fleet': s, 'part': i}", js_str(fleet, "/metadata/uid"), (int64_t)i));
}

static void start_job(struct world *world, struct json_object *fleet) {
        char federation[UUID_SIZE];
        struct json_object *job, *list = json_object_new_array();

        world_uuid(world, federation);
        job = new_job(world, "CreateFederationContainer", federation);
        js_set_str(job, "/spec/resourceID", federation);
        js_set_str(job, "/spec/resourceName", federation);
        for (size_t i = 0; i < ELEMENTSOF(parts); i++)
                json_object_array_add(list, new_job(world, parts[i], federation));
        js_set(job, "/spec/subJobs", list);
        collection_put(ucs_collection(world, "jobs"), js_str(fleet, "/metadata/uid"), job);
        set_phase(world, job, "Running", NULL);
        set_phase(world, part_of(job, 0), "Running", NULL);
        schedule_part(world, fleet, 0);
        ucs_set_condition(fleet, "Federation", "Unavailable", "FederationCreating",
                          "federation is being created",
                          json_object_new_string("0001-01-01T00:00:00Z"));
        ucs_touch(world, fleet);
}

/* A fleet's name serves as host name only if it is a DNS label. */
static bool is_label(const char *name) {
        size_t len = strlen(name);

        return len > 0 && len <= 63 &&
               strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len && name[0] != '-' &&
               name[len - 1] != '-';
}

void ucs_sync_members(struct world *world, struct json_object *fleet) {
        struct json_object *names = json_object_new_array();
        const char *id = js_str(fleet, "/metadata/uid"), *name = js_str(fleet, "/metadata/name");

        for (struct entry *e = collection_first(ucs_collection(world, "clusters")); e;
             e = entry_next(e))
                if (str_eq(ucs_fleet_of(entry_object(e)), id))
                        json_object_array_add(
                                names, json_object_get(js_get(entry_object(e), "/metadata/name")));
        if (is_label(name))
                karmada_set_members(world, name, names);
        json_object_put(names);
}

static void mark_members(struct world *world, const char *fleet, bool federated) {
        for (struct entry *e = collection_first(ucs_collection(world, "clusters")); e;
             e = entry_next(e)) {
                struct json_object *cluster = entry_object(e);

                if (!str_eq(ucs_fleet_of(cluster), fleet))
                        continue;
                if (federated)
                        ucs_set_condition(cluster, "Federation", "Federalized",
                                          "ClusterFederalized", NULL,
                                          ucs_condition_time(world_now(world), 6));
                else
                        ucs_remove_condition(cluster, "Federation");
        }
}

void ucs_federate(struct world *world, struct json_object *fleet) {
        struct json_object *job = job_of(world, fleet);
        const char *name = js_str(fleet, "/metadata/name"),
                   *federation = js_str(job, "/spec/federationUID");
        char uid[UUID_SIZE];

        js_set_str(fleet, "/spec/federationId", federation ? federation : world_uuid(world, uid));
        js_set_str(fleet, "/spec/federationVersion", FEDERATION_VERSION);
        ucs_set_condition(fleet, "Federation", "Available", "FederationAvailable", NULL,
                          time_json(TIME_RFC3339, world_now(world)));
        ucs_touch(world, fleet);
        if (is_label(name)) {
                instance_put(world, INSTANCE_FLEET, name, js_str(fleet, "/metadata/uid"), "",
                             FLEET_REGION, true);
                karmada_open(world, name);
        }
        mark_members(world, js_str(fleet, "/metadata/uid"), true);
        ucs_sync_members(world, fleet);
}

static void fail_job(struct world *world, struct json_object *fleet, struct json_object *job,
                     size_t part) {
        static const char reason[] = "no node of the member clusters can be reached";

        set_phase(world, part_of(job, part), "Failed", reason);
        set_phase(world, job, "Failed", reason);
        ucs_set_condition(fleet, "Federation", "Unavailable", "FederationCreateFailed", reason,
                          time_json(TIME_RFC3339, world_now(world)));
        ucs_touch(world, fleet);
}

static void end_part(struct world *world, struct json_object *argument) {
        struct json_object *fleet =
                collection_get(ucs_collection(world, "fleets"), js_str(argument, "/fleet"));
        struct json_object *job = fleet ? job_of(world, fleet) : NULL;
        size_t part = (size_t)js_int(argument, "/part", 0);

        if (!job || js_get(job, "/status/completionTime"))
                return;
        if (part + 1 == ELEMENTSOF(parts) && str_begins(js_str(fleet, "/metadata/name"), "fail-")) {
                fail_job(world, fleet, job, part);
                return;
        }
        set_phase(world, part_of(job, part), "Success", NULL);
        if (part + 1 < ELEMENTSOF(parts)) {
                set_phase(world, part_of(job, part + 1), "Running", NULL);
                schedule_part(world, fleet, part + 1);
                return;
        }
        set_phase(world, job, "Success", NULL);
        ucs_federate(world, fleet);
}

static void disabled(struct world *world, struct json_object *argument) {
        struct json_object *fleet =
                collection_get(ucs_collection(world, "fleets"), js_str(argument, "/fleet"));
        const char *id = js_str(argument, "/fleet"), *name = js_str(fleet, "/metadata/name");

        if (!fleet || !is_leaving(fleet))
                return;
        js_remove(fleet, "/spec/federationId");
        js_remove(fleet, "/spec/federationVersion");
        js_remove(fleet, "/spec/dnsSuffix");
        ucs_remove_condition(fleet, "Federation");
        ucs_touch(world, fleet);
        mark_members(world, id, false);
        collection_remove(ucs_collection(world, "jobs"), id);
        world_drop(world, "ucs/connections", id);
        if (is_label(name)) {
                karmada_close(world, name);
                instance_remove(world, INSTANCE_FLEET, name);
        }
}

/* Members that did not get in are tried once more. */
static void retry_join(const struct request *req, struct response *resp,
                       struct json_object *fleet) {
        if (!ucs_is_federated(fleet) || is_leaving(fleet)) {
                ucs_fail(req, resp, 400, "UCS.01080006");
                return;
        }
        mark_members(req->world, path_param(req, "clustergroupid"), true);
        ucs_sync_members(req->world, fleet);
        reply_empty(resp, 201);
}

static void enable(const struct request *req, struct response *resp) {
        struct json_object *fleet = ucs_fleet(req, resp);

        if (!fleet)
                return;
        if (query_bool(req, "retryjoinall", false)) {
                retry_join(req, resp, fleet);
        } else if (ucs_is_federated(fleet) || ucs_is_federating(req->world, fleet)) {
                ucs_fail(req, resp, 400, "UCS.01080002");
        } else {
                start_job(req->world, fleet);
                reply_empty(resp, 201);
        }
}

/* Also what failed, or is still being built, can be switched off. */
static void disable(const struct request *req, struct response *resp) {
        struct json_object *fleet = ucs_fleet(req, resp), *job;

        if (!fleet)
                return;
        job = job_of(req->world, fleet);
        if ((!ucs_is_federated(fleet) && !job) || is_leaving(fleet)) {
                ucs_fail(req, resp, 400, "UCS.01080006");
                return;
        }
        if (job && !js_get(job, "/status/completionTime"))
                set_phase(req->world, job, "Failed", "the federation was switched off");
        ucs_set_condition(fleet, "Federation", "Unavailable", "FederationDeleting", NULL,
                          time_json(TIME_RFC3339, world_now(req->world)));
        ucs_touch(req->world, fleet);
        life_event(req->world, DISABLE_MS, "ucs.federation-off",
                   js_pack("{'fleet': s}", path_param(req, "clustergroupid")));
        reply_empty(resp, 200);
}

/* A job shows the server's time, with nine digits of a second. */
static void stamp(struct world *world, struct json_object *job) {
        char text[TIME_SIZE];
        _cleanup_(freep) char *stamp_text = NULL;

        time_text(TIME_BLANK, world_now(world), text);
        stamp_text = x_printf("%s.%03d313136 +0000 UTC", text, (int)(world_now(world) % 1000));
        js_set_str(job, "/metadata/annotations/currentTimestamp", stamp_text);
}

/* A fleet without a federation is told in a bare string, as newer pages of the call have it. */
static void get_progress(const struct request *req, struct response *resp) {
        struct json_object *fleet = ucs_fleet(req, resp), *job, *view;

        if (!fleet)
                return;
        job = job_of(req->world, fleet);
        if (!job) {
                reply_json(resp, 404,
                           json_object_new_string("Cluster group has not been federalized."));
                return;
        }
        view = js_clone(job);
        stamp(req->world, view);
        for (size_t i = 0; i < js_len(view, "/spec/subJobs"); i++)
                stamp(req->world, part_of(view, i));
        reply_json(resp, 200, view);
}

/* The fleet of the path if its federation is at work; answers and returns NULL if not. */
static struct json_object *federated_fleet(const struct request *req, struct response *resp) {
        struct json_object *fleet = ucs_fleet(req, resp);

        if (fleet && (!ucs_is_federated(fleet) || is_leaving(fleet))) {
                ucs_fail(req, resp, 400, "UCS.01080006");
                return NULL;
        }
        return fleet;
}

static const char *add_connection(const struct request *req, char id[UUID_SIZE]) {
        struct json_object *connection = json_object_new_object();

        world_uuid(req->world, id);
        js_copy_members(connection, req->body, "projectID vpcID subnetID");
        collection_put(
                world_collection(req->world, "ucs/connections", path_param(req, "clustergroupid")),
                id, connection);
        return id;
}

static void connect_vpc(const struct request *req, struct response *resp) {
        char id[UUID_SIZE];

        if (federated_fleet(req, resp))
                reply_json(resp, 201, js_pack("{'id': s}", add_connection(req, id)));
}

static const char *shape_of(struct world *world, struct json_object *fleet) {
        struct collection *c = ucs_collection(world, "settings");
        const char *shape = js_str(collection_get(c, js_str(fleet, "/metadata/uid")), "/shape");
        const char *name = js_str(fleet, "/metadata/name"), *end = strrchr(name, '-');

        if (!shape && end && word_in("object array file yaml", end + 1, false))
                return end + 1;
        if (!shape)
                shape = js_str(collection_get(c, "kubeconfig"), "/shape");
        return shape ? shape : "object";
}

/* Each call issues new credentials, which end after so many days. */
static struct json_object *kubeconfig(const struct request *req, struct json_object *fleet) {
        const char *name = js_str(fleet, "/metadata/name");
        _cleanup_(freep) char *host = x_printf("%s.fleet.ucs." FLEET_REGION "-dev.localhost", name);
        char url[300], token[TOKEN_SIZE];

        instance_token(req->world, INSTANCE_FLEET, name, "ucs-admin",
                       js_int(req->body, "/duration", 1) * DAY_S, token);
        return js_pack("{'kind': s, 'apiVersion': s, 'preferences': {}, "
                       "'clusters': [{'name': s, 'cluster': {'server': s, "
                       "'certificate-authority-data': S}}], "
                       "'users': [{'name': s, 'user': {'token': s}}], "
                       "'contexts': [{'name': s, 'context': {'cluster': s, 'user': s}}], "
                       "'current-context': s}",
                       "Config", "v1", "federation", world_url(req->world, host, url, sizeof(url)),
                       world_authority(req->world), "ucs-admin", token, "federation", "federation",
                       "ucs-admin", "federation");
}

static char *kubeconfig_yaml(struct json_object *config) {
        const char *authority = js_str(config, "/clusters/0/cluster/certificate-authority-data");

        return x_printf(
                "apiVersion: v1\nkind: Config\npreferences: {}\nclusters:\n- name: federation\n"
                "  cluster:\n    server: %s\n%s%s%susers:\n- name: ucs-admin\n  user:\n    token: "
                "%s\n"
                "contexts:\n- name: federation\n  context:\n    cluster: federation\n"
                "    user: ucs-admin\ncurrent-context: federation\n",
                js_str(config, "/clusters/0/cluster/server"),
                authority ? "    certificate-authority-data: " : "", authority ? authority : "",
                authority ? "\n" : "", js_str(config, "/users/0/user/token"));
}

/* The text of a kubeconfig in the fleet's shape. Owned. */
static char *config_text(const char *shape, struct json_object *config) {
        if (str_eq(shape, "yaml"))
                return kubeconfig_yaml(config);
        return x_strdup(json_object_to_json_string_ext(
                config, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
                                JSON_C_TO_STRING_NOSLASHESCAPE));
}

/* A text cut in the middle where the shape is an array of strings, which are to be joined. */
static struct json_object *as_strings(const char *shape, const char *text) {
        size_t half = strlen(text) / 2;
        _cleanup_(freep) char *first = x_strndup(text, half);

        if (!str_eq(shape, "array"))
                return js_pack("[s]", text);
        return js_pack("[s s]", first, text + half);
}

static void create_cert(const struct request *req, struct response *resp) {
        struct json_object *fleet = federated_fleet(req, resp), *config;
        _cleanup_(freep) char *text = NULL;
        char id[UUID_SIZE];

        if (!fleet)
                return;
        (void)add_connection(req, id);
        config = kubeconfig(req, fleet);
        if (str_eq(shape_of(req->world, fleet), "object")) {
                reply_json(resp, 201, config);
                return;
        }
        text = config_text(shape_of(req->world, fleet), config);
        reply_json(resp, 201, as_strings(shape_of(req->world, fleet), text));
        json_object_put(config);
}

/* Needs a connection that was made before. */
static void download(const struct request *req, struct response *resp) {
        struct json_object *fleet = federated_fleet(req, resp), *config;
        const char *id = path_param(req, "clustergroupid");
        _cleanup_(freep) char *text = NULL;

        if (!fleet)
                return;
        if (collection_count(world_collection(req->world, "ucs/connections", id)) == 0) {
                ucs_fail(req, resp, 400, "UCS.01080004");
                return;
        }
        config = kubeconfig(req, fleet);
        if (str_eq(shape_of(req->world, fleet), "object")) {
                reply_json(resp, 201, config);
                return;
        }
        text = config_text(shape_of(req->world, fleet), config);
        reply_bytes(resp, 201, "application/octet-stream", text, strlen(text));
        json_object_put(config);
}

const struct handler ucs_federation_handlers[] = {
        { "enableFleetFederation", enable },
        { "disableFleetFederation", disable },
        { "getFederationProgress", get_progress },
        { "createFederationConnection", connect_vpc },
        { "createFederationCert", create_cert },
        { "downloadFederationKubeconfig", download },
        { 0 },
};

const struct event ucs_federation_events[] = {
        { "ucs.federation", end_part },
        { "ucs.federation-off", disabled },
        { 0 },
};
