/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which requests came: JSON lines in a file and in memory. No header, body or credential gets in.
 */
#include "contrib/emulator/emulator.h"

#include <pthread.h>
#include <string.h>

enum { LINES_MAX = 100000 };

struct request_log {
        pthread_mutex_t lock;
        FILE *file;
        char **lines;  /* a ring: line number n is lines[n % LINES_MAX] */
        int64_t next;  /* number of the next line */
        int64_t first; /* number of the oldest line kept */
};

struct request_log *request_log_new(const char *path) {
        struct request_log *log;
        FILE *file = NULL;

        if (path) {
                file = fopen(path, "ae");
                if (!file) {
                        fprintf(stderr, "hcloud-emulator: cannot write %s: %s\n", path,
                                strerror(errno));
                        return NULL;
                }
        }
        log = x_alloc(sizeof(*log));
        pthread_mutex_init(&log->lock, NULL);
        log->lines = x_alloc(LINES_MAX * sizeof(*log->lines));
        log->file = file;
        return log;
}

struct request_log *request_log_free(struct request_log *log) {
        if (!log)
                return NULL;
        for (size_t i = 0; i < LINES_MAX; i++)
                free(log->lines[i]);
        free(log->lines);
        if (log->file)
                fclose(log->file);
        pthread_mutex_destroy(&log->lock);
        free(log);
        return NULL;
}

static char *line_of(const struct exchange *x, int64_t number) {
        const struct request *req = &x->req;
        struct json_object *line;
        char *text;

        line = js_pack(
                "{'number': i, 'time': o, 'service': s, 'operationId': s, 'method': s, 'host': s, "
                "'path': s, 'query': s, 'status': i, 'size': i, 'violation': s, 'injected': b, "
                "'fault': S, 'ms': i}",
                number, time_json(TIME_MICRO, wall_ms()), req->service, req->operation_id,
                x->method, x->host, x->path, x->raw_query, (int64_t)x->resp.status,
                (int64_t)x->raw.len, x->violation, x->fault.hit, x->own_fault,
                monotonic_ms() - x->start_ms);
        text = x_strdup(json_object_to_json_string_ext(
                line, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
        json_object_put(line);
        return text;
}

void request_log_add(struct request_log *log, const struct exchange *x) {
        char **slot;

        pthread_mutex_lock(&log->lock);
        slot = &log->lines[log->next % LINES_MAX];
        free(*slot);
        *slot = line_of(x, log->next++);
        if (log->next - log->first > LINES_MAX)
                log->first = log->next - LINES_MAX;
        if (log->file) {
                fprintf(log->file, "%s\n", *slot);
                fflush(log->file);
        }
        pthread_mutex_unlock(&log->lock);
}

void request_log_reset(struct request_log *log) {
        pthread_mutex_lock(&log->lock);
        log->first = log->next;
        pthread_mutex_unlock(&log->lock);
}

char *request_log_since(struct request_log *log, int64_t since, size_t *ret_size) {
        struct buf out = { 0 };

        pthread_mutex_lock(&log->lock);
        if (since < log->first)
                since = log->first;
        buf_printf(&out, "{\"next\":%lld,\"requests\":[", (long long)log->next);
        for (int64_t i = since; i < log->next; i++)
                buf_printf(&out, "%s%s", i > since ? ",\n" : "\n", log->lines[i % LINES_MAX]);
        pthread_mutex_unlock(&log->lock);
        buf_add_str(&out, "]}\n");
        return buf_steal(&out, ret_size);
}
