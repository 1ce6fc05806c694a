/* SPDX-License-Identifier: Apache-2.0 */
/* The directories on this machine that a mount needs: private ones, made where they are missing. */
#pragma once

#include "base/op.h"

/* What can be read anew from the cloud, and what must not be lost. */
enum storage { STORAGE_CACHE, STORAGE_STATE };

/* @wanted: absolute, as configured; NULL: the default. */
int storage_prepare(struct op *op, enum storage storage, const char *wanted,
                    const char *mountpoint, char **ret);
