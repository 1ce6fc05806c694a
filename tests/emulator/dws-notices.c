/* SPDX-License-Identifier: Apache-2.0 */
/* Alarms, events, subscriptions. Their lists count pages, and their numbers come as text. */
#include "tests/emulator/cloud.h"

#include <string.h>

START_TEST(alarms) {
        struct json_object *list;
        _cleanup_(freep) char *utc = NULL, *here = NULL;

        cloud_start("demo");
        list = ask(200, NULL, "GET /v2/" PROJECT "/alarms");
        assert_number(list, "/count", 12);
        ck_assert_uint_eq(js_len(list, "/alarm_details"), 10);
        here = x_strdup(js_str(list, "/alarm_details/0/alarm_generate_date"));
        list = ask(200, NULL, "GET /v2/" PROJECT "/alarms?time_zone=GMT&offset=1");
        ck_assert_uint_eq(js_len(list, "/alarm_details"), 2);
        list = ask(200, NULL, "GET /v2/" PROJECT "/alarms?time_zone=GMT&limit=100");
        ck_assert_uint_eq(js_len(list, "/alarm_details"), 12);
        utc = x_strdup(js_str(list, "/alarm_details/0/alarm_generate_date"));
        ck_assert_uint_eq(strlen(utc), strlen("2022-10-27 08:11:29"));
        ck_assert_str_gt(here, utc);
        list = ask(200, NULL, "GET /v2/" PROJECT "/alarms?time_zone=GMT%%2B08:00");
        assert_text(list, "/alarm_details/0/alarm_generate_date", here);
        refused(400, "DWS.5065", NULL, "GET /v2/" PROJECT "/alarms?time_zone=GMT+08:00");
        refused(400, "DWS.5065", NULL, "GET /v2/" PROJECT "/alarms?time_zone=moon");
        cloud_stop();
}
END_TEST

START_TEST(statistics) {
        struct json_object *days;
        int64_t sum = 0;

        cloud_start("demo");
        days = js_get(ask(200, NULL, "GET /v2/" PROJECT "/alarm-statistic?time_zone=GMT"),
                      "/alarm_statistics");
        ck_assert_uint_eq(js_len(days, ""), 7);
        for (size_t i = 0; i < 7; i++)
                sum += js_int(js_at(days, i), "/urgent", 0) +
                       js_int(js_at(days, i), "/important", 0) +
                       js_int(js_at(days, i), "/minor", 0);
        ck_assert_int_eq(sum, 12);
        ck_assert_uint_eq(strlen(js_str(js_at(days, 0), "/date")), strlen("2022-10-21"));
        cloud_stop();
}
END_TEST

START_TEST(events) {
        struct json_object *list;
        const char *id;

        cloud_start("demo");
        list = ask(200, NULL, "GET /v2/" PROJECT "/events");
        assert_number(list, "/count", (int64_t)js_len(list, "/events"));
        id = warehouse_id("dws-production");
        ask(200, "{\"restart\":{}}", "POST /v1.0/" PROJECT "/clusters/%s/restart", id);
        cloud_advance(5 * MINUTE);
        list = ask(200, NULL, "GET /v2/" PROJECT "/events?limit=1");
        ck_assert_uint_eq(js_len(list, "/events"), 1);
        assert_text(list, "/events/0/name", "restartClusterSuccess");
        assert_text(list, "/events/0/source_id", id);
        assert_text(list, "/events/0/context", "Cluster dws-production restarted");
        ck_assert_int_gt(js_int(list, "/events/0/occur_time", 0), 1700000000000);
        list = ask(200, NULL, "GET /v2/" PROJECT "/events?limit=1&offset=1");
        assert_text(list, "/events/0/name", "restartClusterStart");
        cloud_stop();
}
END_TEST

#define TARGET                                                              \
        "\"notification_target\":\"urn:smn:cn-north-4:" PROJECT ":topic\"," \
        "\"notification_target_name\":\"topic\",\"notification_target_type\":\"SMN\""
#define ALARM_SUB(name, more) "{\"name\":\"" name "\"," TARGET more "}"

