/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DWS: warehouses, their tasks, and small things that all its files need.
 */
#include "contrib/emulator/dws.h"

#include "base/digest.h"
#include "contrib/emulator/util.h"

#include <ctype.h>
#include <string.h>

enum { EVENTS_MAX = 20000, HOUR_MS = 60 * MINUTE_MS };

bool warehouse_find(struct world *world, const char *project, const char *id,
                    struct warehouse *ret) {
        struct json_object *list =
                collection_get(world_collection(world, DWS_CLUSTERS, project), id);

        if (!list)
                return false;
        *ret = (struct warehouse){
                .world = world,
                .project = project,
                .id = js_str(list, "/id"),
                .list = list,
                .detail = collection_get(world_collection(world, DWS_DETAILS, project), id),
                .hidden = collection_get(world_collection(world, DWS_HIDDEN, project), id),
        };
        return true;
}

bool warehouse_of_event(struct world *world, struct json_object *argument, struct warehouse *ret) {
        return warehouse_find(world, js_str(argument, "/project"), js_str(argument, "/cluster"),
                              ret);
}

struct json_object *warehouse_argument(const struct warehouse *w) {
        return js_pack("{'project': s, 'cluster': s}", w->project, w->id);
}

/* A cluster looked for in all projects of the account. */
struct search {
        const char *id;
        bool found;
};

static void search_project(struct world *world, const char *id, const char *name, void *arg) {
        struct search *search = arg;

        (void)name;
        if (collection_get(world_collection(world, DWS_CLUSTERS, id), search->id))
                search->found = true;
}

/* The service has a code of its own for each way in which a cluster can be missing. */
static void answer_missing(const struct request *req, struct response *resp, const char *id) {
        struct search search = { .id = id };

        if (!dws_is_uuid(id)) {
                reply_error(req, resp, 400, "DWS.0001", "The cluster ID is not a UUID.");
                return;
        }
        if (collection_get(world_collection(req->world, DWS_GONE, req->project), id)) {
                reply_error(req, resp, 404, "DWS.3027", "The cluster %s has been deleted.", id);
                return;
        }
        identity_each_project(req->world, search_project, &search);
        if (search.found)
                reply_error(req, resp, 403, "DWS.0015",
                            "The cluster %s belongs to another project.", id);
        else
                reply_error(req, resp, 404, "DWS.0047", "The cluster %s does not exist.", id);
}

bool warehouse_of(const struct request *req, struct response *resp, struct warehouse *ret) {
        const char *id = path_param(req, "cluster_id");

        if (warehouse_find(req->world, req->project, id, ret))
                return true;
        answer_missing(req, resp, id);
        return false;
}

bool warehouse_is_idle(const struct warehouse *w) {
        const char *status = js_str(w->list, "/status"), *task = js_str(w->list, "/task_status");

        if (!str_eq(status, "AVAILABLE") && !str_eq(status, "ACTIVE"))
                return false;
        return !task || str_ends(task, "_FAILED") || str_ends(task, "_FAILURE");
}

/* This one comes in the longer shape that some of the service's errors have. */
void dws_refuse_busy(const struct request *req, struct response *resp) {
        static const char code[] = "DWS.7023";
        static const char text[] = "Cluster status is not allowed to operation.";

        (void)req;
        reply_json(resp, 403,
                   js_pack("{'externalMessage': s, 'errCode': s, 'error_code': s, 'error_msg': s}",
                           text, code, code, text));
}

bool warehouse_idle(const struct request *req, struct response *resp, struct warehouse *ret) {
        if (!warehouse_of(req, resp, ret))
                return false;
        if (warehouse_is_idle(ret))
                return true;
        dws_refuse_busy(req, resp);
        return false;
}

static struct json_object *progress(const char *key, int percent) {
        struct json_object *object = json_object_new_object();
        char text[16];

        snprintf(text, sizeof(text), "%d%%", percent);
        json_object_object_add(object, key, json_object_new_string(text));
        return object;
}

void warehouse_progress(const struct warehouse *w, const char *key, int64_t cloud_ms) {
        (void)js_set(w->list, "/action_progress", progress(key, 0));
        for (int percent = 20; percent < 100; percent += 20)
                life_set(w->world, cloud_ms * percent / 100, DWS_CLUSTERS, w->project, w->id,
                         "/action_progress", progress(key, percent));
}

void warehouse_task(const struct warehouse *w, const char *task, const char *key, int64_t cloud_ms,
                    const char *event, struct json_object *argument) {
        js_set_str(w->list, "/task_status", task);
        (void)js_set(w->list, "/action_progress", NULL);
        if (key)
                warehouse_progress(w, key, cloud_ms);
        life_event(w->world, cloud_ms, event, argument);
}

void warehouse_touch(const struct warehouse *w) {
        (void)js_set(w->list, "/updated", time_json(TIME_RFC3339, world_now(w->world)));
}

