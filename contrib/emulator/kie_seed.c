/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configurations of the demonstration: several label sets, every value type, odd keys and
 * values.
 */
#include "contrib/emulator/kie.h"

#include "contrib/emulator/cse.h"
#include "contrib/emulator/util.h"

#include <string.h>

enum { SCALE_KEYS = 100, LONG_KEY = 300 };

static const struct row {
        const char *labels; /* "name=value name=value" */
        const char *key, *type, *value, *status;
} shop[] = {
        { "", "timeout", "text", "30", "enabled" },
        { "", "banner.html", "text", "<b>Sale!</b>", "enabled" },
        { "", "retry.max-attempts", "text", "3", "disabled" },
        { "app=shop", "application.yaml", "yaml",
          "server:\n  port: 8080\n  compression: true\nspring:\n  application:\n    name: shop\n",
          "enabled" },
        { "app=shop", "features.json", "json",
          "{\n  \"wishlist\": true,\n  \"coupons\": [\"SPRING\", \"VIP\"],\n  \"max_items\": 99\n}",
          "enabled" },
        { "app=shop", "log.properties", "properties", "root.level=INFO\nshop.level=DEBUG\n",
          "enabled" },
        { "app=shop", "db:primary:url", "text", "jdbc:postgresql://db.shop.example:5432/shop",
          "enabled" },
        { "app=shop", ".hidden", "text", "a key with a leading dot", "enabled" },
        { "app=shop", "..", "text", "a key that is no file name", "disabled" },
        { "app=shop environment=production", "application.yaml", "yaml",
          "server:\n  port: 443\n  compression: true\n", "enabled" },
        { "app=shop environment=production", "limits.ini", "ini",
          "[cart]\nitems = 50\n\n[order]\nvalue = 9999", "enabled" },
        { "app=shop environment=production", "catalog.xml", "xml",
          "<?xml version=\"1.0\"?>\n<catalog>\n  <section id=\"books\"/>\n</catalog>\n",
          "enabled" },
        { "app=shop environment=production", "motd", "text", "Schöne Grüße – 你好\nsecond line",
          "enabled" },
        { "app=shop environment=development", "application.yaml", "yaml", "server:\n  port: 8081\n",
          "disabled" },
        { "app=shop environment=development", "windows.properties", "properties", "a=1\r\nb=2\r\n",
          "enabled" },
        { "app=shop environment=production service=cart version=1.0.0", "cache.ttl", "text", "600",
          "enabled" },
        { "environment=", "fallback", "text", "the environment is empty here", "enabled" },
        { 0 },
};

static const struct row bank[] = {
        { "", "currency", "text", "EUR", "enabled" },
        { "app=bank environment=production", "limits.yaml", "yaml", "daily: 10000\nsingle: 2500\n",
          "enabled" },
        { "app=bank environment=production", "signing.key", "text", "not-a-real-key", "enabled" },
        { 0 },
};

static const struct row lone[] = {
        { "", "greeting", "text", "hello", "enabled" },
        { "app=default", "application.yaml", "yaml", "greeting: hello\n", "enabled" },
        { 0 },
};

static struct json_object *labels_of(const char *text) {
        struct json_object *labels = json_object_new_object();
        _cleanup_(freep) char *copy = x_strdup(text);
        char *rest = *text ? copy : NULL;

        while (rest) {
                char *value = strsep(&rest, " "), *name = strsep(&value, "=");

                json_object_object_add(labels, name, json_object_new_string(value));
        }
        return labels;
}

static void add(struct world *world, const char *store, struct json_object *labels, const char *key,
                const char *type, const char *value, const char *status) {
        struct json_object
                *item = js_pack("{'key': s, 'labels': o, 'value': s, 'value_type': s, 'status': s}",
                                key, labels, value, type, status),
                *kv;
        int64_t time;

        if (kie_problem(item))
                die("a seeded configuration is broken: %s", kie_problem(item));
        kv = kie_create(world, store, item);
        time = SEED_TIME_MS / 1000 + 60 * js_int(kv, "/create_revision", 0);
        js_set_int(kv, "/create_time", time);
        js_set_int(kv, "/update_time", time);
        json_object_put(item);
}

static void add_rows(struct world *world, const char *store, const struct row *rows) {
        for (const struct row *row = rows; row->key; row++)
                add(world, store, labels_of(row->labels), row->key, row->type, row->value,
                    row->status);
}

/*
 * What is too long for a file name: keys of 300 bytes that differ at the end, and a set of six long
 * labels.
 */
static void add_long(struct world *world, const char *store) {
        struct json_object *labels = json_object_new_object();
        char key[LONG_KEY + 3], value[161];

        memset(key, 'k', LONG_KEY);
        memset(value, 'v', sizeof(value) - 1);
        value[sizeof(value) - 1] = 0;
        for (const char *end = "ab"; *end; end++) {
                key[LONG_KEY] = '.';
                key[LONG_KEY + 1] = *end;
                key[LONG_KEY + 2] = 0;
                add(world, store, labels_of("app=shop"), key, "text", "a long key", "enabled");
        }
        for (const char *name = "abcdef"; *name; name++) {
                char label[33];

                memset(label, *name, sizeof(label) - 1);
                label[sizeof(label) - 1] = 0;
                json_object_object_add(labels, label, json_object_new_string(value));
        }
        add(world, store, labels, "deep", "text", "six labels of the greatest length", "enabled");
}

/* N keys over N / 100 label sets. */
static void seed_scale(struct world *world, const char *store, int64_t scale) {
        for (int64_t i = 0; i < scale; i++) {
                int64_t square = i * i;
                _cleanup_(freep) char *set =
                        x_printf("set=set-%02lld", (long long)(i / SCALE_KEYS));
                _cleanup_(freep) char *key = x_printf("key-%04lld.yaml", (long long)i);
                _cleanup_(freep) char *value =
                        x_printf("number: %lld\nsquare: %lld\n", (long long)i, (long long)square);

                add(world, store, labels_of(set), key, "yaml", value, "enabled");
        }
}

void kie_seed(struct world *world, enum seed_kind kind, int64_t scale) {
        if (kind == SEED_DEMO) {
                add_rows(world, "shop", shop);
                add_long(world, "shop");
                add_rows(world, "bank", bank);
                kie_set_plain(world, "bank");
                add_rows(world, "standalone", lone);
                add_rows(world, "secure", lone);
        }
        if (kind == SEED_SCALE) {
                seed_scale(world, "standalone", scale);
                seed_scale(world, "scale", scale);
        }
}
