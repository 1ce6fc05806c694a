/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registries of the demonstration: engine "shop" (several environments, one service without,
 * schemas of every odd form), "bank" (older: schemas of production are frozen), and the ones
 * outside the cloud.
 */
#include "contrib/emulator/servicecomb.h"

#include "contrib/emulator/cse.h"
#include "contrib/emulator/util.h"

#include <string.h>

enum { SCALE_SCHEMAS = 50, BIG_SCHEMA_PATHS = 260, SCALE_SCHEMA_PATHS = 3 };

/* How a schema's text is made. */
enum form {
        FORM_PLAIN,
        FORM_BIG,        /* more than 64 KiB */
        FORM_NO_NEWLINE, /* nothing after the last line */
        FORM_CRLF,
        FORM_NEWLINE, /* a line feed is all there is */
        FORM_UNICODE,
        FORM_NONE, /* the id is listed, but no text was ever stored */
};

static void add_path(struct buf *buf, const char *name, int i, const char *eol) {
        buf_printf(buf, "  /%s/%d:%s    get:%s      operationId: \"read%d\"%s", name, i, eol, eol,
                   i, eol);
        buf_printf(buf, "      parameters:%s      - name: \"id\"%s        in: \"query\"%s", eol,
                   eol, eol);
        buf_printf(buf, "        required: true%s        type: \"string\"%s      responses:%s", eol,
                   eol, eol);
        buf_printf(buf, "        200:%s          description: \"response of 200\"%s", eol, eol);
        buf_printf(buf, "          schema:%s            type: \"string\"%s", eol, eol);
}

/* An OpenAPI document such as the SDK registers. Owned. */
static char *schema_text(const char *service, const char *schema, enum form form, int paths) {
        const char *eol = form == FORM_CRLF ? "\r\n" : "\n";
        struct buf buf = BUF_INIT(0);

        if (form == FORM_NEWLINE)
                return x_strdup("\n");
        buf_printf(&buf, "---%sswagger: \"2.0\"%sinfo:%s  version: \"1.0.0\"%s", eol, eol, eol,
                   eol);
        buf_printf(&buf, "  title: \"swagger definition for com.example.%s.%s\"%s", service, schema,
                   eol);
        if (form == FORM_UNICODE)
                buf_printf(&buf, "  description: \"商品目录 – catálogo, 50 €\"%s", eol);
        buf_printf(&buf, "basePath: \"/%s\"%sconsumes:%s- \"application/json\"%s", schema, eol, eol,
                   eol);
        buf_printf(&buf, "produces:%s- \"application/json\"%spaths:%s", eol, eol, eol);
        for (int i = 0; i < paths; i++)
                add_path(&buf, schema, i, eol);
        if (form == FORM_NO_NEWLINE)
                buf_truncate(&buf, buf.len - 1);
        return buf_steal(&buf, NULL);
}

