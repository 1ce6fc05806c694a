/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The world as a JSON document, for --state.
 */
#include "contrib/emulator/world-internal.h"

#include <string.h>

static const char *const timer_kinds[] = {
        [TIMER_SET] = "set",
        [TIMER_REMOVE] = "remove",
        [TIMER_EVENT] = "event",
};

static struct json_object *save_entries(struct collection *c) {
        struct json_object *rows = json_object_new_array();

        for (struct entry *entry = c->entries; entry; entry = entry->hh.next)
                json_object_array_add(rows, js_pack("{'id': s, 'object': o}", entry->id,
                                                    json_object_get(entry->object)));
        return rows;
}

static struct json_object *save_timers(struct world *world) {
        struct json_object *rows = json_object_new_array();

        for (struct timer *timer = world->timers; timer; timer = timer->next)
                json_object_array_add(
                        rows, js_pack("{'due_ms': i, 'kind': s, 'name': s, 'id': S, 'pointer': S, "
                                      "'value': o}",
                                      timer->due_ms, timer_kinds[timer->kind], timer->name,
                                      timer->id, timer->pointer, json_object_get(timer->value)));
        return rows;
}

struct json_object *world_save(struct world *world) {
        struct json_object *collections = json_object_new_array();
        struct collection *c, *next;

        HASH_ITER (hh, world->collections, c, next) {
                if (c->entries)
                        json_object_array_add(collections, js_pack("{'key': s, 'entries': o}",
                                                                   c->key, save_entries(c)));
        }
        return js_pack("{'format': i, 'offset_ms': i, 'collections': o, 'timers': o}", (int64_t)1,
                       world->offset_ms, collections, save_timers(world));
}

static int load_collection(struct world *world, struct json_object *saved) {
        struct json_object *rows = js_get(saved, "/entries");
        _cleanup_(freep) char *kind = x_strdup(js_str(saved, "/key"));
        char *scope = kind ? strchr(kind, '\n') : NULL;
        struct collection *c;

        if (!scope)
                return -EBADMSG;
        *scope++ = 0;
        c = world_collection(world, kind, scope);
        for (size_t i = 0; i < js_len(rows, ""); i++) {
                const char *id = js_str(js_at(rows, i), "/id");

                if (!id)
                        return -EBADMSG;
                collection_put(c, id, json_object_get(js_get(js_at(rows, i), "/object")));
        }
        return 0;
}

/* Timers were saved in order, so each goes to the end. */
static int load_timer(struct timer ***end, struct json_object *saved) {
        const char *kind = js_str(saved, "/kind");
        struct timer *timer;
        size_t k = 0;

        while (k < ELEMENTSOF(timer_kinds) && !str_eq(timer_kinds[k], kind))
                k++;
        if (k == ELEMENTSOF(timer_kinds) || !js_str(saved, "/name"))
                return -EBADMSG;
        timer = x_alloc(sizeof(*timer));
        *timer = (struct timer){ .due_ms = js_int(saved, "/due_ms", 0),
                                 .kind = (enum timer_kind)k,
                                 .name = x_strdup(js_str(saved, "/name")),
                                 .id = x_strdup(js_str(saved, "/id")),
                                 .pointer = x_strdup(js_str(saved, "/pointer")),
                                 .value = json_object_get(js_get(saved, "/value")) };
        **end = timer;
        *end = &timer->next;
        return 0;
}

int world_load(struct world *world, struct json_object *document) {
        struct json_object *collections = js_get(document, "/collections"),
                           *timers = js_get(document, "/timers");
        struct timer **end = &world->timers;
        int r = js_int(document, "/format", 0) == 1 ? 0 : -EBADMSG;

        for (size_t i = 0; r == 0 && i < js_len(collections, ""); i++)
                r = load_collection(world, js_at(collections, i));
        for (size_t i = 0; r == 0 && i < js_len(timers, ""); i++)
                r = load_timer(&end, js_at(timers, i));
        world->offset_ms = js_int(document, "/offset_ms", 0);
        return r;
}
