/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of changes: a tree over the contract's examples, whose requests are recorded. One tree
 * at a time, from changing_begin() to changing_end(). */
#pragma once

#include "backends/change.h"
#include "tests/unit/backends/example.h"

/* Settings of an account that lets everything through, `cn-north-4` its project. */
extern const struct view_options changing_account;

void changing_begin(const struct view_options *options);
void changing_end(void);

/* Answers a reading call with this JSON in place of the contract's example. */
void changing_answer(const char *id, const char *json);
/* Answers this one call by -ENOENT; NULL: none. */
void changing_missing(const char *id);
/* Lets sends fail so, after @skip more of them; 0 lets them succeed again. */
void changing_fail(unsigned skip, int error, int status, bool is_unknown);
/* Answers sends with this body. */
void changing_reply(const char *body);
/* When a change is sent, `changing_answer(id, json)` from then on. */
void changing_then(const char *id, const char *json);
void changing_plan_only(void);
unsigned changing_fetches(void);
unsigned changing_abilities(const char *path);
struct view *changing_view(void);
struct op *changing_op(void);

/* Each performs a change at a path of the account, gives its result, and keeps the reason. */
int changing_save(const char *path, const char *base, const char *text);
int changing_create(const char *directory, const char *name, const char *text);
int changing_create_with(const char *directory, const char *name, const char *text,
                         const struct change_secret *secrets, size_t n_secrets);
int changing_remove(const char *path);
int changing_pay_removal(const char *path);
void changing_refund_removal(const char *path);
int changing_remove_paid(const char *path);
int changing_act(const char *path, const char *text);
int changing_link(const char *directory, const char *name, const char *target);
int changing_unlink(const char *path);
int changing_rename(const char *path, const char *directory, const char *name);
int changing_level(const char *directory, const char *name);
char *changing_read(const char *path);
char *changing_draft(const char *directory, const char *name);
const char *changing_reason(void);
const struct change_result *changing_result(void);

/* The next request that was sent (with plan_only: told) must be this; JSON is compared as values.
 */
void changing_sent(const char *method, const char *target, const char *body);
/* Its headers held this line. */
void changing_header(const char *line);
/* What the watch was told of it. */
void changing_told(const char *body);
/* Nothing else was sent. */
void changing_nothing(void);