static const struct service {
        const char *environment, *app, *name, *version, *level, *description;
        struct {
                const char *id;
                enum form form;
        } schemas[4];
        int instances;
        const char *uses; /* names of services of the same environment and application */
} shop[] = {
        { "development",
          "shop",
          "gateway",
          "1.0.0",
          "FRONT",
          "entry of the web shop",
          { { "gateway", FORM_PLAIN } },
          2,
          "cart catalog orders" },
        { "development",
          "shop",
          "cart",
          "1.0.0",
          "MIDDLE",
          "shopping carts",
          { { "cart", FORM_PLAIN }, { "cart.admin", FORM_NO_NEWLINE } },
          1,
          "catalog" },
        { "development",
          "shop",
          "cart",
          "1.1.0",
          "MIDDLE",
          "shopping carts",
          { { "cart", FORM_PLAIN }, { "cart.admin", FORM_CRLF } },
          2,
          "catalog" },
        { "development",
          "shop",
          "catalog",
          "1.0.0",
          "BACK",
          "goods and prices",
          { { "catalog", FORM_UNICODE }, { "search", FORM_BIG }, { "draft", FORM_NEWLINE } },
          1,
          NULL },
        { "development",
          "shop",
          "orders",
          "1.0.0",
          "MIDDLE",
          "orders",
          { { "orders", FORM_PLAIN }, { "planned", FORM_NONE } },
          1,
          "payment" },
        { "development",
          "shop",
          "payment",
          "2.0.0",
          "BACK",
          "payments",
          { { "payment", FORM_PLAIN } },
          0,
          NULL },
        { "production",
          "shop",
          "gateway",
          "1.0.0",
          "FRONT",
          "entry of the web shop",
          { { "gateway", FORM_PLAIN } },
          3,
          "cart catalog" },
        { "production",
          "shop",
          "cart",
          "1.0.0",
          "MIDDLE",
          "shopping carts",
          { { "cart", FORM_PLAIN }, { "cart.admin", FORM_PLAIN } },
          2,
          "catalog" },
        { "production",
          "shop",
          "catalog",
          "1.0.0",
          "BACK",
          "goods and prices",
          { { "catalog", FORM_UNICODE } },
          2,
          NULL },
        { "production",
          "billing",
          "invoices",
          "3.2.1",
          "BACK",
          "",
          { { "invoices", FORM_PLAIN } },
          1,
          NULL },
        { NULL,
          "legacy",
          "inventory",
          "0.0.1",
          "BACK",
          "from before there were environments",
          { { "inventory", FORM_PLAIN } },
          1,
          NULL },
        { 0 },
};

static const struct service bank[] = {
        { "production",
          "bank",
          "ledger",
          "1.0.0",
          "BACK",
          "the books",
          { { "ledger", FORM_PLAIN } },
          2,
          NULL },
        { "production",
          "bank",
          "transfers",
          "1.4.0",
          "MIDDLE",
          "transfers",
          { { "transfers", FORM_PLAIN }, { "limits", FORM_NO_NEWLINE } },
          2,
          "ledger" },
        { "testing",
          "bank",
          "ledger",
          "1.1.0",
          "BACK",
          "the books",
          { { "ledger", FORM_PLAIN } },
          1,
          NULL },
        { 0 },
};

static const struct service lone[] = {
        { "development",
          "default",
          "provider",
          "1.0.0",
          "BACK",
          "greets",
          { { "hello", FORM_PLAIN } },
          1,
          NULL },
        { "development",
          "default",
          "consumer",
          "1.0.0",
          "FRONT",
          "wants to be greeted",
          { { "greeting", FORM_PLAIN } },
          1,
          "provider" },
        { 0 },
};

static void add_schemas(struct world *world, const char *registry, const char *id,
                        const struct service *row) {
        for (size_t i = 0; i < ELEMENTSOF(row->schemas) && row->schemas[i].id; i++) {
                const char *schema = row->schemas[i].id;
                enum form form = row->schemas[i].form;
                _cleanup_(freep) char *text = NULL;

                if (form == FORM_NONE)
                        continue; /* listed by the service itself */
                text = schema_text(row->name, schema, form,
                                   form == FORM_BIG ? BIG_SCHEMA_PATHS : 2);
                registry_put_schema(world, registry, id, schema, text, NULL);
        }
}

static void add_instances(struct world *world, const char *registry, const char *id,
                          const struct service *row) {
        for (int i = 0; i < row->instances; i++) {
                _cleanup_(freep) char *host = x_printf("%s-%d.shop.example", row->name, i);
                _cleanup_(freep) char *rest =
                        x_printf("rest://10.0.%d.%d:8080", row->version[2] - '0', 10 + i);
                struct json_object *body =
                        js_pack("{'hostName': s, 'endpoints': [s], 'status': s, "
                                "'properties': {'nodeIP': s, 'zone': s}, "
                                "'dataCenterInfo': {'name': s, 'region': s, 'availableZone': s}}",
                                host, rest, i == 2 ? "OUTOFSERVICE" : "UP", strchr(rest, '1'),
                                i % 2 ? "b" : "a", "dc", "cn-north-4",
                                i % 2 ? "cn-north-4b" : "cn-north-4a");

                registry_register(world, registry, id, body, true);
                json_object_put(body);
        }
}

