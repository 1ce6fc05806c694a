/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/overlay.h"

#include <string.h>

#include "base/stamp.h"
#include "base/text.h"
#include "fs/arriving.h"
#include "fs/content.h"
#include "fs/directory.h"
#include "fs/local.h"
#include "fs/session.h"

/* Their ordinals are above all that a list ever gives. */
static const uint64_t first_ordinal = UINT64_C(1) << 48;

static struct timespec now(void) {
        int64_t ms = stamp_now_ms();

        return (struct timespec){ .tv_sec = (time_t)(ms / 1000),
                                  .tv_nsec = (long)(ms % 1000 * 1000000) };
}

static struct secret_text *secret_free(struct secret_text *secret) {
        if (secret)
                explicit_bzero(secret, sizeof(*secret) + secret->len);
        free(secret);
        return NULL;
}

/** overlay_free() - of a node that is freed or has become something else. Returns NULL. */
struct overlay *overlay_free(struct overlay *overlay) {
        if (!overlay)
                return NULL;
        if (overlay->session && overlay->role == OVERLAY_NEW)
                overlay->session->n_new--;
        scratch_free(overlay->scratch);
        editing_unref(overlay->editing);
        if (overlay->text)
                document_unref(overlay->text);
        secret_free(overlay->secret);
        free(overlay->path);
        free(overlay);
        return NULL;
}

/** overlay_touched() - the names in a directory are others. */
void overlay_touched(struct session *session, struct node *dir) {
        (void)session;
        dir->directory->overlay_version++;
        dir->directory->overlay_ms = stamp_now_ms();
}

static int prepare(struct node *dir) {
        if (!dir->directory)
                dir->directory = directory_new();
        if (!dir->directory)
                return -ENOMEM;
        if (!dir->directory->next_overlay)
                dir->directory->next_overlay = first_ordinal;
        return 0;
}

/* Into a directory that is prepared. */
static void enter(struct session *session, struct overlay *overlay, struct node *dir) {
        struct directory *directory = dir->directory;

        overlay->ordinal = directory->next_overlay++;
        overlay->link = &directory->overlays;
        while (*overlay->link)
                overlay->link = &(*overlay->link)->next;
        overlay->next = NULL;
        *overlay->link = overlay;
        overlay_touched(session, dir);
}

static void leave(struct session *session, struct overlay *overlay) {
        *overlay->link = overlay->next;
        if (overlay->next)
                overlay->next->link = overlay->link;
        overlay->link = NULL;
        overlay->next = NULL;
        overlay_touched(session, overlay->node->parent);
}

static struct overlay *overlay_new(enum overlay_role role) {
        struct overlay *overlay = calloc(1, sizeof(*overlay));

        if (!overlay)
                return NULL;
        overlay->role = role;
        overlay->modified = now();
        overlay->touched_ms = stamp_monotonic_ms();
        return overlay;
}

/**
 * overlay_add() - something new under a name that nothing has.
 * @entry: its name, type, mode and target; a place for OVERLAY_LEVEL only.
 * @ret: borrowed; the caller gives it what its role needs.
 * Returns 0, -ENOSPC if there are too many scratch files, -ENOMEM.
 */
int overlay_add(struct session *session, struct node *dir, const struct entry *entry,
                enum overlay_role role, struct overlay **ret) {
        struct branch *branch = entry->place ? dir->branch : &session->overlay;
        struct overlay *overlay = overlay_new(role);
        struct node *node;
        int r = overlay ? 0 : -ENOMEM;

        if (r == 0 && role == OVERLAY_SCRATCH)
                r = scratch_new(&session->scratch, entry->target, entry->mode, &overlay->scratch);
        if (r == 0)
                r = prepare(dir);
        if (r == 0)
                r = tree_make(&session->tree, dir, entry, branch, &node);
        if (r < 0) {
                overlay_free(overlay);
                return r;
        }
        overlay->node = node_ref(node);
        enter(session, overlay, dir);
        if (overlay->scratch)
                overlay->scratch->owner = overlay;
        node->overlay = overlay;
        overlay->session = session;
        session->n_new += role == OVERLAY_NEW;
        *ret = overlay;
        return 0;
}

/** overlay_remove() - the name is gone; what is open lives on. The overlay may be gone then. */
void overlay_remove(struct session *session, struct overlay *overlay) {
        struct node *node = overlay->node;

        leave(session, overlay);
        if (overlay->scratch)
                scratch_unlink(overlay->scratch);
        tree_detach(&session->tree, node);
        node_unref(&session->tree, node);
}

