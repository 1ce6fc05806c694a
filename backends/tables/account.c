/* SPDX-License-Identifier: Apache-2.0 */
/* The account's own directory, and IAM: which projects there are. */
#include "backends/tables/helpers.h"

#include "auth/keys.h"
#include "backends/rows.h"
#include "backends/select.h"
#include "backends/view-internal.h"
#include "base/text.h"

/*
 * A project is named like its region, a sub-project `<region>_<name>` (contract conventions, 2.6).
 * The region is added as a member of its own; others, such as MOS, have none and get no services.
 */
static int split_projects(const struct json *page, struct answer *answer) {
        const struct json *projects = json_at(page, "/projects");

        if (!json_is(projects, JSON_ARRAY))
                return -EBADMSG;
        for (size_t i = 0; i < json_count(projects); i++) {
                struct json *project = json_item(projects, i);
                const char *name = json_string(project, "/name"), *id = json_string(project, "/id");
                size_t len = name ? strcspn(name, "_") : 0;
                _cleanup_(freep) char *region = name ? strndup(name, len) : NULL;
                int r = 0;

                if (!name || !id)
                        continue;
                if (region && key_is_region(region))
                        r = json_set_string(project, "region", region);
                if (r == 0)
                        r = answer_add_json(answer, id, project);
                if (r < 0)
                        return r;
        }
        return 0;
}

static const struct call list_accessible_projects = {
        .id = "listAccessibleProjects",
        .service = "iam",
        .path = "/v3/auth/projects",
        .scope = SCOPE_DOMAIN,
        .split = split_projects,
        .ttl_s = 3600,
};

static const struct call list_projects = {
        .id = "listProjects",
        .service = "iam",
        .path = "/v3/projects",
        .scope = SCOPE_DOMAIN,
        .split = split_projects,
        .ttl_s = 3600,
        .otherwise = &list_accessible_projects,
};

static const struct call create_token = {
        .id = "createToken",
        .service = "iam",
        .method = METHOD_POST,
        .path = "/v3/auth/tokens",
        .scope = SCOPE_NONE,
        .risk = RISK_SECRET,
        .repeat = REPEAT_SAFE, /* one more hurts nobody, all end by themselves */
};

static const struct call create_temporary_access_key = {
        .id = "createTemporaryAccessKey",
        .service = "iam",
        .method = METHOD_POST,
        .path = "/v3.0/OS-CREDENTIAL/securitytokens",
        .scope = SCOPE_DOMAIN,
        .risk = RISK_SECRET,
        .repeat = REPEAT_SAFE, /* one more hurts nobody, all end by themselves */
};

static const struct call create_iam_user = {
        .id = "createIamUser",
        .service = "iam",
        .method = METHOD_POST,
        .path = "/v3.0/OS-USER/users",
        .scope = SCOPE_DOMAIN,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
};

static const struct call post_auth_projects = {
        .id = "postAuthProjectsIllustration",
        .service = "iam",
        .method = METHOD_POST,
        .path = "/v3/auth/projects",
        .scope = SCOPE_DOMAIN,
        .risk = RISK_CHANGE,
        .repeat = REPEAT_ONCE,
};

static const struct call list_iam_users = {
        .id = "listIamUsersIllustration",
        .service = "iam",
        .path = "/v3.0/OS-USER/users",
        .scope = SCOPE_DOMAIN,
};

/* How we are logged in, and the projects that were found; no secret. */
static int compose_account(struct composer *composer, const struct json *value, struct json **ret) {
        static const char *const shown[] = { "/*/id", "/*/name", "/*/domain_id", NULL };
        const struct view *view = composer->view;
        _cleanup_(json_freep) struct json *account = NULL;
        _cleanup_(json_freep) struct json *projects = NULL;
        int r = 0;

        (void)value;
        if (view->describe)
                r = view->describe(view->describe_data, &account);
        else
                account = json_new_object();
        if (r == 0 && !account)
                r = -ENOMEM;
        if (r == 0)
                r = composer_value(composer, &list_projects, &projects);
        if (r == 0) {
                struct json *kept;

                r = select_only(projects, shown, &kept);
                if (r == 0)
                        r = json_set(account, "projects", kept);
        }
        if (r < 0)
                return r;
        *ret = STEAL(account);
        return 0;
}

static const struct file account_files[] = {
        { .name = "account.json", .from = FROM_NOWHERE, .compose = compose_account },
        { 0 },
};

static const struct kind project = {
        .name = "project",
        .service = "iam",
        .list = &list_projects,
        .label = "/name",
        .beside = &iam_service.content,
        .params = (const char *const[]){ "project_id", "cloud_project", NULL },
        .more = (const char *const[]){ "region=/region", NULL },
        .content = {
                .children = (const struct child[]){
                        { .name = "dws", .row = &dws_service.content, .when = { .at = "/region" } },
                        { .name = "cse", .row = &cse_service.content, .when = { .at = "/region" } },
                        { .name = "ems", .row = &ems_service.content, .when = { .at = "/region" } },
                        { 0 },
                },
        },
};

const struct service iam_service = {
        .name = "iam",
        .title = "Identity and Access Management",
        .content = {
                .files = account_files,
                .children = (const struct child[]){
                        { .name = "ucs", .row = &ucs_service.content },
                        { .kind = &project },
                        { 0 },
                },
        },
        .omitted = (const struct omitted[]){
                { &create_token, "internal: the login with a password; never shown" },
                { &create_temporary_access_key,
                  "internal: derives temporary keys when so configured; never shown" },
                { &create_iam_user, "a worked example of a call: it makes a login that no call of "
                                    "the contract lists, reads or deletes" },
                { &post_auth_projects, "deprecated: an illustration of headers" },
                { &list_iam_users, "deprecated: an illustration of headers, its answer unknown" },
                { 0 },
        },
};

static const struct place_row servicecomb_row = {
        .children =
                (const struct child[]){
                        { .name = "registry", .kind = &microservice },
                        { .name = "config", .kind = &configuration },
                        { 0 },
                },
};

/* The content of an account's directory, by its type. */
const struct place_row *const account_rows[] = {
        [ACCOUNT_CLOUD] = &iam_service.content,
        [ACCOUNT_SERVICECOMB] = &servicecomb_row,
        [ACCOUNT_KUBERNETES] = NULL,
};

const struct service *const services[] = {
        &iam_service,         &dws_service, &ucs_service, &cse_service,
        &servicecomb_service, &ems_service, NULL,
};
