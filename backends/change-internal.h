/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that make changes share. */
#pragma once

#include "backends/planner.h"

int read_text(struct op *op, const struct file *file, const char *text, size_t len,
              struct json **ret);
int read_mine(struct op *op, const struct file *file, const char *text, size_t len,
              struct json **ret);
int check_length(struct op *op, const struct file *file, const char *text, size_t len);

/* create.c */
const struct file *ahead_row(const struct place *directory);
const struct create *create_row(const struct place *directory, const char *name);
bool has_fixed_creation(const struct place *place);
int decode_name(struct op *op, const struct kind *kind, const char *name, char **ret);
int keeps_rule(const char *rule, const char *name);
int check_new_name(struct op *op, const struct kind *kind, const char *name);
int fresh_listing(struct view *view, struct op *op, struct place *directory, struct listing **ret);
int check_free(struct view *view, struct op *op, struct place *directory, const char *name);
void find_created(struct view *view, struct op *op, struct place *directory, const char *name,
                  struct change_result *result);
int settle_creation(struct planner *planner, struct place *directory, const char *name, int error,
                    struct change_result *result);

/* relate.c */
unsigned relate_abilities(const struct place *place);
int relate_may_move(struct op *op, const struct place *link, const struct place *directory);
int relate_move(struct planner *planner, struct place *directory, const char *name,
                struct change_result *result);
