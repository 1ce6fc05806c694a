/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/tokens.h"

#include <pthread.h>
#include <sys/random.h>

#include "auth/secret.h"
#include "base/stamp.h"
#include "base/text.h"

enum {
        WAIT_TICK_MS = 50, /* how soon a cancelled waiter notices */
        LIFE_MIN_MS = 1000,
        /* A younger token that is refused is not the reason: another would be refused, too. */
        FRESH_MS = 10 * 1000,
        WORKED_FRESH_MS = 1000, /* One that was accepted may be over, however long it was
                                   to last; but some say 401 to who may not see something */
};

struct token {
        char *key;
        char *value;                              /* secret; NULL: none yet */
        int64_t fetched_ms, renew_ms, expires_ms; /* monotonic */
        int64_t used_ms;
        bool has_worked; /* it was accepted once */
        bool is_busy;    /* somebody is logging in */
        unsigned round;  /* logins ended */
        unsigned waiters;
        struct op_fault fault; /* why the last login failed; error 0: it did not */
        int64_t held_ms;       /* a refusal counts until then */
};

struct tokens {
        int64_t (*clock)(void);
        pthread_mutex_t lock; /* protects all below; never held during a login */
        pthread_cond_t changed;
        struct token **list; /* owned */
        size_t count, capacity;
        unsigned epoch; /* tokens_clear() calls: what began before one is not kept */
};

