/* SPDX-License-Identifier: Apache-2.0 */
/* What a rename means, by what stands at its two ends. No state, no requests. */
#pragma once

#include <stdbool.h>

/* What stands under a name. */
enum standing {
        STANDS_NOTHING,
        STANDS_SCRATCH,     /* a tool's file */
        STANDS_SCRATCH_DIR,
        STANDS_NEW,         /* a document that does not exist yet */
        STANDS_DRAFT,       /* a resource that does not exist yet */
        STANDS_DRAFT_FILE,  /* a file of it that can be written */
        STANDS_LOCAL,       /* a note, a result, a level of ours */
        STANDS_DOCUMENT,    /* an item that is a file */
        STANDS_ATTRIBUTE,   /* a resource's file */
        STANDS_ACTION,
        STANDS_LINK,
        STANDS_DIRECTORY,
};

struct rename_end {
        enum standing standing;
        bool can_save;        /* files: a call changes it */
        bool can_create;      /* its directory: new documents can be made there */
        bool is_scratch_name; /* the name is one for tools */
        bool is_of_cloud;     /* its directory */
};

enum rename_way {
        RENAME_MOVE,   /* of something beside the cloud: a local matter */
        RENAME_SAVE,   /* its bytes become the document's next version */
        RENAME_CREATE, /* its bytes become a new document */
        RENAME_DRAFT,  /* its bytes become the draft's document: it is created */
        RENAME_COPY,   /* the document stays, its bytes are put aside under the new name */
        RENAME_CALL,   /* the service may be able to: ask the view */
        RENAME_REFUSE,
};

enum rename_way decide_rename(const struct rename_end *from, const struct rename_end *to,
                              bool may_not_replace, int *ret_error);
