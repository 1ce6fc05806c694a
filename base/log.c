/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <strings.h>
#include <unistd.h>

#include "base/buf.h"

static const char *const names[] = { "error", "warning", "info", "debug" };

static atomic_int current = LOG_LEVEL_WARNING;

/** log_set_level() - lines above this level are dropped; any thread, at any time. */
void log_set_level(enum log_level level) {
        atomic_store(&current, (int)level);
}

/** log_get_level() - the level in force. */
enum log_level log_get_level(void) {
        return (enum log_level)atomic_load(&current);
}

/** log_level_parse() - level from its name. Returns 0 or -EINVAL. */
int log_level_parse(const char *text, enum log_level *ret) {
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                if (strcasecmp(text, names[i]) == 0) {
                        *ret = (enum log_level)i;
                        return 0;
                }
        }
        return -EINVAL;
}

/** log_level_name() - the level's name, static. */
const char *log_level_name(enum log_level level) {
        return names[level];
}

/**
 * log_write() - one line to standard error, written whole, so that lines of threads do not mix.
 * systemd reads the `<n>` in front as the priority when standard error is the journal.
 */
void log_write(enum log_level level, const char *format, ...) {
        static const int priorities[] = { 3, 4, 6, 7 };
        struct buf line = BUF_INIT(16 * 1024);
        va_list args;

        if ((int)level > atomic_load_explicit(&current, memory_order_relaxed))
                return;
        if (getenv("JOURNAL_STREAM"))
                (void)buf_printf(&line, "<%d>", priorities[level]);
        (void)buf_printf(&line, "hcloudfs: ");
        if (level == LOG_LEVEL_DEBUG)
                (void)buf_add_str(&line, "debug: ");
        va_start(args, format);
        (void)buf_vprintf(&line, format, args);
        va_end(args);
        for (size_t i = 0; i < line.len; i++)
                if (line.data[i] == '\n')
                        line.data[i] = ' ';
        (void)buf_add_char(&line, '\n');
        if (line.data && write(STDERR_FILENO, line.data, line.len) < 0)
                (void)level; /* nowhere left to say so */
        buf_done(&line);
}
