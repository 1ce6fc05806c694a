/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <strings.h>

#include "base/text.h"
#include "http/http.h"

static const char cut[] = "[redacted]";

enum {
        NAME_MAX_LEN = 64,
        KEY_LEN = 36,  /* a secret key has 40 characters; tokens have hundreds */
        WORD_LEN = 16, /* a value behind a blank that is longer is no word of a sentence */
};

/* How a name in a text is treated when a value follows it. */
enum name_kind {
        NAME_HARMLESS,
        NAME_SECRET, /* `password`, `token`: words that sentences use as well */
        NAME_HEADER, /* never a word: whatever follows is cut */
        NAME_LINE,   /* header whose value has blanks: cut to the end of the line */
};

struct ending {
        const char *text; /* end of a name, lower case, without `-` and `_` */
        enum name_kind kind;
};

static const struct ending endings[] = {
        { "xsecuritytoken", NAME_HEADER },
        { "xauthtoken", NAME_HEADER },
        { "xsubjecttoken", NAME_HEADER },
        { "xmetadatatoken", NAME_HEADER },
        { "authorization", NAME_LINE },
        { "cookie", NAME_LINE },
        { "signature", NAME_SECRET },
        { "token", NAME_SECRET },
        { "password", NAME_SECRET },
        { "passwd", NAME_SECRET },
        { "pwd", NAME_SECRET },
        { "secret", NAME_SECRET },
        { "secretkey", NAME_SECRET },
        { "secretaccesskey", NAME_SECRET },
        { "privatekey", NAME_SECRET },
        { "passphrase", NAME_SECRET },
};

static bool is_name_char(char c) {
        return isalnum((unsigned char)c) || c == '-' || c == '_';
}

static enum name_kind name_kind(const char *name, size_t len) {
        char plain[NAME_MAX_LEN + 1];
        size_t n = 0;

        for (size_t i = 0; i < len; i++) {
                if (name[i] == '-' || name[i] == '_')
                        continue;
                if (n >= NAME_MAX_LEN)
                        return NAME_HARMLESS;
                plain[n++] = (char)tolower((unsigned char)name[i]);
        }
        plain[n] = '\0';
        if (text_eq(plain, "sk"))
                return NAME_SECRET;
        for (size_t i = 0; i < ELEMENTSOF(endings); i++)
                if (text_ends(plain, endings[i].text))
                        return endings[i].kind;
        return NAME_HARMLESS;
}

/* What stands between a name and its value. */
struct gap {
        size_t len;
        char quote;     /* that opens the value, 0: none */
        bool is_nested; /* and has a backslash before it: the text was quoted twice */
        bool is_equal;  /* `=` rather than `:` */
};

static size_t skip(const char *text, size_t len, size_t at, const char *set) {
        while (at < len && text[at] && strchr(set, text[at]))
                at++;
        return at;
}

/* Is there `:` or `=` behind the name, perhaps with the name's closing quote before it? */
static bool find_gap(const char *text, size_t len, struct gap *ret) {
        struct gap gap = { 0 };
        size_t at = skip(text, len, 0, "\\\"'");

        at = skip(text, len, at, " \t");
        if (at >= len || (text[at] != ':' && text[at] != '='))
                return false;
        gap.is_equal = text[at] == '=';
        at = skip(text, len, at + 1, " \t[\\");
        if (at < len && (text[at] == '"' || text[at] == '\'')) {
                gap.is_nested = text[at - 1] == '\\';
                gap.quote = text[at++];
        }
        gap.len = at;
        *ret = gap;
        return true;
}

/* Up to the closing quote; a quote with a backslash closes only what such a one opened. */
static size_t quoted_len(const char *text, size_t len, const struct gap *gap) {
        size_t n = 0;

        for (; n < len && text[n] != gap->quote; n++) {
                if (text[n] != '\\' || n + 1 >= len)
                        continue;
                if (gap->is_nested && text[n + 1] == gap->quote)
                        break;
                n++;
        }
        return n < len ? n : len;
}

