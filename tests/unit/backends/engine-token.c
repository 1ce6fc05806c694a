/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of engines with security, issued by the cloud. */
#include "backends/engine-token.h"

#include "base/text.h"
#include "tests/unit/auth/site.h"

static void expect_token(struct engine_tokens *tokens, const char *engine, const char *project,
                         const char *wanted) {
        const struct auth_target target = { .service = "servicecomb",
                                            .endpoint = ENDPOINT_REGISTRY,
                                            .scope = SCOPE_ENGINE,
                                            .region = "cn-north-4",
                                            .project = "default",
                                            .cloud_project = "p1",
                                            .engine = engine };
        const char *token = NULL;

        ck_assert_int_eq(engine_tokens_get(tokens, &op, &target, project, &token), 0);
        ck_assert_str_eq(token, wanted);
        free((char *)(uintptr_t)token);
}

/* Without the header the cloud looks for the engine in the default enterprise project alone. */
START_TEST(a_token_is_asked_for_in_the_engines_enterprise_project) {
        struct engine_tokens *tokens;
        SITE({ .status = 200, .body = "{\"token\":\"E1\"}" },
             { .status = 200, .body = "{\"token\":\"E2\"}" });

        ck_assert_int_eq(engine_tokens_new(site.auth, &tokens), 0);
        expect_token(tokens, "e1", "ep-1", "E1");
        expect_token(tokens, "e1", "ep-1", "E1");
        expect_token(tokens, "e2", NULL, "E2");
        ck_assert_uint_eq(server_requests(site.server), 2);
        ck_assert(text_starts(server_request(site.server, 0),
                              "POST /v2/p1/enginemgr/engines/e1/tokens "));
        ck_assert_str_eq(header(&site, 0, "X-Enterprise-Project-ID"), "ep-1");
        ck_assert_ptr_nonnull(strstr(header(&site, 0, "Authorization"), "x-enterprise-project-id"));
        ck_assert_str_eq(header(&site, 1, "X-Enterprise-Project-ID"), "");
        (void)engine_tokens_free(tokens);
        site_done(&site);
}
END_TEST

int main(void) {
        const struct unit_case cases[] = {
                { "project", a_token_is_asked_for_in_the_engines_enterprise_project, 0 },
                { NULL, NULL, 0 },
        };

        return unit_main("engine-token", cases);
}
