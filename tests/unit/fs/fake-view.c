/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/fs/fake-internal.h"

#include <string.h>

#include "base/digest.h"
#include "base/stamp.h"

enum { CHILDREN_MAX = 100000, POLL_MS = 5 };

/** fake_place() - not in the tree yet. */
struct place *fake_place(struct place *parent, const char *name, enum entry_type type,
                         const char *text) {
        struct place *place = calloc(1, sizeof(*place));
        struct buf identity = BUF_INIT(0);

        atomic_init(&place->refs, 1);
        place->parent = parent;
        place->name = strdup(name);
        place->type = type;
        place->text = text ? strdup(text) : NULL;
        place->changed_ms = stamp_now_ms();
        (void)buf_printf(&identity, "%s/%s", parent ? parent->identity : "fake", name);
        place->identity = buf_steal(&identity, NULL);
        place->ino = digest_hash64(place->identity, strlen(place->identity));
        return place;
}

struct place *place_ref(struct place *place) {
        atomic_fetch_add(&place->refs, 1);
        return place;
}

struct place *place_unref(struct place *place) {
        if (!place || atomic_fetch_sub(&place->refs, 1) != 1)
                return NULL;
        for (size_t i = 0; i < place->count; i++)
                place_unref(place->children[i]);
        free(place->children);
        free(place->name);
        free(place->text);
        free(place->identity);
        free(place->reason);
        free(place->answer);
        free(place->secret);
        free(place);
        return NULL;
}

uint64_t place_ino(const struct place *place) {
        return place->ino;
}

int place_describe(const struct place *place, struct buf *buf) {
        (void)place;
        return buf_add_str(buf, "account: fake\n");
}

const char *place_identity(const struct place *place) {
        return place->identity;
}

/** fake_new() - an empty tree that holds for a minute. */
struct view *fake_new(void) {
        struct view *view = calloc(1, sizeof(*view));

        pthread_mutex_init(&view->lock, NULL);
        pthread_cond_init(&view->changed, NULL);
        view->root = fake_place(NULL, "", ENTRY_DIRECTORY, NULL);
        view->ttl_ms = 60000;
        return view;
}

struct view *view_free(struct view *view) {
        buf_done(&view->changes);
        place_unref(view->root);
        pthread_mutex_destroy(&view->lock);
        pthread_cond_destroy(&view->changed);
        free(view);
        return NULL;
}

struct place *view_root(struct view *view) {
        return view->root;
}

/** fake_add() - a new entry; @text: a file's bytes or a link's target. Borrowed from the tree. */
struct place *fake_add(struct view *view, struct place *parent, const char *name,
                       enum entry_type type, const char *text) {
        struct place *place;

        pthread_mutex_lock(&view->lock);
        if (!parent)
                parent = view->root;
        place = fake_place(parent, name, type, text);
        if (array_grow(&parent->children, &parent->capacity, parent->count, CHILDREN_MAX,
                       sizeof(struct place *)) < 0)
                abort();
        parent->children[parent->count++] = place;
        parent->changed_ms = stamp_now_ms();
        pthread_mutex_unlock(&view->lock);
        return place;
}

/** fake_add_demo() - a tree like that of an account, with so many clusters. */
void fake_add_demo(struct view *view, unsigned clusters) {
        struct place *project = fake_add(view, NULL, "cn-north-4", ENTRY_DIRECTORY, NULL);
        struct place *dws = fake_add(view, project, "dws", ENTRY_DIRECTORY, NULL);
        struct place *collection = fake_add(view, dws, "clusters", ENTRY_DIRECTORY, NULL);

        fake_add(view, NULL, "account.json", ENTRY_FILE, "{}\n");
        fake_set_costly(view, collection);
        for (unsigned i = 0; i < clusters; i++) {
                char name[32], text[128];
                struct place *cluster, *snapshots;

                (void)snprintf(name, sizeof(name), "cluster-%03u", i);
                (void)snprintf(text, sizeof(text), "{\n  \"name\": \"%s\",\n  \"n\": %u\n}\n", name,
                               i);
                cluster = fake_add(view, collection, name, ENTRY_DIRECTORY, NULL);
                fake_set_costly(view, fake_add(view, cluster, "cluster.json", ENTRY_FILE, text));
                fake_set_volatile(view, fake_add(view, cluster, "status.json", ENTRY_FILE,
                                                 "{\n  \"status\": \"AVAILABLE\"\n}\n"));
                fake_add(view, cluster, "fleet", ENTRY_LINK, "../../../../account.json");
                snapshots = fake_add(view, cluster, "snapshots", ENTRY_DIRECTORY, NULL);
                fake_set_costly(view, snapshots);
                fake_set_costly(view, fake_add(view, snapshots, "s.json", ENTRY_FILE, text));
        }
}

