/* SPDX-License-Identifier: Apache-2.0 */
#include "contrib/emulator/hosts.h"

#include "contrib/emulator/util.h"

#include <string.h>

/*
 * Patterns over the name without ".localhost": %i stands for the instance, %r for the region, both
 * of them without dots.
 */
static const struct {
        const char *pattern, *service, *instance, *prefix;
} table[] = {
        { "emulator", "admin", "", "/" },
        { "iam", "iam", "", "/v3" },
        { "iam.%r", "iam", "", "/v3" },
        { "dws.%r", "dws", "", "/" },
        { "cse.%r", "cse", "", "/" },
        { "ems.%r", "ems", "", "/" },
        { "ucs", "ucs", "", "/" },
        { "ucs.%r", "ucs", "", "/" },
        { "registry-%i", "servicecomb", NULL, "/v4/" },
        { "kie-%i", "servicecomb", NULL, "/v1/" },
        { "sc", "servicecomb", "standalone", "/v4/" },
        { "kie", "servicecomb", "standalone", "/v1/" },
        { "secure-sc", "servicecomb", "secure", "/v4/" },
        { "secure-kie", "servicecomb", "secure", "/v1/" },
        { "%i.fleet.ucs.%r-dev", "karmada", NULL, "/" },
        { "kubernetes", "karmada", "kubernetes", "/" },
};

/* Matches one label run; what follows in the pattern is literal text up to the next '%'. */
static bool match(const char *pattern, const char *name, struct host *host) {
        while (*pattern) {
                char **part;
                size_t len;

                if (*pattern != '%') {
                        if (*pattern++ != *name++)
                                return false;
                        continue;
                }
                part = pattern[1] == 'i' ? &host->instance : &host->region;
                pattern += 2;
                len = strcspn(name, ".");
                /* The rest of this label in the pattern, e.g. "-dev", is cut off its end. */
                if (*pattern && *pattern != '.') {
                        size_t tail = strlen(pattern);

                        if (len <= tail || strncmp(name + len - tail, pattern, tail) != 0)
                                return false;
                        len -= tail;
                }
                if (len == 0)
                        return false;
                free(*part);
                *part = x_strndup(name, len);
                name += len;
        }
        return !*name;
}

/* Fills service and prefix of a name without its suffix; leaves nothing behind if it is unknown. */
static void look_up(const char *name, struct host *host) {
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                if (match(table[i].pattern, name, host)) {
                        host->service = table[i].service;
                        host->prefix = table[i].prefix;
                        if (table[i].instance)
                                host->instance = x_strdup(table[i].instance);
                        return;
                }
                host_clear(host);
        }
}

struct host host_parse(const char *name) {
        static const char suffix[] = ".localhost";
        struct host host = { 0 };

        if (str_ends(name, suffix)) {
                _cleanup_(freep) char *own = x_strndup(name, strlen(name) - strlen(suffix));

                look_up(own, &host);
        }
        if (!host.instance)
                host.instance = x_strdup("");
        if (!host.region)
                host.region = x_strdup("");
        return host;
}

void host_clear(struct host *host) {
        free(host->instance);
        free(host->region);
        *host = (struct host){ 0 };
}
