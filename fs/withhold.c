/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/withhold.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/json-pick.h"
#include "base/json.h"
#include "base/kind-change.h"

const char withheld_mark[] = "<write-only: enter again>";

/* What secrets are called elsewhere: a text that was meant for another resource may hold one. */
static const struct secret_member elsewhere[] = {
        { .file = "user_pwd" },     { .file = "db_password" },
        { .file = "new_password" }, { .file = "password" },
        { .file = "pwd" },          { .file = "auth_cred.pwd" },
        { .file = "kubeconfig" },   { 0 },
};

/* The member's own name, whatever it stands in. */
static const char *last_step(const struct secret_member *secret) {
        const char *slash = secret->at ? strrchr(secret->at, '/') : NULL;

        return slash ? slash + 1 : secret->file;
}

/* People write either: the member, or the name of the file that it has in a draft. */
static const struct secret_member *find_secret(const struct secret_member *secrets,
                                               const char *name) {
        for (const struct secret_member *secret = secrets; secret->file; secret++)
                if (strcasecmp(name, secret->file) == 0 || strcasecmp(name, last_step(secret)) == 0)
                        return secret;
        return secrets == elsewhere ? NULL : find_secret(elsewhere, name);
}

struct search {
        const struct secret_member *secrets;
        struct buf at; /* pointer to what is looked at */
        struct withheld *found;
        bool is_named; /* a member has such a name, whatever it holds */
};

static int cut_value(struct search *search, struct json *json, unsigned depth);

/* A member of a secret's name, at any depth: nothing of it stays. */
static int cut_member(struct search *search, struct json *object, const struct json_cursor *it,
                      const struct secret_member *secret) {
        search->is_named = true;
        if (!it->value || (json_is(it->value, JSON_STRING) && !*json_string(it->value, "")))
                return 0;
        if (!search->found->at) {
                search->found->at = strdup(buf_str(&search->at));
                search->found->secret = secret;
                if (!search->found->at)
                        return -ENOMEM;
        }
        return json_set_string(object, it->name, withheld_mark);
}

static int cut_members(struct search *search, struct json *object, unsigned depth) {
        struct json_cursor it = { 0 };
        size_t len = search->at.len;
        int r = 0;

        while (r == 0 && json_next(object, &it)) {
                const struct secret_member *secret = find_secret(search->secrets, it.name);

                r = buf_printf(&search->at, "/%s", it.name);
                if (r == 0)
                        r = secret ? cut_member(search, object, &it, secret)
                                   : cut_value(search, it.value, depth + 1);
                buf_truncate(&search->at, len);
        }
        return r;
}

static int cut_value(struct search *search, struct json *json, unsigned depth) {
        size_t len = search->at.len;
        int r = 0;

        if (depth > JSON_MAX_DEPTH)
                return -E2BIG;
        if (json_is(json, JSON_OBJECT))
                return cut_members(search, json, depth);
        for (size_t i = 0; json_is(json, JSON_ARRAY) && r == 0 && i < json_count(json); i++) {
                r = buf_printf(&search->at, "/%zu", i);
                if (r == 0)
                        r = cut_value(search, json_item(json, i), depth + 1);
                buf_truncate(&search->at, len);
        }
        return r;
}

static int cut_json(const struct secret_member *secrets, struct json *json, struct buf *text,
                    struct withheld *found) {
        struct search search = { .secrets = secrets, .at = BUF_INIT(0), .found = found };
        int r = cut_value(&search, json, 0);

        /* Also where nothing was cut: of two members of one name the tree has the second. */
        if (r == 0 && search.is_named)
                r = json_render(json, JSON_PRETTY, text);
        if (r == 0 && search.is_named)
                r = buf_add_char(text, '\n');
        buf_done(&search.at);
        return r;
}

static bool is_of_name(char c) {
        return isalnum((unsigned char)c) || c == '_' || c == '-';
}

/* Does @name stand at @at, as a word? */
static bool is_word(const char *text, size_t len, size_t at, const char *name) {
        size_t n = strlen(name);

        return len - at >= n && strncasecmp(text + at, name, n) == 0 &&
               (at == 0 || !is_of_name(text[at - 1])) &&
               (len - at == n || !is_of_name(text[at + n]));
}

/* Length of a secret's name that stands at @at, 0: none does. */
static size_t name_at(const struct secret_member *secrets, const char *text, size_t len,
                      size_t at) {
        for (const struct secret_member *secret = secrets; secret->file; secret++) {
                if (is_word(text, len, at, secret->file))
                        return strlen(secret->file);
                if (is_word(text, len, at, last_step(secret)))
                        return strlen(last_step(secret));
        }
        return secrets == elsewhere ? 0 : name_at(elsewhere, text, len, at);
}

static size_t skip_blanks(const char *text, size_t len, size_t at) {
        while (at < len && strchr(" \t\r\n", text[at]) && text[at])
                at++;
        return at;
}

