/* SPDX-License-Identifier: Apache-2.0 */
/* Listings and documents that are made here and not by a view. */
#pragma once

#include "backends/view.h"

int local_listing_new(int64_t changed_ms, int64_t fresh_until_ms, struct listing **ret);
int local_listing_add(struct listing *listing, const char *name, enum entry_type type, mode_t mode);
void local_listing_end(struct listing *listing);
int local_document_new(struct buf *buf, int64_t fresh_until_ms, struct document **ret);
