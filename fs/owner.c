/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/owner.h"

#include <string.h>

#include "base/text.h"

static const char shelf_path[] = "owner", shelf_name[] = "mark";

/* What stands in the journal: three hashes, the last one `-` while it is not known. */
struct mark {
        char place[DIGEST_HEX_SIZE], key[DIGEST_HEX_SIZE], domain[DIGEST_HEX_SIZE];
};

/* 1 with the mark, 0 if there is none yet, or negative errno. */
static int read_mark(struct journal *journal, struct mark *ret) {
        char *const parts[] = { ret->place, ret->key, ret->domain };
        _cleanup_(freep) char *text = NULL;
        const char *at;
        size_t len;
        int r;

        r = journal_fetch(journal, SHELF_OWNER, shelf_path, shelf_name, &text, &len);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        at = text;
        for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
                size_t part = strcspn(at, " ");

                if (part == 0 || part >= DIGEST_HEX_SIZE)
                        return -EBADMSG;
                memcpy(parts[i], at, part);
                parts[i][part] = '\0';
                at += part + (at[part] == ' ');
        }
        return 1;
}

static int write_mark(struct op *op, struct journal *journal, const struct mark *mark) {
        char text[3 * DIGEST_HEX_SIZE];
        int len = snprintf(text, sizeof(text), "%s %s %s", mark->place, mark->key, mark->domain);

        return journal_put(journal, op,
                           &(struct shelved){
                                   .shelf = SHELF_OWNER,
                                   .path = shelf_path,
                                   .name = shelf_name,
                                   .data = text,
                                   .len = (size_t)len,
                           });
}

/* An access key comes and goes while the cloud account, which the log-in tells, stays. Any user of
 * a server that belongs to no cloud account changes the same things. */
static bool is_same_owner(const struct mark *known, const struct mark *now, enum account_type type,
                          bool is_logged_in) {
        if (!text_eq(known->place, now->place))
                return false;
        if (type != ACCOUNT_CLOUD || text_eq(known->key, now->key))
                return true;
        return is_logged_in && !text_eq(now->domain, "-") && text_eq(known->domain, now->domain);
}

static int refuse(struct op *op, const char *path, unsigned changes, bool is_logged_in) {
        return op_fail(op, EPERM,
                       "the journal %s holds %u change%s for %s: mount with the former settings to "
                       "have them sent or given up, or move %s* away",
                       path, changes, changes == 1 ? "" : "s",
                       is_logged_in ? "other servers or another cloud account"
                                    : "other servers or other credentials",
                       path);
}

int owner_settle(struct op *op, struct journal *journal, struct auth *auth, const char *path,
                 bool is_logged_in) {
        struct mark known = { 0 }, now = { .domain = "-" };
        struct journal_state state;
        struct auth_owner owner;
        bool is_same;
        int r;

        r = auth_owner(auth, &owner);
        if (r < 0)
                return op_fail(op, -r, "out of memory");
        r = read_mark(journal, &known);
        if (r < 0)
                return op_fail(op, -r, "cannot read whose changes %s holds: %s", path,
                               strerror(-r));
        memcpy(now.place, owner.place, sizeof(now.place));
        memcpy(now.key, owner.key, sizeof(now.key));
        if (is_logged_in)
                (void)auth_domain_mark(auth, now.domain);
        is_same = r == 0 || is_same_owner(&known, &now, auth_account(auth)->type, is_logged_in);
        journal_describe(journal, &state);
        if (!is_same && state.pending + state.unknown > 0)
                return refuse(op, path, state.pending + state.unknown, is_logged_in);
        if (is_same && text_eq(known.key, now.key) && text_eq(now.domain, "-"))
                memcpy(now.domain, known.domain, sizeof(now.domain));
        if (text_eq(known.place, now.place) && text_eq(known.key, now.key) &&
            text_eq(known.domain, now.domain))
                return 0;
        return write_mark(op, journal, &now);
}
