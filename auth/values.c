/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of the values of configuration keys. */
#include "auth/keys.h"

#include "base/log.h"
#include "base/text.h"

enum { LIST_MAX = 256 };

static int copy(const char *value, char **ret) {
        char *text = strdup(value);

        if (!text)
                return -ENOMEM;
        *ret = text;
        return 0;
}

static bool is_one_of(const char *value, const char *const *words, size_t count) {
        for (size_t i = 0; i < count; i++)
                if (text_eq(value, words[i]))
                        return true;
        return false;
}

#define NAME_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._"

static bool is_port(const char *text, size_t len) {
        char digits[8];
        unsigned port;

        if (!len || len >= sizeof(digits))
                return false;
        memcpy(digits, text, len);
        digits[len] = '\0';
        return text_uint(digits, 65535, &port) == 0 && port > 0;
}

/* A host name or address with an optional port; IPv6 in brackets; `{region}` may be part of it. */
static bool is_host(const char *text, size_t len) {
        size_t name;

        if (len == 0 || len > 255 || strchr(".-", *text))
                return false;
        name = *text == '[' ? strspn(text + 1, "0123456789abcdefABCDEF:.") + 2
                            : strspn(text, NAME_BYTES "{}");
        if (name == 0 || name > len || (*text == '[' && text[name - 1] != ']'))
                return false;
        return name == len || (text[name] == ':' && is_port(text + name + 1, len - name - 1));
}

/* Nothing in braces but `{region}`. */
static bool has_other_places(const char *text) {
        static const char region[] = "{region}";

        while (*(text += strcspn(text, "{}"))) {
                if (!text_starts(text, region))
                        return true;
                text += strlen(region);
        }
        return false;
}

static int take_url(const char *value, char **ret) {
        const char *host = value;
        char *text;
        size_t len;

        if (text_starts(value, "https://") || text_starts(value, "http://"))
                host = strstr(value, "://") + 3;
        len = strcspn(host, "/");
        if (!is_host(host, len) || strpbrk(host, " \t?#\"<>\\@") || has_other_places(host))
                return -EINVAL;
        if (text_format(&text, "%s%s", host == value ? "https://" : "", value) < 0)
                return -ENOMEM;
        len = strlen(text);
        while (len > 0 && text[len - 1] == '/')
                text[--len] = '\0';
        *ret = text;
        return 0;
}

/* Puts a directory of the environment in front of the rest of a path. */
static int below(const char *variable, const char *rest, char **ret) {
        const char *directory = getenv(variable);

        if (text_is_empty(directory) || *directory != '/')
                return -EINVAL;
        return text_format(ret, "%s%s", directory, rest);
}

static int take_path(const char *value, char **ret) {
        static const char service[] = "$CREDENTIALS_DIRECTORY/";

        if (text_starts(value, "~/"))
                return below("HOME", value + 1, ret);
        if (text_starts(value, service))
                return below("CREDENTIALS_DIRECTORY", value + sizeof(service) - 2, ret);
        return *value == '/' ? copy(value, ret) : -EINVAL;
}

static int take_source(const char *value, char **ret) {
        static const char *const words[] = { "auto", "environment", "sdk", "koocli" };
        _cleanup_(freep) char *path = NULL;
        int r;

        if (is_one_of(value, words, ELEMENTSOF(words)))
                return copy(value, ret);
        if (text_starts(value, "koocli:") && value[7])
                return copy(value, ret);
        if (!text_starts(value, "sdk:"))
                return -EINVAL;
        r = take_path(value + 4, &path);
        if (r < 0)
                return r;
        return text_format(ret, "sdk:%s", path);
}

static int take_services(const char *value, char **ret) {
        const char *cursor = value, *word;
        size_t len;

        while (text_word(&cursor, ", \t", &word, &len)) {
                char name[16];

                if (len >= sizeof(name))
                        return -EINVAL;
                (void)snprintf(name, sizeof(name), "%.*s", (int)len, word);
                if (!key_is_service(name))
                        return -EINVAL;
        }
        return copy(value, ret);
}

static int take_word(enum value_form form, const char *value, char **ret) {
        static const char *const access[] = { "read-write", "read-only" };
        static const char *const allow[] = { "none", "documents", "all" };
        enum log_level level;
        bool ok, yes;

        if (form == FORM_ACCESS)
                ok = is_one_of(value, access, ELEMENTSOF(access));
        else if (form == FORM_ALLOW)
                ok = is_one_of(value, allow, ELEMENTSOF(allow));
        else if (form == FORM_LEVEL)
                ok = log_level_parse(value, &level) == 0;
        else
                ok = text_bool(value, &yes) == 0;
        return ok ? copy(value, ret) : -EINVAL;
}

/* What each form wants, for the message. */
static const char *const wanted[] = {
        [FORM_TEXT] = "a value",
        [FORM_LIST] = "names separated by commas",
        [FORM_YES] = "yes or no",
        [FORM_ACCESS] = "read-write or read-only",
        [FORM_ALLOW] = "none, documents or all",
        [FORM_URL] = "https://host[:port]",
        [FORM_PATH] = "an absolute path, or one that begins with ~/ or $CREDENTIALS_DIRECTORY/",
        [FORM_HOST] = "a domain name",
        [FORM_NUMBER] = "a whole number in its range",
        [FORM_LEVEL] = "error, warning, info or debug",
        [FORM_SOURCE] = "auto, environment, sdk, sdk:PATH, koocli or koocli:PROFILE",
        [FORM_SERVICES] = "some of ucs, dws, cse, ems",
};

static int take(const struct key_row *row, const char *value, char **ret) {
        unsigned number;

        switch (row->form) {
        case FORM_URL:
                return take_url(value, ret);
        case FORM_PATH:
                return take_path(value, ret);
        case FORM_SOURCE:
                return take_source(value, ret);
        case FORM_SERVICES:
                return take_services(value, ret);
        case FORM_HOST:
                return is_host(value, strlen(value)) ? copy(value, ret) : -EINVAL;
        case FORM_NUMBER:
                if (text_uint(value, row->max, &number) < 0 || number < row->min)
                        return -EINVAL;
                return copy(value, ret);
        case FORM_YES:
        case FORM_ACCESS:
        case FORM_ALLOW:
        case FORM_LEVEL:
                return take_word(row->form, value, ret);
        case FORM_TEXT:
        case FORM_LIST:
                break;
        }
        return copy(value, ret);
}

int key_normalize(const struct key_row *row, const char *value, char **ret,
                  const char **ret_wanted) {
        int r = *value ? take(row, value, ret) : -EINVAL;

        if (r == -EINVAL)
                *ret_wanted = wanted[row->form];
        return r;
}

static void list_free(char **list, size_t count) {
        for (size_t i = 0; i < count; i++)
                free(list[i]);
        free(list);
}

/** key_list() - words separated by commas or blanks; -EINVAL for none, -E2BIG for over 256. */
int key_list(const char *value, char ***ret) {
        const char *cursor = value, *word;
        size_t count = 0, capacity = 0, len;
        char **list = NULL;
        int r = 0;

        while (r == 0 && text_word(&cursor, ", \t", &word, &len)) {
                r = array_grow(&list, &capacity, count + 1, LIST_MAX + 1, sizeof(*list));
                if (r < 0)
                        break;
                list[count] = strndup(word, len);
                r = list[count] ? 0 : -ENOMEM;
                count += r == 0;
        }
        if (r == 0 && count == 0)
                r = -EINVAL;
        if (r < 0) {
                list_free(list, count);
                return r;
        }
        list[count] = NULL;
        *ret = list;
        return 0;
}