START_TEST(alarm_subscriptions) {
        struct json_object *list, *one;
        const char *id;

        cloud_start("demo");
        list = ask(200, NULL, "GET /v2/" PROJECT "/alarm-subs");
        assert_number(list, "/count", 6);
        assert_text(list, "/alarm_subscriptions/0/name_space", "DWS");
        one = ask(200,
                  ALARM_SUB("new", ",\"time_zone\":\"GMT+01:00\",\"enable\":0,"
                                   "\"alarm_level\":\"urgent,minor\""),
                  "POST /v2/" PROJECT "/alarm-subs");
        id = js_str(one, "/id");
        assert_text(one, "/name_space", "dws");
        assert_text(one, "/alarm_level", "urgent,minor");
        assert_number(one, "/enable", 0);
        one = ask(200, ALARM_SUB("renamed", ""), "PUT /v2/" PROJECT "/alarm-subs/%s", id);
        assert_text(one, "/name", "renamed");
        assert_number(one, "/enable", 1);
        assert_text(one, "/time_zone", "GMT+01:00");
        list = ask(200, NULL, "GET /v2/" PROJECT "/alarm-subs?limit=4&offset=1");
        assert_number(list, "/count", 7);
        assert_text(element(js_get(list, "/alarm_subscriptions"), "/id", id), "/name", "renamed");
        one = ask(200, NULL, "DELETE /v2/" PROJECT "/alarm-subs/%s", id);
        assert_text(one, "/name", "renamed");
        refused(400, "DWS.0001", NULL, "DELETE /v2/" PROJECT "/alarm-subs/%s", id);
        refused(400, "DWS.0001", ALARM_SUB("x", ""), "PUT /v2/" PROJECT "/alarm-subs/%s", id);
        cloud_stop();
}
END_TEST

START_TEST(event_subscriptions) {
        struct json_object *list, *one;
        const char *id;

        cloud_start("demo");
        list = ask(200, NULL, "GET /v2/" PROJECT "/event-subs");
        assert_number(list, "/count", 4);
        ck_assert_uint_eq(js_len(list, "/event_subscriptions"), 4);
        one = ask(200, ALARM_SUB("new", ",\"severity\":\"normal,warning\",\"tag\":\"t\""),
                  "POST /v2/" PROJECT "/event-subs");
        id = js_str(one, "/id");
        assert_text(one, "/severity", "normal,warning");
        assert_text(one, "/category", "");
        assert_text(one, "/time_zone", "GMT+08:00");
        assert_number(one, "/enable", 1);
        one = ask(200, ALARM_SUB("new", ",\"enable\":0"), "PUT /v2/" PROJECT "/event-subs/%s", id);
        assert_text(one, "/severity", "");
        assert_text(one, "/tag", "");
        assert_number(one, "/enable", 0);
        ask(200, NULL, "DELETE /v2/" PROJECT "/event-subs/%s", id);
        refused(400, "DWS.0001", NULL, "DELETE /v2/" PROJECT "/event-subs/%s", id);
        cloud_stop();
}
END_TEST

/* Names without a rule: twice, with '/', blanks, a leading dot, longer than a file name can be. */
START_TEST(awkward_names) {
        struct json_object *list;
        size_t twins = 0, longest = 0;

        cloud_start("demo");
        list = js_get(ask(200, NULL, "GET /v2/" PROJECT "/alarm-subs"), "/alarm_subscriptions");
        for (size_t i = 0; i < js_len(list, ""); i++) {
                const char *name = js_str(js_at(list, i), "/name");

                twins += str_eq(name, "on-call");
                longest = strlen(name) > longest ? strlen(name) : longest;
        }
        ck_assert_uint_eq(twins, 2);
        ck_assert_uint_eq(longest, 300);
        ck_assert(has_element(list, "/name", "ops/all alarms"));
        ck_assert(has_element(list, "/name", ".hidden"));
        list = js_get(ask(200, NULL, "GET /v2/" PROJECT "/event-subs"), "/event_subscriptions");
        ck_assert(has_element(list, "/name", " padded "));
        cloud_stop();
}
END_TEST

START_TEST(subscriptions_are_refused) {
        cloud_start("empty");
        refused(400, "DWS.5065", ALARM_SUB("", ",\"time_zone\":\"GMT\""),
                "POST /v2/" PROJECT "/alarm-subs");
        refused(400, "DWS.5065",
                ALARM_SUB("x", ",\"time_zone\":\"GMT\",\"alarm_level\":\"urgent,high\""),
                "POST /v2/" PROJECT "/alarm-subs");
        refused(400, "DWS.5065", ALARM_SUB("x", ",\"time_zone\":\"moon\""),
                "POST /v2/" PROJECT "/alarm-subs");
        refused(400, "DWS.5060", ALARM_SUB("x", ",\"time_zone\":\"GMT\",\"enable\":2"),
                "POST /v2/" PROJECT "/alarm-subs");
        refused(400, "DWS.5065", ALARM_SUB("x", ",\"severity\":\"loud\""),
                "POST /v2/" PROJECT "/event-subs");
        refused(400, "DWS.5065",
                "{\"name\":\"x\",\"notification_target\":\"topic\",\"notification_target_name\":"
                "\"topic\",\"notification_target_type\":\"SMN\"}",
                "POST /v2/" PROJECT "/event-subs");
        cloud_stop();
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "alarms", alarms, 0 },
                { "statistics", statistics, 0 },
                { "events", events, 0 },
                { "alarm subscriptions", alarm_subscriptions, 0 },
                { "event subscriptions", event_subscriptions, 0 },
                { "awkward names", awkward_names, 0 },
                { "subscriptions are refused", subscriptions_are_refused, 0 },
                { 0 },
        };

        return unit_main("dws-notices", cases);
}
