/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/tables/servicecomb-calls.h"

const struct call servicecomb_get_microservice = {
        .id = "getMicroservice",
        .service = "servicecomb",
        .method = METHOD_GET,
        .path = "/v4/{project_id}/registry/microservices/{service_id}",
        .endpoint = ENDPOINT_REGISTRY,
        .scope = SCOPE_ENGINE,
        .risk = RISK_READ,
        .repeat = REPEAT_SAFE,
};

const struct call servicecomb_delete_microservice = {
        .id = "deleteMicroservice",
        .service = "servicecomb",
        .method = METHOD_DELETE,
        .path = "/v4/{project_id}/registry/microservices/{service_id}",
        .endpoint = ENDPOINT_REGISTRY,
        .scope = SCOPE_ENGINE,
        .risk = RISK_DELETE,
        .repeat = REPEAT_SAME,
};

const struct call servicecomb_force_delete_microservice = {
        .id = "deleteMicroservice",
        .service = "servicecomb",
        .method = METHOD_DELETE,
        .path = "/v4/{project_id}/registry/microservices/{service_id}",
        .query = "force=true",
        .endpoint = ENDPOINT_REGISTRY,
        .scope = SCOPE_ENGINE,
        .risk = RISK_DELETE,
        .repeat = REPEAT_SAME,
};

const struct call servicecomb_create_microservice = {
        .id = "createMicroservice",
        .service = "servicecomb",
        .method = METHOD_POST,
        .path = "/v4/{project_id}/registry/microservices",
        .endpoint = ENDPOINT_REGISTRY,
        .scope = SCOPE_ENGINE,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
};

const struct call servicecomb_delete_microservices = {
        .id = "deleteMicroservices",
        .service = "servicecomb",
        .method = METHOD_DELETE,
        .path = "/v4/{project_id}/registry/microservices",
        .query = "force={force}",
        .endpoint = ENDPOINT_REGISTRY,
        .scope = SCOPE_ENGINE,
        .risk = RISK_DELETE,
        .repeat = REPEAT_SAME,
        .success = "/services/*/errMessage",
};

const struct call servicecomb_update_microservice_properties = {
        .id = "updateMicroserviceProperties",
        .service = "servicecomb",
        .method = METHOD_PUT,
        .path = "/v4/{project_id}/registry/microservices/{service_id}/properties",
        .endpoint = ENDPOINT_REGISTRY,
        .scope = SCOPE_ENGINE,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_SAME,
};

const struct call servicecomb_check_existence = {
        .id = "checkExistence",
        .service = "servicecomb",
        .method = METHOD_GET,
        .path = "/v4/{project_id}/registry/existence",
        .query = "type=microservice&env={env?}&appId={app?}&serviceName={service}&version={name}",
        .endpoint = ENDPOINT_REGISTRY,
        .scope = SCOPE_ENGINE,
        .risk = RISK_READ,
        .repeat = REPEAT_SAFE,
};

const struct call servicecomb_get_schema = {
        .id = "getSchema",
        .service = "servicecomb",
        .method = METHOD_GET,
        .path = "/v4/{project_id}/registry/microservices/{service_id}/schemas/{schema_id}",
        .endpoint = ENDPOINT_REGISTRY,
        .scope = SCOPE_ENGINE,
        .risk = RISK_READ,
        .repeat = REPEAT_SAFE,
};

const struct call servicecomb_put_schema = {
        .id = "putSchema",
        .service = "servicecomb",
        .method = METHOD_PUT,
        .path = "/v4/{project_id}/registry/microservices/{service_id}/schemas/{schema_id}",
        .endpoint = ENDPOINT_REGISTRY,
        .scope = SCOPE_ENGINE,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_SAME,
};

const struct call servicecomb_delete_schema = {
        .id = "deleteSchema",
        .service = "servicecomb",
        .method = METHOD_DELETE,
        .path = "/v4/{project_id}/registry/microservices/{service_id}/schemas/{schema_id}",
        .endpoint = ENDPOINT_REGISTRY,
        .scope = SCOPE_ENGINE,
        .risk = RISK_DELETE,
        .repeat = REPEAT_SAME,
        .extension = "delete a schema",
};

const struct call servicecomb_register_instance = {
        .id = "registerInstance",
        .service = "servicecomb",
        .method = METHOD_POST,
        .path = "/v4/{project_id}/registry/microservices/{service_id}/instances",
        .endpoint = ENDPOINT_REGISTRY,
        .scope = SCOPE_ENGINE,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
};

const struct call servicecomb_deregister_instance = {
        .id = "deregisterInstance",
        .service = "servicecomb",
        .method = METHOD_DELETE,
        .path = "/v4/{project_id}/registry/microservices/{service_id}/instances/{instance_id}",
        .endpoint = ENDPOINT_REGISTRY,
        .scope = SCOPE_ENGINE,
        .risk = RISK_DELETE,
        .repeat = REPEAT_SAME,
};

