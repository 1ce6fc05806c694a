/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/config-file.h"

#include "auth/ini.h"
#include "auth/keys.h"
#include "auth/secret.h"
#include "base/text.h"

/* What a key is made of. Of an unknown one no more is shown: in `sk: abc=` the rest is a secret. */
#define NAME_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"

struct parse {
        struct op *op;
        const char *path;
        struct config *config;
        size_t accounts_capacity, mount_capacity, endpoints_capacity;
        struct account *account; /* of the section being read, NULL in [mount] */
        enum section section;    /* 0 before the first head */
        unsigned head_line;      /* where it begins */
        bool had_mount;
        bool has_secrets;
        unsigned char given[KEY_ROWS_MAX]; /* rows seen in this section */
};

static int oom(struct parse *parse) {
        return op_fail(parse->op, ENOMEM, "%s: out of memory", parse->path);
}

/* A secret's value never gets into a message; other values do, cut short. */
static int bad_value(struct parse *parse, unsigned line, const struct key_row *row,
                     const char *name, const char *value, const char *wanted) {
        if (row->form == FORM_NUMBER)
                return op_fail(parse->op, EINVAL,
                               "%s:%u: `%s = %.64s`: expected a whole number from %u to %u",
                               parse->path, line, name, value, row->min, row->max);
        if (!value || !*value)
                return op_fail(parse->op, EINVAL, "%s:%u: `%s`: expected %s", parse->path, line,
                               name, wanted);
        return op_fail(parse->op, EINVAL, "%s:%u: `%s = %.64s`: expected %s", parse->path, line,
                       name, value, wanted);
}

static int new_account(struct parse *parse, const struct ini_entry *entry, const char *name) {
        struct config *config = parse->config;
        struct account *account;
        int r;

        if (!key_is_account_name(name))
                return op_fail(parse->op, EINVAL,
                               "%s:%u: `%s` cannot be the name of a directory: 1 to 64 bytes of "
                               "UTF-8, no leading dot, no `/`, `%%`, `~` or control character",
                               parse->path, entry->line, name);
        if (config_account(config, name))
                return op_fail(parse->op, EINVAL, "%s:%u: there is already an account `%s`",
                               parse->path, entry->line, name);
        r = array_grow(&config->accounts, &parse->accounts_capacity, config->n_accounts,
                       CONFIG_ACCOUNTS_MAX, sizeof(*account));
        if (r == -ENOMEM)
                return oom(parse);
        if (r < 0)
                return op_fail(parse->op, E2BIG, "%s:%u: more than %d accounts", parse->path,
                               entry->line, CONFIG_ACCOUNTS_MAX);
        account = &config->accounts[config->n_accounts];
        *account = (struct account){
                .type = parse->section == SECTION_ACCOUNT       ? ACCOUNT_CLOUD
                        : parse->section == SECTION_SERVICECOMB ? ACCOUNT_SERVICECOMB
                                                                : ACCOUNT_KUBERNETES,
                .allow_delete = ALLOW_DOCUMENTS,
                .allow_create = ALLOW_ALL,
                .name = strdup(name),
                .source = strdup(parse->path),
        };
        config->n_accounts++;
        parse->account = account;
        parse->endpoints_capacity = 0;
        return account->name && account->source ? 0 : oom(parse);
}

static bool was_given(const struct parse *parse, const char *name) {
        enum key_way way;
        const struct key_row *row = key_find(parse->section, name, &way);

        return row && parse->given[row - key_rows];
}

static int incomplete(struct parse *parse, const char *what) {
        return op_fail(parse->op, EINVAL, "%s:%u: [%s %s]: %s", parse->path, parse->head_line,
                       key_section_name(parse->section), parse->account->name, what);
}

