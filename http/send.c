/* SPDX-License-Identifier: Apache-2.0 */
#include "http/send.h"

#include "base/source.h"
#include "base/stamp.h"
#include "base/text.h"
#include "http/failure.h"
#include "http/headers.h"

/* What libcurl's callbacks fill while the request is under way. */
struct transfer {
        struct attempt *attempt;
        struct http_headers headers;
        size_t head_size;
        struct buf body;
        bool is_wrong_peer; /* plain text would have left this machine */
        char detail[CURL_ERROR_SIZE];
};

static void transfer_done(struct transfer *transfer) {
        http_headers_done(&transfer->headers);
        buf_done(&transfer->body);
}

static void freelistp(struct curl_slist **list) {
        curl_slist_free_all(*list);
}

static size_t take_header(char *line, size_t size, size_t count, void *user) {
        struct transfer *transfer = user;
        size_t len = size * count;

        transfer->head_size += len;
        if (transfer->head_size > HTTP_HEAD_SIZE_MAX)
                return 0;
        return headers_receive(&transfer->headers, line, len) < 0 ? 0 : len;
}

static size_t take_body(char *data, size_t size, size_t count, void *user) {
        struct transfer *transfer = user;

        return buf_add(&transfer->body, data, size * count) < 0 ? 0 : size * count;
}

/*
 * A connection is there and the request goes out next (CURLOPT_PREREQFUNCTION, libcurl 7.80): what
 * fails before this call left no byte. A name that was taken for this machine must lead to it.
 */
static int take_off(void *user, char *peer, char *own, int peer_port, int own_port) {
        struct transfer *transfer = user;
        struct attempt *attempt = transfer->attempt;

        (void)own;
        (void)peer_port;
        (void)own_port;
        if (attempt->target->is_plain && !attempt->request->allow_plain &&
            !address_is_loopback(peer)) {
                transfer->is_wrong_peer = true;
                return CURL_PREREQFUNC_ABORT;
        }
        attempt->use.went_out = true;
        attempt->op->calls++;
        return CURL_PREREQFUNC_OK;
}

/* Appends to a list; false when memory is out. */
static bool add_line(struct curl_slist **list, const char *line) {
        struct curl_slist *longer = curl_slist_append(*list, line);

        if (longer)
                *list = longer;
        return longer;
}

/* A header without a value is written `Name;` for libcurl, `Name:` would take it away. */
static int make_lines(const struct http_request *request, struct curl_slist **ret) {
        _cleanup_(freelistp) struct curl_slist *list = NULL;

        for (size_t i = 0; i < request->headers.count; i++) {
                const struct http_header *header = &request->headers.list[i];
                _cleanup_(freep) char *line = NULL;

                if (text_format(&line, *header->value ? "%s: %s" : "%s;%s", header->name,
                                header->value) < 0)
                        return -ENOMEM;
                if (!add_line(&list, line))
                        return -ENOMEM;
        }
        /* No waiting for `100 Continue`, and no guess at what a body is. */
        if (!add_line(&list, "Expect:"))
                return -ENOMEM;
        if (!http_headers_get(&request->headers, "Content-Type") &&
            !add_line(&list, "Content-Type:"))
                return -ENOMEM;
        *ret = STEAL(list);
        return 0;
}

#define SET(option, value)                                            \
        do {                                                          \
                if (code == CURLE_OK)                                 \
                        code = curl_easy_setopt(easy, option, value); \
        } while (0)

static CURLcode set_method(CURL *easy, const struct http_request *request) {
        bool has_body = request->body || request->method == METHOD_POST ||
                        request->method == METHOD_PUT || request->method == METHOD_PATCH;
        CURLcode code = CURLE_OK;

        if (has_body) {
                SET(CURLOPT_POST, 1L);
                SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
                SET(CURLOPT_POSTFIELDS, request->body ? request->body : "");
        }
        if (request->method != METHOD_GET || has_body)
                SET(CURLOPT_CUSTOMREQUEST, method_name(request->method));
        return code;
}

static CURLcode set_blob(CURL *easy, CURLoption option, const char *pem) {
        struct curl_blob blob = { .flags = CURL_BLOB_COPY };

        if (!pem)
                return CURLE_OK;
        blob.len = strlen(pem);
        blob.data = (void *)(uintptr_t)pem; /* copied, never written to */
        return curl_easy_setopt(easy, option, &blob);
}

