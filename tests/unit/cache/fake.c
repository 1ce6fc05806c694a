/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cache/fake.h"

#include "base/stamp.h"
#include "base/text.h"
#include "tests/unit/unit.h"

const struct call call_object = { .id = "showCluster",
                                  .service = "dws",
                                  .method = METHOD_GET,
                                  .path = "/v1.0/{project_id}/clusters/{cluster_id}" };
const struct call call_list = { .id = "listClusters",
                                .service = "dws",
                                .method = METHOD_GET,
                                .path = "/v1.0/{project_id}/clusters",
                                .items = "/clusters",
                                .key = "/id" };
const struct call call_moving = { .id = "showProgress",
                                  .service = "dws",
                                  .method = METHOD_GET,
                                  .path = "/v1.0/{project_id}/progress/{cluster_id}",
                                  .is_volatile = true };
const struct call call_other = { .id = "showEngine",
                                 .service = "cse",
                                 .method = METHOD_GET,
                                 .path = "/v2/{project_id}/engines/{cluster_id}" };
const struct call call_change = { .id = "changeCluster",
                                  .service = "dws",
                                  .method = METHOD_PUT,
                                  .path = "/v1.0/{project_id}/clusters/{cluster_id}",
                                  .risk = RISK_CHANGE };

static atomic_llong clock_offset_ms, monotonic_offset_ms;

int64_t __real_stamp_now_ms(void);
int64_t __wrap_stamp_now_ms(void);
int64_t __real_stamp_monotonic_ms(void);
int64_t __wrap_stamp_monotonic_ms(void);

/* The linker puts it in the place of stamp_now_ms(). */
int64_t __wrap_stamp_now_ms(void) {
        return __real_stamp_now_ms() + atomic_load(&clock_offset_ms);
}

int64_t __wrap_stamp_monotonic_ms(void) {
        return __real_stamp_monotonic_ms() + atomic_load(&monotonic_offset_ms);
}

void clock_move(int64_t ms) {
        (void)atomic_fetch_add(&clock_offset_ms, ms);
}

void clock_move_monotonic(int64_t ms) {
        (void)atomic_fetch_add(&monotonic_offset_ms, ms);
}

/* Waits while the gate is shut, as a transfer does: until its op ends. */
static int pass_gate(struct fake *fake, struct op *op) {
        int r = 0;

        fake->at_gate++;
        (void)pthread_cond_broadcast(&fake->changed);
        while (fake->is_shut && r == 0) {
                struct timespec until;

                (void)clock_gettime(CLOCK_REALTIME, &until);
                until.tv_nsec += 5000000;
                if (until.tv_nsec >= 1000000000) {
                        until.tv_sec++;
                        until.tv_nsec -= 1000000000;
                }
                (void)pthread_cond_timedwait(&fake->changed, &fake->lock, &until);
                r = op_check(op);
        }
        fake->at_gate--;
        return r;
}

/* What it answers where no function makes it. */
int fake_answer(struct fake *fake, const struct request *request, struct answer **ret) {
        struct answer *answer;

        ck_assert_int_eq(answer_new(&answer), 0);
        for (size_t i = 0; i < FAKE_ITEMS_MAX && fake->items[i].id; i++) {
                const struct fake_item *item = &fake->items[i];

                if (fake->honours_only && request->only && !text_eq(request->only, item->id))
                        continue;
                ck_assert_int_eq(answer_add(answer, item->id, item->body, strlen(item->body)), 0);
        }
        ck_assert_int_eq(answer_set_body(answer, fake->body, strlen(fake->body)), 0);
        answer->is_partial = fake->honours_only && request->only;
        answer->fetched_ms = stamp_now_ms();
        answer->status = 200;
        answer->request_id = fake->request_id ? strdup(fake->request_id) : NULL;
        ck_assert_int_eq(answer_seal(answer), 0);
        *ret = answer;
        return 0;
}

static int make(struct fake *fake, const struct request *request, struct answer **ret) {
        return fake->make ? fake->make(fake, request, ret) : fake_answer(fake, request, ret);
}

