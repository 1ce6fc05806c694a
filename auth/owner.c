/* SPDX-License-Identifier: Apache-2.0 */
/* Whose answers and changes an account's are, told before any request: hashes, for files that
 * outlive a mount. */
#include "auth/auth-internal.h"

#include "auth/endpoint.h"
#include "base/text.h"
#include "http/target.h"

enum { TEXT_BYTES_MAX = 1024 * 1024 };

/* One fact a line; a length before each makes two different lists two different texts. */
static void add(struct buf *buf, const char *name, const char *value) {
        if (value)
                (void)buf_printf(buf, "%s %zu %s\n", name, strlen(value), value);
}

/* On this machine a port is another after each start of what listens there, a tunnel for one, and
 * leads to the same servers: it is left out if @is_exact does not ask for it. */
static void add_address(struct buf *buf, const char *name, const char *value, bool is_exact) {
        const char *scheme = value ? strstr(value, "://") : NULL;
        const char *begin = scheme ? scheme + strlen("://") : value, *port;
        _cleanup_(freep) char *host = NULL;
        _cleanup_(freep) char *text = NULL;

        if (!value || is_exact) {
                add(buf, name, value);
                return;
        }
        port = begin + strcspn(begin, *begin == '[' ? "]/" : ":/");
        port += *port == ']';
        host = *port == ':' ? strndup(begin, (size_t)(port - begin)) : NULL;
        if (!host || !host_is_loopback(host)) {
                add(buf, name, value);
                return;
        }
        (void)text_format(&text, "%.*s%s", (int)(port - value), value,
                          port + 1 + strspn(port + 1, "0123456789"));
        add(buf, name, text ? text : value);
}

static int finish(struct buf *buf, char ret[DIGEST_HEX_SIZE]) {
        int r = buf->error;

        if (r == 0)
                digest_sha256_hex(buf_str(buf), buf->len, ret);
        buf_done(buf);
        return r;
}

/* Where requests go. The region only chooses the IAM that is asked, so it is none of this. */
static int hash_place(const struct account *account, bool is_exact, char ret[DIGEST_HEX_SIZE]) {
        struct buf text = BUF_INIT(TEXT_BYTES_MAX);

        (void)buf_printf(&text, "type %d\n", (int)account->type);
        add_address(&text, "cloud", account->cloud ? account->cloud : CLOUD_DEFAULT, is_exact);
        for (size_t i = 0; i < account->n_endpoints; i++)
                add_address(&text, account->endpoints[i].name, account->endpoints[i].value,
                            is_exact);
        add_address(&text, "registry", account->registry, is_exact);
        add_address(&text, "config", account->config_url, is_exact);
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
        char place[DIGEST_HEX_SIZE];
        int r;

        r = hash_place(auth->account, true, place);
        if (r == 0)
                r = hash_place(auth->account, false, owner.place);
        if (r == 0)
                r = hash_key(auth->account, owner.key);
        if (r < 0)
                return r;
        add(&text, "place", place);
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
