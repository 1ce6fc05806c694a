/* SPDX-License-Identifier: Apache-2.0 */
/* One composition: whose tree, for which place, from which answers, and how old those are. What the
 * hooks in the tables may ask. */
#pragma once

#include "backends/index.h"

enum { COMPOSER_INDEXES = 16 };

/* Lives on the stack of one view call. */
struct composer {
        struct view *view;
        struct op *op;
        struct place *place;    /* what is composed */
        int64_t fetched_ms;     /* realtime, of the oldest answer used; 0: none */
        int64_t fresh_until_ms; /* monotonic, the earliest of all; INT64_MAX: for ever */
        int64_t max_age_ms;     /* bound for all answers asked for; 0: by their rows */
        bool is_stale;
        unsigned depth;          /* of resolvers that ask in turn */
        struct param_list extra; /* parameters that a hook sets for its own calls */
        struct json *told;       /* not NULL: nobody is asked, but what would be goes in here */
        /* Lists read for this composition: a directory of links looks into the same one
         * for each. */
        struct composer_index {
                char *key;
                struct index *index;
        } indexes[COMPOSER_INDEXES];
        unsigned n_indexes;
        char request_id[OP_REQUEST_ID_SIZE];
};

enum { BUSY_AGE_MS = 5000 };

/* The parameters of a request: those of the places, the innermost first, then resolved ones. */
enum { REQUEST_PARAMS_MAX = 64 };
struct request_params {
        struct param list[REQUEST_PARAMS_MAX];
        size_t count;
        struct param_list resolved;
};

int composer_prepare(struct composer *composer, const struct call *call,
                     struct request_params *params, struct request *request);
void request_params_done(struct request_params *params);
void composer_init(struct composer *composer, struct view *view, struct op *op,
                   struct place *place);
void composer_done(struct composer *composer);
void composer_join(struct composer *composer, const struct composer *other);
int composer_fetch(struct composer *composer, const struct call *call, const char *only,
                   struct answer **ret);
int composer_value(struct composer *composer, const struct call *call, struct json **ret);
int composer_ask(struct composer *composer, const struct call *call, const struct json *body,
                 struct json **ret, int64_t *ret_ms);
int composer_learn(struct composer *composer, const struct call *call, const struct json *value,
                   const char *revision, int64_t fetched_ms);
int composer_item(struct composer *composer, struct json **ret);
int composer_one(struct composer *composer, const struct call *list, struct json **ret);
int composer_object(struct composer *composer, struct json **ret);
bool composer_is_busy(struct composer *composer);
int composer_index(struct composer *composer, const struct kind *kind, struct index **ret);
const char *composer_param(const struct composer *composer, const char *name);
int answer_value(const struct call *call, const struct answer *answer, struct json **ret);