static size_t value_len(const char *text, size_t len, enum name_kind kind, const struct gap *gap) {
        const char *stop = kind == NAME_LINE ? "|\r\n\"'" : "|\r\n \t,;&\"'<>(){}[]\\";
        size_t n = 0;

        if (gap->quote)
                return quoted_len(text, len, gap);
        while (n < len && !(text[n] && strchr(stop, text[n])))
                n++;
        return n;
}

/* `password: must have …` is a sentence, `password: Tr0ub4dor` is not. */
static bool is_sentence(const char *value, size_t len, const struct gap *gap) {
        if (gap->quote || gap->is_equal || len >= WORD_LEN)
                return false;
        for (size_t i = 0; i < len; i++)
                if (isdigit((unsigned char)value[i]))
                        return false;
        return true;
}

/* At the beginning of a name: copies it, cuts its value. Returns the bytes dealt with. */
static size_t take_name(struct buf *buf, const char *text, size_t len) {
        size_t name = 0, value;
        enum name_kind kind;
        struct gap gap;

        while (name < len && is_name_char(text[name]))
                name++;
        kind = name_kind(text, name);
        if (kind == NAME_HARMLESS || !find_gap(text + name, len - name, &gap))
                return 0;
        name += gap.len;
        value = value_len(text + name, len - name, kind, &gap);
        if (!value || (kind == NAME_SECRET && is_sentence(text + name, value, &gap)))
                return 0;
        (void)buf_add(buf, text, name);
        (void)buf_add_str(buf, cut);
        return name + value;
}

static bool is_key_char(char c) {
        return isalnum((unsigned char)c) || (c && strchr("+/=_-.~%", c));
}

/*
 * Keys and tokens are long and mix capitals, small letters and digits as chance does; paths, ids
 * and hashes, which help to find a fault, do not. 0 if what stands here is none.
 */
static size_t key_len(const char *text, size_t len) {
        size_t n = 0, upper = 0, lower = 0, digits = 0;

        for (; n < len && is_key_char(text[n]); n++) {
                upper += isupper((unsigned char)text[n]) != 0;
                lower += islower((unsigned char)text[n]) != 0;
                digits += isdigit((unsigned char)text[n]) != 0;
        }
        if (n < KEY_LEN || upper < n / 8 || lower < n / 8 || digits < n / 32 || !digits)
                return 0;
        return n;
}

/* `Bearer abc…`, wherever it stands. */
static size_t take_bearer(struct buf *buf, const char *text, size_t len) {
        static const char word[] = "bearer ";
        size_t n = sizeof(word) - 1;

        if (len <= n || strncasecmp(text, word, n) != 0)
                return 0;
        while (n < len && is_key_char(text[n]))
                n++;
        if (n < sizeof(word) - 1 + 8)
                return 0;
        (void)buf_add(buf, text, sizeof(word) - 1);
        (void)buf_add_str(buf, cut);
        return n;
}

/**
 * http_redact() - append a text with its secrets cut out.
 *
 * Gateways echo the request that they refused, with the values of all signed headers: values of
 * credential headers, of names that sound secret, and whatever looks like a key or a token become
 * `[redacted]`. What helps to find the fault stays. Errors as buf_add().
 */
int http_redact(struct buf *buf, const char *text, size_t len) {
        size_t at = 0;

        while (at < len && buf->error == 0) {
                size_t taken = 0;

                if (at == 0 || !is_name_char(text[at - 1])) {
                        taken = take_name(buf, text + at, len - at);
                        if (!taken)
                                taken = take_bearer(buf, text + at, len - at);
                }
                if (!taken && (at == 0 || !is_key_char(text[at - 1]))) {
                        taken = key_len(text + at, len - at);
                        if (taken)
                                (void)buf_add_str(buf, cut);
                }
                if (!taken) {
                        (void)buf_add_char(buf, text[at]);
                        taken = 1;
                }
                at += taken;
        }
        return buf->error;
}
