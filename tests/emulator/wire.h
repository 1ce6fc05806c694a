/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to any host of the emulated cloud, with any headers, and their whole answers. Goes with
 * cloud.h, which starts and stops the emulator. Sending is thread-safe; failures end the test.
 */
#pragma once

#include "tests/emulator/cloud.h"

enum { WIRE_HEADERS_MAX = 8 };

/* Whom requests are sent to, and with what. */
struct wire {
        const char *host;                       /* without ".localhost" */
        const char *headers[WIRE_HEADERS_MAX];  /* "Name: value"; ends with NULL */
};

struct answer {
        int status;
        struct json_object *json; /* NULL: no body, or none of JSON */
        char *text;               /* the body as it came, NUL-terminated */
        size_t size;
        char *headers;            /* all of them, as they came */
};

/* Sends "METHOD /path" (a printf pattern) with that body (NULL: none). Good until wire_done(). */
_printf_(3, 4) const struct answer *send_to(const struct wire *wire, const char *body,
                                            const char *request, ...);

/* The same, and expects that status. Returns the parsed body, NULL if it has none. */
_printf_(4, 5) struct json_object *expect(const struct wire *wire, int status, const char *body,
                                          const char *request, ...);

/* Expects a refusal with that status and code (or Kubernetes reason), wherever the body has it. */
_printf_(5, 6) void expect_error(const struct wire *wire, int status, const char *code,
                                 const char *body, const char *request, ...);

/* The value of a header of an answer; NULL if there is none. Owned by the caller. */
char *answer_header(const struct answer *answer, const char *name);

/*
 * A token of the demo user, for a project ("cn-north-4") or, with NULL, for the account. Borrowed.
 */
const char *wire_login(const char *project);

/* Forgets all answers; before cloud_stop(). */
void wire_done(void);
