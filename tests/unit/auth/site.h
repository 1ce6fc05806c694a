/* SPDX-License-Identifier: Apache-2.0 */
/* An account whose services are all at one server on this machine. */
#pragma once

#include "auth/auth-internal.h"
#include "tests/unit/auth/home.h"
#include "tests/unit/http/server.h"
#include "tests/unit/unit.h"

#define SECRET   "PLANTED-SECRET"
#define PROJECTS "{\"projects\":[{\"id\":\"p1\",\"name\":\"cn-north-4\",\"domain_id\":\"d1\"}]}"
#define GATEWAY(text)                                                                  \
        "{\"error_code\":\"APIGW.0301\",\"error_msg\":\"Incorrect IAM authentication " \
        "information: " text "\",\"request_id\":\"r1\"}"
#define TOKEN(value) "X-Subject-Token: " value "\r\n"
#define TOKEN_BODY                                                                         \
        "{\"token\":{\"expires_at\":\"2099-01-01T00:00:00.000000Z\",\"user\":{\"domain\":" \
        "{\"id\":\"d1\",\"name\":\"company\"}}}}"

/* Of the test that runs. */
extern struct http *http;
extern struct op op;

struct site {
        struct server *server;
        struct account account;
        struct setting endpoints[5];
        struct auth *auth;
        char url[64];
};

/* A site whose server has these replies. */
#define SITE(...)                                       \
        const struct reply replies[] = { __VA_ARGS__ }; \
        struct site site;                               \
        site_init(&site, replies, ELEMENTSOF(replies))

void site_init(struct site *site, const struct reply *replies, size_t count);
void site_done(struct site *site);

/* In place of the access key that it has. */
void use_password(struct site *site);

/* A project of a regional service. */
extern const struct auth_target dws;

/* Sends to a target; returns the status or negative errno. */
int send_to(struct site *site, const struct auth_target *target, struct http_request *request);
int get(struct site *site, const struct auth_target *target);

/* A header of the n-th request that arrived; "" if it has none. */
const char *header(struct site *site, unsigned n, const char *name);

/* The op has this reason, and no secret in it. */
void expect_reason(const char *part);
