/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/account.h"

#include <string.h>

#include "backends/change.h"
#include "backends/service.h"
#include "base/log.h"
#include "base/stamp.h"
#include "base/text.h"
#include "cache/cache.h"
#include "cache/journal.h"
#include "fs/branch.h"
#include "fs/owner.h"

enum {
        TIMEOUT_MS = 60 * 1000,
        KNOWN_TIMEOUT_MS = 10 * 1000, /* of a log-in that something can be shown without */
        PROBE_TIMEOUT_MS = 5 * 1000,
        PATH_BYTES_MAX = 4096,
        CACHE_PATIENCE_MS = 3000,
        CACHE_RETRY_MS = 25,
};

static int path_of(const char *directory, const char *account, const char *suffix, char **ret) {
        struct buf path = BUF_INIT(PATH_BYTES_MAX);

        (void)buf_printf(&path, "%s/", directory);
        (void)text_percent_encode(&path, account, strlen(account), NULL);
        (void)buf_add_str(&path, suffix);
        *ret = buf_steal(&path, NULL);
        return *ret ? 0 : -ENOMEM;
}

static int describe(void *data, struct json **ret) {
        return auth_describe(data, ret);
}

static void keep_sent(void *data, const char *identity, const char *name, const char *value) {
        struct op op;

        op_init(&op, OP_POLL, 0);
        if (journal_put(data, &op,
                        &(struct shelved){
                                .shelf = SHELF_SENT,
                                .path = identity,
                                .name = name,
                                .data = value,
                                .len = strlen(value),
                        }) < 0)
                log_warning("%s of %s is known until the end of the mount only: %s", name, identity,
                            op.fault.reason);
}

static int get_sent(void *data, const char *identity, const char *name, char **ret) {
        size_t len;

        return journal_fetch(data, SHELF_SENT, identity, name, ret, &len);
}

struct dropping {
        struct journal *journal;
        const char *identity;
};

static int drop_one(void *data, const struct shelved *item) {
        const struct dropping *dropping = data;
        struct op op;

        op_init(&op, OP_POLL, 0);
        (void)journal_drop(dropping->journal, &op, SHELF_SENT, dropping->identity, item->name);
        return 0;
}

static void drop_sent(void *data, const char *identity, const char *name) {
        struct dropping dropping = { .journal = data, .identity = identity };

        if (name)
                (void)drop_one(&dropping, &(struct shelved){ .name = name });
        else
                (void)journal_browse(data, SHELF_SENT, identity, drop_one, &dropping);
}

/* An address that is not configured leads nowhere. */
static const char *lacking(const struct account *account) {
        if (account->type != ACCOUNT_SERVICECOMB)
                return NULL;
        return !account->registry ? "registry" : !account->config_url ? "config" : NULL;
}

static int stack_view(struct account_stack *stack, const struct accounts_options *options) {
        const struct account *account = stack->account;
        const struct view_options view_options = {
                .account = account->name,
                .type = account->type,
                .services = (const char *const *)account->services,
                .projects = (const char *const *)account->projects,
                .lacks = lacking(account),
                .ttl_s = options->ttl_s,
                .access = options->access == ACCESS_READ_ONLY ? options->access : account->access,
                .allow_delete = account->allow_delete,
                .allow_create = account->allow_create,
                .deletions_per_minute = options->deletions_per_minute,
                .describe = describe,
                .describe_data = stack->auth,
                .keep = stack->journal ? (struct view_keep){ .put = keep_sent,
                                                             .get = get_sent,
                                                             .drop = drop_sent,
                                                             .data = stack->journal }
                                       : (struct view_keep){ 0 },
        };
        int r = view_new(&view_options, stack->source, &stack->view);

        return r < 0 ? r : branch_new(stack->view, &stack->branch);
}

/* In a thread of the cache. */
static void on_reach(void *data, bool is_reached, const char *reason) {
        struct account_stack *stack = data;
        struct accounts *accounts = stack->accounts;

        pthread_mutex_lock(&accounts->lock);
        if (accounts->on_reach)
                accounts->on_reach(accounts->data, stack->account->name, is_reached, reason);
        pthread_mutex_unlock(&accounts->lock);
}

