/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the vendor's SDKs, KooCLI and Terraform's provider keep credentials. Each source fills the
 * account and its `origin`; it answers 1 if it had some, 0 if it has none, negative errno with the
 * reason if what it has cannot be used.
 */
#pragma once

#include "auth/config.h"

int source_environment(struct op *op, struct account *account);
int source_sdk(struct op *op, const char *path, struct account *account);
int source_koocli(struct op *op, const char *profile, struct account *account);

/* Follows the account's `credentials`; 0, or -ENOENT and the list of places that have none. */
int sources_load(struct op *op, struct account *account);

/* Adds the addresses that the environment and the SDKs' regions.yaml tell. */
int sources_endpoints(struct op *op, struct account *account);

/* Reads regions.yaml; @fn gets each service, region id and first address. */
typedef int (*regions_fn)(void *data, const char *service, const char *region, const char *url);
int regions_read(struct op *op, const char *path, const char *text, size_t len, regions_fn fn,
                 void *data);
int source_sdk_parse(struct op *op, const char *path, char *text, size_t len,
                     struct account *account);
int source_koocli_parse(struct op *op, const char *path, const char *text, size_t len,
                        const char *profile, struct account *account);

int home_path(const char *rest, char **ret);
const char *environment_first(const char *const *names, const char **ret_name);
int account_add_endpoint(struct account *account, const char *service, const char *region,
                         const char *url);