static int fake_fetch(struct source *source, struct op *op, const struct request *request,
                      struct answer **ret) {
        struct fake *fake = (struct fake *)source;
        int r;

        (void)pthread_mutex_lock(&fake->lock);
        fake->fetches++;
        fake->last_priority = op->priority;
        op->calls++;
        r = pass_gate(fake, op);
        clock_move_monotonic(fake->takes_ms);
        if (r == 0 && fake->error && (!fake->fail_at || fake->fail_at == fake->fetches))
                r = op_fail_answer(op, fake->error, fake->status, "DWS.0001", "req-failed",
                                   "told to fail");
        if (r == 0)
                r = make(fake, request, ret);
        (void)pthread_cond_broadcast(&fake->changed);
        (void)pthread_mutex_unlock(&fake->lock);
        return r;
}

static int fake_send(struct source *source, struct op *op, const struct request *request,
                     struct answer **ret) {
        struct fake *fake = (struct fake *)source;
        int r;

        (void)op;
        (void)pthread_mutex_lock(&fake->lock);
        fake->sends++;
        r = make(fake, request, ret);
        (void)pthread_mutex_unlock(&fake->lock);
        return r;
}

static void fake_free(struct source *source) {
        ((struct fake *)source)->freed++;
}

static const struct source_ops fake_ops = {
        .fetch = fake_fetch,
        .send = fake_send,
        .free = fake_free,
};

void fake_init(struct fake *fake) {
        *fake = (struct fake){ .source.ops = &fake_ops, .body = "{\"n\":1}" };
        (void)pthread_mutex_init(&fake->lock, NULL);
        (void)pthread_cond_init(&fake->changed, NULL);
}

void fake_done(struct fake *fake) {
        ck_assert_uint_eq(fake->freed, 1);
        (void)pthread_cond_destroy(&fake->changed);
        (void)pthread_mutex_destroy(&fake->lock);
}

void fake_shut(struct fake *fake, bool is_shut) {
        (void)pthread_mutex_lock(&fake->lock);
        fake->is_shut = is_shut;
        (void)pthread_cond_broadcast(&fake->changed);
        (void)pthread_mutex_unlock(&fake->lock);
}

/* Until so many calls wait at the gate. */
void fake_await(struct fake *fake, unsigned at_gate) {
        (void)pthread_mutex_lock(&fake->lock);
        while (fake->at_gate != at_gate)
                (void)pthread_cond_wait(&fake->changed, &fake->lock);
        (void)pthread_mutex_unlock(&fake->lock);
}

unsigned fake_fetches(struct fake *fake) {
        unsigned fetches;

        (void)pthread_mutex_lock(&fake->lock);
        fetches = fake->fetches;
        (void)pthread_mutex_unlock(&fake->lock);
        return fetches;
}

/* Until so many calls have begun. */
void fake_await_fetches(struct fake *fake, unsigned fetches) {
        (void)pthread_mutex_lock(&fake->lock);
        while (fake->fetches < fetches)
                (void)pthread_cond_wait(&fake->changed, &fake->lock);
        (void)pthread_mutex_unlock(&fake->lock);
}

struct source *cache_above(struct fake *fake, const char *path) {
        const struct cache_options options = { .path = path };
        struct source *source = NULL;
        struct op op;
        int r;

        op_init(&op, OP_INTERACTIVE, 10000);
        r = cache_new(&op, &options, &fake->source, &source);
        ck_assert_msg(r == 0, "%s", op.fault.reason);
        return source;
}

struct request *request_of(struct fake_request *made, const struct call *call, const char *id) {
        *made = (struct fake_request){
                .params = { { "project_id", "p1" }, { "region", "r1" }, { "cluster_id", id } },
        };
        made->request = (struct request){
                .call = call, .params = made->params, .n_params = id ? 3 : 2, .max_age_ms = 60000
        };
        return &made->request;
}

int fetch(struct source *source, const struct request *request, struct answer **ret,
          struct op_fault *fault) {
        struct op op;
        int r;

        op_init(&op, OP_INTERACTIVE, 10000);
        r = source_fetch(source, &op, request, ret);
        if (fault)
                *fault = op.fault;
        return r;
}

struct outcome ask_for(struct source *source, const struct request *request) {
        struct outcome outcome = { 0 };
        struct answer *answer = NULL;

        outcome.error = fetch(source, request, &answer, NULL);
        if (outcome.error < 0)
                return outcome;
        (void)snprintf(outcome.body, sizeof(outcome.body), "%s", answer->body);
        outcome.count = answer->count;
        outcome.is_stale = answer->is_stale;
        outcome.is_partial = answer->is_partial;
        outcome.fetched_ms = answer->fetched_ms;
        outcome.changed_ms = answer->changed_ms;
        (void)answer_unref(answer);
        return outcome;
}
