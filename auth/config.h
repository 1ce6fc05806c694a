/* SPDX-License-Identifier: Apache-2.0 */
/* What the user told us: the configuration file, the environment, and the credential sources that
 * the vendor's own tools use. Read once at start; secrets are wiped when it is freed. */
#pragma once

#include "base/op.h"

enum account_type { ACCOUNT_CLOUD, ACCOUNT_SERVICECOMB, ACCOUNT_KUBERNETES };
enum account_access { ACCESS_READ_WRITE, ACCESS_READ_ONLY };
enum account_allow { ALLOW_NONE, ALLOW_DOCUMENTS, ALLOW_ALL };

struct setting {
        char *name;
        char *value;
};

/* One `[account NAME]`, `[servicecomb NAME]` or `[kubernetes NAME]`. NULL: unset. */
struct account {
        enum account_type type;
        char *name;
        char *origin;         /* where the credentials come from, for people: no secret */
        char *failure;        /* why there are no usable ones, for people; NULL: there are */
        char *credentials;    /* the source asked for: `auto`, `environment`, `sdk:PATH`, … */
        char *ak, *sk, *security_token;
        char *user, *password, *domain, *domain_id;
        char *token;          /* a ready IAM token from the environment, never renewed */
        char *engine_user, *engine_password; /* of the microservice engines of a cloud account */
        char **projects;      /* names to show, NULL-terminated; NULL: all */
        char **services;      /* names to show, NULL-terminated; NULL: all */
        char *enterprise;     /* id, or `all_granted_eps`, for services that sort by them */
        char *cloud;          /* suffix of host names, default myhuaweicloud.com */
        char *region;         /* where IAM is asked; NULL: its global host */
        char *ca_file;
        bool verify_engine;   /* verify the certificates of engines; they are private: no */
        bool allow_plain;     /* http:// to other hosts than loopback */
        struct setting *endpoints; /* `<service>` and `<service>.<region>`, the stronger first */
        size_t n_endpoints;
        enum account_access access;
        enum account_allow allow_delete, allow_create;
        char *registry, *config_url; /* servicecomb: base URLs */
        char *kubeconfig, *context;  /* kubernetes */
        char *source;         /* configuration file that has it, NULL: the environment alone */
};

struct config {
        struct account *accounts;
        size_t n_accounts;
        struct setting *mount; /* `[mount]`, in the order of the file */
        size_t n_mount;
        char *path;            /* file read, NULL: none */
};

enum { CONFIG_ACCOUNTS_MAX = 64, CONFIG_SETTINGS_MAX = 256 };

/* NULL as @path: ~/.config/hcloudfs/hcloudfs.conf if there is one. An account without usable
 * credentials is in it all the same, with its `failure`. */
int config_load(struct op *op, const char *path, struct config **ret);
struct config *config_free(struct config *config);
DEFINE_CLEANUP(struct config *, config_free)
const char *config_mount(const struct config *config, const char *name);
const struct account *config_account(const struct config *config, const char *name);
int account_fail(struct op *op, struct account *account);
void account_done(struct account *account);