/* What belongs together and what must be there, looked at when a section is over. */
static int finish_section(struct parse *parse) {
        const struct account *account = parse->account;

        if (!account || account->failure)
                return 0;
        if (!account->ak != !account->sk)
                return incomplete(parse, "`ak` and `sk` belong together");
        if (account->security_token && !account->ak)
                return incomplete(parse, "`security_token` needs `ak` and `sk`");
        if (!account->user != !account->password)
                return incomplete(parse, "`user` and `password` belong together");
        if (!account->engine_user != !account->engine_password)
                return incomplete(parse, "`engine_user` and `engine_password` belong together");
        if (account->type == ACCOUNT_CLOUD && account->user && !account->domain)
                return incomplete(parse, "`user` needs `domain`, the name of its account");
        if (account->credentials && !text_eq(account->credentials, "auto") &&
            (account->ak || account->user))
                return incomplete(parse, "`credentials` names another source than the `ak` or "
                                         "`user` beside it");
        if (account->region && !key_is_region(account->region))
                return incomplete(parse, "`region` is a name like cn-north-4");
        if (account->type == ACCOUNT_SERVICECOMB && !account->registry && !account->config_url)
                return incomplete(parse, "`registry` or `config` is needed");
        if (account->type == ACCOUNT_SERVICECOMB && account->user && !account->registry)
                return incomplete(parse, "`user` needs `registry`, where users log in: a "
                                         "configuration centre takes its tokens");
        if (account->type == ACCOUNT_SERVICECOMB && !was_given(parse, "verify_engine"))
                parse->account->verify_engine = true;
        return 0;
}

static int read_head(struct parse *parse, const struct ini_entry *entry) {
        static const enum section kinds[] = { SECTION_ACCOUNT, SECTION_SERVICECOMB,
                                              SECTION_KUBERNETES };
        const char *name = entry->section + strcspn(entry->section, " \t");
        size_t len = (size_t)(name - entry->section);
        int r;

        r = finish_section(parse);
        if (r < 0)
                return r;
        name += strspn(name, " \t");
        parse->account = NULL;
        parse->head_line = entry->line;
        explicit_bzero(parse->given, sizeof(parse->given));
        if (text_eq(entry->section, "mount")) {
                if (parse->had_mount)
                        return op_fail(parse->op, EINVAL, "%s:%u: a second [mount]", parse->path,
                                       entry->line);
                parse->had_mount = true;
                parse->section = SECTION_MOUNT;
                return 0;
        }
        for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
                const char *word = key_section_name(kinds[i]);

                if (strlen(word) == len && strncmp(word, entry->section, len) == 0) {
                        parse->section = kinds[i];
                        return new_account(parse, entry, name);
                }
        }
        return op_fail(parse->op, EINVAL,
                       "%s:%u: unknown section [%s]; there are [mount], [account NAME], "
                       "[servicecomb NAME] and [kubernetes NAME]",
                       parse->path, entry->line, entry->section);
}

static int add_setting(struct parse *parse, struct setting **list, size_t *count, size_t *capacity,
                       const char *name, char **value) {
        struct setting *setting;
        int r;

        for (size_t i = 0; i < *count; i++)
                if (text_eq((*list)[i].name, name))
                        return op_fail(parse->op, EINVAL, "%s: `endpoint.%s` is given twice",
                                       parse->path, name);
        r = array_grow(list, capacity, *count, CONFIG_SETTINGS_MAX, sizeof(**list));
        if (r == -ENOMEM)
                return oom(parse);
        if (r < 0)
                return op_fail(parse->op, E2BIG, "%s: more than %d settings in one section",
                               parse->path, CONFIG_SETTINGS_MAX);
        setting = &(*list)[*count];
        *setting = (struct setting){ .name = strdup(name) };
        if (!setting->name)
                return oom(parse);
        setting->value = STEAL(*value);
        (*count)++;
        return 0;
}

static enum account_allow allow_from(const char *value) {
        return text_eq(value, "all")    ? ALLOW_ALL
               : text_eq(value, "none") ? ALLOW_NONE
                                        : ALLOW_DOCUMENTS;
}

/* Puts a value that was checked into the account. */
static int store(struct parse *parse, const struct key_row *row, char **value) {
        void *member = (char *)parse->account + row->offset;
        int r;

        switch (row->form) {
        case FORM_YES:
                return text_bool(*value, member);
        case FORM_ACCESS:
                *(enum account_access *)member =
                        text_eq(*value, "read-only") ? ACCESS_READ_ONLY : ACCESS_READ_WRITE;
                return 0;
        case FORM_ALLOW:
                *(enum account_allow *)member = allow_from(*value);
                return 0;
        case FORM_LIST:
        case FORM_SERVICES:
                r = key_list(*value, member);
                if (r == -ENOMEM)
                        return oom(parse);
                return r < 0 ? op_fail(parse->op, EINVAL, "%s: `%s`: expected 1 to 256 names",
                                       parse->path, row->name)
                             : 0;
        default:
                *(char **)member = STEAL(*value);
                return 0;
        }
}

