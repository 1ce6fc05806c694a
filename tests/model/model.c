/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operations by chance, on the mount and on a model of the account: every answer of the mount must
 * be the model's, and now and then the cloud itself is held against it. At a difference the last
 * operations are printed, and the number at which the same seed meets it again.
 *
 * usage: [SEED=N] [OPERATIONS=N] [KEEP=1] model HCLOUDFS EMULATOR CONTRACT
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/faults/truth.h"

enum { OPERATIONS = 10000, CHECK_EVERY = 1000, LOG_LINES = 40, SLOTS_MAX = 64, TRUTH_MS = 20000 };

/* A name that may be there or not. */
struct slot {
        enum sort sort;
        const char *name; /* as the mount has it */
        char *text;       /* owned; NULL: it is not there */
};

static struct {
        struct slot slots[SLOTS_MAX];
        size_t n_slots;
        struct dice dice;
        unsigned long long number, serial;
        char log[LOG_LINES][160];
        bool is_bad;
} model;

static const char *const value_names[] = {
        "plain",     "a.b",
        "a:b",       "-dash",
        "UPPER",     "x.yaml",
        "%2Ehidden", "x.bak",
        "9",         "a.b.c",
        "x.yaml:1",  "_",
        "%2E.x",     "long-key-with-many-words-in-it-0123456789",
};
static const char *const schema_names[] = { "s1", "s.2", "s-3", "S_4", "s1.yaml" };
static const char *const policy_names[] = { "p1", "p-two", "p3", "p4" };
static const char *const fleet_names[] = { "f1", "f2", "f3" };

static void add_slots(enum sort sort, const char *const *names, size_t count) {
        for (size_t i = 0; i < count; i++)
                model.slots[model.n_slots++] = (struct slot){ .sort = sort, .name = names[i] };
}

static void note(const struct slot *slot, const char *what) {
        (void)snprintf(model.log[model.number % LOG_LINES], sizeof(model.log[0]),
                       "%llu: %s %s %s%s", model.number, what, sort_names[slot->sort], slot->name,
                       slot->text ? "" : " (not there)");
}

static void fail(const struct slot *slot, const char *what, const char *found) {
        if (model.is_bad)
                return;
        model.is_bad = true;
        for (unsigned long long i = model.number > LOG_LINES ? model.number - LOG_LINES + 1 : 0;
             i <= model.number; i++)
                printf("#   %s\n", model.log[i % LOG_LINES]);
        printf("# operation %llu: %s: %s %s\n#   model: %.80s\n#   found: %.80s\n", model.number,
               what, sort_names[slot->sort], slot->name, slot->text ? slot->text : "(none)",
               found ? found : "(none)");
}

static void expect(const struct slot *slot, const char *what, int result, int wanted) {
        if (result != wanted)
                fail(slot, what, strerror(-result));
}

static char *new_text(enum sort sort) {
        char *text = x_printf("text %llu", ++model.serial);
        size_t len = strlen(text), more = dice_roll(&model.dice, 4) ? 0 : 90;

        if (more && (sort == SORT_VALUE || sort == SORT_SCHEMA))
                more += dice_roll(&model.dice, 6000);
        text = x_realloc(text, len + more + 1);
        memset(text + len, 'z', more);
        text[len + more] = '\0';
        return text;
}

static void set_text(struct slot *slot, char *text) {
        free(slot->text);
        slot->text = text;
}

/* A new file beside it, then over it. */
static int save_over(const char *path, const char *bytes) {
        const char *slash = strrchr(path, '/');
        _cleanup_(freep) char *beside = x_printf("%.*s/.tool.new", (int)(slash - path), path);
        int r = rig_write(beside, bytes, strlen(bytes), O_CREAT | O_TRUNC);

        return r == 0 && rename(beside, path) < 0 ? -errno : r;
}

/* The old one aside as a backup, a new one in its place, the backup removed: vim. */
static int save_with_backup(const char *path, const char *bytes) {
        _cleanup_(freep) char *backup = x_printf("%s~", path);
        int r = rename(path, backup) < 0 ? -errno : 0;

        if (r == 0)
                r = rig_write(path, bytes, strlen(bytes), O_CREAT | O_EXCL);
        return r == 0 && unlink(backup) < 0 ? -errno : r;
}

/* cp --remove-destination, git. */
static int save_after_unlink(const char *path, const char *bytes) {
        if (unlink(path) < 0)
                return -errno;
        return rig_write(path, bytes, strlen(bytes), O_CREAT | O_EXCL);
}

