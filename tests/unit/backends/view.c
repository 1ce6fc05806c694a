/* SPDX-License-Identifier: Apache-2.0 */
/* The tree over the contract's examples: every directory lists, every document reads. */
#include "backends/view.h"
#include "backends/rows.h"
#include "base/text.h"
#include "tests/unit/backends/example.h"
#include "tests/unit/unit.h"

static struct example_source example;
static struct view *view;
static struct op op;

static void begin(enum account_type type) {
        example_init(&example);
        op_init(&op, OP_INTERACTIVE, 0);
        ck_assert_int_eq(view_new(&(struct view_options){ .account = "acme", .type = type },
                                  &example.source, &view),
                         0);
}

static void end(void) {
        view = view_free(view);
}

/* The entry at a path, with a listing that holds it and that the caller drops. */
static const struct entry *find(const char *path, struct listing **ret_listing) {
        struct place *place = place_ref(view_root(view));
        struct listing *listing = NULL;
        const struct entry *entry = NULL;
        const char *step;
        size_t len;

        while (text_word(&path, "/", &step, &len)) {
                _cleanup_(freep) char *name = strndup(step, len);

                listing = listing_unref(listing);
                ck_assert_msg(view_list(view, &op, place, &listing) == 0, "%s: %s", name,
                              op.fault.reason);
                entry = listing_find(listing, name);
                ck_assert_msg(entry, "no %s", name);
                (void)place_unref(place);
                place = place_ref(entry->place);
        }
        (void)place_unref(place);
        *ret_listing = listing;
        return entry;
}

static void check_document(const char *path, const char *expected) {
        _cleanup_(listing_unrefp) struct listing *listing = NULL;
        _cleanup_(document_unrefp) struct document *document = NULL;
        const struct entry *entry = find(path, &listing);

        ck_assert_msg(view_read(view, &op, entry->place, &document) == 0, "%s", op.fault.reason);
        ck_assert_str_eq(document->data, expected);
        ck_assert_uint_eq(document->len, strlen(expected));
}

static void check_target(const char *path, const char *expected) {
        _cleanup_(listing_unrefp) struct listing *listing = NULL;
        const struct entry *entry = find(path, &listing);

        ck_assert_int_eq(entry->type, ENTRY_LINK);
        ck_assert_str_eq(entry->target, expected);
}

/* Lists and reads all below a place; documents whose example the contract lacks may be gone. */
static void walk(struct place *place, const char *path, unsigned *files, unsigned depth) {
        _cleanup_(listing_unrefp) struct listing *listing = NULL;

        ck_assert_uint_lt(depth, 24);
        op_clear(&op);
        ck_assert_msg(view_list(view, &op, place, &listing) == 0, "%s: %s", path, op.fault.reason);
        ck_assert_uint_ne(place_ino(place), 0);
        for (size_t i = 0; i < listing->count; i++) {
                const struct entry *entry = &listing->entries[i];
                _cleanup_(document_unrefp) struct document *document = NULL;
                _cleanup_(freep) char *below = NULL;

                ck_assert_int_gt(asprintf(&below, "%s/%s", path, entry->name), 0);
                if (getenv("SHOW"))
                        printf("%s%s%s\n", below, entry->target ? " -> " : "",
                               entry->target ? entry->target : "");
                ck_assert_uint_le(strlen(entry->name), 255);
                if (entry->type == ENTRY_DIRECTORY)
                        walk(entry->place, below, files, depth + 1);
                if (entry->type != ENTRY_FILE)
                        continue;
                ++*files;
                if (view_read(view, &op, entry->place, &document) < 0)
                        ck_assert_msg(strstr(op.fault.reason, "example"), "%s: %s", below,
                                      op.fault.reason);
                else
                        ck_assert_int_gt(document->modified.tv_sec, 0);
        }
}

static struct json *parsed(const char *text) {
        struct json *json;

        ck_assert_int_eq(json_parse(text, strlen(text), &json, NULL), 0);
        return json;
}

