/* SPDX-License-Identifier: Apache-2.0 */
/* What people may know of how we are logged in. */
#include "auth/auth-internal.h"

#include "auth/secret.h"
#include "base/stamp.h"
#include "base/text.h"

static const char *type_name(enum account_type type) {
        switch (type) {
        case ACCOUNT_CLOUD:
                return "account";
        case ACCOUNT_SERVICECOMB:
                return "servicecomb";
        case ACCOUNT_KUBERNETES:
                return "kubernetes";
        }
        return "";
}

static const char *login_name(const struct account *account) {
        if (account->ak)
                return account->security_token ? "temporary access key" : "access key";
        if (account->user)
                return "user and password";
        return account->token ? "token" : "none";
}

static int set_short(struct json *object, const char *name, const char *text) {
        char shown[8];

        if (text_is_empty(text))
                return 0;
        secret_shorten(text, shown);
        return json_set_string(object, name, shown);
}

static int set_known(struct json *object, const char *name, const char *text) {
        return text_is_empty(text) ? 0 : json_set_string(object, name, text);
}

/* When the longest of the account's own tokens ends. */
static int set_expiry(struct auth *auth, struct json *object) {
        int64_t left = tokens_left_ms(auth->tokens, "iam/");
        char text[STAMP_TEXT_SIZE];

        if (left < 0)
                return 0;
        stamp_format((stamp_now_ms() + left) / 1000, text);
        return json_set_string(object, "token_until", text);
}

/* What troubles nobody is not told: it is measured a little differently each time, and what this is
 * shown in would never stay as it is. */
static int set_clock(struct auth *auth, struct json *object) {
        bool is_corrected;
        int64_t skew;
        int r;

        if (!auth_skew(auth, &skew, &is_corrected) || llabs(skew) <= SKEW_WARN_S)
                return 0;
        r = json_set_int(object, "clock_skew_s", skew);
        if (r == 0)
                r = json_set_string(object, "warning",
                                    is_corrected
                                            ? "this machine's clock is wrong; requests are signed "
                                              "with the server's time"
                                            : "this machine's clock is wrong");
        return r;
}

/* Lock held. */
static int set_state(struct auth *auth, struct json *object) {
        int r;

        r = set_known(object, "domain", auth->domain_name);
        if (r == 0)
                r = set_known(object, "domain_id", auth->domain_id);
        if (r == 0 && stamp_monotonic_ms() < auth->stopped_ms)
                r = json_set_string(object, "stopped", auth->stop_reason);
        return r;
}

/**
 * auth_describe() - how we are logged in: `{"type", "login", "origin", "access_key", "user",
 * "domain", "domain_id", "token_until", "clock_skew_s", "warning", "stopped"}`, each where it
 * applies; no secret, keys and users by their first four characters.
 * @ret: the caller's. Returns 0 or -ENOMEM.
 */
int auth_describe(struct auth *auth, struct json **ret) {
        _cleanup_(identity_unrefp) struct identity *identity = auth_identity(auth);
        _cleanup_(json_freep) struct json *object = json_new_object();
        const struct account *account = identity->account;
        int r;

        if (!object)
                return -ENOMEM;
        r = json_set_string(object, "type", type_name(account->type));
        if (r == 0)
                r = json_set_string(object, "login", login_name(account));
        if (r == 0)
                r = set_known(object, "origin", account->origin);
        if (r == 0)
                r = set_short(object, "access_key", account->ak);
        if (r == 0)
                r = set_short(object, "user", account->user);
        if (r == 0)
                r = set_expiry(auth, object);
        if (r == 0)
                r = set_clock(auth, object);
        if (r < 0)
                return r;
        (void)pthread_mutex_lock(&auth->lock);
        r = set_state(auth, object);
        (void)pthread_mutex_unlock(&auth->lock);
        if (r < 0)
                return r;
        *ret = STEAL(object);
        return 0;
}
