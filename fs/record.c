/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/record.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/stamp.h"

enum { COMMAND_TTL_MS = 2000 };

/** record_init() - nothing happened yet. Returns 0 or -ENOMEM. */
int record_init(struct record *record) {
        int r;

        *record = (struct record){ 0 };
        r = trail_init(&record->access);
        if (r == 0 && pthread_mutex_init(&record->lock, NULL)) {
                trail_done(&record->access);
                r = -ENOMEM;
        }
        return r;
}

/** record_done() - frees what it holds. */
void record_done(struct record *record) {
        for (size_t i = 0; i < RECORD_FAILURES; i++)
                free(record->recent[i].path);
        for (size_t i = 0; i < RECORD_USERS; i++)
                free(record->last[i].path);
        trail_done(&record->access);
        pthread_mutex_destroy(&record->lock);
}

/* The name of a process; what is not printable becomes `?`. */
static void read_command(pid_t pid, char ret[RECORD_COMMAND_SIZE]) {
        char path[32];
        ssize_t n = -1;
        int fd;

        (void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0) {
                n = read(fd, ret, RECORD_COMMAND_SIZE - 1);
                close(fd);
        }
        if (n <= 0) {
                ret[0] = '-';
                n = 1;
        }
        if (ret[n - 1] == '\n')
                n--;
        ret[n] = '\0';
        for (char *p = ret; *p; p++)
                if (*p <= ' ' || *p > '~')
                        *p = '?';
}

/* Names are kept for a moment: a process does many things. Locked. */
static const char *command_of(struct record *record, pid_t pid) {
        struct record_command *command = &record->commands[(unsigned)pid % RECORD_COMMANDS];
        int64_t now = stamp_monotonic_ms();

        if (pid <= 0)
                return "kernel";
        if (command->pid != pid || command->until_ms < now) {
                command->pid = pid;
                command->until_ms = now + COMMAND_TTL_MS;
                read_command(pid, command->name);
        }
        return command->name;
}

static void add_result(struct buf *buf, int result) {
        const char *name = result < 0 ? strerrorname_np(-result) : "ok";

        (void)buf_add_str(buf, name ? name : "?");
}

/* Paths may hold anything: what is not printable becomes `?`, so that a line stays a line. */
static void add_path(struct buf *buf, const char *path, const char *name) {
        size_t began = buf->len;

        (void)buf_add_str(buf, path);
        if (name)
                (void)buf_printf(buf, "%s%s", path[0] && path[1] ? "/" : "", name);
        for (size_t i = began; i < buf->len; i++)
                if ((unsigned char)buf->data[i] < ' ' || buf->data[i] == 0x7f)
                        buf->data[i] = '?';
}

/** record_begin() - an operation arrived. */
void record_begin(struct record *record, enum operation operation) {
        atomic_fetch_add_explicit(&record->operations[operation], 1, memory_order_relaxed);
}

/* The process's place: its own, else the one used longest ago. Locked. */
static struct record_process *place_of(struct record *record, const struct record_entry *entry,
                                       const char *name) {
        struct record_process *oldest = &record->processes[0];

        for (size_t i = 0; i < RECORD_PROCESSES; i++) {
                struct record_process *process = &record->processes[i];

                if (process->used && process->pid == entry->pid && strcmp(process->name, name) == 0)
                        return process;
                if (process->used < oldest->used)
                        oldest = process;
        }
        *oldest = (struct record_process){ .pid = entry->pid, .uid = entry->uid };
        (void)snprintf(oldest->name, sizeof(oldest->name), "%s", name);
        return oldest;
}

/* Locked. */
static void count(struct record *record, const struct record_entry *entry, const char *name,
                  int64_t now_ms) {
        struct record_process *process = place_of(record, entry, name);

        process->operations++;
        process->calls += entry->calls;
        process->last_s = now_ms / 1000;
        process->used = ++record->clock;
}

/** record_operation() - count what came of it and add a line to the log. */
void record_operation(struct record *record, const struct record_entry *entry) {
        struct buf line = BUF_INIT(64 * 1024);
        char now[STAMP_TEXT_SIZE];
        int64_t ms = stamp_now_ms();
        const char *command;

        if (entry->result < 0)
                atomic_fetch_add_explicit(&record->failures[entry->operation], 1,
                                          memory_order_relaxed);
        atomic_fetch_add_explicit(&record->calls, entry->calls, memory_order_relaxed);
        if (!entry->path)
                return;
        stamp_format(ms / 1000, now);
        pthread_mutex_lock(&record->lock);
        command = command_of(record, entry->pid);
        count(record, entry, command, ms);
        (void)buf_printf(&line, "%s uid=%u pid=%d %s %s ", now, (unsigned)entry->uid,
                         (int)entry->pid, command, operation_name(entry->operation));
        pthread_mutex_unlock(&record->lock);
        add_path(&line, entry->path, entry->name);
        (void)buf_add_char(&line, ' ');
        add_result(&line, entry->result);
        (void)buf_printf(&line, " %lld.%03lldms calls=%u\n", (long long)(entry->micros / 1000),
                         (long long)(entry->micros % 1000), entry->calls);
        if (!line.error)
                trail_add(&record->access, line.data, line.len);
        buf_done(&line);
}