/* The contract prints no answers of listClusters and listJobs of EMS. */
static struct json *ems_answer(const struct request *request) {
        static const char clusters[] =
                "{\"clusters\":[{\"cluster_metadata\":{\"id\":\"c1\",\"status\":\"RUNNING\","
                "\"created_at\":\"2026-01-02T03:04:05Z\",\"updated_at\":\"2026-01-02T03:04:06Z\"},"
                "\"cluster_specification\":{\"name\":\"cache\",\"k8s_cluster_specification\":"
                "{\"k8s_cluster_id\":\"k1\"}}},{\"cluster_metadata\":{\"id\":\"c0\","
                "\"status\":\"DELETED\"},\"cluster_specification\":{\"name\":\"cache\","
                "\"k8s_cluster_specification\":{\"k8s_cluster_id\":\"k1\"}}}]}";
        static const char jobs[] = "{\"jobs\":[{\"id\":\"short-1\",\"status\":\"COMPLETED\","
                                   "\"created_at\":\"2026-01-02T03:04:05Z\"}]}";
        static const char labels[] = "{\"total\":1,\"labels\":[{\"key\":\"a\",\"value\":\"b\"}]}";
        const char *id = request->call->id, *text;
        struct json *json;

        text = text_eq(id, "listClusters")         ? clusters
               : text_eq(id, "listJobs")           ? jobs
               : text_eq(id, "listClustersLabels") ? labels
                                                   : NULL;
        if (!text)
                return NULL;
        ck_assert_int_eq(json_parse(text, strlen(text), &json, NULL), 0);
        return json;
}

static struct json *real_project(const struct request *request) {
        static const char projects[] =
                "{\"projects\":[{\"id\":\"p1\",\"name\":\"cn-north-4\",\"domain_id\":\"d\"},"
                "{\"id\":\"p2\",\"name\":\"cn-north-4_analytics\",\"domain_id\":\"d\"},"
                "{\"id\":\"p3\",\"name\":\"MOS\",\"domain_id\":\"d\"}]}";
        struct json *json;

        if (text_eq(request->call->service, "ems"))
                return ems_answer(request);
        if (!text_eq(request->call->id, "listProjects"))
                return NULL;
        ck_assert_int_eq(json_parse(projects, strlen(projects), &json, NULL), 0);
        return json;
}

START_TEST(the_whole_tree_lists_and_reads) {
        unsigned files = 0;

        begin(ACCOUNT_CLOUD);
        example.answer_of = real_project;
        walk(view_root(view), "", &files, 0);
        ck_assert_uint_gt(files, 100);
        end();
}
END_TEST

START_TEST(an_account_of_an_engine_has_its_two_trees) {
        unsigned files = 0;

        begin(ACCOUNT_SERVICECOMB);
        walk(view_root(view), "", &files, 0);
        ck_assert_uint_gt(files, 5);
        end();
}
END_TEST

START_TEST(documents_show_what_their_rows_say) {
        begin(ACCOUNT_CLOUD);
        example.answer_of = real_project;
        check_document("cn-north-4/dws/clusters/dws-1/tags.json", "{\n  \"key\": \"value\"\n}\n");
        check_document("cn-north-4/dws/clusters/dws-1/queues/test1.json",
                       "{\n  \"workload_queue_name\": \"test1\"\n}\n");
        check_document("cn-north-4/dws/clusters/dws-1/snapshot-schedule.json",
                       "{\n  \"apie-default-full-strategy\": \"1747533600000\",\n"
                       "  \"apie-default-increment-strategy\": \"1747015620000\"\n}\n");
        end();
}
END_TEST

/* Monitoring as its table has it, not as its example: the list in a member. */
static struct json *monitored(const struct request *request) {
        static const char keys[] = "{\"total\":2,\"list\":[{\"key\":\"k\",\"serviceName\":\"s\"},"
                                   "{\"key\":\"no-name\"}]}";
        static const char thresholds[] = "{\"OK\":[{\"serviceName\":\"s\",\"avgDelay\":5}]}";
        const char *id = request->call->id, *text;
        struct json *json;

        text = text_eq(id, "listMicroserviceMetrics")      ? keys
               : text_eq(id, "listMicroserviceThresholds") ? thresholds
                                                           : NULL;
        if (!text)
                return real_project(request);
        ck_assert_int_eq(json_parse(text, strlen(text), &json, NULL), 0);
        return json;
}

START_TEST(thresholds_are_told_in_both_shapes) {
        begin(ACCOUNT_CLOUD);
        example.answer_of = monitored;
        check_document("cn-north-4/cse/engines/test/monitor/thresholds.json",
                       "[\n  {\n    \"serviceName\": \"s\",\n    \"avgDelay\": 5\n  }\n]\n");
        end();
        begin(ACCOUNT_CLOUD);
        example.answer_of = real_project;
        example.missing = "listMicroserviceThresholds"; /* nobody has a name to ask for */
        check_document("cn-north-4/cse/engines/test/monitor/thresholds.json", "[]\n");
        end();
}
END_TEST

