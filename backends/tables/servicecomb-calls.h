/* SPDX-License-Identifier: Apache-2.0 */
/* The calls of servicecomb that are not part of browsing: changes, and reads that serve them. */
#pragma once

#include "base/kind.h"

extern const struct call servicecomb_get_microservice;
extern const struct call servicecomb_delete_microservice;
extern const struct call servicecomb_force_delete_microservice;
extern const struct call servicecomb_create_microservice;
extern const struct call servicecomb_delete_microservices;
extern const struct call servicecomb_update_microservice_properties;
extern const struct call servicecomb_check_existence;
extern const struct call servicecomb_get_schema;
extern const struct call servicecomb_put_schema;
extern const struct call servicecomb_delete_schema;
extern const struct call servicecomb_register_instance;
extern const struct call servicecomb_deregister_instance;
extern const struct call servicecomb_get_instance;
extern const struct call servicecomb_update_instance_properties;
extern const struct call servicecomb_update_instance_status;
extern const struct call servicecomb_send_heartbeat;
extern const struct call servicecomb_batch_find_instances;
extern const struct call servicecomb_create_config;
extern const struct call servicecomb_delete_configs;
extern const struct call servicecomb_update_config;
extern const struct call servicecomb_get_config;
extern const struct call servicecomb_delete_config;

/* All of them, NULL-terminated. */
extern const struct call *const servicecomb_calls[];
