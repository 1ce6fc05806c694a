/* SPDX-License-Identifier: Apache-2.0 */
/* Which address a service has. */
#include "auth/endpoint.h"

#include "auth/sources.h"
#include "base/text.h"
#include "tests/unit/auth/home.h"
#include "tests/unit/unit.h"

struct row {
        const char *service, *region, *url; /* url NULL: part of the reason in `why` */
        const char *why;
};

static const struct row rows[] = {
        { "dws", "cn-north-4", "https://dws.cn-north-4.myhuaweicloud.com", NULL },
        { "dws", "cn-south-4", "https://dws.cn-south-4.myhuaweicloud.cn", NULL },
        { "dws", "eu-west-101", "https://dws.eu-west-101.myhuaweicloud.eu", NULL },
        { "cse", "cn-south-4", "https://cse.cn-south-4.myhuaweicloud.com", NULL },
        { "cse", "my-kualalumpur-1", "https://cse.my-kualalumpur-1.myhuaweicloud.com", NULL },
        { "iam", "cn-north-4", "https://iam.cn-north-4.myhuaweicloud.com", NULL },
        { "iam", NULL, "https://iam.myhuaweicloud.com", NULL },
        { "iam", "cn-southwest-9", "https://iam.myhuaweicloud.com", NULL },
        { "ucs", NULL, "https://ucs.myhuaweicloud.com", NULL },
        { "ucs", "cn-north-4", "https://ucs.myhuaweicloud.com", NULL },
        { "cse", "cn-north-2", NULL, "set endpoint.cse.cn-north-2 for account `x`" },
        { "dws", "xx-nowhere-1", NULL, "no address is known for dws in region `xx-nowhere-1`" },
        { "dws", "MOS", NULL, "`MOS` is no region's name" },
        { "ems", "cn-north-4", NULL, "EMS has no public address: set endpoint.ems" },
};

static void expect(const struct account *account, const struct row *row) {
        char *url = NULL;
        struct op op;
        int r;

        op_init(&op, OP_INTERACTIVE, 0);
        r = endpoint_find(&op, account, row->service, row->region, &url);
        if (row->url) {
                ck_assert_msg(r == 0, "%s %s: %s", row->service, row->region, op.fault.reason);
                ck_assert_str_eq(url, row->url);
        } else {
                ck_assert_int_eq(r, -ENOENT);
                ck_assert_msg(strstr(op.fault.reason, row->why), "got `%s`", op.fault.reason);
        }
        free(url);
}

START_TEST(the_tables_tell) {
        char name[] = "x";
        struct account account = { .name = name };

        expect(&account, &rows[_i]);
}
END_TEST

START_TEST(a_template_without_a_region_loses_its_label) {
        char *url = NULL;

        ck_assert_int_eq(endpoint_expand("https://iam.{region}.localhost:8443", NULL, &url), 0);
        ck_assert_str_eq(url, "https://iam.localhost:8443");
        free(url);
}
END_TEST

START_TEST(an_own_cloud_is_addressed_likewise) {
        static const struct row own[] = {
                { "dws", "xx-nowhere-1", "https://dws.xx-nowhere-1.localhost:8443", NULL },
                { "dws", "eu-de", "https://dws.eu-de.localhost:8443", NULL },
                { "ems", "cn-north-4", "https://ems.cn-north-4.localhost:8443", NULL },
                { "ucs", "cn-north-4", "https://ucs.localhost:8443", NULL },
                { "iam", NULL, "https://iam.localhost:8443", NULL },
                { "iam", "cn-north-4", "https://iam.cn-north-4.localhost:8443", NULL },
                { "dws", "MOS", NULL, "no region's name" },
                { "dws", NULL, NULL, "no address is known for dws: set endpoint.dws" },
        };
        char name[] = "x", cloud[] = "localhost:8443";
        struct account account = { .name = name, .cloud = cloud };

        for (size_t i = 0; i < ELEMENTSOF(own); i++)
                expect(&account, &own[i]);
}
END_TEST

/* As Terraform and others write it: the calls' own paths have the version. */
START_TEST(the_version_is_no_part_of_the_address_of_iam) {
        static const struct row versions[] = {
                { "iam", "cn-north-4", "https://iam.example.com", NULL },
                { "iam", "cn-north-1", "https://iam.cn-north-1.example.com/x", NULL },
                { "dws", "cn-north-4", "https://dws.example.com/v3", NULL },
        };
        static char name[] = "x", one[] = "iam.cn-north-4", iam[] = "iam", dws[] = "dws";
        static char one_url[] = "https://iam.example.com/v3/",
                    all_url[] = "https://iam.{region}.example.com/x/v3",
                    dws_url[] = "https://dws.example.com/v3";
        struct setting settings[] = { { one, one_url }, { iam, all_url }, { dws, dws_url } };
        struct account account = { .name = name,
                                   .endpoints = settings,
                                   .n_endpoints = ELEMENTSOF(settings) };

        for (size_t i = 0; i < ELEMENTSOF(versions); i++)
                expect(&account, &versions[i]);
}
END_TEST

