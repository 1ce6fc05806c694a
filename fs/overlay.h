/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands in the tree beside what the cloud has: files of tools, documents and resources that
 * do not exist yet, texts that say why a save was refused, results. Each is a node that its
 * directory
 * holds on to. Protected by the tree's lock.
 */
#pragma once

#include <sys/stat.h>

#include "cache/journal.h"
#include "fs/editing.h"
#include "fs/node.h"
#include "fs/scratch.h"

struct session;

enum overlay_role {
        OVERLAY_SCRATCH,        /* a tool's file or link; … */
        OVERLAY_SCRATCH_DIR,    /* … its directory */
        OVERLAY_NEW,            /* a document that does not exist yet */
        OVERLAY_LEVEL,          /* a level of a tree that mkdir made: shown by the view */
        OVERLAY_DRAFT,          /* a resource that does not exist yet: a directory, … */
        OVERLAY_DRAFT_DOCUMENT, /* … its document, … */
        OVERLAY_DRAFT_SECRET,   /* … and a write-only file */
        OVERLAY_NOTE,           /* a text: `.error`, README, … */
        OVERLAY_SHELVED,        /* kept by the journal: `.result`, a secret that was issued */
};

struct overlay {
        enum overlay_role role;
        struct session *session;
        struct node *node;            /* whose it is */
        struct overlay *next, **link; /* in its directory; link NULL: in none */
        uint64_t ordinal;
        struct timespec modified;
        struct scratch *scratch;             /* SCRATCH; owned */
        struct editing *editing;             /* NEW, DRAFT_DOCUMENT; referenced */
        struct document *text;               /* NOTE; referenced */
        struct secret_text *secret;          /* DRAFT_SECRET; owned, NULL: none yet */
        const struct secret_member *secrets; /* DRAFT: members that are no part of the document */
        char *path;                          /* SHELVED: of its directory; owned */
        enum shelf shelf;
        size_t len;         /* SHELVED */
        bool is_created;    /* NEW, DRAFT, LEVEL: it exists, a list does not show it yet */
        bool is_making;     /* DRAFT: it is being made, and nobody waits for that any more */
        bool is_doubted;    /* NEW, DRAFT: nobody knows whether it was made */
        int64_t decided_ms; /* of what is created; realtime clock: lists from then on decide */
        int64_t touched_ms; /* NEW, DRAFT: monotonic clock */
};

/* Bytes that are wiped when they are let go. */
struct secret_text {
        size_t len;
        char data[]; /* terminated */
};

enum { SECRET_MAX = 64 * 1024 };

extern const struct branch_ops overlay_ops;

int overlay_add(struct session *session, struct node *dir, const struct entry *entry,
                enum overlay_role role, struct overlay **ret);
struct overlay *overlay_free(struct overlay *overlay);
void overlay_remove(struct session *session, struct overlay *overlay);
void overlay_discard(struct session *session, struct overlay *overlay);
int overlay_move(struct session *session, struct overlay *overlay, struct node *dir,
                 const char *name);
int overlay_part(struct session *session, struct node *node, struct node *dir, const char *name,
                 struct overlay **ret);
int overlay_become(struct session *session, struct overlay *overlay, const struct entry *entry,
                   struct branch *branch);
struct overlay *overlay_find(const struct node *dir, const char *name);
const struct overlay *overlay_after(const struct node *dir, uint64_t ordinal);
bool overlay_is_empty(const struct node *dir);
void overlay_attr(const struct overlay *overlay, struct stat *st);
int overlay_set_secret(struct overlay *overlay, const char *data, size_t len);
void overlay_created(struct overlay *overlay);
void overlay_touched(struct session *session, struct node *dir);
void overlay_settle(struct session *session, struct node *dir, const struct listing *listing);
