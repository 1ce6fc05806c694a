/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "backends/change.h"
#include "base/text.h"
#include "fs/content.h"
#include "fs/directory.h"
#include "fs/node-internal.h"
#include "fs/overlay.h"

enum { PATH_DEPTH_MAX = 128 };

/**
 * tree_init() - a table that holds the root, which @root fills and which stays for ever.
 * Returns 0 or -ENOMEM.
 */
int tree_init(struct tree *tree, struct branch *root) {
        struct node *node;
        int r;

        *tree = (struct tree){ .next_id = NODE_ROOT };
        if (pthread_mutex_init(&tree->lock, NULL))
                return -ENOMEM;
        r = table_grow(tree);
        if (r < 0)
                return r;
        node = calloc(1, sizeof(*node));
        if (!node)
                return -ENOMEM;
        *node = (struct node){
                .ino = NODE_ROOT,
                .refs = 1,
                .mode = 0555,
                .type = ENTRY_DIRECTORY,
                .branch = root,
        };
        node->name = strdup("");
        r = node->name ? table_take(tree, node) : -ENOMEM;
        if (r < 0) {
                free(node->name);
                free(node);
                return r;
        }
        table_link_ino(tree, node);
        return 0;
}

/* A name that a node gets later is a block of its own. */
static void free_name(struct node *node) {
        if (node->name != (const char *)(node + 1))
                free(node->name);
}

static void node_release(struct node *node) {
        overlay_free(node->overlay);
        if (node->type == ENTRY_DIRECTORY)
                node->directory = directory_free(node->directory);
        else if (node->type == ENTRY_FILE)
                node->content = content_free(node->content);
        else
                free(node->target);
        place_unref(node->place);
        free_name(node);
        free(node);
}

/* Frees what nobody holds, and then the parents that were held by nothing else. */
static void collect(struct tree *tree, struct node *node) {
        while (node && !node->refs && !node->lookups) {
                struct node *parent = node->parent;

                tree_detach(tree, node);
                table_unlink_ino(tree, node);
                table_leave(tree, node);
                if (node->branch->ops->detach)
                        node->branch->ops->detach(node);
                node_release(node);
                node = parent;
                if (node)
                        node->refs--;
        }
}

/** tree_done() - frees all, whoever holds it. */
void tree_done(struct tree *tree) {
        for (size_t i = 0; i < tree->n_chunks; i++) {
                for (size_t j = 0; tree->chunks[i] && j < NODE_CHUNK; j++)
                        if (tree->chunks[i]->nodes[j])
                                node_release(tree->chunks[i]->nodes[j]);
                free(tree->chunks[i]);
        }
        while (tree->aliases) {
                struct node_alias *next = tree->aliases->next;

                free(tree->aliases);
                tree->aliases = next;
        }
        free(tree->chunks);
        free(tree->by_name);
        free(tree->by_ino);
        pthread_mutex_destroy(&tree->lock);
        *tree = (struct tree){ 0 };
}

/** node_places_are_same() - do both stand for one thing? Either may be NULL. */
bool node_places_are_same(const struct place *a, const struct place *b) {
        return a == b || (a && b && place_ino(a) == place_ino(b) &&
                          strcmp(place_identity(a), place_identity(b)) == 0);
}

/**
 * tree_is_same() - does the entry stand for what the node stands for? A link to elsewhere is
 * another node, because the kernel keeps targets.
 */
bool tree_is_same(const struct node *node, const struct entry *entry) {
        if (node->type != entry->type)
                return false;
        if (entry->place && !node_places_are_same(node->place, entry->place))
                return false;
        return node->type != ENTRY_LINK || text_eq(node->target, entry->target);
}

static struct node *find_identity(struct tree *tree, uint64_t ino, const struct entry *entry) {
        struct node *node = entry->place ? table_ino_first(tree, ino) : NULL, *found = NULL;

        for (; node; node = node->ino_next) {
                if (node->ino != ino || node->is_apart || !node->place ||
                    !tree_is_same(node, entry))
                        continue;
                if (node->is_named)
                        return node;
                found = node; /* of one that was replaced under its name */
        }
        return found;
}

static void refresh(struct node *node, const struct entry *entry) {
        const struct branch_ops *ops = node->branch->ops;

        node->mode = (uint16_t)(entry->mode & 07777);
        if (node->place && node->type == ENTRY_FILE && ops->abilities) {
                node->can = (uint16_t)ops->abilities(node->branch, node->place);
                if (node->can & (CAN_SAVE | CAN_ACT))
                        node->mode |= 0200;
        }
        if (!node->branch->is_local)
                node->is_volatile = entry->is_volatile;
        node->modified = entry->modified;
        node->created_s = entry->created.tv_sec;
}

