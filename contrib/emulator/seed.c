/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filling the world at start. World lock not needed: nobody else is there yet.
 */
#include "contrib/emulator/emulator.h"
#include "contrib/emulator/identity-internal.h"
#include "contrib/emulator/world-internal.h"

#include <string.h>

enum { SCALE_MAX = 1000000 };

static void seed_services(struct world *world, enum seed_kind kind, int64_t scale) {
        for (const struct service_part *part = service_parts; part->service; part++)
                if (part->seed)
                        part->seed(world, kind, scale);
}

/* Rows {kind, scope, id, object} of a seed file. */
static int seed_objects(struct world *world, struct json_object *rows) {
        for (size_t i = 0; i < js_len(rows, ""); i++) {
                struct json_object *row = js_at(rows, i), *object = js_get(row, "/object");
                const char *kind = js_str(row, "/kind"), *id = js_str(row, "/id");
                const char *scope = js_str(row, "/scope");

                if (!kind || !id || !json_object_is_type(object, json_type_object))
                        return -EBADMSG;
                collection_put(world_collection(world, kind, scope ? scope : ""), id,
                               js_clone(object));
        }
        return 0;
}

static int seed_from_document(struct world *world, struct json_object *document) {
        struct json_object *account = js_get(document, "/account");
        const char *base = js_str(document, "/base");
        int r = 0;

        if (!json_object_is_type(document, json_type_object) ||
            (base && !str_eq(base, "demo") && !str_eq(base, "empty")))
                return -EBADMSG;
        if (account)
                r = identity_load(world, account);
        if (r < 0)
                return r;
        seed_services(world, str_eq(base, "demo") ? SEED_DEMO : SEED_EMPTY, 0);
        return seed_objects(world, js_get(document, "/objects"));
}

static int seed_file(struct world *world, const char *path) {
        struct json_object *document = NULL;
        int r = js_parse_file(path, &document);

        if (r == 0)
                r = seed_from_document(world, document);
        json_object_put(document);
        if (r < 0)
                fprintf(stderr, "hcloud-emulator: cannot seed from %s: %s\n", path,
                        r == -EBADMSG ? "not a seed document, see hcloud-emulator(1)"
                                      : strerror(-r));
        return r;
}

int seed_world(struct world *world, const char *seed) {
        int64_t scale;
        int r = 0;

        world->seeding = true;
        identity_seed(world);
        if (str_eq(seed, "demo")) {
                seed_services(world, SEED_DEMO, 0);
        } else if (str_eq(seed, "empty")) {
                seed_services(world, SEED_EMPTY, 0);
        } else if (str_begins(seed, "scale:")) {
                r = parse_int(seed + strlen("scale:"), &scale);
                if (r == 0 && (scale < 0 || scale > SCALE_MAX))
                        r = -ERANGE;
                if (r < 0)
                        fprintf(stderr, "hcloud-emulator: --seed scale:N needs a number up to %d\n",
                                SCALE_MAX);
                else
                        seed_services(world, SEED_SCALE, scale);
        } else {
                r = seed_file(world, seed);
        }
        world->seeding = false;
        return r;
}
