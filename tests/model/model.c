/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operations by chance, on the mount and on a model of the account: every answer of the mount must
 * be the model's, and now and then the cloud itself is held against it. At a difference the last
 * operations are printed. Each operation depends on the seed and its own number alone, so that the
 * same can be repeated, up to a number or in part, and what is not needed left out.
 *
 * usage: [SEED=N] [STEPS=N] [ONLY=3,7-9] [TRACE=1] [SHRINK=1] [KEEP=1]
 *        model HCLOUDFS EMULATOR CONTRACT
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/model/model.h"

enum { STEPS = 10000, CHECK_EVERY = 1000, TRUTH_MS = 20000, TRIES = 4 };

struct model model;

static const char *const value_names[] = {
        "plain",     "a.b",
        "a:b",       "-dash",
        "UPPER",     "x.yaml",
        "%2Ehidden", "x.bak",
        "9",         "a.b.c",
        "x.yaml:1",  "_",
        "%2E.x",     "long-key-with-many-words-in-it-0123456789",
};
/* Levels of their own, which are there as long as something is in them. */
static const char *const labels[] = { "app=new", "app=shop,environment=prod", "-" };
static const char *const labelled_names[] = { "k1", "a.b", "UPPER.yaml" };
static const char *const schema_names[] = { "s1", "s.2", "s-3", "S_4", "s1.yaml" };
static const char *const policy_names[] = { "p1", "p-two", "p%2Fq", "%2Ep 4" };
static const char *const fleet_names[] = { "f1", "f2", "f3" };

static void add_slots(enum sort sort, const char *level, const char *const *names, size_t count) {
        for (size_t i = 0; i < count; i++)
                model.slots[model.n_slots++] = (struct slot){
                        .sort = sort,
                        .labels = level,
                        .name = names[i],
                };
}

static char *slot_path(const struct slot *slot) {
        return slot->labels ? rig_path("lab/config/%s/%s", slot->labels, slot->name)
                            : thing_path(slot->sort, slot->name);
}

static _printf_(2, 0) void add_line(char *line, const char *format, va_list args) {
        int len = snprintf(line, LINE_MAX_BYTES, "%llu: ", model.number);

        (void)vsnprintf(line + len, (size_t)(LINE_MAX_BYTES - len), format, args);
        if (getenv("TRACE"))
                printf("%s\n", line);
}

void note(const char *format, ...) {
        va_list args;

        va_start(args, format);
        add_line(model.log[model.logged++ % LOG_LINES], format, args);
        va_end(args);
}

static void note_slot(const struct slot *slot, const char *what) {
        note("%s %s %s%s%s%s", what, sort_names[slot->sort], slot->labels ? slot->labels : "",
             slot->labels ? "/" : "", slot->name, slot->text ? "" : " (not there)");
}

/* What the mount itself says of its latest failure, which may be an earlier one. */
static void print_last_error(void) {
        _cleanup_(freep) char *path = rig_path(".hcloudfs/last_error"), *text = NULL;
        size_t len;

        if (rig_read(path, &text, &len) == 0)
                printf("#   last_error: %.300s\n", text);
}

void fail(const char *what, const char *wanted, const char *found) {
        if (model.is_bad)
                return;
        model.is_bad = true;
        for (unsigned long long i = model.logged > LOG_LINES ? model.logged - LOG_LINES : 0;
             i < model.logged; i++)
                printf("#   %s\n", model.log[i % LOG_LINES]);
        printf("# operation %llu: %s\n#   model: %.80s\n#   found: %.80s\n", model.number, what,
               wanted ? wanted : "(none)", found ? found : "(none)");
        print_last_error();
}

void expect(const char *what, int result, int wanted) {
        if (result != wanted)
                fail(what, strerror(-wanted), strerror(-result));
}

