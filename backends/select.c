/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/select.h"

#include "base/text.h"

static bool is_one_of(const char *text, const char *const *list) {
        for (; *list; list++)
                if (text_eq(text, *list))
                        return true;
        return false;
}

/**
 * select_any() - is there a value that a pointer (with `*`) names and that @fn says yes to?
 * Where nothing is named, @fn is not called.
 */
bool select_any(const struct json *value, const char *pointer, select_fn fn, const void *data) {
        const char *star = pointer ? strstr(pointer, "/*") : NULL;
        _cleanup_(freep) char *before = star ? strndup(pointer, (size_t)(star - pointer)) : NULL;
        struct json_cursor cursor = { 0 };
        struct json *found = json_at(value, before ? before : pointer);

        if (!found || (star && !before))
                return false;
        if (!star)
                return fn(found, data);
        for (size_t i = 0; i < json_count(found); i++)
                if (select_any(json_item(found, i), star + 2, fn, data))
                        return true;
        while (json_next(found, &cursor))
                if (select_any(cursor.value, star + 2, fn, data))
                        return true;
        return false;
}

static bool is_meant(const struct json *value, const void *data) {
        const struct when *when = data;
        _cleanup_(freep) char *text = NULL;

        if (!when->is && !when->among)
                return true;
        if (json_text_at(value, "", &text) < 0)
                return false;
        return when->is ? text_eq(text, when->is) : is_one_of(text, when->among);
}

static bool holds_alone(const struct when *when, const struct json *item) {
        return select_any(item, when->at, is_meant, when);
}

static bool holds_together(const struct when *when, const struct json *item) {
        for (; when && when->at; when = when->and)
                if (holds_alone(when, item) == when->negate)
                        return false;
        return true;
}

/** when_holds() - does a row's condition hold for an item? An empty condition always does. */
bool when_holds(const struct when *when, const struct json *item) {
        if (!when || holds_together(when, item))
                return true;
        for (when = when->or ; when; when = when->or)
                if (holds_together(when, item))
                        return true;
        return false;
}

/** when_names() - the members of an item that a condition looks at. */
void when_names(const struct when *when, struct json_names *names) {
        for (; when; when = when->or)
                for (const struct when *one = when; one; one = one->and)
                        json_names_add(names, one->at);
}

/* Splits the first step off a pointer; false at its end. */
static bool first_step(const char *pointer, char *step, size_t size, const char **ret_rest) {
        size_t len;

        if (*pointer != '/')
                return false;
        len = strcspn(pointer + 1, "/");
        if (len >= size)
                return false;
        memcpy(step, pointer + 1, len);
        step[len] = '\0';
        *ret_rest = pointer + 1 + len;
        return true;
}

static void leave_out(struct json *value, const char *pointer) {
        struct json_cursor cursor = { 0 };
        const char *rest;
        char step[256];

        if (!first_step(pointer, step, sizeof(step), &rest))
                return;
        if (text_eq(step, "*")) {
                for (size_t i = 0; i < json_count(value); i++)
                        leave_out(json_item(value, i), rest);
                while (json_next(value, &cursor))
                        leave_out(cursor.value, rest);
        } else if (*rest) {
                leave_out(json_member(value, step), rest);
        } else {
                json_remove(value, step);
        }
}

/** select_without() - take the members out that the pointers name; `*` is any element or member. */
void select_without(struct json *value, const char *const *pointers) {
        for (; pointers && *pointers; pointers++)
                leave_out(value, *pointers);
}

/* Does a pointer lead to, or through, the member @name of where we are? Gives what follows it. */
static bool leads_to(const char *pointer, const char *name, const char **ret_rest) {
        const char *rest;
        char step[256];

        if (!first_step(pointer, step, sizeof(step), &rest))
                return false;
        if (!text_eq(step, "*") && !text_eq(step, name))
                return false;
        *ret_rest = rest;
        return true;
}

static int keep(const struct json *value, const char *const *pointers, struct json **ret);

/* Keeps of one member what the pointers want of it: all, a part, or nothing (*ret NULL). */
static int keep_member(const struct json *value, const char *name, const char *const *pointers,
                       struct json **ret) {
        const char *rests[32];
        size_t n = 0;

        for (; *pointers && n + 1 < ELEMENTSOF(rests); pointers++) {
                const char *rest;

                if (!leads_to(*pointers, name, &rest))
                        continue;
                if (!*rest) {
                        *ret = json_share(value);
                        return 1;
                }
                rests[n++] = rest;
        }
        rests[n] = NULL;
        if (!n || (!json_is(value, JSON_OBJECT) && !json_is(value, JSON_ARRAY)))
                return 0;
        return keep(value, rests, ret) < 0 ? -ENOMEM : 1;
}

static int keep_object(const struct json *value, const char *const *pointers, struct json **ret) {
        _cleanup_(json_freep) struct json *kept = json_new_object();
        struct json_cursor cursor = { 0 };

        while (kept && json_next(value, &cursor)) {
                struct json *member = NULL;
                int r = keep_member(cursor.value, cursor.name, pointers, &member);

                if (r > 0)
                        r = json_set(kept, cursor.name, member);
                if (r < 0)
                        return r;
        }
        if (!kept)
                return -ENOMEM;
        *ret = STEAL(kept);
        return 0;
}

static int keep_array(const struct json *value, const char *const *pointers, struct json **ret) {
        _cleanup_(json_freep) struct json *kept = json_new_array();

        for (size_t i = 0; kept && i < json_count(value); i++) {
                struct json *element = NULL;
                int r = keep_member(json_item(value, i), "*", pointers, &element);

                if (r > 0)
                        r = json_append(kept, element);
                if (r < 0)
                        return r;
        }
        if (!kept)
                return -ENOMEM;
        *ret = STEAL(kept);
        return 0;
}

static int keep(const struct json *value, const char *const *pointers, struct json **ret) {
        if (json_is(value, JSON_ARRAY))
                return keep_array(value, pointers, ret);
        return keep_object(value, pointers, ret);
}

/**
 * select_only() - a new value with only the members that the pointers name, in the value's order.
 * The kept parts are shared with @value, which must outlive no thread but this one.
 * Returns 0 or -ENOMEM.
 */
int select_only(const struct json *value, const char *const *pointers, struct json **ret) {
        return keep(value, pointers, ret);
}
