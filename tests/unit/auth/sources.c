/* SPDX-License-Identifier: Apache-2.0 */
/* Where credentials are found when the configuration has none. */
#include "auth/sources.h"

#include "base/text.h"
#include "tests/unit/auth/home.h"
#include "tests/unit/unit.h"

#define SDK    ".huaweicloud/credentials"
#define KOOCLI ".hcloud/config.json"
#define SDK_TEXT                                            \
        "[basic]\nak = SDKAK\nsk = SDKSK\nproject_id = p\n" \
        "[global]\nak = SDKAK\nsk = SDKSK\ndomain_id = D1\n"

static struct op op;

static void set(const char *name, const char *value) {
        ck_assert_int_eq(setenv(name, value, 1), 0);
}

static struct config *load(void) {
        struct config *config = NULL;
        int r;

        op_init(&op, OP_INTERACTIVE, 0);
        r = config_load(&op, NULL, &config);
        ck_assert_msg(r == 0, "%s", op.fault.reason);
        return config;
}

/* The account is there, and says why it cannot be used. */
static void expect(const char *message) {
        struct config *config = load();
        const char *failure = config->accounts[0].failure;

        ck_assert_msg(failure && strstr(failure, message), "got `%s`", failure ? failure : "");
        ck_assert_int_eq(op.fault.error, 0);
        (void)config_free(config);
}

static void expect_keys(const char *ak, const char *sk, const char *token, const char *origin) {
        struct config *config = load();
        const struct account *account = &config->accounts[0];

        ck_assert_str_eq(account->ak, ak);
        ck_assert_str_eq(account->sk, sk);
        ck_assert(text_eq(account->security_token, token));
        ck_assert_msg(strstr(account->origin, origin), "origin is `%s`", account->origin);
        (void)config_free(config);
}

START_TEST(nothing_anywhere_names_the_places) {
        home_enter();
        expect("no credentials for account `default`");
        expect("~/.hcloud/config.json");
        home_leave();
}
END_TEST

START_TEST(the_chain_has_an_order) {
        home_enter();
        (void)home_write(
                KOOCLI, 0600,
                "{\"current\":\"p\",\"authEncrypt\":\"false\",\"profiles\":[{\"name\":\"p\","
                "\"mode\":\"AKSK\",\"accessKeyId\":\"KOOAK\",\"secretAccessKey\":\"KOOSK\","
                "\"region\":\"cn-north-4\",\"domainId\":\"D2\"}]}");
        expect_keys("KOOAK", "KOOSK", NULL, "profile p of /tmp/");
        (void)home_write(SDK, 0600, SDK_TEXT);
        expect_keys("SDKAK", "SDKSK", NULL, "/.huaweicloud/credentials [basic]");
        set("OS_ACCESS_KEY", "OSAK");
        set("OS_SECRET_KEY", "OSSK");
        expect_keys("OSAK", "OSSK", NULL, "environment (OS_ACCESS_KEY, OS_SECRET_KEY)");
        set("HW_ACCESS_KEY", "HWAK");
        set("HW_SECRET_KEY", "HWSK");
        set("HW_SECURITY_TOKEN", "HWTOKEN");
        expect_keys("HWAK", "HWSK", "HWTOKEN", "environment (HW_ACCESS_KEY, HW_SECRET_KEY)");
        set("HUAWEICLOUD_SDK_AK", "EAK");
        set("HUAWEICLOUD_SDK_SK", "ESK");
        expect_keys("EAK", "ESK", NULL, "environment (HUAWEICLOUD_SDK_AK, HUAWEICLOUD_SDK_SK)");
        set("HUAWEICLOUD_SDK_SECURITY_TOKEN", "ETOKEN");
        expect_keys("EAK", "ESK", "ETOKEN", "environment (HUAWEICLOUD_SDK_AK");
        (void)home_write(".config/hcloudfs/hcloudfs.conf", 0600, "[account x]\nak = A\nsk = B\n");
        expect_keys("A", "B", NULL, "access key in /tmp/");
        home_leave();
}
END_TEST

