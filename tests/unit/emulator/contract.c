/* SPDX-License-Identifier: Apache-2.0 */
#include "contrib/emulator/contract.h"

#include "contrib/emulator/exchange.h"
#include "contrib/emulator/hosts.h"
#include "tests/unit/unit.h"

static struct contract *contract;

/* The operation that a path leads to, and the parameter of that name on the way. */
static const char *route(const char *service, const char *method, const char *path,
                         const char *name, const char *value) {
        struct pairs params = { 0 };
        bool known;
        const struct operation *op =
                contract_route(contract, service, method, path, &params, &known);

        if (name)
                ck_assert_str_eq(pairs_get(&params, name, false), value);
        pairs_clear(&params);
        return op ? op->id : known ? "(other method)" : "(unknown)";
}

START_TEST(fixed_segments_win_over_placeholders) {
        ck_assert_str_eq(route("ems", "POST", "/v1/clusters/enroll", NULL, NULL), "enrollCluster");
        ck_assert_str_eq(route("ems", "GET", "/v1/clusters/enroll", "cluster_id", "enroll"),
                         "showCluster");
        ck_assert_str_eq(route("ems", "GET", "/v1/clusters/labels", NULL, NULL),
                         "listClustersLabels");
        ck_assert_str_eq(route("cse", "GET", "/v3/p/csemonitor/metric/list", NULL, NULL),
                         "listMicroserviceMetrics");
        ck_assert_str_eq(route("cse", "GET", "/v3/p/govern/governance/display", NULL, NULL),
                         "listGovernancePolicies");
        ck_assert_str_eq(
                route("karmada", "GET", "/apis/apps/v1/namespaces/n/deployments/d", "name", "d"),
                "getDeployment");
        ck_assert_str_eq(route("karmada", "GET", "/apis/apps/v1/namespaces/n/statefulsets/s",
                               "group", "apps"),
                         "getResource");
        ck_assert_str_eq(route("karmada", "GET", "/api/v1/namespaces/n/pods", "resource", "pods"),
                         "listResource");
        ck_assert_str_eq(route("karmada", "GET", "/api/v1/namespaces/n", "resource", "namespaces"),
                         "getResource");
}
END_TEST

START_TEST(parameters_are_decoded) {
        ck_assert_str_eq(route("servicecomb", "GET",
                               "/v4/default/registry/microservices/s1/schemas/a%20b%2Bc",
                               "schema_id", "a b+c"),
                         "getSchema");
        ck_assert_str_eq(route("iam", "GET", "/v3/projects/", NULL, NULL), "listProjects");
}
END_TEST

START_TEST(what_is_not_in_the_contract_is_not_found) {
        ck_assert_str_eq(route("dws", "GET", "/v1.0/p/nothing", NULL, NULL), "(unknown)");
        ck_assert_str_eq(route("dws", "PATCH", "/v1.0/p/clusters", NULL, NULL), "(other method)");
        ck_assert_str_eq(route("ucs", "GET", "/v1/clusters//join", NULL, NULL), "(unknown)");
        ck_assert_str_eq(route("ucs", "GET", "v1/clusters", NULL, NULL), "(unknown)");
        ck_assert_str_eq(route("ems", "GET", "/v1/managedclusters", NULL, NULL), "(unknown)");
}
END_TEST

START_TEST(extensions_are_found_beside_the_documents) {
        ck_assert_str_eq(route("servicecomb", "DELETE",
                               "/v4/default/registry/microservices/s/schemas/x", NULL, NULL),
                         "deleteSchema");
        ck_assert_str_eq(route("karmada", "GET", "/version", NULL, NULL), "getVersion");
        ck_assert_str_eq(route("iam", "GET", "/v3/auth/domains", NULL, NULL), "listDomains");
}
END_TEST

static void count(const struct operation *op, void *arg) {
        size_t *counts = arg;

        counts[op->node ? 0 : 1]++;
        ck_assert_ptr_nonnull(op->id);
        /* A handler's name that no operation has would never be called. */
        ck_assert_ptr_eq(contract_operation(contract, op->service, op->id)->document, op->document);
}

