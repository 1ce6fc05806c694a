/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/keys.h"

#include "base/log.h"
#include "base/text.h"

#define ANY_ACCOUNT (SECTION_ACCOUNT | SECTION_SERVICECOMB | SECTION_KUBERNETES)
#define AT(member) .offset = offsetof(struct account, member)

const struct key_row key_rows[] = {
        { .name = "access", .sections = SECTION_MOUNT, .form = FORM_ACCESS,
          .normal = "read-write", .example = "read-only" },
        { .name = "allow_other", .sections = SECTION_MOUNT, .form = FORM_YES,
          .normal = "no", .example = "yes" },
        { .name = "cache_dir", .sections = SECTION_MOUNT, .form = FORM_PATH,
          .normal = "~/.cache/hcloudfs", .example = "/var/cache/hcloudfs" },
        { .name = "state_dir", .sections = SECTION_MOUNT, .form = FORM_PATH,
          .normal = "~/.local/state/hcloudfs", .example = "/var/lib/hcloudfs" },
        { .name = "log_level", .sections = SECTION_MOUNT, .form = FORM_LEVEL,
          .normal = "warning", .example = "info" },
        { .name = "ttl", .sections = SECTION_MOUNT, .form = FORM_NUMBER,
          .min = 1, .max = 86400, .normal = "60", .example = "300" },
        { .name = "connect_timeout", .sections = SECTION_MOUNT, .form = FORM_NUMBER,
          .min = 1, .max = 300, .normal = "5", .example = "10" },
        { .name = "request_timeout", .sections = SECTION_MOUNT, .form = FORM_NUMBER,
          .min = 1, .max = 3600, .normal = "30", .example = "60" },
        { .name = "operation_timeout", .sections = SECTION_MOUNT, .form = FORM_NUMBER,
          .min = 1, .max = 86400, .normal = "60", .example = "120" },
        { .name = "connections", .sections = SECTION_MOUNT, .form = FORM_NUMBER,
          .min = 1, .max = 256, .normal = "32", .example = "8" },
        { .name = "rate", .sections = SECTION_MOUNT, .form = FORM_NUMBER,
          .min = 1, .max = 100000, .normal = "100", .example = "20" },
        { .name = "burst", .sections = SECTION_MOUNT, .form = FORM_NUMBER,
          .min = 1, .max = 100000, .normal = "100", .example = "50" },
        { .name = "retries", .sections = SECTION_MOUNT, .form = FORM_NUMBER, .max = 20,
          .normal = "3", .example = "5" },
        { .name = "deletions_per_minute", .sections = SECTION_MOUNT, .form = FORM_NUMBER,
          .max = 1000, .normal = "5", .example = "20" },
        { .name = "prefetch", .sections = SECTION_MOUNT, .form = FORM_YES,
          .normal = "yes", .example = "no" },

        { .name = "credentials", .sections = SECTION_ACCOUNT, .form = FORM_SOURCE, AT(credentials),
          .normal = "auto", .example = "koocli:production" },
        { .name = "ak", .sections = SECTION_ACCOUNT, .form = FORM_TEXT, AT(ak),
          .may_refer = true, .normal = "", .example = "HPUAEXAMPLE0KEY" },
        { .name = "sk", .sections = SECTION_ACCOUNT, .form = FORM_TEXT, AT(sk),
          .is_secret = true, .may_refer = true, .normal = "", .example = "…" },
        { .name = "security_token", .sections = SECTION_ACCOUNT, .form = FORM_TEXT,
          AT(security_token), .is_secret = true, .may_refer = true, .normal = "",
          .example = "…" },
        { .name = "user", .sections = SECTION_ACCOUNT | SECTION_SERVICECOMB, .form = FORM_TEXT,
          AT(user), .may_refer = true, .normal = "", .example = "backup" },
        { .name = "password", .sections = SECTION_ACCOUNT | SECTION_SERVICECOMB,
          .form = FORM_TEXT, AT(password), .is_secret = true, .may_refer = true,
          .normal = "", .example = "…" },
        { .name = "domain", .sections = SECTION_ACCOUNT, .form = FORM_TEXT, AT(domain),
          .may_refer = true, .normal = "", .example = "my-company" },
        { .name = "domain_id", .sections = SECTION_ACCOUNT, .form = FORM_TEXT, AT(domain_id),
          .normal = "looked up", .example = "f9e8d7c6b5a493827160f5e4d3c2b1a0" },
        { .name = "engine_user", .sections = SECTION_ACCOUNT, .form = FORM_TEXT, AT(engine_user),
          .may_refer = true, .normal = "", .example = "root" },
        { .name = "engine_password", .sections = SECTION_ACCOUNT, .form = FORM_TEXT,
          AT(engine_password), .is_secret = true, .may_refer = true, .normal = "",
          .example = "…" },
        { .name = "projects", .sections = SECTION_ACCOUNT, .form = FORM_LIST, AT(projects),
          .normal = "all", .example = "cn-north-4, cn-north-4_analytics" },
        { .name = "services", .sections = SECTION_ACCOUNT, .form = FORM_SERVICES, AT(services),
          .normal = "all", .example = "dws, cse" },
        { .name = "enterprise_project_id", .sections = SECTION_ACCOUNT, .form = FORM_TEXT,
          AT(enterprise), .normal = "that of the default one",
          .example = "all_granted_eps" },
        { .name = "region", .sections = SECTION_ACCOUNT, .form = FORM_TEXT, AT(region),
          .normal = "that of the first project", .example = "cn-north-4" },
        { .name = "cloud", .sections = SECTION_ACCOUNT, .form = FORM_HOST, AT(cloud),
          .normal = "myhuaweicloud.com", .example = "cloud.example.com" },
        { .name = "endpoint.<service>", .sections = SECTION_ACCOUNT, .form = FORM_URL,
          .normal = "by table", .example = "https://ems.{region}.example.com" },
        { .name = "endpoint.<service>.<region>", .sections = SECTION_ACCOUNT, .form = FORM_URL,
          .normal = "by table", .example = "https://10.1.2.3:8443" },
        { .name = "registry", .sections = SECTION_SERVICECOMB, .form = FORM_URL, AT(registry),
          .normal = "", .example = "http://127.0.0.1:30100" },
        { .name = "config", .sections = SECTION_SERVICECOMB, .form = FORM_URL, AT(config_url),
          .normal = "", .example = "http://127.0.0.1:30110" },
        { .name = "kubeconfig", .sections = SECTION_KUBERNETES, .form = FORM_PATH, AT(kubeconfig),
          .normal = "~/.kube/config", .example = "~/.kube/production" },
        { .name = "context", .sections = SECTION_KUBERNETES, .form = FORM_TEXT, AT(context),
          .normal = "the current one", .example = "production" },
        { .name = "ca_file", .sections = SECTION_ACCOUNT | SECTION_SERVICECOMB, .form = FORM_PATH,
          AT(ca_file), .normal = "the system's", .example = "/etc/ssl/my-ca.pem" },
        { .name = "verify_engine", .sections = SECTION_ACCOUNT | SECTION_SERVICECOMB,
          .form = FORM_YES, AT(verify_engine),
          .normal = "yes in [servicecomb], else no", .example = "yes" },
        { .name = "allow_plain", .sections = SECTION_ACCOUNT | SECTION_SERVICECOMB,
          .form = FORM_YES, AT(allow_plain), .normal = "no", .example = "yes" },
        { .name = "access", .sections = ANY_ACCOUNT, .form = FORM_ACCESS, AT(access),
          .normal = "read-write", .example = "read-only" },
        { .name = "allow_delete", .sections = ANY_ACCOUNT, .form = FORM_ALLOW, AT(allow_delete),
          .normal = "documents", .example = "all" },
        { .name = "allow_create", .sections = ANY_ACCOUNT, .form = FORM_ALLOW, AT(allow_create),
          .normal = "all", .example = "documents" },
};
const size_t n_key_rows = ELEMENTSOF(key_rows);
_Static_assert(ELEMENTSOF(key_rows) <= KEY_ROWS_MAX, "more rows than a section remembers");