START_TEST(a_source_may_be_named) {
        home_enter();
        set("HW_ACCESS_KEY", "HWAK");
        set("HW_SECRET_KEY", "HWSK");
        (void)home_write(SDK, 0600, SDK_TEXT);
        (void)home_write("other", 0600, "[global]\nak = GAK\nsk = GSK\nsecurity_token = GT\n");
        (void)home_write(KOOCLI, 0600,
                         "{\"current\":\"p\",\"profiles\":[{\"name\":\"q\",\"mode\":\"AKSK\","
                         "\"accessKeyId\":\"QAK\",\"secretAccessKey\":\"QSK\"}]}");
        (void)home_write(".config/hcloudfs/hcloudfs.conf", 0644,
                         "[account x]\ncredentials = sdk\n");
        expect_keys("SDKAK", "SDKSK", NULL, "[basic]");
        (void)home_write(".config/hcloudfs/hcloudfs.conf", 0644,
                         "[account x]\ncredentials = sdk:~/other\n");
        expect_keys("GAK", "GSK", "GT", "/other [global]");
        (void)home_write(".config/hcloudfs/hcloudfs.conf", 0644,
                         "[account x]\ncredentials = koocli:q\n");
        expect_keys("QAK", "QSK", NULL, "profile q of");
        (void)home_write(".config/hcloudfs/hcloudfs.conf", 0644,
                         "[account x]\ncredentials = koocli:none\n");
        expect("there is no profile `none`");
        (void)home_write(".config/hcloudfs/hcloudfs.conf", 0644,
                         "[account x]\ncredentials = koocli\n");
        expect("there is no profile `p`");
        (void)home_write(KOOCLI, 0600, "{\"profiles\":[]}");
        expect("no credentials for account `x` in `credentials = koocli`");
        (void)home_write(".config/hcloudfs/hcloudfs.conf", 0644,
                         "[account x]\ncredentials = environment\n");
        expect_keys("HWAK", "HWSK", NULL, "environment");
        home_leave();
}
END_TEST

START_TEST(one_in_trouble_hides_no_other) {
        struct config *config;

        home_enter();
        (void)home_write(".config/hcloudfs/hcloudfs.conf", 0600,
                         "[account a]\ncredentials = koocli\n"
                         "[account b]\nak = A\nsk = B\n"
                         "[account c]\nak = A\nsk_file = ~/none\nendpoint.dws = d\n"
                         "[account d]\nuser = u\ndomain = d\npassword_env = NONE\n"
                         "[servicecomb e]\nregistry = r\nuser_env = NONE\npassword = p\n");
        config = load();
        ck_assert_uint_eq(config->n_accounts, 5);
        ck_assert_ptr_nonnull(strstr(config->accounts[0].failure, "in `credentials = koocli`"));
        ck_assert_ptr_null(config->accounts[1].failure);
        ck_assert_str_eq(config->accounts[1].sk, "B");
        ck_assert_ptr_nonnull(strstr(config->accounts[2].failure, "/none: No such file"));
        ck_assert_str_eq(config->accounts[2].endpoints[0].value, "https://d");
        ck_assert_str_eq(config->accounts[2].cloud, "myhuaweicloud.com");
        ck_assert_ptr_nonnull(strstr(config->accounts[3].failure, "has no variable NONE"));
        ck_assert_ptr_nonnull(strstr(config->accounts[4].failure, "has no variable NONE"));
        (void)config_free(config);
        home_leave();
}
END_TEST

START_TEST(half_a_pair_is_named) {
        home_enter();
        set("HUAWEICLOUD_SDK_AK", "a");
        expect("the environment has HUAWEICLOUD_SDK_AK but not HUAWEICLOUD_SDK_SK");
        set("HUAWEICLOUD_SDK_AK", "");
        set("HW_SECRET_KEY", "a");
        expect("the environment has HW_SECRET_KEY but not HW_ACCESS_KEY");
        set("OS_ACCESS_KEY", "b");
        expect_keys("b", "a", NULL, "environment (OS_ACCESS_KEY, HW_SECRET_KEY)");
        home_leave();
}
END_TEST

