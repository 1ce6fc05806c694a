/* SPDX-License-Identifier: Apache-2.0 */
/* `hcloudfs check`: all that a mount needs, a row each, with what to do where something fails. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "auth/auth.h"
#include "base/text.h"
#include "fs/account.h"
#include "fs/program.h"
#include "fs/storage.h"

struct findings {
        const char *about; /* an account, or NULL: this machine */
        int bad;
};

static void tell(void *data, const char *what, bool is_well, const char *text) {
        struct findings *findings = data;

        findings->bad += !is_well;
        printf("%-6s %s%s%s: %s\n", is_well ? "ok" : "FAILED",
               findings->about ? findings->about : "", findings->about ? ": " : "", what, text);
        (void)fflush(stdout); /* a later one may take long */
}

/* Is a program where the shell would look for it? */
static bool is_in_path(const char *name) {
        const char *cursor = getenv("PATH"), *word;
        size_t len;

        if (text_is_empty(cursor))
                cursor = "/usr/local/bin:/usr/bin:/bin";
        while (text_word(&cursor, ":", &word, &len)) {
                _cleanup_(freep) char *path = NULL;

                if (text_format(&path, "%.*s/%s", (int)len, word, name) == 0 &&
                    access(path, X_OK) == 0)
                        return true;
        }
        return false;
}

static void check_fuse(struct findings *findings) {
        int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC), error = errno;
        char text[160];

        if (fd >= 0)
                close(fd);
        if (fd >= 0)
                tell(findings, "/dev/fuse", true, "can be opened");
        else if (error == EACCES || error == EPERM)
                tell(findings, "/dev/fuse", false,
                     "you may not open it; run: chmod 666 /dev/fuse, or mount as root");
        else if (snprintf(text, sizeof(text), "%s; load the module: modprobe fuse",
                          strerror(error)) > 0)
                tell(findings, "/dev/fuse", false, text);
        if (geteuid() != 0 && is_in_path("fusermount3"))
                tell(findings, "fusermount3", true, "mounts for you");
        else if (geteuid() != 0)
                tell(findings, "fusermount3", false,
                     "not found; install it (package fuse3), or mount as root");
}

/* `user_allow_other` in /etc/fuse.conf, without which only root may let others in. */
static bool others_are_allowed(void) {
        char line[256];
        FILE *file = fopen("/etc/fuse.conf", "re");
        bool is = geteuid() == 0;

        while (file && !is && fgets(line, sizeof(line), file)) {
                const char *word = line + strspn(line, " \t");

                is = text_starts(word, "user_allow_other") &&
                     strchr(" \t\n", word[strlen("user_allow_other")]);
        }
        if (file)
                (void)fclose(file);
        return is;
}

static void check_storage(struct findings *findings, enum storage storage, const char *wanted) {
        const char *what = storage == STORAGE_CACHE ? "cache directory" : "state directory";
        _cleanup_(freep) char *path = NULL;
        struct op op;
        int r;

        op_init(&op, OP_INTERACTIVE, 0);
        r = storage_prepare(&op, storage, wanted, NULL, &path);
        tell(findings, what, r == 0, r == 0 ? path : op.fault.reason);
}

static void check_machine(struct findings *findings, const struct options *options) {
        check_fuse(findings);
        if (strstr(buf_str(&options->pass), "allow_other"))
                tell(findings, "allow_other", others_are_allowed(),
                     others_are_allowed() ? "other users may be let in"
                                          : "other users cannot be let in; add user_allow_other to "
                                            "/etc/fuse.conf");
        check_storage(findings, STORAGE_CACHE, options->cache_dir);
        check_storage(findings, STORAGE_STATE, options->state_dir);
}

/* Is there anything else to mount? */
static bool others_are_shown(const struct options *options, const struct config *config) {
        for (size_t i = 0; !options->account && i < config->n_accounts; i++)
                if (account_is_shown(&config->accounts[i]))
                        return true;
        return false;
}

static int check_account(struct http *http, const struct options *options,
                         const struct config *config, const struct account *account) {
        struct findings findings = { .about = account->name };
        struct auth *auth = NULL;
        struct op op;
        int r;

        if (!account_is_shown(account)) {
                tell(&findings, "configuration", others_are_shown(options, config),
                     "Kubernetes accounts are read but not shown by this version");
                return findings.bad;
        }
        op_init(&op, OP_INTERACTIVE, (int64_t)options->operation_timeout_s * 1000);
        r = auth_new(http, account, &auth);
        if (r < 0)
                tell(&findings, "set-up", false, strerror(-r));
        else
                (void)auth_check(auth, &op, tell, &findings);
        auth_free(auth);
        return findings.bad;
}

/** program_check() - what is well and what is not; the status tells whether all is. */
int program_check(struct options *options) {
        _cleanup_(config_freep) struct config *config = NULL;
        _cleanup_(http_freep) struct http *http = NULL;
        const struct http_options http_options = program_http(options);
        struct findings findings = { 0 };
        struct op op;
        int r;

        op_init(&op, OP_INTERACTIVE, 0);
        r = program_config(options, &op, &config);
        tell(&findings, "configuration", r == 0,
             r < 0          ? op.fault.reason
             : config->path ? config->path
                            : "no file; the environment alone");
        check_machine(&findings, options);
        if (r == 0)
                r = http_new(&http_options, &http);
        for (size_t i = 0; r == 0 && i < config->n_accounts; i++) {
                const struct account *account = &config->accounts[i];

                if (!options->account || text_eq(options->account, account->name))
                        findings.bad += check_account(http, options, config, account);
        }
        return r < 0 || findings.bad || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
