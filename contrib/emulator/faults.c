/* SPDX-License-Identifier: Apache-2.0 */
#include "contrib/emulator/faults.h"

#include "contrib/emulator/util.h"

#include <fnmatch.h>
#include <pthread.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { FILE_MAX = 1024 * 1024, RULES_MAX = 1000 };

struct rule {
        char *method, *pattern;
        int64_t after, times; /* times -1: no end */
        int64_t seen;         /* matching requests so far */
        struct fault_hit what;
};

struct rules {
        struct rule *items;
        size_t count;
};

struct faults {
        pthread_mutex_t lock;
        struct rules rules;
        char *path; /* watched file, or NULL */
        struct timespec changed;
        off_t size;
};

struct faults *faults_new(void) {
        struct faults *faults = x_alloc(sizeof(*faults));

        pthread_mutex_init(&faults->lock, NULL);
        return faults;
}

static void rules_clear(struct rules *rules) {
        for (size_t i = 0; i < rules->count; i++) {
                free(rules->items[i].method);
                free(rules->items[i].pattern);
        }
        free(rules->items);
        *rules = (struct rules){ 0 };
}

struct faults *faults_free(struct faults *faults) {
        if (!faults)
                return NULL;
        rules_clear(&faults->rules);
        free(faults->path);
        pthread_mutex_destroy(&faults->lock);
        free(faults);
        return NULL;
}

/* Words that stand alone. */
static bool parse_flag(struct fault_hit *what, const char *word) {
        static const struct {
                const char *word;
                size_t offset;
        } flags[] = {
                { "reset", offsetof(struct fault_hit, reset) },
                { "processed-then-reset", offsetof(struct fault_hit, processed_then_reset) },
                { "wrong-length", offsetof(struct fault_hit, wrong_length) },
                { "unknown-state", offsetof(struct fault_hit, unknown_state) },
                { "repeat-page", offsetof(struct fault_hit, repeat_page) },
                { "stale", offsetof(struct fault_hit, stale) },
        };
        static const struct {
                const char *word;
                enum fault_body body;
        } bodies[] = {
                { "gateway", FAULT_BODY_GATEWAY },
                { "html", FAULT_BODY_HTML },
                { "empty", FAULT_BODY_EMPTY },
                { "cut", FAULT_BODY_CUT },
                { "invalid-json", FAULT_BODY_INVALID_JSON },
                { "huge", FAULT_BODY_HUGE },
        };

        for (size_t i = 0; i < ELEMENTSOF(flags); i++)
                if (str_eq(word, flags[i].word)) {
                        *(bool *)((char *)what + flags[i].offset) = true;
                        return true;
                }
        for (size_t i = 0; i < ELEMENTSOF(bodies); i++)
                if (str_eq(word, bodies[i].word)) {
                        what->body = bodies[i].body;
                        return true;
                }
        return false;
}

/* code=WORD, the service's own. Returns 0, or -EINVAL. */
static int parse_code(struct fault_hit *what, const char *code) {
        size_t len = strlen(code);

        if (!len || len >= sizeof(what->code))
                return -EINVAL;
        memcpy(what->code, code, len + 1);
        return 0;
}

/* Words of the form name=value, numbers but for the code. Returns 0, or -EINVAL. */
static int parse_setting(struct rule *rule, char *word) {
        char *value = strchr(word, '=');
        int64_t number;

        if (!value)
                return -EINVAL;
        *value++ = 0;
        if (str_eq(word, "code"))
                return parse_code(&rule->what, value);
        if (parse_int(value, &number) < 0 || number < 0 || number > INT32_MAX)
                return -EINVAL;
        if (str_eq(word, "after"))
                rule->after = number;
        else if (str_eq(word, "times"))
                rule->times = number;
        else if (str_eq(word, "status") && number >= 200 && number <= 599)
                rule->what.status = (int)number;
        else if (str_eq(word, "retry-after"))
                rule->what.retry_after = (int)number;
        else if (str_eq(word, "stall"))
                rule->what.stall_ms = number;
        else
                return -EINVAL;
        return 0;
}

static bool does_nothing(const struct fault_hit *what) {
        return !what->status && !what->body && !what->stall_ms && !what->reset &&
               !what->processed_then_reset && !what->wrong_length && !what->unknown_state &&
               !what->repeat_page && !what->stale && what->retry_after < 0;
}