START_TEST(users_and_tokens_come_from_the_environment) {
        const struct account *account;
        struct config *config;

        home_enter();
        set("HW_USER_NAME", "u");
        set("HW_USER_PASSWORD", "p");
        expect("not the name of their account: set HW_DOMAIN_NAME");
        set("HW_DOMAIN_ID", "0123");
        expect("whose id is not enough: set HW_DOMAIN_NAME");
        set("OS_DOMAIN_NAME", "d");
        set("HW_REGION_NAME", "cn-north-4");
        set("HW_CLOUD", "cloud.example.com");
        set("HW_AUTH_URL", "https://iam.cn-north-4.example.com:8443/v3/");
        set("OS_CACERT", "/ca.pem");
        config = load();
        account = &config->accounts[0];
        ck_assert_str_eq(account->user, "u");
        ck_assert_str_eq(account->password, "p");
        ck_assert_str_eq(account->domain, "d");
        ck_assert_str_eq(account->region, "cn-north-4");
        ck_assert_str_eq(account->cloud, "cloud.example.com");
        ck_assert_str_eq(account->ca_file, "/ca.pem");
        ck_assert_str_eq(account->endpoints[0].name, "iam");
        ck_assert_str_eq(account->endpoints[0].value,
                         "https://iam.cn-north-4.example.com:8443/v3/");
        (void)config_free(config);

        ck_assert_int_eq(unsetenv("HW_USER_NAME"), 0);
        ck_assert_int_eq(unsetenv("HW_USER_PASSWORD"), 0);
        set("OS_AUTH_TOKEN", "t");
        config = load();
        ck_assert_str_eq(config->accounts[0].token, "t");
        ck_assert_str_eq(config->accounts[0].origin, "environment (OS_AUTH_TOKEN)");
        (void)config_free(config);
        home_leave();
}
END_TEST

START_TEST(sdk_files_that_are_no_use_say_why) {
        home_enter();
        (void)home_write(SDK, 0644, SDK_TEXT);
        expect("/.huaweicloud/credentials: it holds secrets but others may use it (mode 0644)");
        (void)home_write(SDK, 0600, "[basic]\nak = A\n");
        expect("`ak` and `sk` belong together");
        (void)home_write(SDK, 0600, "[basic]\nidp_id = A\nid_token_file = /t\n");
        expect("login by an identity provider");
        (void)home_write(SDK, 0600, "nonsense\n");
        expect("/.huaweicloud/credentials:1: expected `name = value`");
        (void)home_write(SDK, 0600, "[other]\nak = A\nsk = B\n");
        expect("no credentials");
        set("HUAWEICLOUD_SDK_CREDENTIALS_FILE", home_at("c"));
        (void)home_write("c", 0600, SDK_TEXT);
        expect_keys("SDKAK", "SDKSK", NULL, "/c [basic]");
        home_leave();
}
END_TEST

struct koocli {
        const char *text, *message;
};

#define PROFILE(more) "{\"current\":\"p\",\"profiles\":[{\"name\":\"p\"," more "}]}"
#define AKSK          "\"accessKeyId\":\"a\",\"secretAccessKey\":\"s\""

static const struct koocli koocli[] = {
        { "{\"current\":\"p\",\"authEncrypt\":\"true\",\"profiles\":[{\"name\":\"p\"," AKSK "}]}",
          "hcloud configure set --cli-auth-encrypt=false" },
        { "{\"current\":\"p\",\"authEncrypt\":true,\"profiles\":[{\"name\":\"p\"," AKSK "}]}",
          "its keys are encrypted" },
        { PROFILE("\"mode\":\"ecsAgency\""), "metadata" },
        { PROFILE("\"mode\":\"AKSK\",\"agencyName\":\"x\"," AKSK), "agency" },
        { PROFILE("\"mode\":\"AKSK\""), "profile `p` has no access key" },
        { "{\"profiles\":", "config.json:1: no JSON" },
        { "[]", "no credentials" },
        { "{\"current\":\"p\",\"authEncrypt\":\"True\",\"profiles\":[{\"name\":\"p\"," AKSK "}]}",
          "its keys are encrypted" },
        { "{\"current\":\"gone\",\"profiles\":[{\"name\":\"p\"," AKSK "}]}",
          "config.json: there is no profile `gone`" },
        { "{\"current\":\"p\",\"profiles\":[]}", "no credentials" },
};

START_TEST(koocli_files_that_are_no_use_say_why) {
        home_enter();
        (void)home_write(KOOCLI, 0600, koocli[_i].text);
        expect(koocli[_i].message);
        home_leave();
}
END_TEST

START_TEST(koocli_profiles_are_chosen) {
        home_enter();
        (void)home_write(
                "k.json", 0600,
                "{\"current\":\"a\",\"profiles\":[{\"name\":\"a\",\"accessKeyId\":\"A1\","
                "\"secretAccessKey\":\"S1\"},{\"name\":\"b\",\"mode\":\"SSO\",\"ssoAuth\":{"
                "\"stsToken\":{\"accessKeyId\":\"A2\",\"secretAccessKey\":\"S2\","
                "\"securityToken\":\"T2\"}}}]}");
        set("HW_SHARED_CONFIG_FILE", "~/k.json");
        expect_keys("A1", "S1", NULL, "profile a of");
        set("HW_PROFILE", "b");
        expect_keys("A2", "S2", "T2", "profile b of");
        (void)home_write("k.json", 0640, "{}");
        expect("mode 0640");
        home_leave();
}
END_TEST

