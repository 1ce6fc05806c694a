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

/** aways_has() - is it away for the process of this thread? */
bool aways_has(const struct aways *aways, pid_t thread, const struct node *dir, const char *name,
               int64_t now_ms) {
        uint64_t hash;

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
