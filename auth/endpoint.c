/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/endpoint.h"

#include "auth/keys.h"
#include "auth/sources.h"
#include "base/text.h"

/**
 * endpoint_expand() - put the region in place of each `{region}`; the text is the caller's.
 * Without a region its label goes, as IAM's host without one serves all of them.
 */
int endpoint_expand(const char *template, const char *region, char **ret) {
        struct buf url = BUF_INIT(2048);
        const char *hole;
        int r;

        while ((hole = strstr(template, "{region}"))) {
                (void)buf_add(&url, template, (size_t)(hole - template));
                (void)buf_add_str(&url, region ? region : "");
                template = hole + strlen("{region}");
                if (!region && *template == '.')
                        template += 1;
        }
        r = buf_add_str(&url, template);
        if (r < 0) {
                buf_done(&url);
                return r;
        }
        *ret = buf_steal(&url, NULL);
        return 0;
}

/* `https://iam.cn-north-4.myhuaweicloud.com/v3` is what Terraform calls the authentication URL: the
 * paths of IAM's calls have the version themselves. */
static void cut_version(const char *service, char *url) {
        size_t len = strlen(url);

        while (len > 0 && url[len - 1] == '/')
                url[--len] = '\0';
        if (text_eq(service, "iam") && (text_ends(url, "/v3") || text_ends(url, "/v5")))
                url[len - 3] = '\0';
}

/** account_add_endpoint() - add an address that is weaker than those already there. */
int account_add_endpoint(struct account *account, const char *service, const char *region,
                         const char *url) {
        struct setting *list, setting = { 0 };

        if (account->n_endpoints >= CONFIG_SETTINGS_MAX)
                return -E2BIG;
        list = reallocarray(account->endpoints, account->n_endpoints + 1, sizeof(*list));
        if (!list)
                return -ENOMEM;
        account->endpoints = list;
        if (text_format(&setting.name, "%s%s%s", service, region ? "." : "", region ? region : "") <
            0)
                return -ENOMEM;
        if (text_format(&setting.value, "%s%s", strstr(url, "://") ? "" : "https://", url) < 0) {
                free(setting.name);
                return -ENOMEM;
        }
        list[account->n_endpoints++] = setting;
        return 0;
}

static int expand(const char *service, const char *template, const char *region, char **ret) {
        int r = endpoint_expand(template, region, ret);

        if (r == 0)
                cut_version(service, *ret);
        return r;
}

static bool setting_fits(const struct setting *setting, const char *service, const char *region) {
        size_t len = strlen(service);

        if (strncmp(setting->name, service, len) != 0)
                return false;
        if (!setting->name[len])
                return true;
        return region && setting->name[len] == '.' && text_eq(setting->name + len + 1, region);
}

static int print(char **ret, const char *service, const char *region, const char *suffix) {
        if (region)
                return text_format(ret, "https://%s.%s.%s", service, region, suffix);
        return text_format(ret, "https://%s.%s", service, suffix);
}

/* The vendor's cloud, by table: IAM is everywhere and UCS is at one place. */
static int from_table(const char *service, const char *region, char **ret) {
        const char *suffix = region ? region_suffix(service, region) : NULL;

        if (suffix)
                return print(ret, service, region, suffix);
        if (text_eq(service, "iam") || text_eq(service, "ucs"))
                return print(ret, service, NULL, CLOUD_DEFAULT);
        return -ENOENT;
}

static int unknown(struct op *op, const struct account *account, const char *service,
                   const char *region) {
        if (text_eq(service, "ems"))
                return op_fail(op, ENOENT,
                               "EMS has no public address: set endpoint.ems for account `%s` in "
                               "the configuration",
                               account->name);
        if (!region)
                return op_fail(op, ENOENT,
                               "no address is known for %s: set endpoint.%s for account `%s` in "
                               "the configuration",
                               service, service, account->name);
        return op_fail(op, ENOENT,
                       "no address is known for %s in region `%s`: if the service is there, set "
                       "endpoint.%s.%s for account `%s` in the configuration",
                       service, region, service, region, account->name);
}

/**
 * endpoint_find() - the base URL of a service.
 * @region: NULL for global services, and for IAM when any of its hosts will do.
 * @ret: without a final slash, owned by the caller.
 *
 * Configured addresses come first. An own `cloud` is addressed as Huawei Cloud is, by
 * `<service>.<region>.<cloud>`; for Huawei Cloud itself the tables decide.
 * Returns 0, or -ENOENT with the reason where no address is known.
 */
int endpoint_find(struct op *op, const struct account *account, const char *service,
                  const char *region, char **ret) {
        int r = -ENOENT;

        if (text_eq(service, "ucs"))
                region = NULL;
        for (size_t i = 0; i < account->n_endpoints; i++)
                if (setting_fits(&account->endpoints[i], service, region))
                        return expand(service, account->endpoints[i].value, region, ret);
        if (region && !key_is_region(region))
                return op_fail(op, ENOENT, "`%s` is no region's name", region);
        if (!account->cloud || text_eq(account->cloud, CLOUD_DEFAULT))
                r = from_table(service, region, ret);
        else if (region || text_eq(service, "iam") || text_eq(service, "ucs"))
                r = print(ret, service, region, account->cloud);
        return r == -ENOENT ? unknown(op, account, service, region) : r;
}
