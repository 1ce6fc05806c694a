/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/emulator/wire.h"

#include "base/buf.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

enum { BODY_MAX = 64 * 1024 * 1024, HEADERS_MAX = 256 * 1024, TIMEOUT_S = 60 };

/* All answers of a test, newest first. */
struct kept {
        struct kept *next;
        struct answer answer;
};

static struct {
        pthread_mutex_t lock; /* guards the list */
        struct kept *list;
} all = { .lock = PTHREAD_MUTEX_INITIALIZER };

static size_t add_to(char *data, size_t size, size_t count, void *arg) {
        return buf_add(arg, data, size * count) < 0 ? 0 : size * count;
}

static struct curl_slist *header_list(const struct wire *wire) {
        struct curl_slist *list = NULL;
        bool has_type = false;

        for (size_t i = 0; i < WIRE_HEADERS_MAX && wire->headers[i]; i++) {
                list = curl_slist_append(list, wire->headers[i]);
                has_type |= strncasecmp(wire->headers[i], "content-type:", 13) == 0;
        }
        return has_type ? list : curl_slist_append(list, "Content-Type: application/json");
}

static struct answer *keep(void) {
        struct kept *kept = x_alloc(sizeof(*kept));

        pthread_mutex_lock(&all.lock);
        kept->next = all.list;
        all.list = kept;
        pthread_mutex_unlock(&all.lock);
        return &kept->answer;
}

static void transfer(const struct wire *wire, const char *method, const char *path,
                     const char *body, struct answer *answer) {
        _cleanup_(freep) char *url =
                x_printf("http://%s.localhost:%ld%s", wire->host, cloud_port(), path);
        struct buf text = BUF_INIT(BODY_MAX), headers = BUF_INIT(HEADERS_MAX);
        struct curl_slist *list = header_list(wire);
        CURL *curl = curl_easy_init();
        long status = 0;
        CURLcode code;

        curl_easy_setopt(curl, CURLOPT_URL, url);
        curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TIMEOUT_S);
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
        if (body) {
                curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
                curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
        }
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, add_to);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, &text);
        curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, add_to);
        curl_easy_setopt(curl, CURLOPT_HEADERDATA, &headers);
        code = curl_easy_perform(curl);
        ck_assert_msg(code == CURLE_OK, "%s %s: %s", method, url, curl_easy_strerror(code));
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        answer->status = (int)status;
        answer->size = text.len;
        answer->text = x_strdup(buf_str(&text));
        answer->headers = x_strdup(buf_str(&headers));
        if (js_parse(buf_str(&text), text.len, &answer->json) < 0)
                answer->json = NULL;
        buf_done(&text);
        buf_done(&headers);
        curl_slist_free_all(list);
        curl_easy_cleanup(curl);
}

static const struct answer *send_text(const struct wire *wire, const char *body,
                                      const char *request) {
        const char *path = strchr(request, ' ') + 1;
        _cleanup_(freep) char *method = x_strndup(request, strcspn(request, " "));
        struct answer *answer = keep();

        transfer(wire, method, path, body, answer);
        return answer;
}

const struct answer *send_to(const struct wire *wire, const char *body, const char *request, ...) {
        _cleanup_(freep) char *text = NULL;
        va_list args;

        va_start(args, request);
        ck_assert_int_gt(vasprintf(&text, request, args), 0);
        va_end(args);
        return send_text(wire, body, text);
}

struct json_object *expect(const struct wire *wire, int status, const char *body,
                           const char *request, ...) {
        _cleanup_(freep) char *text = NULL;
        const struct answer *answer;
        va_list args;

        va_start(args, request);
        ck_assert_int_gt(vasprintf(&text, request, args), 0);
        va_end(args);
        answer = send_text(wire, body, text);
        ck_assert_msg(answer->status == status, "%s at %s: %d, not %d: %.2000s", text, wire->host,
                      answer->status, status, answer->text);
        return answer->json;
}

static const char *code_of(struct json_object *body) {
        static const char *const members[] = { "/error_code", "/errorCode", "/reason" };

        for (size_t i = 0; i < ELEMENTSOF(members); i++)
                if (js_str(body, members[i]))
                        return js_str(body, members[i]);
        return NULL;
}

void expect_error(const struct wire *wire, int status, const char *code, const char *body,
                  const char *request, ...) {
        _cleanup_(freep) char *text = NULL;
        const struct answer *answer;
        va_list args;

        va_start(args, request);
        ck_assert_int_gt(vasprintf(&text, request, args), 0);
        va_end(args);
        answer = send_text(wire, body, text);
        ck_assert_msg(answer->status == status && str_eq(code_of(answer->json), code),
                      "%s at %s: not %d %s, but %d: %.2000s", text, wire->host, status, code,
                      answer->status, answer->text);
}

char *answer_header(const struct answer *answer, const char *name) {
        size_t len = strlen(name);
        const char *line = answer->headers;

        while (line && *line) {
                if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
                        line += len + 1 + strspn(line + len + 1, " ");
                        return x_strndup(line, strcspn(line, "\r\n"));
                }
                line = strchr(line, '\n');
                line += line != NULL;
        }
        return NULL;
}

const char *wire_login(const char *project) {
        static const struct wire iam = { .host = "iam.cn-north-4" };
        _cleanup_(freep) char *scope = project ? x_printf("\"project\":{\"name\":\"%s\"}", project)
                                               : x_strdup("\"domain\":{\"name\":\"demo-domain\"}");
        _cleanup_(freep) char *body = x_printf(
                "{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":"
                "{\"name\":\"demo\",\"password\":\"Demo-Passw0rd!\",\"domain\":{\"name\":"
                "\"demo-domain\"}}}},\"scope\":{%s}}}",
                scope);
        const struct answer *answer = send_to(&iam, body, "POST /v3/auth/tokens");
        struct answer *token = keep();

        ck_assert_int_eq(answer->status, 201);
        token->text = answer_header(answer, "X-Subject-Token");
        ck_assert_ptr_nonnull(token->text);
        return token->text;
}

void wire_done(void) {
        while (all.list) {
                struct kept *kept = all.list;

                all.list = kept->next;
                json_object_put(kept->answer.json);
                free(kept->answer.text);
                free(kept->answer.headers);
                free(kept);
        }
}
