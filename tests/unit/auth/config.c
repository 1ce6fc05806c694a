/* SPDX-License-Identifier: Apache-2.0 */
/* hcloudfs.conf: what may stand in it, and what is said of everything else. */
#include "auth/config.h"

#include "auth/keys.h"
#include "base/text.h"
#include "tests/unit/auth/home.h"
#include "tests/unit/unit.h"

#define CONFIG ".config/hcloudfs/hcloudfs.conf"
#define KEYS   "ak = AK1\nsk = SK1\n"

static struct op op;

static struct config *load(const char *text) {
        struct config *config = NULL;
        int r;

        (void)home_write(CONFIG, 0600, text);
        op_init(&op, OP_INTERACTIVE, 0);
        r = config_load(&op, NULL, &config);
        ck_assert_msg(r == 0, "%s", op.fault.reason);
        return config;
}

START_TEST(a_whole_file_is_read) {
        struct config *config;
        const struct account *account;

        home_enter();
        config = load("\xef\xbb\xbf# comment\r\n[mount]\r\nttl = 30\r\n\r\n"
                      "[account work]\n ak= AK ; not a comment \nsk =S=K#1\n; another\n"
                      "projects = cn-north-4, cn-north-4_x\nservices=dws cse\n"
                      "access = read-only\nallow_delete = all\nallow_create = none\n"
                      "endpoint.ems = ems.{region}.example.com/\n"
                      "endpoint.dws = https://dws.example.com\n"
                      "endpoint.dws.cn-north-4 = https://10.0.0.1:8443/\n"
                      "verify_engine = yes\nca_file = ~/ca.pem\n"
                      "[servicecomb open]\nregistry = http://127.0.0.1:30100/\n"
                      "user = root\npassword = p w\n"
                      "[kubernetes k]\ncontext = prod\n");
        ck_assert_uint_eq(config->n_accounts, 3);
        ck_assert_str_eq(config_mount(config, "ttl"), "30");
        ck_assert_ptr_null(config_mount(config, "rate"));
        ck_assert_str_eq(config->path, home_at(CONFIG));

        account = config_account(config, "work");
        ck_assert_str_eq(account->ak, "AK ; not a comment");
        ck_assert_str_eq(account->sk, "S=K#1");
        ck_assert_str_eq(account->projects[1], "cn-north-4_x");
        ck_assert_ptr_null(account->projects[2]);
        ck_assert_str_eq(account->services[0], "dws");
        ck_assert_int_eq(account->access, ACCESS_READ_ONLY);
        ck_assert_int_eq(account->allow_delete, ALLOW_ALL);
        ck_assert_int_eq(account->allow_create, ALLOW_NONE);
        ck_assert_str_eq(account->endpoints[0].name, "dws.cn-north-4");
        ck_assert_str_eq(account->endpoints[0].value, "https://10.0.0.1:8443");
        ck_assert_str_eq(account->endpoints[1].value, "https://ems.{region}.example.com");
        ck_assert(account->verify_engine);
        ck_assert_str_eq(account->ca_file, home_at("ca.pem"));
        ck_assert_str_eq(account->cloud, "myhuaweicloud.com");
        ck_assert_ptr_nonnull(strstr(account->origin, "access key in /tmp/"));

        account = config_account(config, "open");
        ck_assert_int_eq(account->type, ACCOUNT_SERVICECOMB);
        ck_assert_str_eq(account->registry, "http://127.0.0.1:30100");
        ck_assert_str_eq(account->password, "p w");
        ck_assert(account->verify_engine);
        ck_assert_int_eq(account->allow_delete, ALLOW_DOCUMENTS);
        ck_assert_int_eq(account->allow_create, ALLOW_ALL);
        ck_assert_int_eq(config_account(config, "k")->type, ACCOUNT_KUBERNETES);
        ck_assert_ptr_null(config_account(config, "none"));
        (void)config_free(config);
        home_leave();
}
END_TEST

struct bad {
        const char *text;
        const char *message; /* part of it; `:N:` is the line */
};

