/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/emulator/cloud.h"

#include "base/buf.h"

#include <curl/curl.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BODIES_MAX = 1000, LINE_MAX_SIZE = 200, BODY_MAX = 64 * 1024 * 1024 };

/* One emulator at a time: each test is a process of its own. */
static struct {
        pid_t pid;
        int input; /* the emulator ends when this is closed */
        long port;
        CURL *curl;
        char *tokens[3]; /* by project, see projects */
        struct json_object *bodies[BODIES_MAX];
        size_t body_count;
        bool allows_violations;
} cloud;

static const struct {
        const char *id, *name, *region;
} projects[] = {
        { PROJECT, "cn-north-4", "cn-north-4" },
        { ANALYTICS, "cn-north-4_analytics", "cn-north-4" },
        { SINGAPORE, "ap-southeast-3", "ap-southeast-3" },
};

static long read_port(int fd) {
        char line[LINE_MAX_SIZE] = "";
        int64_t port = 0;
        size_t len = 0;
        char *colon;

        while (len + 1 < sizeof(line) && read(fd, line + len, 1) == 1 && line[len] != '\n')
                len++;
        line[len] = 0;
        colon = strrchr(line, ':');
        ck_assert_msg(colon && parse_int(colon + 1, &port) == 0, "the emulator says \"%s\"", line);
        return (long)port;
}

static void spawn(const char *seed) {
        int input[2], output[2];

        ck_assert_int_eq(pipe(input), 0);
        ck_assert_int_eq(pipe(output), 0);
        cloud.pid = fork();
        ck_assert_int_ge(cloud.pid, 0);
        if (cloud.pid == 0) {
                dup2(input[0], STDIN_FILENO);
                dup2(output[1], STDOUT_FILENO);
                close(input[1]);
                close(output[0]);
                execl(EMULATOR, EMULATOR, "--plain", "--contract", CONTRACT, "--seed", seed,
                      "--exit-with-parent", NULL);
                _exit(127);
        }
        close(input[0]);
        close(output[1]);
        cloud.input = input[1];
        cloud.port = read_port(output[0]);
        close(output[0]);
}

static size_t on_body(char *data, size_t size, size_t count, void *arg) {
        return buf_add(arg, data, size * count) < 0 ? 0 : size * count;
}

/* Takes the token out of the header. */
static size_t on_header(char *data, size_t size, size_t count, void *arg) {
        static const char name[] = "X-Subject-Token:";
        char **token = arg;

        if (size * count > sizeof(name) && strncasecmp(data, name, strlen(name)) == 0) {
                char *value = data + strlen(name) + 1;

                *token = x_strndup(value, strcspn(value, "\r\n"));
        }
        return size * count;
}

/* One request; the parsed body is kept until cloud_stop(). */
static long perform(const char *method, const char *host, const char *path, const char *body,
                    const char *token, char **ret_token, struct json_object **ret) {
        _cleanup_(freep) char *url = x_printf("http://%s.localhost:%ld%s", host, cloud.port, path);
        _cleanup_(freep) char *authorization = x_printf("X-Auth-Token: %s", token ? token : "");
        struct buf answer = BUF_INIT(BODY_MAX);
        struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
        long status = 0;
        CURLcode code;

        if (token)
                headers = curl_slist_append(headers, authorization);
        curl_easy_reset(cloud.curl);
        curl_easy_setopt(cloud.curl, CURLOPT_URL, url);
        curl_easy_setopt(cloud.curl, CURLOPT_NOPROXY, "*");
        curl_easy_setopt(cloud.curl, CURLOPT_CUSTOMREQUEST, method);
        if (body)
                curl_easy_setopt(cloud.curl, CURLOPT_POSTFIELDS, body);
        curl_easy_setopt(cloud.curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(cloud.curl, CURLOPT_WRITEFUNCTION, on_body);
        curl_easy_setopt(cloud.curl, CURLOPT_WRITEDATA, &answer);
        if (ret_token) {
                curl_easy_setopt(cloud.curl, CURLOPT_HEADERFUNCTION, on_header);
                curl_easy_setopt(cloud.curl, CURLOPT_HEADERDATA, ret_token);
        }
        code = curl_easy_perform(cloud.curl);
        ck_assert_msg(code == CURLE_OK, "%s: %s", url, curl_easy_strerror(code));
        curl_easy_getinfo(cloud.curl, CURLINFO_RESPONSE_CODE, &status);
        *ret = NULL;
        if (answer.len > 0)
                ck_assert_msg(js_parse(answer.data, answer.len, ret) == 0, "%s is not JSON", url);
        if (*ret) {
                ck_assert_uint_lt(cloud.body_count, BODIES_MAX);
                cloud.bodies[cloud.body_count++] = *ret;
        }
        buf_done(&answer);
        curl_slist_free_all(headers);
        return status;
}

static void log_in(size_t project) {
        _cleanup_(freep) char *body = x_printf(
                "{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":"
                "{\"name\":\"demo\",\"password\":\"Demo-Passw0rd!\",\"domain\":{\"name\":"
                "\"demo-domain\"}}}},\"scope\":{\"project\":{\"name\":\"%s\"}}}}",
                projects[project].name);
        struct json_object *answer;

        ck_assert_int_eq(perform("POST", "iam", "/v3/auth/tokens", body, NULL,
                                 &cloud.tokens[project], &answer),
                         201);
        ck_assert_ptr_nonnull(cloud.tokens[project]);
}

void cloud_start(const char *seed) {
        ck_assert_int_eq(curl_global_init(CURL_GLOBAL_DEFAULT), 0);
        cloud.curl = curl_easy_init();
        ck_assert_ptr_nonnull(cloud.curl);
        spawn(seed);
        for (size_t i = 0; i < ELEMENTSOF(projects); i++)
                log_in(i);
}

long cloud_port(void) {
        return cloud.port;
}

void cloud_allow_violations(void) {
        cloud.allows_violations = true;
}

void cloud_advance(int64_t ms) {
        _cleanup_(freep) char *body = x_printf("{\"advance_ms\": %lld}", (long long)ms);
        struct json_object *answer;

        ck_assert_int_eq(perform("POST", "emulator", "/clock", body, NULL, NULL, &answer), 200);
}

static void check_log(void) {
        struct json_object *log, *requests;

        ck_assert_int_eq(perform("GET", "emulator", "/requests", NULL, NULL, NULL, &log), 200);
        requests = js_get(log, "/requests");
        for (size_t i = 0; i < js_len(requests, ""); i++) {
                struct json_object *row = js_at(requests, i);
                const char *fault = js_str(row, "/fault"), *violation = js_str(row, "/violation");

                ck_assert_msg(!fault, "%s: %s", js_str(row, "/operationId"), fault);
                ck_assert_msg(!violation || cloud.allows_violations, "%s: %s",
                              js_str(row, "/operationId"), violation);
        }
}

void cloud_stop(void) {
        int status;

        check_log();
        curl_easy_cleanup(cloud.curl);
        curl_global_cleanup();
        close(cloud.input);
        ck_assert_int_eq(waitpid(cloud.pid, &status, 0), cloud.pid);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the emulator ended with %d",
                      status);
        for (size_t i = 0; i < cloud.body_count; i++)
                json_object_put(cloud.bodies[i]);
        for (size_t i = 0; i < ELEMENTSOF(projects); i++)
                free(cloud.tokens[i]);
        memset(&cloud, 0, sizeof(cloud));
}

