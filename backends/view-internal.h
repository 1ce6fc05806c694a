/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the view share. */
#pragma once

#include <pthread.h>

#include "backends/compose.h"
#include "backends/guard.h"

enum { INDEX_MEMO = 256, TURNS_MAX = 256, SENT_MAX = 2048 };

/* An index and the request it answers. */
struct memo {
        char *key;
        struct index *index;
        uint64_t used; /* clock of the memo, for the least recently used */
};

/* A write-only value that was sent (backends/sent.h). */
struct sent {
        uint64_t key;   /* hash of the resource's identity and the value's name; 0: none */
        uint64_t owner; /* hash of the identity */
        char *value;
};

struct view {
        char *account;
        enum account_type type;
        const char *const
                *services; /* borrowed for the life of the view, as are the other options */
        const char *const *projects;
        const char *lacks;
        int64_t ttl_ms;
        int (*describe)(void *data, struct json **ret);
        void *describe_data;
        struct view_keep keep;
        struct source *source; /* borrowed */
        struct place *root;
        struct guard guard;
        pthread_mutex_t lock; /* protects what follows */
        struct memo memo[INDEX_MEMO];
        uint64_t clock;
        pthread_cond_t turned;     /* a change has ended */
        uint64_t turns[TURNS_MAX]; /* changes under way (backends/turn.h) */
        size_t n_turns;
        struct sent sent[SENT_MAX];
        size_t next_sent;
        struct many_table *many; /* owned; has a lock of its own */
};

/* Collects the entries of a directory. */
struct listing_builder {
        struct listing *listing;
        size_t capacity;
};

int listing_begin(struct listing_builder *builder);
int listing_add(struct listing_builder *builder, const struct entry *entry);
int listing_end(struct listing_builder *builder, struct composer *composer, struct listing **ret);
struct listing *listing_sorted(struct listing_builder *builder);
void listing_abandon(struct listing_builder *builder);

struct answer *composer_known(struct composer *composer, const struct call *call,
                              const char *only);
int composer_list(struct composer *composer, const struct kind *kind, const char *only,
                  struct answer **ret, struct buf *ret_key);

int list_place(struct composer *composer, struct listing_builder *builder, struct place *place);
int list_content(struct composer *composer, struct listing_builder *builder, struct place *place,
                 const struct place_row *row);
int list_certain(struct listing_builder *builder, struct place *place, const struct place_row *row);
int list_collection(struct composer *composer, struct listing_builder *builder,
                    struct place *place);
int list_by_id(struct composer *composer, struct listing_builder *builder, struct place *place);
int list_subdir(struct composer *composer, struct listing_builder *builder, struct place *place);
int list_actions(struct composer *composer, struct listing_builder *builder, struct place *place);
bool view_shows_service(const struct view *view, const char *name);

int link_to(struct composer *composer, struct place *directory, const struct kind *target,
            const char *id, struct buf *path);
int link_to_owned(struct composer *composer, struct place *directory, const struct kind *kind,
                  const struct index_row *row, struct buf *path);
int document_name(const struct file *file, const char *item, struct buf *name);
const char *file_subdir(const struct file *file, size_t *ret_len);

void explain_request(struct source *source, const struct request *request, struct json *told);
int document_of(struct composer *composer, const struct json *value, struct document **ret);
int action_read(struct composer *composer, struct place *place, struct document **ret);
int file_value(struct composer *composer, const struct place *place, struct json **ret);
char *file_text(struct composer *composer, const struct file *file, struct json *value);
int file_read(struct composer *composer, struct place *place, struct document **ret);
extern const struct place_row *const account_rows[];