/* Reads one line without its comment. Returns 1 for a rule, 0 for an empty line, -EINVAL. */
static int parse_line(char *line, struct rule *rule, char *error, unsigned error_size) {
        char *rest = line, *word;

        *rule = (struct rule){ .times = -1, .what = { .hit = true, .retry_after = -1 } };
        while ((word = strsep(&rest, " \t\r")) != NULL) {
                if (!*word)
                        continue;
                if (!rule->method)
                        rule->method = x_strdup(word);
                else if (!rule->pattern)
                        rule->pattern = x_strdup(word);
                else if (!parse_flag(&rule->what, word) && parse_setting(rule, word) < 0) {
                        snprintf(error, error_size, "unknown or wrong word \"%s\"", word);
                        return -EINVAL;
                }
        }
        if (!rule->method)
                return 0;
        if (!rule->pattern || does_nothing(&rule->what) ||
            (*rule->what.code && !rule->what.status)) {
                snprintf(error, error_size, "a rule needs a method, a pattern and an action");
                return -EINVAL;
        }
        return 1;
}

static int parse_rules(const char *text, struct rules *ret, char *error, unsigned error_size) {
        _cleanup_(freep) char *copy = x_strdup(text);
        struct rules rules = { 0 };
        char *rest = copy;

        for (int number = 1; rest; number++) {
                char *line = strsep(&rest, "\n"), reason[200];
                struct rule rule;
                int r;

                line[strcspn(line, "#")] = 0;
                r = parse_line(line, &rule, reason, sizeof(reason));
                rules.items = x_realloc(rules.items, (rules.count + 1) * sizeof(*rules.items));
                rules.items[rules.count] = rule;
                rules.count += r != 0;
                if (r < 0 || rules.count > RULES_MAX) {
                        snprintf(error, error_size, "line %d: %s", number,
                                 r < 0 ? reason : "too many rules");
                        rules_clear(&rules);
                        return -EINVAL;
                }
        }
        *ret = rules;
        return 0;
}

static void replace(struct faults *faults, struct rules rules) {
        rules_clear(&faults->rules);
        faults->rules = rules;
}

int faults_parse(struct faults *faults, const char *text, char *error, unsigned error_size) {
        struct rules rules;
        int r = parse_rules(text, &rules, error, error_size);

        if (r < 0)
                return r;
        pthread_mutex_lock(&faults->lock);
        replace(faults, rules);
        pthread_mutex_unlock(&faults->lock);
        return 0;
}

/* Reads the watched file if it is another one than last time. Lock held. */
static int reread(struct faults *faults) {
        _cleanup_(freep) char *text = NULL;
        struct stat st;
        struct rules rules;
        char error[256];
        size_t size;
        int r;

        if (stat(faults->path, &st) < 0)
                return -errno;
        if (st.st_mtim.tv_sec == faults->changed.tv_sec &&
            st.st_mtim.tv_nsec == faults->changed.tv_nsec && st.st_size == faults->size)
                return 0;
        faults->changed = st.st_mtim;
        faults->size = st.st_size;
        r = read_file(faults->path, FILE_MAX, &text, &size);
        if (r == 0) {
                r = parse_rules(text, &rules, error, sizeof(error));
                if (r < 0)
                        fprintf(stderr, "hcloud-emulator: %s: %s\n", faults->path, error);
        }
        if (r == 0)
                replace(faults, rules);
        return r;
}

int faults_watch(struct faults *faults, const char *path) {
        int r;

        pthread_mutex_lock(&faults->lock);
        free(faults->path);
        faults->path = x_strdup(path);
        r = reread(faults);
        pthread_mutex_unlock(&faults->lock);
        return r;
}

static bool rule_matches(const struct rule *rule, const char *method, const char *host,
                         const char *path) {
        _cleanup_(freep) char *full = NULL;

        if (!str_eq(rule->method, "*") && strcasecmp(rule->method, method) != 0)
                return false;
        if (rule->pattern[0] == '/' || rule->pattern[0] == '*')
                return fnmatch(rule->pattern, path, 0) == 0;
        full = x_printf("%s%s", host, path);
        return fnmatch(rule->pattern, full, 0) == 0;
}

struct fault_hit faults_match(struct faults *faults, const char *method, const char *host,
                              const char *path) {
        struct fault_hit hit = { 0 };

        pthread_mutex_lock(&faults->lock);
        if (faults->path)
                (void)reread(faults);
        for (size_t i = 0; i < faults->rules.count; i++) {
                struct rule *rule = &faults->rules.items[i];

                if (hit.hit || !rule_matches(rule, method, host, path))
                        continue;
                rule->seen++;
                if (rule->seen > rule->after &&
                    (rule->times < 0 || rule->seen <= rule->after + rule->times))
                        hit = rule->what;
        }
        pthread_mutex_unlock(&faults->lock);
        return hit;
}
