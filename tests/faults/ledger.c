/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/faults/ledger.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct thing *ledger_new(struct ledger *ledger, enum sort sort, const char *name) {
        struct thing *thing;

        if (!ledger->things)
                ledger->things = x_alloc(THINGS_MAX * sizeof(*ledger->things));
        if (ledger->count == THINGS_MAX)
                die("too many things");
        thing = &ledger->things[ledger->count++];
        thing->sort = sort;
        (void)snprintf(thing->name, sizeof(thing->name), "%s", name);
        return thing;
}

/* After the last attempt, whatever came of it: only one whose fate is sure is touched again. */
bool thing_is_there(const struct thing *thing) {
        const struct attempt *last;

        if (thing->is_closed || thing->n_attempts == ATTEMPTS_MAX)
                return false;
        if (!thing->n_attempts)
                return thing->before != NULL;
        last = &thing->attempts[thing->n_attempts - 1];
        return last->text && last->result == 0;
}

struct thing *ledger_pick(struct ledger *ledger, struct dice *dice, enum sort sort) {
        struct thing *found = NULL;
        unsigned seen = 0;

        for (size_t i = 0; i < ledger->count; i++)
                if (ledger->things[i].sort == sort && thing_is_there(&ledger->things[i]) &&
                    dice_roll(dice, ++seen) == 0)
                        found = &ledger->things[i];
        return found;
}

void ledger_note(struct ledger *ledger, struct thing *thing, char *text, int result) {
        thing->attempts[thing->n_attempts++] = (struct attempt){ .text = text, .result = result };
        if (result == 0)
                ledger->accepted++;
        else if (result == -ENOTCONN || result == -ECONNABORTED)
                ledger->untold++;
        else
                ledger->refused++;
}

/* Does a file below the directory hold exactly this, or, where it is a queue's, speak of it? */
static bool is_below(const char *dir_path, const char *text, const char *word) {
        DIR *dir = opendir(dir_path);
        const struct dirent *entry;
        bool is_found = false;

        while (dir && !is_found && (entry = readdir(dir))) {
                _cleanup_(freep) char *path = x_printf("%s/%s", dir_path, entry->d_name);
                _cleanup_(freep) char *data = NULL;
                size_t len;

                if (str_eq(entry->d_name, ".") || str_eq(entry->d_name, ".."))
                        continue;
                if (entry->d_type == DT_DIR)
                        is_found = is_below(path, text, word);
                else if (entry->d_type == DT_REG && rig_read(path, &data, &len) == 0)
                        is_found = (text && len == strlen(text) && !memcmp(data, text, len)) ||
                                   (word && strstr(data, word));
        }
        if (dir)
                (void)closedir(dir);
        return is_found;
}

static bool is_kept(const struct thing *thing, const char *text) {
        _cleanup_(freep) char *queue = rig_path(".hcloudfs/queue");
        _cleanup_(freep) char *rejected = rig_path(".hcloudfs/rejected");
        _cleanup_(freep) char *bytes = text ? thing_document(thing->sort, thing->name, text) : NULL;

        bool is_part = thing->sort == SORT_POLICY || thing->sort == SORT_ALARM;
        const char *word = !text ? thing->name : is_part ? text : NULL;

        return is_below(rejected, bytes, word) || is_below(queue, bytes, word);
}

/* The last attempt that was accepted; -1: none. */
static int last_accepted(const struct thing *thing) {
        for (size_t i = thing->n_attempts; i > 0; i--)
                if (thing->attempts[i - 1].result == 0)
                        return (int)i - 1;
        return -1;
}

/* May it be this now: what was accepted last, or what was tried since then? */
static bool is_right(const struct thing *thing, int accepted, const char *now) {
        if (str_eq(now, accepted < 0 ? thing->before : thing->attempts[accepted].text))
                return true;
        for (size_t i = (size_t)(accepted + 1); i < thing->n_attempts; i++)
                if (str_eq(now, thing->attempts[i].text))
                        return true;
        return false;
}

static bool was_ever(const struct thing *thing, const char *now) {
        if (!now || str_eq(now, thing->before))
                return true;
        for (size_t i = 0; i < thing->n_attempts; i++)
                if (str_eq(now, thing->attempts[i].text))
                        return true;
        return false;
}

static void complain(const struct thing *thing, const char *what, const char *now) {
        printf("# %s: %s %s\n#   before: %.60s\n", what, sort_names[thing->sort], thing->name,
               thing->before ? thing->before : "(none)");
        for (size_t i = 0; i < thing->n_attempts; i++)
                printf("#   tried:  %.60s: %s\n",
                       thing->attempts[i].text ? thing->attempts[i].text : "(removal)",
                       thing->attempts[i].result ? strerror(-thing->attempts[i].result)
                                                 : "accepted");
        printf("#   cloud:  %.60s\n", now ? now : "(none)");
}

static void check_thing(struct ledger *ledger, struct thing *thing, const struct truth *truth) {
        const char *now = NULL;
        size_t count = truth_find(truth, thing->sort, thing->name, &now);
        int accepted = last_accepted(thing);

        if (count > 1) {
                ledger->doubled++;
                complain(thing, "doubled", now);
        }
        if (!was_ever(thing, now)) {
                ledger->wrong++;
                complain(thing, "wrong bytes", now);
        } else if (!is_right(thing, accepted, now)) {
                if (accepted >= 0 && is_kept(thing, thing->attempts[accepted].text)) {
                        ledger->kept++;
                } else {
                        ledger->lost++;
                        complain(thing, "lost", now);
                }
        }
        /* One of which nobody knows is in doubt: it may be refused or decided at any time. */
        if (!now ||
            (thing->attempts[thing->n_attempts - 1].result != 0 && thing->sort != SORT_PROPERTIES))
                thing->is_closed = true;
        for (size_t i = 0; i < thing->n_attempts; i++)
                free(thing->attempts[i].text);
        thing->n_attempts = 0;
        free(thing->before);
        thing->before = x_strdup(now);
}

void ledger_check(struct ledger *ledger) {
        struct truth truth;

        truth_read(&truth);
        for (size_t i = 0; i < ledger->count; i++)
                if (ledger->things[i].n_attempts)
                        check_thing(ledger, &ledger->things[i], &truth);
        truth_done(&truth);
}

void ledger_done(struct ledger *ledger) {
        for (size_t i = 0; i < ledger->count; i++) {
                free(ledger->things[i].before);
                for (size_t j = 0; j < ledger->things[i].n_attempts; j++)
                        free(ledger->things[i].attempts[j].text);
        }
        free(ledger->things);
}
