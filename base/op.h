/* SPDX-License-Identifier: Apache-2.0 */
/* One request of somebody: until when it may take, whether it is still wanted, how urgent it is,
 * whom it is for; and, when it failed, why. Layers pass the errno on; the words stand here once. */
#pragma once

#include <stdatomic.h>
#include <sys/types.h>

#include "base/mem.h"

enum op_priority {
        OP_INTERACTIVE, /* a person or program waits */
        OP_AHEAD,       /* asked for before anybody wanted it */
        OP_POLL,        /* life cycles, feeds, renewals */
};

enum { OP_REASON_SIZE = 1024, OP_CODE_SIZE = 64, OP_REQUEST_ID_SIZE = 128 };

/* The answer that made the request fail, as far as there was one. */
struct op_fault {
        int error;                             /* negative errno, 0: none */
        int status;                            /* HTTP status, 0: no answer */
        bool is_unknown;                       /* bytes left, no answer: it may have happened */
        char code[OP_CODE_SIZE];               /* the service's code, e.g. DWS.5149 */
        char request_id[OP_REQUEST_ID_SIZE];   /* for a support ticket */
        char reason[OP_REASON_SIZE];           /* one text for people, secrets already cut out */
};

/* One request of a change, as the journal and the plan see it (file rule 19). All borrowed. */
struct op_step {
        unsigned number, count;    /* from 1 */
        const char *service;
        const char *call;          /* operationId */
        const char *method;
        const char *target;        /* path and query, parameters filled in */
        const char *body;          /* as sent, but for secrets; NULL: none */
        size_t body_len;
        bool is_once;              /* must never be sent twice */
        const char *loses;         /* path, from the directory of what is changed or with `./` from
                                      itself, of a document that this request takes away, or NULL …
                                    */
        const char *lost;          /* … and its bytes */
        size_t lost_len;
};

struct op;

/* Who wants to know of the requests of a change. Called on the request's own thread. */
struct op_watch {
        /* Before the first byte goes out; a failure stops the change, nothing is sent. */
        int (*before)(void *data, struct op *op, const struct op_step *step);
        /* After its answer; @result is 0 or the negative errno, the reason is in the op. */
        void (*after)(void *data, struct op *op, const struct op_step *step, int result);
        void *data;
};

/* Belongs to the thread that serves the request; only `cancelled` may be set by another. */
struct op {
        int64_t deadline_ms;        /* of the monotonic clock; 0: none */
        atomic_bool cancelled;      /* nobody waits any more; mutations that were sent go on */
        enum op_priority priority;
        uid_t uid;
        pid_t pid;
        const char *command;        /* of the kernel operation, for the access log; static */
        unsigned calls;             /* API calls caused */
        bool must_be_fresh;         /* answers from before `fresh_since_ms` do not serve */
        int64_t fresh_since_ms;     /* realtime clock */
        bool may_be_stale;          /* … but where nothing newer can be had, those since … */
        int64_t stale_since_ms;     /* … then do; realtime clock */
        const struct op_watch *watch; /* of a change; NULL: nobody */
        bool plan_only;             /* a change is computed, told to the watch, and not sent */
        struct op_fault fault;
};

void op_init(struct op *op, enum op_priority priority, int64_t timeout_ms);
int op_check(struct op *op);
int64_t op_left_ms(const struct op *op);
int op_fail(struct op *op, int error, const char *format, ...) _printf_(3, 4);
int op_fail_answer(struct op *op, int error, int status, const char *code, const char *request_id,
                   const char *reason);
void op_clear(struct op *op);
bool op_is_silence(int error);
