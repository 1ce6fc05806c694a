/* SPDX-License-Identifier: Apache-2.0 */
#include "contrib/emulator/document.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { DEPTH_MAX = 40 };

/* One check: what stays the same on the way down, and the way so far. */
struct check {
        const struct document *document;
        unsigned flags;
        int depth;
        char where[200];
        struct problem *problem;
};

static bool check(struct check *c, struct json_object *schema, struct json_object *value);

_printf_(2, 3) static bool fail(struct check *c, const char *format, ...) {
        char what[200];
        va_list args;

        va_start(args, format);
        vsnprintf(what, sizeof(what), format, args);
        va_end(args);
        snprintf(c->problem->text, sizeof(c->problem->text), "%s %s", c->where, what);
        return false;
}

/* Checks a child under its name; the way is as before afterwards. */
static bool check_child(struct check *c, struct json_object *schema, struct json_object *value,
                        const char *format, const char *name, size_t index) {
        size_t len = strlen(c->where);
        bool good;

        if (name)
                snprintf(c->where + len, sizeof(c->where) - len, "%s%.60s", format, name);
        else
                snprintf(c->where + len, sizeof(c->where) - len, "[%zu]", index);
        good = check(c, schema, value);
        c->where[len] = 0;
        return good;
}

static const char *type_name(struct json_object *value) {
        switch (json_object_get_type(value)) {
        case json_type_null:
                return "null";
        case json_type_boolean:
                return "boolean";
        case json_type_double:
                return "number";
        case json_type_int:
                return "integer";
        case json_type_object:
                return "object";
        case json_type_array:
                return "array";
        case json_type_string:
                return "string";
        }
        return "nothing";
}

static bool has_type(const char *type, struct json_object *value) {
        if (str_eq(type, "number"))
                return json_object_is_type(value, json_type_int) ||
                       json_object_is_type(value, json_type_double);
        if (str_eq(type, "integer") && json_object_is_type(value, json_type_double)) {
                double number = json_object_get_double(value);

                return isfinite(number) && trunc(number) == number;
        }
        return str_eq(type, type_name(value));
}

/* Characters, not bytes: continuation bytes of UTF-8 do not count. */
static size_t characters(const char *text) {
        size_t count = 0;

        for (; *text; text++)
                count += ((unsigned char)*text & 0xc0) != 0x80;
        return count;
}

static bool is_uuid(const char *text) {
        for (int i = 0; i < 36; i++) {
                bool dash = i == 8 || i == 13 || i == 18 || i == 23;

                if (dash ? text[i] != '-' : !text[i] || !strchr("0123456789abcdefABCDEF", text[i]))
                        return false;
        }
        return !text[36];
}

/* RFC 3339, as far as the services use it: a date, a time, an optional fraction, a zone. */
static bool is_date_time(const char *text) {
        struct tm tm;
        const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

        if (!rest)
                return false;
        if (*rest == '.')
                rest += 1 + strspn(rest + 1, "0123456789");
        if ((*rest == 'Z' || *rest == 'z') && !rest[1])
                return true;
        return (*rest == '+' || *rest == '-') && strlen(rest) == 6 && rest[3] == ':';
}

static bool check_string(struct check *c, struct json_object *schema, const char *text) {
        const char *format = js_str(schema, "/format"), *pattern = js_str(schema, "/pattern");
        int64_t min = js_int(schema, "/minLength", 0), max = js_int(schema, "/maxLength", -1);
        int64_t count = (int64_t)characters(text);

        if (count < min)
                return fail(c, "has %lld characters, fewer than %lld", (long long)count,
                            (long long)min);
        if (max >= 0 && count > max)
                return fail(c, "has %lld characters, more than %lld", (long long)count,
                            (long long)max);
        if (pattern && !document_matches(c->document, pattern, text))
                return fail(c, "does not match the pattern %.100s", pattern);
        if (str_eq(format, "uuid") && !is_uuid(text))
                return fail(c, "is not a UUID");
        if (str_eq(format, "date-time") && !is_date_time(text))
                return fail(c, "is not an RFC 3339 time");
        return true;
}

