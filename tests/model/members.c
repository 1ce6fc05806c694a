/* SPDX-License-Identifier: Apache-2.0 */
/* Clusters join fleets by ln -s, leave by rm, go from one to another by mv. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/model/model.h"

enum { CLUSTERS_MAX = 8, FLEETS = 3, NAME_SIZE = 64 };

static const char *const fleets[FLEETS] = { "staging", "members-a", "members-b" };

static struct {
        struct {
                char name[NAME_SIZE];
                int fleet; /* -1: none */
        } list[CLUSTERS_MAX];
        unsigned count;
} members;

static int fleet_index(struct json_object *groups, const char *id) {
        for (size_t i = 0; id && i < js_len(groups, "/items"); i++) {
                struct json_object *one = js_at(js_get(groups, "/items"), i);

                if (!str_eq(js_str(one, "/metadata/uid"), id))
                        continue;
                for (int fleet = 0; fleet < FLEETS; fleet++)
                        if (str_eq(js_str(one, "/metadata/name"), fleets[fleet]))
                                return fleet;
                return FLEETS; /* none of those that are tried here */
        }
        return -1;
}

/* Calls @visit for each cluster and the index of the fleet that the cloud has it in. */
static void each_cluster(void (*visit)(const char *name, int fleet)) {
        struct json_object *clusters, *groups;

        if (rig_ask("GET", "ucs", "/v1/clusters", NULL, &clusters) != 200 ||
            rig_ask("GET", "ucs", "/v1/clustergroups", NULL, &groups) != 200)
                die("the clusters cannot be listed");
        for (size_t i = 0; i < js_len(clusters, "/items"); i++) {
                struct json_object *one = js_at(js_get(clusters, "/items"), i);
                const char *id = js_str(one, "/spec/clusterGroupID");

                visit(js_str(one, "/metadata/name"), fleet_index(groups, id && *id ? id : NULL));
        }
        json_object_put(clusters);
        json_object_put(groups);
}

static void begin_with(const char *name, int fleet) {
        if (fleet == FLEETS || members.count == CLUSTERS_MAX)
                return;
        (void)snprintf(members.list[members.count].name, NAME_SIZE, "%s", name);
        members.list[members.count++].fleet = fleet;
}

void members_start(void) {
        for (int fleet = 1; fleet < FLEETS; fleet++) {
                _cleanup_(freep) char *path = rig_path("demo/ucs/fleets/%s", fleets[fleet]);

                if (mkdir(path, 0755) < 0)
                        die("%s: %s", path, strerror(errno));
        }
        each_cluster(begin_with);
        if (!members.count)
                die("there are no clusters");
}

static const char *fleet_name(int fleet) {
        return fleet < 0 ? "none" : fleets[fleet];
}

static void list(int fleet) {
        _cleanup_(freep) char *path = rig_path("demo/ucs/fleets/%s/clusters", fleets[fleet]);
        unsigned counts[CLUSTERS_MAX] = { 0 };
        const struct dirent *entry;
        DIR *dir = opendir(path);

        note("list the members of %s", fleets[fleet]);
        if (!dir) {
                fail("opendir", NULL, strerror(errno));
                return;
        }
        while ((entry = readdir(dir)))
                for (unsigned i = 0; i < members.count; i++)
                        counts[i] += str_eq(entry->d_name, members.list[i].name);
        (void)closedir(dir);
        for (unsigned i = 0; i < members.count; i++)
                if (counts[i] != (members.list[i].fleet == fleet))
                        fail("a member in the listing", members.list[i].name,
                             counts[i] ? "listed" : "not listed");
}

static void join(unsigned i, int fleet, const char *path) {
        _cleanup_(freep) char *target = x_printf("../../../clusters/%s", members.list[i].name);
        char now[256];
        ssize_t len;
        int before = members.list[i].fleet, r = symlink(target, path) < 0 ? -errno : 0;

        note("join %s to %s, from %s", members.list[i].name, fleets[fleet], fleet_name(before));
        if (before >= 0 && before != fleet) { /* it must leave the other one first */
                if (r == 0)
                        fail("a second fleet", "a refusal", "success");
                return;
        }
        expect("ln -s", r, before < 0 ? 0 : -EEXIST);
        members.list[i].fleet = fleet;
        len = readlink(path, now, sizeof(now) - 1);
        now[len < 0 ? 0 : len] = '\0';
        if (!str_eq(now, target))
                fail("readlink", target, now);
}

static void leave(unsigned i, int fleet, const char *path) {
        int r = unlink(path) < 0 ? -errno : 0;

        note("take %s out of %s, from %s", members.list[i].name, fleets[fleet],
             fleet_name(members.list[i].fleet));
        expect("rm", r, members.list[i].fleet == fleet ? 0 : -ENOENT);
        if (members.list[i].fleet == fleet)
                members.list[i].fleet = -1;
}

static void move(unsigned i, int fleet, const char *path) {
        int to = (fleet + 1 + (int)dice_roll(&model.dice, FLEETS - 1)) % FLEETS;
        _cleanup_(freep) char *to_path =
                rig_path("demo/ucs/fleets/%s/clusters/%s", fleets[to], members.list[i].name);
        int r = rename(path, to_path) < 0 ? -errno : 0;

        note("move %s from %s to %s", members.list[i].name, fleets[fleet], fleets[to]);
        expect("mv", r, members.list[i].fleet == fleet ? 0 : -ENOENT);
        if (members.list[i].fleet == fleet)
                members.list[i].fleet = to;
}

void members_operate(void) {
        unsigned i = dice_roll(&model.dice, members.count), what = dice_roll(&model.dice, 8);
        int fleet = (int)dice_roll(&model.dice, FLEETS);
        _cleanup_(freep) char *path = NULL;

        if (what > 3 && members.list[i].fleet >= 0) /* more often what is possible */
                fleet = members.list[i].fleet;
        path = rig_path("demo/ucs/fleets/%s/clusters/%s", fleets[fleet], members.list[i].name);
        if (what < 2)
                list(fleet);
        else if (what < 4)
                join(i, fleet, path);
        else if (what < 6)
                leave(i, fleet, path);
        else
                move(i, fleet, path);
}

static struct {
        const char *name;
        int wanted, found;
} difference;

static void compare(const char *name, int fleet) {
        for (unsigned i = 0; i < members.count; i++) {
                if (!str_eq(members.list[i].name, name) || members.list[i].fleet == fleet)
                        continue;
                difference.name = members.list[i].name;
                difference.wanted = members.list[i].fleet;
                difference.found = fleet;
        }
}

bool members_agree(void) {
        difference.name = NULL;
        each_cluster(compare);
        return !difference.name;
}

void members_check(void) {
        if (difference.name)
                fail(difference.name, fleet_name(difference.wanted), fleet_name(difference.found));
}