/** fake_at() - the entry at a path, NULL if there is none. */
struct place *fake_at(struct view *view, const char *path) {
        struct place *place = view->root;

        pthread_mutex_lock(&view->lock);
        while (place && *path) {
                size_t len = strcspn(path, "/");
                struct place *found = NULL;

                for (size_t i = 0; i < place->count && !found; i++)
                        if (strlen(place->children[i]->name) == len &&
                            strncmp(place->children[i]->name, path, len) == 0)
                                found = place->children[i];
                place = found;
                path += len;
                path += *path == '/';
        }
        pthread_mutex_unlock(&view->lock);
        return place;
}

/** fake_write() - other bytes, or another target. */
void fake_write(struct view *view, struct place *place, const char *text) {
        pthread_mutex_lock(&view->lock);
        free(place->text);
        place->text = strdup(text);
        place->changed_ms = stamp_now_ms();
        pthread_mutex_unlock(&view->lock);
}

/** fake_remove() - it is not there any more. */
void fake_remove(struct view *view, struct place *place) {
        struct place *parent = place->parent;
        size_t i = 0;

        pthread_mutex_lock(&view->lock);
        while (parent->children[i] != place)
                i++;
        memmove(&parent->children[i], &parent->children[i + 1],
                (parent->count - i - 1) * sizeof(struct place *));
        parent->count--;
        parent->changed_ms = stamp_now_ms();
        place->is_gone = true;
        pthread_mutex_unlock(&view->lock);
        place_unref(place);
}

/** fake_set_identity() - who it is, whatever it is called. */
void fake_set_identity(struct view *view, struct place *place, const char *identity, uint64_t ino) {
        pthread_mutex_lock(&view->lock);
        free(place->identity);
        place->identity = strdup(identity);
        place->ino = ino;
        pthread_mutex_unlock(&view->lock);
}

/** fake_set_ttl() - of everything asked for from now on. */
void fake_set_ttl(struct view *view, int64_t ms) {
        pthread_mutex_lock(&view->lock);
        view->ttl_ms = ms;
        pthread_mutex_unlock(&view->lock);
}

/** fake_set_volatile() - its content moves by itself. */
void fake_set_volatile(struct view *view, struct place *place) {
        pthread_mutex_lock(&view->lock);
        place->is_volatile = true;
        pthread_mutex_unlock(&view->lock);
}

/** fake_set_by_name() - a directory that lists nothing; a file that is in no list. */
void fake_set_by_name(struct view *view, struct place *place) {
        pthread_mutex_lock(&view->lock);
        place->is_by_name = true;
        pthread_mutex_unlock(&view->lock);
}

/** fake_set_costly() - takes a call of its own. */
void fake_set_costly(struct view *view, struct place *place) {
        pthread_mutex_lock(&view->lock);
        place->is_costly = true;
        pthread_mutex_unlock(&view->lock);
}

/** fake_set_feed() - it can be followed. */
void fake_set_feed(struct view *view, struct place *place) {
        pthread_mutex_lock(&view->lock);
        place->has_feed = true;
        pthread_mutex_unlock(&view->lock);
}

/** fake_set_confirms() - asking for it again costs next to nothing. */
void fake_set_confirms(struct view *view, struct place *place) {
        pthread_mutex_lock(&view->lock);
        place->confirms = true;
        pthread_mutex_unlock(&view->lock);
}