static bool check_number(struct check *c, struct json_object *schema, struct json_object *value) {
        struct json_object *min = js_get(schema, "/minimum"), *max = js_get(schema, "/maximum");
        double number = json_object_get_double(value);

        if (min && number < json_object_get_double(min))
                return fail(c, "is below the minimum %s", json_object_get_string(min));
        if (max && number > json_object_get_double(max))
                return fail(c, "is above the maximum %s", json_object_get_string(max));
        if (str_eq(js_str(schema, "/format"), "int32") &&
            (number < INT32_MIN || number > INT32_MAX))
                return fail(c, "does not fit into 32 bits");
        return true;
}

static bool check_array(struct check *c, struct json_object *schema, struct json_object *value) {
        struct json_object *items = js_get(schema, "/items");
        int64_t min = js_int(schema, "/minItems", 0), max = js_int(schema, "/maxItems", -1);
        size_t count = json_object_array_length(value);

        if ((int64_t)count < min)
                return fail(c, "has %zu elements, fewer than %lld", count, (long long)min);
        if (max >= 0 && (int64_t)count > max)
                return fail(c, "has %zu elements, more than %lld", count, (long long)max);
        for (size_t i = 0; items && i < count; i++)
                if (!check_child(c, items, json_object_array_get_idx(value, i), NULL, NULL, i))
                        return false;
        return true;
}

/* The member of that name in `object`, ignoring case where the document says so. */
static bool find_member(struct json_object *object, const char *name, bool ignore_case,
                        struct json_object **ret) {
        if (json_object_object_get_ex(object, name, ret))
                return true;
        if (!ignore_case || !object)
                return false;
        js_each_member(object, key, member) {
                if (strcasecmp(key, name) == 0) {
                        *ret = member;
                        return true;
                }
        }
        return false;
}

static bool check_required(struct check *c, struct json_object *schema, struct json_object *value) {
        struct json_object *required = js_get(schema, "/required");
        struct json_object *properties = js_get(schema, "/properties"), *member, *property;

        for (size_t i = 0; i < js_len(required, ""); i++) {
                const char *name = json_object_get_string(js_at(required, i));

                if (find_member(value, name, c->flags & SCHEMA_IGNORE_CASE, &member))
                        continue;
                property = NULL;
                json_object_object_get_ex(properties, name, &property);
                if ((c->flags & SCHEMA_RESPONSE) && js_bool(property, "/writeOnly", false))
                        continue;
                return fail(c, "lacks the member %.60s", name);
        }
        return true;
}

static bool check_member(struct check *c, struct json_object *schema, const char *name,
                         struct json_object *value) {
        struct json_object *property = NULL, *others = js_get(schema, "/additionalProperties");

        if (find_member(js_get(schema, "/properties"), name, c->flags & SCHEMA_IGNORE_CASE,
                        &property)) {
                if ((c->flags & SCHEMA_RESPONSE) && js_bool(property, "/writeOnly", false))
                        return fail(c, "shows the write-only member %.60s", name);
                return check_child(c, property, value, ".", name, 0);
        }
        if (json_object_is_type(others, json_type_boolean) && !json_object_get_boolean(others))
                return fail(c, "has the unknown member %.60s", name);
        if (json_object_is_type(others, json_type_object))
                return check_child(c, others, value, ".", name, 0);
        return true;
}

static bool check_object(struct check *c, struct json_object *schema, struct json_object *value) {
        if (!check_required(c, schema, value))
                return false;
        js_each_member(value, name, member) {
                if (!check_member(c, schema, name, member))
                        return false;
        }
        return true;
}

