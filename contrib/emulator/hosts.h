/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which service a host name stands for. Names end in ".localhost"; see the table in hosts.c.
 */
#pragma once

#include <stdbool.h>

struct host {
        const char *service; /* of the contract; "admin": the emulator itself; NULL: unknown */
        char *instance;      /* owned: engine or fleet name, "" otherwise */
        char *region;        /* owned: "" if the name has none */
        const char *prefix;  /* only paths that begin so are served here */
};

/* Takes a name (lower case, without port) apart. */
struct host host_parse(const char *name);
void host_clear(struct host *host);