static const char *const services[] = { "ucs", "dws", "cse", "ems" };

/** key_is_service() - does a directory of the tree have this name? */
bool key_is_service(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(services); i++)
                if (text_eq(services[i], name))
                        return true;
        return false;
}

/* What may have an address of its own: the services, and IAM, which tells who we are. */
static bool has_endpoint(const char *name, size_t len) {
        if (len == 3 && strncmp(name, "iam", 3) == 0)
                return true;
        for (size_t i = 0; i < ELEMENTSOF(services); i++)
                if (strlen(services[i]) == len && strncmp(services[i], name, len) == 0)
                        return true;
        return false;
}

/** key_is_region() - does this look like a region's name, as in `cn-north-4`, `eu-west-101` or, in
 * another cloud, `eu-de`? Words of small letters and digits, of which two begin with a letter. */
bool key_is_region(const char *name) {
        static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
        size_t first = strspn(name, letters), word;

        if (first < 2 || name[first] != '-' || !strspn(name + first + 1, letters))
                return false;
        for (name += first; *name == '-'; name += 1 + word) {
                word = strspn(name + 1, "abcdefghijklmnopqrstuvwxyz0123456789");
                if (!word)
                        return false;
        }
        return !*name;
}

/* Rows of a family match by their fixed beginning and by what may follow. */
static bool matches_family(const char *row, const char *name) {
        size_t fixed = strcspn(row, "<"), service;
        bool with_region = strstr(row, "<region>");

        if (!row[fixed] || strncmp(row, name, fixed) != 0)
                return false;
        name += fixed;
        service = strcspn(name, ".");
        if (!has_endpoint(name, service))
                return false;
        return with_region ? name[service] == '.' && name[service + 1] : !name[service];
}

