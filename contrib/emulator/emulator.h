/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The emulator as a whole: what its parts share, and the way of a request through them.
 */
#pragma once

#include "contrib/emulator/contract.h"
#include "contrib/emulator/exchange.h"

struct options {
        const char *listen; /* ADDRESS:PORT */
        const char *seed;   /* demo, empty, scale:N or a file */
        const char *faults, *request_log, *tls_dir, *contract, *state; /* paths or NULL */
        int64_t latency_ms;
        double speed;
        int64_t rate, rate_window_s; /* rate 0: no limit */
        int64_t clock_offset_s, token_life_s;
        bool plain, exit_with_parent;
};

struct request_log;
struct stale;
struct tls;

struct emulator {
        const struct options *options;
        struct world *world;
        struct contract *contract;
        struct faults *faults;
        struct request_log *log;
        struct stale *stale; /* guarded by the world lock */
};

/* options.c: fills options from the command line; ends the program for --help and wrong ones. */
void options_parse(struct options *options, int argc, char **argv);

/*
 * seed.c: fills an empty world as --seed says. Returns 0 or a negative errno, with the reason on
 * stderr.
 */
int seed_world(struct world *world, const char *seed);

/*
 * process.c: answers a request that is complete in `x`. Blocks as long as latency, stalls and
 * waiting handlers need. On return the response is ready, with body and bytes turned into
 * x->resp.bytes.
 */
void process(struct emulator *emulator, struct exchange *x);

/* admin.c: the emulator's own interface on emulator.localhost. */
void admin_process(struct emulator *emulator, struct exchange *x);

/* wrong.c: what fault rules do with a request before and with its answer after the handler. */
bool fault_before(struct exchange *x); /* true: answered, the handler must not run */
void fault_after(struct emulator *emulator, struct exchange *x);

/* rate.c: counts a request against --rate; false when it is over the limit (answered then). */
bool rate_allow(struct emulator *emulator, struct exchange *x);

/* stale.c: answers of GETs from before the last write. */
struct stale *stale_new(void);
struct stale *stale_free(struct stale *stale);
void stale_note_write(struct stale *stale);
void stale_keep(struct stale *stale, const char *host, const char *target, const char *body,
                size_t size);
/* The kept answer, borrowed until the next call, or NULL. */
const char *stale_find(struct stale *stale, const char *host, const char *target, size_t *ret_size);

/* request_log.c. Thread-safe. */
struct request_log *request_log_new(
        const char *path); /* NULL path: in memory only; NULL on failure */
struct request_log *request_log_free(struct request_log *log);
void request_log_add(struct request_log *log, const struct exchange *x);
void request_log_reset(struct request_log *log);
/* {"next": N, "requests": […]} with the requests from number `since` on; the caller frees it. */
char *request_log_since(struct request_log *log, int64_t since, size_t *ret_size);

/* tls.c: certificates made on demand for every name asked for. */
int tls_new(const char *directory, struct tls **ret);
struct tls *tls_free(struct tls *tls);
char *tls_authority(const struct tls *tls); /* its certificate as PEM in base64; caller frees it */

/*
 * server.c: binding first, as seeds may want to know the port, then listening. The socket belongs
 * to the server once that has started. tls NULL: plain HTTP. Reasons of failures are on stderr.
 */
struct server;
int server_bind(const char *listen_to, int *ret_fd, unsigned *ret_port);
int server_start(struct emulator *emulator, struct tls *tls, int fd, struct server **ret);
struct server *server_stop(struct server *server);
