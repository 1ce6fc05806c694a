/* SPDX-License-Identifier: Apache-2.0 */
/* How DWS is changed: rows that dws.c hangs on its kinds. */
#pragma once

#include "base/kind-change.h"

extern const struct create dws_cluster_create;
extern const struct removal dws_cluster_removal;
extern const struct action dws_cluster_actions[];
extern const struct action dws_clusters_actions[];
extern const struct relation dws_elb_relation;

extern const struct save dws_tags_save;
extern const struct save dws_workload_save;
extern const struct save dws_parameters_save;
extern const struct save dws_snapshot_settings_save;

extern const struct save dws_snapshot_policy_save;
extern const struct create dws_snapshot_policy_create;
extern const struct removal dws_snapshot_policy_removal;

extern const struct create dws_snapshot_create;
extern const struct removal dws_snapshot_removal;
extern const struct action dws_snapshot_actions[];
extern const struct action dws_snapshots_actions[];

extern const struct create dws_queue_create;
extern const struct removal dws_queue_removal;
extern const struct action dws_cns_actions[];

extern const struct save dws_data_source_save;
extern const struct create dws_data_source_create;
extern const struct removal dws_data_source_removal;

extern const struct save dws_alarm_subscription_save;
extern const struct create dws_alarm_subscription_create;
extern const struct removal dws_alarm_subscription_removal;
extern const struct save dws_event_subscription_save;
extern const struct create dws_event_subscription_create;
extern const struct removal dws_event_subscription_removal;