/* What was known elsewhere is now called @name in @dir. */
static int move(struct tree *tree, struct node *node, struct node *dir, const char *name) {
        struct node *before = node->parent;
        char *copy = strdup(name);

        if (!copy)
                return -ENOMEM;
        tree_detach(tree, node);
        free_name(node);
        node->name = copy;
        if (before != dir) {
                node->parent = node_ref(dir);
                node_unref(tree, before);
        }
        table_link_name(tree, node);
        return 0;
}

/* A node by itself, with what its entry says, and its name behind it: there may be very many. */
static int node_new(struct branch *branch, const struct entry *entry, struct node **ret) {
        size_t size = strlen(entry->name) + 1;
        struct node *node = calloc(1, sizeof(*node) + size);

        if (!node)
                return -ENOMEM;
        *node = (struct node){ .type = (uint8_t)entry->type, .branch = branch };
        node->name = memcpy(node + 1, entry->name, size);
        if (entry->type == ENTRY_LINK)
                node->target = strdup(entry->target ? entry->target : "");
        node->place = entry->place ? place_ref(entry->place) : NULL;
        if (entry->type == ENTRY_LINK && !node->target) {
                node_release(node);
                return -ENOMEM;
        }
        *ret = node;
        return 0;
}

/* The tree locked. */
static void hang(struct tree *tree, struct node *dir, struct node *node) {
        node->parent = node_ref(dir);
        table_link_name(tree, node);
        table_link_ino(tree, node);
}

static int create(struct tree *tree, struct node *dir, const struct entry *entry,
                  struct node **ret) {
        struct node *node;
        int r = node_new(dir->branch, entry, &node);

        if (r < 0)
                return r;
        r = number_entry(tree, dir, entry, &node->ino);
        if (r == 0 && dir->branch->ops->attach)
                r = dir->branch->ops->attach(dir->branch, dir, node);
        if (r == 0)
                r = table_grow(tree);
        if (r == 0)
                r = table_take(tree, node);
        if (r < 0) {
                if (node->branch->ops->detach)
                        node->branch->ops->detach(node);
                node_release(node);
                return r;
        }
        hang(tree, dir, node);
        *ret = node;
        return 0;
}

/**
 * tree_adopt() - the node of an entry of @dir: the one known under this name if it stands for the
 * same, else the one of the same identity, else a new one. Tree locked; the node is borrowed. Who
 * neither tells the kernel of it nor refers to it lets go of it with tree_forget() of no look-ups:
 * a node that nobody holds would keep what was read of it for whoever comes to have that identity.
 * Returns 0, -ENOMEM, -EEXIST if something beside the cloud has the name, or what the branch says.
 */
int tree_adopt(struct tree *tree, struct node *dir, const struct entry *entry, struct node **ret) {
        struct node *node = tree_child(tree, dir, entry->name);
        int r = 0;

        if (node && node->is_apart)
                return -EEXIST;
        if (node && !tree_is_same(node, entry)) {
                tree_detach(tree, node);
                node = NULL;
        }
        if (!node && entry->place) {
                node = find_identity(tree, place_ino(entry->place), entry);
                if (node && node_is_below(dir, node))
                        node = NULL; /* a tree has no circles, whatever the cloud says */
                if (node)
                        r = move(tree, node, dir, entry->name);
        }
        if (!node && r == 0)
                r = create(tree, dir, entry, &node);
        if (r < 0)
                return r;
        refresh(node, entry);
        *ret = node;
        return 0;
}

/**
 * tree_make() - a node beside the cloud under a name that nothing has. Tree locked; borrowed.
 * @entry: without a place: a file, link or directory that is apart; with one: an entry to be.
 * Returns 0 or -ENOMEM.
 */
int tree_make(struct tree *tree, struct node *dir, const struct entry *entry, struct branch *branch,
              struct node **ret) {
        struct node *node, *other = tree_child(tree, dir, entry->name);
        int r = node_new(branch, entry, &node);

        if (r < 0)
                return r;
        if (other) /* of what has gone */
                tree_detach(tree, other);
        node->is_apart = !entry->place;
        if (entry->place)
                r = number_entry(tree, dir, entry, &node->ino);
        else
                node->ino = number_apart(tree);
        if (r == 0)
                r = table_grow(tree);
        if (r == 0)
                r = table_take(tree, node);
        if (r < 0) {
                node_release(node);
                return r;
        }
        refresh(node, entry);
        hang(tree, dir, node);
        *ret = node;
        return 0;
}