void warehouse_task_end(const struct warehouse *w, const char *failure) {
        js_set_str(w->list, "/task_status", failure);
        (void)js_set(w->list, "/action_progress", NULL);
        warehouse_touch(w);
}

/* The text of a template with one %s. */
static char *fill(const char *template, const char *name) {
        const char *gap = strstr(template, "%s");

        if (!gap)
                return x_strdup(template);
        return x_printf("%.*s%s%s", (int)(gap - template), template, name, gap + 2);
}

void dws_event(struct world *world, const char *project, const char *source_type,
               struct json_object *source, const char *name, const char *display,
               const char *severity, const char *template) {
        struct collection *events = world_collection(world, DWS_EVENTS, project);
        const char *source_name = js_str(source, "/name");
        _cleanup_(freep) char *context = fill(template, source_name);
        char id[UUID_SIZE];

        world_uuid(world, id);
        collection_put(
                events, id,
                js_pack("{'category': s, 'description': s, 'name': s, 'severity': s, 'status': i,"
                        "'subject': s, 'context': s, 'event_id': s, 'display_name': s,"
                        "'name_space': s, 'source_type': s, 'occur_time': i, 'project_id': s,"
                        "'source_id': s, 'source_name': s}",
                        "management", template, name, severity, (int64_t)2,
                        "DWS event notification", context, id, display, "dws", source_type,
                        world_now(world), project, js_str(source, "/id"), source_name));
        if (collection_count(events) > EVENTS_MAX)
                collection_remove(events, entry_id(collection_first(events)));
}

void warehouse_event(const struct warehouse *w, const char *name, const char *display,
                     const char *severity, const char *template) {
        js_set_int(w->list, "/recent_event", js_int(w->list, "/recent_event", 0) + 1);
        dws_event(w->world, w->project, "cluster", w->list, name, display, severity, template);
}

void dws_unknown(const struct request *req, struct response *resp, const char *what,
                 const char *id) {
        reply_error(req, resp, 400, "DWS.0001", "The %s %s does not exist.", what, id);
}

void dws_invalid(const struct request *req, struct response *resp, const char *why) {
        reply_error(req, resp, 400, "DWS.5065", "Invalid format. %s", why);
}

void dws_reply_job(const struct request *req, struct response *resp) {
        char id[33];

        reply_json(resp, 200, js_pack("{'job_id': s}", world_hex(req->world, id, 32)));
}

struct json_object *dws_view(struct json_object *from, const char *names) {
        struct json_object *view = json_object_new_object();

        while (*names) {
                size_t len = strcspn(names, " ");
                char name[64];
                struct json_object *value = NULL;

                snprintf(name, sizeof(name), "%.*s", (int)len, names);
                names += len + strspn(names + len, " ");
                if (json_object_object_get_ex(from, name, &value))
                        json_object_object_add(view, name, json_object_get(value));
        }
        return view;
}

const char *dws_derived_uuid(const char *a, const char *b, char *buf) {
        _cleanup_(freep) char *text = x_printf("%s\n%s", a, b);
        char hex[DIGEST_HEX_SIZE];

        digest_sha256_hex(text, strlen(text), hex);
        snprintf(buf, UUID_SIZE, "%.8s-%.4s-4%.3s-a%.3s-%.12s", hex, hex + 8, hex + 12, hex + 16,
                 hex + 20);
        return buf;
}

bool dws_is_uuid(const char *text) {
        for (int i = 0; i < 36; i++) {
                bool dash = i == 8 || i == 13 || i == 18 || i == 23;

                if (dash ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
                        return false;
        }
        return !text[36];
}

const char *dws_region(struct world *world, const char *project, char *buf) {
        const char *name = identity_project_name(world, project);

        snprintf(buf, REGION_SIZE, "%.*s", name ? (int)strcspn(name, "_") : 0, name ? name : "");
        return buf;
}

int dws_time_zone(const char *text, int64_t *ret_ms) {
        int64_t hours = 0, minutes = 0, sign;
        char part[3] = "";

        if (!str_begins(text, "GMT") && !str_begins(text, "UTC"))
                return -EINVAL;
        text += 3;
        if (!*text) {
                *ret_ms = 0;
                return 0;
        }
        if ((*text != '+' && *text != '-') || strlen(text) != strlen("+08:00") || text[3] != ':')
                return -EINVAL;
        sign = *text == '-' ? -1 : 1;
        memcpy(part, text + 1, 2);
        if (parse_int(part, &hours) < 0 || parse_int(text + 4, &minutes) < 0 || hours < 0 ||
            hours > 14 || minutes < 0 || minutes > 59)
                return -EINVAL;
        *ret_ms = sign * (hours * HOUR_MS + minutes * MINUTE_MS);
        return 0;
}
