/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How we ask: HTTP requests over a bounded pool of warm connections, with time-outs, retries, rate
 * limits, priorities and cancellation. One pool serves the whole process.
 *
 * Any HTTP answer is a success here, 4xx and 5xx included: what it means is the caller's business.
 * Failures are those of getting one.
 */
#pragma once

#include "base/json.h"
#include "base/kind.h"
#include "base/op.h"

struct http;

struct http_options {
        unsigned max_per_host;  /* easy handles a host, 0: 32 */
        unsigned connect_ms;    /* 0: 5000 */
        unsigned request_ms;    /* of one attempt, 0: 30000 */
        unsigned retries;       /* attempts after the first, for what may be repeated; 0: 3 */
        bool retry_not;         /* there are none, whatever `retries` is */
        double rate;            /* requests a second and bucket before waiting, 0: 100 */
        unsigned burst;         /* 0: 100 */
        const char *user_agent; /* NULL: `hcloudfs/<version> (<os>; <arch>) libcurl/<version>` */
};

struct http_header {
        char *name;
        char *value;
};

struct http_headers {
        struct http_header *list; /* owned, as are the strings */
        size_t count, capacity;
};

struct http_request;

/*
 * Gives a request its credentials, anew for each attempt (a signature holds 15 minutes). The
 * function sets headers of the request with http_headers_set(). 0 or negative errno, with a reason.
 */
typedef int (*http_authorize_fn)(void *data, struct op *op, struct http_request *request);

struct http_response;

/*
 * Looks at a 401: returns 1 if the request may be repeated once with renewed credentials (a new
 * token was fetched, the clock's error is known), 0 if not, negative errno to fail.
 */
typedef int (*http_renew_fn)(void *data, struct op *op, const struct http_response *response);

/* One request. All borrowed but the headers; the caller ends it with http_request_done(). */
struct http_request {
        enum method method;
        const char *url;            /* scheme, host, port, path and query, all encoded */
        struct http_headers headers;
        const char *body;           /* NULL: none */
        size_t body_len;
        const char *ca_file;        /* PEM, NULL: the system's */
        const char *ca_pem;         /* the same as text, e.g. from a kubeconfig; NULL: none */
        const char *cert_pem;       /* client certificate and key as text; NULL: none */
        const char *key_pem;
        bool allow_plain;           /* http:// is refused otherwise, except to loopback */
        bool verify_not;            /* engines' own certificates, only when configured */
        enum repeat repeat;
        const char *bucket;         /* rate limit shared by this name, e.g. account/service */
        unsigned held_ms;           /* the server was asked to hold the answer back for so long: an
                                       attempt may take that much longer */
        size_t max_size;            /* of the answer's body, 0: 64 MiB; larger is -EFBIG */
        http_authorize_fn authorize; /* NULL: no credentials */
        http_renew_fn renew;
        void *auth_data;

        /* Out, also on failure: bytes left in an attempt that was not answered. If http_send()
         * fails and this is set, nobody knows whether the server did what was asked. */
        bool is_unknown;
};

struct http_response {
        int status;
        struct http_headers headers;
        char *body;                 /* owned, terminated, never NULL */
        size_t len;
        char *request_id;           /* X-Request-Id, or NULL */
        int64_t date_s;             /* the server's clock, 0: it did not say */
        int64_t received_ms;        /* realtime clock */
        unsigned attempts;
};

int http_new(const struct http_options *options, struct http **ret);
struct http *http_free(struct http *http);
DEFINE_CLEANUP(struct http *, http_free)
void http_wake(struct http *http);

int http_send(struct http *http, struct op *op, struct http_request *request,
              struct http_response **ret);
void http_request_done(struct http_request *request);
struct http_response *http_response_free(struct http_response *response);
DEFINE_CLEANUP(struct http_response *, http_response_free)

int http_headers_set(struct http_headers *headers, const char *name, const char *value);
const char *http_headers_get(const struct http_headers *headers, const char *name);
void http_headers_done(struct http_headers *headers);

/* The words of an error body, whichever of the services' shapes it has. */
struct http_fault {
        char *code;       /* service code, or NULL */
        char *message;    /* for people, or NULL; secrets that gateways echo are cut out */
        char *request_id; /* or NULL */
};
int http_fault_parse(const struct http_response *response, struct http_fault *ret);
void http_fault_done(struct http_fault *fault);
int http_redact(struct buf *buf, const char *text, size_t len);

/* How long a request of a bucket would wait for its rate limit if it came now; 0: not at all. */
int64_t http_wait_ms(struct http *http, const char *bucket, enum op_priority priority);

/* What the limits and connections look like now, as JSON for control files. */
int http_describe(struct http *http, struct json **ret);