static const struct bad bad[] = {
        { "ak = x\n", ":1: `ak` stands before any section" },
        { "[acount x]\n", ":1: unknown section [acount x]; there are [mount], [account NAME]" },
        { "[account x\n", ":1: a section's head ends in ']'" },
        { "[]\n", ":1: a section's name has 1 to 128 bytes" },
        { "[account]\n" KEYS, ":1: `` cannot be the name of a directory" },
        { "[account .x]\n" KEYS, ":1: `.x` cannot be the name of a directory" },
        { "[account a/b]\n" KEYS, ":1: `a/b` cannot be the name of a directory" },
        { "[account a%b]\n" KEYS, "cannot be the name of a directory" },
        { "[account a~b]\n" KEYS, "cannot be the name of a directory" },
        { "[account x]\n" KEYS "[servicecomb x]\nregistry = http://h\n",
          ":4: there is already an account `x`" },
        { "[mount]\n[mount]\n", ":2: a second [mount]" },
        { "[mount]\nspeed = 3\n", ":2: [mount] has no key `speed`" },
        { "[mount]\nttl = soon\n", ":2: `ttl = soon`: expected a whole number from 1 to 86400" },
        { "[mount]\nrate = 0\n", ":2: `rate = 0`: expected a whole number from 1 to 100000" },
        { "[mount]\nttl = 1\nttl = 2\n", ":3: `ttl` is given twice" },
        { "[account x]\nsecret = y\n", ":2: [account] has no key `secret`" },
        { "[account x]\nregistry = http://h\n", ":2: [account] has no key `registry`" },
        { "[account x]\nbare\n", ":2: expected `name = value`, `[section]` or a comment" },
        { "[account x]\n= y\n", ":2: the name before '=' has 1 to 128 bytes" },
        { "[account x]\nak =\nsk = y\n", ":2: `ak`: expected a value" },
        { "[account x]\nak = a\n", ":1: [account x]: `ak` and `sk` belong together" },
        { "[account x]\nsk = a\n", "`ak` and `sk` belong together" },
        { "[account x]\nsk = a\nsk = b\n", ":3: `sk` is given twice" },
        { "[account x]\nak = a\nsk = a\nsk_env = HOME\n", ":4: `sk` is given twice" },
        { "[account x]\nsecurity_token = a\n", "`security_token` needs `ak` and `sk`" },
        { "[account x]\nuser = a\n", "`user` and `password` belong together" },
        { "[account x]\nuser = a\npassword = b\n", "`user` needs `domain`" },
        { "[servicecomb x]\nconfig = https://c\nuser = a\npassword = b\n",
          "`user` needs `registry`, where users log in" },
        { "[account x]\nengine_user = a\n" KEYS,
          "`engine_user` and `engine_password` belong together" },
        { "[account x]\ncredentials = vault\n",
          ":2: `credentials = vault`: expected auto, environment, sdk, sdk:PATH, koocli" },
        { "[account x]\ncredentials = sdk:relative\n", ":2: `credentials = sdk:relative`" },
        { "[account x]\ncredentials = sdk\n" KEYS, "`credentials` names another source" },
        { "[account x]\naccess = rw\n" KEYS,
          ":2: `access = rw`: expected read-write or read-only" },
        { "[account x]\nallow_delete = yes\n" KEYS, "expected none, documents or all" },
        { "[account x]\nallow_create = some\n" KEYS, "expected none, documents or all" },
        { "[account x]\nservices = dws, obs\n" KEYS, "expected some of ucs, dws, cse, ems" },
        { "[account x]\nprojects = ,\n" KEYS, "`projects`: expected 1 to 256 names" },
        { "[account x]\nverify_engine = perhaps\n" KEYS, "expected yes or no" },
        { "[account x]\nca_file = ca.pem\n" KEYS, "expected an absolute path" },
        { "[account x]\ncloud = a b\n" KEYS, "expected a domain name" },
        { "[account x]\nregion = peking\n" KEYS, "`region` is a name like cn-north-4" },
        { "[account x]\nendpoint.obs = https://h\n", ":2: [account] has no key `endpoint.obs`" },
        { "[account x]\nendpoint.dws. = https://h\n", ":2: [account] has no key `endpoint.dws.`" },
        { "[account x]\nendpoint.dws = ftp://h\n", "expected https://host[:port]" },
        { "[account x]\nendpoint.dws = https://u@h\n", "expected https://host[:port]" },
        { "[account x]\nendpoint.dws = https://h/?a\n", "expected https://host[:port]" },
        { "[account x]\nendpoint.dws = https://h:65536\n", "expected https://host[:port]" },
        { "[account x]\nendpoint.dws = https://h:0\n", "expected https://host[:port]" },
        { "[account x]\nendpoint.dws = https://dws.{zone}.h\n", "expected https://host[:port]" },
        { "[account x]\nendpoint.dws = https://dws.{region.h\n", "expected https://host[:port]" },
        { "[account x]\nendpoint.dws = https://dws.region}.h\n", "expected https://host[:port]" },
        { "[account x]\nendpoint.dws = h\nendpoint.dws = g\n", "`endpoint.dws` is given twice" },
        { "[account x]\nsk_file = relative\n",
          ":2: `sk_file = relative`: expected an absolute path" },
        { "[account x]\nca_file_file = /x\n", ":2: [account] has no key `ca_file_file`" },
        { "[servicecomb s]\nuser = a\npassword = b\n",
          ":1: [servicecomb s]: `registry` or `config`" },
        { "[servicecomb s]\nak = a\n", ":2: [servicecomb] has no key `ak`" },
        { "[kubernetes k]\nuser = a\n", ":2: [kubernetes] has no key `user`" },
        { "[account x]\nak = \xff\n", "not UTF-8 text" },
};

