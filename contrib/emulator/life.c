/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens later. Timers are kept sorted and run when the next request looks at the world:
 * between requests nobody can see a difference.
 */
#include "contrib/emulator/handler.h"
#include "contrib/emulator/world-internal.h"

#include <string.h>

void timer_free(struct timer *timer) {
        json_object_put(timer->value);
        free(timer->name);
        free(timer->id);
        free(timer->pointer);
        free(timer);
}

static void schedule(struct world *world, int64_t cloud_ms, struct timer *timer) {
        struct timer **at = &world->timers;
        double delay = world->speed > 0 ? (double)cloud_ms / world->speed : 0;

        timer->due_ms = world->now_ms + (int64_t)delay;
        while (*at && (*at)->due_ms <= timer->due_ms)
                at = &(*at)->next;
        timer->next = *at;
        *at = timer;
}

static struct timer *timer_new(enum timer_kind kind, char *name, const char *id,
                               const char *pointer, struct json_object *value) {
        struct timer *timer = x_alloc(sizeof(*timer));

        *timer = (struct timer){ .kind = kind,
                                 .name = name,
                                 .id = x_strdup(id),
                                 .pointer = x_strdup(pointer),
                                 .value = value };
        return timer;
}

void life_set(struct world *world, int64_t cloud_ms, const char *kind, const char *scope,
              const char *id, const char *pointer, struct json_object *value) {
        char *key = x_printf("%s\n%s", kind, scope);

        schedule(world, cloud_ms, timer_new(TIMER_SET, key, id, pointer, value));
}

void life_remove(struct world *world, int64_t cloud_ms, const char *kind, const char *scope,
                 const char *id) {
        char *key = x_printf("%s\n%s", kind, scope);

        schedule(world, cloud_ms, timer_new(TIMER_REMOVE, key, id, NULL, NULL));
}

void life_event(struct world *world, int64_t cloud_ms, const char *event,
                struct json_object *argument) {
        schedule(world, cloud_ms, timer_new(TIMER_EVENT, x_strdup(event), NULL, NULL, argument));
}

void life_cancel(struct world *world, const char *kind, const char *scope, const char *id) {
        _cleanup_(freep) char *key = x_printf("%s\n%s", kind, scope);
        struct timer **at = &world->timers;

        while (*at) {
                struct timer *timer = *at;

                if (timer->kind == TIMER_EVENT || !str_eq(timer->name, key) ||
                    !str_eq(timer->id, id)) {
                        at = &timer->next;
                        continue;
                }
                *at = timer->next;
                timer_free(timer);
        }
}

static void run_event(struct world *world, const struct timer *timer) {
        for (const struct service_part *part = service_parts; part->service; part++)
                for (const struct event *event = part->events; event && event->name; event++)
                        if (str_eq(event->name, timer->name)) {
                                event->run(world, timer->value);
                                return;
                        }
        fprintf(stderr, "hcloud-emulator: fault: no event is called %s\n", timer->name);
}

static void run(struct world *world, struct timer *timer) {
        struct collection *c = NULL;
        struct json_object *object;

        if (timer->kind == TIMER_EVENT) {
                run_event(world, timer);
                return;
        }
        HASH_FIND_STR(world->collections, timer->name, c);
        if (!c)
                return;
        object = collection_get(c, timer->id);
        if (object && timer->kind == TIMER_REMOVE)
                collection_remove(c, timer->id);
        else if (object)
                (void)js_set(object, timer->pointer, STEAL(timer->value));
}

void world_enter(struct world *world) {
        int64_t now;
        bool changed = false;

        pthread_mutex_lock(&world->lock);
        now = wall_ms() + world->offset_ms;
        while (world->timers && world->timers->due_ms <= now) {
                struct timer *timer = world->timers;

                world->timers = timer->next;
                world->now_ms = timer->due_ms;
                run(world, timer);
                timer_free(timer);
                changed = true;
        }
        world->now_ms = now;
        if (changed) {
                world->version++;
                pthread_cond_broadcast(&world->changed);
        }
}
