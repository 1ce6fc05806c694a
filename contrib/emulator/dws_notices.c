/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DWS: alarms, events, subscriptions to both, dumps of the audit log.
 *
 * These lists count pages, not records, in offset; limit and offset are text.
 */
#include "contrib/emulator/dws.h"
#include "contrib/emulator/util.h"

#include <string.h>

enum { ALARMS_PER_PAGE = 10, ROWS_PER_PAGE = 1000, STATISTIC_DAYS = 7 };
static const int64_t day_ms = 24 * 60 * (int64_t)MINUTE_MS;

static const char all_levels[] = "urgent,important,minor,prompt";

/* The offset that the request asks for; answers and returns false if it is none. */
static bool zone_of(const struct request *req, struct response *resp, int64_t *ret_ms) {
        const char *text = query_param(req, "time_zone");

        if (dws_time_zone(text ? text : "GMT+08:00", ret_ms) == 0)
                return true;
        dws_invalid(req, resp, "The time zone is unknown.");
        return false;
}

static void list_alarms(const struct request *req, struct response *resp) {
        struct collection *alarms = world_collection(req->world, "dws/alarms", req->project);
        struct json_object *list;
        int64_t zone;

        if (!zone_of(req, resp, &zone))
                return;
        list = json_object_new_array();
        for (struct entry *entry = collection_first(alarms); entry; entry = entry_next(entry)) {
                struct json_object *alarm = entry_object(entry);
                struct json_object *view =
                        dws_view(alarm, "alarm_id alarm_name alarm_level alarm_source "
                                        "alarm_message alarm_location resource_id "
                                        "resource_id_name alarm_status");

                (void)js_set(view, "/alarm_generate_date",
                             time_json(TIME_BLANK, js_int(alarm, "/_time", 0) + zone));
                json_object_array_add(list, view);
        }
        reply_json(resp, 200,
                   js_pack("{'count': i, 'alarm_details': o}", (int64_t)collection_count(alarms),
                           page_cut(page_by_page(req, ALARMS_PER_PAGE, 0), list)));
}

/* How many alarms of each level there were in one day. */
static struct json_object *count_day(struct collection *alarms, int64_t from, int64_t zone) {
        int64_t counts[4] = { 0 };

        for (struct entry *entry = collection_first(alarms); entry; entry = entry_next(entry)) {
                int64_t time = js_int(entry_object(entry), "/_time", 0) + zone, level = 0;

                (void)parse_int(js_str(entry_object(entry), "/alarm_level"), &level);
                if (time >= from && time < from + day_ms && level >= 1 && level <= 4)
                        counts[level - 1]++;
        }
        return js_pack("{'date': o, 'urgent': i, 'important': i, 'minor': i, 'prompt': i}",
                       time_json(TIME_DAY, from), counts[0], counts[1], counts[2], counts[3]);
}

static void list_statistics(const struct request *req, struct response *resp) {
        struct collection *alarms = world_collection(req->world, "dws/alarms", req->project);
        struct json_object *days;
        int64_t zone, today;

        if (!zone_of(req, resp, &zone))
                return;
        today = world_now(req->world) + zone;
        today -= today % day_ms;
        days = json_object_new_array();
        for (int i = STATISTIC_DAYS - 1; i >= 0; i--)
                json_object_array_add(days, count_day(alarms, today - i * day_ms, zone));
        reply_json(resp, 200, js_pack("{'alarm_statistics': o}", days));
}

/* The newest come first. */
static void list_events(const struct request *req, struct response *resp) {
        struct collection *events = world_collection(req->world, DWS_EVENTS, req->project);
        struct json_object *all = collection_array(events), *list = json_object_new_array();

        for (size_t i = js_len(all, ""); i > 0; i--)
                json_object_array_add(list, json_object_get(js_at(all, i - 1)));
        json_object_put(all);
        reply_json(resp, 200,
                   js_pack("{'events': o, 'count': i}",
                           page_cut(page_by_page(req, ROWS_PER_PAGE, 0), list),
                           (int64_t)collection_count(events)));
}

