/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers of handlers: bodies, errors in the shape of the service, paging, waiting.
 */
#pragma once

#include "base/buf.h"
#include "contrib/emulator/js.h"

struct request;
struct response;

/* A JSON body, taken over (NULL: no body). It may hold references to objects of the world. */
void reply_json(struct response *resp, int status, struct json_object *body);
void reply_empty(struct response *resp, int status);
/* Bytes that are not JSON; copied. */
void reply_bytes(struct response *resp, int status, const char *content_type, const void *data,
                 size_t size);
/* Adds a header (copied) to whatever is answered. */
void reply_header(struct response *resp, const char *name, const char *value);

/*
 * An error in the shape that the contract documents for this operation and status, else in the
 * service's: {error_code, error_msg}, {error_code, error_message}, {errorCode, errorMessage,
 * detail}, IAM's, or a Kubernetes Status (code is its reason: "NotFound", "AlreadyExists",
 * "Conflict", "Invalid", …).
 */
__attribute__((format(printf, 5, 6))) void reply_error(const struct request *req,
                                                       struct response *resp, int status,
                                                       const char *code, const char *format, ...);
/* The same with the message that the contract's x-error-codes has for the code. */
void reply_error_code(const struct request *req, struct response *resp, int status,
                      const char *code);

/*
 * Nothing to say yet: the handler is called again (req->round + 1) after the next change of the
 * world, and at the latest at this time (emulator ms). Other connections go on. Compute it from
 * req->first_ms.
 */
void response_wait(struct response *resp, int64_t until_ms);

/*
 * An answer without a known end (a watch). The function is called with the world lock held: at
 * once, after each change of the world, and when until_ms (emulator ms) has come; it adds what is
 * to be sent to `out` and returns whether the stream goes on. `state` (taken over, may be NULL) is
 * its memory between calls.
 */
typedef bool (*stream_fn)(const struct request *req, struct json_object *state, struct buf *out);
void reply_stream(struct response *resp, int status, const char *content_type, int64_t until_ms,
                  stream_fn fn, struct json_object *state);

/* One page of a list. limit -1 means everything. */
struct page {
        int64_t offset; /* records before the page */
        int64_t limit;
};

/*
 * Reads the paging parameters of a request (absent ones: offset 0, fallback limit); never fails,
 * as the contract's validation was before. A limit above max is cut to max (max 0: no maximum).
 */
/* Parameters offset and limit; limit -1 is everything. */
struct page page_by_record(const struct request *req, int64_t fallback, int64_t max);
/* The same, but offset counts pages. */
struct page page_by_page(const struct request *req, int64_t fallback, int64_t max);
/* Number of the page, from 1, and its size, under these parameter names ("page", "per_page"). */
struct page page_by_number(const struct request *req, const char *number, const char *size,
                           int64_t fallback);
/* Kubernetes: limit and continue; no limit means everything. */
struct page page_by_continue(const struct request *req);

/* The elements of that page in a new array of references; `all` is released. */
struct json_object *page_cut(struct page page, struct json_object *all);

/*
 * The `continue` token for the next page into a new string value, or NULL when this was the last.
 */
struct json_object *page_continue(struct page page, size_t total);