static bool matches(const struct key_row *row, const char *name, enum key_way *ret_way) {
        static const char *const endings[] = { "", "_file", "_env" };
        size_t len = strlen(row->name);

        if (matches_family(row->name, name)) {
                *ret_way = KEY_PLAIN;
                return true;
        }
        if (strncmp(row->name, name, len) != 0)
                return false;
        for (size_t way = KEY_PLAIN; way <= KEY_ENV; way++) {
                if ((way == KEY_PLAIN || row->may_refer) && text_eq(name + len, endings[way])) {
                        *ret_way = (enum key_way)way;
                        return true;
                }
        }
        return false;
}

/** key_find() - the row of a name in a section and how the name refers to it, or NULL. */
const struct key_row *key_find(enum section section, const char *name, enum key_way *ret_way) {
        for (size_t i = 0; i < n_key_rows; i++)
                if ((key_rows[i].sections & section) && matches(&key_rows[i], name, ret_way))
                        return &key_rows[i];
        return NULL;
}

/** key_section_name() - the first word of a section's head. */
const char *key_section_name(enum section section) {
        switch (section) {
        case SECTION_MOUNT:
                return "mount";
        case SECTION_ACCOUNT:
                return "account";
        case SECTION_SERVICECOMB:
                return "servicecomb";
        case SECTION_KUBERNETES:
                return "kubernetes";
        }
        return "";
}

/**
 * key_is_account_name() - can an account be called this? It becomes a directory, under its own name
 * and not an encoded one: so nothing that the rules of names would change.
 */
bool key_is_account_name(const char *name) {
        size_t len = strlen(name);

        if (len == 0 || len > 64 || *name == '.' || !text_is_utf8(name, len))
                return false;
        for (size_t i = 0; i < len; i++)
                if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f || strchr("/%~", name[i]))
                        return false;
        return true;
}
