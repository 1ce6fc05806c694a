/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/http/helper.h"

#include <sched.h>

struct http *make_http(const struct http_options *options) {
        static const struct http_options quick = QUICK;
        struct http *http;

        ck_assert_int_eq(http_new(options ? options : &quick, &http), 0);
        return http;
}

void errand_init(struct errand *errand, struct http *http, const char *url,
                 enum op_priority priority) {
        *errand = (struct errand){ .http = http };
        op_init(&errand->op, priority, 30000);
        (void)snprintf(errand->url, sizeof(errand->url), "%s", url);
        errand->request.url = errand->url;
}

int errand_run(struct errand *errand) {
        errand->result = http_send(errand->http, &errand->op, &errand->request, &errand->response);
        return errand->result;
}

static void *run(void *data) {
        (void)errand_run(data);
        return NULL;
}

void errand_start(struct errand *errand) {
        ck_assert_int_eq(pthread_create(&errand->thread, NULL, run, errand), 0);
}

int errand_join(struct errand *errand) {
        (void)pthread_join(errand->thread, NULL);
        return errand->result;
}

void errand_done(struct errand *errand) {
        http_request_done(&errand->request);
        errand->response = http_response_free(errand->response);
}

static int64_t count_waiting(struct http *http) {
        static const char *const lists[] = { "/limits", "/hosts" };
        _cleanup_(json_freep) struct json *json = NULL;
        int64_t sum = 0, n = 0;

        ck_assert_int_eq(http_describe(http, &json), 0);
        for (size_t i = 0; i < ELEMENTSOF(lists); i++) {
                const struct json *list = json_at(json, lists[i]);

                for (size_t j = 0; j < json_count(list); j++) {
                        ck_assert_int_eq(json_int64(json_item(list, j), "/waiting", &n), 0);
                        sum += n;
                }
        }
        return sum;
}

void wait_for_waiting(struct http *http, int64_t count) {
        while (count_waiting(http) != count)
                (void)sched_yield();
}
