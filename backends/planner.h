/* SPDX-License-Identifier: Apache-2.0 */
/* A change on its way to becoming requests: what the rows and hooks of the tables build with. */
#pragma once

#include "backends/change.h"
#include "backends/compose.h"

enum { PLAN_STEPS_MAX = 64 };

/* Stands for a secret wherever a change is told of; a text that holds it is refused (file rule 21).
 */
#define PLANNER_COVER "<write-only: enter again>"

/* One request of the plan. */
struct plan_step {
        const struct call *call;
        char *body; /* owned; NULL: none */
        size_t len;
        char *told;               /* owned; the body with its secrets covered, NULL: it has none */
        struct param_list params; /* beyond the place's */
        struct place *place;      /* borrowed; NULL: the planner's */
        char *loses, *lost;       /* owned; another document that it takes away: its path from the
                                     planner's directory, with `./` from what it is itself, and
                                     its text */
        unsigned deletions;       /* what it counts as, if it is one */
};

/* Lives on the stack of one change. Trees are owned by the planner. */
struct planner {
        struct composer composer; /* whose place gives the parameters */
        const struct kind *kind;
        const struct file *file;
        const char *name; /* of what is created, decoded */
        const char *text; /* as written, borrowed */
        size_t len;
        struct json *mine;                 /* the new document */
        struct json *theirs;               /* the document as it is now */
        struct json *item;                 /* the resource as it is now, with all its members */
        const char *const *changed;        /* pointers of what differs, NULL-terminated */
        struct param_list secrets;         /* write-only values for bodies, wiped at the end */
        const char *const *secret_members; /* pointers in `mine` that are told to nobody */
        struct param_list sent;            /* write-only values to remember once they were sent */
        char *made;  /* a word that holds for the rest of the mount once it was sent, or NULL */
        char *spent; /* a remembered value that is used up once it was sent, or NULL */
        struct plan_step steps[PLAN_STEPS_MAX];
        unsigned count;
        enum weight weight;
        bool is_creation;
        const struct call *paid; /* one of these is out of the budget already; or NULL */
        uint64_t turn;           /* whose changes wait for this one; 0: nobody's */
        struct answer *answer;   /* of the last step */
};

void planner_init(struct planner *planner, struct view *view, struct op *op, struct place *place);
int planner_begin(struct planner *planner, struct view *view, struct op *op, struct place *place);
void planner_done(struct planner *planner);

/* For hooks. */
bool pointer_leads_into(const char *a, const char *b);
bool planner_changes(const struct planner *planner, const char *pointer);
int planner_body(struct planner *planner, const char *template, struct json **ret);
int planner_add(struct planner *planner, const struct call *call, struct json *body,
                const char *const *params);
int planner_add_row(struct planner *planner, const struct call *call, const char *body,
                    const char *const *params);
int planner_param(struct planner *planner, const char *name, const char *value);
int planner_number(struct planner *planner, const char *name, int64_t value);
int planner_secret(struct planner *planner, const char *name, const char *value);
int planner_remember(struct planner *planner, const char *name, const char *value);
char *planner_recall(struct planner *planner, const char *name);
int planner_fresh(struct planner *planner, const struct call *call, struct json **ret);
int planner_load(struct planner *planner);

/* For the engine. */
int planner_covered_body(struct planner *planner, const char *template, struct json **ret);
int planner_allowed(struct planner *planner, const struct only_if *allowed);
int planner_check_needs(struct planner *planner, const struct need *needs);
int planner_check_cover(struct planner *planner);
int planner_run(struct planner *planner, struct change_result *result);
int planner_unknown(struct planner *planner);
