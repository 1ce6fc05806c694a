/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "base/digest.h"
#include "fs/jobs.h"

enum { STEM_MAX = 200 };

/** job_name() - of the file in .hcloudfs/jobs that tells of the resource at a path in the mount. */
void job_name(const char *path, char ret[JOB_NAME_SIZE]) {
        const char *slash = strrchr(path, '/'), *stem = slash ? slash + 1 : path;

        (void)snprintf(ret, JOB_NAME_SIZE, "%.*s-%08" PRIx32, STEM_MAX, stem,
                       (uint32_t)(digest_hash64(path, strlen(path)) >> 32));
}
