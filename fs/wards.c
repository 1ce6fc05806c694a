/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/wards.h"

#include <string.h>

#include "base/digest.h"
#include "fs/process.h"

/** wards_raise() - this process was refused something in the directory @above. */
void wards_raise(struct wards *wards, pid_t process, const struct node *above, int64_t now_ms) {
        struct ward *ward = &wards->list[wards->next % WARDS_MAX];

        for (size_t i = 0; i < WARDS_MAX; i++)
                if (wards->list[i].process == process && wards->list[i].above == above->id)
                        ward = &wards->list[i];
        if (ward == &wards->list[wards->next % WARDS_MAX])
                wards->next++;
        *ward = (struct ward){
                .process = process,
                .above = above->id,
                .until_ms = now_ms + WARD_MS,
        };
}

/** wards_forbid() - must this process remove nothing in @dir, because of what it was refused? */
bool wards_forbid(struct wards *wards, pid_t process, const struct node *dir, int64_t now_ms) {
        for (; dir; dir = dir->parent)
                for (size_t i = 0; i < WARDS_MAX; i++)
                        if (wards->list[i].until_ms > now_ms && wards->list[i].above == dir->id &&
                            wards->list[i].process == process)
                                return true;
        return false;
}

/** aways_add() - this process renamed the document of that name to one of its own. */
void aways_add(struct aways *aways, pid_t process, const struct node *dir, const char *name,
               int64_t now_ms) {
        aways->until_ms = now_ms + AWAY_MS;
        aways->list[aways->next++ % AWAYS_MAX] = (struct away){
                .process = process,
                .dir = dir->id,
                .name = digest_hash64(name, strlen(name)),
                .until_ms = aways->until_ms,
        };
}

static bool is_of(const struct away *away, const struct node *dir, uint64_t name) {
        return away->until_ms && away->dir == dir->id && away->name == name;
}

/** aways_copy() - this process made the directory, perhaps to copy a tree into it. */
void aways_copy(struct aways *aways, pid_t process, const struct node *dir, int64_t now_ms) {
        aways->copies[aways->next_copy++ % COPIES_MAX] = (struct copying){
                .process = process,
                .dir = dir->id,
                .until_ms = now_ms + COPYING_MS,
        };
}

/* The copy of that process in that directory; NULL: it makes none. */
static struct copying *find_copy(struct aways *aways, pid_t process, const struct node *dir,
                                 int64_t now_ms) {
        for (size_t i = 0; i < COPIES_MAX; i++)
                if (aways->copies[i].until_ms > now_ms && aways->copies[i].dir == dir->id &&
                    aways->copies[i].process == process)
                        return &aways->copies[i];
        return NULL;
}

/** aways_copy_into() - mkdir of a `.meta` that is there: does it belong to such a copy? */
bool aways_copy_into(struct aways *aways, pid_t process, const struct node *dir,
                     const struct node *meta, int64_t now_ms) {
        struct copying *copying = find_copy(aways, process, dir, now_ms);

        if (!copying || copying->is_inside)
                return false;
        *copying = (struct copying){
                .process = process,
                .dir = meta->id,
                .until_ms = now_ms + COPYING_MS,
                .is_inside = true,
        };
        return true;
}

/** aways_copied() - this process makes a file: a copy goes on. */
void aways_copied(struct aways *aways, pid_t process, const struct node *dir, const char *name,
                  int64_t now_ms) {
        struct copying *copying = find_copy(aways, process, dir, now_ms);

        if (!copying)
                return;
        copying->until_ms = now_ms + COPYING_MS;
        copying->made = digest_hash64(name, strlen(name));
}

/* Has this name come with what the process has made? */
static bool is_before_copy(const struct copying *copying, const char *name) {
        return copying->is_inside ? copying->made != digest_hash64(name, strlen(name))
                                  : strcmp(name, ".meta") == 0;
}

static bool is_to_be_copied(const struct aways *aways, pid_t thread, const struct node *dir,
                            const char *name, int64_t now_ms) {
        for (size_t i = 0; i < COPIES_MAX; i++)
                if (aways->copies[i].until_ms > now_ms && aways->copies[i].dir == dir->id &&
                    is_before_copy(&aways->copies[i], name) &&
                    aways->copies[i].process == process_of(thread))
                        return true;
        return false;
}

/** aways_has() - is it away for the process of this thread? */
bool aways_has(const struct aways *aways, pid_t thread, const struct node *dir, const char *name,
               int64_t now_ms) {
        uint64_t hash;

        if (is_to_be_copied(aways, thread, dir, name, now_ms))
                return true;
        if (aways->until_ms <= now_ms)
                return false;
        hash = digest_hash64(name, strlen(name));
        for (size_t i = 0; i < AWAYS_MAX; i++)
                if (aways->list[i].until_ms > now_ms && is_of(&aways->list[i], dir, hash) &&
                    aways->list[i].process == process_of(thread))
                        return true;
        return false;
}

/** aways_end() - the name was made anew. */
void aways_end(struct aways *aways, const struct node *dir, const char *name) {
        uint64_t hash = digest_hash64(name, strlen(name));

        for (size_t i = 0; aways->until_ms && i < AWAYS_MAX; i++)
                if (is_of(&aways->list[i], dir, hash))
                        aways->list[i].until_ms = 0;
}
