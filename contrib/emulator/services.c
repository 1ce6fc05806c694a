/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of all service parts. A service may have several rows (one a file).
 * An operation that no row handles answers the example of the contract.
 */
#include "contrib/emulator/cse.h"
#include "contrib/emulator/dws.h"
#include "contrib/emulator/ems.h"
#include "contrib/emulator/identity-internal.h"
#include "contrib/emulator/karmada.h"
#include "contrib/emulator/kie.h"
#include "contrib/emulator/servicecomb.h"
#include "contrib/emulator/ucs.h"

const struct service_part service_parts[] = {
        { .service = "iam", .handlers = iam_handlers },
        { .service = "cse", .handlers = engine_login_handlers },
        { .service = "servicecomb", .handlers = login_handlers },
        { .service = "dws", .handlers = dws_catalog_handlers, .seed = dws_seed },
        { .service = "dws", .handlers = dws_cluster_handlers, .events = dws_cluster_events },
        { .service = "dws", .handlers = dws_scale_handlers, .events = dws_scale_events },
        { .service = "dws", .handlers = dws_workload_handlers },
        { .service = "dws", .handlers = dws_snapshot_handlers, .events = dws_snapshot_events },
        { .service = "dws", .handlers = dws_policy_handlers },
        { .service = "dws", .handlers = dws_source_handlers, .events = dws_source_events },
        { .service = "dws", .handlers = dws_network_handlers, .events = dws_network_events },
        { .service = "dws", .handlers = dws_tag_handlers },
        { .service = "dws", .handlers = dws_parameter_handlers, .events = dws_parameter_events },
        { .service = "dws", .handlers = dws_notice_handlers },
        { .service = "ems", .handlers = ems_handlers, .seed = ems_seed },
        { .service = "ems", .handlers = ems_job_handlers, .events = ems_job_events },
        { "ucs", ucs_handlers, NULL, ucs_seed },
        { "ucs", ucs_register_handlers, ucs_events, NULL },
        { "ucs", ucs_fleet_handlers, NULL, NULL },
        { "ucs", ucs_rule_handlers, NULL, NULL },
        { "ucs", ucs_federation_handlers, ucs_federation_events, NULL },
        { "karmada", karmada_handlers, NULL, karmada_seed }, /* seeded after the fleets */
        { "karmada", karmada_object_handlers, karmada_events, NULL },
        { "karmada", karmada_list_handlers, NULL, NULL },
        { "cse", cse_engine_handlers, NULL, cse_seed },
        { "cse", cse_change_handlers, NULL, NULL },
        { "cse", cse_job_handlers, cse_job_events, NULL },
        { "cse", cse_govern_handlers, NULL, NULL },
        { "cse", cse_route_handlers, NULL, NULL },
        { "cse", cse_nacos_handlers, NULL, NULL },
        { "cse", cse_monitor_handlers, NULL, NULL },
        { "cse", cse_config_handlers, NULL, NULL },
        { "cse", cse_account_handlers, NULL, NULL },
        { "servicecomb", servicecomb_handlers, servicecomb_events, servicecomb_seed },
        { "servicecomb", servicecomb_schema_handlers, NULL, NULL },
        { "servicecomb", servicecomb_instance_handlers, NULL, NULL },
        { "servicecomb", servicecomb_find_handlers, NULL, NULL },
        { "servicecomb", kie_handlers, NULL, kie_seed },
        { "servicecomb", kie_list_handlers, NULL, NULL },
        { 0 },
};
