/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kie: one configuration at a time. As servicecomb-kie does it: ids are hashes of key and labels,
 * status begins as disabled, an empty value in an update means "as it was".
 */
#include "contrib/emulator/kie.h"

#include "base/digest.h"
#include "contrib/emulator/util.h"

#include <string.h>

enum { EVENTS_MAX = 1000, EVENT_SIZE_MAX = 512, LABEL_NAME_MAX = 32, LABEL_VALUE_MAX = 160 };

struct collection *kie_store(struct world *world, const char *store) {
        return world_collection(world, "kie/kv", store);
}

static int compare_names(const void *a, const void *b) {
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "::name=value" for each label, sorted by name. */
static void add_labels(struct buf *buf, struct json_object *labels) {
        const char *names[KIE_LABELS_MAX];
        size_t count = 0;

        if (!labels)
                return;
        js_each_member(labels, name, member) {
                (void)member;
                if (count < ELEMENTSOF(names))
                        names[count++] = name;
        }
        qsort(names, count, sizeof(names[0]), compare_names);
        for (size_t i = 0; i < count; i++) {
                struct json_object *value = NULL;

                json_object_object_get_ex(labels, names[i], &value);
                buf_printf(buf, "::%s=%s", names[i], json_object_get_string(value));
        }
}

const char *kie_id(const char *key, struct json_object *labels, char buf[KIE_ID_SIZE]) {
        struct buf text = BUF_INIT(0);

        buf_printf(&text, "default/default/%s", key);
        add_labels(&text, labels);
        digest_sha256_hex(buf_str(&text), text.len, buf);
        buf_done(&text);
        return buf;
}

bool kie_labels_match(struct json_object *labels, struct json_object *wanted, bool exact) {
        if (exact &&
            (labels ? json_object_object_length(labels) : 0) != json_object_object_length(wanted))
                return false;
        js_each_member(wanted, name, value) {
                struct json_object *have = NULL;

                json_object_object_get_ex(labels, name, &have);
                if (!have || !str_eq(json_object_get_string(have), json_object_get_string(value)))
                        return false;
        }
        return true;
}

int kie_label_parse(const char *text, struct json_object *labels) {
        const char *colon = strchr(text, ':');
        _cleanup_(freep) char *name = NULL;

        if (!colon || colon == text || strchr(colon + 1, ':'))
                return -EINVAL;
        name = x_strndup(text, (size_t)(colon - text));
        json_object_object_add(labels, name, json_object_new_string(colon + 1));
        return 0;
}

/* Characters, as the limits count them. */
static size_t characters(const char *text) {
        size_t count = 0;

        for (; *text; text++)
                count += ((unsigned char)*text & 0xc0) != 0x80;
        return count;
}

static bool is_made_of(const char *text, const char *others) {
        for (; *text; text++)
                if (!((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
                      (*text >= '0' && *text <= '9') || strchr(others, *text)))
                        return false;
        return true;
}

static const char *labels_problem(struct json_object *labels) {
        if (!labels)
                return NULL;
        if (!json_object_is_type(labels, json_type_object) ||
            json_object_object_length(labels) > KIE_LABELS_MAX)
                return "labels";
        js_each_member(labels, name, value) {
                const char *text = json_object_get_string(value);

                if (!json_object_is_type(value, json_type_string) || !*name ||
                    strlen(name) > LABEL_NAME_MAX || strlen(text) > LABEL_VALUE_MAX ||
                    !is_made_of(name, "_-.") || !is_made_of(text, "_-."))
                        return "labels";
        }
        return NULL;
}

const char *kie_problem(struct json_object *item) {
        const char *key = js_str(item, "/key"), *value = js_str(item, "/value");
        const char *type = js_str(item, "/value_type"), *status = js_str(item, "/status");

        if (!key || !*key || strlen(key) > KIE_KEY_MAX || !is_made_of(key, "._:-"))
                return "key";
        if (value && characters(value) > KIE_VALUE_MAX)
                return "value";
        if (type && *type && !word_in("text yaml json properties ini xml", type, false))
                return "value_type";
        if (status && *status && !word_in("enabled disabled", status, false))
                return "status";
        return labels_problem(js_get(item, "/labels"));
}

static char *counter_name(const char *store) {
        return x_printf("kie.%s", store);
}

int64_t kie_revision(struct world *world, const char *store) {
        _cleanup_(freep) char *name = counter_name(store);

        return world_counter_peek(world, name);
}

/*
 * Counts a change and tells it to those who wait; an event of more than 512 bytes gets lost, as in
 * kie.
 */
static int64_t change(struct world *world, const char *store, struct json_object *kv) {
        struct collection *events = world_collection(world, "kie/events", store);
        struct json_object *labels = js_get(kv, "/labels"), *event;
        _cleanup_(freep) char *name = counter_name(store);
        int64_t revision = world_counter(world, name);
        char id[32];

        event = js_pack("{'revision': i, 'ms': i, 'key': s, 'labels': O}", revision,
                        world_now(world), js_str(kv, "/key"), labels ? js_clone(labels) : NULL);
        if (strlen(json_object_to_json_string(event)) > EVENT_SIZE_MAX) {
                json_object_put(event);
                return revision;
        }
        snprintf(id, sizeof(id), "%lld", (long long)revision);
        collection_put(events, id, event);
        if (collection_count(events) > EVENTS_MAX)
                collection_remove(events, entry_id(collection_first(events)));
        return revision;
}

static const char *or_default(const char *text, const char *fallback) {
        return text && *text ? text : fallback;
}

struct json_object *kie_create(struct world *world, const char *store, struct json_object *item) {
        struct json_object *labels = js_get(item, "/labels"), *kv;
        const char *value = js_str(item, "/value");
        int64_t now = world_now(world) / 1000, revision;
        char id[KIE_ID_SIZE];

        if (labels && json_object_object_length(labels) == 0)
                labels = NULL;
        kie_id(js_str(item, "/key"), labels, id);
        kv = js_pack("{'id': s, 'key': s, 'labels': O, 'value': s, 'value_type': s, 'status': s, "
                     "'create_time': i, 'update_time': i}",
                     id, js_str(item, "/key"), labels ? js_clone(labels) : NULL, value ? value : "",
                     or_default(js_str(item, "/value_type"), "text"),
                     or_default(js_str(item, "/status"), "disabled"), now, now);
        revision = change(world, store, kv);
        js_set_int(kv, "/create_revision", revision);
        js_set_int(kv, "/update_revision", revision);
        return collection_put(kie_store(world, store), id, kv);
}

void kie_update(struct world *world, const char *store, struct json_object *kv, const char *value,
                const char *status) {
        if (value && *value)
                js_set_str(kv, "/value", value);
        if (status && *status)
                js_set_str(kv, "/status", status);
        js_set_int(kv, "/update_time", world_now(world) / 1000);
        js_set_int(kv, "/update_revision", change(world, store, kv));
}

bool kie_delete(struct world *world, const char *store, const char *id) {
        struct json_object *kv = collection_get(kie_store(world, store), id);

        if (!kv)
                return false;
        (void)change(world, store, kv);
        return collection_remove(kie_store(world, store), id);
}

void kie_drop(struct world *world, const char *store) {
        world_drop(world, "kie/kv", store);
        world_drop(world, "kie/events", store);
        world_drop(world, "kie/settings", store);
}

/* Whether the server is one of those that stand outside the cloud. */
static bool is_open_source(const struct request *req) {
        return word_in("standalone secure", req->instance, false);
}

void kie_fail(const struct request *req, struct response *resp, int status, const char *code,
              const char *text) {
        if (is_open_source(req))
                reply_json(resp, status,
                           js_pack("{'errorCode': s, 'errorMessage': s, 'detail': s}", code, text,
                                   ""));
        else
                reply_error(req, resp, status, code, "%s", text);
}

bool kie_is_plain(struct world *world, const char *store) {
        return collection_get(world_collection(world, "kie/settings", store), "plain") != NULL;
}

void kie_set_plain(struct world *world, const char *store) {
        collection_put(world_collection(world, "kie/settings", store), "plain",
                       js_pack("{'is_set': b}", true));
}

static void refuse(const struct request *req, struct response *resp, const char *what) {
        _cleanup_(freep) char *text = x_printf("Invalid parameter(s): %s", what);

        kie_fail(req, resp, 400, "400001", text);
}

static void create_config(const struct request *req, struct response *resp) {
        const char *problem = kie_problem(req->body);
        char id[KIE_ID_SIZE];

        if (problem) {
                refuse(req, resp, problem);
                return;
        }
        kie_id(js_str(req->body, "/key"), js_get(req->body, "/labels"), id);
        if (collection_get(kie_store(req->world, req->instance), id)) {
                kie_fail(req, resp, 409, "409001", "record already exists");
                return;
        }
        reply_json(resp, 200, json_object_get(kie_create(req->world, req->instance, req->body)));
}

/* The configuration of the path; answers 404 and returns NULL when there is none. */
static struct json_object *kv_of(const struct request *req, struct response *resp) {
        struct json_object *kv =
                collection_get(kie_store(req->world, req->instance), path_param(req, "kv_id"));

        if (!kv)
                kie_fail(req, resp, 404, "404001", "record does not exist");
        return kv;
}

static void get_config(const struct request *req, struct response *resp) {
        struct json_object *kv = kv_of(req, resp), *copy;
        struct buf format = BUF_INIT(0);

        if (!kv)
                return;
        copy = js_clone(kv);
        add_labels(&format, js_get(kv, "/labels"));
        js_set_str(copy, "/label_format", format.len > 0 ? buf_str(&format) + 2 : "");
        buf_done(&format);
        reply_json(resp, 200, copy);
}

static void update_config(const struct request *req, struct response *resp) {
        struct json_object *kv = kv_of(req, resp);
        const char *value = js_str(req->body, "/value");

        if (!kv)
                return;
        if (value && characters(value) > KIE_VALUE_MAX) {
                refuse(req, resp, "value");
                return;
        }
        kie_update(req->world, req->instance, kv, value, js_str(req->body, "/status"));
        reply_json(resp, 200, json_object_get(kv));
}

static void delete_config(const struct request *req, struct response *resp) {
        if (!kv_of(req, resp))
                return;
        kie_delete(req->world, req->instance, path_param(req, "kv_id"));
        reply_empty(resp, is_open_source(req) ? 204 : 200); /* the document has both */
}

static void delete_configs(const struct request *req, struct response *resp) {
        struct json_object *ids = js_get(req->body, "/ids");

        for (size_t i = 0; i < js_len(ids, ""); i++)
                kie_delete(req->world, req->instance, json_object_get_string(js_at(ids, i)));
        reply_empty(resp, 204);
}

const struct handler kie_handlers[] = {
        { "createConfig", create_config },   { "getConfig", get_config },
        { "updateConfig", update_config },   { "deleteConfig", delete_config },
        { "deleteConfigs", delete_configs }, { 0 },
};
