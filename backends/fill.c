/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies from templates (base/kind-change.h): what is sent, and the same with its secrets covered,
 * as the journal and the plan may see it. */
#include "backends/planner.h"
#include "base/digest.h"
#include "base/text.h"

struct filling {
        const struct planner *planner;
        const struct json *mine; /* the document, or its covered copy */
        bool covers;             /* secrets are not told */
};

static int fill(const struct filling *filling, const struct json *template, struct json **ret);

static int new_text(const char *text, size_t len, struct json **ret) {
        *ret = json_new_string(text, len);
        return *ret ? 0 : -ENOMEM;
}

static const char *find_param(const struct planner *planner, const char *name) {
        const char *value = param_list_get(&planner->composer.extra, name);

        return value ? value : place_param(planner->composer.place, name);
}

/* A parameter or a secret; one that is empty is not there. */
static int fill_param(const struct filling *filling, const char *name, bool is_number,
                      struct json **ret) {
        const char *secret = param_list_get(&filling->planner->secrets, name);
        const char *value = secret ? secret : find_param(filling->planner, name);
        int64_t number;

        if (secret && filling->covers)
                value = PLANNER_COVER;
        if (text_is_empty(value))
                return 0;
        if (!is_number)
                return new_text(value, strlen(value), ret);
        if (text_int64(value, &number) < 0)
                return -EINVAL;
        *ret = json_new_int(number);
        return *ret ? 0 : -ENOMEM;
}

/* A part of the document, or with `@` of the resource. */
static int fill_part(const struct filling *filling, const char *pointer, struct json **ret) {
        const struct json *part = *pointer == '@' ? json_at(filling->planner->item, pointer + 1)
                                                  : json_at(filling->mine, pointer);

        if (!part)
                return 0;
        *ret = json_copy(part);
        return *ret ? 0 : -ENOMEM;
}

static int fill_digest(const struct planner *planner, struct json **ret) {
        char hex[DIGEST_HEX_SIZE];

        digest_sha256_hex(planner->text ? planner->text : "", planner->len, hex);
        return new_text(hex, strlen(hex), ret);
}

/* What a string of a template stands for; *ret stays NULL where there is nothing. */
static int fill_string(const struct filling *filling, const char *text, struct json **ret) {
        const struct planner *planner = filling->planner;
        size_t len = strlen(text);
        bool is_number = text[0] == '=' && text[1] == '#';

        if (text[0] != '=')
                return new_text(text, len, ret);
        if (text_eq(text, "=$text"))
                return planner->text ? new_text(planner->text, planner->len, ret) : 0;
        if (text_eq(text, "=$sha256"))
                return fill_digest(planner, ret);
        if (text_eq(text, "=$name"))
                return planner->name ? new_text(planner->name, strlen(planner->name), ret) : 0;
        if (text[1] == '{' || is_number) {
                size_t before = is_number ? 3 : 2;
                _cleanup_(freep) char *name =
                        len > before ? strndup(text + before, len - before - 1) : NULL;

                return name ? fill_param(filling, name, is_number, ret) : -EINVAL;
        }
        return fill_part(filling, text + 1, ret);
}

/* `{"=": "/pointer", "else": …}` */
static int fill_choice(const struct filling *filling, const struct json *template,
                       struct json **ret) {
        int r = fill_part(filling, json_string(json_member(template, "="), ""), ret);

        if (r == 0 && !*ret)
                r = fill(filling, json_member(template, "else"), ret);
        return r;
}

/* Puts the members of a filled object into another one; takes @from over. */
static int spread(struct json *into, struct json *from) {
        _cleanup_(json_freep) struct json *owned = from;
        struct json_cursor cursor = { 0 };
        int r = 0;

        while (r == 0 && json_next(owned, &cursor))
                r = json_set(into, cursor.name, json_share(cursor.value));
        return r;
}

static int fill_member(const struct filling *filling, struct json *object, const char *name,
                       const struct json *template) {
        struct json *value = NULL;
        int r;

        r = fill(filling, template, &value);
        if (r < 0)
                return r;
        if (text_eq(name, "..."))
                return spread(object, value);
        if (value)
                return json_set(object, name, value);
        json_remove(object, name);
        return 0;
}

