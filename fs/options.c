/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/options.h"

#include <getopt.h>
#include <string.h>

#include "base/text.h"

enum { REASON_MAX = 64 * 1024, DEMO_OPTION = 256, JSON_OPTION };

/* Options in front of or behind the words. */
struct flag {
        const char *names;
        const char *help;
};

static const struct flag flags[] = {
        { "-o OPTION[,OPTION...]", "mount options, see below" },
        { "-f, --foreground", "stay in the foreground" },
        { "-d, --debug", "as -f, and write down everything" },
        { "--demo", "show an emulated cloud: no account, nothing leaves this machine" },
        { "--json", "of `operations`: as JSON" },
        { "-h, --help", "this text" },
        { "-V, --version", "the version" },
};

/* What can stand in place of an account and a mount point. */
struct command_row {
        const char *name;
        const char *words; /* that may follow, for the help */
        enum command command;
        int max; /* how many may follow */
        const char *help;
};

static const struct command_row commands[] = {
        { "check", "[ACCOUNT]", COMMAND_CHECK, 1, "tell whether all that a mount needs works" },
        { "refresh", "[PATH]", COMMAND_REFRESH, 1, "read PATH of a mount anew from the cloud" },
        { "stat", "PATH", COMMAND_STAT, 1, "tell what PATH of a mount is and where it comes from" },
        { "wait", "PATH", COMMAND_WAIT, 1, "wait until the resource at PATH is at an end" },
        { "umount", "MOUNTPOINT", COMMAND_UMOUNT, 1, "unmount when all changes are sent" },
        { "operations", "[--json]", COMMAND_OPERATIONS, 0,
          "list the services' operations and where each is in the tree" },
        { "help", "", COMMAND_HELP, 0, "this text" },
};

static const char usage[] =
        "usage: hcloudfs [OPTIONS] [ACCOUNT] MOUNTPOINT\n"
        "       hcloudfs --demo [OPTIONS] MOUNTPOINT\n"
        "       hcloudfs COMMAND [WORD]\n"
        "\n"
        "Shows Huawei Cloud accounts as a directory tree, all that are configured or ACCOUNT.\n"
        "Unmount with `hcloudfs umount MOUNTPOINT`, `umount` or `fusermount3 -u`.\n";

/** options_help() - append the text of --help. */
int options_help(struct buf *buf) {
        (void)buf_printf(buf, "%s\nOptions:\n", usage);
        for (size_t i = 0; i < ELEMENTSOF(flags); i++)
                (void)buf_printf(buf, "  %-24s  %s\n", flags[i].names, flags[i].help);
        (void)buf_add_str(buf, "\nCommands:\n");
        for (size_t i = 0; i < ELEMENTSOF(commands); i++) {
                char name[64];

                (void)snprintf(name, sizeof(name), "%s %s", commands[i].name, commands[i].words);
                (void)buf_printf(buf, "  %-24s  %s\n", name, commands[i].help);
        }
        (void)buf_add_str(buf, "\nMount options:\n");
        (void)options_help_settings(buf);
        return buf_add_str(buf, "\nSee hcloudfs(1).\n");
}

static int parse_flag(struct options *options, int flag, const char *value, struct buf *reason) {
        switch (flag) {
        case 'o':
                return options_set_list(options, value, reason);
        case 'd':
                options->is_debug = true;
                options->is_foreground = true;
                return options_set(options, "log_level", "debug", reason);
        case 'f':
                options->is_foreground = true;
                return 0;
        case 'h':
                options->command = COMMAND_HELP;
                return 0;
        case 'V':
                options->command = COMMAND_VERSION;
                return 0;
        case DEMO_OPTION:
                options->is_demo = true;
                return 0;
        case JSON_OPTION:
                options->is_json = true;
                return 0;
        default:
                return buf_add_str(reason, "try `hcloudfs --help`"), -EINVAL;
        }
}

static int set_word(char **word, const char *text) {
        *word = strdup(text);
        return *word ? 0 : -ENOMEM;
}