static void op_save(struct slot *slot, const char *path) {
        char *text = new_text(slot->sort);
        _cleanup_(freep) char *bytes = thing_document(slot->sort, slot->name, text);
        /* A new policy has no metadata, an update must: no rm before a save of it. */
        unsigned how = !slot->text ? 0 : dice_roll(&model.dice, slot->sort == SORT_POLICY ? 2 : 5);
        static const char *const words[] = { "write", "save over", "save with a backup",
                                             "save after rm", "write" };
        int r;

        note(slot, words[how]);
        if (how == 1)
                r = save_over(path, bytes);
        else if (how == 2)
                r = save_with_backup(path, bytes);
        else if (how == 3)
                r = save_after_unlink(path, bytes);
        else
                r = rig_write(path, bytes, strlen(bytes), O_CREAT | O_TRUNC);
        expect(slot, words[how], r, 0);
        set_text(slot, text);
}

static void op_append(struct slot *slot, const char *path) {
        static const char more[] = " and more";

        note(slot, "append");
        expect(slot, "append", rig_write(path, more, strlen(more), O_APPEND), 0);
        set_text(slot, x_printf("%s%s", slot->text, more));
}

static void op_read(struct slot *slot, const char *path) {
        _cleanup_(freep) char *data = NULL;
        struct json_object *json = NULL;
        const char *text;
        size_t len = 0;
        int r = rig_read(path, &data, &len);

        note(slot, "read");
        expect(slot, "read", r, slot->text ? 0 : -ENOENT);
        if (r < 0)
                return;
        text = data;
        if (slot->sort == SORT_POLICY && js_parse(data, len, &json) == 0)
                text = js_str(json, "/spec/description");
        else if (len != strlen(data))
                fail(slot, "NUL bytes in it", data);
        if (!str_eq(text, slot->text))
                fail(slot, "other bytes", text);
        json_object_put(json);
}

static void op_remove(struct slot *slot, const char *path) {
        int r = slot->sort == SORT_FLEET ? rmdir(path) : unlink(path);

        note(slot, "remove");
        expect(slot, "remove", r < 0 ? -errno : 0, slot->text ? 0 : -ENOENT);
        set_text(slot, NULL);
}

static void op_mkdir(struct slot *slot, const char *path) {
        int r = mkdir(path, 0755) < 0 ? -errno : 0;

        note(slot, "mkdir");
        expect(slot, "mkdir", r, slot->text ? -EEXIST : 0);
        if (!slot->text)
                set_text(slot, x_strdup(""));
}

static void op_rename(struct slot *slot, const char *path) {
        struct slot *to = &model.slots[dice_roll(&model.dice, ELEMENTSOF(value_names))];
        _cleanup_(freep) char *to_path = thing_path(to->sort, to->name);
        int r;

        if (to->text || !slot->text || to->sort != slot->sort)
                return;
        note(slot, "move by copying");
        r = rig_write(to_path, slot->text, strlen(slot->text), O_CREAT | O_EXCL);
        if (r == 0 && unlink(path) < 0)
                r = -errno;
        expect(slot, to->name, r, 0);
        set_text(to, STEAL(slot->text));
}

/* The directory has what the model has, once each. */
static void op_list(struct slot *slot, const char *path) {
        _cleanup_(freep) char *dir_path = x_strndup(path, (size_t)(strrchr(path, '/') - path));
        size_t counts[SLOTS_MAX] = { 0 };
        const struct dirent *entry;
        DIR *dir = opendir(dir_path);

        note(slot, "list");
        if (!dir) {
                fail(slot, "opendir", strerror(errno));
                return;
        }
        while ((entry = readdir(dir)))
                for (size_t i = 0; i < model.n_slots; i++) {
                        const struct slot *one = &model.slots[i];
                        _cleanup_(freep) char *its = thing_path(one->sort, one->name);

                        if (one->sort == slot->sort && str_eq(strrchr(its, '/') + 1, entry->d_name))
                                counts[i]++;
                }
        (void)closedir(dir);
        for (size_t i = 0; i < model.n_slots; i++)
                if (model.slots[i].sort == slot->sort &&
                    counts[i] != (model.slots[i].text ? 1u : 0u))
                        fail(&model.slots[i], "the listing", counts[i] ? "listed" : "not listed");
}