/** tokens_new() - an empty store. Returns 0 or -ENOMEM. */
int tokens_new(struct tokens **ret) {
        struct tokens *tokens = calloc(1, sizeof(*tokens));
        pthread_condattr_t attributes;

        if (!tokens)
                return -ENOMEM;
        tokens->clock = stamp_monotonic_ms;
        (void)pthread_mutex_init(&tokens->lock, NULL);
        (void)pthread_condattr_init(&attributes);
        (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        (void)pthread_cond_init(&tokens->changed, &attributes);
        (void)pthread_condattr_destroy(&attributes);
        *ret = tokens;
        return 0;
}

static void token_free(struct token *token) {
        token->value = secret_free(token->value);
        free(token->key);
        free(token);
}

/** tokens_free() - wipe and free all; nobody may be using them. Returns NULL. */
struct tokens *tokens_free(struct tokens *tokens) {
        if (!tokens)
                return NULL;
        for (size_t i = 0; i < tokens->count; i++)
                token_free(tokens->list[i]);
        free(tokens->list);
        (void)pthread_cond_destroy(&tokens->changed);
        (void)pthread_mutex_destroy(&tokens->lock);
        free(tokens);
        return NULL;
}

void tokens_set_clock(struct tokens *tokens, int64_t (*clock)(void)) {
        tokens->clock = clock;
}

static struct token *find(struct tokens *tokens, const char *key) {
        for (size_t i = 0; i < tokens->count; i++)
                if (text_eq(tokens->list[i]->key, key))
                        return tokens->list[i];
        return NULL;
}

/* Makes room by dropping the token that was not used for the longest time. */
static void drop_oldest(struct tokens *tokens) {
        size_t oldest = tokens->count;

        for (size_t i = 0; i < tokens->count; i++) {
                const struct token *token = tokens->list[i];

                if (token->is_busy || token->waiters)
                        continue;
                if (oldest == tokens->count || token->used_ms < tokens->list[oldest]->used_ms)
                        oldest = i;
        }
        if (oldest == tokens->count)
                return;
        token_free(tokens->list[oldest]);
        tokens->list[oldest] = tokens->list[--tokens->count];
}

static struct token *find_or_add(struct tokens *tokens, const char *key) {
        struct token *token = find(tokens, key);

        if (token)
                return token;
        if (tokens->count == TOKENS_MAX)
                drop_oldest(tokens);
        if (array_grow(&tokens->list, &tokens->capacity, tokens->count, TOKENS_MAX,
                       sizeof(*tokens->list)) < 0)
                return NULL;
        token = calloc(1, sizeof(*token));
        if (!token)
                return NULL;
        token->key = strdup(key);
        if (!token->key) {
                free(token);
                return NULL;
        }
        tokens->list[tokens->count++] = token;
        return token;
}

/* Between 0.60 and 0.667 of the life, so that many mounts do not renew at once. */
static int64_t renewal_after(int64_t life_ms) {
        uint16_t dice = 0;

        if (getrandom(&dice, sizeof(dice), GRND_NONBLOCK) != (ssize_t)sizeof(dice))
                dice = 0;
        return life_ms * 2 / 3 - life_ms / 15 * dice / UINT16_MAX;
}

static void wait_tick(struct tokens *tokens) {
        struct timespec until;

        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += WAIT_TICK_MS * 1000000L;
        if (until.tv_nsec >= 1000000000L) {
                until.tv_sec++;
                until.tv_nsec -= 1000000000L;
        }
        (void)pthread_cond_timedwait(&tokens->changed, &tokens->lock, &until);
}

static int copy_value(struct op *op, const struct token *token, char **ret) {
        *ret = strdup(token->value);
        return *ret ? 0 : op_fail(op, ENOMEM, "out of memory");
}

/* A login that its own caller gave up says nothing to those who wait for it. */
static bool is_given_up(const struct op *op, int error) {
        return error == -EINTR || error == -ECANCELED ||
               (error == -ETIMEDOUT && op_left_ms(op) == 0);
}

/* Files the outcome of a login, lock held. Returns 0 or the error for the one who made it. */
static int settle(struct tokens *tokens, struct token *token, struct op *op, int error,
                  struct token_grant *grant) {
        int64_t now = tokens->clock(), life;

        token->is_busy = false;
        token->round++;
        token->fault = (struct op_fault){ 0 };
        token->held_ms = 0;
        (void)pthread_cond_broadcast(&tokens->changed);
        if (error == 0) {
                life = grant->life_ms < LIFE_MIN_MS ? LIFE_MIN_MS : grant->life_ms;
                (void)secret_free(token->value);
                token->value = STEAL(grant->value);
                token->fetched_ms = now;
                token->has_worked = false;
                token->renew_ms = now + renewal_after(life);
                token->expires_ms = now + life;
                return 0;
        }
        if (is_given_up(op, error))
                return error;
        if (token->value && now < token->expires_ms && error != -EACCES) {
                op_clear(op);
                token->renew_ms = now + TOKENS_AGAIN_MS;
                return 0;
        }
        token->fault = op->fault;
        token->fault.error = error;
        if (error == -EACCES)
                token->held_ms = now + TOKENS_HOLD_MS;
        return error;
}

/* Logs in, lock held on entry and return but not meanwhile. */
static int renew(struct tokens *tokens, struct token *token, struct op *op, token_fetch_fn fetch,
                 void *data) {
        struct token_grant grant = { 0 };
        unsigned epoch = tokens->epoch;
        int r;

        token->is_busy = true;
        (void)pthread_mutex_unlock(&tokens->lock);
        r = fetch(data, op, &grant);
        (void)pthread_mutex_lock(&tokens->lock);
        r = settle(tokens, token, op, r, &grant);
        (void)secret_free(grant.value);
        if (epoch != tokens->epoch) { /* other credentials hold by now: this one was the last use */
                token->renew_ms = token->expires_ms = tokens->clock();
                token->held_ms = 0;
        }
        return r;
}

/* Waits for the login that is under way. 1: it ended, look again; 0 never; else its failure. */
static int await(struct tokens *tokens, struct token *token, struct op *op) {
        unsigned round = token->round;
        int r = 0;

        token->waiters++;
        while (r == 0 && token->is_busy && token->round == round) {
                wait_tick(tokens);
                r = op_check(op);
        }
        token->waiters--;
        if (r == 0 && token->round != round && token->fault.error) {
                op->fault = token->fault;
                r = token->fault.error;
        }
        return r < 0 ? r : 1;
}

static int get_locked(struct tokens *tokens, struct op *op, struct token *token,
                      token_fetch_fn fetch, void *data, char **ret) {
        for (;;) {
                int64_t now = tokens->clock();
                int r;

                token->used_ms = now;
                if (token->value && now < token->expires_ms &&
                    (now < token->renew_ms || token->is_busy))
                        return copy_value(op, token, ret);
                if (token->held_ms > now) {
                        op->fault = token->fault;
                        return token->fault.error;
                }
                if (token->is_busy) {
                        r = await(tokens, token, op);
                        if (r < 0)
                                return r;
                        continue;
                }
                r = renew(tokens, token, op, fetch, data);
                if (r < 0)
                        return r;
                return copy_value(op, token, ret);
        }
}

/**
 * tokens_get() - a token that holds now: a known one, or that of a login.
 * @key: what it is good for. @fetch, @data: how to log in.
 * @ret: the caller's own copy, to be freed with secret_free().
 * Returns 0 or what the login returned, with its reason in @op, also to those who only waited.
 */
int tokens_get(struct tokens *tokens, struct op *op, const char *key, token_fetch_fn fetch,
               void *data, char **ret) {
        struct token *token;
        int r;

        (void)pthread_mutex_lock(&tokens->lock);
        token = find_or_add(tokens, key);
        if (token)
                r = get_locked(tokens, op, token, fetch, data, ret);
        else
                r = op_fail(op, ENOMEM, "no room for one more token");
        (void)pthread_mutex_unlock(&tokens->lock);
        return r;
}

/**
 * tokens_reject() - a server did not take this token.
 * Returns true if asking again is worth it: the next tokens_get() has another one. False if the
 * token is too young to be the reason.
 */
bool tokens_reject(struct tokens *tokens, const char *key, const char *value) {
        struct token *token;
        bool another = true;

        (void)pthread_mutex_lock(&tokens->lock);
        token = find(tokens, key);
        if (token && token->value && text_eq(token->value, value)) {
                int64_t fresh_ms = token->has_worked ? WORKED_FRESH_MS : FRESH_MS;

                if (tokens->clock() - token->fetched_ms < fresh_ms)
                        another = false;
                else
                        token->renew_ms = token->expires_ms = tokens->clock();
        }
        (void)pthread_mutex_unlock(&tokens->lock);
        return another;
}

/** tokens_worked() - a server took this token. */
void tokens_worked(struct tokens *tokens, const char *key, const char *value) {
        struct token *token;

        (void)pthread_mutex_lock(&tokens->lock);
        token = find(tokens, key);
        if (token && token->value && text_eq(token->value, value))
                token->has_worked = true;
        (void)pthread_mutex_unlock(&tokens->lock);
}

/** tokens_clear() - other credentials hold now: forget all tokens and refusals. */
void tokens_clear(struct tokens *tokens) {
        (void)pthread_mutex_lock(&tokens->lock);
        tokens->epoch++;
        for (size_t i = 0; i < tokens->count; i++) {
                struct token *token = tokens->list[i];

                token->value = secret_free(token->value);
                token->held_ms = 0;
        }
        (void)pthread_mutex_unlock(&tokens->lock);
}

/** tokens_left_ms() - how long the token of this key will hold; -1 if there is none. */
int64_t tokens_left_ms(struct tokens *tokens, const char *key) {
        int64_t left = -1, now;
        struct token *token;

        (void)pthread_mutex_lock(&tokens->lock);
        token = find(tokens, key);
        now = tokens->clock();
        if (token && token->value && now < token->expires_ms)
                left = token->expires_ms - now;
        (void)pthread_mutex_unlock(&tokens->lock);
        return left;
}
