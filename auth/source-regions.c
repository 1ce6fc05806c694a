/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses that the SDKs take from HUAWEICLOUD_SDK_REGION_* and ~/.huaweicloud/regions.yaml. */
#include <ctype.h>
#include <unistd.h>
#include <yaml.h>

#include "auth/ini.h"
#include "auth/keys.h"
#include "auth/secret.h"
#include "auth/sources.h"
#include "base/text.h"

static bool is_known(const char *service) {
        return text_eq(service, "iam") || key_is_service(service);
}

static int lower(const char *text, size_t len, char *ret, size_t size) {
        if (len == 0 || len >= size)
                return -EINVAL;
        for (size_t i = 0; i < len; i++)
                ret[i] = text[i] == '_' ? '-' : (char)tolower((unsigned char)text[i]);
        ret[len] = '\0';
        return 0;
}

/* The global service has one address, whatever region it is listed under. */
static int add(struct account *account, const char *service, const char *region, const char *url) {
        return account_add_endpoint(account, service, text_eq(service, "ucs") ? NULL : region, url);
}

/* `HUAWEICLOUD_SDK_REGION_DWS_CN_NORTH_4=https://a,https://b`: the second is a spare, unused. */
static int take_variable(struct account *account, const char *variable) {
        static const char prefix[] = "HUAWEICLOUD_SDK_REGION_";
        char service[16], region[64], url[512];
        const char *rest, *value;
        size_t len, n;

        if (!text_starts(variable, prefix))
                return 0;
        rest = variable + sizeof(prefix) - 1;
        len = strcspn(rest, "_=");
        value = strchr(rest, '=');
        if (!value || rest[len] != '_' || lower(rest, len, service, sizeof(service)) < 0 ||
            lower(rest + len + 1, (size_t)(value - rest) - len - 1, region, sizeof(region)) < 0 ||
            !is_known(service))
                return 0;
        n = strcspn(value + 1, ",");
        if (n == 0 || n >= sizeof(url))
                return 0;
        (void)snprintf(url, sizeof(url), "%.*s", (int)n, value + 1);
        return add(account, service, region, url);
}

static const char *scalar(yaml_node_t *node) {
        if (!node || node->type != YAML_SCALAR_NODE)
                return NULL;
        return (const char *)node->data.scalar.value;
}

static yaml_node_t *member(yaml_document_t *document, yaml_node_t *mapping, const char *name) {
        yaml_node_pair_t *pair;

        if (!mapping || mapping->type != YAML_MAPPING_NODE)
                return NULL;
        pair = mapping->data.mapping.pairs.start;
        for (; pair < mapping->data.mapping.pairs.top; pair++)
                if (text_eq(scalar(yaml_document_get_node(document, pair->key)), name))
                        return yaml_document_get_node(document, pair->value);
        return NULL;
}

static yaml_node_t *first_item(yaml_document_t *document, yaml_node_t *sequence) {
        if (!sequence || sequence->type != YAML_SEQUENCE_NODE ||
            sequence->data.sequence.items.start == sequence->data.sequence.items.top)
                return NULL;
        return yaml_document_get_node(document, *sequence->data.sequence.items.start);
}

/* One service's list of `{id, endpoint}` or `{id, endpoints: [...]}`. */
static int take_service(yaml_document_t *document, const char *service, yaml_node_t *list,
                        regions_fn fn, void *data) {
        yaml_node_item_t *item;
        int r = 0;

        if (!list || list->type != YAML_SEQUENCE_NODE)
                return 0;
        for (item = list->data.sequence.items.start; r == 0 && item < list->data.sequence.items.top;
             item++) {
                yaml_node_t *row = yaml_document_get_node(document, *item);
                const char *id = scalar(member(document, row, "id"));
                const char *url = scalar(member(document, row, "endpoint"));

                if (!url)
                        url = scalar(first_item(document, member(document, row, "endpoints")));
                if (!text_is_empty(id) && !text_is_empty(url))
                        r = fn(data, service, id, url);
        }
        return r;
}

static int take_document(yaml_document_t *document, regions_fn fn, void *data) {
        yaml_node_t *root = yaml_document_get_root_node(document);
        yaml_node_pair_t *pair;
        int r = 0;

        if (!root || root->type != YAML_MAPPING_NODE)
                return 0;
        for (pair = root->data.mapping.pairs.start; r == 0 && pair < root->data.mapping.pairs.top;
             pair++) {
                const char *name = scalar(yaml_document_get_node(document, pair->key));
                char service[16];

                if (!name || lower(name, strlen(name), service, sizeof(service)) < 0 ||
                    !is_known(service))
                        continue;
                r = take_service(document, service, yaml_document_get_node(document, pair->value),
                                 fn, data);
        }
        return r;
}

int regions_read(struct op *op, const char *path, const char *text, size_t len, regions_fn fn,
                 void *data) {
        yaml_document_t document;
        yaml_parser_t parser;
        int r;

        if (!yaml_parser_initialize(&parser))
                return -ENOMEM;
        yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
        if (!yaml_parser_load(&parser, &document)) {
                r = op_fail(op, EINVAL, "%s:%zu: no YAML: %s", path, parser.problem_mark.line + 1,
                            parser.problem ? parser.problem : "unreadable");
        } else {
                r = take_document(&document, fn, data);
                yaml_document_delete(&document);
        }
        yaml_parser_delete(&parser);
        return r;
}

static int on_region(void *data, const char *service, const char *region, const char *url) {
        return add(data, service, region, url);
}

static int read_file(struct op *op, struct account *account) {
        const char *named = getenv("HUAWEICLOUD_SDK_REGIONS_FILE");
        _cleanup_(freep) char *path = NULL;
        _cleanup_(secret_freep) char *text = NULL;
        struct stat st;
        size_t len;
        int r;

        if (!text_is_empty(named))
                path = strdup(named);
        else if (home_path(".huaweicloud/regions.yaml", &path) == -ENOENT)
                return 0;
        if (!path)
                return -ENOMEM;
        if (text_is_empty(named) && access(path, F_OK) < 0)
                return 0;
        r = secret_file_load(op, path, INI_SIZE_MAX, &text, &len, &st);
        if (r < 0)
                return r;
        return regions_read(op, path, text, len, on_region, account);
}

/* An address for one region is stronger than one for all; otherwise the order stays. */
static void sort(struct account *account) {
        for (size_t i = 1; i < account->n_endpoints; i++) {
                struct setting setting = account->endpoints[i];
                size_t j = i;

                if (!strchr(setting.name, '.'))
                        continue;
                for (; j > 0 && !strchr(account->endpoints[j - 1].name, '.'); j--)
                        account->endpoints[j] = account->endpoints[j - 1];
                account->endpoints[j] = setting;
        }
}

int sources_endpoints(struct op *op, struct account *account) {
        int r = 0;

        sort(account);
        for (char **variable = environ; r == 0 && *variable; variable++)
                r = take_variable(account, *variable);
        if (r == 0)
                r = read_file(op, account);
        return r;
}
