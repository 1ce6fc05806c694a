/* SPDX-License-Identifier: Apache-2.0 */
/* Mount options, behind -o and in [mount] of the configuration. Those that the configuration knows
 * are checked, and have their defaults, by its rows (auth/keys.h). */
#include <limits.h>
#include <unistd.h>

#include "auth/keys.h"
#include "base/text.h"
#include "fs/options.h"

enum { WORD_MAX = 64 * 1024 };

#define AT(member) .offset = offsetof(struct options, member)

struct mount_option;

typedef int (*option_fn)(struct options *options, const struct mount_option *option,
                         const char *value, struct buf *reason);

struct mount_option {
        const char *name;
        const char *value; /* what stands for it in the help; NULL: it has none */
        option_fn set;
        const char *help; /* NULL: accepted without being shown */
        size_t offset;    /* of the member of struct options that it sets, if just one */
};

static const struct key_row *key_of(const struct mount_option *option) {
        enum key_way way;

        return key_find(SECTION_MOUNT, option->name, &way);
}

static int refuse(const struct mount_option *option, const char *wanted, struct buf *reason) {
        const struct key_row *row = key_of(option);

        if (row && row->form == FORM_NUMBER)
                (void)buf_printf(reason, "%s is a whole number from %u to %u", option->name,
                                 row->min, row->max);
        else
                (void)buf_printf(reason, "%s is %s", option->name, wanted);
        return -EINVAL;
}

/* The value in its one form, owned by the caller. */
static int take(const struct mount_option *option, const char *value, struct buf *reason,
                char **ret) {
        const char *wanted = NULL;
        int r = key_normalize(key_of(option), value, ret, &wanted);

        return r == -EINVAL ? refuse(option, wanted, reason) : r;
}

static int set_number(struct options *options, const struct mount_option *option, const char *value,
                      struct buf *reason) {
        unsigned *member = (unsigned *)(void *)((char *)options + option->offset);
        _cleanup_(freep) char *text = NULL;
        int r = take(option, value, reason, &text);

        return r < 0 ? r : text_uint(text, UINT_MAX, member);
}

static int set_yes(struct options *options, const struct mount_option *option, const char *value,
                   struct buf *reason) {
        _cleanup_(freep) char *text = NULL;
        int r = take(option, value, reason, &text);

        return r < 0 ? r : text_bool(text, (bool *)(void *)((char *)options + option->offset));
}

static int set_access(struct options *options, const struct mount_option *option, const char *value,
                      struct buf *reason) {
        _cleanup_(freep) char *text = NULL;
        int r = take(option, value, reason, &text);

        if (r == 0)
                options->access = text_eq(text, "read-only") ? ACCESS_READ_ONLY : ACCESS_READ_WRITE;
        return r;
}

static int set_log_level(struct options *options, const struct mount_option *option,
                         const char *value, struct buf *reason) {
        _cleanup_(freep) char *text = NULL;
        int r = take(option, value, reason, &text);

        return r < 0 ? r : log_level_parse(text, &options->log_level);
}

static int set_mode(struct options *options, const struct mount_option *option, const char *value,
                    struct buf *reason) {
        bool is_on = true;

        if (value && text_bool(value, &is_on) < 0)
                return refuse(option, "yes or no", reason);
        options->is_read_only = text_eq(option->name, "ro") == is_on;
        return 0;
}

static int below_here(const char *path, char **ret) {
        char directory[PATH_MAX];

        if (!getcwd(directory, sizeof(directory)))
                return -errno;
        return text_format(ret, "%s/%s", directory, path);
}

/* On the command line a path may be relative as well: the daemon leaves that directory. */
static int set_path(struct options *options, const struct mount_option *option, const char *value,
                    struct buf *reason) {
        static const struct key_row row = { .form = FORM_PATH };
        char **member = (char **)(void *)((char *)options + option->offset);
        const char *wanted = NULL;
        char *path = NULL;
        int r;

        if (strchr("/~$", *value))
                r = key_normalize(&row, value, &path, &wanted);
        else
                r = below_here(value, &path);
        if (r == -EINVAL && wanted)
                return refuse(option, wanted, reason);
        if (r < 0)
                return r;
        free(*member);
        *member = path;
        return 0;
}

static int set_text(struct options *options, const struct mount_option *option, const char *value,
                    struct buf *reason) {
        char **member = (char **)(void *)((char *)options + option->offset);
        char *text = strdup(value);

        (void)reason;
        if (!text)
                return -ENOMEM;
        free(*member);
        *member = text;
        return 0;
}

/* Words of fstab and mount(8) that are no business of ours, and what is forced anyway. */
static int ignore(struct options *options, const struct mount_option *option, const char *value,
                  struct buf *reason) {
        (void)options;
        (void)option;
        (void)value;
        (void)reason;
        return 0;
}

static int set_plan(struct options *options, const struct mount_option *option, const char *value,
                    struct buf *reason) {
        bool is_on = true;

        if (value && text_bool(value, &is_on) < 0)
                return refuse(option, "yes or no", reason);
        options->is_plan_only = is_on;
        return 0;
}

