/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration and credential files: anything may stand in them. The first byte says which reader
 * gets the rest; what is refused has a reason, and what is taken keeps its bounds.
 */
#include "tests/fuzz/fuzz.h"

#include "auth/auth-internal.h"
#include "auth/config-file.h"
#include "auth/keys.h"
#include "auth/sources.h"
#include "base/text.h"

static void must(bool is_true) {
        if (!is_true)
                abort();
}

static void check_failure(const struct op *op, int r) {
        must(r <= 0 && (r == 0 || r == -ENOMEM || (op->fault.error == r && *op->fault.reason)));
}

static void check_account(const struct account *account) {
        must(account->name && key_is_account_name(account->name));
        must(account->n_endpoints <= CONFIG_SETTINGS_MAX);
        /* One whose secret could not be read has its reason instead of what belongs together. */
        must(account->failure ||
             (!account->ak == !account->sk && !account->user == !account->password));
}

static void read_config(char *text, size_t len) {
        _cleanup_(config_freep) struct config *config = calloc(1, sizeof(*config));
        bool has_secrets = false;
        struct op op;
        int r;

        op_init(&op, OP_INTERACTIVE, 0);
        r = config_file_parse(&op, "/f", text, len, config, &has_secrets);
        check_failure(&op, r);
        must(config->n_accounts <= CONFIG_ACCOUNTS_MAX);
        for (size_t i = 0; r == 0 && i < config->n_accounts; i++) {
                check_account(&config->accounts[i]);
                must(config_account(config, config->accounts[i].name) == &config->accounts[i]);
        }
}

static void read_source(char kind, char *text, size_t len) {
        struct account account = { .name = strdup("x") };
        struct op op;
        int r;

        op_init(&op, OP_INTERACTIVE, 0);
        if (kind == 's')
                r = source_sdk_parse(&op, "/f", text, len, &account);
        else
                r = source_koocli_parse(&op, "/f", text, len, NULL, &account);
        must(r <= 1 && (r != 1 || (account.ak && account.sk && account.origin)));
        check_failure(&op, r > 0 ? 0 : r);
        account_done(&account);
}

static int take_region(void *data, const char *service, const char *region, const char *url) {
        (void)data;
        must(*service && *region && *url);
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *text = NULL;
        struct op op;
        int64_t s;

        if (size == 0)
                return 0;
        text = malloc(size);
        memcpy(text, data + 1, size - 1);
        text[size - 1] = '\0';
        op_init(&op, OP_INTERACTIVE, 0);
        switch (data[0]) {
        case 's':
        case 'k':
                read_source((char)data[0], text, size - 1);
                break;
        case 'r':
                (void)regions_read(&op, "/f", text, size - 1, take_region, NULL);
                break;
        case 't':
                (void)clock_server_time(text, &s);
                break;
        default:
                read_config(text, size - 1);
        }
        return 0;
}