/*
 * From behind a secret's name: where its value begins and ends. False where that is not certain:
 * the name is no key, the value is no string, or what follows its end does not follow a value.
 */
static bool find_value(const char *text, size_t len, size_t name, size_t at, size_t *ret_begin,
                       size_t *ret_end) {
        const char *behind;
        size_t next;

        if (name == 0 || text[name - 1] != '"' || at >= len || text[at] != '"')
                return false;
        at = skip_blanks(text, len, at + 1);
        if (at >= len || text[at] != ':')
                return false;
        at = skip_blanks(text, len, at + 1);
        if (at >= len || text[at] != '"')
                return false;
        behind = json_skip_string(text + at, text + len);
        if (!behind)
                return false;
        next = skip_blanks(text, len, (size_t)(behind - text));
        if (next < len && (!text[next] || !strchr(",}]", text[next])))
                return false;
        *ret_begin = at;
        *ret_end = (size_t)(behind - text);
        return true;
}

/* In a text that is no JSON: 1 if something was cut, 0 if there is nothing to cut, -EINVAL where
 * nobody can tell what is the secret. */
static int cut_text(const struct secret_member *secrets, const char *text, size_t len,
                    struct buf *ret) {
        size_t done = 0, begin, end;
        int r = 0;

        if (memmem(text, len, "\\u", 2)) /* may spell any name */
                return -EINVAL;
        for (size_t i = 0; r >= 0 && i < len; i++) {
                size_t n = name_at(secrets, text, len, i);

                if (!n)
                        continue;
                if (!find_value(text, len, i, i + n, &begin, &end))
                        return -EINVAL;
                r = buf_add(ret, text + done, begin - done);
                if (r == 0)
                        r = buf_printf(ret, "\"%s\"", withheld_mark);
                done = end;
                i = end - 1;
        }
        if (r < 0 || !done)
                return r;
        r = buf_add(ret, text + done, len - done);
        return r < 0 ? r : 1;
}

static int add_notice(struct buf *ret) {
        return buf_printf(ret,
                          "%s\nThis text was not kept: it may hold a secret, and it cannot be "
                          "told where that begins and ends.\n",
                          withheld_mark);
}

static int cut_other(const struct secret_member *secrets, const char *text, size_t len,
                     struct buf *ret) {
        int r = cut_text(secrets, text, len, ret);

        if (r != -EINVAL)
                return r < 0 ? r : 0;
        if (ret->data)
                explicit_bzero(ret->data, ret->len);
        buf_truncate(ret, 0);
        return add_notice(ret);
}

static bool is_in_name(const struct secret_member *secrets, const char *name) {
        for (const struct secret_member *secret = secrets; secret->file; secret++)
                if (strcasestr(name, secret->file))
                        return true;
        return secrets != elsewhere && is_in_name(elsewhere, name);
}

/**
 * withhold_file() - as withhold(), of a file of this name: a copy of a secret's own file, as
 * editors leave them, is a secret as a whole.
 */
int withhold_file(const struct secret_member *secrets, const char *name, const char *text,
                  size_t len, struct withheld *ret) {
        struct buf notice = BUF_INIT(0);

        if (!secrets || !secrets->file || !is_in_name(secrets, name))
                return withhold(secrets, text, len, ret);
        *ret = (struct withheld){ 0 };
        if (add_notice(&notice) == 0)
                ret->text = buf_steal(&notice, &ret->len);
        buf_done(&notice);
        return ret->text ? 0 : -ENOMEM;
}

/**
 * withhold() - what may be kept of @text. @secrets: ends with a NULL file; NULL: there are none.
 * Returns 0, or -ENOMEM: then nothing may be kept.
 */
int withhold(const struct secret_member *secrets, const char *text, size_t len,
             struct withheld *ret) {
        struct withheld withheld = { 0 };
        struct json *json = NULL;
        struct buf kept = BUF_INIT(0);
        int r;

        *ret = withheld;
        if (!secrets || !secrets->file || !text || !len)
                return 0;
        r = json_parse(text, len, &json, NULL);
        if (r == -ENOMEM)
                return r;
        r = r == 0 ? cut_json(secrets, json, &kept, &withheld)
                   : cut_other(secrets, text, len, &kept);
        json_free(json);
        if (r == 0 && kept.len) {
                withheld.text = buf_steal(&kept, &withheld.len);
                r = withheld.text ? 0 : -ENOMEM;
        }
        buf_done(&kept);
        if (r < 0) {
                withheld_done(&withheld);
                return -ENOMEM;
        }
        *ret = withheld;
        return 0;
}

/** withheld_done() - frees what it owns. */
void withheld_done(struct withheld *withheld) {
        free(withheld->text);
        free(withheld->at);
        *withheld = (struct withheld){ 0 };
}
