/* SPDX-License-Identifier: Apache-2.0 */
/* What a page of a list holds: its records with their ids, and what stands around them. */
#pragma once

#include "base/source.h"

int records_split(const struct call *call, const struct json *body, struct answer *answer);
int records_envelope(const struct call *call, struct json *body, struct answer *answer);
