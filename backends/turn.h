/* SPDX-License-Identifier: Apache-2.0 */
/* One change at a time: of a document, or of all that belongs to a resource which works on one
 * thing only; and the write-only values that were sent, which no call tells again. */
#pragma once

#include "backends/place.h"

int turn_take(struct view *view, struct op *op, const struct place *place, uint64_t *ret);
void turn_give(struct view *view, uint64_t turn);
