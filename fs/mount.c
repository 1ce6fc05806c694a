/* SPDX-License-Identifier: Apache-2.0 */
/* From the command line to a mount that is served, and down again. */
#include "fs/program.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "fs/account.h"
#include "fs/control.h"
#include "fs/daemon.h"
#include "fs/demo.h"
#include "fs/mountpoint.h"

enum { CONFIG_TIMEOUT_MS = 60 * 1000, ARGUMENT_MAX = 128 * 1024 };

/* All that a mount consists of, in the order in which it is made. */
struct mount {
        struct options *options;
        char *mountpoint;
        char *cache_dir; /* NULL: nothing on disk */
        struct daemon daemon;
        struct demo *demo;
        struct config *config;
        struct accounts *accounts;
        struct session *session;
};

/* What [mount] says holds where the command line says nothing. */
static int apply_file(struct options *options, const struct config *config) {
        struct buf reason = BUF_INIT(4096);
        int r = 0;

        for (size_t i = 0; r == 0 && i < config->n_mount; i++) {
                r = options_set(options, config->mount[i].name, config->mount[i].value, &reason);
                if (r < 0)
                        log_error("%s: [mount]: %s", config->path,
                                  reason.len ? buf_str(&reason) : strerror(-r));
        }
        buf_done(&reason);
        return r;
}

/** program_config() - read the configuration and what it says of mounts. 0 or negative errno. */
int program_config(struct options *options, struct config **ret) {
        _cleanup_(config_freep) struct config *config = NULL;
        struct op op;
        int r;

        op_init(&op, OP_INTERACTIVE, CONFIG_TIMEOUT_MS);
        r = config_load(&op, options->config, &config);
        if (r < 0) {
                log_error("%s", op.fault.reason[0] ? op.fault.reason : strerror(-r));
                return r;
        }
        r = apply_file(options, config);
        if (r < 0)
                return r;
        if (options->account && !config_account(config, options->account)) {
                log_error("there is no account `%s` in %s", options->account,
                          config->path ? config->path : "the environment");
                return -ENOENT;
        }
        log_set_level(options->log_level);
        *ret = STEAL(config);
        return 0;
}

/* $XDG_CACHE_HOME/hcloudfs, else ~/.cache/hcloudfs; private, made where it is missing. */
static int make_cache_dir(char **ret) {
        const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
        _cleanup_(freep) char *above = NULL, *path = NULL;

        if (!text_is_empty(base) && *base == '/')
                above = strdup(base);
        else if (text_is_empty(home))
                return -ENOENT;
        else if (asprintf(&above, "%s/.cache", home) < 0)
                above = NULL;
        if (!above || asprintf(&path, "%s/hcloudfs", above) < 0)
                return -ENOMEM;
        if (mkdir(above, 0700) < 0 && errno != EEXIST)
                return -errno;
        if (mkdir(path, 0700) < 0 && errno != EEXIST)
                return -errno;
        *ret = STEAL(path);
        return 0;
}

/* A cache inside the mount would wait for itself. */
static int prepare_cache(struct mount *mount) {
        size_t len = strlen(mount->mountpoint);
        int r = make_cache_dir(&mount->cache_dir);

        if (r == -ENOENT) {
                log_warning("neither XDG_CACHE_HOME nor HOME is set: nothing is kept on disk");
                return 0;
        }
        if (r < 0) {
                log_error("cannot make a directory for the cache: %s", strerror(-r));
                return r;
        }
        if (strncmp(mount->cache_dir, mount->mountpoint, len) != 0 ||
            (mount->cache_dir[len] && mount->cache_dir[len] != '/'))
                return 0;
        log_error("the cache %s would be inside the mount", mount->cache_dir);
        return -EINVAL;
}

static int prepare_config(struct mount *mount) {
        int r;

        if (!mount->options->is_demo) {
                r = program_config(mount->options, &mount->config);
                return r < 0 ? r : prepare_cache(mount);
        }
        log_set_level(mount->options->log_level);
        r = demo_start(&mount->demo);
        return r < 0 ? r : demo_config(mount->demo, &mount->config);
}

static void say_failed(const struct account_stack *stack) {
        const struct op_fault *fault = &stack->fault;

        log_error("account `%s`: %s%s%s%s", stack->account->name, stack->note ? stack->note : "?",
                  fault->request_id[0] ? " (request " : "", fault->request_id,
                  fault->request_id[0] ? ")" : "");
}

/* One failing account hides no other, but who asked for just that one, or whom all fail, must know
 * before anything is mounted. */