static const struct {
        const char *name, *reason;
} unsupported[] = {
        { "HUAWEICLOUD_SDK_IDP_ID", "identity provider" },
        { "HUAWEICLOUD_SDK_ID_TOKEN_FILE", "identity provider" },
        { "HW_ASSUME_ROLE_IDP_ID", "identity provider" },
        { "HW_ASSUME_ROLE_ID_TOKEN", "identity provider" },
        { "HW_ASSUME_ROLE_ID_TOKEN_FILE", "identity provider" },
        { "HC_CONTAINER_CREDENTIALS_FULL_URI", "identity of a pod" },
        { "HW_ASSUME_ROLE_AGENCY_NAME", "acting for an agency" },
        { "OS_AGENCY_NAME", "acting for an agency" },
};

/* Alone each is named; beside keys only those that change whose rights the keys have. */
START_TEST(what_is_not_supported_is_named) {
        bool is_agency = strstr(unsupported[_i].reason, "agency");

        home_enter();
        set(unsupported[_i].name, "x");
        expect(unsupported[_i].name);
        expect(unsupported[_i].reason);
        (void)home_write(SDK, 0600, SDK_TEXT);
        if (text_starts(unsupported[_i].name, "HC_"))
                expect_keys("SDKAK", "SDKSK", NULL, SDK);
        else
                expect(unsupported[_i].reason);
        set("HW_ACCESS_KEY", "a");
        set("HW_SECRET_KEY", "b");
        if (is_agency)
                expect(unsupported[_i].reason);
        else
                expect_keys("a", "b", NULL, "environment");
        home_leave();
}
END_TEST

/* Who names a file means that one and no other. */
START_TEST(named_files_must_be_there) {
        home_enter();
        (void)home_write(SDK, 0600, SDK_TEXT);
        set("HUAWEICLOUD_SDK_CREDENTIALS_FILE", "/none/credentials");
        expect("/none/credentials: No such file or directory");
        home_leave();
        home_enter();
        set("HW_SHARED_CONFIG_FILE", "/none/config.json");
        expect("/none/config.json: No such file or directory");
        home_leave();
        home_enter();
        (void)home_write(".config/hcloudfs/hcloudfs.conf", 0644,
                         "[account x]\ncredentials = koocli:q\n");
        expect(KOOCLI ": No such file or directory");
        home_leave();
}
END_TEST

/* A key that was copied with more than itself would only be refused, and locked, by the cloud. */
START_TEST(keys_have_neither_blanks_nor_line_breaks) {
        home_enter();
        set("HW_ACCESS_KEY", "AK");
        set("HW_SECRET_KEY", "secret\n");
        expect("the secret key of environment (HW_ACCESS_KEY, HW_SECRET_KEY) has a blank or a line "
               "break in it");
        set("HW_ACCESS_KEY", " AK");
        expect("the access key of environment");
        set("HW_ACCESS_KEY", "AK");
        set("HW_SECRET_KEY", "SK");
        set("HW_SECURITY_TOKEN", "a token");
        expect("the security token of environment");
        (void)home_write(".config/hcloudfs/hcloudfs.conf", 0600, "[account x]\nak = A\nsk = B C\n");
        expect("the secret key of access key in /tmp/");
        home_leave();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "nothing anywhere names the places", nothing_anywhere_names_the_places, 0 },
                { "one in trouble hides no other", one_in_trouble_hides_no_other, 0 },
                { "the chain has an order", the_chain_has_an_order, 0 },
                { "a source may be named", a_source_may_be_named, 0 },
                { "half a pair is named", half_a_pair_is_named, 0 },
                { "users and tokens come from the environment",
                  users_and_tokens_come_from_the_environment, 0 },
                { "what is not supported is named", what_is_not_supported_is_named,
                  ELEMENTSOF(unsupported) },
                { "SDK files that are no use say why", sdk_files_that_are_no_use_say_why, 0 },
                { "KooCLI files that are no use say why", koocli_files_that_are_no_use_say_why,
                  ELEMENTSOF(koocli) },
                { "KooCLI profiles are chosen", koocli_profiles_are_chosen, 0 },
                { "named files must be there", named_files_must_be_there, 0 },
                { "keys have neither blanks nor line breaks",
                  keys_have_neither_blanks_nor_line_breaks, 0 },
                { NULL, NULL, 0 },
        };

        return unit_main("sources", cases);
}