/* The two kinds of subscriptions differ in little. */
struct subscriptions {
        const char *kind, *list; /* collection, member of the list answer */
        const char *path_id;
        const char *name_space; /* in single answers; the list always says DWS */
        const char *texts; /* optional members that are text, with an empty or a fixed default */
};

static const struct subscriptions alarm_subs = { "dws/alarm-subs", "alarm_subscriptions",
                                                 "alarm_sub_id", "dws", "alarm_level" };
static const struct subscriptions event_subs = { "dws/event-subs", "event_subscriptions",
                                                 "event_sub_id", "DWS",
                                                 "source_type source_id category severity tag" };

static struct json_object *subscription_row(const struct subscriptions *kind,
                                            struct json_object *stored, bool in_list) {
        struct json_object *view = js_clone(stored);

        js_set_str(view, "/name_space", in_list ? "DWS" : kind->name_space);
        return view;
}

static void list_subscriptions(const struct request *req, struct response *resp,
                               const struct subscriptions *kind) {
        struct collection *subs = world_collection(req->world, kind->kind, req->project);
        struct json_object *page =
                page_cut(page_by_page(req, ROWS_PER_PAGE, 0), collection_array(subs));
        struct json_object *rows = json_object_new_array(), *answer;

        for (size_t i = 0; i < js_len(page, ""); i++)
                json_object_array_add(rows, subscription_row(kind, js_at(page, i), true));
        json_object_put(page);
        answer = js_pack("{'count': i}", (int64_t)collection_count(subs));
        json_object_object_add(answer, kind->list, rows);
        reply_json(resp, 200, answer);
}

/* Whether a comma-separated list holds only words of another such list. */
static bool words_are_known(const char *words, const char *known) {
        while (*words) {
                size_t len = strcspn(words, ",");
                _cleanup_(freep) char *word = x_strndup(words, len);
                const char *at = *word ? strstr(known, word) : NULL;

                if (!at || (at != known && at[-1] != ',') || (at[len] && at[len] != ','))
                        return false;
                words += len + (words[len] == ',');
        }
        return true;
}

static bool subscription_is_good(const struct request *req, struct response *resp) {
        const char *name = js_str(req->body, "/name"), *levels = js_str(req->body, "/alarm_level");
        const char *severity = js_str(req->body, "/severity");
        int64_t enable = js_int(req->body, "/enable", 1), zone;

        if (!*name)
                dws_invalid(req, resp, "The name is empty.");
        else if (enable != 0 && enable != 1)
                reply_error_code(req, resp, 400, "DWS.5060");
        else if (levels && !words_are_known(levels, all_levels))
                dws_invalid(req, resp, "alarm_level is unknown.");
        else if (severity && !words_are_known(severity, "normal,warning"))
                dws_invalid(req, resp, "severity is unknown.");
        else if (!str_begins(js_str(req->body, "/notification_target"), "urn:smn:"))
                dws_invalid(req, resp, "notification_target is no topic.");
        else if (js_str(req->body, "/time_zone") &&
                 dws_time_zone(js_str(req->body, "/time_zone"), &zone) < 0)
                dws_invalid(req, resp, "The time zone is unknown.");
        else
                return true;
        return false;
}

/*
 * A PUT replaces everything, so what it leaves out becomes what it is after a creation without it.
 */
static void fill(const struct subscriptions *kind, struct json_object *stored,
                 struct json_object *body) {
        js_copy_members(
                stored, body,
                "name notification_target notification_target_name notification_target_type");
        js_set_int(stored, "/enable", js_int(body, "/enable", 1));
        if (kind == &alarm_subs) {
                js_set_str(stored, "/alarm_level",
                           js_str(body, "/alarm_level") ? js_str(body, "/alarm_level")
                                                        : all_levels);
                return;
        }
        for (const char *at = kind->texts; *at;) {
                size_t len = strcspn(at, " ");
                _cleanup_(freep) char *pointer = x_printf("/%.*s", (int)len, at);
                const char *value = js_str(body, pointer);

                js_set_str(stored, pointer, value ? value : "");
                at += len + strspn(at + len, " ");
        }
}