/* The daemon of a mount that was just unmounted may need a moment to let go of its cache. */
static int open_cache(struct account_stack *stack, struct op *op, const char *path,
                      const char *owner) {
        const struct timespec pause = { .tv_nsec = CACHE_RETRY_MS * 1000000L };
        const struct cache_options options = {
                .path = path, .owner = owner, .probes = true, .on_reach = on_reach, .data = stack
        };
        int64_t until = stamp_monotonic_ms() + CACHE_PATIENCE_MS;

        for (;;) {
                int r = service_new(stack->auth, &stack->service);

                if (r == 0)
                        r = cache_new(op, &options, STEAL(stack->service), &stack->source);
                if (r != -EBUSY || stamp_monotonic_ms() > until)
                        return r;
                (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
        }
}

/* What other servers answered, or what another key was shown, is not shown to this one. Whose an
 * account without usable credentials is cannot be told: then nothing is kept. */
static int stack_cache(struct account_stack *stack, struct op *op, const char *path) {
        struct cache_state state;
        struct auth_owner owner;
        int r;

        r = auth_owner(stack->auth, &owner);
        if (r == 0)
                r = open_cache(stack, op, stack->account->failure ? NULL : path, owner.all);
        if (r == 0 && cache_state(stack->source, &state) == 0 && state.was_others)
                log_warning("account `%s`: what its cache held was of other servers or other "
                            "credentials: it is begun anew",
                            stack->account->name);
        return r;
}

/* What must not be lost; as patient as with the cache. */
static int stack_journal(struct account_stack *stack, struct op *op,
                         const struct accounts_options *options) {
        const struct timespec pause = { .tv_nsec = CACHE_RETRY_MS * 1000000L };
        int64_t until = stamp_monotonic_ms() + CACHE_PATIENCE_MS;
        int r;

        if (!options->state_dir)
                return 0;
        r = path_of(options->state_dir, stack->account->name, ".journal", &stack->journal_path);
        if (r < 0)
                return r;
        for (;;) {
                r = journal_open(op, stack->journal_path, &stack->journal);
                if (r != -EBUSY || stamp_monotonic_ms() > until)
                        return r;
                (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
        }
}

/* Puts one floor upon the other; needs no network. */
static int stack_up(struct account_stack *stack, struct http *http, struct op *op,
                    const struct accounts_options *options) {
        _cleanup_(freep) char *path = NULL;
        int r = 0;

        if (options->cache_dir)
                r = path_of(options->cache_dir, stack->account->name, ".db", &path);
        if (r == 0)
                r = auth_new(http, stack->account, &stack->auth);
        if (r == 0)
                r = stack_cache(stack, op, path);
        if (r == 0)
                r = stack_journal(stack, op, options);
        return r < 0 ? r : stack_view(stack, options);
}

static void note_failure(struct account_stack *stack, struct op *op, int r) {
        if (!op->fault.error)
                (void)op_fail(op, -r, "%s", strerror(-r));
        free(stack->note);
        stack->error = r;
        stack->fault = op->fault;
        stack->note = strdup(op->fault.reason);
}

/* An account that cannot be set up is shown all the same, and says why. */
static int stack_new(struct accounts *accounts, const struct account *account,
                     const struct accounts_options *options) {
        struct account_stack *stack = &accounts->stacks[accounts->count];
        int64_t since = 0;
        struct op op;
        int r;

        stack->timeout_ms = options->timeout_ms ? options->timeout_ms : TIMEOUT_MS;
        op_init(&op, OP_INTERACTIVE, stack->timeout_ms);
        stack->account = account;
        stack->accounts = accounts;
        r = stack_up(stack, accounts->http, &op, options);
        if (r < 0) {
                note_failure(stack, &op, r);
                r = branch_new_failed(r, stack->note ? stack->note : "cannot be set up",
                                      &stack->branch);
        } else {
                stack->note = strdup(account->origin ? account->origin : "ready");
        }
        if (r < 0)
                return r;
        /* the oldest that its cache remembers; nothing else there has a key without a slash */
        if (stack->source && source_seen(stack->source, "mounted", 0, stamp_now_ms(), &since) < 0)
                since = 0;
        accounts->shown[accounts->count++] = (struct session_account){
                .name = account->name,
                .branch = stack->branch,
                .place = stack->view ? view_root(stack->view) : NULL,
                .since_ms = since,
                .journal = stack->journal,
                .fault = stack->error ? &stack->fault : NULL,
        };
        return 0;
}

/** account_is_shown() - is there a tree of accounts of this type? */
bool account_is_shown(const struct account *account) {
        return account->type != ACCOUNT_KUBERNETES;
}

/**
 * accounts_new() - the accounts of @config (borrowed) that are shown, or @only one of them.
 * Returns 0, -ENOENT if there is no such account, -ENOMEM. One that cannot be set up has its
 * failure in its stack.
 */
int accounts_new(const struct config *config, const char *only,
                 const struct accounts_options *options, struct accounts **ret) {
        _cleanup_(accounts_freep) struct accounts *accounts = calloc(1, sizeof(*accounts));
        int r;

        if (!accounts)
                return -ENOMEM;
        accounts->stacks = calloc(config->n_accounts, sizeof(*accounts->stacks));
        accounts->shown = calloc(config->n_accounts, sizeof(*accounts->shown));
        if (!accounts->stacks || !accounts->shown || pthread_mutex_init(&accounts->lock, NULL))
                return -ENOMEM;
        r = http_new(&options->http, &accounts->http);
        for (size_t i = 0; r == 0 && i < config->n_accounts; i++)
                if (account_is_shown(&config->accounts[i]) &&
                    (!only || text_eq(only, config->accounts[i].name)))
                        r = stack_new(accounts, &config->accounts[i], options);
        if (r == 0 && accounts->count == 0)
                r = -ENOENT;
        if (r < 0)
                return r;
        *ret = STEAL(accounts);
        return 0;
}

/** accounts_free() - in the order in which they stand on each other. Returns NULL. */
struct accounts *accounts_free(struct accounts *accounts) {
        if (!accounts)
                return NULL;
        for (size_t i = 0; i < accounts->count; i++) {
                struct account_stack *stack = &accounts->stacks[i];

                branch_free(stack->branch);
                view_free(stack->view);
                source_free(stack->source);
                source_free(stack->service);
                journal_close(stack->journal);
                free(stack->journal_path);
                auth_free(stack->auth);
                free(stack->note);
        }
        free(accounts->stacks);
        free(accounts->shown);
        http_free(accounts->http);
        pthread_mutex_destroy(&accounts->lock);
        free(accounts);
        return NULL;
}

/* Is there anything to show of it without its servers? */
static bool knows_something(const struct account_stack *stack) {
        struct cache_state state;

        return stack->source && cache_state(stack->source, &state) == 0 && state.has_answers;
}

/* Does a failed log-in leave open whether the credentials are right? A certificate that is not
 * trusted is for a person to decide. */
static bool says_nothing(int error) {
        switch (-error) {
        case EIO:
        case EBUSY:
        case ETIMEDOUT:
        case ENETDOWN:
        case ENETUNREACH:
        case EHOSTDOWN:
        case EHOSTUNREACH:
        case ECONNREFUSED:
        case ECONNRESET:
                return true;
        default:
                return false;
        }
}

/* Shows what is known; that the cache asks once makes it look after the servers from now on. */
static void go_on_without(struct account_stack *stack, struct op *op, int error) {
        char *note = NULL;
        struct op probe;

        log_warning("account `%s`: cannot be reached, what is known is shown: %s",
                    stack->account->name,
                    op->fault.reason[0] ? op->fault.reason : strerror(-error));
        if (text_format(&note, "could not be reached when it was mounted: %s", op->fault.reason) ==
            0) {
                free(stack->note);
                stack->note = note;
        }
        op_init(&probe, OP_POLL, PROBE_TIMEOUT_MS);
        (void)view_probe(stack->view, &probe);
}

/* A journal of another owner is left alone; then nothing can be changed. */
static void settle_journal(struct account_stack *stack, bool is_logged_in) {
        struct op op;
        int r;

        if (!stack->journal)
                return;
        op_init(&op, OP_INTERACTIVE, stack->timeout_ms);
        r = owner_settle(&op, stack->journal, stack->auth, stack->journal_path, is_logged_in);
        stack->is_journal_others = r < 0;
        if (r < 0 && !stack->error)
                note_failure(stack, &op, r);
}

/* It works, but not all that was asked for is there. */
static void note_missing(struct account_stack *stack) {
        _cleanup_(freep) char *missing = auth_missing_projects(stack->auth);
        struct op op;

        if (!missing)
                return;
        op_init(&op, OP_INTERACTIVE, 0);
        (void)op_fail(&op, ENOENT, "the account has no project %s: look at `projects`", missing);
        stack->doubt = op.fault;
        log_warning("account `%s`: %s", stack->account->name, op.fault.reason);
}

static void *login(void *data) {
        struct account_stack *stack = data;
        struct op op;
        bool is_known = knows_something(stack);
        int64_t timeout_ms = stack->timeout_ms;
        int r;

        if (is_known && timeout_ms > KNOWN_TIMEOUT_MS)
                timeout_ms = KNOWN_TIMEOUT_MS;
        op_init(&op, OP_INTERACTIVE, timeout_ms);
        r = auth_login(stack->auth, &op);
        if (r < 0 && is_known && says_nothing(r))
                go_on_without(stack, &op, r);
        else if (r < 0)
                note_failure(stack, &op, r);
        else
                note_missing(stack);
        settle_journal(stack, r == 0);
        return NULL;
}

/**
 * accounts_login() - log in to all at once; who fails has the failure in its stack.
 * Returns how many did.
 */
int accounts_login(struct accounts *accounts) {
        _cleanup_(freep) pthread_t *threads = calloc(accounts->count, sizeof(*threads));
        _cleanup_(freep) bool *is_started = calloc(accounts->count, sizeof(*is_started));
        int failed = 0;

        for (size_t i = 0; i < accounts->count; i++) {
                struct account_stack *stack = &accounts->stacks[i];

                if (stack->error)
                        continue;
                if (threads && is_started)
                        is_started[i] = !pthread_create(&threads[i], NULL, login, stack);
                if (!is_started || !is_started[i])
                        (void)login(stack);
        }
        for (size_t i = 0; i < accounts->count; i++) {
                if (threads && is_started && is_started[i])
                        pthread_join(threads[i], NULL);
                failed += accounts->stacks[i].error != 0;
                accounts->shown[i].note = accounts->stacks[i].note;
                if (accounts->stacks[i].doubt.error)
                        accounts->shown[i].doubt = &accounts->stacks[i].doubt;
                if (accounts->stacks[i].is_journal_others)
                        accounts->shown[i].journal = NULL;
                if (accounts->stacks[i].error)
                        accounts->shown[i].fault = &accounts->stacks[i].fault;
        }
        return failed;
}

/** accounts_reread() - read the sources of all credentials again, and say what came of it. */
void accounts_reread(struct accounts *accounts) {
        for (size_t i = 0; i < accounts->count; i++) {
                struct account_stack *stack = &accounts->stacks[i];
                struct op op;
                int r;

                if (!stack->auth)
                        continue;
                op_init(&op, OP_POLL, 0);
                r = auth_reread(stack->auth, &op);
                if (r > 0)
                        log_warning("account `%s`: other credentials are used from now on",
                                    stack->account->name);
                else if (r < 0)
                        log_warning("account `%s`: the credentials stay as they are: %s",
                                    stack->account->name, op.fault.reason);
        }
}

/* An account's cache, and what may be changed in it. 0 or -ENOMEM. */
static int describe_stack(const struct account_stack *stack, struct json *all) {
        _cleanup_(json_freep) struct json *part = NULL;
        struct json *changes = NULL;
        int r;

        if (!stack->view || cache_describe(stack->source, &part) < 0)
                return 0;
        r = view_budget(stack->view, &changes);
        if (r == 0)
                r = json_set(part, "changes", changes);
        return r < 0 ? r : json_set(all, stack->account->name, STEAL(part));
}

/** accounts_listen() - have @fn told from now on, and of what is so already; NULL: nobody. Who was
 * told before is not any more when this returns. */
void accounts_listen(struct accounts *accounts, accounts_reach_fn fn, void *data) {
        pthread_mutex_lock(&accounts->lock);
        accounts->on_reach = fn;
        accounts->data = data;
        for (size_t i = 0; fn && i < accounts->count; i++) {
                const struct account_stack *stack = &accounts->stacks[i];
                struct cache_state state;

                if (stack->source && cache_state(stack->source, &state) == 0 && state.outages)
                        fn(data, stack->account->name, false, state.reason);
        }
        pthread_mutex_unlock(&accounts->lock);
}

/** accounts_state() - append a line for whatever of an account is not as it should be. */
int accounts_state(struct accounts *accounts, struct buf *buf) {
        for (size_t i = 0; i < accounts->count; i++) {
                const struct account_stack *stack = &accounts->stacks[i];
                char since[STAMP_TEXT_SIZE], last[STAMP_TEXT_SIZE];
                struct cache_state state;

                if (!stack->source || cache_state(stack->source, &state) < 0)
                        continue;
                stamp_format(state.outage_since_ms / 1000, since);
                if (state.outages)
                        (void)buf_printf(buf, "offline: %s since %s: %s\n", stack->account->name,
                                         since, state.reason);
                stamp_format(state.stale_since_ms / 1000, since);
                stamp_format(state.stale_last_ms / 1000, last);
                if (state.stale_since_ms)
                        (void)buf_printf(buf, "stale: %s since %s, last at %s\n",
                                         stack->account->name, since, last);
        }
        return buf->error;
}

/** accounts_limits() - append connections, rate limits, caches and budgets, as JSON. */
int accounts_limits(struct accounts *accounts, struct buf *buf) {
        _cleanup_(json_freep) struct json *all = json_new_object();
        struct json *part = NULL;
        int r = all ? http_describe(accounts->http, &part) : -ENOMEM;

        if (r == 0)
                r = json_set(all, "http", part);
        for (size_t i = 0; r == 0 && i < accounts->count; i++)
                r = describe_stack(&accounts->stacks[i], all);
        if (r == 0)
                r = json_render(all, JSON_PRETTY, buf);
        return r < 0 ? r : buf_add_char(buf, '\n');
}
