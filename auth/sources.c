/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/sources.h"

#include "auth/secret.h"
#include "base/text.h"

/** home_path() - a path below the home directory, owned by the caller; -ENOENT without one. */
int home_path(const char *rest, char **ret) {
        const char *home = getenv("HOME");

        if (text_is_empty(home) || *home != '/')
                return -ENOENT;
        return text_format(ret, "%s/%s", home, rest);
}

/** environment_first() - the first of these variables that is set and not empty, or NULL. */
const char *environment_first(const char *const *names, const char **ret_name) {
        for (; *names; names++) {
                const char *value = getenv(*names);

                if (!text_is_empty(value)) {
                        if (ret_name)
                                *ret_name = *names;
                        return value;
                }
        }
        return NULL;
}

/* The variables, the stronger first (conventions of the SDKs and the Terraform provider). */
static const char *const security_tokens[] = { "HW_SECURITY_TOKEN", NULL };
static const char *const users[] = { "HW_USER_NAME", "OS_USERNAME", NULL };
static const char *const passwords[] = { "HW_USER_PASSWORD", "OS_PASSWORD", NULL };
static const char *const tokens[] = { "HW_AUTH_TOKEN", "OS_AUTH_TOKEN", NULL };
static const char *const domains[] = { "HW_DOMAIN_NAME", "OS_DOMAIN_NAME", "OS_USER_DOMAIN_NAME",
                                       "OS_PROJECT_DOMAIN_NAME", NULL };
static const char *const domain_ids[] = {
        "HUAWEICLOUD_SDK_DOMAIN_ID", "HW_DOMAIN_ID",         "OS_DOMAIN_ID",
        "OS_USER_DOMAIN_ID",         "OS_PROJECT_DOMAIN_ID", NULL
};
static const char *const regions[] = { "HW_REGION_NAME", "OS_REGION_NAME",
                                       "HUAWEICLOUD_SDK_REGION_ID", NULL };
static const char *const iam_urls[] = { "HUAWEICLOUD_SDK_IAM_ENDPOINT", "HW_AUTH_URL",
                                        "OS_AUTH_URL", NULL };
static const char *const agencies[] = { "HW_ASSUME_ROLE_AGENCY_NAME", "OS_AGENCY_NAME", NULL };
static const char *const providers[] = {
        "HUAWEICLOUD_SDK_IDP_ID",  "HUAWEICLOUD_SDK_ID_TOKEN_FILE", "HW_ASSUME_ROLE_IDP_ID",
        "HW_ASSUME_ROLE_ID_TOKEN", "HW_ASSUME_ROLE_ID_TOKEN_FILE",  NULL
};
static const char *const pods[] = { "HC_CONTAINER_CREDENTIALS_FULL_URI", NULL };
static const char *const enterprise_projects[] = { "HW_ENTERPRISE_PROJECT_ID", NULL };
static const char *const clouds[] = { "HW_CLOUD", NULL };
static const char *const ca_files[] = { "OS_CACERT", NULL };

static int set(char **member, const char *value) {
        char *text;

        if (!value || *member)
                return 0;
        text = strdup(value);
        if (!text)
                return -ENOMEM;
        *member = text;
        return 0;
}

static int set_origin(struct account *account, const char *first, const char *second) {
        char *text;

        if (text_format(&text, "environment (%s, %s)", first, second) < 0)
                return -ENOMEM;
        free(account->origin);
        account->origin = text;
        return 0;
}

/* Two variables of which one is worth nothing without the other. */
static int take_pair(struct op *op, struct account *account, const char *const *first,
                     char **first_member, const char *const *second, char **second_member) {
        const char *a_name = *first, *b_name = *second;
        const char *a = environment_first(first, &a_name);
        const char *b = environment_first(second, &b_name);
        int r;

        if (!a && !b)
                return 0;
        if (!a || !b)
                return op_fail(op, EINVAL, "the environment has %s but not %s", a ? a_name : b_name,
                               a ? b_name : a_name);
        r = set(first_member, a);
        if (r == 0)
                r = set(second_member, b);
        if (r == 0)
                r = set_origin(account, a_name, b_name);
        return r < 0 ? r : 1;
}

static int take_keys(struct op *op, struct account *account) {
        static const char *const sdk_ak[] = { "HUAWEICLOUD_SDK_AK", NULL };
        static const char *const sdk_sk[] = { "HUAWEICLOUD_SDK_SK", NULL };
        static const char *const ak[] = { "HW_ACCESS_KEY", "OS_ACCESS_KEY", NULL };
        static const char *const sk[] = { "HW_SECRET_KEY", "OS_SECRET_KEY", NULL };
        int r;

        r = take_pair(op, account, sdk_ak, &account->ak, sdk_sk, &account->sk);
        if (r > 0 && !text_is_empty(getenv("HUAWEICLOUD_SDK_SECURITY_TOKEN")))
                r = set(&account->security_token, getenv("HUAWEICLOUD_SDK_SECURITY_TOKEN"));
        if (r != 0 || account->ak)
                return r < 0 ? r : 1;
        r = take_pair(op, account, ak, &account->ak, sk, &account->sk);
        if (r <= 0)
                return r;
        r = set(&account->security_token, environment_first(security_tokens, NULL));
        return r < 0 ? r : 1;
}

