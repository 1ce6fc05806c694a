/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/node.h"

#include <string.h>

#include "backends/change.h"
#include "base/digest.h"
#include "base/text.h"
#include "fs/content.h"
#include "fs/directory.h"
#include "fs/overlay.h"

enum { BUCKETS_MIN = 256, PATH_DEPTH_MAX = 128 };

struct node_chunk {
        struct node *nodes[NODE_CHUNK];
        unsigned live;
};

/* A number given to somebody because his own was taken; kept, so that he never gets a third. */
struct node_alias {
        struct node_alias *next;
        uint64_t ino;
        char identity[];
};

static uint64_t mix(uint64_t value) {
        value ^= value >> 32;
        value *= UINT64_C(0xd6e8feb86659fd93);
        value ^= value >> 32;
        return value;
}

static size_t name_bucket(const struct tree *tree, const struct node *parent, const char *name) {
        uint64_t hash = parent->id * UINT64_C(0x9e3779b97f4a7c15);

        for (const char *p = name; *p; p++)
                hash = (hash ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
        return mix(hash) & (tree->n_buckets - 1);
}

static size_t ino_bucket(const struct tree *tree, uint64_t ino) {
        return mix(ino) & (tree->n_buckets - 1);
}

static void link_name(struct tree *tree, struct node *node) {
        struct node **bucket = &tree->by_name[name_bucket(tree, node->parent, node->name)];

        node->name_next = *bucket;
        *bucket = node;
        node->is_named = true;
}

static void link_ino(struct tree *tree, struct node *node) {
        struct node **bucket = &tree->by_ino[ino_bucket(tree, node->ino)];

        node->ino_next = *bucket;
        *bucket = node;
}

static void unlink_ino(struct tree *tree, struct node *node) {
        struct node **p = &tree->by_ino[ino_bucket(tree, node->ino)];

        while (*p != node)
                p = &(*p)->ino_next;
        *p = node->ino_next;
}

/** tree_detach() - nothing is called like that any more; the node lives on while it is held. */
void tree_detach(struct tree *tree, struct node *node) {
        struct node **p;

        if (!node->is_named)
                return;
        p = &tree->by_name[name_bucket(tree, node->parent, node->name)];
        while (*p != node)
                p = &(*p)->name_next;
        *p = node->name_next;
        node->name_next = NULL;
        node->is_named = false;
}

/* Both maps have one size; they double when they hold as many nodes as buckets. */
static int grow(struct tree *tree) {
        struct node **by_name, **by_ino;
        size_t wanted = tree->n_buckets ? tree->n_buckets * 2 : BUCKETS_MIN;

        if (tree->count < tree->n_buckets)
                return 0;
        by_name = calloc(wanted, sizeof(*by_name));
        by_ino = calloc(wanted, sizeof(*by_ino));
        if (!by_name || !by_ino) {
                free(by_name);
                free(by_ino);
                return tree->n_buckets ? 0 : -ENOMEM; /* longer chains serve as well */
        }
        free(tree->by_name);
        free(tree->by_ino);
        tree->by_name = by_name;
        tree->by_ino = by_ino;
        tree->n_buckets = wanted;
        for (size_t i = 0; i < tree->n_chunks; i++) {
                for (size_t j = 0; tree->chunks[i] && j < NODE_CHUNK; j++) {
                        struct node *node = tree->chunks[i]->nodes[j];

                        if (!node)
                                continue;
                        link_ino(tree, node);
                        if (node->is_named)
                                link_name(tree, node);
                }
        }
        return 0;
}

/* Gives the node the next slot. */
static int take_slot(struct tree *tree, struct node *node) {
        size_t chunk = (size_t)(tree->next_id / NODE_CHUNK);
        struct node_chunk **chunks;

        if (chunk >= tree->n_chunks) {
                chunks = reallocarray(tree->chunks, chunk + 1, sizeof(struct node_chunk *));
                if (!chunks)
                        return -ENOMEM;
                tree->chunks = chunks;
                tree->chunks[chunk] = calloc(1, sizeof(struct node_chunk));
                if (!tree->chunks[chunk])
                        return -ENOMEM;
                tree->n_chunks = chunk + 1;
        }
        if (!tree->chunks[chunk]) {
                tree->chunks[chunk] = calloc(1, sizeof(struct node_chunk));
                if (!tree->chunks[chunk])
                        return -ENOMEM;
        }
        node->id = tree->next_id++;
        tree->chunks[chunk]->nodes[node->id % NODE_CHUNK] = node;
        tree->chunks[chunk]->live++;
        tree->count++;
        return 0;
}

static void leave_slot(struct tree *tree, struct node *node) {
        size_t chunk = (size_t)(node->id / NODE_CHUNK);
        struct node_chunk *c = tree->chunks[chunk];

        c->nodes[node->id % NODE_CHUNK] = NULL;
        tree->count--;
        if (--c->live > 0)
                return;
        free(c);
        tree->chunks[chunk] = NULL;
}

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
        r = grow(tree);
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
        r = node->name ? take_slot(tree, node) : -ENOMEM;
        if (r < 0) {
                free(node->name);
                free(node);
                return r;
        }
        link_ino(tree, node);
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
                unlink_ino(tree, node);
                leave_slot(tree, node);
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

/** tree_node() - the node in a slot, or NULL. */
struct node *tree_node(struct tree *tree, uint64_t id) {
        uint64_t chunk = id / NODE_CHUNK;

        if (chunk >= tree->n_chunks || !tree->chunks[chunk])
                return NULL;
        return tree->chunks[chunk]->nodes[id % NODE_CHUNK];
}

/** tree_child() - the node that is known under this name, or NULL. */
struct node *tree_child(struct tree *tree, const struct node *parent, const char *name) {
        struct node *node = tree->by_name[name_bucket(tree, parent, name)];

        while (node && (node->parent != parent || strcmp(node->name, name) != 0))
                node = node->name_next;
        return node;
}

static bool is_same_place(const struct place *a, const struct place *b) {
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
        if (entry->place && !is_same_place(node->place, entry->place))
                return false;
        return node->type != ENTRY_LINK || text_eq(node->target, entry->target);
}

static struct node *find_identity(struct tree *tree, uint64_t ino, const struct entry *entry) {
        struct node *node = entry->place ? tree->by_ino[ino_bucket(tree, ino)] : NULL,
                    *found = NULL;

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

/* Has another thing this number? The same thing may have several nodes, one after another. */
static bool is_taken(struct tree *tree, uint64_t ino, const struct place *place) {
        if (ino <= NODE_ROOT)
                return true;
        for (struct node *node = tree->by_ino[ino_bucket(tree, ino)]; node; node = node->ino_next)
                if (node->ino == ino && !(place && is_same_place(node->place, place)))
                        return true;
        return false;
}

static const struct node_alias *find_alias(const struct tree *tree, const char *identity) {
        const struct node_alias *alias = tree->aliases;

        while (alias && strcmp(alias->identity, identity) != 0)
                alias = alias->next;
        return alias;
}

static uint64_t ino_of_round(const char *text, unsigned round) {
        struct buf buf = BUF_INIT(64 * 1024);
        uint64_t ino;

        (void)buf_printf(&buf, "%s#%u", text, round);
        ino = digest_ino(buf_str(&buf), buf.len);
        buf_done(&buf);
        return ino;
}

/* A number for what stands at @identity: its own, else the first free one of a fixed series. */
static int choose_ino(struct tree *tree, uint64_t own, const char *identity,
                      const struct place *place, uint64_t *ret) {
        const struct node_alias *known = tree->aliases ? find_alias(tree, identity) : NULL;
        struct node_alias *alias;
        uint64_t ino = own;

        if (known) {
                *ret = known->ino;
                return 0;
        }
        for (unsigned round = 1; is_taken(tree, ino, place); round++)
                ino = ino_of_round(identity, round);
        if (ino != own) {
                alias = malloc(sizeof(*alias) + strlen(identity) + 1);
                if (!alias)
                        return -ENOMEM;
                memcpy(alias->identity, identity, strlen(identity) + 1);
                alias->ino = ino;
                alias->next = tree->aliases;
                tree->aliases = alias;
        }
        *ret = ino;
        return 0;
}

static int entry_ino(struct tree *tree, const struct node *dir, const struct entry *entry,
                     uint64_t *ret) {
        struct buf identity = BUF_INIT(64 * 1024);
        int r;

        if (entry->place)
                return choose_ino(tree, place_ino(entry->place), place_identity(entry->place),
                                  entry->place, ret);
        (void)node_path(dir, &identity);
        r = buf_printf(&identity, "/%s", entry->name);
        if (r >= 0)
                r = choose_ino(tree, digest_ino(buf_str(&identity), identity.len),
                               buf_str(&identity), NULL, ret);
        buf_done(&identity);
        return r < 0 ? r : 0;
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

static bool is_above(const struct node *node, const struct node *dir) {
        while (dir && dir != node)
                dir = dir->parent;
        return dir != NULL;
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
        link_name(tree, node);
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
        link_name(tree, node);
        link_ino(tree, node);
}

static int create(struct tree *tree, struct node *dir, const struct entry *entry,
                  struct node **ret) {
        struct node *node;
        int r = node_new(dir->branch, entry, &node);

        if (r < 0)
                return r;
        r = entry_ino(tree, dir, entry, &node->ino);
        if (r == 0 && dir->branch->ops->attach)
                r = dir->branch->ops->attach(dir->branch, dir, node);
        if (r == 0)
                r = grow(tree);
        if (r == 0)
                r = take_slot(tree, node);
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
                if (node && is_above(node, dir))
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

/* A number for what is no entry of the cloud; it is never given again. */
static uint64_t apart_ino(struct tree *tree) {
        uint64_t ino;

        do
                ino = ino_of_round("apart", tree->n_apart++);
        while (is_taken(tree, ino, NULL));
        return ino;
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
                r = entry_ino(tree, dir, entry, &node->ino);
        else
                node->ino = apart_ino(tree);
        if (r == 0)
                r = grow(tree);
        if (r == 0)
                r = take_slot(tree, node);
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
        struct node *other = tree->by_ino[ino_bucket(tree, node->ino)];

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
        int r = entry_ino(tree, node->parent, entry, &ino);

        if (r < 0)
                return r;
        unlink_ino(tree, node);
        node->ino = ino;
        link_ino(tree, node);
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
        unlink_ino(tree, node);
        node->ino = apart_ino(tree);
        link_ino(tree, node);
        node->is_apart = true;
        node->is_volatile = false;
        node->can = 0;
        node->branch = branch;
}

/** tree_find() - the node of a place, the named one first; NULL if none is known. Tree locked. */
struct node *tree_find(struct tree *tree, const struct place *place) {
        struct node *found = NULL;
        const struct node_alias *alias =
                tree->aliases ? find_alias(tree, place_identity(place)) : NULL;
        uint64_t ino = alias ? alias->ino : place_ino(place);

        for (struct node *node = tree->by_ino[ino_bucket(tree, ino)]; node; node = node->ino_next) {
                if (node->ino != ino || node->is_apart || !is_same_place(node->place, place))
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
