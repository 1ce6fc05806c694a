/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of the services: what the user configured, else the vendor's published tables. */
#pragma once

#include "auth/config.h"

#define CLOUD_DEFAULT "myhuaweicloud.com"

int endpoint_find(struct op *op, const struct account *account, const char *service,
                  const char *region, char **ret);
int endpoint_expand(const char *template, const char *region, char **ret);

/* From the tables: the suffix of the host `<service>.<region>.<suffix>`, NULL if it has none. */
const char *region_suffix(const char *service, const char *region);
