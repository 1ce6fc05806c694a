/* SPDX-License-Identifier: Apache-2.0 */
/* docs/configuration.md and the table of keys say the same, in both directions. */
#include "auth/keys.h"

#include "auth/ini.h"
#include "auth/secret.h"
#include "base/text.h"
#include "tests/unit/auth/home.h"
#include "tests/unit/unit.h"

static const enum section sections[] = { SECTION_MOUNT, SECTION_ACCOUNT, SECTION_SERVICECOMB,
                                         SECTION_KUBERNETES };
static char *page;

static char *read_page(const char *path) {
        char *text = NULL;
        struct stat st;
        struct op op;
        size_t len;

        op_init(&op, OP_INTERACTIVE, 0);
        return secret_file_load(&op, path, INI_SIZE_MAX, &text, &len, &st) < 0 ? NULL : text;
}

/* The part of the page about a section; the caller's. */
static char *part_of(enum section section) {
        char head[64];
        const char *begin, *end;

        (void)snprintf(head, sizeof(head), "\n## [%s%s]\n", key_section_name(section),
                       section == SECTION_MOUNT ? "" : " NAME");
        begin = strstr(page, head);
        ck_assert_msg(begin, "no part%s", head);
        begin += strlen(head);
        end = strstr(begin, "\n## ");
        return end ? strndup(begin, (size_t)(end - begin)) : strdup(begin);
}

static const struct key_row *row_of(enum section section, const char *name) {
        for (size_t i = 0; i < n_key_rows; i++)
                if ((key_rows[i].sections & section) && text_eq(key_rows[i].name, name))
                        return &key_rows[i];
        return NULL;
}

START_TEST(every_key_is_in_the_manual) {
        for (size_t s = 0; s < ELEMENTSOF(sections); s++) {
                char *part = part_of(sections[s]);

                for (size_t i = 0; i < n_key_rows; i++) {
                        const struct key_row *row = &key_rows[i];
                        char begin[400];
                        const char *at;

                        if (!(row->sections & sections[s]))
                                continue;
                        (void)snprintf(begin, sizeof(begin), "\n| `%s` | %s%s| `%s` | ", row->name,
                                       row->normal, *row->normal ? " " : "", row->example);
                        at = strstr(part, begin);
                        ck_assert_msg(at, "[%s]: no line%s", key_section_name(sections[s]), begin);
                        at += 1;
                        at = strndupa(at, strcspn(at, "\n"));
                        ck_assert_msg(!strstr(at, "*ref*") == !row->may_refer, "%s", at);
                        ck_assert_msg(!strstr(at, ", secret)") == !row->is_secret, "%s", at);
                }
                free(part);
        }
}
END_TEST

START_TEST(the_manual_has_no_other_keys) {
        for (size_t s = 0; s < ELEMENTSOF(sections); s++) {
                char *part = part_of(sections[s]);

                for (char *line = part; (line = strstr(line, "\n| `")); line++) {
                        char name[64];

                        (void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(line + 4, "`"),
                                       line + 4);
                        ck_assert_msg(row_of(sections[s], name), "[%s] has no key `%s`",
                                      key_section_name(sections[s]), name);
                }
                free(part);
        }
}
END_TEST

START_TEST(defaults_and_examples_are_valid) {
        for (size_t i = 0; i < n_key_rows; i++) {
                const struct key_row *row = &key_rows[i];
                const char *wanted = NULL;
                char *value = NULL;

                ck_assert_msg(key_normalize(row, row->example, &value, &wanted) == 0,
                              "%s: example, expected %s", row->name, wanted);
                free(value);
                value = NULL;
                if (row->form == FORM_NUMBER || row->form == FORM_ACCESS || row->form == FORM_ALLOW)
                        ck_assert_msg(key_normalize(row, row->normal, &value, &wanted) == 0,
                                      "%s: default, expected %s", row->name, wanted);
                free(value);
        }
}
END_TEST

START_TEST(the_example_is_read) {
        struct config *config = NULL;
        const char *begin = strstr(page, "```ini\n");
        struct op op;
        char *text;

        home_enter();
        ck_assert_ptr_nonnull(begin);
        begin += strlen("```ini\n");
        text = strndup(begin, (size_t)(strstr(begin, "```") - begin));
        (void)home_write(".hcloud/config.json", 0600,
                         "{\"profiles\":[{\"name\":\"backup\",\"accessKeyId\":\"A\","
                         "\"secretAccessKey\":\"S\"}]}");
        (void)home_write(".config/hcloudfs/hcloudfs.conf", 0600, text);
        op_init(&op, OP_INTERACTIVE, 0);
        ck_assert_msg(config_load(&op, NULL, &config) == 0, "%s", op.fault.reason);
        ck_assert_uint_eq(config->n_accounts, 4);
        (void)config_free(config);
        free(text);
        home_leave();
}
END_TEST

int main(int argc, char **argv) {
        const struct unit_case cases[] = {
                { "every key is in the manual", every_key_is_in_the_manual, 0 },
                { "the manual has no other keys", the_manual_has_no_other_keys, 0 },
                { "defaults and examples are valid", defaults_and_examples_are_valid, 0 },
                { "the example is read", the_example_is_read, 0 },
                { NULL, NULL, 0 },
        };
        int status;

        page = read_page(argc > 1 ? argv[1] : "docs/configuration.md");
        if (!page) {
                (void)fprintf(stderr, "cannot read the page\n");
                return EXIT_FAILURE;
        }
        status = unit_main("keys", cases);
        free(page);
        return status;
}