/* A file of a tool: it is there to the byte, and the cloud hears nothing of it. */
static void op_scratch(struct slot *slot, const char *path) {
        const char *slash = strrchr(path, '/');
        _cleanup_(freep) char *beside = x_printf("%.*s/.x.swp", (int)(slash - path), path);
        _cleanup_(freep) char *data = NULL, *text = new_text(SORT_VALUE);
        size_t len;

        note(slot, "scratch");
        expect(slot, "scratch", rig_write(beside, text, strlen(text), O_CREAT | O_TRUNC), 0);
        if (rig_read(beside, &data, &len) < 0 || !str_eq(data, text))
                fail(slot, "a scratch file", data);
        expect(slot, "rm of scratch", unlink(beside) < 0 ? -errno : 0, 0);
}

static void operate(void) {
        struct slot *slot = &model.slots[dice_roll(&model.dice, (unsigned)model.n_slots)];
        _cleanup_(freep) char *path = thing_path(slot->sort, slot->name);
        unsigned what = dice_roll(&model.dice, 20);

        if (what < 2)
                op_list(slot, path);
        else if (slot->sort == SORT_FLEET)
                (what < 11 ? op_mkdir : op_remove)(slot, path);
        else if (what < 10)
                op_read(slot, path);
        else if (what < 11)
                op_scratch(slot, path);
        else if (what < 13 && slot->sort != SORT_POLICY)
                op_remove(slot, path);
        else if (what < 14 && slot->sort == SORT_VALUE && slot->text)
                op_append(slot, path);
        else if (what < 15 && slot->sort == SORT_VALUE)
                op_rename(slot, path);
        else
                op_save(slot, path);
}

/* The first slot with which the cloud does not agree; NULL: none. */
static const struct slot *differs(char **ret_text) {
        const struct slot *found = NULL;
        struct truth truth;

        truth_read(&truth);
        for (size_t i = 0; i < model.n_slots && !found; i++) {
                const struct slot *slot = &model.slots[i];
                _cleanup_(freep) char *name = x_strdup(slot->name);
                const char *text = NULL;
                size_t count;

                percent_decode(name, false);
                count = truth_find(&truth, slot->sort, name, &text);
                if (count == (slot->text ? 1u : 0u) && str_eq(count ? text : NULL, slot->text))
                        continue;
                found = slot;
                free(*ret_text);
                *ret_text = x_strdup(text);
        }
        truth_done(&truth);
        return found;
}

static bool agrees(void *data) {
        return !differs(data);
}

static void check_cloud(void) {
        _cleanup_(freep) char *text = NULL;
        const struct slot *slot;

        if (rig_await(TRUTH_MS, agrees, &text))
                return;
        slot = differs(&text);
        if (slot)
                fail(slot, "the cloud differs", text);
}

int main(int argc, char **argv) {
        static const char *const options[] = { "--speed", "0", NULL };
        uint64_t seed = rig_number("SEED", (uint64_t)wall_ms() % 1000000);
        uint64_t count = rig_number("OPERATIONS", OPERATIONS);

        if (argc != 4 || access("/dev/fuse", R_OK | W_OK) < 0)
                return argc != 4 ? 2 : 77;
        setvbuf(stdout, NULL, _IOLBF, 0);
        printf("# SEED=%llu OPERATIONS=%llu\n", (unsigned long long)seed,
               (unsigned long long)count);
        dice_init(&model.dice, seed);
        add_slots(SORT_VALUE, value_names, ELEMENTSOF(value_names));
        add_slots(SORT_SCHEMA, schema_names, ELEMENTSOF(schema_names));
        add_slots(SORT_POLICY, policy_names, ELEMENTSOF(policy_names));
        add_slots(SORT_FLEET, fleet_names, ELEMENTSOF(fleet_names));
        rig_start(argv[1], argv[2], argv[3], options);
        for (; model.number < count && !model.is_bad; model.number++) {
                operate();
                if (model.number % CHECK_EVERY == CHECK_EVERY - 1 && !model.is_bad)
                        check_cloud();
        }
        if (!model.is_bad)
                check_cloud();
        printf("%s: %llu operations\n", model.is_bad ? "failed" : "passed", model.number);
        rig_stop(model.is_bad && rig_number("KEEP", 0));
        for (size_t i = 0; i < model.n_slots; i++)
                free(model.slots[i].text);
        return model.is_bad ? 1 : 0;
}
