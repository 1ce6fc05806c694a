/* SPDX-License-Identifier: Apache-2.0 */
/* Threads of the cache: no signal is ever handled by one. */
#pragma once

#include <pthread.h>

int thread_start(pthread_t *thread, const char *name, void *(*run)(void *data), void *data);
