/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/daemon.h"
#include "fs/program.h"

static int print_help(void) {
        struct buf text = BUF_INIT(0);
        int r = options_help(&text);

        if (r == 0)
                fputs(buf_str(&text), stdout);
        buf_done(&text);
        return r < 0 || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run(struct options *options) {
        switch (options->command) {
        case COMMAND_OPERATIONS:
                return program_operations(options);
        case COMMAND_CHECK:
                return program_check(options);
        case COMMAND_REFRESH:
                return program_refresh(options);
        case COMMAND_STAT:
                return program_stat(options);
        case COMMAND_UMOUNT:
                return program_umount(options);
        case COMMAND_WAIT:
                return program_wait(options);
        case COMMAND_HELP:
                return print_help();
        case COMMAND_VERSION:
                puts("hcloudfs " HCLOUDFS_VERSION);
                return EXIT_SUCCESS;
        case COMMAND_MOUNT:
                break;
        }
        return program_mount(options);
}

int main(int argc, char **argv) {
        struct options options;
        int status = 2;

        daemon_fill_standard();
        daemon_protect();
        daemon_save_memory();
        if (options_parse(argc, argv, &options) == 0)
                status = run(&options);
        options_done(&options);
        return status;
}