const struct call servicecomb_get_instance = {
        .id = "getInstance",
        .service = "servicecomb",
        .method = METHOD_GET,
        .path = "/v4/{project_id}/registry/microservices/{service_id}/instances/{instance_id}",
        .endpoint = ENDPOINT_REGISTRY,
        .scope = SCOPE_ENGINE,
        .risk = RISK_READ,
        .repeat = REPEAT_SAFE,
};

const struct call servicecomb_update_instance_properties = {
        .id = "updateInstanceProperties",
        .service = "servicecomb",
        .method = METHOD_PUT,
        .path = "/v4/{project_id}/registry/microservices/{service_id}/instances/{instance_id}/"
                "properties",
        .endpoint = ENDPOINT_REGISTRY,
        .scope = SCOPE_ENGINE,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_SAME,
};

const struct call servicecomb_update_instance_status = {
        .id = "updateInstanceStatus",
        .service = "servicecomb",
        .method = METHOD_PUT,
        .path = "/v4/{project_id}/registry/microservices/{service_id}/instances/{instance_id}/"
                "status",
        .query = "value={status}",
        .endpoint = ENDPOINT_REGISTRY,
        .scope = SCOPE_ENGINE,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_SAME,
};

const struct call servicecomb_send_heartbeat = {
        .id = "sendHeartbeat",
        .service = "servicecomb",
        .method = METHOD_PUT,
        .path = "/v4/{project_id}/registry/microservices/{service_id}/instances/{instance_id}/"
                "heartbeat",
        .endpoint = ENDPOINT_REGISTRY,
        .scope = SCOPE_ENGINE,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_SAME,
};

const struct call servicecomb_batch_find_instances = {
        .id = "batchFindInstances",
        .service = "servicecomb",
        .method = METHOD_POST,
        .path = "/v4/{project_id}/registry/instances/action",
        .query = "type=query",
        .endpoint = ENDPOINT_REGISTRY,
        .scope = SCOPE_ENGINE,
        .risk = RISK_READ,
        .repeat = REPEAT_SAFE,
};

const struct call servicecomb_create_config = {
        .id = "createConfig",
        .service = "servicecomb",
        .method = METHOD_POST,
        .path = "/v1/{project_id}/kie/kv",
        .endpoint = ENDPOINT_CONFIG,
        .scope = SCOPE_ENGINE,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
};

const struct call servicecomb_delete_configs = {
        .id = "deleteConfigs",
        .service = "servicecomb",
        .method = METHOD_DELETE,
        .path = "/v1/{project_id}/kie/kv",
        .endpoint = ENDPOINT_CONFIG,
        .scope = SCOPE_ENGINE,
        .risk = RISK_DELETE,
        .repeat = REPEAT_SAME,
};

const struct call servicecomb_update_config = {
        .id = "updateConfig",
        .service = "servicecomb",
        .method = METHOD_PUT,
        .path = "/v1/{project_id}/kie/kv/{kv_id}",
        .endpoint = ENDPOINT_CONFIG,
        .scope = SCOPE_ENGINE,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_SAME,
};

const struct call servicecomb_get_config = {
        .id = "getConfig",
        .service = "servicecomb",
        .method = METHOD_GET,
        .path = "/v1/{project_id}/kie/kv/{kv_id}",
        .endpoint = ENDPOINT_CONFIG,
        .scope = SCOPE_ENGINE,
        .risk = RISK_READ,
        .repeat = REPEAT_SAFE,
};

const struct call servicecomb_delete_config = {
        .id = "deleteConfig",
        .service = "servicecomb",
        .method = METHOD_DELETE,
        .path = "/v1/{project_id}/kie/kv/{kv_id}",
        .endpoint = ENDPOINT_CONFIG,
        .scope = SCOPE_ENGINE,
        .risk = RISK_DELETE,
        .repeat = REPEAT_SAME,
};

const struct call *const servicecomb_calls[] = {
        &servicecomb_get_microservice,
        &servicecomb_delete_microservice,
        &servicecomb_create_microservice,
        &servicecomb_delete_microservices,
        &servicecomb_update_microservice_properties,
        &servicecomb_check_existence,
        &servicecomb_get_schema,
        &servicecomb_put_schema,
        &servicecomb_register_instance,
        &servicecomb_deregister_instance,
        &servicecomb_get_instance,
        &servicecomb_update_instance_properties,
        &servicecomb_update_instance_status,
        &servicecomb_send_heartbeat,
        &servicecomb_batch_find_instances,
        &servicecomb_create_config,
        &servicecomb_delete_configs,
        &servicecomb_update_config,
        &servicecomb_get_config,
        &servicecomb_delete_config,
        NULL,
};