/* The source as mount(8) knows it: `hcloudfs#NAME`, or a word for "all of them". */
static int set_account(struct options *options, const char *text) {
        const char *name = text_starts(text, "hcloudfs#") ? text + strlen("hcloudfs#") : text;

        if (!*name || text_eq(name, "none") || text_eq(name, "hcloudfs"))
                return 0;
        return set_word(&options->account, name);
}

static const struct command_row *find_command(const char *word) {
        for (size_t i = 0; i < ELEMENTSOF(commands); i++)
                if (text_eq(commands[i].name, word))
                        return &commands[i];
        return NULL;
}

static int parse_command(struct options *options, const struct command_row *row, char **words,
                         int count, struct buf *reason) {
        options->command = row->command;
        if (count > row->max)
                return buf_printf(reason, "too many words: `%s` takes %s", row->name,
                                  row->max ? "one" : "none"),
                       -EINVAL;
        if (count < row->max && row->words[0] != '[')
                return buf_printf(reason, "`%s` needs a word: %s", row->name, row->words), -EINVAL;
        if (count == 0)
                return 0;
        return row->command == COMMAND_CHECK ? set_account(options, words[0])
                                             : set_word(&options->path, words[0]);
}

static int parse_words(struct options *options, char **words, int count, struct buf *reason) {
        const struct command_row *row = count > 0 ? find_command(words[0]) : NULL;
        int r;

        if (options->command != COMMAND_MOUNT)
                return 0;
        if (row)
                return parse_command(options, row, words + 1, count - 1, reason);
        if (count < 1)
                return buf_printf(reason, "where? %s", "give a mount point"), -EINVAL;
        if (count > 2 || (options->is_demo && count > 1))
                return buf_printf(reason, "too many words: `%s`", words[count - 1]), -EINVAL;
        r = count == 2 ? set_account(options, words[0]) : 0;
        return r < 0 ? r : set_word(&options->path, words[count - 1]);
}

/* An option that would do nothing is a mistake of who wrote it. */
static int check_together(const struct options *options, struct buf *reason) {
        if (options->command == COMMAND_HELP || options->command == COMMAND_VERSION)
                return 0;
        if (options->is_json && options->command != COMMAND_OPERATIONS)
                return buf_add_str(reason, "--json is an option of `operations`"), -EINVAL;
        if (options->is_demo && options->command != COMMAND_MOUNT)
                return buf_add_str(reason, "--demo mounts: it goes with no command"), -EINVAL;
        return 0;
}

/**
 * options_parse() - what the command line says. A reason goes to standard error.
 * Returns 0, -EINVAL or -ENOMEM; @ret is to be ended with options_done() in any case.
 */
int options_parse(int argc, char **argv, struct options *ret) {
        static const struct option names[] = {
                { "foreground", no_argument, NULL, 'f' },
                { "debug", no_argument, NULL, 'd' },
                { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, 'V' },
                { "demo", no_argument, NULL, DEMO_OPTION },
                { "json", no_argument, NULL, JSON_OPTION },
                { 0 },
        };
        struct buf reason = BUF_INIT(REASON_MAX);
        int flag, r = 0;

        *ret = (struct options){ .pass = BUF_INIT(REASON_MAX) };
        options_defaults(ret);
        optind = 0;
        while (r == 0 && (flag = getopt_long(argc, argv, "o:fdhV", names, NULL)) != -1)
                r = parse_flag(ret, flag, optarg, &reason);
        if (r == 0)
                r = parse_words(ret, argv + optind, argc - optind, &reason);
        if (r == 0)
                r = check_together(ret, &reason);
        ret->is_sealed = true;
        if (r == -EINVAL)
                fprintf(stderr, "hcloudfs: %s\n", buf_str(&reason));
        else if (r < 0)
                fprintf(stderr, "hcloudfs: %s\n", strerror(-r));
        buf_done(&reason);
        return r;
}

/** options_done() - frees what they hold. */
void options_done(struct options *options) {
        free(options->account);
        free(options->path);
        free(options->config);
        free(options->fsname);
        free(options->cache_dir);
        free(options->state_dir);
        buf_done(&options->pass);
        *options = (struct options){ 0 };
}
