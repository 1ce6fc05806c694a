/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An emulated cloud and a mount of it that can be killed and mounted anew on the same state: for
 * programs that hunt lost and doubled changes. One a process, one thread; what cannot be done ends
 * the program with a message.
 */
#pragma once

#include "contrib/emulator/js.h"
#include "contrib/emulator/util.h"

/* Makes a directory of its own, starts the emulator and mounts. The accounts are `demo` (UCS, DWS)
 * and `lab` (registry and configurations without a login). @options: further words for the
 * emulator, ended by NULL; or NULL. */
void rig_start(const char *hcloudfs, const char *emulator, const char *contract,
               const char *const *options);
/* Unmounts, ends the emulator; the directory stays if it is asked for, and is named. */
void rig_stop(bool keep);

void rig_mount(void);
/* Mounts as people do, in the background, and says its status; rig_bury() unmounts. */
int rig_mount_aside(void);
/* Returns once the daemon has ended by itself. */
void rig_unmount(void);
/* Sends SIGKILL to the daemon and returns when it is dead; safe in another thread. One that does
 * not die is freed by force, and counted; so is one that something else had ended before. */
void rig_kill(void);
unsigned rig_failures(void);
pid_t rig_daemon(void);
/* After rig_kill(): takes the dead mount away. */
void rig_bury(void);

/* "<mount>/<printf>", owned by the caller. */
_printf_(1, 2) char *rig_path(const char *format, ...);

/* Replaces the emulator's rules of faults; "" for none. */
void rig_faults(const char *rules);

/* One request to the emulator itself, beside the mount; the status. @ret: owned, or NULL. */
long rig_ask(const char *method, const char *host, const char *path, const char *body,
             struct json_object **ret);

/* Waits, @ms at most, until @is_so; whether it became so. */
bool rig_await(unsigned ms, bool (*is_so)(void *data), void *data);

/* System calls without a word about failure: 0, or negative errno of the first that failed. */
int rig_write(const char *path, const char *text, size_t len, int flags);
int rig_read(const char *path, char **ret, size_t *ret_len);

/* Numbers by a seed; the same seed gives the same ones. */
struct dice {
        uint64_t state;
};
void dice_init(struct dice *dice, uint64_t seed);
unsigned dice_roll(struct dice *dice, unsigned sides); /* from 0 */

/* The environment's number, or the one that is given. */
uint64_t rig_number(const char *name, uint64_t otherwise);