/** overlay_discard() - somebody wants it gone: as on a disk, what is written to it from now on, or
 * was written and not sent, goes nowhere. The overlay may be gone then. */
void overlay_discard(struct session *session, struct overlay *overlay) {
        if (overlay->editing)
                overlay->editing->is_dropped = true;
        overlay_remove(session, overlay);
}

/** overlay_move() - another name or directory. Returns 0 or -ENOMEM. */
int overlay_move(struct session *session, struct overlay *overlay, struct node *dir,
                 const char *name) {
        struct node *node = overlay->node, *before = node_ref(node->parent);
        int r = prepare(dir);

        if (r == 0) {
                leave(session, overlay);
                r = tree_move(&session->tree, node, dir, name);
                enter(session, overlay, r < 0 ? before : dir);
        }
        node_unref(&session->tree, before);
        return r;
}

/**
 * overlay_part() - a document's node becomes a scratch file with the bytes that were published
 * (file rule 11); the document itself stays where it is and gets another node.
 * @node: a file of the cloud with its bytes. Returns 0, -ENOSPC, -EFBIG or -ENOMEM.
 */
int overlay_part(struct session *session, struct node *node, struct node *dir, const char *name,
                 struct overlay **ret) {
        const struct document *document = node->content->published;
        struct overlay *overlay = overlay_new(OVERLAY_SCRATCH);
        struct scratch *scratch = NULL;
        int r = overlay ? scratch_new(&session->scratch, NULL, 0644, &scratch) : -ENOMEM;

        if (r == 0) {
                overlay->scratch = scratch;
                scratch->owner = overlay;
                r = blob_set(&scratch->blob, document->data, document->len);
        }
        if (r == 0)
                r = prepare(dir);
        if (r == 0)
                r = tree_move(&session->tree, node, dir, name);
        if (r < 0) {
                overlay_free(overlay);
                return r;
        }
        scratch->modified = content_modified(node->content);
        scratch->is_time_set = true;
        tree_part(&session->tree, node, &session->overlay);
        overlay->node = node_ref(node);
        overlay_free(node->overlay);
        node->overlay = overlay;
        enter(session, overlay, dir);
        *ret = overlay;
        return 0;
}

/**
 * overlay_become() - it exists in the cloud now and is shown from there; the kernel keeps the node.
 * The overlay is gone then. @entry: of the view, with its place. Returns 0 or -ENOMEM.
 */
int overlay_become(struct session *session, struct overlay *overlay, const struct entry *entry,
                   struct branch *branch) {
        struct node *node = overlay->node;
        int r = tree_become(&session->tree, node, entry, branch);

        if (r < 0)
                return r;
        leave(session, overlay);
        node->overlay = NULL;
        overlay_free(overlay);
        node_unref(&session->tree, node);
        return 0;
}

/** overlay_find() - what stands under a name beside the cloud, NULL if nothing does. */
struct overlay *overlay_find(const struct node *dir, const char *name) {
        struct overlay *overlay = dir->directory ? dir->directory->overlays : NULL;

        while (overlay && !text_eq(overlay->node->name, name))
                overlay = overlay->next;
        return overlay;
}

/** overlay_after() - the first above an ordinal, NULL behind the last. */
const struct overlay *overlay_after(const struct node *dir, uint64_t ordinal) {
        const struct overlay *overlay = dir->directory ? dir->directory->overlays : NULL;

        while (overlay && overlay->ordinal <= ordinal)
                overlay = overlay->next;
        return overlay;
}

/** overlay_is_empty() - is there nothing in it that rmdir would lose? Notes do not count. */
bool overlay_is_empty(const struct node *dir) {
        const struct overlay *overlay = dir->directory ? dir->directory->overlays : NULL;

        while (overlay && overlay->role == OVERLAY_NOTE)
                overlay = overlay->next;
        return !overlay;
}