static char *new_text(enum sort sort) {
        char *text = x_printf("text %llu", model.number);
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

/* A new file beside it, over what was just removed. */
static int save_over_removed(const char *path, const char *bytes) {
        return unlink(path) < 0 ? -errno : save_over(path, bytes);
}

/* The ways to save; with the last two what is written may be a document of its own. */
static int save(const char *path, const char *bytes, unsigned how) {
        switch (how) {
        case 1:
                return save_over(path, bytes);
        case 2:
                return save_with_backup(path, bytes);
        case 3:
                return save_after_unlink(path, bytes);
        case 4:
                return save_over_removed(path, bytes);
        default:
                return rig_write(path, bytes, strlen(bytes), O_CREAT | O_TRUNC);
        }
}

/* A level goes with the last that was in it, perhaps right after mkdir has found it there. */
static int save_in_level(const struct slot *slot, const char *path, const char *bytes,
                         unsigned how) {
        _cleanup_(freep) char *level = rig_path("lab/config/%s", slot->labels);
        int r = -ENOENT;

        for (unsigned i = 0; i < TRIES && (r == -ENOENT || r == -ESTALE); i++) {
                if (mkdir(level, 0755) < 0 && errno != EEXIST)
                        return -errno;
                r = save(path, bytes, how);
        }
        return r;
}

static void op_save(struct slot *slot, const char *path) {
        static const char *const words[] = { "write", "save over", "save with a backup",
                                             "save after rm", "save over what was removed" };
        unsigned how = slot->text ? dice_roll(&model.dice, ELEMENTSOF(words)) : 0;
        bool is_new = how >= 3 && dice_roll(&model.dice, 2);
        char *text = new_text(slot->sort);
        _cleanup_(freep) char *bytes = thing_document(slot->sort, is_new ? "?" : slot->name, text);

        note_slot(slot, words[how]);
        expect(words[how],
               slot->labels && !slot->text ? save_in_level(slot, path, bytes, how)
                                           : save(path, bytes, how),
               0);
        set_text(slot, text);
}

static void op_append(struct slot *slot, const char *path) {
        static const char more[] = " and more";

        note_slot(slot, "append");
        expect("append", rig_write(path, more, strlen(more), O_APPEND), 0);
        set_text(slot, x_printf("%s%s", slot->text, more));
}

static void op_read(struct slot *slot, const char *path) {
        _cleanup_(freep) char *data = NULL;
        struct json_object *json = NULL;
        const char *text;
        size_t len = 0;
        int r = rig_read(path, &data, &len);

        note_slot(slot, "read");
        expect("read", r, slot->text ? 0 : -ENOENT);
        if (r < 0)
                return;
        text = data;
        if (slot->sort == SORT_POLICY && js_parse(data, len, &json) == 0)
                text = js_str(json, "/spec/description");
        else if (len != strlen(data))
                fail("NUL bytes in it", slot->text, data);
        if (!str_eq(text, slot->text))
                fail("other bytes", slot->text, text);
        json_object_put(json);
}

static void op_remove(struct slot *slot, const char *path) {
        int r = slot->sort == SORT_FLEET ? rmdir(path) : unlink(path);

        note_slot(slot, "remove");
        expect("remove", r < 0 ? -errno : 0, slot->text ? 0 : -ENOENT);
        set_text(slot, NULL);
}

static void op_mkdir(struct slot *slot, const char *path) {
        int r = mkdir(path, 0755) < 0 ? -errno : 0;

        note_slot(slot, "mkdir");
        expect("mkdir", r, slot->text ? -EEXIST : 0);
        if (!slot->text)
                set_text(slot, x_strdup(""));
}

/* No call renames values and schemas: rename says EXDEV, and mv copies. Others refer to policies,
 * and directories of resources never move. */
static int rename_error(enum sort sort) {
        return sort == SORT_VALUE || sort == SORT_SCHEMA ? -EXDEV : -EPERM;
}

static void op_rename(struct slot *slot, const char *path) {
        struct slot *to = &model.slots[dice_roll(&model.dice, (unsigned)model.n_slots)];
        _cleanup_(freep) char *to_path = slot_path(to);
        int r;

        if (to->sort != slot->sort || to == slot || (to->labels && !to->text))
                return;
        note_slot(slot, "rename");
        note_slot(to, "… to");
        r = rename(path, to_path) < 0 ? -errno : 0;
        expect("rename", r, slot->text ? rename_error(slot->sort) : -ENOENT);
        if (to->text || !slot->text || slot->sort != SORT_VALUE || dice_roll(&model.dice, 3) == 0)
                return;
        note("… as mv does it");
        r = rig_write(to_path, slot->text, strlen(slot->text), O_CREAT | O_EXCL);
        if (r == 0 && unlink(path) < 0)
                r = -errno;
        expect("mv", r, 0);
        set_text(to, STEAL(slot->text));
}

static bool is_beside(const struct slot *a, const struct slot *b) {
        return a->sort == b->sort && str_eq(a->labels, b->labels);
}

/* Is anything in the directory of this one? */
static bool has_any(const struct slot *slot) {
        for (size_t i = 0; i < model.n_slots; i++)
                if (is_beside(slot, &model.slots[i]) && model.slots[i].text)
                        return true;
        return false;
}

/* A level goes when it is empty, and may have gone by itself. */
static void op_rmdir(struct slot *slot, const char *path) {
        _cleanup_(freep) char *level = x_strndup(path, (size_t)(strrchr(path, '/') - path));
        int r = rmdir(level) < 0 ? -errno : 0;

        note("rmdir of %s", slot->labels);
        if (has_any(slot))
                expect("rmdir", r, -ENOTEMPTY);
        else if (r != -ENOENT)
                expect("rmdir", r, 0);
}

/* The directory has what the model has, once each. */
static void op_list(struct slot *slot, const char *path) {
        _cleanup_(freep) char *dir_path = x_strndup(path, (size_t)(strrchr(path, '/') - path));
        size_t counts[SLOTS_MAX] = { 0 };
        const struct dirent *entry;
        DIR *dir = opendir(dir_path);

        note_slot(slot, "list beside");
        if (!dir && slot->labels && !has_any(slot))
                return;
        if (!dir) {
                fail("opendir", NULL, strerror(errno));
                return;
        }
        while ((entry = readdir(dir)))
                for (size_t i = 0; i < model.n_slots; i++) {
                        _cleanup_(freep) char *its = slot_path(&model.slots[i]);

                        if (is_beside(slot, &model.slots[i]) &&
                            str_eq(strrchr(its, '/') + 1, entry->d_name))
                                counts[i]++;
                }
        (void)closedir(dir);
        for (size_t i = 0; i < model.n_slots; i++)
                if (is_beside(slot, &model.slots[i]) &&
                    counts[i] != (model.slots[i].text ? 1u : 0u))
                        fail("the listing", model.slots[i].name,
                             counts[i] ? "listed" : "not listed");
}

/* A file of a tool: it is there to the byte, and the cloud hears nothing of it. */
static void op_scratch(struct slot *slot, const char *path) {
        const char *slash = strrchr(path, '/');
        _cleanup_(freep) char *beside = x_printf("%.*s/.x.swp", (int)(slash - path), path);
        _cleanup_(freep) char *data = NULL, *text = new_text(SORT_VALUE);
        size_t len;

        if (slot->labels && !has_any(slot))
                return; /* there may be no such directory */
        note_slot(slot, "scratch");
        expect("scratch", rig_write(beside, text, strlen(text), O_CREAT | O_TRUNC), 0);
        if (rig_read(beside, &data, &len) < 0 || !str_eq(data, text))
                fail("a scratch file", text, data);
        expect("rm of scratch", unlink(beside) < 0 ? -errno : 0, 0);
}

static void operate(void) {
        struct slot *slot = &model.slots[dice_roll(&model.dice, (unsigned)model.n_slots)];
        _cleanup_(freep) char *path = slot_path(slot);
        unsigned what = dice_roll(&model.dice, 24);

        if (what < 2)
                op_list(slot, path);
        else if (what < 4)
                members_operate();
        else if (what < 6)
                op_rename(slot, path);
        else if (slot->sort == SORT_FLEET)
                (what < 15 ? op_mkdir : op_remove)(slot, path);
        else if (what < 13)
                op_read(slot, path);
        else if (what < 14)
                op_scratch(slot, path);
        else if (what < 17)
                op_remove(slot, path);
        else if (what < 18 && slot->sort == SORT_VALUE && slot->text)
                op_append(slot, path);
        else if (what < 19 && slot->labels && !str_eq(slot->labels, "-"))
                op_rmdir(slot, path);
        else
                op_save(slot, path);
}

/* As the mount names it; owned. The labels of these values are in order. */
static char *level_of(struct json_object *all) {
        char *level = x_strdup("");

        if (!json_object_is_type(all, json_type_object))
                return level;
        json_object_object_foreach(all, key, value) {
                char *longer = x_printf("%s%s%s=%s", level, *level ? "," : "", key,
                                        json_object_get_string(value));

                free(level);
                level = longer;
        }
        return level;
}

/* The text of a value in a level of its own, in the list of all. @ret: borrowed, or NULL. */
static size_t find_value(struct json_object *values, const struct slot *slot, const char *name,
                         const char **ret) {
        size_t count = 0;

        for (size_t i = 0; i < js_len(values, "/data"); i++) {
                struct json_object *one = js_at(js_get(values, "/data"), i);
                _cleanup_(freep) char *level = level_of(js_get(one, "/labels"));

                if (!str_eq(js_str(one, "/key"), name) ||
                    !str_eq(*level ? level : "-", slot->labels))
                        continue;
                count++;
                *ret = js_str(one, "/value");
        }
        return count;
}

/* The first slot with which the cloud does not agree; NULL: none. */
static const struct slot *differs(char **ret_text) {
        const struct slot *found = NULL;
        struct json_object *values;
        struct truth truth;

        truth_read(&truth);
        if (rig_ask("GET", "kie", "/v1/default/kie/kv", NULL, &values) != 200)
                die("the values cannot be listed");
        for (size_t i = 0; i < model.n_slots && !found; i++) {
                const struct slot *slot = &model.slots[i];
                _cleanup_(freep) char *name = x_strdup(slot->name);
                const char *text = NULL;
                size_t count;

                percent_decode(name, false);
                count = slot->labels ? find_value(values, slot, name, &text)
                                     : truth_find(&truth, slot->sort, name, &text);
                if (count == (slot->text ? 1u : 0u) && str_eq(count ? text : NULL, slot->text))
                        continue;
                found = slot;
                free(*ret_text);
                *ret_text = x_strdup(text);
        }
        truth_done(&truth);
        json_object_put(values);
        return found;
}

static bool agrees(void *data) {
        return !differs(data) && members_agree();
}

static void check_cloud(void) {
        _cleanup_(freep) char *text = NULL;
        const struct slot *slot;

        if (rig_await(TRUTH_MS, agrees, &text))
                return;
        slot = differs(&text);
        if (slot)
                note_slot(slot, "the cloud differs:");
        if (slot)
                fail("the cloud differs", slot->text, text);
        members_check();
}

static void start(char **argv) {
        static const char *const options[] = { "--speed", "0", NULL };

        add_slots(SORT_VALUE, NULL, value_names, ELEMENTSOF(value_names));
        for (size_t i = 0; i < ELEMENTSOF(labels); i++)
                add_slots(SORT_VALUE, labels[i], labelled_names, ELEMENTSOF(labelled_names));
        add_slots(SORT_SCHEMA, NULL, schema_names, ELEMENTSOF(schema_names));
        add_slots(SORT_POLICY, NULL, policy_names, ELEMENTSOF(policy_names));
        add_slots(SORT_FLEET, NULL, fleet_names, ELEMENTSOF(fleet_names));
        rig_start(argv[1], argv[2], argv[3], options);
        members_start();
}

static void play(uint64_t seed, uint64_t count) {
        for (; model.number < count && !model.is_bad; model.number++) {
                if (!only_has(model.number))
                        continue;
                dice_init(&model.dice, seed * 1000003 + model.number);
                operate();
                if (model.number % CHECK_EVERY == CHECK_EVERY - 1 && !model.is_bad)
                        check_cloud();
        }
        if (!model.is_bad)
                check_cloud();
}

int main(int argc, char **argv) {
        uint64_t seed = rig_number("SEED", (uint64_t)wall_ms() % 1000000);
        uint64_t count = rig_number("STEPS", STEPS);

        if (argc != 4 || access("/dev/fuse", R_OK | W_OK) < 0)
                return argc != 4 ? 2 : 77;
        setvbuf(stdout, NULL, _IOLBF, 0);
        only_read(getenv("ONLY"));
        printf("# SEED=%llu STEPS=%llu\n", (unsigned long long)seed, (unsigned long long)count);
        start(argv);
        play(seed, count);
        printf("%s: %llu operations\n", model.is_bad ? "failed" : "passed", model.number);
        rig_stop(model.is_bad && rig_number("KEEP", 0));
        if (model.is_bad)
                printf("# again: SEED=%llu STEPS=%llu; with SHRINK=1 the shortest is looked for\n",
                       (unsigned long long)seed, model.number);
        if (model.is_bad && rig_number("SHRINK", 0)) {
                shrink(argv, model.number - 1);
        }
        for (size_t i = 0; i < model.n_slots; i++)
                free(model.slots[i].text);
        return model.is_bad ? 1 : 0;
}