/* The value itself, or what the file or variable holds that it names. */
static int resolve(struct parse *parse, const struct ini_entry *entry, const struct key_row *row,
                   enum key_way way, char **ret, const char **ret_wanted) {
        static const struct key_row path_row = { .form = FORM_PATH };
        _cleanup_(freep) char *path = NULL;
        _cleanup_(secret_freep) char *value = NULL;
        const char *variable;
        int r;

        if (way == KEY_PLAIN) {
                parse->has_secrets |= row->is_secret;
                return key_normalize(row, entry->value, ret, ret_wanted);
        }
        if (way == KEY_ENV) {
                variable = *entry->value ? getenv(entry->value) : NULL;
                if (text_is_empty(variable))
                        return op_fail(parse->op, ENOENT,
                                       "%s:%u: `%s`: the environment has no variable %.64s",
                                       parse->path, entry->line, entry->name, entry->value);
                return key_normalize(row, variable, ret, ret_wanted);
        }
        r = key_normalize(&path_row, entry->value, &path, ret_wanted);
        if (r < 0)
                return r;
        r = secret_file_value(parse->op, path, &value);
        if (r < 0)
                return r;
        return key_normalize(row, value, ret, ret_wanted);
}

static int read_pair(struct parse *parse, const struct ini_entry *entry) {
        _cleanup_(secret_freep) char *value = NULL;
        const char *expected = NULL;
        const struct key_row *row;
        enum key_way way;
        bool family;
        int r;

        if (!parse->section)
                return op_fail(parse->op, EINVAL, "%s:%u: `%s` stands before any section",
                               parse->path, entry->line, entry->name);
        row = key_find(parse->section, entry->name, &way);
        if (!row)
                return op_fail(parse->op, EINVAL, "%s:%u: [%s] has no key `%.*s`", parse->path,
                               entry->line, key_section_name(parse->section),
                               (int)strspn(entry->name, NAME_BYTES), entry->name);
        family = strchr(row->name, '<');
        if (!family && parse->given[row - key_rows]++)
                return op_fail(parse->op, EINVAL, "%s:%u: `%s` is given twice", parse->path,
                               entry->line, row->name);
        r = resolve(parse, entry, row, way, &value, &expected);
        if (r < 0 && r != -ENOMEM && !expected && way != KEY_PLAIN)
                return account_fail(parse->op, parse->account); /* what it names cannot be had */
        if (r < 0 && expected)
                return bad_value(parse, entry->line, row, entry->name,
                                 row->is_secret && way == KEY_PLAIN ? NULL : entry->value,
                                 expected);
        if (r < 0)
                return r;
        if (parse->section == SECTION_MOUNT)
                return add_setting(parse, &parse->config->mount, &parse->config->n_mount,
                                   &parse->mount_capacity, entry->name, &value);
        if (family)
                return add_setting(parse, &parse->account->endpoints, &parse->account->n_endpoints,
                                   &parse->endpoints_capacity, entry->name + strlen("endpoint."),
                                   &value);
        return store(parse, row, &value);
}

static int on_entry(void *data, struct op *op, const struct ini_entry *entry) {
        (void)op;
        return entry->name ? read_pair(data, entry) : read_head(data, entry);
}

/**
 * config_file_parse() - read hcloudfs.conf.
 * Every problem is -EINVAL (or what reading a named file gave) with one message: file, line, what.
 */
int config_file_parse(struct op *op, const char *path, char *text, size_t len,
                      struct config *config, bool *ret_has_secrets) {
        struct parse parse = { .op = op, .path = path, .config = config };
        int r;

        r = ini_read(op, path, text, len, on_entry, &parse);
        if (r < 0)
                return r;
        r = finish_section(&parse);
        if (r < 0)
                return r;
        *ret_has_secrets = parse.has_secrets;
        return 0;
}