static struct json *changed_source(const struct request *request) {
        static const char sources[] =
                "{\"data_sources\":[{\"id\":\"s1\",\"name\":\"lake\",\"type\":\"OBS\","
                "\"created\":\"2022-10-30T07:38:33\",\"updated\":\"2023-01-02T03:04:05\"}]}";
        struct json *json;

        if (!text_eq(request->call->id, "listExtDataSources"))
                return real_project(request);
        ck_assert_int_eq(json_parse(sources, strlen(sources), &json, NULL), 0);
        return json;
}

START_TEST(a_data_source_has_the_time_of_its_change) {
        _cleanup_(listing_unrefp) struct listing *listing = NULL;
        _cleanup_(document_unrefp) struct document *document = NULL;
        const struct entry *entry;

        begin(ACCOUNT_CLOUD);
        example.answer_of = changed_source;
        entry = find("cn-north-4/dws/clusters/dws-1/data-sources/lake/data-source.json", &listing);
        ck_assert_int_eq(view_read(view, &op, entry->place, &document), 0);
        ck_assert_int_eq(document->modified.tv_sec, 1672628645);
        end();
}
END_TEST

static struct json *strange_engines(const struct request *request) {
        static const char engines[] =
                "{\"data\":[{\"id\":\"e1\",\"name\":\"strange\",\"type\":\"CSE\",\"status\":"
                "\"Polished\"},{\"id\":\"e2\",\"name\":\"new\",\"type\":\"CSE\",\"status\":"
                "\"Creating\"}]}";
        struct json *json;

        if (!text_eq(request->call->id, "listEngines"))
                return real_project(request);
        ck_assert_int_eq(json_parse(engines, strlen(engines), &json, NULL), 0);
        return json;
}

static bool has_entry(const char *path, const char *name) {
        _cleanup_(listing_unrefp) struct listing *listing = NULL;
        _cleanup_(listing_unrefp) struct listing *inside = NULL;
        const struct entry *entry = find(path, &listing);

        ck_assert_int_eq(view_list(view, &op, entry->place, &inside), 0);
        return listing_find(inside, name);
}

/* What has been there does not go because of a word that nobody knows. */
START_TEST(an_unknown_state_hides_nothing) {
        begin(ACCOUNT_CLOUD);
        example.answer_of = strange_engines;
        ck_assert(has_entry("cn-north-4/cse/engines/strange", "registry"));
        ck_assert(has_entry("cn-north-4/cse/engines/strange", "config"));
        ck_assert(has_entry("cn-north-4/cse/engines/strange", "governance"));
        ck_assert(!has_entry("cn-north-4/cse/engines/new", "registry"));
        ck_assert(!has_entry("cn-north-4/cse/engines/new", "governance"));
        end();
}
END_TEST

/* What a proxy or a gateway may say in place of a service: JSON, but not an answer. */
static struct json *small_talk(const struct request *request) {
        const char *id = request->call->id;

        if (text_eq(id, "listQuotas") || text_eq(id, "listClusterTags") || text_eq(id, "getEngine"))
                return parsed("\"ok\"");
        if (text_eq(id, "showClusterConfiguration"))
                return parsed("{\"configurations\":\"ok\"}");
        return real_project(request);
}

static void check_no_document(const char *path) {
        _cleanup_(listing_unrefp) struct listing *listing = NULL;
        _cleanup_(document_unrefp) struct document *document = NULL;
        const struct entry *entry = find(path, &listing);

        op_clear(&op);
        ck_assert_msg(view_read(view, &op, entry->place, &document) == -EIO, "%s", path);
        ck_assert_msg(strstr(op.fault.reason, "answered"), "%s", op.fault.reason);
}

START_TEST(what_is_no_answer_is_no_document) {
        begin(ACCOUNT_CLOUD);
        example.answer_of = small_talk;
        check_no_document("cn-north-4/dws/quotas.json");
        check_no_document("cn-north-4/dws/clusters/dws-1/tags.json");
        check_no_document("cn-north-4/dws/clusters/dws-1/parameters/GUConfig.json");
        check_no_document("cn-north-4/cse/engines/test/engine.json");
        end();
}
END_TEST

