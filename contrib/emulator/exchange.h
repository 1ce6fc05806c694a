/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request with its answer, from the first line received to the log line: the inside of the
 * structs that handlers see.
 */
#pragma once

#include "contrib/emulator/faults.h"
#include "contrib/emulator/handler.h"
#include "contrib/emulator/util.h"

struct response {
        int status;               /* 0: not answered yet */
        struct json_object *body; /* owned; may refer to objects of the world */
        char *bytes;              /* owned; instead of body */
        size_t size;
        char *content_type; /* owned; NULL: none */
        struct pairs headers;
        bool is_gateway; /* answered in front of the service: not held against the contract */
        bool is_waiting;
        int64_t until_ms; /* for waiting and streams */
        stream_fn stream;
        struct json_object *stream_state;
};

struct exchange {
        struct request req;
        struct response resp;
        char *target; /* request target as received; req.path and the query come from it */
        char *path, *raw_query;   /* the target cut at '?' (raw_query "" without one) */
        char *host, *host_header; /* name alone, lower case; header as received */
        char *instance, *region;
        char *method;
        char request_id[33];
        struct caller caller;
        struct pairs kept;      /* strings that req and caller point to: see keep() */
        struct fault_hit fault; /* what the fault rules want done with it */
        struct buf raw;         /* the body received */
        bool too_large;
        bool is_path_known; /* the path has operations, if not of this method */
        char *violation;    /* of the contract, by the client; owned or NULL */
        char *own_fault;    /* the emulator's: a handler's answer breaks the contract */
        int64_t start_ms;   /* monotonic */
        int fd;             /* of the connection, for faults */
};

void pairs_add(struct pairs *pairs, const char *name, const char *value);
void pairs_clear(struct pairs *pairs);
/* The first value of that name; NULL if there is none. */
const char *pairs_get(const struct pairs *pairs, const char *name, bool ignore_case);
size_t pairs_count(const struct pairs *pairs, const char *name);

/*
 * A copy of a text ("" for NULL) that lives as long as the exchange. What comes out of the world
 * must be kept so: the lock is given up while a handler waits.
 */
const char *keep(struct exchange *x, const char *text);

void response_clear(struct response *resp);

/* An error of the API gateway: {error_code, error_msg, request_id}. */
_printf_(4, 5) void gateway_error(struct exchange *x, int status, const char *code,
                                  const char *format, ...);
