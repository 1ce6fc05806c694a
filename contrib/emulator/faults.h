/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fault rules: what goes wrong on purpose. Thread-safe (a lock of its own).
 *
 * Text, one rule a line, '#' begins a comment:
 *   METHOD PATTERN [after=N] [times=M] ACTION…
 * METHOD is a method or '*'; PATTERN is a shell pattern over "host/path" when it does not begin
 * with '/', else over the path ('*' matches '/' too). The rule lets N matching requests pass and
 * then acts on M (all when times is absent). Of the rules that act on a request the first wins,
 * and later ones do not count it, so rules for the same path follow one another. Actions: the
 * members of struct fault_hit, as words.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { FAULT_CODE_SIZE = 32 };

enum fault_body {
        FAULT_BODY_NONE,
        FAULT_BODY_GATEWAY, /* error of the gateway, with the rule's status */
        FAULT_BODY_HTML,
        FAULT_BODY_EMPTY,
        FAULT_BODY_CUT, /* half of the body, then the connection ends */
        FAULT_BODY_INVALID_JSON,
        FAULT_BODY_HUGE, /* the answer with 64 MiB of blanks in it */
};

/* What to do with one request. All zero: nothing. */
struct fault_hit {
        bool hit;
        int status;      /* 0: the handler runs and its status stands */
        char code[FAULT_CODE_SIZE]; /* with a status: an error of the service, not the gateway's */
        int retry_after; /* seconds; -1: no header */
        enum fault_body body;
        int64_t stall_ms; /* wait before anything else */
        bool reset;       /* connection reset without running the handler */
        bool processed_then_reset;
        bool wrong_length;  /* more bytes than Content-Length announces */
        bool unknown_state; /* states in the answer become a word that no document has */
        bool repeat_page;   /* the first page comes again whatever page was asked for */
        bool stale;         /* the answer from before the last write */
};

struct faults;

struct faults *faults_new(void);
struct faults *faults_free(struct faults *faults);

/*
 * Replaces all rules and forgets their counters. Returns 0, or -EINVAL with the reason ("line 3:
 * …") in `error`; the old rules stay then.
 */
int faults_parse(struct faults *faults, const char *text, char *error, unsigned error_size);

/*
 * Reads rules from a file now, and again whenever it has changed at a match. Reports errors on
 * stderr.
 */
int faults_watch(struct faults *faults, const char *path);

/* Counts a request against the rules and says what to do with it. */
struct fault_hit faults_match(struct faults *faults, const char *method, const char *host,
                              const char *path);
