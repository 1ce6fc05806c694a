/* SPDX-License-Identifier: Apache-2.0 */
/* What a process read last, whichever of its threads it was; and work that is done later. */
#include "fs/readers.h"

#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/stamp.h"
#include "fs/later.h"
#include "fs/process.h"
#include "tests/unit/unit.h"

static struct document *document(size_t len) {
        struct document *new = calloc(1, sizeof(*new));

        atomic_init(&new->refs, 1);
        new->data = calloc(1, len + 1);
        new->len = len;
        return new;
}

/* Is that the version that the process saw? Drops the reference. */
static bool saw(struct readers *readers, pid_t process, uint64_t ino, struct document *wanted) {
        struct document *found = readers_find(readers, process, ino);

        if (found)
                document_unref(found);
        return found == wanted;
}

START_TEST(the_latest_version_of_each_document_is_known) {
        struct document *a = document(1), *b = document(2), *c = document(3);
        struct readers readers;

        ck_assert_int_eq(readers_init(&readers), 0);
        ck_assert(saw(&readers, getpid(), 7, NULL));
        readers_note(&readers, getpid(), 7, a);
        readers_note(&readers, getpid(), 8, b);
        ck_assert(saw(&readers, getpid(), 7, a));
        ck_assert(saw(&readers, getpid(), 8, b));
        readers_note(&readers, getpid(), 7, c);
        ck_assert(saw(&readers, getpid(), 7, c));
        ck_assert(saw(&readers, getppid(), 7, NULL));
        readers_saved(&readers, getpid(), 7, b); /* it had read it */
        ck_assert(saw(&readers, getpid(), 7, b));
        readers_saved(&readers, getpid(), 9, b); /* it had not */
        ck_assert(saw(&readers, getpid(), 9, NULL));
        readers_done(&readers);
        ck_assert_uint_eq(atomic_load(&a->refs), 1);
        document_unref(a);
        document_unref(b);
        document_unref(c);
}
END_TEST

struct other {
        struct readers *readers;
        struct document *document;
        pthread_barrier_t barrier;
        pid_t thread;
};

static void *read_in_thread(void *data) {
        struct other *other = data;

        other->thread = (pid_t)syscall(SYS_gettid);
        readers_note(other->readers, other->thread, 7, other->document);
        pthread_barrier_wait(&other->barrier);
        pthread_barrier_wait(&other->barrier);
        return NULL;
}

START_TEST(threads_of_one_process_are_one_reader) {
        struct document *a = document(1);
        struct readers readers;
        struct other other = { .readers = &readers, .document = a };
        pthread_t thread;

        ck_assert_int_eq(readers_init(&readers), 0);
        pthread_barrier_init(&other.barrier, NULL, 2);
        ck_assert_int_eq(pthread_create(&thread, NULL, read_in_thread, &other), 0);
        pthread_barrier_wait(&other.barrier);
        ck_assert_int_ne(other.thread, getpid());
        ck_assert_int_eq(process_of(other.thread), getpid());
        ck_assert(saw(&readers, getpid(), 7, a));
        pthread_barrier_wait(&other.barrier);
        pthread_join(thread, NULL);
        pthread_barrier_destroy(&other.barrier);
        readers_done(&readers);
        document_unref(a);
}
END_TEST

START_TEST(a_number_that_came_again_is_another_process) {
        struct document *a = document(1);
        struct readers readers;

        ck_assert_int_eq(readers_init(&readers), 0);
        readers_note(&readers, getpid(), 7, a);
        readers.list[0].when_ms = process_began_ms(getpid()) - 1;
        for (size_t i = 0; i < READERS_MAX; i++)
                if (readers.list[i].ino)
                        readers.list[i].when_ms = process_began_ms(getpid()) - 1;
        ck_assert(saw(&readers, getpid(), 7, NULL));
        readers_done(&readers);
        document_unref(a);
}
END_TEST

START_TEST(memory_is_bounded) {
        struct document *big = document(READERS_BYTES_MAX / 4);
        struct readers readers;

        ck_assert_int_eq(readers_init(&readers), 0);
        for (uint64_t ino = 1; ino <= 5; ino++)
                readers_note(&readers, getpid(), ino, big);
        ck_assert(saw(&readers, getpid(), 1, NULL));
        ck_assert(saw(&readers, getpid(), 5, big));
        for (uint64_t ino = 10; ino < 10 + 2 * READERS_MAX; ino++)
                readers_note(&readers, getpid(), ino, big);
        ck_assert(saw(&readers, getpid(), 9 + 2 * READERS_MAX, big));
        readers_done(&readers);
        ck_assert_uint_eq(atomic_load(&big->refs), 1);
        document_unref(big);
}
END_TEST

static atomic_uint n_run;

static void run(void *data) {
        (void)data;
        atomic_fetch_add(&n_run, 1);
}

START_TEST(what_is_due_later_is_done_at_the_end) {
        struct later later;
        int a = 0, b = 0;

        atomic_store(&n_run, 0);
        ck_assert_int_eq(later_init(&later), 0);
        ck_assert_int_eq(later_add(&later, 3600 * 1000, run, &a), 0);
        ck_assert_int_eq(later_add(&later, 3600 * 1000, run, &b), 0);
        ck_assert_int_eq(later_add_idle(&later, 3600 * 1000, run, NULL), 0);
        ck_assert(later_cancel(&later, &b));
        ck_assert(!later_cancel(&later, &b));
        ck_assert(later_hurry(&later, stamp_monotonic_ms() + 30000));
        ck_assert_uint_eq(atomic_load(&n_run), 1);
        later_done(&later);
        ck_assert_uint_eq(atomic_load(&n_run), 1);
}
END_TEST

START_TEST(what_is_due_now_is_done_side_by_side) {
        struct later later;

        atomic_store(&n_run, 0);
        ck_assert_int_eq(later_init(&later), 0);
        for (int i = 0; i < 100; i++)
                ck_assert_int_eq(later_add(&later, 0, run, NULL), 0);
        ck_assert(later_hurry(&later, stamp_monotonic_ms() + 30000));
        ck_assert_uint_eq(atomic_load(&n_run), 100);
        later_done(&later);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "the latest version of each document is known",
                  the_latest_version_of_each_document_is_known, 0 },
                { "threads of one process are one reader", threads_of_one_process_are_one_reader,
                  0 },
                { "a number that came again is another process",
                  a_number_that_came_again_is_another_process, 0 },
                { "memory is bounded", memory_is_bounded, 0 },
                { "what is due later is done at the end", what_is_due_later_is_done_at_the_end, 0 },
                { "what is due now is done side by side", what_is_due_now_is_done_side_by_side, 0 },
                { 0 },
        };

        return unit_main("readers", cases);
}