/* Gives a service times in the past, each service its own. */
static void backdate(struct json_object *service, size_t i) {
        int64_t seconds = SEED_TIME_MS / 1000 + (int64_t)i * 3600;
        char text[32];

        snprintf(text, sizeof(text), "%lld", (long long)seconds);
        js_set_str(service, "/timestamp", text);
        snprintf(text, sizeof(text), "%lld", (long long)seconds + 86400);
        js_set_str(service, "/modTimestamp", text);
}

static struct json_object *listed_only(const struct service *row) {
        struct json_object *ids = json_object_new_array();

        for (size_t i = 0; i < ELEMENTSOF(row->schemas) && row->schemas[i].id; i++)
                if (row->schemas[i].form == FORM_NONE)
                        json_object_array_add(ids, json_object_new_string(row->schemas[i].id));
        return ids;
}

static void depend_on_all(struct world *world, const char *registry, const char *id,
                          const struct service *row) {
        _cleanup_(freep) char *copy = x_strdup(row->uses);
        char *rest = copy;

        while (rest)
                registry_depend(world, registry, id, row->environment ? row->environment : "",
                                row->app, strsep(&rest, " "), false);
}

static void seed_registry(struct world *world, const char *registry, const struct service *rows) {
        for (const struct service *row = rows; row->name; row++) {
                struct json_object *body = js_pack(
                        "{'service': {'environment': S, 'appId': s, 'serviceName': s, 'version': "
                        "s, "
                        "'description': s, 'level': s, 'registerBy': s, 'schemas': o, "
                        "'framework': {'name': s, 'version': s}, 'properties': {'team': s}}, "
                        "'tags': {'tier': s}}",
                        row->environment, row->app, row->name, row->version, row->description,
                        row->level, "SDK", listed_only(row), "servicecomb-java-chassis", "2.8.9",
                        row->app, row->level);
                struct json_object *service = registry_add(world, registry, body);
                const char *id = js_str(service, "/serviceId");

                json_object_put(body);
                backdate(service, (size_t)(row - rows));
                add_schemas(world, registry, id, row);
                add_instances(world, registry, id, row);
                depend_on_all(world, registry, id, row);
        }
}

/* scale / 50 services svc-00 … of one version with 50 schemas each. */
static void seed_scale(struct world *world, const char *registry, int64_t scale) {
        for (int64_t i = 0; i < scale / SCALE_SCHEMAS; i++) {
                _cleanup_(freep) char *name = x_printf("svc-%02lld", (long long)i);
                struct json_object *body =
                        js_pack("{'service': {'environment': s, 'appId': s, 'serviceName': s, "
                                "'version': s, 'description': s}}",
                                "production", "scale", name, "1.0.0", "one of many");
                struct json_object *service = registry_add(world, registry, body);
                const char *id = js_str(service, "/serviceId");

                backdate(service, (size_t)i);
                for (int schema = 0; schema < SCALE_SCHEMAS; schema++) {
                        _cleanup_(freep) char *schema_id = x_printf("schema-%02d", schema);
                        _cleanup_(freep) char *text =
                                schema_text(name, schema_id, FORM_PLAIN, SCALE_SCHEMA_PATHS);

                        registry_put_schema(world, registry, id, schema_id, text, NULL);
                }
                json_object_put(body);
        }
}

void servicecomb_seed(struct world *world, enum seed_kind kind, int64_t scale) {
        if (kind == SEED_DEMO) {
                seed_registry(world, "shop", shop);
                seed_registry(world, "bank", bank);
                registry_set(world, "bank", "schemas_frozen");
                registry_set(world, "bank", "schemas_stay");
                seed_registry(world, "standalone", lone);
                seed_registry(world, "secure", lone);
        }
        if (kind == SEED_SCALE) {
                seed_scale(world, "standalone", scale);
                seed_scale(world, "scale", scale);
        }
}
