/* SPDX-License-Identifier: Apache-2.0 */
#include "http/failure.h"

#include "base/text.h"

struct failure {
        CURLcode code;
        int error;        /* errno; 0: what the system said */
        bool may_pass;    /* trying again is worth it */
        const char *text; /* NULL: libcurl's own words */
};

static const struct failure failures[] = {
        { CURLE_COULDNT_RESOLVE_PROXY, ENETUNREACH, true, "the proxy's name cannot be resolved" },
        { CURLE_COULDNT_RESOLVE_HOST, ENETUNREACH, true,
          "the name cannot be resolved: no network, or no such server" },
        { CURLE_COULDNT_CONNECT, 0, true, NULL },
        { CURLE_PROXY, EHOSTUNREACH, true, "the proxy does not connect" },
        { CURLE_GOT_NOTHING, EIO, true, "the connection was closed without an answer" },
        { CURLE_SEND_ERROR, EIO, true, "the connection broke while the request was sent" },
        { CURLE_RECV_ERROR, EIO, true, "the connection broke before the answer was complete" },
        { CURLE_PARTIAL_FILE, EIO, true, "the answer was cut short" },
        { CURLE_HTTP2, EIO, true, "the server broke the HTTP/2 connection" },
        { CURLE_HTTP2_STREAM, EIO, true, "the server broke off the answer" },
        { CURLE_AGAIN, EIO, true, NULL },
        { CURLE_WEIRD_SERVER_REPLY, EIO, false, "the answer is no HTTP" },
        { CURLE_UNSUPPORTED_PROTOCOL, EIO, false, "the answer is no HTTP" },
        { CURLE_BAD_CONTENT_ENCODING, EIO, false, "the answer's compression is damaged" },
        { CURLE_SSL_CONNECT_ERROR, EPROTO, true, "no encrypted connection" },
        { CURLE_SSL_CERTPROBLEM, EPROTO, false, "the client certificate cannot be used" },
        { CURLE_SSL_CLIENTCERT, EPROTO, false, "the server wants a client certificate" },
        { CURLE_SSL_CIPHER, EPROTO, false, "no common encryption" },
        { CURLE_URL_MALFORMAT, EINVAL, false, "no valid address" },
        { CURLE_OUT_OF_MEMORY, ENOMEM, false, "out of memory" },
};

static const struct failure unexpected = { CURL_LAST, EIO, false, NULL };

static const struct failure *find(CURLcode code) {
        for (size_t i = 0; i < ELEMENTSOF(failures); i++)
                if (failures[i].code == code)
                        return &failures[i];
        return &unexpected;
}

/* The system's word for a connection that was not made. */
static int fail_connect(struct attempt *attempt, CURL *easy) {
        const char *host = attempt->target->host;
        long os_error = 0;

        (void)curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &os_error);
        switch (os_error) {
        case ECONNREFUSED:
                return op_fail(attempt->op, ECONNREFUSED, "%s: connection refused", host);
        case ENETUNREACH:
                attempt->may_repeat = false; /* this machine has no way there, now or in a second */
                return op_fail(attempt->op, ENETUNREACH, "%s: no network", host);
        case ETIMEDOUT:
                return op_fail(attempt->op, ETIMEDOUT, "%s: no connection in time", host);
        default:
                return op_fail(attempt->op, EHOSTUNREACH, "%s: no way to this server", host);
        }
}

/* The certificate; who is right is for a person to decide, so all that matters is named. */
static int fail_trust(struct attempt *attempt, const char *detail) {
        const struct http_request *request = attempt->request;
        const char *against = request->ca_file;

        if (!against)
                against = request->ca_pem ? "the configured authority" : "the system's authorities";
        return op_fail(attempt->op, EPROTO,
                       "%s: the server's certificate was not accepted, checked against %s: %s",
                       attempt->target->host, against, detail);
}

static int fail_time(struct attempt *attempt) {
        const char *host = attempt->target->host;

        if (!attempt->use.went_out)
                return op_fail(attempt->op, ETIMEDOUT, "%s: no connection in time", host);
        return op_fail(attempt->op, ETIMEDOUT, "%s: no answer in time", host);
}

/**
 * failure_report() - put libcurl's failure into words and an errno.
 * @detail: libcurl's message; it never contains what was sent.
 * Returns negative errno; sets the attempt's `may_repeat`.
 */
int failure_report(struct attempt *attempt, CURL *easy, CURLcode code, const char *detail) {
        const struct failure *failure = find(code);
        const char *host = attempt->target->host, *text = failure->text;

        attempt->may_repeat = failure->may_pass;
        switch (code) {
        case CURLE_COULDNT_CONNECT:
                return fail_connect(attempt, easy);
        case CURLE_OPERATION_TIMEDOUT:
                attempt->may_repeat = true;
                return fail_time(attempt);
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_ISSUER_ERROR:
        case CURLE_SSL_INVALIDCERTSTATUS:
                return fail_trust(attempt, *detail ? detail : curl_easy_strerror(code));
        default:
                break;
        }
        if (!text)
                text = curl_easy_strerror(code);
        if (failure->error != EPROTO || !*detail)
                return op_fail(attempt->op, failure->error, "%s: %s", host, text);
        return op_fail(attempt->op, failure->error, "%s: %s: %s", host, text, detail);
}
