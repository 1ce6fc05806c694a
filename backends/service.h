/* SPDX-License-Identifier: Apache-2.0 */
/* The source that asks the cloud: performs the calls of the tables over an
 * account's credentials. */
#pragma once

#include "auth/auth.h"
#include "base/source.h"

/* @auth is borrowed and must outlive the source. */
int service_new(struct auth *auth, struct source **ret);