/** fake_tell() - whoever follows hears of a change. */
void fake_tell(struct view *view) {
        pthread_mutex_lock(&view->lock);
        view->news++;
        pthread_cond_broadcast(&view->changed);
        pthread_mutex_unlock(&view->lock);
}

/** fake_fail_feed() - whoever follows gets this errno from now on; 0 for nobody any more. */
void fake_fail_feed(struct view *view, int error) {
        pthread_mutex_lock(&view->lock);
        view->feed_error = error;
        pthread_cond_broadcast(&view->changed);
        pthread_mutex_unlock(&view->lock);
}

/** fake_await_watches() - wait until the feed was asked so often. */
void fake_await_watches(struct view *view, unsigned count) {
        pthread_mutex_lock(&view->lock);
        while (view->watches < count)
                pthread_cond_wait(&view->changed, &view->lock);
        pthread_mutex_unlock(&view->lock);
}

/** fake_fail() - whoever asks for it gets this errno; 0 for nobody any more. */
void fake_fail(struct view *view, struct place *place, int error, const char *reason) {
        pthread_mutex_lock(&view->lock);
        place->error = error;
        free(place->reason);
        place->reason = strdup(reason);
        pthread_mutex_unlock(&view->lock);
}

/** fake_hold() - questions wait until they are let go, or are interrupted. */
void fake_hold(struct view *view, bool is_held) {
        pthread_mutex_lock(&view->lock);
        view->is_held = is_held;
        pthread_cond_broadcast(&view->changed);
        pthread_mutex_unlock(&view->lock);
}

/** fake_await_held() - wait until so many questions are waiting. */
void fake_await_held(struct view *view, unsigned count) {
        pthread_mutex_lock(&view->lock);
        while (view->n_held != count)
                pthread_cond_wait(&view->changed, &view->lock);
        pthread_mutex_unlock(&view->lock);
}

/** fake_lists() - questions for lists so far. */
unsigned fake_lists(struct view *view) {
        unsigned count;

        pthread_mutex_lock(&view->lock);
        count = view->lists;
        pthread_mutex_unlock(&view->lock);
        return count;
}

/** fake_reads() - questions for bodies so far. */
unsigned fake_reads(struct view *view) {
        unsigned count;

        pthread_mutex_lock(&view->lock);
        count = view->reads;
        pthread_mutex_unlock(&view->lock);
        return count;
}

/** fake_asked() - questions for this one so far. */
unsigned fake_asked(struct view *view, struct place *place) {
        unsigned count;

        pthread_mutex_lock(&view->lock);
        count = place->asked;
        pthread_mutex_unlock(&view->lock);
        return count;
}

/* Waits while held; locked. */
int fake_pass(struct view *view, struct op *op, struct place *place) {
        int r = 0;

        place->asked++;
        view->n_held++;
        pthread_cond_broadcast(&view->changed);
        while (view->is_held && r == 0) {
                struct timespec until;

                clock_gettime(CLOCK_REALTIME, &until);
                until.tv_nsec += POLL_MS * 1000000;
                if (until.tv_nsec >= 1000000000) {
                        until.tv_sec++;
                        until.tv_nsec -= 1000000000;
                }
                (void)pthread_cond_timedwait(&view->changed, &view->lock, &until);
                r = op_check(op);
        }
        view->n_held--;
        pthread_cond_broadcast(&view->changed);
        if (r == 0 && place->error)
                r = op_fail(op, place->error, "%s", place->reason);
        return r;
}

static int rank(const struct entry *entry) {
        return entry->is_attribute ? 0 : entry->type == ENTRY_LINK ? 1 : 2;
}

static int compare(const void *left, const void *right) {
        const struct entry *a = left, *b = right;

        return rank(a) != rank(b) ? rank(a) - rank(b) : strcmp(a->name, b->name);
}

