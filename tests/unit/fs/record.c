/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/record.h"

#include <string.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static struct record *record;

static struct record_entry entry_of(uid_t uid, const char *path, int result) {
        return (struct record_entry){
                .operation = OPERATION_READ,
                .path = path,
                .uid = uid,
                .result = result,
                .micros = 1234567,
                .calls = 2,
        };
}

static void note(uid_t uid, const char *path, const char *reason) {
        const struct record_entry entry = entry_of(uid, path, -EACCES);
        struct op op;

        op_init(&op, OP_INTERACTIVE, 0);
        (void)op_fail_answer(&op, EACCES, 403, "X.1", "req-9", reason);
        record_failed(record, &entry, &op.fault);
}

static void begin(void) {
        record = calloc(1, sizeof(*record));
        ck_assert_int_eq(record_init(record), 0);
}

static void end(void) {
        record_done(record);
        free(record);
}

START_TEST(operations_are_counted_and_written_down) {
        struct record_entry entry = entry_of(7, "/a\nb", 0);
        struct buf buf = BUF_INIT(0);
        uint64_t cut;

        begin();
        entry.name = "c";
        record_operation(record, &entry);
        entry = entry_of(7, NULL, -ENOENT);
        record_operation(record, &entry);
        record_begin(record, OPERATION_READ);
        ck_assert_uint_eq(atomic_load(&record->operations[OPERATION_READ]), 1);
        ck_assert_uint_eq(atomic_load(&record->failures[OPERATION_READ]), 1);
        ck_assert_uint_eq(atomic_load(&record->calls), 4);
        ck_assert_int_eq(trail_copy(&record->access, &buf, &cut), 0);
        ck_assert_ptr_nonnull(strstr(buf_str(&buf), "Z uid=7 pid=0 kernel read /a?b/c ok "
                                                    "1234.567ms calls=2\n"));
        buf_done(&buf);
        end();
}
END_TEST

START_TEST(the_log_is_bounded_and_cut_at_a_line) {
        const struct record_entry entry = entry_of(1, "/some/path/that/is/rather/long", 0);
        struct buf buf = BUF_INIT(0);
        uint64_t cut;

        begin();
        for (int i = 0; i < 30000; i++)
                record_operation(record, &entry);
        ck_assert_int_eq(trail_copy(&record->access, &buf, &cut), 0);
        ck_assert_uint_eq(cut + buf.len, trail_end(&record->access));
        ck_assert_uint_le(buf.len, TRAIL_MAX + 4096);
        ck_assert_uint_ge(buf.len, TRAIL_MAX / 2 - 4096);
        ck_assert_int_eq(buf.data[4], '-');
        ck_assert_int_eq(buf.data[buf.len - 1], '\n');
        buf_done(&buf);
        end();
}
END_TEST

START_TEST(processes_are_told_apart) {
        struct record_entry entry = entry_of(7, "/a", 0);
        struct buf buf = BUF_INIT(0);

        begin();
        entry.pid = getpid();
        record_operation(record, &entry);
        record_operation(record, &entry);
        entry.pid = 0;
        entry.calls = 3;
        record_operation(record, &entry);
        ck_assert_int_eq(record_top(record, &buf), 0);
        ck_assert_ptr_nonnull(strstr(buf_str(&buf), "         4          2 "));
        ck_assert_ptr_nonnull(strstr(buf_str(&buf), "         3          1       0 "));
        ck_assert_ptr_nonnull(strstr(buf_str(&buf), " kernel\n"));
        ck_assert(strstr(buf_str(&buf), "         4          2 ") <
                  strstr(buf_str(&buf), "         3          1 "));
        buf_done(&buf);
        end();
}
END_TEST

START_TEST(each_user_sees_his_own_last_failure) {
        struct buf buf = BUF_INIT(0);

        begin();
        ck_assert_int_eq(record_last(record, 1, &buf), 0);
        ck_assert_uint_eq(buf.len, 0);
        note(1, "/a", "first");
        note(2, "/b", "second");
        note(1, "/c", "third\nline");
        ck_assert_int_eq(record_last(record, 1, &buf), 0);
        ck_assert_ptr_nonnull(
                strstr(buf_str(&buf), " read /c EACCES: third line (code X.1) (request req-9)\n"));
        buf_truncate(&buf, 0);
        ck_assert_int_eq(record_last(record, 2, &buf), 0);
        ck_assert_ptr_nonnull(strstr(buf_str(&buf), " read /b EACCES: second"));
        buf_truncate(&buf, 0);
        ck_assert_int_eq(record_last(record, 3, &buf), 0);
        ck_assert_uint_eq(buf.len, 0);
        buf_done(&buf);
        end();
}
END_TEST

START_TEST(recent_failures_are_a_ring) {
        struct buf buf = BUF_INIT(0);
        const char *line;
        size_t lines = 0;

        begin();
        for (unsigned i = 0; i < RECORD_FAILURES + 10; i++) {
                char path[32];

                (void)snprintf(path, sizeof(path), "/%u.", i);
                note(i, path, "reason with req-9 and X.1");
        }
        ck_assert_int_eq(record_recent(record, &buf), 0);
        for (line = buf_str(&buf); *line; line = strchr(line, '\n') + 1)
                lines++;
        ck_assert_uint_eq(lines, RECORD_FAILURES);
        ck_assert_ptr_null(strstr(buf_str(&buf), " /9. "));
        ck_assert_ptr_nonnull(strstr(buf_str(&buf), " /10. EACCES: reason with req-9 and X.1\n"));
        buf_done(&buf);
        end();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { .name = "operation", .test = operations_are_counted_and_written_down },
                { .name = "bound", .test = the_log_is_bounded_and_cut_at_a_line },
                { .name = "top", .test = processes_are_told_apart },
                { .name = "last", .test = each_user_sees_his_own_last_failure },
                { .name = "recent", .test = recent_failures_are_a_ring },
                { 0 },
        };

        return unit_main("record", cases);
}