/* An authority that was named is the only one: the system's directory must not count as well. */
static CURLcode set_trust(CURL *easy, const struct http_request *request) {
        CURLcode code = CURLE_OK;

        SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
        if (request->verify_not) {
                SET(CURLOPT_SSL_VERIFYPEER, 0L);
                SET(CURLOPT_SSL_VERIFYHOST, 0L);
        }
        if (request->ca_file || request->ca_pem) {
                SET(CURLOPT_CAPATH, NULL);
                SET(CURLOPT_CAINFO, request->ca_file);
        }
        if (code == CURLE_OK)
                code = set_blob(easy, CURLOPT_CAINFO_BLOB, request->ca_pem);
        if (code == CURLE_OK)
                code = set_blob(easy, CURLOPT_SSLCERT_BLOB, request->cert_pem);
        if (code == CURLE_OK)
                code = set_blob(easy, CURLOPT_SSLKEY_BLOB, request->key_pem);
        return code;
}

/* 0 would mean libcurl's default, so at least a millisecond. */
static long bounded_ms(const struct op *op, unsigned most) {
        int64_t left = op_left_ms(op);

        if (left > most)
                left = most;
        return left > 0 ? (long)left : 1;
}

static CURLcode set_times(CURL *easy, const struct attempt *attempt) {
        CURLcode code = CURLE_OK;

        SET(CURLOPT_CONNECTTIMEOUT_MS, bounded_ms(attempt->op, attempt->connect_ms));
        SET(CURLOPT_TIMEOUT_MS, bounded_ms(attempt->op, attempt->request_ms));
        SET(CURLOPT_TCP_KEEPALIVE, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
        /* Giving up must not wait for the thread that resolves the name; it ends by itself. */
        SET(CURLOPT_QUICK_EXIT, 1L);
#endif
        return code;
}

/*
 * All options of a request. The handle keeps its connection and shared data over the reset.
 * REPEAT_ONCE goes over a connection of its own: on a used one that the server had closed, libcurl
 * would send the request again by itself.
 */
static CURLcode set_all(CURL *easy, struct transfer *transfer, struct curl_slist *lines) {
        const struct attempt *attempt = transfer->attempt;
        const struct http_request *request = attempt->request;
        bool is_fresh = attempt->is_fresh || request->repeat == REPEAT_ONCE;
        CURLcode code = CURLE_OK;

        curl_easy_reset(easy);
        SET(CURLOPT_ERRORBUFFER, transfer->detail);
        SET(CURLOPT_NOSIGNAL, 1L);
        SET(CURLOPT_URL, request->url);
        SET(CURLOPT_PATH_AS_IS, 1L); /* as it was signed */
        SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
        SET(CURLOPT_PROTOCOLS_STR, attempt->target->is_plain ? "http" : "https");
        SET(CURLOPT_FOLLOWLOCATION, 0L);
        SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
        SET(CURLOPT_ACCEPT_ENCODING, "");
        SET(CURLOPT_USERAGENT, attempt->user_agent);
        SET(CURLOPT_HTTPHEADER, lines);
        SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
        SET(CURLOPT_FRESH_CONNECT, is_fresh ? 1L : 0L);
        if (attempt->target->is_plain || attempt->target->is_loopback)
                SET(CURLOPT_NOPROXY, "*"); /* a proxy would be another machine */
        SET(CURLOPT_PREREQFUNCTION, take_off);
        SET(CURLOPT_PREREQDATA, transfer);
        SET(CURLOPT_HEADERFUNCTION, take_header);
        SET(CURLOPT_HEADERDATA, transfer);
        SET(CURLOPT_WRITEFUNCTION, take_body);
        SET(CURLOPT_WRITEDATA, transfer);
        if (code == CURLE_OK)
                code = set_times(easy, attempt);
        if (code == CURLE_OK)
                code = set_method(easy, request);
        if (code == CURLE_OK)
                code = set_trust(easy, request);
        return code;
}

/* What only reads is given up at once; what changes something, only before it left. */
static bool is_given_up(const struct attempt *attempt) {
        if (attempt->use.went_out && attempt->request->repeat != REPEAT_SAFE)
                return false;
        return atomic_load_explicit(&attempt->op->cancelled, memory_order_relaxed);
}

/* Until the transfer ends. Returns 0 with libcurl's result, or -EINTR. */
static int drive(struct attempt *attempt, struct slot *slot, CURLcode *ret) {
        int running = 0, left;

        for (;;) {
                CURLMcode multi = curl_multi_perform(slot->multi, &running);
                const CURLMsg *message;

                if (multi != CURLM_OK) {
                        *ret = multi == CURLM_OUT_OF_MEMORY ? CURLE_OUT_OF_MEMORY
                                                            : CURLE_FAILED_INIT;
                        return 0;
                }
                message = curl_multi_info_read(slot->multi, &left);
                if (message && message->msg == CURLMSG_DONE) {
                        *ret = message->data.result;
                        return 0;
                }
                if (is_given_up(attempt))
                        return op_fail(attempt->op, EINTR, "interrupted");
                (void)curl_multi_poll(slot->multi, NULL, 0, WAIT_TICK_MS, NULL);
        }
}

static void look_at_use(struct attempt *attempt, CURL *easy) {
        long opened = 0;

        (void)curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &opened);
        (void)curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &attempt->use.http_version);
        attempt->use.is_opened = opened > 0;
}

