/* SPDX-License-Identifier: Apache-2.0 */
#include "contrib/emulator/identity-internal.h"

#include "contrib/emulator/signature.h"
#include "contrib/emulator/world-internal.h"

#include <string.h>
#include <strings.h>

static const char *const instance_collections[] = {
        [INSTANCE_ENGINE] = "emulator/engines",
        [INSTANCE_FLEET] = "emulator/fleets",
};

static struct json_object *domain(struct world *world) {
        return collection_get(world_collection(world, "emulator/domain", ""), "domain");
}

const char *identity_domain_id(struct world *world) {
        const char *id = js_str(domain(world), "/id");

        return id ? id : "";
}

const char *identity_project(struct world *world, const char *name) {
        struct entry *entry =
                collection_find(world_collection(world, "emulator/projects", ""), "/name", name);

        return entry ? entry_id(entry) : NULL;
}

struct json_object *identity_project_object(struct world *world, const char *id) {
        return collection_get(world_collection(world, "emulator/projects", ""), id);
}

const char *identity_project_name(struct world *world, const char *id) {
        return js_str(identity_project_object(world, id), "/name");
}

const char *identity_region_project(struct world *world, const char *region) {
        return identity_project(world, region);
}

void identity_each_project(struct world *world,
                           void (*fn)(struct world *, const char *id, const char *name, void *arg),
                           void *arg) {
        struct entry *entry = collection_first(world_collection(world, "emulator/projects", ""));

        for (; entry; entry = entry_next(entry))
                fn(world, entry_id(entry), js_str(entry_object(entry), "/name"), arg);
}

void instance_put(struct world *world, enum instance_kind kind, const char *name, const char *id,
                  const char *project, const char *region, bool needs_login) {
        collection_put(world_collection(world, instance_collections[kind], ""), name,
                       js_pack("{'id': s, 'name': s, 'project': s, 'region': s, 'needs_login': b}",
                               id, name, project, region, needs_login || kind == INSTANCE_FLEET));
}

void instance_remove(struct world *world, enum instance_kind kind, const char *name) {
        collection_remove(world_collection(world, instance_collections[kind], ""), name);
        if (kind == INSTANCE_ENGINE)
                world_drop(world, "emulator/engine-accounts", name);
}

struct json_object *instance_find(struct world *world, enum instance_kind kind, const char *name) {
        return collection_get(world_collection(world, instance_collections[kind], ""), name);
}

struct json_object *instance_by_host(struct world *world, enum instance_kind kind,
                                     const char *name) {
        struct entry *entry =
                collection_first(world_collection(world, instance_collections[kind], ""));

        while (entry && strcasecmp(entry_id(entry), name) != 0)
                entry = entry_next(entry);
        return entry ? entry_object(entry) : NULL;
}

const char *instance_id(struct world *world, enum instance_kind kind, const char *name) {
        return js_str(instance_find(world, kind, name), "/id");
}

void engine_account_put(struct world *world, const char *name, const char *account,
                        const char *password) {
        struct collection *c = world_collection(world, "emulator/engine-accounts", name);

        if (password)
                collection_put(c, account, js_pack("{'password': s}", password));
        else
                collection_remove(c, account);
}

/* IAM tokens look like the real ones: long base64 of a signed message, which begins so. */
static void token_text(struct world *world, const char *kind, char *buf) {
        bool is_iam = str_eq(kind, "iam");
        int len = snprintf(buf, TOKEN_SIZE,
                           is_iam ? "MIIEbwYJKoZIhvcNAQcC" : "eyJhbGciOiJSUzUxMiJ9.");

        world_hex(world, buf + len, is_iam ? 400 : 200);
}

const char *token_issue(struct world *world, const char *kind, const char *user,
                        const char *project, const char *instance, int64_t life_s, char *buf) {
        char hash[65];
        int64_t expires = life_s > 0 ? world_now(world) + life_s * 1000 : INT64_MAX;

        token_text(world, kind, buf);
        sha256_hex(buf, strlen(buf), hash);
        collection_put(
                world_collection(world, "emulator/tokens", ""), hash,
                js_pack("{'kind': s, 'user': s, 'project_id': S, 'instance': S, 'expires_ms': i}",
                        kind, user, project, instance, expires));
        return buf;
}

struct json_object *token_find(struct world *world, const char *token) {
        char hash[65];

        sha256_hex(token, strlen(token), hash);
        return collection_get(world_collection(world, "emulator/tokens", ""), hash);
}