static struct config *load(const char *text) {
        struct config *config = NULL;
        struct op op;
        int r;

        (void)home_write(".config/hcloudfs/hcloudfs.conf", 0600, text);
        op_init(&op, OP_INTERACTIVE, 0);
        r = config_load(&op, NULL, &config);
        ck_assert_msg(r == 0, "%s", op.fault.reason);
        return config;
}

START_TEST(what_is_configured_comes_first) {
        static const struct row expected[] = {
                { "dws", "cn-north-4", "https://one", NULL },
                { "dws", "cn-east-3", "https://all.cn-east-3.example.com/cn-east-3", NULL },
                { "dws", "xx-nowhere-1", "https://all.xx-nowhere-1.example.com/xx-nowhere-1",
                  NULL },
                { "dws", "MOS", "https://all.MOS.example.com/MOS", NULL },
                { "cse", "cn-north-4", "https://env-cse", NULL },
                { "cse", "cn-east-3", "https://yaml-cse-east", NULL },
                { "cse", "cn-south-1", "https://first", NULL },
                { "ucs", NULL, "https://yaml-ucs", NULL },
                { "iam", "cn-north-4", "https://iam.cn-north-4.myhuaweicloud.com", NULL },
        };
        struct config *config;

        home_enter();
        (void)home_write(".huaweicloud/regions.yaml", 0644,
                         "DWS:\n- id: cn-north-4\n  endpoint: https://no\n"
                         "cse:\n- {id: cn-north-4, endpoint: https://no}\n"
                         "- id: cn-east-3\n  endpoint: https://yaml-cse-east\n"
                         "- id: cn-south-1\n  endpoints:\n  - https://first\n  - https://second\n"
                         "- nonsense\n"
                         "UCS:\n- id: cn-north-4\n  endpoint: yaml-ucs\n"
                         "OBS:\n- id: cn-north-4\n  endpoint: https://no\n");
        ck_assert_int_eq(setenv("HUAWEICLOUD_SDK_REGION_CSE_CN_NORTH_4", "env-cse,https://no", 1),
                         0);
        ck_assert_int_eq(setenv("HUAWEICLOUD_SDK_REGION_DWS_CN_NORTH_4", "https://no", 1), 0);
        ck_assert_int_eq(setenv("HUAWEICLOUD_SDK_REGION_ID", "cn-north-4", 1), 0);
        ck_assert_int_eq(setenv("HUAWEICLOUD_SDK_REGION_OBS_CN_NORTH_4", "https://no", 1), 0);
        config = load("[account x]\nak = a\nsk = b\n"
                      "endpoint.dws = https://all.{region}.example.com/{region}\n"
                      "endpoint.dws.cn-north-4 = https://one\n");
        for (size_t i = 0; i < ELEMENTSOF(expected); i++)
                expect(&config->accounts[0], &expected[i]);
        (void)config_free(config);
        home_leave();
}
END_TEST

static int ignore(void *data, const char *service, const char *region, const char *url) {
        (void)data;
        (void)service;
        (void)region;
        (void)url;
        return 0;
}

START_TEST(a_regions_file_that_is_no_yaml_is_named) {
        struct op op;

        op_init(&op, OP_INTERACTIVE, 0);
        ck_assert_int_eq(regions_read(&op, "/r.yaml", "dws: [\n- {", 10, ignore, NULL), -EINVAL);
        ck_assert_ptr_nonnull(strstr(op.fault.reason, "/r.yaml:"));
        ck_assert_int_eq(regions_read(&op, "/r.yaml", "", 0, ignore, NULL), 0);
        ck_assert_int_eq(regions_read(&op, "/r.yaml", "- a\n", 4, ignore, NULL), 0);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "the tables tell", the_tables_tell, ELEMENTSOF(rows) },
                { "a template without a region loses its label",
                  a_template_without_a_region_loses_its_label, 0 },
                { "version", the_version_is_no_part_of_the_address_of_iam, 0 },
                { "an own cloud is addressed likewise", an_own_cloud_is_addressed_likewise, 0 },
                { "what is configured comes first", what_is_configured_comes_first, 0 },
                { "a regions file that is no YAML is named",
                  a_regions_file_that_is_no_yaml_is_named, 0 },
                { NULL, NULL, 0 },
        };

        return unit_main("endpoint", cases);
}
