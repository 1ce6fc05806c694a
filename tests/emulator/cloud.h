/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An emulated cloud for one test: started, asked, stopped. Failures end the test (Check).
 */
#pragma once

#include "contrib/emulator/js.h"
#include "contrib/emulator/util.h"
#include "tests/unit/unit.h"

#define PROJECT   "0a1b2c3d4e5f60718293a4b5c6d7e8f9" /* cn-north-4 */
#define ANALYTICS "1b2c3d4e5f60718293a4b5c6d7e8f90a" /* cn-north-4_analytics */
#define SINGAPORE "2c3d4e5f60718293a4b5c6d7e8f90a1b" /* ap-southeast-3 */
#define NIL       "00000000-0000-0000-0000-000000000000"
#define UNKNOWN   "99999999-9999-4999-a999-999999999999"

enum { SECOND = 1000, MINUTE = 60 * SECOND };

/* Starts an emulator with that seed, whose work goes on only by cloud_advance(). */
void cloud_start(const char *seed);

/*
 * Ends it. Fails if it found a fault of its own, or a violation of the contract that was not
 * announced.
 */
void cloud_stop(void);

/* Where it listens, on 127.0.0.1. */
long cloud_port(void);

/* From here on, requests may break the contract. */
void cloud_allow_violations(void);

/* Moves the emulated clock on. */
void cloud_advance(int64_t ms);

/*
 * Sends "METHOD /path" (a printf pattern) with that body (NULL: none), expects that status and
 * returns the body of the answer, NULL if it has none. Borrowed until cloud_stop(). Paths that
 * begin with /v1/ go to EMS, the others to DWS, in the region of the project that is named in them.
 */
_printf_(3, 4) struct json_object *ask(int status, const char *body, const char *request, ...);

/* The same for a request that is refused with that code. */
_printf_(4, 5) void refused(int status, const char *code, const char *body, const char *request,
                            ...);

/* The element of an array whose member is that text; fails if there is none. */
struct json_object *element(struct json_object *array, const char *member, const char *text);
/* Whether there is one. */
bool has_element(struct json_object *array, const char *member, const char *text);

/* The id of the warehouse of that name in PROJECT. */
const char *warehouse_id(const char *name);
/* The detail of a warehouse of PROJECT. */
struct json_object *warehouse(const char *id);

#define assert_text(value, pointer, wanted) ck_assert_pstr_eq(js_str(value, pointer), wanted)
#define assert_number(value, pointer, wanted)                                                      \
        ck_assert_int_eq(js_int(value, pointer, -12345), wanted)
