/* SPDX-License-Identifier: Apache-2.0 */
/* Whose answers and changes an account's are, told before any request: hashes, for files that
 * outlive a mount. */
#include "auth/auth-internal.h"

#include "auth/endpoint.h"
#include "base/text.h"

enum { TEXT_BYTES_MAX = 1024 * 1024 };

/* One fact a line; a length before each makes two different lists two different texts. */
static void add(struct buf *buf, const char *name, const char *value) {
        if (value)
                (void)buf_printf(buf, "%s %zu %s\n", name, strlen(value), value);
}

static int finish(struct buf *buf, char ret[DIGEST_HEX_SIZE]) {
        int r = buf->error;

        if (r == 0)
                digest_sha256_hex(buf_str(buf), buf->len, ret);
        buf_done(buf);
        return r;
}

/* Where requests go. The region only chooses the IAM that is asked, so it is none of this. */
static int hash_place(const struct account *account, char ret[DIGEST_HEX_SIZE]) {
        struct buf text = BUF_INIT(TEXT_BYTES_MAX);

        (void)buf_printf(&text, "type %d\n", (int)account->type);
        add(&text, "cloud", account->cloud ? account->cloud : CLOUD_DEFAULT);
        for (size_t i = 0; i < account->n_endpoints; i++)
                add(&text, account->endpoints[i].name, account->endpoints[i].value);
        add(&text, "registry", account->registry);
        add(&text, "config", account->config_url);
        add(&text, "kubeconfig", account->kubeconfig);
        add(&text, "context", account->context);
        return finish(&text, ret);
}

/* Who asks. Passwords and secret keys are none of it: they change and the user does not. */
static int hash_key(const struct account *account, char ret[DIGEST_HEX_SIZE]) {
        struct buf text = BUF_INIT(TEXT_BYTES_MAX);
        char token[DIGEST_HEX_SIZE] = "";

        if (account->token)
                digest_sha256_hex(account->token, strlen(account->token), token);
        add(&text, "ak", account->ak);
        if (!account->ak) {
                add(&text, "user", account->user);
                add(&text, "token", token);
                add(&text, "domain", account->domain);
                add(&text, "domain_id", account->domain_id);
        }
        add(&text, "engine_user", account->engine_user);
        return finish(&text, ret);
}

/**
 * auth_owner() - whose an account's answers and changes are, by its settings alone.
 * Returns 0 or -ENOMEM.
 */
int auth_owner(const struct auth *auth, struct auth_owner *ret) {
        struct buf text = BUF_INIT(TEXT_BYTES_MAX);
        struct auth_owner owner;
        int r;

        r = hash_place(auth->account, owner.place);
        if (r == 0)
                r = hash_key(auth->account, owner.key);
        if (r < 0)
                return r;
        add(&text, "place", owner.place);
        add(&text, "key", owner.key);
        add(&text, "region", auth_iam_region(auth));
        add(&text, "enterprise_project", auth->account->enterprise);
        r = finish(&text, owner.all);
        if (r == 0)
                *ret = owner;
        return r;
}

/** auth_domain_mark() - a hash of the cloud account's id. 0, or -ENODATA as long as it is not
 * known. */
int auth_domain_mark(struct auth *auth, char ret[DIGEST_HEX_SIZE]) {
        int r = -ENODATA;

        (void)pthread_mutex_lock(&auth->lock);
        if (auth->domain_id) {
                digest_sha256_hex(auth->domain_id, strlen(auth->domain_id), ret);
                r = 0;
        }
        (void)pthread_mutex_unlock(&auth->lock);
        return r;
}
