/* SPDX-License-Identifier: Apache-2.0 */
/* How registries and configurations are changed: rows that servicecomb.c hangs on its kinds. */
#pragma once

#include "base/kind-change.h"

extern const struct create registry_service_create;
extern const struct removal registry_service_removal;
extern const struct save registry_properties_save;
extern const struct action registry_service_actions[];
extern const struct action registry_actions[];

extern const struct save registry_schema_save;
extern const struct create registry_schema_create;
extern const struct removal registry_schema_removal;

extern const struct save registry_instance_save;
extern const struct create registry_instance_create;
extern const struct removal registry_instance_removal;
extern const struct action registry_instance_actions[];

extern const struct save config_value_save;
extern const struct save config_meta_save;
extern const struct create config_create;
extern const struct removal config_removal;
extern const struct action config_actions[];
int registry_check_level(struct op *op, unsigned depth, const char *value);
int config_check_level(struct op *op, unsigned depth, const char *value);