const char *instance_token_kind(enum instance_kind kind) {
        return kind == INSTANCE_ENGINE ? "engine" : "kubernetes";
}

const char *instance_token(struct world *world, enum instance_kind kind, const char *name,
                           const char *user, int64_t life_s, char *buf) {
        return token_issue(world, kind == INSTANCE_ENGINE ? "engine" : "kubernetes", user, NULL,
                           name, life_s, buf);
}

/* A region is what stands before the sub-project's name. */
static struct json_object *project_object(struct world *world, struct json_object *given) {
        const char *name = js_str(given, "/name"), *id = js_str(given, "/id");
        const char *parent = js_str(given, "/parent_id"), *region = js_str(given, "/region");
        _cleanup_(freep) char *own_region = x_strndup(name, strcspn(name, "_"));
        char hex[33];

        if (!parent && strchr(name, '_'))
                parent = identity_project(world, own_region);
        return js_pack("{'id': s, 'name': s, 'domain_id': s, 'parent_id': s, 'region': s, "
                       "'description': s, 'enabled': b, 'is_domain': b}",
                       id ? id : world_hex(world, hex, 32), name, identity_domain_id(world),
                       parent ? parent : identity_domain_id(world), region ? region : own_region,
                       js_str(given, "/description") ? js_str(given, "/description") : "",
                       js_bool(given, "/enabled", true), false);
}

static void load_named(struct world *world, const char *kind, struct json_object *list,
                       const char *id) {
        struct collection *c = world_collection(world, kind, "");

        for (size_t i = 0; i < js_len(list, ""); i++) {
                struct json_object *given = js_at(list, i);

                if (js_str(given, id))
                        collection_put(c, js_str(given, id), js_clone(given));
        }
}

int identity_load(struct world *world, struct json_object *account) {
        struct json_object *given = js_get(account, "/domain"),
                           *projects = js_get(account, "/projects");
        struct collection *c = world_collection(world, "emulator/projects", "");

        if (!given && !domain(world))
                return -EBADMSG;
        if (given)
                collection_put(world_collection(world, "emulator/domain", ""), "domain",
                               js_clone(given));
        for (size_t i = 0; i < js_len(projects, ""); i++) {
                struct json_object *project;

                if (!js_str(js_at(projects, i), "/name"))
                        return -EBADMSG;
                project = project_object(world, js_at(projects, i));
                collection_put(c, js_str(project, "/id"), project);
        }
        load_named(world, "emulator/users", js_get(account, "/users"), "/name");
        load_named(world, "emulator/keys", js_get(account, "/keys"), "/access");
        load_named(world, "emulator/agencies", js_get(account, "/agencies"), "/name");
        return 0;
}

/* Nothing here is secret: these are the published credentials of the demonstration. */
static const char demo_account[] =
        "{\"domain\": {\"id\": \"65382450e8f64ac0870cd180d14e684b\", \"name\": \"demo-domain\"},"
        " \"users\": [{\"id\": \"7116d09f88fa41908676fdd4b039e95b\", \"name\": \"demo\","
        "              \"password\": \"Demo-Passw0rd!\"}],"
        " \"keys\": [{\"access\": \"HCLOUDFSDEMOACCESSKEY\", \"secret\": "
        "\"demo-secret-key-not-a-secret\","
        "             \"user\": \"demo\"}],"
        " \"agencies\": [{\"name\": \"demo-agency\"}],"
        " \"projects\": [{\"id\": \"0a1b2c3d4e5f60718293a4b5c6d7e8f9\", \"name\": \"cn-north-4\"},"
        "                {\"id\": \"1b2c3d4e5f60718293a4b5c6d7e8f90a\", \"name\": "
        "\"cn-north-4_analytics\"},"
        "                {\"id\": \"2c3d4e5f60718293a4b5c6d7e8f90a1b\", \"name\": "
        "\"ap-southeast-3\"}]}";

void identity_seed(struct world *world) {
        struct json_object *account = NULL;

        if (js_parse(demo_account, strlen(demo_account), &account) < 0 ||
            identity_load(world, account) < 0)
                die("the demo account is broken");
        json_object_put(account);
        /*
         * Engines outside the cloud: sc.localhost and kie.localhost, and the secure pair with a
         * login.
         */
        instance_put(world, INSTANCE_ENGINE, "standalone", "standalone", "", "", false);
        instance_put(world, INSTANCE_ENGINE, "secure", "secure", "", "", true);
        engine_account_put(world, "secure", "root", "Demo-Passw0rd!");
}
