/* SPDX-License-Identifier: Apache-2.0 */
/* KooCLI's ~/.hcloud/config.json: profiles, of which one is the current. */
#include <strings.h>

#include "auth/secret.h"
#include "auth/sources.h"
#include "base/json.h"
#include "base/text.h"

enum { KOOCLI_SIZE_MAX = 1024 * 1024 };

/* Version 7 writes the text "true" where others write a boolean. */
static bool is_encrypted(const struct json *json) {
        const char *text = json_string(json, "/authEncrypt");

        return json_is_true(json, "/authEncrypt") || (text && strcasecmp(text, "true") == 0);
}

static const struct json *find_profile(const struct json *json, const char *name) {
        const struct json *profiles = json_at(json, "/profiles");

        for (size_t i = 0; i < json_count(profiles); i++)
                if (text_eq(json_string(json_item(profiles, i), "/name"), name))
                        return json_item(profiles, i);
        return NULL;
}

static int set(char **member, const char *value) {
        char *text;

        if (text_is_empty(value) || *member)
                return 0;
        text = strdup(value);
        if (!text)
                return -ENOMEM;
        *member = text;
        return 0;
}

static int copy_keys(const struct json *from, const char *ak, const char *sk, const char *token,
                     struct account *account) {
        int r;

        if (text_is_empty(json_string(from, ak)) || text_is_empty(json_string(from, sk)))
                return 0;
        r = set(&account->ak, json_string(from, ak));
        if (r == 0)
                r = set(&account->sk, json_string(from, sk));
        if (r == 0)
                r = set(&account->security_token, json_string(from, token));
        return r < 0 ? r : 1;
}

static int take(struct op *op, const char *path, const char *name, const struct json *profile,
                struct account *account) {
        const char *mode = json_string(profile, "/mode");
        int found, r;

        if (text_eq(mode, "ecsAgency"))
                return op_fail(
                        op, EOPNOTSUPP,
                        "%s: profile `%s` takes its keys from the server's metadata (ecsAgency), "
                        "which is not supported; use a profile with an access key",
                        path, name);
        if (!text_is_empty(json_string(profile, "/agencyName")))
                return op_fail(op, EOPNOTSUPP,
                               "%s: profile `%s` acts for an agency, which is not supported; use a "
                               "profile with an access key",
                               path, name);
        if (text_eq(mode, "SSO"))
                found = copy_keys(profile, "/ssoAuth/stsToken/accessKeyId",
                                  "/ssoAuth/stsToken/secretAccessKey",
                                  "/ssoAuth/stsToken/securityToken", account);
        else
                found = copy_keys(profile, "/accessKeyId", "/secretAccessKey", "/securityToken",
                                  account);
        if (found <= 0)
                return found < 0 ? found
                                 : op_fail(op, EINVAL, "%s: profile `%s` has no access key", path,
                                           name);
        r = set(&account->domain_id, json_string(profile, "/domainId"));
        if (r == 0)
                r = set(&account->region, json_string(profile, "/region"));
        if (r == 0 && text_format(&account->origin, "profile %s of %s", name, path) < 0)
                r = -ENOMEM;
        return r < 0 ? r : 1;
}

/** source_koocli_parse() - the text of config.json. @profile: NULL for the current one. */
int source_koocli_parse(struct op *op, const char *path, const char *text, size_t len,
                        const char *profile, struct account *account) {
        _cleanup_(json_freep) struct json *json = NULL;
        struct json_error error;
        const struct json *found;
        bool named = profile;
        int r;

        r = json_parse(text, len, &json, &error);
        if (r == -EBADMSG)
                return op_fail(op, EINVAL, "%s:%zu: no JSON: %s", path, error.line, error.reason);
        if (r < 0)
                return op_fail(op, -r, "%s: %s", path, strerror(-r));
        if (!profile) {
                profile = json_string(json, "/current");
                named = profile && json_count(json_at(json, "/profiles")) > 0;
        }
        if (!profile)
                profile = "default";
        found = find_profile(json, profile);
        if (!found && !named)
                return 0;
        if (!found)
                return op_fail(op, ENOENT, "%s: there is no profile `%.64s`", path, profile);
        if (is_encrypted(json))
                return op_fail(op, EACCES,
                               "%s: its keys are encrypted and of use to KooCLI alone; run: "
                               "hcloud configure set --cli-auth-encrypt=false",
                               path);
        return take(op, path, profile, found, account);
}

/* KooCLI has one fixed place; Terraform's provider may be told another. */
static int default_path(char **ret) {
        const char *path = getenv("HW_SHARED_CONFIG_FILE");

        if (text_is_empty(path))
                return home_path(".hcloud/config.json", ret);
        if (text_starts(path, "~/"))
                return home_path(path + 2, ret);
        *ret = strdup(path);
        return *ret ? 0 : -ENOMEM;
}

/** source_koocli() - a profile of KooCLI; NULL for HW_PROFILE, or the current one. */
int source_koocli(struct op *op, const char *profile, struct account *account) {
        const char *from_environment = getenv("HW_PROFILE");
        _cleanup_(freep) char *path = NULL;
        struct stat st;
        char *text;
        size_t len;
        int r;

        r = default_path(&path);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        r = secret_file_load(op, path, KOOCLI_SIZE_MAX, &text, &len, &st);
        if (r == -ENOENT && !profile && text_is_empty(getenv("HW_SHARED_CONFIG_FILE"))) {
                op_clear(op);
                return 0;
        }
        if (r < 0)
                return r;
        if (!profile && !text_is_empty(from_environment))
                profile = from_environment;
        r = secret_file_check(op, path, &st);
        if (r == 0)
                r = source_koocli_parse(op, path, text, len, profile, account);
        explicit_bzero(text, len);
        free(text);
        return r;
}
