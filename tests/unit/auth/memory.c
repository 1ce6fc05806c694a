/* SPDX-License-Identifier: Apache-2.0 */
/* Memory runs out at every place in turn: an error is told, nothing is lost and nothing is kept. */
#include "auth/auth-internal.h"

#include "auth/endpoint.h"
#include "auth/sign.h"
#include "tests/unit/auth/home.h"
#include "tests/unit/scarce.h"
#include "tests/unit/unit.h"

/* The checks of the test library need memory themselves. */
static void must(bool is_true) {
        if (!is_true)
                abort();
}

typedef int (*attempt_fn)(struct op *op);

/* Until an attempt meets no failure any more. */
static void exhaust(attempt_fn attempt) {
        struct op op;
        int r;

        scarce_is_once = true;
        for (int n = 0;; n++) {
                ck_assert_int_lt(n, 10000);
                op_init(&op, OP_INTERACTIVE, 0);
                scarce_has_failed = false;
                scarce_allowed = n;
                r = attempt(&op);
                scarce_allowed = -1;
                if (!scarce_has_failed) { /* this many were not needed */
                        ck_assert_int_eq(r, 0);
                        return;
                }
                ck_assert_msg(r == 0 || r == -ENOMEM, "allocation %d: %d %s", n, r,
                              op.fault.reason);
        }
}

static int load_config(struct op *op) {
        struct config *config = NULL;
        int r = config_load(op, NULL, &config);

        must((r == 0) == (config != NULL));
        (void)config_free(config);
        return r;
}

START_TEST(a_configuration_is_read_or_not) {
        home_enter();
        (void)home_write("sk", 0600, "S\n");
        (void)home_write(".huaweicloud/credentials", 0600,
                         "[basic]\nak = A\nsk = B\niam_endpoint = i\n[global]\ndomain_id = D\n");
        (void)home_write(".config/hcloudfs/hcloudfs.conf", 0600,
                         "[mount]\nttl = 3\n[account a]\nak = A\nsk_file = ~/sk\n"
                         "projects = x, y\nendpoint.dws = d\nendpoint.cse.cn-north-4 = e\n"
                         "[account b]\ncredentials = sdk\n"
                         "[servicecomb s]\nregistry = http://r\nuser = u\npassword = p\n");
        exhaust(load_config);
        home_leave();
}
END_TEST

static int sign_one(struct op *op) {
        const struct sign_header headers[] = { { "Host", "h" }, { "X-Sdk-Date", "d" } };
        const struct sign_input input = { .ak = "a",
                                          .sk = "s",
                                          .date = "d",
                                          .method = "GET",
                                          .url = "https://h/a%20b?c=d&e=f",
                                          .headers = headers,
                                          .n_headers = 2 };
        char *text = NULL;
        int r = sign_authorization(&input, &text);

        (void)op;
        must((r == 0) == (text != NULL));
        free(text);
        return r;
}

START_TEST(a_request_is_signed_or_not) {
        exhaust(sign_one);
}
END_TEST

static int login(void *data, struct op *op, struct token_grant *ret) {
        (void)data;
        ret->life_ms = 1000000;
        ret->value = strdup("t");
        return ret->value ? 0 : op_fail(op, ENOMEM, "out of memory");
}

static int get_tokens(struct op *op) {
        _cleanup_(tokens_freep) struct tokens *tokens = NULL;
        char *value = NULL;
        int r;

        r = tokens_new(&tokens);
        for (int i = 0; r == 0 && i < 20; i++) {
                char key[2] = { (char)('a' + i), '\0' };

                r = tokens_get(tokens, op, key, login, NULL, &value);
                if (r == 0)
                        free(value);
        }
        return r;
}

START_TEST(a_token_is_had_or_not) {
        exhaust(get_tokens);
}
END_TEST

static int find_address(struct op *op) {
        const struct account account = { 0 };
        char *url = NULL;
        int r = endpoint_find(op, &account, "dws", "cn-north-4", &url);

        free(url);
        return r;
}

START_TEST(an_address_is_found_or_not) {
        exhaust(find_address);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "config", a_configuration_is_read_or_not, 0 },
                { "sign", a_request_is_signed_or_not, 0 },
                { "tokens", a_token_is_had_or_not, 0 },
                { "endpoint", an_address_is_found_or_not, 0 },
                { NULL, NULL, 0 },
        };

        return unit_main("memory", cases);
}