/** fake_fill() - what a listing has of it. */
void fake_fill(struct place *place, struct entry *entry) {
        *entry = (struct entry){
                .name = strdup(place->name),
                .type = place->type,
                .place = place_ref(place),
                .target = place->type == ENTRY_LINK ? strdup(place->text) : NULL,
                .mode = place->type == ENTRY_DIRECTORY ? 0755 : 0444,
                .is_attribute = place->type == ENTRY_FILE && !place->is_document,
                .is_volatile = place->is_volatile,
        };
}

static void finish(struct listing *listing) {
        qsort(listing->entries, listing->count, sizeof(*listing->entries), compare);
        for (size_t i = 0; i < listing->count; i++) {
                const struct entry *entry = &listing->entries[i];
                const char *target = entry->target ? entry->target : "";

                listing->hash = listing->hash * 31 +
                                digest_hash64(entry->name, strlen(entry->name)) +
                                digest_hash64(target, strlen(target)) + entry->type;
        }
}

static struct entry copy_of(const struct entry *entry) {
        struct entry copy = *entry;

        copy.name = strdup(entry->name);
        copy.target = entry->target ? strdup(entry->target) : NULL;
        copy.place = entry->place ? place_ref(entry->place) : NULL;
        return copy;
}

int listing_with(const struct listing *listing, const struct entry *const *more, size_t count,
                 struct listing **ret) {
        struct listing *copy = calloc(1, sizeof(*copy));

        *copy = *listing;
        atomic_init(&copy->refs, 1);
        copy->hash = 0;
        copy->count = 0;
        copy->changed_ms = stamp_now_ms();
        copy->entries = calloc(listing->count + count, sizeof(*copy->entries));
        for (size_t i = 0; i < listing->count; i++) {
                bool is_replaced = false;

                for (size_t j = 0; j < count; j++)
                        is_replaced |= strcmp(more[j]->name, listing->entries[i].name) == 0;
                if (!is_replaced)
                        copy->entries[copy->count++] = copy_of(&listing->entries[i]);
        }
        for (size_t i = 0; i < count; i++)
                copy->entries[copy->count++] = copy_of(more[i]);
        finish(copy);
        *ret = copy;
        return 0;
}

/* Lists that are slow do not tell of what was made since. */
static bool is_listed(const struct view *view, const struct place *place,
                      const struct place *child) {
        if ((place->slow || view->is_lagging) && child->is_late)
                return false;
        return !child->is_by_name || child->type == ENTRY_DIRECTORY;
}

int view_list(struct view *view, struct op *op, struct place *place, struct listing **ret) {
        struct listing *listing;
        int r;

        pthread_mutex_lock(&view->lock);
        view->lists++;
        r = fake_pass(view, op, place);
        if (r == 0 && place->is_gone)
                r = op_fail(op, ENOENT, "gone");
        if (r < 0) {
                pthread_mutex_unlock(&view->lock);
                return r;
        }
        op->calls += place->is_costly;
        listing = calloc(1, sizeof(*listing));
        atomic_init(&listing->refs, 1);
        listing->entries = calloc(place->count + 1, sizeof(*listing->entries));
        for (size_t i = 0; i < place->count; i++)
                if (is_listed(view, place, place->children[i]))
                        fake_fill(place->children[i], &listing->entries[listing->count++]);
        place->slow -= place->slow > 0;
        finish(listing);
        listing->by_name = place->is_by_name;
        listing->fetched_ms = stamp_now_ms();
        listing->changed_ms = place->changed_ms;
        listing->fresh_until_ms = stamp_monotonic_ms() + view->ttl_ms;
        pthread_mutex_unlock(&view->lock);
        *ret = listing;
        return 0;
}

int view_find(struct view *view, struct op *op, struct place *directory, const char *name,
              struct entry *ret) {
        int r;

        pthread_mutex_lock(&view->lock);
        r = fake_pass(view, op, directory);
        if (r == 0) {
                r = -ENOENT;
                for (size_t i = 0; i < directory->count && r < 0; i++) {
                        if (strcmp(directory->children[i]->name, name) != 0)
                                continue;
                        fake_fill(directory->children[i], ret);
                        r = 0;
                }
        }
        pthread_mutex_unlock(&view->lock);
        return r;
}