START_TEST(what_is_wrong_is_named) {
        struct config *config = NULL;
        char line[512];

        home_enter();
        (void)home_write(CONFIG, 0600, bad[_i].text);
        op_init(&op, OP_INTERACTIVE, 0);
        ck_assert_int_lt(config_load(&op, NULL, &config), 0);
        ck_assert_ptr_null(config);
        (void)snprintf(line, sizeof(line), "%s", bad[_i].message);
        ck_assert_msg(strstr(op.fault.reason, line), "got `%s`, wanted `%s`", op.fault.reason,
                      line);
        home_leave();
}
END_TEST

START_TEST(secrets_are_not_repeated) {
        struct config *config = NULL;
        struct buf text = BUF_INIT(0);

        home_enter();
        ck_assert_int_eq(buf_add_str(&text, "[account x]\nsk = PLANTED"), 0);
        for (int i = 0; i < 3000; i++)
                ck_assert_int_eq(buf_add_str(&text, "12345678"), 0);
        (void)home_write(CONFIG, 0600, text.data);
        buf_done(&text);
        op_init(&op, OP_INTERACTIVE, 0);
        ck_assert_int_eq(config_load(&op, NULL, &config), -EINVAL);
        ck_assert_ptr_nonnull(strstr(op.fault.reason, ":2: the value is longer than 20 KiB"));
        ck_assert_ptr_null(strstr(op.fault.reason, "PLANTED"));

        (void)home_write(CONFIG, 0600, "[account x]\nPLANTED\n");
        ck_assert_int_eq(config_load(&op, NULL, &config), -EINVAL);
        ck_assert_ptr_null(strstr(op.fault.reason, "PLANTED"));

        (void)home_write(CONFIG, 0600, "[account x]\nsk: PLANTED==\n");
        ck_assert_int_eq(config_load(&op, NULL, &config), -EINVAL);
        ck_assert_ptr_nonnull(strstr(op.fault.reason, ":2: [account] has no key `sk`"));
        home_leave();
}
END_TEST

static void expect(int error, const char *message) {
        struct config *config = NULL;

        op_init(&op, OP_INTERACTIVE, 0);
        ck_assert_int_eq(config_load(&op, NULL, &config), error);
        ck_assert_msg(strstr(op.fault.reason, message), "got `%s`", op.fault.reason);
}

START_TEST(a_file_with_secrets_must_be_private) {
        struct config *config;

        home_enter();
        (void)home_write(CONFIG, 0644, "[account x]\n" KEYS);
        expect(-EACCES, "others may use it (mode 0644); run: chmod 600 ");
        (void)home_write(CONFIG, 0620, "[account x]\n" KEYS);
        expect(-EACCES, "mode 0620");

        /* The secret elsewhere: then its file must be. */
        (void)home_write("sk", 0640, "SK1\n");
        (void)home_write(CONFIG, 0644, "[account x]\nak = AK1\nsk_file = ~/sk\n");
        op_init(&op, OP_INTERACTIVE, 0);
        ck_assert_int_eq(config_load(&op, NULL, &config), 0);
        ck_assert_ptr_nonnull(strstr(config->accounts[0].failure,
                                     "/sk: it holds secrets but others may use it (mode 0640)"));
        (void)config_free(config);
        (void)home_write("sk", 0400, "SK1\n");
        op_init(&op, OP_INTERACTIVE, 0);
        ck_assert_int_eq(config_load(&op, NULL, &config), 0);
        ck_assert_str_eq(config->accounts[0].sk, "SK1");
        (void)config_free(config);

        (void)home_write("two", 0400, "SK1\nSK2\n");
        (void)home_write(CONFIG, 0644, "[account x]\nak = AK1\nsk_file = ~/two\n");
        ck_assert_int_eq(config_load(&op, NULL, &config), 0);
        ck_assert_ptr_nonnull(
                strstr(config->accounts[0].failure, "/two: expected one line with the secret"));
        (void)config_free(config);
        home_leave();
}
END_TEST