/** overlay_attr() - size, times and mode; everything else is there already. */
void overlay_attr(const struct overlay *overlay, struct stat *st) {
        st->st_mtim = overlay->modified;
        switch (overlay->role) {
        case OVERLAY_SCRATCH:
                st->st_mtim = overlay->scratch->modified;
                st->st_mode = (st->st_mode & (mode_t)S_IFMT) | overlay->scratch->mode;
                st->st_size = (off_t)overlay->scratch->blob.len;
                if (overlay->scratch->target)
                        st->st_size = (off_t)strlen(overlay->scratch->target);
                break;
        case OVERLAY_NEW:
        case OVERLAY_DRAFT_DOCUMENT:
                st->st_size = (off_t)overlay->editing->text.len;
                if (overlay->editing->has_time)
                        st->st_mtim = overlay->editing->modified;
                break;
        case OVERLAY_NOTE:
                st->st_size = (off_t)overlay->text->len;
                break;
        case OVERLAY_SHELVED:
                st->st_size = (off_t)overlay->len;
                break;
        case OVERLAY_SCRATCH_DIR:
        case OVERLAY_LEVEL:
        case OVERLAY_DRAFT:
        case OVERLAY_DRAFT_SECRET:
                break;
        }
        st->st_blocks = (blkcnt_t)((st->st_size + 511) / 512);
}

/** overlay_set_secret() - what was written to a draft's secret file. 0, -EFBIG or -ENOMEM. */
int overlay_set_secret(struct overlay *overlay, const char *data, size_t len) {
        struct secret_text *secret;

        if (len > SECRET_MAX)
                return -EFBIG;
        secret = malloc(sizeof(*secret) + len + 1);
        if (!secret)
                return -ENOMEM;
        secret->len = len;
        memcpy(secret->data, data, len);
        secret->data[len] = '\0';
        secret_free(overlay->secret);
        overlay->secret = secret;
        return 0;
}

/* What a new list means for one that stands beside it. */
static void settle(struct session *session, struct overlay *overlay, const struct entry *entry,
                   struct branch *branch) {
        struct node *node = overlay->node;

        switch (overlay->role) {
        case OVERLAY_LEVEL: /* it has content now, or another made it as well */
        case OVERLAY_NEW:
        case OVERLAY_DRAFT:
                if (overlay->role != OVERLAY_LEVEL && !overlay->is_created && !overlay->is_doubted)
                        return;
                if (overlay->is_created || overlay->is_doubted)
                        arriving_note(session, node->parent, entry);
                if (node->type == entry->type &&
                    overlay_become(session, overlay, entry, branch) == 0)
                        return;
                break;
        case OVERLAY_NOTE:
        case OVERLAY_SHELVED: /* a real name goes before one that we made up */
                break;
        default:
                return;
        }
        notify_entry(&session->notify, node->parent->id, node->name);
        overlay_remove(session, overlay);
}

/* It was made, and is not there: the service has taken it away, or has named it otherwise. */
static bool is_missing(const struct overlay *overlay, const struct listing *listing) {
        const struct node *node = overlay->node;

        if (!overlay->is_created || listing->by_name ||
            !arriving_decides(listing, overlay->decided_ms))
                return false;
        return overlay->role != OVERLAY_LEVEL || overlay_is_empty(node);
}

static void lapse(struct session *session, struct overlay *overlay) {
        notify_entry(&session->notify, overlay->node->parent->id, overlay->node->name);
        overlay_remove(session, overlay);
}

/** overlay_created() - it exists, and the next list that is young enough shows it. */
void overlay_created(struct overlay *overlay) {
        overlay->is_created = true;
        overlay->decided_ms = stamp_now_ms() + ARRIVING_MS;
}

/** overlay_settle() - a list is about to be published: what it shows need not stand beside it. */
void overlay_settle(struct session *session, struct node *dir, const struct listing *listing) {
        struct overlay *overlay = dir->directory->overlays, *next;

        for (; overlay; overlay = next) {
                const struct entry *entry = listing_find(listing, overlay->node->name);

                next = overlay->next;
                if (entry)
                        settle(session, overlay, entry, dir->branch);
                else if (is_missing(overlay, listing))
                        lapse(session, overlay);
        }
}

/* A directory beside the cloud holds what is put into it, and nothing else. */
static int list(struct branch *branch, struct op *op, struct node *node, struct listing **ret) {
        struct listing *listing;
        int r = local_listing_new(stamp_now_ms(), INT64_MAX, &listing);

        (void)branch;
        (void)op;
        (void)node;
        if (r < 0)
                return r;
        local_listing_end(listing);
        *ret = listing;
        return 0;
}

static int read_file(struct branch *branch, struct op *op, struct node *node,
                     struct document **ret) {
        (void)branch;
        (void)node;
        (void)ret;
        return op_fail(op, EIO, "this file has no version of the cloud");
}

const struct branch_ops overlay_ops = { .list = list, .read = read_file };
