/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configurations (ServiceComb kie): collection kie/kv by store, id -> the object as clients see it;
 * kie/events by store: the last changes, for those who wait. A store is the engine's name,
 * "standalone" or "secure". Everything here runs with the world lock held.
 */
#pragma once

#include "contrib/emulator/handler.h"

enum { KIE_ID_SIZE = 65, KIE_KEY_MAX = 2048, KIE_VALUE_MAX = 131072, KIE_LABELS_MAX = 6 };

struct collection *kie_store(struct world *world, const char *store);

/* An error in the form of the document, or of the open-source server outside the cloud. */
void kie_fail(const struct request *req, struct response *resp, int status, const char *code,
              const char *text);

/*
 * A plain store keeps to the document: no X-Kie-Revision in its lists, and no waiting. Kept in
 * kie/settings by store.
 */
bool kie_is_plain(struct world *world, const char *store);
void kie_set_plain(struct world *world, const char *store);

/* The id that a key with its labels (NULL: none) has, whether it exists or not: their SHA-256. */
const char *kie_id(const char *key, struct json_object *labels, char buf[KIE_ID_SIZE]);

/* What is wrong with an item {key, value, labels, status, value_type}; NULL if nothing. */
const char *kie_problem(struct json_object *item);

/* Stores a new item (kie_problem() was asked before) and returns it, borrowed. */
struct json_object *kie_create(struct world *world, const char *store, struct json_object *item);
/* Changes value and status; NULL and "" leave them as they are. */
void kie_update(struct world *world, const char *store, struct json_object *kv, const char *value,
                const char *status);
bool kie_delete(struct world *world, const char *store, const char *id);
/* Empties a store; its revision goes on. */
void kie_drop(struct world *world, const char *store);

/* The revision of the store: it grows with every create, update and delete. */
int64_t kie_revision(struct world *world, const char *store);

/* Whether labels (NULL: none) contain all wanted ones, or are exactly these. */
bool kie_labels_match(struct json_object *labels, struct json_object *wanted, bool exact);

/* "k:v" into an object of labels. Returns 0, or -EINVAL unless there is exactly one colon. */
int kie_label_parse(const char *text, struct json_object *labels);

extern const struct handler kie_handlers[];
extern const struct handler kie_list_handlers[];
void kie_seed(struct world *world, enum seed_kind kind, int64_t scale);