/* A user with a password, or a token that somebody fetched. */
static int take_login(struct op *op, struct account *account) {
        const char *name = NULL, *token;
        int r;

        r = take_pair(op, account, users, &account->user, passwords, &account->password);
        if (r < 0)
                return r;
        if (r > 0 && !account->domain && !environment_first(domains, NULL))
                return op_fail(op, EINVAL,
                               "the environment has a user and a password but not the name of "
                               "their account%s: set HW_DOMAIN_NAME",
                               environment_first(domain_ids, NULL) ? ", whose id is not enough"
                                                                   : "");
        if (r > 0)
                return 1;
        token = environment_first(tokens, &name);
        if (!token)
                return 0;
        r = set(&account->token, token);
        if (r == 0)
                r = text_format(&account->origin, "environment (%s)", name) < 0 ? -ENOMEM : 1;
        return r;
}

static int take_iam(struct account *account) {
        const char *value = environment_first(iam_urls, NULL);

        return value ? account_add_endpoint(account, "iam", NULL, value) : 0;
}

/* Who asks for somebody else's rights must not get to work with his own. */
static int refuse_agency(struct op *op) {
        const char *name = NULL;

        if (!environment_first(agencies, &name))
                return 0;
        return op_fail(op, EOPNOTSUPP,
                       "%s in the environment: acting for an agency is not supported; unset it, or "
                       "give `ak` and `sk` in the configuration",
                       name);
}

/* Ways to log in that others know. @names: variables of which each stands for one. */
static int refuse_unsupported(struct op *op, const char *const *names, const char *what) {
        const char *name = NULL;

        if (!environment_first(names, &name))
                return 0;
        return op_fail(op, EOPNOTSUPP,
                       "%s in the environment: login by %s is not supported; use an access key",
                       name, what);
}

/** source_environment() - HUAWEICLOUD_SDK_*, then HW_* and OS_*, keys before passwords. */
int source_environment(struct op *op, struct account *account) {
        int found, r;

        found = refuse_agency(op);
        if (found == 0)
                found = take_keys(op, account);
        if (found == 0)
                found = take_login(op, account);
        if (found == 0)
                found = refuse_unsupported(op, providers, "an identity provider");
        if (found <= 0)
                return found;
        r = set(&account->domain, environment_first(domains, NULL));
        if (r == 0)
                r = set(&account->domain_id, environment_first(domain_ids, NULL));
        if (r == 0)
                r = set(&account->region, environment_first(regions, NULL));
        if (r == 0)
                r = set(&account->cloud, environment_first(clouds, NULL));
        if (r == 0)
                r = set(&account->enterprise, environment_first(enterprise_projects, NULL));
        if (r == 0)
                r = set(&account->ca_file, environment_first(ca_files, NULL));
        if (r == 0)
                r = take_iam(account);
        return r < 0 ? r : 1;
}

static int none_found(struct op *op, const struct account *account) {
        return op_fail(op, ENOENT,
                       "no credentials for account `%s`: neither in the configuration (ak and sk, "
                       "or user, password and domain), nor in the environment (HUAWEICLOUD_SDK_AK "
                       "and _SK, HW_ACCESS_KEY and HW_SECRET_KEY), ~/.huaweicloud/credentials or "
                       "~/.hcloud/config.json",
                       account->name);
}

static int in_section(struct account *account) {
        return text_format(&account->origin, "%s in %s",
                           account->ak ? "access key" : "user and password", account->source);
}

/* A key that was copied with more than itself would only be refused, and in the end locked. */
static int check_key(struct op *op, const struct account *account, const char *what,
                     const char *key) {
        for (; key && *key; key++)
                if ((unsigned char)*key <= ' ' || *key == 0x7f)
                        return op_fail(op, EINVAL, "the %s of %s has a blank or a line break in it",
                                       what, account->origin);
        return 0;
}

static int check_keys(struct op *op, const struct account *account) {
        int r = check_key(op, account, "access key", account->ak);

        if (r == 0)
                r = check_key(op, account, "secret key", account->sk);
        if (r == 0)
                r = check_key(op, account, "security token", account->security_token);
        return r < 0 ? r : check_key(op, account, "token", account->token);
}

static int find(struct op *op, struct account *account) {
        const char *wanted = account->credentials ? account->credentials : "auto";
        bool any = text_eq(wanted, "auto");
        int r = 0;

        if (account->ak || account->user)
                return in_section(account);
        if (any || text_eq(wanted, "environment"))
                r = source_environment(op, account);
        if (r == 0 && (any || text_starts(wanted, "sdk")))
                r = source_sdk(op, text_starts(wanted, "sdk:") ? wanted + 4 : NULL, account);
        if (r == 0 && (any || text_starts(wanted, "koocli")))
                r = source_koocli(op, text_starts(wanted, "koocli:") ? wanted + 7 : NULL, account);
        if (r == 0 && any) /* the SDKs look there last */
                r = refuse_unsupported(op, pods, "the identity of a pod");
        if (r == 0 && !any)
                return op_fail(op, ENOENT, "no credentials for account `%s` in `credentials = %s`",
                               account->name, wanted);
        if (r == 0)
                return none_found(op, account);
        return r < 0 ? r : 0;
}

int sources_load(struct op *op, struct account *account) {
        int r = find(op, account);

        return r < 0 ? r : check_keys(op, account);
}
