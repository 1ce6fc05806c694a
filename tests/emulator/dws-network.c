/* SPDX-License-Identifier: Apache-2.0 */
/* Domain names, load balancers, elastic IPs. */
#include "tests/emulator/cloud.h"

#include <string.h>

#define CLUSTER         "/v1.0/" PROJECT "/clusters/%s"
#define DNS(name, type) "{\"name\":\"" name "\",\"type\":\"" type "\",\"ttl\":300}"
#define EIP             "0f0e0d0c-0b0a-4908-a706-050403020100"
#define OLD_EIP         "1923e8b0-cd40-4469-8cb1-64546c7b530c"

START_TEST(domain_names) {
        const char *id;

        cloud_start("demo");
        id = warehouse_id("dws-production");
        refused(400, "DWS.0001", NULL, "DELETE " CLUSTER "/dns?type=public", id);
        refused(400, "DWS.0001", DNS("sales", "public"), "PUT " CLUSTER "/dns", id);
        refused(400, "DWS.5065", DNS("Not A Label", "public"), "POST " CLUSTER "/dns", id);
        ck_assert_ptr_null(ask(200, DNS("sales", "public"), "POST " CLUSTER "/dns", id));
        assert_text(warehouse(id), "/public_endpoints/0/public_connect_info",
                    "sales.cn-north-4.dwscloud.com");
        refused(400, "DWS.5065", DNS("other", "public"), "POST " CLUSTER "/dns", id);
        ask(200, DNS("inner", "private"), "POST " CLUSTER "/dns", id);
        assert_text(warehouse(id), "/endpoints/0/connect_info", "inner.cn-north-4.dwscloud.com");
        ask(200, DNS("outer", "public"), "PUT " CLUSTER "/dns", id);
        assert_text(warehouse(id), "/public_endpoints/0/public_connect_info",
                    "outer.cn-north-4.dwscloud.com");
        ck_assert_ptr_null(ask(200, NULL, "DELETE " CLUSTER "/dns?type=public", id));
        assert_text(warehouse(id), "/public_endpoints/0/public_connect_info",
                    "dws-production.cn-north-4.dwscloud.com");
        cloud_stop();
}
END_TEST

static struct json_object *candidates(const char *id) {
        return js_get(ask(200, NULL, "GET /v2/" PROJECT "/clusters/%s/elbs", id), "/elbs");
}

START_TEST(load_balancers) {
        struct json_object *list;
        const char *id, *elb, *other;

        cloud_start("demo");
        id = warehouse_id("dws-production");
        list = candidates(id);
        ck_assert_uint_eq(js_len(list, ""), 2);
        elb = js_str(js_at(list, 0), "/id");
        other = js_str(js_at(list, 1), "/id");
        assert_text(js_at(list, 0), "/cluster_id", id);
        ck_assert_ptr_null(js_get(warehouse(id), "/elb"));
        refused(400, "DWS.0102", NULL, "POST /v2/" PROJECT "/clusters/%s/elbs/" UNKNOWN, id);
        refused(400, "DWS.0102", NULL, "DELETE /v2/" PROJECT "/clusters/%s/elbs/%s", id, elb);
        list = ask(200, NULL, "POST /v2/" PROJECT "/clusters/%s/elbs/%s", id, elb);
        ck_assert_uint_eq(strlen(js_str(list, "/job_id")), 32);
        assert_text(warehouse(id), "/task_status", "ELB_BINDING");
        assert_text(warehouse(id), "/action_progress/ELB_BINDING", "0%");
        cloud_advance(MINUTE);
        assert_text(warehouse(id), "/elb/id", elb);
        assert_text(warehouse(id), "/elb/name", "loadbalancer1");
        ck_assert(!has_element(candidates(id), "/id", elb));
        ck_assert(!has_element(candidates(warehouse_id("dws-reporting")), "/id", elb));
        refused(403, "DWS.7023", NULL, "POST /v2/" PROJECT "/clusters/%s/elbs/%s", id, other);
        refused(400, "DWS.0102", NULL, "POST /v2/" PROJECT "/clusters/%s/elbs/%s",
                warehouse_id("dws-reporting"), elb);
        ask(200, NULL, "DELETE /v2/" PROJECT "/clusters/%s/elbs/%s", id, elb);
        assert_text(warehouse(id), "/task_status", "ELB_UNBINDING");
        cloud_advance(MINUTE);
        ck_assert_ptr_null(js_get(warehouse(id), "/elb"));
        ck_assert(has_element(candidates(id), "/id", elb));
        cloud_stop();
}
END_TEST

/* A deleted cluster gives its load balancer back. */
START_TEST(deletion_frees_the_load_balancer) {
        const char *id, *other, *elb;

        cloud_start("demo");
        id = warehouse_id("dws-production");
        other = warehouse_id("dws-reporting");
        elb = js_str(js_at(candidates(id), 0), "/id");
        ask(200, NULL, "POST /v2/" PROJECT "/clusters/%s/elbs/%s", id, elb);
        cloud_advance(MINUTE);
        ask(202, "{\"keep_last_manual_snapshot\":0}", "DELETE " CLUSTER, id);
        cloud_advance(4 * MINUTE);
        ck_assert(has_element(candidates(other), "/id", elb));
        cloud_stop();
}
END_TEST

START_TEST(elastic_ips) {
        const char *id, *other;

        cloud_start("demo");
        id = warehouse_id("dws-production");
        other = warehouse_id("dws-reporting");
        assert_text(warehouse(id), "/public_ip/eip_id", OLD_EIP);
        refused(403, "DWS.7023", NULL, "POST /v2/" PROJECT "/clusters/%s/eips/" EIP, id);
        refused(403, "DWS.7023", NULL, "POST /v2/" PROJECT "/clusters/%s/eips/" OLD_EIP, other);
        refused(400, "DWS.5135", NULL, "DELETE /v2/" PROJECT "/clusters/%s/eips/" EIP, id);
        refused(400, "DWS.5133", NULL, "POST /v2/" PROJECT "/clusters/%s/eips/x", other);
        refused(400, "DWS.5135", NULL, "POST /v2/" PROJECT "/clusters/%s/eips/" NIL, other);
        ck_assert_ptr_null(ask(200, NULL, "DELETE /v2/" PROJECT "/clusters/%s/eips/" OLD_EIP, id));
        assert_text(warehouse(id), "/public_ip/public_bind_type", "not_use");
        assert_text(warehouse(id), "/public_ip/eip_id", "");
        ck_assert_uint_eq(js_len(warehouse(id), "/public_endpoints"), 0);
        ck_assert_ptr_null(ask(200, NULL, "POST /v2/" PROJECT "/clusters/%s/eips/" EIP, id));
        assert_text(warehouse(id), "/public_ip/public_bind_type", "bind_existing");
        assert_text(warehouse(id), "/public_ip/eip_id", EIP);
        ck_assert_uint_eq(js_len(warehouse(id), "/public_endpoints"), 1);
        cloud_stop();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "domain names", domain_names, 0 },
                { "load balancers", load_balancers, 0 },
                { "deletion frees the load balancer", deletion_frees_the_load_balancer, 0 },
                { "elastic ips", elastic_ips, 0 },
                { 0 },
        };

        return unit_main("dws-network", cases);
}