static int fill_object(const struct filling *filling, const struct json *template,
                       struct json **ret) {
        _cleanup_(json_freep) struct json *object = json_new_object();
        struct json_cursor cursor = { 0 }, filled = { 0 }, wanted = { 0 };
        int r = object ? 0 : -ENOMEM;

        if (json_member(template, "="))
                return fill_choice(filling, template, ret);
        while (r == 0 && json_next(template, &cursor))
                r = fill_member(filling, object, cursor.name, cursor.value);
        if (r < 0)
                return r;
        if (json_next(object, &filled) || !json_next(template, &wanted))
                *ret = STEAL(object);
        return 0;
}

static int fill_array(const struct filling *filling, const struct json *template,
                      struct json **ret) {
        _cleanup_(json_freep) struct json *array = json_new_array();
        int r = array ? 0 : -ENOMEM;

        for (size_t i = 0; r == 0 && i < json_count(template); i++) {
                struct json *value = NULL;

                r = fill(filling, json_item(template, i), &value);
                if (r == 0 && value)
                        r = json_append(array, value);
        }
        if (r < 0)
                return r;
        if (json_count(array) || !json_count(template))
                *ret = STEAL(array);
        return 0;
}

static int fill(const struct filling *filling, const struct json *template, struct json **ret) {
        *ret = NULL;
        switch (json_kind(template)) {
        case JSON_STRING:
                return fill_string(filling, json_string(template, ""), ret);
        case JSON_OBJECT:
                return fill_object(filling, template, ret);
        case JSON_ARRAY:
                return fill_array(filling, template, ret);
        case JSON_NULL:
                return 0;
        default:
                *ret = json_copy(template);
                return *ret ? 0 : -ENOMEM;
        }
}

static int fill_text(const struct filling *filling, const char *template, struct json **ret) {
        _cleanup_(json_freep) struct json *parsed = NULL;
        struct op *op = filling->planner->composer.op;
        struct json *value = NULL;
        int r;

        if (text_eq(template, "="))
                r = fill_string(filling, template, &value);
        else if (json_parse(template, strlen(template), &parsed, NULL) < 0)
                return op_fail(op, EINVAL, "a template is no JSON: %s", template);
        else
                r = fill(filling, parsed, &value);
        if (r == 0 && !value && !(value = json_new_object()))
                r = -ENOMEM;
        if (r < 0)
                return op_fail(op, -r, r == -ENOMEM ? "out of memory" : "a body cannot be made");
        *ret = value;
        return 0;
}

/**
 * planner_body() - fill a template. @ret: owned by the caller, `{}` where nothing is there.
 * Returns 0, -EINVAL for a template that is none, -ENOMEM; the reason in the op.
 */
int planner_body(struct planner *planner, const char *template, struct json **ret) {
        const struct filling filling = { .planner = planner, .mine = planner->mine };

        return fill_text(&filling, template, ret);
}

/* Puts the cover over a string at a pointer, if there is one. */
static int cover(struct json *document, const char *pointer) {
        const char *last = strrchr(pointer, '/');
        _cleanup_(freep) char *parent = last ? strndup(pointer, (size_t)(last - pointer)) : NULL;
        struct json *object = parent ? json_at(document, parent) : NULL;

        if (!last || !parent)
                return last ? -ENOMEM : -EINVAL;
        if (!json_member(object, last + 1))
                return 0;
        return json_set_string(object, last + 1, PLANNER_COVER);
}

/**
 * planner_covered_body() - the same with PLANNER_COVER in place of each secret: of the parameters
 * in `planner->secrets` and of the document's members in `planner->secret_members`.
 * @ret: NULL where the body holds no secret. Errors as planner_body().
 */
int planner_covered_body(struct planner *planner, const char *template, struct json **ret) {
        _cleanup_(json_freep) struct json *mine = NULL;
        struct filling filling = { .planner = planner, .covers = true };
        int r = 0;

        *ret = NULL;
        if (!planner->secrets.count && !planner->secret_members)
                return 0;
        mine = json_copy(planner->mine);
        if (planner->mine && !mine)
                r = -ENOMEM;
        for (const char *const *at = planner->secret_members; r == 0 && at && *at; at++)
                r = cover(mine, *at);
        if (r < 0)
                return op_fail(planner->composer.op, -r, "a secret cannot be covered");
        filling.mine = mine;
        return fill_text(&filling, template, ret);
}
