/* SPDX-License-Identifier: Apache-2.0 */
/* The floors below stacked for each account: view over cache over service over credentials. */
#pragma once

#include "auth/auth.h"
#include "fs/session.h"

struct accounts_options {
        unsigned ttl_s;         /* 0: the default */
        const char *cache_dir;  /* NULL: nothing is kept on disk */
        const char *state_dir;  /* where the journals are, NULL: nothing can be changed */
        enum account_access access;    /* the accounts' own may be stricter, not looser */
        unsigned deletions_per_minute; /* 0: any number */
        int64_t timeout_ms;     /* of a log-in, 0: a minute */
        struct http_options http;
};

/* One account with all that belongs to it. */
struct account_stack {
        const struct account *account; /* borrowed of the configuration */
        struct auth *auth;
        struct source *service;        /* not yet in the cache's care */
        struct source *source;         /* the cache */
        struct journal *journal;       /* NULL: nothing can be changed */
        char *journal_path;
        bool is_journal_others;        /* its changes are of another owner: it is not used */
        struct view *view;
        struct branch *branch;
        char *note;                    /* for `status` */
        int64_t timeout_ms;            /* of its log-in */
        int error;                     /* negative errno of its set-up or log-in, 0: fine */
        struct op_fault fault;
        struct op_fault doubt;         /* what else is wrong with it; error 0: nothing */
        struct accounts *accounts;     /* that it is one of */
};

/* Is told when an account's servers cannot be reached, and when they can be again. Any thread. */
typedef void (*accounts_reach_fn)(void *data, const char *account, bool is_reached,
                                  const char *reason);


struct accounts {
        struct http *http;
        struct account_stack *stacks;
        struct session_account *shown; /* one for each, in the same order */
        size_t count;
        pthread_mutex_t lock;          /* protects who listens; held while he is told */
        accounts_reach_fn on_reach;
        void *data;
};

bool account_is_shown(const struct account *account);
int accounts_new(const struct config *config, const char *only,
                 const struct accounts_options *options, struct accounts **ret);
struct accounts *accounts_free(struct accounts *accounts);
DEFINE_CLEANUP(struct accounts *, accounts_free)
int accounts_login(struct accounts *accounts);
void accounts_reread(struct accounts *accounts);
void accounts_listen(struct accounts *accounts, accounts_reach_fn fn, void *data);
int accounts_state(struct accounts *accounts, struct buf *buf);
int accounts_limits(struct accounts *accounts, struct buf *buf);
