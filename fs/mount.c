/* SPDX-License-Identifier: Apache-2.0 */
/* From the command line to a mount that is served, and down again. */
#include "fs/program.h"

#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "fs/account.h"
#include "fs/control.h"
#include "fs/daemon.h"
#include "fs/demo.h"
#include "fs/mountpoint.h"
#include "fs/reach.h"
#include "fs/storage.h"

enum { ARGUMENT_MAX = 128 * 1024, REASON_MAX = 16 * 1024 };

/* All that a mount consists of, in the order in which it is made. */
struct mount {
        struct options *options;
        char *mountpoint;
        char *cache_dir; /* NULL: nothing on disk */
        char *state_dir; /* NULL: nothing can be changed */
        struct daemon daemon;
        struct demo *demo;
        struct config *config;
        struct accounts *accounts;
        struct session *session;
};

/* What [mount] says holds where the command line says nothing. */
static int apply_file(struct options *options, struct op *op, const struct config *config) {
        struct buf reason = BUF_INIT(REASON_MAX);
        int r = 0;

        for (size_t i = 0; r == 0 && i < config->n_mount; i++)
                r = options_set(options, config->mount[i].name, config->mount[i].value, &reason);
        if (r < 0)
                (void)op_fail(op, -r, "%s: [mount]: %.512s", config->path,
                              reason.len ? buf_str(&reason) : strerror(-r));
        buf_done(&reason);
        return r;
}

/** program_config() - read the configuration and what it says of mounts. 0 or negative errno, with
 * a reason in @op. */
int program_config(struct options *options, struct op *op, struct config **ret) {
        _cleanup_(config_freep) struct config *config = NULL;
        int r = config_load(op, options->config, &config);

        if (r == 0)
                r = apply_file(options, op, config);
        if (r < 0)
                return r;
        if (options->account && !config_account(config, options->account))
                return op_fail(op, ENOENT, "there is no account `%s` in %s", options->account,
                               config->path ? config->path : "the environment");
        log_set_level(options->log_level);
        *ret = STEAL(config);
        return 0;
}

/** program_http() - how requests are sent. */
struct http_options program_http(const struct options *options) {
        return (struct http_options){
                .max_per_host = options->connections,
                .connect_ms = options->connect_timeout_s * 1000,
                .request_ms = options->request_timeout_s * 1000,
                .retries = options->retries,
                .retry_not = options->retries == 0,
                .rate = options->rate,
                .burst = options->burst,
        };
}

/* Without a home directory nothing is kept, which a reader can do without. */
static int prepare_storage(struct mount *mount, enum storage storage, const char *wanted,
                           char **ret) {
        struct op op;
        int r;

        op_init(&op, OP_INTERACTIVE, 0);
        r = storage_prepare(&op, storage, wanted, mount->mountpoint, ret);
        if (r == -ENXIO)
                log_warning("%s", op.fault.reason);
        else if (r < 0)
                log_error("%s", op.fault.reason);
        return r == -ENXIO ? 0 : r;
}

static int prepare_storages(struct mount *mount) {
        const struct options *options = mount->options;
        int r = prepare_storage(mount, STORAGE_CACHE, options->cache_dir, &mount->cache_dir);

        if (r == 0 && !options->is_read_only)
                r = prepare_storage(mount, STORAGE_STATE, options->state_dir, &mount->state_dir);
        return r;
}

static int prepare_demo(struct mount *mount) {
        int r;

        log_set_level(mount->options->log_level);
        r = demo_start(&mount->demo);
        if (r < 0)
                return r;
        mount->state_dir = strdup(demo_directory(mount->demo)); /* goes with the cloud it is of */
        return mount->state_dir ? demo_config(mount->demo, &mount->config) : -ENOMEM;
}

static int prepare_config(struct mount *mount) {
        struct op op;
        int r;

        if (mount->options->is_demo)
                return prepare_demo(mount);
        op_init(&op, OP_INTERACTIVE, 0);
        r = program_config(mount->options, &op, &mount->config);
        if (r < 0)
                log_error("%s", op.fault.reason);
        return r < 0 ? r : prepare_storages(mount);
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
        const struct options *given = mount->options;
        const struct accounts_options options = {
                .ttl_s = given->ttl_s,
                .cache_dir = mount->cache_dir,
                .state_dir = mount->state_dir,
                .access = given->is_read_only ? ACCESS_READ_ONLY : given->access,
                .deletions_per_minute = given->deletions_per_minute,
                .timeout_ms = (int64_t)given->operation_timeout_s * 1000,
                .http = program_http(given),
        };
        int failed, r;

        r = accounts_new(mount->config, mount->options->account, &options, &mount->accounts);
        if (r == -ENOENT) /* an unknown name was refused before */
                log_error("there is nothing to show: Kubernetes accounts are read but not shown by "
                          "this version");
        else if (r < 0)
                log_error("cannot set the accounts up: %s", strerror(-r));
        if (r < 0)
                return r;
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

static int state(void *data, struct buf *buf) {
        const struct mount *mount = data;

        return accounts_state(mount->accounts, buf);
}

static void on_reach(void *data, const char *account, bool is_reached, const char *reason) {
        const struct mount *mount = data;

        session_reached(mount->session, account, is_reached, reason);
}

static void on_ready(void *data) {
        struct mount *mount = data;

        daemon_ready(&mount->daemon);
}

/* Accounts are set up when they are mounted: of those that came since is only told. */
static void reread(struct mount *mount) {
        _cleanup_(config_freep) struct config *config = NULL;
        struct op op;

        op_init(&op, OP_POLL, 0);
        if (config_load(&op, mount->config->path, &config) < 0) {
                log_error("all credentials stay as they are: %s", op.fault.reason);
                return;
        }
        accounts_reread(mount->accounts);
        for (size_t i = 0; !mount->options->account && i < config->n_accounts; i++)
                if (!config_account(mount->config, config->accounts[i].name))
                        log_warning("account `%s` is new: it will be there after a new mount",
                                    config->accounts[i].name);
}

static void on_refresh(void *data) {
        struct mount *mount = data;

        log_info("told to refresh everything");
        refresh_all(mount->session);
        if (!mount->demo)
                reread(mount);
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
                .is_plan_only = mount->options->is_plan_only,
                .uid = getuid(),
                .gid = getgid(),
                .mountpoint = mount->mountpoint,
                .max_read = mount->options->max_read,
                .timeout_ms = (int64_t)mount->options->operation_timeout_s * 1000,
                .is_lazy = !mount->options->prefetch,
                .limits = limits,
                .state = state,
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
        accounts_listen(mount->accounts, on_reach, mount);
        r = daemon_watch_signals(&mount->daemon);
        if (r == 0)
                r = session_run(mount->session);
        daemon_end(&mount->daemon);
        accounts_listen(mount->accounts, NULL, NULL);
        return r;
}

static void mount_done(struct mount *mount) {
        session_free(mount->session);
        accounts_free(mount->accounts);
        config_free(mount->config);
        demo_stop(mount->demo);
        free(mount->cache_dir);
        free(mount->state_dir);
        free(mount->mountpoint);
}

/** program_mount() - returns when it is unmounted; the caller's process when it is mounted. */
int program_mount(struct options *options) {
        struct mount mount = { .options = options, .daemon.ready_fd = -1 };
        int r;

        r = mountpoint_check_device();
        if (r == 0)
                r = mountpoint_prepare(options->path, &mount.mountpoint);
        if (r == 0 && !options->is_foreground)
                r = daemon_fork(&mount.daemon);
        if (r == 0)
                r = serve(&mount);
        mount_done(&mount);
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
