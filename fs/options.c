/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/options.h"

#include <getopt.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

enum { TTL_MAX_S = 7 * 86400, PASS_MAX = 64 * 1024, DEMO_OPTION = 256, JSON_OPTION };

typedef int (*option_fn)(struct options *options, const char *name, const char *value,
                         struct buf *reason);

/* A mount option: after `-o`, or a line of [mount] in the configuration. */
struct mount_option {
        const char *name;
        const char *value; /* what stands for it in the help; NULL: it has none */
        option_fn set;
        const char *help; /* NULL: accepted without being shown */
};

static int set_mode(struct options *options, const char *name, const char *value,
                    struct buf *reason) {
        bool is_on = true;

        if (value && text_bool(value, &is_on) < 0)
                return buf_printf(reason, "%s is yes or no", name), -EINVAL;
        options->is_read_only = text_eq(name, "ro") == is_on;
        return 0;
}

static int copy_path(const char *value, char **ret) {
        char directory[PATH_MAX];

        free(*ret);
        *ret = NULL;
        if (*value == '/') {
                *ret = strdup(value);
                return *ret ? 0 : -ENOMEM;
        }
        if (!getcwd(directory, sizeof(directory)))
                return -errno;
        return asprintf(ret, "%s/%s", directory, value) < 0 ? -ENOMEM : 0;
}

static int set_config(struct options *options, const char *name, const char *value,
                      struct buf *reason) {
        (void)name;
        (void)reason;
        return copy_path(value, &options->config);
}

static int set_fsname(struct options *options, const char *name, const char *value,
                      struct buf *reason) {
        (void)name;
        (void)reason;
        free(options->fsname);
        options->fsname = strdup(value);
        return options->fsname ? 0 : -ENOMEM;
}

static int set_ttl(struct options *options, const char *name, const char *value,
                   struct buf *reason) {
        unsigned ttl;

        if (text_uint(value, TTL_MAX_S, &ttl) < 0 || ttl == 0)
                return buf_printf(reason, "%s is a number of seconds from 1 to %d", name,
                                  TTL_MAX_S),
                       -EINVAL;
        options->ttl_s = ttl;
        return 0;
}

static int set_log_level(struct options *options, const char *name, const char *value,
                         struct buf *reason) {
        enum log_level level;

        if (log_level_parse(value, &level) < 0)
                return buf_printf(reason, "%s is one of error, warning, info, debug", name),
                       -EINVAL;
        options->log_level = level;
        return 0;
}

/* Words of fstab and mount(8) that are no business of ours, and what is forced anyway. */
static int ignore(struct options *options, const char *name, const char *value,
                  struct buf *reason) {
        (void)options;
        (void)name;
        (void)value;
        (void)reason;
        return 0;
}

/* What libfuse knows; it refuses what it does not. */
static int pass(struct options *options, const char *name, const char *value, struct buf *reason) {
        bool is_on = true;

        (void)reason;
        if (value && text_eq(name, "allow_other") && text_bool(value, &is_on) == 0) {
                if (!is_on)
                        return 0;
                value = NULL;
        }
        return buf_printf(&options->pass, "%s%s%s%s", options->pass.len ? "," : "", name,
                          value ? "=" : "", value ? value : "");
}

static const struct mount_option mount_options[] = {
        { "ro", NULL, set_mode, "mount read-only: opening a file then costs nothing" },
        { "rw", NULL, set_mode, "the contrary; the default" },
        { "allow_other", NULL, pass, "let other users look (needs user_allow_other in fuse.conf)" },
        { "auto_unmount", NULL, pass, "unmount when the daemon dies" },
        { "fsname", "NAME", set_fsname, "source shown in the table of mounts" },
        { "config", "FILE", set_config, "configuration (~/.config/hcloudfs/hcloudfs.conf)" },
        { "ttl", "SECONDS", set_ttl, "how long answers of the cloud serve (60)" },
        { "log_level", "LEVEL", set_log_level, "error, warning, info or debug (warning)" },
        { "suid", NULL, ignore, NULL },
        { "nosuid", NULL, ignore, NULL },
        { "dev", NULL, ignore, NULL },
        { "nodev", NULL, ignore, NULL },
        { "exec", NULL, ignore, NULL },
        { "noexec", NULL, ignore, NULL },
        { "atime", NULL, ignore, NULL },
        { "noatime", NULL, ignore, NULL },
        { "diratime", NULL, ignore, NULL },
        { "nodiratime", NULL, ignore, NULL },
        { "relatime", NULL, ignore, NULL },
        { "norelatime", NULL, ignore, NULL },
        { "strictatime", NULL, ignore, NULL },
        { "lazytime", NULL, ignore, NULL },
        { "nolazytime", NULL, ignore, NULL },
        { "async", NULL, ignore, NULL },
        { "sync", NULL, ignore, NULL },
        { "dirsync", NULL, ignore, NULL },
        { "defaults", NULL, ignore, NULL },
        { "auto", NULL, ignore, NULL },
        { "noauto", NULL, ignore, NULL },
        { "user", NULL, ignore, NULL },
        { "nouser", NULL, ignore, NULL },
        { "users", NULL, ignore, NULL },
        { "owner", NULL, ignore, NULL },
        { "group", NULL, ignore, NULL },
        { "_netdev", NULL, ignore, NULL },
        { "nofail", NULL, ignore, NULL },
        { "default_permissions", NULL, ignore, NULL },
        { 0 },
};

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

