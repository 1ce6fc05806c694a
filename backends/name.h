/* SPDX-License-Identifier: Apache-2.0 */
/* How names of resources become names of files, reversibly (file rule 12). */
#pragma once

#include "base/buf.h"

enum { NAME_LONGEST = 240, NAME_KEPT = 200 };

int name_encode(struct buf *buf, const char *text, size_t len);
int name_decode(struct buf *buf, const char *name);
int name_with_suffix(struct buf *buf, const char *encoded, const char *id, size_t digits);
int name_fit(struct buf *buf, const char *encoded, size_t room);