static bool check_enum(struct check *c, struct json_object *allowed, struct json_object *value) {
        for (size_t i = 0; i < js_len(allowed, ""); i++)
                if (json_object_equal(js_at(allowed, i), value))
                        return true;
        return fail(c, "is none of the allowed values");
}

/* anyOf and oneOf: the documents use both for "one of these forms", which may overlap. */
static bool check_any(struct check *c, struct json_object *choices, struct json_object *value) {
        size_t count = js_len(choices, "");

        for (size_t i = 0; i < count; i++)
                if (check(c, js_at(choices, i), value))
                        return true;
        return count == 0;
}

static bool check_all(struct check *c, struct json_object *parts, struct json_object *value) {
        for (size_t i = 0; i < js_len(parts, ""); i++)
                if (!check(c, js_at(parts, i), value))
                        return false;
        return true;
}

static bool check_type(struct check *c, struct json_object *schema, struct json_object *value) {
        const char *type = js_str(schema, "/type");

        if (type && !has_type(type, value))
                return fail(c, "is of type %s, not %s", type_name(value), type);
        switch (json_object_get_type(value)) {
        case json_type_string:
                return check_string(c, schema, json_object_get_string(value));
        case json_type_int:
        case json_type_double:
                return check_number(c, schema, value);
        case json_type_array:
                return check_array(c, schema, value);
        case json_type_object:
                return check_object(c, schema, value);
        default:
                return true;
        }
}

static bool check(struct check *c, struct json_object *schema, struct json_object *value) {
        struct json_object *allowed;
        bool good;

        schema = document_resolve(c->document, schema);
        if (!schema || c->depth >= DEPTH_MAX)
                return !schema || fail(c, "is nested too deeply");
        if (!value &&
            (js_bool(schema, "/nullable", false) || json_object_object_length(schema) == 0))
                return true;
        c->depth++;
        allowed = js_get(schema, "/enum");
        good = (!allowed || check_enum(c, allowed, value)) &&
               (value || !js_str(schema, "/type") || fail(c, "is null")) &&
               (!value || check_type(c, schema, value)) &&
               check_all(c, js_get(schema, "/allOf"), value) &&
               check_any(c, js_get(schema, "/anyOf"), value) &&
               check_any(c, js_get(schema, "/oneOf"), value);
        c->depth--;
        return good;
}

bool schema_check(const struct document *document, struct json_object *schema,
                  struct json_object *value, unsigned flags, const char *name,
                  struct problem *ret) {
        struct problem ignored;
        struct check c = { .document = document, .flags = flags, .problem = ret ? ret : &ignored };

        snprintf(c.where, sizeof(c.where), "%s", name);
        if (!check(&c, schema, value))
                return false;
        c.problem->text[0] = 0; /* of a form that did not fit before another did */
        return true;
}

struct json_object *schema_from_text(const struct document *document, struct json_object *schema,
                                     const char *text) {
        const char *type = js_str(document_resolve(document, schema), "/type");
        int64_t integer;
        double number;

        if (str_eq(type, "integer") && parse_int(text, &integer) == 0)
                return json_object_new_int64(integer);
        if (str_eq(type, "number") && parse_int(text, &integer) == 0)
                return json_object_new_int64(integer);
        if (str_eq(type, "number") && parse_number(text, &number) == 0)
                return json_object_new_double(number);
        if (str_eq(type, "boolean") && (str_eq(text, "true") || str_eq(text, "false")))
                return json_object_new_boolean(str_eq(text, "true"));
        return json_object_new_string(text);
}

/*
 * The schema's own spelling of a member name, or NULL when it has none that differs only in case.
 */
static const char *own_spelling(struct json_object *properties, const char *name) {
        if (!properties || json_object_object_get_ex(properties, name, NULL))
                return NULL;
        js_each_member(properties, key, property) {
                (void)property;
                if (strcasecmp(key, name) == 0)
                        return key;
        }
        return NULL;
}