static int fill_response(struct transfer *transfer, CURL *easy, struct http_response *response) {
        const char *text;
        long status = 0;
        time_t date;

        (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        response->status = (int)status;
        response->received_ms = stamp_now_ms();
        response->headers = transfer->headers;
        transfer->headers = (struct http_headers){ 0 };
        response->body = buf_steal(&transfer->body, &response->len);
        if (!response->body)
                return -ENOMEM;
        text = http_headers_get(&response->headers, "X-Request-Id");
        if (!text)
                text = http_headers_get(&response->headers, "X-IAM-Trace-Id");
        if (text) {
                response->request_id = strdup(text);
                if (!response->request_id)
                        return -ENOMEM;
        }
        text = http_headers_get(&response->headers, "Date");
        date = text ? curl_getdate(text, NULL) : (time_t)-1;
        if (date != (time_t)-1)
                response->date_s = date;
        return 0;
}

/* A failure that this side chose, told by what the callbacks left; else 0. */
static int own_failure(struct transfer *transfer) {
        struct attempt *attempt = transfer->attempt;
        const char *host = attempt->target->host;
        int error = transfer->body.error;

        if (transfer->is_wrong_peer)
                return op_fail(attempt->op, EPERM,
                               "%s: refused to send over http:// without encryption", host);
        if (error == -EFBIG)
                return op_fail(attempt->op, EFBIG, "%s: the answer is larger than %zu bytes", host,
                               transfer->body.max ? transfer->body.max : (size_t)BUF_MAX);
        if (error < 0)
                return op_fail(attempt->op, -error, "%s: out of memory", host);
        if (transfer->head_size > HTTP_HEAD_SIZE_MAX || transfer->headers.count >= HTTP_HEADERS_MAX)
                return op_fail(attempt->op, EIO, "%s: the answer has too many headers", host);
        return 0;
}

static int finish(struct transfer *transfer, CURL *easy, CURLcode code,
                  struct http_response **ret) {
        _cleanup_(http_response_freep) struct http_response *response = NULL;
        struct attempt *attempt = transfer->attempt;
        int r;

        look_at_use(attempt, easy);
        if (code != CURLE_OK) {
                r = own_failure(transfer);
                return r < 0 ? r : failure_report(attempt, easy, code, transfer->detail);
        }
        response = calloc(1, sizeof(*response));
        if (!response || fill_response(transfer, easy, response) < 0)
                return op_fail(attempt->op, ENOMEM, "%s: out of memory", attempt->target->host);
        *ret = STEAL(response);
        return 0;
}

/**
 * send_once() - send the request once and wait for the whole answer.
 *
 * Returns 0 with the answer, whatever its status, or negative errno with the reason in the op;
 * -EINTR only if nothing was sent or the request changes nothing. The slot must be the caller's.
 */
int send_once(struct attempt *attempt, struct slot *slot, struct http_response **ret) {
        _cleanup_(transfer_done) struct transfer transfer = { .attempt = attempt };
        _cleanup_(freelistp) struct curl_slist *lines = NULL;
        CURLcode code;
        int r;

        transfer.body.max = attempt->request->max_size;
        attempt->use = (struct slot_use){ 0 };
        attempt->may_repeat = false;
        r = make_lines(attempt->request, &lines);
        if (r < 0)
                return op_fail(attempt->op, -r, "out of memory");
        code = set_all(slot->easy, &transfer, lines);
        if (code != CURLE_OK)
                return failure_report(attempt, slot->easy, code, transfer.detail);
        if (curl_multi_add_handle(slot->multi, slot->easy) != CURLM_OK)
                return op_fail(attempt->op, ENOMEM, "out of memory");
        r = drive(attempt, slot, &code);
        if (r == 0)
                r = finish(&transfer, slot->easy, code, ret);
        (void)curl_multi_remove_handle(slot->multi, slot->easy);
        /* The buffer for messages goes out of scope. */
        (void)curl_easy_setopt(slot->easy, CURLOPT_ERRORBUFFER, NULL);
        attempt->use.is_failed = r < 0;
        return r;
}