/** tree_move() - another name; what had it has none any more. Tree locked. 0 or -ENOMEM. */
int tree_move(struct tree *tree, struct node *node, struct node *dir, const char *name) {
        struct node *other = tree_child(tree, dir, name);
        int r;

        if (other == node)
                return 0;
        r = move(tree, node, dir, name);
        if (r == 0 && other)
                tree_detach(tree, other);
        return r;
}

/**
 * tree_outdate_others() - what is still held of an earlier thing in the same place does not speak
 * for what is there now. Tree locked.
 */
void tree_outdate_others(struct tree *tree, const struct node *node) {
        struct node *other = table_ino_first(tree, node->ino);

        for (; other; other = other->ino_next) {
                if (other == node || other->ino != node->ino || other->type != node->type)
                        continue;
                if (other->type == ENTRY_FILE && other->content)
                        content_expire(other->content);
                if (other->type == ENTRY_DIRECTORY && other->directory)
                        other->directory->fresh_until_ms = 0;
        }
}

/**
 * tree_become() - what was beside the cloud is an entry of it from now on: the kernel goes on with
 * the same nodeid, its st_ino is that of the identity. Tree locked.
 * Returns 0 or -ENOMEM, and nothing has changed.
 */
int tree_become(struct tree *tree, struct node *node, const struct entry *entry,
                struct branch *branch) {
        uint64_t ino;
        int r = number_entry(tree, node->parent, entry, &ino);

        if (r < 0)
                return r;
        table_unlink_ino(tree, node);
        node->ino = ino;
        table_link_ino(tree, node);
        if (!node->place)
                node->place = place_ref(entry->place);
        node->is_apart = false;
        node->branch = branch;
        refresh(node, entry);
        tree_outdate_others(tree, node);
        return 0;
}

/**
 * tree_part() - an entry of the cloud that is one no longer: its node and open files stay, its
 * number does not. Tree locked.
 */
void tree_part(struct tree *tree, struct node *node, struct branch *branch) {
        table_unlink_ino(tree, node);
        node->ino = number_apart(tree);
        table_link_ino(tree, node);
        node->is_apart = true;
        node->is_volatile = false;
        node->can = 0;
        node->branch = branch;
}

/** tree_find() - the node of a place, the named one first; NULL if none is known. Tree locked. */
struct node *tree_find(struct tree *tree, const struct place *place) {
        struct node *found = NULL;
        uint64_t ino = number_of(tree, place);

        for (struct node *node = table_ino_first(tree, ino); node; node = node->ino_next) {
                if (node->ino != ino || node->is_apart || !node_places_are_same(node->place, place))
                        continue;
                if (node->is_named)
                        return node;
                found = node;
        }
        return found;
}

/** tree_forget() - the kernel gives back that many look-ups. The node may be gone afterwards. */
void tree_forget(struct tree *tree, struct node *node, uint64_t lookups) {
        node->lookups -= lookups < node->lookups ? lookups : node->lookups;
        collect(tree, node);
}

/** node_ref() - hold a node; tree locked. */
struct node *node_ref(struct node *node) {
        node->refs++;
        return node;
}

/** node_written() - a handle that writes it begins or ends; tree locked. If there ever are more
 * than can be counted, it stays written: its attributes are asked for each time then. */
void node_written(struct node *node, bool begins) {
        if (node->writers < WRITERS_MAX)
                node->writers = (uint16_t)(begins ? node->writers + 1 : node->writers - 1);
}

/** node_unref() - let go of a node, NULL allowed; tree locked. */
void node_unref(struct tree *tree, struct node *node) {
        if (!node)
                return;
        node->refs--;
        collect(tree, node);
}

/** node_is_below() - does it hang below @top, or is it that itself? Tree locked. */
bool node_is_below(const struct node *node, const struct node *top) {
        while (node && node != top)
                node = node->parent;
        return node != NULL;
}

/** node_path() - append its path from the mount's root, `/` for the root. Tree locked. */
int node_path(const struct node *node, struct buf *buf) {
        const struct node *chain[PATH_DEPTH_MAX];
        size_t depth = 0;
        int r = 0;

        for (; node->parent && depth < PATH_DEPTH_MAX; node = node->parent)
                chain[depth++] = node;
        if (!depth)
                return buf_add_char(buf, '/');
        while (depth > 0 && r >= 0)
                r = buf_printf(buf, "/%s", chain[--depth]->name);
        return r;
}