/** record_ahead() - API calls that nobody waited for. */
void record_ahead(struct record *record, unsigned calls) {
        atomic_fetch_add_explicit(&record->calls_ahead, calls, memory_order_relaxed);
}

static void fill(struct record_failure *failure, const struct record_entry *entry,
                 const struct op_fault *fault) {
        struct buf path = BUF_INIT(64 * 1024);

        add_path(&path, entry->path, entry->name);
        free(failure->path);
        *failure = (struct record_failure){
                .when_s = stamp_now_ms() / 1000,
                .uid = entry->uid,
                .pid = entry->pid,
                .operation = entry->operation,
                .path = buf_steal(&path, NULL),
                .fault = *fault,
        };
        buf_done(&path);
}

/* The user's place: his own, else a free one, else the one that is oldest. Locked. */
static struct record_failure *slot_of(struct record *record, uid_t uid) {
        struct record_failure *slot = &record->last[0];

        for (size_t i = 0; i < RECORD_USERS; i++) {
                struct record_failure *other = &record->last[i];

                if (other->when_s && other->uid == uid)
                        return other;
                if (other->when_s < slot->when_s)
                        slot = other;
        }
        return slot;
}

/** record_failed() - remember a failure that somebody gave a reason for. */
void record_failed(struct record *record, const struct record_entry *entry,
                   const struct op_fault *fault) {
        pthread_mutex_lock(&record->lock);
        fill(&record->recent[record->next], entry, fault);
        record->next = (record->next + 1) % RECORD_FAILURES;
        fill(slot_of(record, entry->uid), entry, fault);
        pthread_mutex_unlock(&record->lock);
}

/* What the reason does not say itself. */
static void add_part(struct buf *buf, const struct op_fault *fault, const char *word,
                     const char *text) {
        if (text[0] && !strstr(fault->reason, text))
                (void)buf_printf(buf, " (%s%s)", word, text);
}

static int render(const struct record_failure *failure, struct buf *buf) {
        const struct op_fault *fault = &failure->fault;
        size_t began = buf->len;
        char when[STAMP_TEXT_SIZE];

        stamp_format(failure->when_s, when);
        (void)buf_printf(buf, "%s %s %s ", when, operation_name(failure->operation),
                         failure->path ? failure->path : "?");
        add_result(buf, fault->error);
        (void)buf_printf(buf, ": %s", fault->reason);
        add_part(buf, fault, "code ", fault->code);
        add_part(buf, fault, "request ", fault->request_id);
        for (size_t i = began; i < buf->len; i++)
                if (buf->data[i] == '\n')
                        buf->data[i] = ' '; /* a line stays a line */
        return buf_add_char(buf, '\n');
}

/* Who caused the most calls comes first, then who asked most. */
static int compare_processes(const void *left, const void *right) {
        const struct record_process *a = left, *b = right;

        if (a->calls != b->calls)
                return a->calls < b->calls ? 1 : -1;
        if (a->operations != b->operations)
                return a->operations < b->operations ? 1 : -1;
        return a->used < b->used ? 1 : a->used > b->used ? -1 : 0;
}

/** record_top() - append what processes did, a line each. 0, -ENOMEM or as buf_reserve(). */
int record_top(struct record *record, struct buf *buf) {
        _cleanup_(freep) struct record_process *list = calloc(RECORD_PROCESSES, sizeof(*list));

        if (!list)
                return -ENOMEM;
        pthread_mutex_lock(&record->lock);
        memcpy(list, record->processes, sizeof(record->processes));
        pthread_mutex_unlock(&record->lock);
        qsort(list, RECORD_PROCESSES, sizeof(*list), compare_processes);
        (void)buf_printf(buf, "%10s %10s %7s %7s %-20s %s\n", "calls", "operations", "pid", "uid",
                         "last", "command");
        for (size_t i = 0; i < RECORD_PROCESSES; i++) {
                char last[STAMP_TEXT_SIZE];

                if (!list[i].used)
                        continue;
                stamp_format(list[i].last_s, last);
                (void)buf_printf(buf, "%10llu %10llu %7d %7u %-20s %s\n", list[i].calls,
                                 list[i].operations, (int)list[i].pid, (unsigned)list[i].uid, last,
                                 list[i].name);
        }
        return buf->error;
}

/** record_recent() - append the recent failures, oldest first, a line each. */
int record_recent(struct record *record, struct buf *buf) {
        pthread_mutex_lock(&record->lock);
        for (size_t i = 0; i < RECORD_FAILURES; i++) {
                const struct record_failure *failure =
                        &record->recent[(record->next + i) % RECORD_FAILURES];

                if (failure->when_s)
                        (void)render(failure, buf);
        }
        pthread_mutex_unlock(&record->lock);
        return buf->error;
}

/** record_last() - append the last failure of this user, or nothing. */
int record_last(struct record *record, uid_t uid, struct buf *buf) {
        const struct record_failure *failure;

        pthread_mutex_lock(&record->lock);
        failure = slot_of(record, uid);
        if (failure->when_s && failure->uid == uid)
                (void)render(failure, buf);
        pthread_mutex_unlock(&record->lock);
        return buf->error;
}