/* Lists in which a server tells of something that has neither an id nor a name. */
static struct json *nameless_items(const struct request *request) {
        static const char clusters[] = "{\"clusters\":[{\"id\":\"\",\"name\":\"\"},{},"
                                       "{\"id\":\"c1\",\"name\":\"sound\"}]}";
        static const char flavors[] = "{\"data\":[{\"flavor\":\"\"},{\"flavor\":\"sound\"}]}";
        const char *id = request->call->id, *text;
        struct json *json;

        text = text_eq(id, "listClusters")        ? clusters
               : text_eq(id, "listEngineFlavors") ? flavors
                                                  : NULL;
        if (!text)
                return real_project(request);
        ck_assert_int_eq(json_parse(text, strlen(text), &json, NULL), 0);
        return json;
}

static void check_only(const char *path, const char *name, size_t others) {
        _cleanup_(listing_unrefp) struct listing *listing = NULL;
        _cleanup_(listing_unrefp) struct listing *inside = NULL;
        const struct entry *entry = find(path, &listing);

        ck_assert_int_eq(view_list(view, &op, entry->place, &inside), 0);
        ck_assert_msg(listing_find(inside, name), "no %s in %s", name, path);
        ck_assert_uint_eq(inside->count, others + 1);
        for (size_t i = 0; i < inside->count; i++)
                ck_assert_msg((*inside->entries[i].name && *inside->entries[i].name != '.') ||
                                      text_eq(inside->entries[i].name, ".by-id"),
                              "%s has `%s`", path, inside->entries[i].name);
}

START_TEST(what_has_no_name_at_all_hides_no_other) {
        begin(ACCOUNT_CLOUD);
        example.answer_of = nameless_items;
        check_only("cn-north-4/dws/clusters", "sound", 2); /* .by-id and actions */
        check_only("cn-north-4/dws/clusters/.by-id", "c1", 0);
        check_only("cn-north-4/cse/flavors/cse", "sound.json", 1);
        check_only("cn-north-4/cse/flavors/cse/.by-id", "sound", 0);
        end();
}
END_TEST

START_TEST(links_are_relative) {
        begin(ACCOUNT_CLOUD);
        example.answer_of = real_project;
        check_target("cn-north-4/dws/clusters/.by-id/7d85f602-a948-4a30-afd4-e84f47471c15",
                     "../dws-1");
        end();
}
END_TEST

START_TEST(what_takes_a_call_is_known) {
        static const struct {
                const char *path;
                bool costs;
        } rows[] = {
                { "cn-north-4/dws", false },
                { "cn-north-4/dws/clusters", true },
                { "cn-north-4/dws/clusters/dws-1", true }, /* a link of the item in full */
                { "cn-north-4/dws/clusters/dws-1/snapshots", false }, /* those of the project */
                { "cn-north-4/dws/clusters/dws-1/queues", true },
                { "cn-north-4/dws/clusters/dws-1/cluster.json", true },
                { "cn-north-4/dws/clusters/dws-1/status.json", false },
                { "cn-north-4/dws/snapshots/snapshot-1", false },
                { "cn-north-4/cse/engines/test/registry/-/default/test/1.0.0", false },
                { "cn-north-4/cse/engines/test/registry/-/default/test/1.0.0/instances", true },
        };

        begin(ACCOUNT_CLOUD);
        example.answer_of = real_project;
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(listing_unrefp) struct listing *listing = NULL;
                const struct entry *entry = find(rows[i].path, &listing);

                ck_assert_msg(view_costs_call(entry->place) == rows[i].costs, "%s", rows[i].path);
        }
        end();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { .name = "walk", .test = the_whole_tree_lists_and_reads },
                { .name = "servicecomb", .test = an_account_of_an_engine_has_its_two_trees },
                { .name = "documents", .test = documents_show_what_their_rows_say },
                { .name = "thresholds", .test = thresholds_are_told_in_both_shapes },
                { .name = "data source", .test = a_data_source_has_the_time_of_its_change },
                { .name = "unknown state", .test = an_unknown_state_hides_nothing },
                { .name = "small talk", .test = what_is_no_answer_is_no_document },
                { .name = "nameless", .test = what_has_no_name_at_all_hides_no_other },
                { .name = "links", .test = links_are_relative },
                { .name = "cost", .test = what_takes_a_call_is_known },
                {},
        };

        return unit_main("view", cases);
}
