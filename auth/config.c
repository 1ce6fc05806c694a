/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/config.h"

#include <unistd.h>

#include "auth/config-file.h"
#include "auth/ini.h"
#include "auth/secret.h"
#include "auth/sources.h"
#include "base/text.h"

static void list_free(char **list) {
        for (size_t i = 0; list && list[i]; i++)
                free(list[i]);
        free(list);
}

static void settings_free(struct setting *settings, size_t count) {
        for (size_t i = 0; i < count; i++) {
                free(settings[i].name);
                free(settings[i].value);
        }
        free(settings);
}

/** account_done() - free what an account has, wiping all that may be secret. */
void account_done(struct account *account) {
        char *const strings[] = {
                account->name,      account->origin,     account->credentials,
                account->ak,        account->sk,         account->security_token,
                account->user,      account->password,   account->domain,
                account->domain_id, account->token,      account->engine_user,
                account->cloud,     account->region,     account->engine_password,
                account->ca_file,   account->registry,   account->config_url,
                account->context,   account->kubeconfig, account->source,
                account->failure,   account->enterprise,
        };

        for (size_t i = 0; i < ELEMENTSOF(strings); i++)
                (void)secret_free(strings[i]);
        list_free(account->projects);
        list_free(account->services);
        settings_free(account->endpoints, account->n_endpoints);
        *account = (struct account){ 0 };
}

/** config_free() - drop a configuration, wiping its secrets. Returns NULL. */
struct config *config_free(struct config *config) {
        if (!config)
                return NULL;
        for (size_t i = 0; i < config->n_accounts; i++)
                account_done(&config->accounts[i]);
        free(config->accounts);
        settings_free(config->mount, config->n_mount);
        free(config->path);
        free(config);
        return NULL;
}

/** config_mount() - the value of a key in [mount], NULL if the file does not have it. */
const char *config_mount(const struct config *config, const char *name) {
        for (size_t i = 0; i < config->n_mount; i++)
                if (text_eq(config->mount[i].name, name))
                        return config->mount[i].value;
        return NULL;
}

/** config_account() - the account of this name, NULL if there is none. */
const struct account *config_account(const struct config *config, const char *name) {
        for (size_t i = 0; i < config->n_accounts; i++)
                if (text_eq(config->accounts[i].name, name))
                        return &config->accounts[i];
        return NULL;
}

/* XDG base directory specification: an empty or relative variable counts as unset. */
static int default_path(char **ret) {
        const char *directory = getenv("XDG_CONFIG_HOME");

        if (text_is_empty(directory) || *directory != '/')
                return home_path(".config/hcloudfs/hcloudfs.conf", ret);
        return text_format(ret, "%s/hcloudfs/hcloudfs.conf", directory);
}

static int read_file(struct op *op, const char *path, struct config *config) {
        bool has_secrets = false;
        struct stat st;
        char *text;
        size_t len;
        int r;

        r = secret_file_load(op, path, INI_SIZE_MAX, &text, &len, &st);
        if (r < 0)
                return r;
        r = config_file_parse(op, path, text, len, config, &has_secrets);
        explicit_bzero(text, len);
        free(text);
        if (r == 0 && has_secrets)
                r = secret_file_check(op, path, &st);
        return r;
}

/* Without an account in the file: one, with whatever credentials the environment has. */
static int add_default(struct config *config) {
        struct account *account = calloc(1, sizeof(*account));

        if (!account)
                return -ENOMEM;
        config->accounts = account;
        config->n_accounts = 1;
        account->type = ACCOUNT_CLOUD;
        account->allow_delete = ALLOW_DOCUMENTS;
        account->allow_create = ALLOW_ALL;
        account->name = strdup("default");
        if (config->path)
                account->source = strdup(config->path);
        return account->name && (account->source || !config->path) ? 0 : -ENOMEM;
}

/**
 * account_fail() - the account has no usable credentials, for the reason in @op, which is free for
 * others then: one account in trouble hides no other. The first reason stays. 0 or -ENOMEM.
 */
int account_fail(struct op *op, struct account *account) {
        if (!account->failure)
                account->failure = strdup(op->fault.reason);
        op_clear(op);
        return account->failure ? 0 : -ENOMEM;
}

static int complete_cloud(struct op *op, struct account *account) {
        int r = account->failure ? 0 : sources_load(op, account);

        if (r < 0 && r != -ENOMEM)
                r = account_fail(op, account);
        if (r == 0)
                r = sources_endpoints(op, account);
        if (r == 0 && !account->cloud) {
                account->cloud = strdup("myhuaweicloud.com");
                r = account->cloud ? 0 : -ENOMEM;
        }
        return r;
}

static int complete(struct op *op, struct account *account) {
        int r = account->type == ACCOUNT_CLOUD ? complete_cloud(op, account) : 0;

        if (r < 0 || account->origin || !account->user)
                return r;
        return text_format(&account->origin, "user and password in %s", account->source);
}

/* A daemon leaves its directory, and the file is read again when credentials were refused. */
static char *absolute(const char *path) {
        char *real = *path == '/' ? NULL : realpath(path, NULL);

        return real ? real : strdup(path);
}

static int load(struct op *op, const char *path, bool is_default, struct config *config) {
        if (is_default && access(path, F_OK) < 0 && errno == ENOENT)
                return 0;
        config->path = absolute(path);
        if (!config->path)
                return -ENOMEM;
        return read_file(op, config->path, config);
}

/**
 * config_load() - read the configuration and find the credentials of its accounts.
 * @path: NULL for $XDG_CONFIG_HOME/hcloudfs/hcloudfs.conf, which may be absent: then there is one
 * account, `default`, with the credentials that the environment has.
 * Returns 0, -EINVAL for what the file should not say, -EACCES for a file with secrets that others
 * can read, or what reading gave; each with one message for people.
 */
int config_load(struct op *op, const char *path, struct config **ret) {
        _cleanup_(config_freep) struct config *config = calloc(1, sizeof(*config));
        _cleanup_(freep) char *own = NULL;
        int r = 0;

        if (!config)
                return op_fail(op, ENOMEM, "out of memory");
        if (!path)
                r = default_path(&own);
        if (r == 0)
                r = load(op, path ? path : own, !path, config);
        if (r == -ENOENT && !path && !own) /* no home directory */
                r = 0;
        if (r == 0 && config->n_accounts == 0)
                r = add_default(config);
        for (size_t i = 0; r == 0 && i < config->n_accounts; i++)
                r = complete(op, &config->accounts[i]);
        if (r == -ENOMEM)
                return op_fail(op, ENOMEM, "out of memory");
        if (r < 0)
                return r;
        *ret = STEAL(config);
        return 0;
}
