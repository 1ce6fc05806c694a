/* SPDX-License-Identifier: Apache-2.0 */
/* `hcloudfs operations`: what the services can do, and where it is in the tree. */
#include <stdio.h>
#include <string.h>

#include "backends/view.h"
#include "base/log.h"
#include "fs/program.h"

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
