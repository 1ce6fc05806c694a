/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/wards.h"

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
