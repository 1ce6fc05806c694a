/* SPDX-License-Identifier: Apache-2.0 */
/* Which st_ino a node has. */
#include <string.h>

#include "base/digest.h"
#include "fs/node-internal.h"

/* Has another thing this number? The same thing may have several nodes, one after another. */
static bool is_taken(struct tree *tree, uint64_t ino, const struct place *place) {
        if (ino <= NODE_ROOT)
                return true;
        for (struct node *node = table_ino_first(tree, ino); node; node = node->ino_next)
                if (node->ino == ino && !(place && node_places_are_same(node->place, place)))
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

/** number_of() - that of the nodes of a place. */
uint64_t number_of(const struct tree *tree, const struct place *place) {
        const struct node_alias *alias =
                tree->aliases ? find_alias(tree, place_identity(place)) : NULL;

        return alias ? alias->ino : place_ino(place);
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

/**
 * number_entry() - the number of an entry of @dir: that of its identity, or of its path.
 * Returns 0 or -ENOMEM.
 */
int number_entry(struct tree *tree, const struct node *dir, const struct entry *entry,
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

/** number_apart() - for what is no entry of the cloud; it is never given again. */
uint64_t number_apart(struct tree *tree) {
        uint64_t ino;

        do
                ino = ino_of_round("apart", tree->n_apart++);
        while (is_taken(tree, ino, NULL));
        return ino;
}
