/* SPDX-License-Identifier: Apache-2.0 */
/* The SDKs' profile file ~/.huaweicloud/credentials: sections [basic] and [global]. */
#include "auth/ini.h"
#include "auth/secret.h"
#include "auth/sources.h"
#include "base/text.h"

/* What one of the two sections has. */
struct profile {
        char *ak, *sk, *security_token;
        char *iam_endpoint, *domain_id;
        bool is_federated;
};

struct profiles {
        struct profile basic, global;
};

static void profile_done(struct profile *profile) {
        profile->ak = secret_free(profile->ak);
        profile->sk = secret_free(profile->sk);
        profile->security_token = secret_free(profile->security_token);
        profile->iam_endpoint = secret_free(profile->iam_endpoint);
        profile->domain_id = secret_free(profile->domain_id);
}

static void profiles_done(struct profiles *profiles) {
        profile_done(&profiles->basic);
        profile_done(&profiles->global);
}

static int set(char **member, const char *value) {
        char *text;

        if (!*value)
                return 0;
        text = strdup(value);
        if (!text)
                return -ENOMEM;
        (void)secret_free(*member);
        *member = text;
        return 0;
}

/* Other sections and keys are the SDKs' own business. */
static int on_entry(void *data, struct op *op, const struct ini_entry *entry) {
        struct profiles *profiles = data;
        struct profile *profile;

        (void)op;
        if (text_eq(entry->section, "basic"))
                profile = &profiles->basic;
        else if (text_eq(entry->section, "global"))
                profile = &profiles->global;
        else
                return 0;
        if (!entry->name)
                return 0;
        if (text_eq(entry->name, "ak"))
                return set(&profile->ak, entry->value);
        if (text_eq(entry->name, "sk"))
                return set(&profile->sk, entry->value);
        if (text_eq(entry->name, "security_token"))
                return set(&profile->security_token, entry->value);
        if (text_eq(entry->name, "iam_endpoint"))
                return set(&profile->iam_endpoint, entry->value);
        if (text_eq(entry->name, "domain_id"))
                return set(&profile->domain_id, entry->value);
        if (text_eq(entry->name, "idp_id") || text_eq(entry->name, "id_token_file"))
                profile->is_federated = true;
        return 0;
}

/*
 * One key serves both kinds of service: a key belongs to a user, and what it may do is decided by
 * the user's permissions. So [basic]'s, or the only one there is.
 */
static int take(struct op *op, const char *path, struct profiles *profiles,
                struct account *account) {
        bool basic = profiles->basic.ak && profiles->basic.sk;
        struct profile *profile = basic ? &profiles->basic : &profiles->global;
        int r = 0;

        if (!profile->ak != !profile->sk || (!profile->ak && profiles->basic.ak))
                return op_fail(op, EINVAL, "%s: `ak` and `sk` belong together", path);
        if (!profile->ak && (profiles->basic.is_federated || profiles->global.is_federated))
                return op_fail(op, EOPNOTSUPP,
                               "%s: login by an identity provider (idp_id) is not "
                               "supported; use an access key",
                               path);
        if (!profile->ak)
                return 0;
        account->ak = STEAL(profile->ak);
        account->sk = STEAL(profile->sk);
        account->security_token = STEAL(profile->security_token);
        if (!account->domain_id)
                account->domain_id = STEAL(profiles->global.domain_id);
        if (profile->iam_endpoint)
                r = account_add_endpoint(account, "iam", NULL, profile->iam_endpoint);
        if (r == 0 &&
            text_format(&account->origin, "%s [%s]", path, basic ? "basic" : "global") < 0)
                r = -ENOMEM;
        return r < 0 ? r : 1;
}

/** source_sdk_parse() - the text of a profile file; it is cut up in place. */
int source_sdk_parse(struct op *op, const char *path, char *text, size_t len,
                     struct account *account) {
        struct profiles profiles = { 0 };
        int r;

        r = ini_read(op, path, text, len, on_entry, &profiles);
        if (r == 0)
                r = take(op, path, &profiles, account);
        profiles_done(&profiles);
        return r;
}

static int default_path(char **ret) {
        const char *path = getenv("HUAWEICLOUD_SDK_CREDENTIALS_FILE");

        if (text_is_empty(path))
                return home_path(".huaweicloud/credentials", ret);
        *ret = strdup(path);
        return *ret ? 0 : -ENOMEM;
}

/** source_sdk() - the profile file at @path, or at the SDKs' place. */
int source_sdk(struct op *op, const char *path, struct account *account) {
        _cleanup_(freep) char *own = NULL;
        struct stat st;
        char *text;
        size_t len;
        int r;

        if (!path) {
                r = default_path(&own);
                if (r < 0)
                        return r == -ENOENT ? 0 : r;
                path = own;
        }
        r = secret_file_load(op, path, INI_SIZE_MAX, &text, &len, &st);
        if (r == -ENOENT && own && text_is_empty(getenv("HUAWEICLOUD_SDK_CREDENTIALS_FILE"))) {
                op_clear(op);
                return 0;
        }
        if (r < 0)
                return r;
        r = secret_file_check(op, path, &st);
        if (r == 0)
                r = source_sdk_parse(op, path, text, len, account);
        explicit_bzero(text, len);
        free(text);
        return r;
}
