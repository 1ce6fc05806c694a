/* SPDX-License-Identifier: Apache-2.0 */
#include "http/target.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <strings.h>

#include "base/text.h"

static void freeurlp(CURLU **url) {
        curl_url_cleanup(*url);
}

static void freecurlp(char **text) {
        curl_free(*text);
}

/**
 * address_is_loopback() - does this numeric address stay on this machine?
 * @address: IPv4, or IPv6 with or without brackets; NULL or a name is none.
 */
bool address_is_loopback(const char *address) {
        struct in6_addr six;
        struct in_addr four;
        char plain[INET6_ADDRSTRLEN + 2];
        size_t len = address ? strlen(address) : 0;

        if (len >= 2 && len < sizeof(plain) && address[0] == '[') {
                memcpy(plain, address + 1, len - 2);
                plain[len - 2] = '\0';
                address = plain;
        }
        if (!address)
                return false;
        if (inet_pton(AF_INET, address, &four) == 1)
                return ntohl(four.s_addr) >> 24 == 127;
        return inet_pton(AF_INET6, address, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

/* libcurl gives these names the loopback address without asking anybody. */
static bool name_is_loopback(const char *host) {
        static const char tail[] = ".localhost";
        size_t len = strlen(host);

        if (strcasecmp(host, "localhost") == 0)
                return true;
        return len >= sizeof(tail) && strcasecmp(host + len - (sizeof(tail) - 1), tail) == 0;
}

/** host_is_loopback() - does a URL's host, a name or a numeric address, stay on this machine? */
bool host_is_loopback(const char *host) {
        return name_is_loopback(host) || address_is_loopback(host);
}

static int fill(struct target *target, const char *scheme, const char *host, const char *port) {
        const char *usual = target->is_plain ? "80" : "443";

        if (text_format(&target->origin, "%s://%s:%s", scheme, host, port) < 0)
                return -ENOMEM;
        if (text_eq(port, usual))
                target->host = strdup(host);
        else
                (void)text_format(&target->host, "%s:%s", host, port);
        return target->host ? 0 : -ENOMEM;
}

/* The only place that decides about plain text. */
static int check_plain(struct op *op, const struct http_request *request,
                       const struct target *target) {
        if (!target->is_plain || target->is_loopback || request->allow_plain)
                return 0;
        return op_fail(op, EPERM, "%s: refused to send over http:// without encryption",
                       target->host);
}

/**
 * target_parse() - where a request goes, and whether it may go there.
 * Returns 0, -EINVAL for no http(s) URL, -EPERM for plain http to another machine, -ENOMEM.
 */
int target_parse(struct op *op, const struct http_request *request, struct target *ret) {
        _cleanup_(freecurlp) char *scheme = NULL;
        _cleanup_(freecurlp) char *host = NULL;
        _cleanup_(freecurlp) char *port = NULL;
        _cleanup_(freeurlp) CURLU *url = curl_url();
        struct target target = { 0 };
        int r;

        if (!url)
                return op_fail(op, ENOMEM, "out of memory");
        if (curl_url_set(url, CURLUPART_URL, request->url,
                         CURLU_DISALLOW_USER | CURLU_PATH_AS_IS) ||
            curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) ||
            curl_url_get(url, CURLUPART_HOST, &host, 0) ||
            curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT))
                return op_fail(op, EINVAL, "no valid address of a server");
        target.is_plain = text_eq(scheme, "http");
        if (!target.is_plain && !text_eq(scheme, "https"))
                return op_fail(op, EINVAL, "%s: only https:// is spoken, not %s://", host, scheme);
        target.is_loopback = host_is_loopback(host);
        r = fill(&target, scheme, host, port);
        if (r < 0)
                r = op_fail(op, -r, "out of memory");
        else
                r = check_plain(op, request, &target);
        if (r < 0) {
                target_done(&target);
                return r;
        }
        *ret = target;
        return 0;
}

/** target_done() - free what it holds. */
void target_done(struct target *target) {
        free(target->origin);
        free(target->host);
        *target = (struct target){ 0 };
}
