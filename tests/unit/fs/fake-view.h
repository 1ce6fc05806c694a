/* SPDX-License-Identifier: Apache-2.0 */
/* A view whose tree the test makes and changes, and that counts what it is asked for. It implements
 * backends/view.h, so it is linked in place of the real one. Thread-safe. */
#pragma once

#include "backends/view.h"

struct view *fake_new(void);
struct place *fake_add(struct view *view, struct place *parent, const char *name,
                       enum entry_type type, const char *text);
void fake_add_demo(struct view *view, unsigned clusters);
struct place *fake_at(struct view *view, const char *path);
void fake_write(struct view *view, struct place *place, const char *text);
void fake_remove(struct view *view, struct place *place);
void fake_set_identity(struct view *view, struct place *place, const char *identity, uint64_t ino);
void fake_set_ttl(struct view *view, int64_t ms);
void fake_set_volatile(struct view *view, struct place *place);
void fake_set_by_name(struct view *view, struct place *place);
void fake_set_costly(struct view *view, struct place *place);
void fake_set_feed(struct view *view, struct place *place);
void fake_set_confirms(struct view *view, struct place *place);
void fake_tell(struct view *view);
void fake_fail_feed(struct view *view, int error);
void fake_await_watches(struct view *view, unsigned count);
void fake_fail(struct view *view, struct place *place, int error, const char *reason);
void fake_hold(struct view *view, bool is_held);
void fake_await_held(struct view *view, unsigned count);
unsigned fake_lists(struct view *view);
unsigned fake_reads(struct view *view);
unsigned fake_asked(struct view *view, struct place *place);

/* Changes. */
void fake_allow(struct view *view, struct place *place, unsigned can);
void fake_set_document(struct view *view, struct place *place);
void fake_refuse(struct view *view, struct place *place, int error);
void fake_set_unknown(struct view *view, struct place *place, bool is_unknown);
enum { FAKE_ALWAYS = 1000000 };
void fake_set_slow(struct view *view, struct place *place, unsigned lists);
void fake_set_mute(struct view *view, bool is_mute);
void fake_set_budget(struct view *view, unsigned budget);
void fake_set_answer(struct view *view, struct place *place, const char *answer,
                     const char *secret);
void fake_set_forgetful(struct view *view, bool is_forgetful);
void fake_set_lagging(struct view *view, bool is_lagging);
unsigned fake_changes(struct view *view);
char *fake_changes_text(struct view *view);
