/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/tables/ucs-calls.h"

#define UCS_LIST(name, template)                                                               \
        .id = (name), .service = "ucs", .path = (template), .scope = SCOPE_DOMAIN,              \
        .items = "/items", .key = "/metadata/uid", .total = "/total", .paging = PAGING_OFFSET, \
        .page_size = 100

const struct call ucs_list_clusters = { UCS_LIST("listClusters", "/v1/clusters") };
const struct call ucs_list_fleets = { UCS_LIST("listFleets", "/v1/clustergroups") };
const struct call ucs_list_rules = { UCS_LIST("listPermissionRules", "/v1/permissions/rules") };
const struct call ucs_list_managed_clusters = { .id = "listManagedClusters",
                                                .service = "ucs",
                                                .path = "/v1/managedclusters",
                                                .scope = SCOPE_DOMAIN,
                                                .query = "unregister=true",
                                                .items = "",
                                                .key = "/metadata/uid" };

const struct call ucs_register_cluster = {
        .id = "registerCluster",
        .service = "ucs",
        .method = METHOD_POST,
        .path = "/v1/clusters",
        .scope = SCOPE_DOMAIN,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
};

const struct call ucs_get_cluster = {
        .id = "getCluster",
        .service = "ucs",
        .method = METHOD_GET,
        .path = "/v1/clusters/{clusterid}",
        .scope = SCOPE_DOMAIN,
        .risk = RISK_READ,
        .repeat = REPEAT_SAFE,
};

const struct call ucs_update_cluster = {
        .id = "updateCluster",
        .service = "ucs",
        .method = METHOD_PUT,
        .path = "/v1/clusters/{clusterid}",
        .scope = SCOPE_DOMAIN,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_SAME,
};

const struct call ucs_deregister_cluster = {
        .id = "deregisterCluster",
        .service = "ucs",
        .method = METHOD_DELETE,
        .path = "/v1/clusters/{clusterid}",
        .scope = SCOPE_DOMAIN,
        .risk = RISK_DELETE,
        .repeat = REPEAT_SAME,
};

const struct call ucs_get_cluster_access_info = {
        .id = "getClusterAccessInfo",
        .service = "ucs",
        .method = METHOD_GET,
        .path = "/v1/clusters/{clusterid}/accessinfo",
        .query = "vpcendpoint={vpcendpoint}&region={region}",
        .scope = SCOPE_DOMAIN,
        .risk = RISK_SECRET,
        .repeat = REPEAT_ONCE,
        .success = "",
        .failure_is = "Downloaded",
        .failure = EEXIST,
};

const struct call ucs_activate_cluster = {
        .id = "activateCluster",
        .service = "ucs",
        .method = METHOD_PUT,
        .path = "/v1/clusters/{clusterid}/activation",
        .scope = SCOPE_DOMAIN,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_SAME,
};

const struct call ucs_update_cluster_associated_rules = {
        .id = "updateClusterAssociatedRules",
        .service = "ucs",
        .method = METHOD_PUT,
        .path = "/v1/clusters/{clusterid}/associatedrules",
        .scope = SCOPE_DOMAIN,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_SAME,
};

const struct call ucs_join_cluster_to_fleet = {
        .id = "joinClusterToFleet",
        .service = "ucs",
        .method = METHOD_POST,
        .path = "/v1/clusters/{clusterid}/join",
        .scope = SCOPE_DOMAIN,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
};

const struct call ucs_remove_cluster_from_fleet = {
        .id = "removeClusterFromFleet",
        .service = "ucs",
        .method = METHOD_POST,
        .path = "/v1/clusters/{clusterid}/unjoin",
        .scope = SCOPE_DOMAIN,
        .risk = RISK_DELETE,
        .repeat = REPEAT_ONCE,
};

const struct call ucs_create_fleet = {
        .id = "createFleet",
        .service = "ucs",
        .method = METHOD_POST,
        .path = "/v1/clustergroups",
        .scope = SCOPE_DOMAIN,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
};

const struct call ucs_delete_fleet = {
        .id = "deleteFleet",
        .service = "ucs",
        .method = METHOD_DELETE,
        .path = "/v1/clustergroups/{clustergroupid}",
        .scope = SCOPE_DOMAIN,
        .risk = RISK_DELETE,
        .repeat = REPEAT_SAME,
};

const struct call ucs_get_fleet = {
        .id = "getFleet",
        .service = "ucs",
        .method = METHOD_GET,
        .path = "/v1/clustergroups/{clustergroupid}",
        .scope = SCOPE_DOMAIN,
        .risk = RISK_READ,
        .repeat = REPEAT_SAFE,
};

const struct call ucs_add_clusters_to_fleet = {
        .id = "addClustersToFleet",
        .service = "ucs",
        .method = METHOD_PUT,
        .path = "/v1/clustergroups/{clustergroupid}/associatedclusters",
        .scope = SCOPE_DOMAIN,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_SAME,
};

