/* SPDX-License-Identifier: Apache-2.0 */
/* A change on its way to becoming requests: what the rows and hooks of the tables build with. */
#pragma once

#include "backends/change.h"
#include "backends/compose.h"

enum { PLAN_STEPS_MAX = 64 };

/* One request of the plan. */
struct plan_step {
        const struct call *call;
        char *body;               /* owned; NULL: none */
        size_t len;
        struct param_list params; /* beyond the place's */
};

/* Lives on the stack of one change. Trees are owned by the planner. */
struct planner {
        struct composer composer;  /* whose place gives the parameters */
        const struct kind *kind;
        const struct file *file;
        const char *name;          /* of what is created, decoded */
        const char *text;          /* as written, borrowed */
        size_t len;
        struct json *mine;         /* the new document */
        struct json *theirs;       /* the document as it is now */
        struct json *item;         /* the resource as it is now, with all its members */
        const char *const *changed; /* pointers of what differs, NULL-terminated */
        struct plan_step steps[PLAN_STEPS_MAX];
        unsigned count;
        enum weight weight;
        bool is_creation;
        struct answer *answer;     /* of the last step */
};

void planner_init(struct planner *planner, struct view *view, struct op *op, struct place *place);
void planner_done(struct planner *planner);
bool pointer_leads_into(const char *a, const char *b);
bool planner_changes(const struct planner *planner, const char *pointer);
int planner_body(struct planner *planner, const char *template, struct json **ret);
int planner_add(struct planner *planner, const struct call *call, struct json *body,
                const char *const *params);
int planner_add_row(struct planner *planner, const struct call *call, const char *body,
                    const char *const *params);
int planner_param(struct planner *planner, const char *name, const char *value);
int planner_run(struct planner *planner, struct change_result *result);
int planner_fresh(struct planner *planner, const struct call *call, struct json **ret);
int planner_load(struct planner *planner);
