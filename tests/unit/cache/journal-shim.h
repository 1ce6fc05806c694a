/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layer between SQLite and the disk that counts what changes files, and at the n-th such call
 * fails, kills the process, or lets the power fail: then what was not synchronized is lost, all of
 * it or, by a seed, a part. For one thread; installed before the first database is opened.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum shim_fault {
        SHIM_NONE,
        SHIM_FULL,       /* writes fail, the disk is full; nothing else fails */
        SHIM_WRITE,      /* writes fail */
        SHIM_SYNC,       /* synchronizing fails after the bytes were written */
        SHIM_KILL,       /* before the call */
        SHIM_KILL_TORN,  /* after half of a write */
        SHIM_POWER,      /* all that was not synchronized is lost */
        SHIM_POWER_SOME, /* … or some of it */
};

struct shim {
        enum shim_fault fault;
        unsigned fail_at;     /* the number of the call, from 1; 0: never */
        bool stays;           /* all calls from there on fail */
        uint64_t seed;
        uint64_t bad_file;        /* inode of one that cannot be read */
        int64_t bad_from, bad_to; /* … in these bytes */
        unsigned calls;       /* so far: writes, truncations, synchronizations */
        unsigned failures;
        unsigned unsynced;    /* writes to files that were not synchronized since */
};
extern struct shim shim;

void shim_install(void);
void shim_count(void);
void shim_set(enum shim_fault fault, unsigned fail_at, bool stays);