/* What libfuse knows; it refuses what it does not. */
static int add_passed(struct options *options, const char *name, const char *value) {
        return buf_printf(&options->pass, "%s%s%s%s", options->pass.len ? "," : "", name,
                          value ? "=" : "", value ? value : "");
}

static int pass(struct options *options, const struct mount_option *option, const char *value,
                struct buf *reason) {
        bool is_on = true;

        if (value && text_bool(value, &is_on) < 0)
                return refuse(option, "yes or no", reason);
        return is_on ? add_passed(options, option->name, NULL) : 0;
}

/* Of the kernel; libfuse takes it only if it is told twice, in words and as a number. */
static int set_max_read(struct options *options, const struct mount_option *option,
                        const char *value, struct buf *reason) {
        if (!value || text_uint(value, UINT_MAX, &options->max_read) < 0)
                return refuse(option, "a number of bytes", reason);
        return add_passed(options, option->name, value);
}

static const struct mount_option mount_options[] = {
        { "ro", NULL, set_mode, "mount read-only: opening a file then costs nothing" },
        { "rw", NULL, set_mode, "the contrary; the default" },
        { "plan", NULL, set_plan, "write changes to .hcloudfs/plan and send none" },
        { "access", "read-only", set_access, "send nothing that changes anything", AT(access) },
        { "allow_other", NULL, pass, "let other users look (needs user_allow_other in fuse.conf)" },
        { "auto_unmount", NULL, pass, "unmount when the daemon dies" },
        { "fsname", "NAME", set_text, "source shown in the table of mounts", AT(fsname) },
        { "config", "FILE", set_path, "configuration (~/.config/hcloudfs/hcloudfs.conf)",
          AT(config) },
        { "cache_dir", "DIR", set_path, "where answers of the cloud are kept", AT(cache_dir) },
        { "state_dir", "DIR", set_path, "where what must not be lost is kept", AT(state_dir) },
        { "log_level", "LEVEL", set_log_level, "error, warning, info or debug", AT(log_level) },
        { "ttl", "SECONDS", set_number, "how long answers of the cloud serve", AT(ttl_s) },
        { "connect_timeout", "SECONDS", set_number, "to connect", AT(connect_timeout_s) },
        { "request_timeout", "SECONDS", set_number, "for one request", AT(request_timeout_s) },
        { "operation_timeout", "SECONDS", set_number, "for one operation of a program",
          AT(operation_timeout_s) },
        { "connections", "N", set_number, "to one host at the same time", AT(connections) },
        { "rate", "N", set_number, "requests a second to a service of an account", AT(rate) },
        { "burst", "N", set_number, "requests at once before `rate` counts", AT(burst) },
        { "retries", "N", set_number, "attempts after the first", AT(retries) },
        { "deletions_per_minute", "N", set_number, "more need a confirmation; 0: none does",
          AT(deletions_per_minute) },
        { "prefetch", "yes|no", set_yes, "ask ahead for what a walk will need", AT(prefetch) },
        { "max_read", NULL, set_max_read, NULL },
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
_Static_assert(ELEMENTSOF(mount_options) <= 64, "more options than there are bits");

/** options_defaults() - what holds where nobody says anything. */
void options_defaults(struct options *options) {
        struct buf reason = BUF_INIT(WORD_MAX);

        for (const struct mount_option *option = mount_options; option->name; option++)
                if (option->set == set_number || option->set == set_yes ||
                    option->set == set_log_level || option->set == set_access)
                        (void)option->set(options, option, key_of(option)->normal, &reason);
        buf_done(&reason);
}

/** options_help_settings() - append their part of --help. */
int options_help_settings(struct buf *buf) {
        for (const struct mount_option *option = mount_options; option->name; option++) {
                const struct key_row *row = option->value ? key_of(option) : NULL;
                char name[64];

                if (!option->help)
                        continue;
                (void)snprintf(name, sizeof(name), "%s%s%s", option->name, option->value ? "=" : "",
                               option->value ? option->value : "");
                (void)buf_printf(buf, "  %-24s  %s", name, option->help);
                if (row)
                        (void)buf_printf(buf, " (%s)", row->normal);
                (void)buf_add_char(buf, '\n');
        }
        return buf->error;
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
                return add_passed(options, name, value);
        if (option->value && text_is_empty(value))
                return buf_printf(reason, "%s needs a value: %s=%s", name, name, option->value),
                       -EINVAL;
        if (options->is_sealed && (options->given & bit_of(option)))
                return 0;
        options->given |= bit_of(option);
        return option->set(options, option, value, reason);
}

/**
 * options_set_list() - options as after -o: `a,b=c\,d`; a backslash makes the next character an
 * ordinary one. As options_set().
 */
int options_set_list(struct options *options, const char *list, struct buf *reason) {
        int r = 0;

        while (r == 0 && *list) {
                struct buf word = BUF_INIT(WORD_MAX);
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