static void create_subscription(const struct request *req, struct response *resp,
                                const struct subscriptions *kind) {
        const char *zone = js_str(req->body, "/time_zone");
        struct json_object *stored;
        char id[UUID_SIZE];

        if (!subscription_is_good(req, resp))
                return;
        world_uuid(req->world, id);
        stored = js_pack("{'id': s, 'name': s, 'project_id': s, 'language': s, 'time_zone': s}", id,
                         "", req->project, "zh-cn", zone ? zone : "GMT+08:00");
        fill(kind, stored, req->body);
        collection_put(world_collection(req->world, kind->kind, req->project), id, stored);
        reply_json(resp, 200, subscription_row(kind, stored, false));
}

/* The subscription of the path; if there is none, answers so and returns NULL. */
static struct json_object *subscription_of(const struct request *req, struct response *resp,
                                           const struct subscriptions *kind) {
        const char *id = path_param(req, kind->path_id);
        struct json_object *stored =
                collection_get(world_collection(req->world, kind->kind, req->project), id);

        if (!stored)
                dws_unknown(req, resp, "subscription", id);
        return stored;
}

static void update_subscription(const struct request *req, struct response *resp,
                                const struct subscriptions *kind) {
        struct json_object *stored = subscription_of(req, resp, kind);

        if (!stored || !subscription_is_good(req, resp))
                return;
        fill(kind, stored, req->body);
        reply_json(resp, 200, subscription_row(kind, stored, false));
}

static void delete_subscription(const struct request *req, struct response *resp,
                                const struct subscriptions *kind) {
        struct json_object *stored = subscription_of(req, resp, kind);

        if (!stored)
                return;
        reply_json(resp, 200, subscription_row(kind, stored, false));
        collection_remove(world_collection(req->world, kind->kind, req->project),
                          path_param(req, kind->path_id));
}

#define SUBSCRIPTION_HANDLER(verb, kind)                                              \
        static void verb##_##kind(const struct request *req, struct response *resp) { \
                verb(req, resp, &kind);                                               \
        }
SUBSCRIPTION_HANDLER(list_subscriptions, alarm_subs)
SUBSCRIPTION_HANDLER(create_subscription, alarm_subs)
SUBSCRIPTION_HANDLER(update_subscription, alarm_subs)
SUBSCRIPTION_HANDLER(delete_subscription, alarm_subs)
SUBSCRIPTION_HANDLER(list_subscriptions, event_subs)
SUBSCRIPTION_HANDLER(create_subscription, event_subs)
SUBSCRIPTION_HANDLER(update_subscription, event_subs)
SUBSCRIPTION_HANDLER(delete_subscription, event_subs)

static void list_audit(const struct request *req, struct response *resp) {
        struct collection *records;
        struct warehouse w;

        if (!warehouse_of(req, resp, &w))
                return;
        records = world_collection(w.world, DWS_AUDIT, w.id);
        reply_json(resp, 200,
                   js_pack("{'records': o, 'cluster_id': s, 'count': i}", collection_array(records),
                           w.id, (int64_t)collection_count(records)));
}

const struct handler dws_notice_handlers[] = {
        { "listAlarms", list_alarms },
        { "listAlarmStatistics", list_statistics },
        { "listEvents", list_events },
        { "listAlarmSubscriptions", list_subscriptions_alarm_subs },
        { "createAlarmSubscription", create_subscription_alarm_subs },
        { "updateAlarmSubscription", update_subscription_alarm_subs },
        { "deleteAlarmSubscription", delete_subscription_alarm_subs },
        { "listEventSubscriptions", list_subscriptions_event_subs },
        { "createEventSubscription", create_subscription_event_subs },
        { "updateEventSubscription", update_subscription_event_subs },
        { "deleteEventSubscription", delete_subscription_event_subs },
        { "listAuditLogRecords", list_audit },
        { 0 },
};
