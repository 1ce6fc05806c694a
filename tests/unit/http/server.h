/* SPDX-License-Identifier: Apache-2.0 */
/* A server on 127.0.0.1 that answers by a script, well or badly, and remembers what arrived. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum manner {
        MANNER_ANSWER,  /* and keep the connection */
        MANNER_CLOSE,   /* answer, then close the connection without saying so before */
        MANNER_RESET,   /* read the request, then reset the connection */
        MANNER_HANG_UP, /* read the request, then close the connection */
        MANNER_CUT,     /* promise more of the body than comes */
        MANNER_HANG,    /* no answer until server_release() or server_free() */
        MANNER_GARBAGE, /* something that is no HTTP */
};

/* A body of `len` bytes 'x' in place of `body` if `len` is set. */
struct reply {
        int status;
        const char *headers; /* lines with \r\n, NULL: none */
        const char *body;
        size_t size; /* of the body where it has NULs */
        size_t len;
        enum manner manner;
};

struct server;

/* Replies in the order of arrival; the last one stays. Borrowed. */
struct server *server_new(const struct reply *replies, size_t count);
struct server *server_free(struct server *server);
/* From the next request on: another script, from its beginning. */
void server_play(struct server *server, const struct reply *replies, size_t count);

/* `http://127.0.0.1:<port><path>`; valid until the next call for this server. */
const char *server_url(struct server *server, const char *path);
int server_port(const struct server *server);

unsigned server_requests(struct server *server);
unsigned server_connections(struct server *server);
/* The n-th request from 0 with head and body; NULL if it has not come. Valid while it lives. */
const char *server_request(struct server *server, unsigned n);
/* The number of the connection it came on, from 1. */
unsigned server_connection_of(struct server *server, unsigned n);
/* Monotonic time of its arrival. */
long long server_arrival_ms(struct server *server, unsigned n);
/* Returns when this many requests have arrived. */
void server_wait_requests(struct server *server, unsigned count);
/* The most requests that were unanswered at the same time. */
unsigned server_most_at_once(struct server *server);
void server_release(struct server *server);

static inline void server_freep(struct server **server) {
        *server = server_free(*server);
}
