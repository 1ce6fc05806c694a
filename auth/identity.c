/* SPDX-License-Identifier: Apache-2.0 */
/* Which credentials are in force, when they are read anew, and when they have to rest. */
#include "auth/auth-internal.h"

#include "base/stamp.h"
#include "base/text.h"

/** identity_new() - credentials in force; takes over @config, which may be NULL. 0 or -ENOMEM. */
int identity_new(struct config *config, const struct account *account, struct identity **ret) {
        struct identity *identity = calloc(1, sizeof(*identity));

        if (!identity)
                return -ENOMEM;
        atomic_init(&identity->refs, 1);
        identity->config = config;
        identity->account = account;
        *ret = identity;
        return 0;
}

/** identity_unref() - let go; the last one wipes what was read anew. Returns NULL. */
struct identity *identity_unref(struct identity *identity) {
        if (!identity || atomic_fetch_sub(&identity->refs, 1) > 1)
                return NULL;
        (void)config_free(identity->config);
        free(identity);
        return NULL;
}

/** auth_identity() - a reference to the credentials in force. */
struct identity *auth_identity(struct auth *auth) {
        struct identity *identity;

        (void)pthread_mutex_lock(&auth->lock);
        identity = auth->identity;
        (void)atomic_fetch_add(&identity->refs, 1);
        (void)pthread_mutex_unlock(&auth->lock);
        return identity;
}

static bool is_same(const struct account *a, const struct account *b) {
        return text_eq(a->ak, b->ak) && text_eq(a->sk, b->sk) &&
               text_eq(a->security_token, b->security_token) && text_eq(a->user, b->user) &&
               text_eq(a->password, b->password) && text_eq(a->domain, b->domain) &&
               text_eq(a->token, b->token) && text_eq(a->engine_user, b->engine_user) &&
               text_eq(a->engine_password, b->engine_password);
}

/* Puts others in force: what was held against the old ones is forgotten. */
static void replace(struct auth *auth, struct identity *identity) {
        struct identity *old;

        (void)pthread_mutex_lock(&auth->lock);
        old = auth->identity;
        auth->identity = identity;
        auth->stopped_ms = 0;
        auth->failures = 0;
        auth->has_worked = false;
        (void)pthread_mutex_unlock(&auth->lock);
        tokens_clear(auth->tokens);
        (void)identity_unref(old);
}

/* Reads the sources. 1 if they have other credentials now, 0 if not; what cannot be read changes
 * nothing and is a failure with its reason. */
static int read_again(struct auth *auth, struct op *op) {
        _cleanup_(config_freep) struct config *config = NULL;
        const struct account *account, *current;
        struct identity *identity;
        int r;

        if (!auth->account->source && !text_eq(auth->account->name, "default"))
                return 0; /* of no source: the demonstration's own */
        r = config_load(op, auth->account->source, &config);
        if (r < 0)
                return r;
        account = config_account(config, auth->account->name);
        current = auth->identity->account; /* changed under `reload` only */
        if (!account || account->type != auth->account->type)
                return op_fail(op, ENOENT, "%s has no account `%s` any more",
                               config->path ? config->path : "the environment",
                               auth->account->name);
        if (account->failure)
                return op_fail(op, EACCES, "%s", account->failure);
        if (is_same(account, current))
                return 0;
        r = identity_new(config, account, &identity);
        if (r < 0)
                return op_fail(op, -r, "out of memory");
        config = NULL;
        replace(auth, identity);
        return 1;
}

/**
 * auth_reload() - credentials were refused: are there others by now?
 * @used: those that were refused.
 * Reads the sources at most every ten seconds. Returns 1 if others are in force, 0 if not.
 */
int auth_reload(struct auth *auth, struct op *op, const struct identity *used) {
        int64_t now = stamp_monotonic_ms();
        struct op look;
        int r = 0;

        (void)op;
        op_init(&look, OP_POLL, 0); /* its reasons are nobody's: the old credentials stay */
        (void)pthread_mutex_lock(&auth->reload);
        if (auth->identity != used) {
                r = 1;
        } else if (!auth->reloaded_ms || now - auth->reloaded_ms >= RELOAD_MS) {
                auth->reloaded_ms = now;
                r = read_again(auth, &look);
        }
        (void)pthread_mutex_unlock(&auth->reload);
        return r > 0;
}

/**
 * auth_reread() - somebody says that there are other credentials: read the sources at once.
 * Returns 1 if others are in force now, 0 if they are the same, or negative errno and the reason,
 * the old ones staying in force.
 */
int auth_reread(struct auth *auth, struct op *op) {
        int r;

        (void)pthread_mutex_lock(&auth->reload);
        auth->reloaded_ms = stamp_monotonic_ms();
        r = read_again(auth, op);
        (void)pthread_mutex_unlock(&auth->reload);
        return r;
}

/**
 * auth_gate() - may a request go out with the credentials in force?
 * Returns 0, or -EACCES with the reason for which they rest; other credentials end the rest.
 */
int auth_gate(struct auth *auth, struct op *op) {
        _cleanup_(identity_unrefp) struct identity *used = auth_identity(auth);
        int64_t now = stamp_monotonic_ms();
        char reason[OP_REASON_SIZE];
        bool is_stopped;

        (void)pthread_mutex_lock(&auth->lock);
        is_stopped = now < auth->stopped_ms;
        if (is_stopped)
                (void)snprintf(reason, sizeof(reason), "%.900s (nothing is sent for %d seconds)",
                               auth->stop_reason, (int)((auth->stopped_ms - now + 999) / 1000));
        (void)pthread_mutex_unlock(&auth->lock);
        if (!is_stopped || auth_reload(auth, op, used) > 0)
                return 0;
        return op_fail(op, EACCES, "%s", reason);
}

/** auth_gate_worked() - the server took the credentials. */
void auth_gate_worked(struct auth *auth) {
        (void)pthread_mutex_lock(&auth->lock);
        auth->failures = 0;
        auth->has_worked = true;
        (void)pthread_mutex_unlock(&auth->lock);
}

/**
 * auth_gate_failed() - the server refused the key or its signature.
 *
 * Five wrong signatures in a row lock a key, for its other users as well. So a key that never
 * worked rests after the first, one that did after the third: a single odd request stops nothing.
 */
void auth_gate_failed(struct auth *auth, bool is_locked, const char *reason) {
        (void)pthread_mutex_lock(&auth->lock);
        auth->failures++;
        if (is_locked || !auth->has_worked || auth->failures >= GATE_FAILURES_MAX) {
                auth->stopped_ms = stamp_monotonic_ms() + GATE_STOP_MS;
                (void)snprintf(auth->stop_reason, sizeof(auth->stop_reason), "%s", reason);
        }
        (void)pthread_mutex_unlock(&auth->lock);
}

/** auth_learn_domain() - remember the account's id and name; either may be NULL. */
void auth_learn_domain(struct auth *auth, const char *id, const char *name) {
        char *id_copy = text_is_empty(id) ? NULL : strdup(id);
        char *name_copy = text_is_empty(name) ? NULL : strdup(name);

        (void)pthread_mutex_lock(&auth->lock);
        if (id_copy) {
                free(auth->domain_id);
                auth->domain_id = id_copy;
        }
        if (name_copy) {
                free(auth->domain_name);
                auth->domain_name = name_copy;
        }
        (void)pthread_mutex_unlock(&auth->lock);
}
