/* SPDX-License-Identifier: Apache-2.0 */
/* The commands that mount nothing. */
#include <stdio.h>
#include <string.h>

#include "backends/view.h"
#include "base/log.h"
#include "fs/account.h"
#include "fs/program.h"

enum { CHECK_TIMEOUT_MS = 60 * 1000 };

static const char *text_of(const struct json *json, const char *pointer) {
        const char *text = json_string(json, pointer);

        return text ? text : "";
}

/* `SERVICE METHOD PATH-TEMPLATE → what to do in the tree`, one line an operation. */
static void print_operation(const struct json *operation) {
        const char *tree = json_string(operation, "/tree");

        printf("%s %s %s → %s%s\n", text_of(operation, "/service"), text_of(operation, "/method"),
               text_of(operation, "/path"),
               tree ? "" : "none: ", tree ? tree : text_of(operation, "/reason"));
}

/** program_operations() - every operation of the services and its place. */
int program_operations(const struct options *options) {
        _cleanup_(json_freep) struct json *operations = NULL;
        struct buf text = BUF_INIT(0);
        int r = view_operations(&operations);

        if (r == 0 && options->is_json) {
                r = json_render(operations, JSON_PRETTY, &text);
                if (r == 0)
                        puts(buf_str(&text));
        } else if (r == 0) {
                for (size_t i = 0; i < json_count(operations); i++)
                        print_operation(json_item(operations, i));
        }
        buf_done(&text);
        if (r < 0)
                log_error("cannot list the operations: %s", strerror(-r));
        return r < 0 || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static void print_finding(void *data, const char *what, bool is_well, const char *text) {
        const char *account = data;

        printf("%-4s %s: %s: %s\n", is_well ? "ok" : "FAIL", account, what, text);
}

static int check(struct http *http, const struct account *account) {
        struct auth *auth = NULL;
        struct op op;
        int r;

        op_init(&op, OP_INTERACTIVE, CHECK_TIMEOUT_MS);
        r = auth_new(http, account, &auth);
        if (r < 0) {
                print_finding(account->name, "set-up", false, strerror(-r));
                return 1;
        }
        r = auth_check(auth, &op, print_finding, account->name);
        auth_free(auth);
        return r;
}

/** program_check() - what is well with the accounts and what is not. */
int program_check(struct options *options) {
        _cleanup_(config_freep) struct config *config = NULL;
        _cleanup_(http_freep) struct http *http = NULL;
        int findings = 0, r;

        r = program_config(options, &config);
        if (r == 0)
                r = http_new(&(struct http_options){ 0 }, &http);
        if (r < 0)
                return EXIT_FAILURE;
        for (size_t i = 0; i < config->n_accounts; i++) {
                const struct account *account = &config->accounts[i];

                if (!options->account || strcmp(options->account, account->name) == 0)
                        findings += check(http, account) != 0;
        }
        return findings || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
