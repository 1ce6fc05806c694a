/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of the configuration file as rows: reading, checking and the manual use the same. */
#pragma once

#include "auth/config.h"

/* Where a key may stand. */
enum section {
        SECTION_MOUNT = 1,
        SECTION_ACCOUNT = 2,
        SECTION_SERVICECOMB = 4,
        SECTION_KUBERNETES = 8,
};

enum value_form {
        FORM_TEXT,    /* anything but nothing */
        FORM_LIST,    /* words separated by commas or blanks */
        FORM_YES,     /* yes or no */
        FORM_ACCESS,  /* read-write, read-only */
        FORM_ALLOW,   /* none, documents, all */
        FORM_URL,     /* https://host[:port][/path]; https:// may be left out */
        FORM_PATH,    /* absolute, or from ~/ or $CREDENTIALS_DIRECTORY/ */
        FORM_HOST,    /* a domain name, perhaps with a port */
        FORM_NUMBER,  /* whole, between min and max */
        FORM_LEVEL,   /* error, warning, info, debug */
        FORM_SOURCE,  /* where credentials come from */
        FORM_SERVICES, /* list of services that we know */
};

struct key_row {
        const char *name;     /* `<…>` stands for what follows a family's name */
        unsigned sections;
        enum value_form form;
        size_t offset;        /* of the member of struct account; without meaning in [mount] */
        bool is_secret;       /* a file that has it must be private */
        bool may_refer;       /* also as <name>_file and <name>_env */
        unsigned min, max;    /* FORM_NUMBER */
        const char *normal;   /* the default, for people */
        const char *example;
};

enum { KEY_ROWS_MAX = 64 };
extern const struct key_row key_rows[];
extern const size_t n_key_rows;

/* How a name in the file refers to its row. */
enum key_way { KEY_PLAIN, KEY_FILE, KEY_ENV };

const struct key_row *key_find(enum section section, const char *name, enum key_way *ret_way);
const char *key_section_name(enum section section);

/*
 * Checks a value and brings it into its one form (paths and URLs made whole). Returns 0 and the
 * text, owned by the caller, or -EINVAL and in @ret_wanted what was wanted instead (static).
 */
int key_normalize(const struct key_row *row, const char *value, char **ret,
                  const char **ret_wanted);
int key_list(const char *value, char ***ret);
bool key_is_service(const char *name);
bool key_is_region(const char *name);
bool key_is_account_name(const char *name);