static int prepare_accounts(struct mount *mount) {
        const struct accounts_options options = {
                .ttl_s = mount->options->ttl_s,
                .cache_dir = mount->cache_dir,
        };
        int failed, r;

        r = accounts_new(mount->config, mount->options->account, &options, &mount->accounts);
        if (r < 0) {
                log_error("cannot set the accounts up: %s", strerror(-r));
                return r;
        }
        failed = accounts_login(mount->accounts);
        for (size_t i = 0; i < mount->accounts->count; i++)
                if (mount->accounts->stacks[i].error)
                        say_failed(&mount->accounts->stacks[i]);
        return (size_t)failed == mount->accounts->count ? -EACCES : 0;
}

static int limits(void *data, struct buf *buf) {
        const struct mount *mount = data;

        return accounts_limits(mount->accounts, buf);
}

static void on_ready(void *data) {
        struct mount *mount = data;

        daemon_ready(&mount->daemon);
}

static void on_refresh(void *data) {
        struct mount *mount = data;

        log_info("told to refresh everything");
        refresh_all(mount->session);
}

/* A comma in a value would begin the next option. */
static void add_escaped(struct buf *buf, const char *text) {
        for (; *text; text++) {
                if (*text == ',' || *text == '\\')
                        (void)buf_add_char(buf, '\\');
                (void)buf_add_char(buf, *text);
        }
}

static int mount_options(const struct mount *mount, struct buf *buf) {
        const struct options *options = mount->options;

        (void)buf_add_str(buf, "subtype=hcloudfs,default_permissions,nosuid,nodev,noexec,fsname=");
        if (options->fsname) {
                add_escaped(buf, options->fsname);
        } else if (mount->accounts->count == 1) {
                (void)buf_add_str(buf, "hcloudfs#");
                add_escaped(buf, mount->accounts->shown[0].name);
        } else {
                (void)buf_add_str(buf, "hcloudfs");
        }
        if (options->is_read_only)
                (void)buf_add_str(buf, ",ro");
        if (options->pass.len)
                (void)buf_printf(buf, ",%s", buf_str(&options->pass));
        return buf->error;
}

static int start_session(struct mount *mount) {
        const struct session_options options = {
                .accounts = mount->accounts->shown,
                .n_accounts = mount->accounts->count,
                .is_read_only = mount->options->is_read_only,
                .uid = getuid(),
                .gid = getgid(),
                .mountpoint = mount->mountpoint,
                .limits = limits,
                .ready = on_ready,
                .data = mount,
        };
        struct buf text = BUF_INIT(ARGUMENT_MAX);
        char program[] = "hcloudfs", flag[] = "-o", debug[] = "-d";
        int r = session_new(&options, &mount->session);

        if (r == 0)
                r = mount_options(mount, &text);
        if (r == 0) {
                char *argv[] = { program, flag, text.data, debug, NULL };
                struct fuse_args args = FUSE_ARGS_INIT(mount->options->is_debug ? 4 : 3, argv);

                r = session_mount(mount->session, &args);
                fuse_opt_free_args(&args);
        }
        buf_done(&text);
        if (r < 0)
                log_error("cannot mount at %s", mount->mountpoint);
        return r;
}

static int serve(struct mount *mount) {
        int r = daemon_block_signals();

        if (r == 0)
                r = prepare_config(mount);
        if (r == 0)
                r = prepare_accounts(mount);
        if (r == 0)
                r = start_session(mount);
        if (r < 0)
                return r;
        mount->daemon.session = mount->session;
        mount->daemon.refresh = on_refresh;
        mount->daemon.data = mount;
        r = daemon_watch_signals(&mount->daemon);
        if (r == 0)
                r = session_run(mount->session);
        daemon_end(&mount->daemon);
        return r;
}

static void mount_done(struct mount *mount) {
        session_free(mount->session);
        accounts_free(mount->accounts);
        config_free(mount->config);
        demo_stop(mount->demo);
        free(mount->cache_dir);
        free(mount->mountpoint);
}

/** program_mount() - returns when it is unmounted; the caller's process when it is mounted. */
int program_mount(struct options *options) {
        struct mount mount = { .options = options, .daemon.ready_fd = -1 };
        int r;

        r = mountpoint_check_device();
        if (r == 0)
                r = mountpoint_prepare(options->mountpoint, &mount.mountpoint);
        if (r == 0 && !options->is_foreground)
                r = daemon_fork(&mount.daemon);
        if (r == 0)
                r = serve(&mount);
        mount_done(&mount);
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
