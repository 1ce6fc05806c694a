/* SPDX-License-Identifier: Apache-2.0 */
/* For cppcheck alone, which reads no header of the system: the loops of uthash and utlist, which
 * look like no C to it otherwise. */
#pragma once

#define HASH_ITER(hh, head, el, tmp)     for ((el) = (head), (tmp) = NULL; (el); (el) = (tmp))
#define DL_FOREACH(head, el)             for ((el) = (head); (el); (el) = (el)->next)
#define LL_FOREACH(head, el)             for ((el) = (head); (el); (el) = (el)->next)
#define DL_FOREACH_SAFE(head, el, tmp)   for ((el) = (head), (tmp) = NULL; (el); (el) = (tmp))
#define LL_FOREACH_SAFE(head, el, tmp)   for ((el) = (head), (tmp) = NULL; (el); (el) = (tmp))