static void fix_members(const struct document *document, struct json_object *schema,
                        struct json_object *value) {
        struct json_object *properties = js_get(schema, "/properties");
        struct json_object *fixed = json_object_new_object();

        js_each_member(value, name, member) {
                const char *spelling = own_spelling(properties, name);

                json_object_object_add(fixed, spelling ? spelling : name, json_object_get(member));
                json_object_object_del(value, name); /* the current one may go, says json-c */
        }
        js_each_member(fixed, fixed_name, moved) {
                struct json_object *property = NULL;

                json_object_object_add(value, fixed_name, json_object_get(moved));
                if (json_object_object_get_ex(properties, fixed_name, &property))
                        schema_fix_case(document, property, moved);
        }
        json_object_put(fixed);
}

void schema_fix_case(const struct document *document, struct json_object *schema,
                     struct json_object *value) {
        schema = document_resolve(document, schema);
        if (json_object_is_type(value, json_type_array))
                for (size_t i = 0; i < json_object_array_length(value); i++)
                        schema_fix_case(document, js_get(schema, "/items"), js_at(value, i));
        if (json_object_is_type(value, json_type_object) && js_get(schema, "/properties"))
                fix_members(document, schema, value);
}

static struct json_object *sample_object(const struct document *document,
                                         struct json_object *schema, int depth);

static struct json_object *sample(const struct document *document, struct json_object *schema,
                                  int depth);

static struct json_object *sample_array(const struct document *document, struct json_object *schema,
                                        int depth) {
        struct json_object *array = json_object_new_array();

        for (int64_t i = 0; i < js_int(schema, "/minItems", 0); i++)
                json_object_array_add(array, sample(document, js_get(schema, "/items"), depth + 1));
        return array;
}

static struct json_object *sample(const struct document *document, struct json_object *schema,
                                  int depth) {
        static const char *const own[] = { "/example", "/default", "/enum/0" };
        const char *type;

        schema = document_resolve(document, schema);
        for (size_t i = 0; i < ELEMENTSOF(own); i++)
                if (js_get(schema, own[i]))
                        return js_clone(js_get(schema, own[i]));
        if (js_get(schema, "/anyOf/0") || js_get(schema, "/oneOf/0"))
                return sample(document,
                              js_get(schema, js_get(schema, "/anyOf") ? "/anyOf/0" : "/oneOf/0"),
                              depth);
        type = js_str(schema, "/type");
        if (str_eq(type, "array"))
                return sample_array(document, schema, depth);
        if (str_eq(type, "integer") || str_eq(type, "number"))
                return json_object_new_int64(js_int(schema, "/minimum", 0));
        if (str_eq(type, "boolean"))
                return json_object_new_boolean(false);
        if (str_eq(type, "string"))
                return json_object_new_string(str_eq(js_str(schema, "/format"), "uuid")
                                                      ? "00000000-0000-4000-a000-000000000000"
                                                      : "example");
        return sample_object(document, schema, depth);
}

static struct json_object *sample_object(const struct document *document,
                                         struct json_object *schema, int depth) {
        struct json_object *object = json_object_new_object(), *properties, *required;

        if (depth > 6)
                return object;
        required = js_get(schema, "/required");
        properties = js_get(schema, "/properties");
        for (size_t i = 0; i < js_len(required, ""); i++) {
                const char *name = json_object_get_string(js_at(required, i));
                struct json_object *property = NULL;

                json_object_object_get_ex(properties, name, &property);
                json_object_object_add(object, name, sample(document, property, depth + 1));
        }
        for (size_t i = 0; i < js_len(schema, "/allOf"); i++) {
                struct json_object *part =
                        sample(document, js_at(js_get(schema, "/allOf"), i), depth + 1);

                js_copy_members(object, part, NULL);
                json_object_put(part);
        }
        return object;
}

struct json_object *schema_sample(const struct document *document, struct json_object *schema) {
        return sample(document, schema, 0);
}