int view_read(struct view *view, struct op *op, struct place *place, struct document **ret) {
        struct document *document;
        int r;

        pthread_mutex_lock(&view->lock);
        view->reads++;
        r = fake_pass(view, op, place);
        if (r == 0 && place->is_gone)
                r = op_fail(op, ENOENT, "gone");
        if (r < 0) {
                pthread_mutex_unlock(&view->lock);
                return r;
        }
        op->calls += place->is_costly;
        document = calloc(1, sizeof(*document));
        atomic_init(&document->refs, 1);
        document->data = strdup(place->text);
        document->len = strlen(place->text);
        document->hash = digest_hash64(document->data, document->len);
        document->modified.tv_sec = (time_t)(place->changed_ms / 1000);
        document->fetched_ms = stamp_now_ms();
        document->fresh_until_ms = stamp_monotonic_ms() + view->ttl_ms;
        document->request_id = strdup("request-1");
        pthread_mutex_unlock(&view->lock);
        *ret = document;
        return 0;
}

bool view_has_feed(const struct place *place) {
        return place->has_feed;
}

/* Waits for news until the op ends, or for ever: the time asked for is not counted. */
int view_watch(struct view *view, struct op *op, struct place *place, unsigned wait_s,
               char **revision) {
        int r = 0;

        (void)place;
        (void)wait_s;
        (void)revision;
        pthread_mutex_lock(&view->lock);
        view->watches++;
        pthread_cond_broadcast(&view->changed);
        while (!view->news && !view->feed_error && r == 0) {
                struct timespec until;

                clock_gettime(CLOCK_REALTIME, &until);
                until.tv_nsec += POLL_MS * 1000000;
                if (until.tv_nsec >= 1000000000) {
                        until.tv_sec++;
                        until.tv_nsec -= 1000000000;
                }
                (void)pthread_cond_timedwait(&view->changed, &view->lock, &until);
                r = op_check(op);
        }
        if (view->feed_error)
                r = view->feed_error == EALREADY ? -EALREADY
                                                 : op_fail(op, view->feed_error, "the feed broke");
        else if (r == 0)
                view->news--;
        pthread_mutex_unlock(&view->lock);
        return r;
}

bool view_confirms(const struct place *place) {
        return place->confirms;
}

int view_explain(struct view *view, struct op *op, struct place *place, struct json **ret) {
        (void)view;
        (void)op;
        (void)place;
        *ret = json_new_array();
        return *ret ? 0 : -ENOMEM;
}

int view_certain(struct place *place, struct listing **ret) {
        (void)place;
        (void)ret;
        return -ENODATA;
}

bool view_costs_call(const struct place *place) {
        return place->is_costly;
}

struct listing *listing_ref(struct listing *listing) {
        atomic_fetch_add(&listing->refs, 1);
        return listing;
}

struct listing *listing_unref(struct listing *listing) {
        if (!listing || atomic_fetch_sub(&listing->refs, 1) != 1)
                return NULL;
        for (size_t i = 0; i < listing->count; i++)
                entry_done(&listing->entries[i]);
        free(listing->entries);
        free(listing);
        return NULL;
}

const struct entry *listing_find(const struct listing *listing, const char *name) {
        for (size_t i = 0; i < listing->count; i++)
                if (strcmp(listing->entries[i].name, name) == 0)
                        return &listing->entries[i];
        return NULL;
}

struct document *document_ref(struct document *document) {
        atomic_fetch_add(&document->refs, 1);
        return document;
}

struct document *document_unref(struct document *document) {
        if (!document || atomic_fetch_sub(&document->refs, 1) != 1)
                return NULL;
        free(document->data);
        free(document->request_id);
        free(document);
        return NULL;
}

void entry_done(struct entry *entry) {
        free(entry->name);
        free(entry->target);
        place_unref(entry->place);
        *entry = (struct entry){ 0 };
}