START_TEST(every_operation_of_the_documents_is_there) {
        size_t counts[2] = { 0 };

        contract_each(contract, count, counts);
        ck_assert_uint_eq(counts[0], 201);
        ck_assert_uint_gt(counts[1], 40);
}
END_TEST

START_TEST(every_handler_has_an_operation) {
        for (const struct service_part *part = service_parts; part->service; part++)
                for (const struct handler *h = part->handlers; h && h->operation_id; h++)
                        ck_assert_msg(contract_operation(contract, part->service, h->operation_id),
                                      "%s %s", part->service, h->operation_id);
}
END_TEST

START_TEST(errors_have_the_shape_of_their_document) {
        const struct operation *kie = contract_operation(contract, "servicecomb", "createConfig");
        const struct operation *registry =
                contract_operation(contract, "servicecomb", "getMicroservice");
        const struct operation *dws = contract_operation(contract, "dws", "showCluster");

        ck_assert_int_eq(operation_error_shape(kie, "servicecomb", 409), SHAPE_ERROR_MESSAGE);
        ck_assert_int_eq(operation_error_shape(registry, "servicecomb", 400), SHAPE_CAMEL);
        ck_assert_int_eq(operation_error_shape(registry, "servicecomb", 418), SHAPE_CAMEL);
        ck_assert_int_eq(operation_error_shape(dws, "dws", 404), SHAPE_ERROR_MSG);
        ck_assert_int_eq(operation_error_shape(NULL, "karmada", 404), SHAPE_KUBERNETES);
        ck_assert_int_eq(operation_error_shape(NULL, "ucs", 400), SHAPE_ERROR_MSG);
        ck_assert_str_eq(contract_error_message(registry, "400001"), "Invalid parameter(s)");
        ck_assert_ptr_null(contract_error_message(registry, "999999"));
}
END_TEST

static void expect_host(const char *name, const char *service, const char *instance,
                        const char *region) {
        struct host host = host_parse(name);

        ck_assert_msg(str_eq(host.service, service), "%s is %s", name,
                      host.service ? host.service : "unknown");
        ck_assert_str_eq(host.instance, instance);
        ck_assert_str_eq(host.region, region);
        host_clear(&host);
}

START_TEST(hosts_tell_service_instance_and_region) {
        expect_host("dws.cn-north-4.localhost", "dws", "", "cn-north-4");
        expect_host("ucs.localhost", "ucs", "", "");
        expect_host("iam.ap-southeast-3.localhost", "iam", "", "ap-southeast-3");
        expect_host("registry-shop-a.localhost", "servicecomb", "shop-a", "");
        expect_host("kie-shop.localhost", "servicecomb", "shop", "");
        expect_host("kie.localhost", "servicecomb", "standalone", "");
        expect_host("secure-sc.localhost", "servicecomb", "secure", "");
        expect_host("web.fleet.ucs.cn-north-4-dev.localhost", "karmada", "web", "cn-north-4");
        expect_host("emulator.localhost", "admin", "", "");
        expect_host("web.fleet.ucs.cn-north-4.localhost", NULL, "", "");
        expect_host("dws.localhost", NULL, "", "");
        expect_host("dws.a.b.localhost", NULL, "", "");
        expect_host("localhost", NULL, "", "");
        expect_host("dws.cn-north-4.myhuaweicloud.com", NULL, "", "");
        expect_host("", NULL, "", "");
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "fixed segments", fixed_segments_win_over_placeholders, 0 },
                { "parameters", parameters_are_decoded, 0 },
                { "unknown", what_is_not_in_the_contract_is_not_found, 0 },
                { "extensions", extensions_are_found_beside_the_documents, 0 },
                { "operations", every_operation_of_the_documents_is_there, 0 },
                { "handlers", every_handler_has_an_operation, 0 },
                { "errors", errors_have_the_shape_of_their_document, 0 },
                { "hosts", hosts_tell_service_instance_and_region, 0 },
                { 0 },
        };
        int status;

        if (contract_load(CONTRACT, &contract) < 0)
                return 1;
        status = unit_main("emulator-contract", cases);
        contract_free(contract);
        return status;
}
