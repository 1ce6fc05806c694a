/* SPDX-License-Identifier: Apache-2.0 */
/* Ownership: cleanup attributes, giving a pointer away, arrays that grow within a bound. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <errno.h>

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _unused_ __attribute__((unused))
#define _printf_(a, b) __attribute__((format(printf, a, b)))
#define _must_check_ __attribute__((warn_unused_result))

/* Gives a pointer's value away and leaves NULL behind, so that its cleanup does nothing. */
#define STEAL(ptr)                                                                                 \
        ({                                                                                         \
                __typeof__(ptr) *steal_p_ = &(ptr);                                                \
                __typeof__(ptr) steal_v_ = *steal_p_;                                              \
                *steal_p_ = NULL;                                                                  \
                steal_v_;                                                                          \
        })

#define ELEMENTSOF(array) (sizeof(array) / sizeof((array)[0]))

/* Defines x_freep for _cleanup_(x_freep) from x_free, which accepts NULL and returns NULL. */
#define DEFINE_CLEANUP(type, func)                                                                 \
        static inline void func##p(type *p) {                                                      \
                if (*p)                                                                            \
                        *p = func(*p);                                                             \
        }

/* Cleanup for anything that came from malloc: `_cleanup_(freep) char *s = NULL;`. */
static inline void freep(void *p) {
        free(*(void **)p);
}

/**
 * array_grow() - make room for one more element, doubling, within a bound.
 * @array: address of the pointer to the elements (NULL at first).
 * @capacity: elements allocated; @count: elements in use; @max: the bound.
 * @size: bytes of an element.
 * Returns 0, -E2BIG at the bound or -ENOMEM; the array is untouched on failure.
 */
static inline int array_grow(void *array, size_t *capacity, size_t count, size_t max, size_t size) {
        void **elements = array;
        size_t wanted;
        void *p;

        if (count < *capacity)
                return 0;
        if (count >= max)
                return -E2BIG;
        wanted = *capacity ? *capacity * 2 : 8;
        if (wanted > max)
                wanted = max;
        p = reallocarray(*elements, wanted, size);
        if (!p)
                return -ENOMEM;
        *elements = p;
        *capacity = wanted;
        return 0;
}

/** array_trim() - give back the room of an array that grows no further; as array_grow(). */
static inline void array_trim(void *array, size_t *capacity, size_t count, size_t size) {
        void **elements = array;
        void *p = count ? reallocarray(*elements, count, size) : NULL;

        if (!p)
                return;
        *elements = p;
        *capacity = count;
}
