/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http-internal.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/text.h"

/* Nothing that tells this machine from others of its kind. */
static char *default_user_agent(void) {
        const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);
        struct utsname machine;
        char *text;

        if (uname(&machine) < 0)
                return NULL;
        if (text_format(&text, "hcloudfs/" HCLOUDFS_VERSION " (%s; %s) libcurl/%s", machine.sysname,
                        machine.machine, curl->version) < 0)
                return NULL;
        return text;
}

/*
 * A server that closes while we write must be an error, not the end of the process; libcurl leaves
 * this to threaded programs (CURLOPT_NOSIGNAL). A handler that is there already stays.
 */
static void ignore_sigpipe(void) {
        struct sigaction action;

        if (sigaction(SIGPIPE, NULL, &action) < 0 || action.sa_handler != SIG_DFL)
                return;
        action = (struct sigaction){ .sa_handler = SIG_IGN };
        (void)sigaction(SIGPIPE, &action, NULL);
}

/**
 * http_new() - a pool of connections, none open yet.
 * @options: NULL or zeroed members for the defaults; copied.
 *
 * Ignores SIGPIPE for the process if nobody handles it. Returns 0, -ENOMEM, or -ENOTSUP if libcurl
 * lacks what is needed (threads, TLS).
 */
int http_new(const struct http_options *options, struct http **ret) {
        static const struct http_options none = { 0 };
        _cleanup_(http_freep) struct http *http = NULL;
        int r;

        if (!options)
                options = &none;
        if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
                return -ENOTSUP;
        http = calloc(1, sizeof(*http));
        if (!http) {
                curl_global_cleanup();
                return -ENOMEM;
        }
        ignore_sigpipe();
        http->connect_ms = options->connect_ms ? options->connect_ms : 5000;
        http->request_ms = options->request_ms ? options->request_ms : 30000;
        http->retries = options->retry_not ? 0 : options->retries ? options->retries : 3;
        limiter_init(&http->limiter, options->rate > 0 ? options->rate : 100,
                     options->burst ? options->burst : 100);
        r = pool_init(&http->pool, options->max_per_host ? options->max_per_host : 32);
        if (r < 0)
                return r;
        http->user_agent = options->user_agent ? strdup(options->user_agent) : default_user_agent();
        if (!http->user_agent)
                return -ENOMEM;
        *ret = STEAL(http);
        return 0;
}

/** http_free() - close all connections; no request may be under way. NULL is fine. Returns NULL. */
struct http *http_free(struct http *http) {
        if (!http)
                return NULL;
        pool_done(&http->pool);
        limiter_done(&http->limiter);
        free(http->user_agent);
        free(http);
        curl_global_cleanup();
        return NULL;
}

/**
 * http_wake() - make all waiting requests look at once whether their op was cancelled.
 *
 * To be called after setting `cancelled` of some op; without it the flag is seen within 50 ms.
 * Any thread; does not block.
 */
void http_wake(struct http *http) {
        limiter_wake(&http->limiter);
        pool_wake(&http->pool);
}

/** http_request_done() - free the request's headers, all else is the caller's. */
void http_request_done(struct http_request *request) {
        http_headers_done(&request->headers);
}

/** http_response_free() - free an answer; NULL is fine. Returns NULL. */
struct http_response *http_response_free(struct http_response *response) {
        if (!response)
                return NULL;
        http_headers_done(&response->headers);
        free(response->body);
        free(response->request_id);
        free(response);
        return NULL;
}

int64_t http_wait_ms(struct http *http, const char *bucket, enum op_priority priority) {
        return limiter_wait_ms(&http->limiter, bucket, priority);
}

/**
 * http_describe() - `{"limits": [...], "hosts": [...]}`: the rate limits by bucket and the
 * connections by host, as they are now. The tree is the caller's. 0 or -ENOMEM. Thread-safe.
 */
int http_describe(struct http *http, struct json **ret) {
        _cleanup_(json_freep) struct json *object = json_new_object();
        struct json *list;
        int r;

        if (!object)
                return -ENOMEM;
        r = limiter_describe(&http->limiter, &list);
        if (r == 0)
                r = json_set(object, "limits", list);
        if (r == 0)
                r = pool_describe(&http->pool, &list);
        if (r == 0)
                r = json_set(object, "hosts", list);
        if (r == 0)
                *ret = STEAL(object);
        return r;
}