const struct call ucs_update_fleet_description = {
        .id = "updateFleetDescription",
        .service = "ucs",
        .method = METHOD_PUT,
        .path = "/v1/clustergroups/{clustergroupid}/description",
        .scope = SCOPE_DOMAIN,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_SAME,
};

const struct call ucs_update_fleet_associated_rules = {
        .id = "updateFleetAssociatedRules",
        .service = "ucs",
        .method = METHOD_PUT,
        .path = "/v1/clustergroups/{clustergroupid}/associatedrules",
        .scope = SCOPE_DOMAIN,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_SAME,
};

const struct call ucs_update_fleet_associated_zones = {
        .id = "updateFleetAssociatedZones",
        .service = "ucs",
        .method = METHOD_PUT,
        .path = "/v1/clustergroups/{clustergroupid}/associatedzones",
        .scope = SCOPE_DOMAIN,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_SAME,
};

const struct call ucs_enable_fleet_federation = {
        .id = "enableFleetFederation",
        .service = "ucs",
        .method = METHOD_POST,
        .path = "/v1/clustergroups/{clustergroupid}/federations",
        .scope = SCOPE_DOMAIN,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
};

const struct call ucs_retry_fleet_federation = {
        .id = "enableFleetFederation",
        .service = "ucs",
        .method = METHOD_POST,
        .path = "/v1/clustergroups/{clustergroupid}/federations",
        .query = "retryjoinall=true",
        .scope = SCOPE_DOMAIN,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
};

const struct call ucs_disable_fleet_federation = {
        .id = "disableFleetFederation",
        .service = "ucs",
        .method = METHOD_DELETE,
        .path = "/v1/clustergroups/{clustergroupid}/federations",
        .scope = SCOPE_DOMAIN,
        .risk = RISK_DELETE,
        .repeat = REPEAT_SAME,
};

const struct call ucs_create_federation_cert = {
        .id = "createFederationCert",
        .service = "ucs",
        .method = METHOD_POST,
        .path = "/v1/clustergroups/{clustergroupid}/cert",
        .scope = SCOPE_DOMAIN,
        .risk = RISK_SECRET,
        .repeat = REPEAT_ONCE,
};

const struct call ucs_create_federation_connection = {
        .id = "createFederationConnection",
        .service = "ucs",
        .method = METHOD_POST,
        .path = "/v1/clustergroups/{clustergroupid}/connection",
        .scope = SCOPE_DOMAIN,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
};

const struct call ucs_download_federation_kubeconfig = {
        .id = "downloadFederationKubeconfig",
        .service = "ucs",
        .method = METHOD_POST,
        .path = "/v1/clustergroups/{clustergroupid}/kubeconfig",
        .scope = SCOPE_DOMAIN,
        .risk = RISK_SECRET,
        .repeat = REPEAT_ONCE,
};

const struct call ucs_create_permission_rule = {
        .id = "createPermissionRule",
        .service = "ucs",
        .method = METHOD_POST,
        .path = "/v1/permissions/rules",
        .scope = SCOPE_DOMAIN,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
};

const struct call ucs_delete_permission_rule = {
        .id = "deletePermissionRule",
        .service = "ucs",
        .method = METHOD_DELETE,
        .path = "/v1/permissions/rules/{ruleid}",
        .scope = SCOPE_DOMAIN,
        .risk = RISK_DELETE,
        .repeat = REPEAT_SAME,
};

const struct call ucs_update_permission_rule = {
        .id = "updatePermissionRule",
        .service = "ucs",
        .method = METHOD_PUT,
        .path = "/v1/permissions/rules/{ruleid}",
        .scope = SCOPE_DOMAIN,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_SAME,
};

const struct call *const ucs_calls[] = {
        &ucs_register_cluster,
        &ucs_get_cluster,
        &ucs_update_cluster,
        &ucs_deregister_cluster,
        &ucs_get_cluster_access_info,
        &ucs_activate_cluster,
        &ucs_update_cluster_associated_rules,
        &ucs_join_cluster_to_fleet,
        &ucs_remove_cluster_from_fleet,
        &ucs_create_fleet,
        &ucs_delete_fleet,
        &ucs_get_fleet,
        &ucs_add_clusters_to_fleet,
        &ucs_update_fleet_description,
        &ucs_update_fleet_associated_rules,
        &ucs_update_fleet_associated_zones,
        &ucs_enable_fleet_federation,
        &ucs_disable_fleet_federation,
        &ucs_create_federation_cert,
        &ucs_create_federation_connection,
        &ucs_download_federation_kubeconfig,
        &ucs_create_permission_rule,
        &ucs_delete_permission_rule,
        &ucs_update_permission_rule,
        NULL,
};
