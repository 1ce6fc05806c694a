/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was sent and no call tells: a write-only value must be sent again with the next change of
 * its resource, or it is lost. Kept by the account (view_keep), over restarts.
 */
#pragma once

#include "backends/place.h"

void sent_keep(struct view *view, const struct place *place, const char *name, const char *value);
char *sent_get(struct view *view, const struct place *place, const char *name);
void sent_forget(struct view *view, const struct place *place, const char *name);

/* A word about a resource that is worth nothing after the mount. */
void sent_mark(struct view *view, const struct place *place, const char *name, bool is_so);
bool sent_is_marked(struct view *view, const struct place *place, const char *name);