/* Sends "METHOD /path" where it belongs. */
static long send_to(const char *request, const char *body, struct json_object **ret) {
        const char *path = strchr(request, ' ') + 1;
        _cleanup_(freep) char *method = x_strndup(request, strcspn(request, " "));
        _cleanup_(freep) char *host = NULL;
        size_t project = 0;

        for (size_t i = 0; i < ELEMENTSOF(projects); i++)
                if (strstr(path, projects[i].id))
                        project = i;
        host = x_printf("%s.%s", str_begins(path, "/v1/") ? "ems" : "dws",
                        projects[project].region);
        return perform(method, host, path, body, cloud.tokens[project], NULL, ret);
}

struct json_object *ask(int status, const char *body, const char *request, ...) {
        _cleanup_(freep) char *text = NULL;
        struct json_object *answer;
        va_list args;
        long got;

        va_start(args, request);
        ck_assert_int_gt(vasprintf(&text, request, args), 0);
        va_end(args);
        got = send_to(text, body, &answer);
        ck_assert_msg(got == status, "%s: %ld, not %d: %s", text, got, status,
                      json_object_to_json_string(answer));
        return answer;
}

void refused(int status, const char *code, const char *body, const char *request, ...) {
        _cleanup_(freep) char *text = NULL;
        struct json_object *answer;
        const char *got_code;
        va_list args;
        long got;

        va_start(args, request);
        ck_assert_int_gt(vasprintf(&text, request, args), 0);
        va_end(args);
        got = send_to(text, body, &answer);
        got_code = js_str(answer, "/error_code");
        ck_assert_msg(got == status && str_eq(got_code, code), "%s: %ld %s, not %d %s: %s", text,
                      got, got_code ? got_code : "-", status, code,
                      json_object_to_json_string(answer));
        ck_assert_ptr_nonnull(js_str(answer, "/error_msg"));
}

bool has_element(struct json_object *array, const char *member, const char *text) {
        for (size_t i = 0; i < js_len(array, ""); i++)
                if (str_eq(js_str(js_at(array, i), member), text))
                        return true;
        return false;
}

struct json_object *element(struct json_object *array, const char *member, const char *text) {
        for (size_t i = 0; i < js_len(array, ""); i++)
                if (str_eq(js_str(js_at(array, i), member), text))
                        return js_at(array, i);
        ck_abort_msg("there is no element whose %s is %s", member, text);
        return NULL;
}

const char *warehouse_id(const char *name) {
        struct json_object *list = ask(200, NULL, "GET /v1.0/" PROJECT "/clusters");

        return js_str(element(js_get(list, "/clusters"), "/name", name), "/id");
}

struct json_object *warehouse(const char *id) {
        return js_get(ask(200, NULL, "GET /v1.0/" PROJECT "/clusters/%s", id), "/cluster");
}
