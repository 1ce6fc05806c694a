/* SPDX-License-Identifier: Apache-2.0 */
/* Which service is where: the region lists of the vendor's SDKs (Python 3.1.211, Go 0.1.188). The
 * suffix is not always that of the region's neighbours, so nothing is derived. */
#include "auth/endpoint.h"

#include "base/text.h"

struct region_row {
        const char *service;
        const char *suffix;
        const char *const *regions; /* NULL-terminated */
};

/* A table. */
/* clang-format off */
#define REGIONS(...) (const char *const[]){ __VA_ARGS__, NULL }

static const struct region_row rows[] = {
        { "dws", "myhuaweicloud.com",
          REGIONS("cn-north-1", "cn-north-2", "cn-north-4", "cn-north-9", "cn-north-11",
                  "cn-east-2", "cn-east-3", "cn-east-5", "cn-south-1", "cn-southwest-2",
                  "cn-southwest-3", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3",
                  "ap-southeast-5", "af-south-1", "af-north-1", "la-south-2", "la-north-2",
                  "sa-brazil-1", "na-mexico-1", "ru-moscow-1", "ae-ad-1", "me-east-1",
                  "my-kualalumpur-1") },
        { "dws", "myhuaweicloud.cn",
          REGIONS("cn-south-4", "cn-north-12", "cn-east-4", "tr-west-1", "ap-southeast-4") },
        { "dws", "myhuaweicloud.eu", REGIONS("eu-west-101") },
        { "cse", "myhuaweicloud.com",
          REGIONS("cn-north-1", "cn-north-4", "cn-north-9", "cn-north-11", "cn-north-12",
                  "cn-east-2", "cn-east-3", "cn-east-4", "cn-east-5", "cn-south-1",
                  "cn-south-2", "cn-south-4", "cn-southwest-2", "cn-southwest-3",
                  "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4",
                  "af-south-1", "la-south-2", "la-north-2", "sa-brazil-1", "me-east-1",
                  "tr-west-1", "ru-northwest-2", "ru-moscow-1", "my-kualalumpur-1") },
        { "iam", "myhuaweicloud.com",
          REGIONS("cn-north-1", "cn-north-2", "cn-north-4", "cn-north-9", "cn-north-12",
                  "cn-east-2", "cn-east-3", "cn-east-4", "cn-east-5", "cn-south-1",
                  "cn-south-2", "cn-southwest-2", "ap-southeast-1", "ap-southeast-2",
                  "ap-southeast-3", "ap-southeast-4", "af-south-1", "la-south-2", "la-north-2",
                  "sa-brazil-1", "na-mexico-1", "eu-west-0", "ru-moscow-1", "me-east-1",
                  "ae-ad-1", "my-kualalumpur-1", "tr-west-1") },
        { "iam", "myhuaweicloud.eu", REGIONS("eu-west-101") },
};
/* clang-format on */

const char *region_suffix(const char *service, const char *region) {
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                if (!text_eq(rows[i].service, service))
                        continue;
                for (const char *const *name = rows[i].regions; *name; name++)
                        if (text_eq(*name, region))
                                return rows[i].suffix;
        }
        return NULL;
}