static const char usage[] =
        "usage: hcloudfs [OPTIONS] [ACCOUNT] MOUNTPOINT\n"
        "       hcloudfs --demo [OPTIONS] MOUNTPOINT\n"
        "       hcloudfs check [-o config=FILE] [ACCOUNT]\n"
        "       hcloudfs operations [--json]\n"
        "       hcloudfs help\n"
        "\n"
        "Shows Huawei Cloud accounts as a directory tree, all that are configured or ACCOUNT.\n"
        "Unmount with `umount MOUNTPOINT` or `fusermount3 -u MOUNTPOINT`.\n";

/** options_help() - append the text of --help. */
int options_help(struct buf *buf) {
        (void)buf_printf(buf, "%s\nOptions:\n", usage);
        for (size_t i = 0; i < ELEMENTSOF(flags); i++)
                (void)buf_printf(buf, "  %-22s  %s\n", flags[i].names, flags[i].help);
        (void)buf_add_str(buf, "\nMount options:\n");
        for (const struct mount_option *option = mount_options; option->name; option++) {
                char name[64];

                if (!option->help)
                        continue;
                (void)snprintf(name, sizeof(name), "%s%s%s", option->name, option->value ? "=" : "",
                               option->value ? option->value : "");
                (void)buf_printf(buf, "  %-22s  %s\n", name, option->help);
        }
        return buf_add_str(buf,
                           "\n`check` tells whether the accounts work, `operations` where each "
                           "operation of the\nservices is in the tree. See hcloudfs(1).\n");
}

/* Which option it is; `ro` and `rw` are one. */
static uint64_t bit_of(const struct mount_option *option) {
        return option->set == set_mode ? 1 : UINT64_C(1) << (option - mount_options);
}

/**
 * options_set() - one mount option. The last one counts, but what the command line has set stays
 * once that is sealed.
 * @value: NULL if there is none.
 * Returns 0, or -EINVAL and why in @reason, -ENOMEM.
 */
int options_set(struct options *options, const char *name, const char *value, struct buf *reason) {
        const struct mount_option *option = mount_options;

        if (text_starts(name, "x-") || text_eq(name, "comment"))
                return 0;
        while (option->name && !text_eq(option->name, name))
                option++;
        if (!option->name)
                return pass(options, name, value, reason);
        if (option->value && text_is_empty(value))
                return buf_printf(reason, "%s needs a value: %s=%s", name, name, option->value),
                       -EINVAL;
        if (options->is_sealed && (options->given & bit_of(option)))
                return 0;
        options->given |= bit_of(option);
        return option->set(options, name, value, reason);
}

/* `a,b=c\,d`: a backslash makes the next character an ordinary one. */
static int set_list(struct options *options, const char *list, struct buf *reason) {
        int r = 0;

        while (r == 0 && *list) {
                struct buf word = BUF_INIT(PASS_MAX);
                char *value;

                for (; *list && *list != ','; list++) {
                        if (*list == '\\' && list[1])
                                list++;
                        (void)buf_add_char(&word, *list);
                }
                list += *list == ',';
                value = word.len ? strchr(word.data, '=') : NULL;
                if (value)
                        *value++ = '\0';
                if (word.error)
                        r = word.error;
                else if (word.len)
                        r = options_set(options, word.data, value, reason);
                buf_done(&word);
        }
        return r;
}

static int parse_flag(struct options *options, int flag, const char *value, struct buf *reason) {
        switch (flag) {
        case 'o':
                return set_list(options, value, reason);
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

static int parse_words(struct options *options, char **words, int count, struct buf *reason) {
        static const char *const names[] = {
                [COMMAND_OPERATIONS] = "operations",
                [COMMAND_CHECK] = "check",
                [COMMAND_HELP] = "help",
        };
        int r;

        if (options->command != COMMAND_MOUNT)
                return 0;
        for (size_t i = 0; count > 0 && i < ELEMENTSOF(names); i++)
                if (names[i] && text_eq(words[0], names[i]))
                        options->command = (enum command)i;
        if (options->command == COMMAND_CHECK && count <= 2)
                return count == 2 ? set_account(options, words[1]) : 0;
        if (options->command != COMMAND_MOUNT && count == 1)
                return 0;
        if (options->command != COMMAND_MOUNT)
                return buf_printf(reason, "`%s` takes no further words", words[0]), -EINVAL;
        if (count < 1)
                return buf_printf(reason, "where? %s", "give a mount point"), -EINVAL;
        if (count > 2 || (options->is_demo && count > 1))
                return buf_printf(reason, "too many words: `%s`", words[count - 1]), -EINVAL;
        r = count == 2 ? set_account(options, words[0]) : 0;
        return r < 0 ? r : set_word(&options->mountpoint, words[count - 1]);
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
        struct buf reason = BUF_INIT(PASS_MAX);
        int flag, r = 0;

        *ret = (struct options){ .pass = BUF_INIT(PASS_MAX), .log_level = LOG_LEVEL_WARNING };
        optind = 0;
        while (r == 0 && (flag = getopt_long(argc, argv, "o:fdhV", names, NULL)) != -1)
                r = parse_flag(ret, flag, optarg, &reason);
        if (r == 0)
                r = parse_words(ret, argv + optind, argc - optind, &reason);
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
        free(options->mountpoint);
        free(options->config);
        free(options->fsname);
        buf_done(&options->pass);
        *options = (struct options){ 0 };
}