START_TEST(secrets_may_come_from_elsewhere) {
        struct config *config;

        home_enter();
        (void)home_write("service/password", 0440, "pass word");
        ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", home_at("service"), 1), 0);
        ck_assert_int_eq(setenv("MY_USER", "somebody", 1), 0);
        config = load("[account x]\nuser_env = MY_USER\ndomain = d\n"
                      "password_file = $CREDENTIALS_DIRECTORY/password\n");
        ck_assert_str_eq(config->accounts[0].user, "somebody");
        ck_assert_str_eq(config->accounts[0].password, "pass word");
        ck_assert_ptr_nonnull(strstr(config->accounts[0].origin, "user and password in"));
        (void)config_free(config);
        home_leave();
}
END_TEST

START_TEST(a_named_file_must_be_there) {
        struct config *config = NULL;

        home_enter();
        ck_assert_int_eq(setenv("HW_ACCESS_KEY", "a", 1), 0);
        ck_assert_int_eq(setenv("HW_SECRET_KEY", "b", 1), 0);
        op_init(&op, OP_INTERACTIVE, 0);
        ck_assert_int_eq(config_load(&op, home_at("none.conf"), &config), -ENOENT);
        ck_assert_ptr_nonnull(strstr(op.fault.reason, "none.conf: No such file or directory"));
        ck_assert_int_eq(config_load(&op, "/tmp", &config), -EISDIR);
        home_leave();
}
END_TEST

START_TEST(without_an_account_there_is_one_from_the_environment) {
        struct config *config;

        home_enter();
        ck_assert_int_eq(setenv("HW_ACCESS_KEY", "a", 1), 0);
        ck_assert_int_eq(setenv("HW_SECRET_KEY", "b", 1), 0);
        op_init(&op, OP_INTERACTIVE, 0);
        ck_assert_int_eq(config_load(&op, NULL, &config), 0);
        ck_assert_uint_eq(config->n_accounts, 1);
        ck_assert_str_eq(config->accounts[0].name, "default");
        ck_assert_int_eq(config->accounts[0].allow_delete, ALLOW_DOCUMENTS);
        ck_assert_ptr_null(config->path);
        (void)config_free(config);

        config = load("[mount]\nttl = 5\n");
        ck_assert_str_eq(config->accounts[0].ak, "a");
        (void)config_free(config);
        home_leave();
}
END_TEST

START_TEST(there_are_bounds) {
        struct buf text = BUF_INIT(0);

        home_enter();
        for (int i = 0; i <= CONFIG_ACCOUNTS_MAX; i++)
                ck_assert_int_eq(buf_printf(&text, "[account a%d]\n" KEYS, i), 0);
        (void)home_write(CONFIG, 0600, text.data);
        expect(-E2BIG, "more than 64 accounts");
        buf_truncate(&text, 0);
        for (int i = 0; i < 30000; i++)
                ck_assert_int_eq(buf_add_str(&text, "# comment\n"), 0);
        (void)home_write(CONFIG, 0600, text.data);
        expect(-EFBIG, "File too large");
        buf_done(&text);
        home_leave();
}
END_TEST

START_TEST(regions_have_their_form) {
        ck_assert(key_is_region("cn-north-4"));
        ck_assert(key_is_region("my-kualalumpur-1"));
        ck_assert(key_is_region("eu-west-101"));
        ck_assert(!key_is_region("MOS"));
        ck_assert(!key_is_region("cn-north-4_analytics"));
        ck_assert(!key_is_region("cn-4"));
        ck_assert(key_is_region("eu-de"));
        ck_assert(key_is_region("eu-ch2"));
        ck_assert(key_is_region("moon-west-7"));
        ck_assert(!key_is_region("cn-north-"));
        ck_assert(!key_is_region("cn--north-4"));
        ck_assert(!key_is_region("cn-north-4.example"));
        ck_assert(!key_is_region(""));
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "a whole file is read", a_whole_file_is_read, 0 },
                { "what is wrong is named", what_is_wrong_is_named, ELEMENTSOF(bad) },
                { "secrets are not repeated", secrets_are_not_repeated, 0 },
                { "a file with secrets must be private", a_file_with_secrets_must_be_private, 0 },
                { "secrets may come from elsewhere", secrets_may_come_from_elsewhere, 0 },
                { "a named file must be there", a_named_file_must_be_there, 0 },
                { "without an account there is one from the environment",
                  without_an_account_there_is_one_from_the_environment, 0 },
                { "there are bounds", there_are_bounds, 0 },
                { "regions have their form", regions_have_their_form, 0 },
                { NULL, NULL, 0 },
        };

        return unit_main("config", cases);
}
