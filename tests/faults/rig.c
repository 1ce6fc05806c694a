/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/faults/rig.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"

enum { START_MS = 30 * 1000, HANG_MS = 5000, TICK_MS = 2, WORDS_MAX = 40, FUSE_MAGIC = 0x65735546 };

static struct {
        const char *hcloudfs;
        char work[64], root[80];
        pid_t emulator;
        atomic_int daemon;
        atomic_int status; /* of the last daemon that ended */
        unsigned failures; /* daemons that SIGKILL did not end, or that something else did */
        int64_t port;
        char abort_path[64]; /* of the mount's connection to the kernel */
        CURL *curl;
        char *new_token, *project_token, *domain_token; /* of the account demo */
} rig;

static char *work_path(const char *name) {
        return x_printf("%s/%s", rig.work, name);
}

char *rig_path(const char *format, ...) {
        _cleanup_(freep) char *tail = NULL;
        va_list args;

        va_start(args, format);
        if (vasprintf(&tail, format, args) < 0)
                die("out of memory");
        va_end(args);
        return x_printf("%s/cloud/%s", rig.work, tail);
}

uint64_t rig_number(const char *name, uint64_t otherwise) {
        const char *text = getenv(name);
        int64_t number;

        return text && parse_int(text, &number) == 0 ? (uint64_t)number : otherwise;
}

void dice_init(struct dice *dice, uint64_t seed) {
        dice->state = (seed + 1) * 0xd1342543de82ef95u;
}

/* splitmix64, by Sebastiano Vigna (public domain). */
unsigned dice_roll(struct dice *dice, unsigned sides) {
        uint64_t z = dice->state += 0x9e3779b97f4a7c15u;

        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return (unsigned)((z ^ (z >> 31)) % sides);
}

bool rig_await(unsigned ms, bool (*is_so)(void *data), void *data) {
        int64_t until = monotonic_ms() + ms;

        while (!is_so(data)) {
                if (monotonic_ms() >= until)
                        return false;
                (void)poll(NULL, 0, TICK_MS);
        }
        return true;
}

/* What is forked here ends with this program, whatever ends it. */
static pid_t spawn(char *const *words, const char *log) {
        _cleanup_(freep) char *path = work_path(log), *home = work_path("home");
        pid_t pid = fork();

        if (pid < 0)
                die("fork: %s", strerror(errno));
        if (pid == 0) {
                int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

                (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
                (void)setenv("HOME", home, 1);
                (void)unsetenv("XDG_CACHE_HOME");
                (void)unsetenv("XDG_STATE_HOME");
                (void)dup2(fd, STDOUT_FILENO);
                (void)dup2(fd, STDERR_FILENO);
                (void)execv(words[0], words);
                _exit(127);
        }
        return pid;
}

static size_t on_body(char *data, size_t size, size_t count, void *arg) {
        return buf_add(arg, data, size * count) < 0 ? 0 : size * count;
}

static size_t on_header(char *data, size_t size, size_t count, void *arg) {
        static const char name[] = "X-Subject-Token: ";
        char **token = arg;

        if (size * count > sizeof(name) && strncasecmp(data, name, strlen(name)) == 0) {
                free(*token);
                *token = x_strndup(data + strlen(name), strcspn(data + strlen(name), "\r\n"));
        }
        return size * count;
}

static struct curl_slist *make_headers(const char *host) {
        struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
        const char *token = str_eq(host, "ucs") ? rig.domain_token : rig.project_token;
        _cleanup_(freep) char *line = NULL;

        if (!token)
                return headers;
        line = x_printf("X-Auth-Token: %s", token);
        return curl_slist_append(headers, line);
}

long rig_ask(const char *method, const char *host, const char *path, const char *body,
             struct json_object **ret) {
        _cleanup_(freep) char *url =
                x_printf("http://%s.localhost:%lld%s", host, (long long)rig.port, path);
        struct curl_slist *headers = make_headers(host);
        struct buf answer = BUF_INIT(256 * 1024 * 1024);
        long status = 0;
        CURLcode code;

        curl_easy_reset(rig.curl);
        curl_easy_setopt(rig.curl, CURLOPT_URL, url);
        curl_easy_setopt(rig.curl, CURLOPT_NOPROXY, "*");
        curl_easy_setopt(rig.curl, CURLOPT_CUSTOMREQUEST, method);
        if (body)
                curl_easy_setopt(rig.curl, CURLOPT_POSTFIELDS, body);
        curl_easy_setopt(rig.curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(rig.curl, CURLOPT_WRITEFUNCTION, on_body);
        curl_easy_setopt(rig.curl, CURLOPT_WRITEDATA, &answer);
        curl_easy_setopt(rig.curl, CURLOPT_HEADERFUNCTION, on_header);
        curl_easy_setopt(rig.curl, CURLOPT_HEADERDATA, &rig.new_token);
        code = curl_easy_perform(rig.curl);
        if (code != CURLE_OK)
                die("%s %s: %s", method, url, curl_easy_strerror(code));
        curl_easy_getinfo(rig.curl, CURLINFO_RESPONSE_CODE, &status);
        if (ret) {
                *ret = NULL;
                if (answer.len && js_parse(buf_str(&answer), answer.len, ret) < 0)
                        die("%s %s is not JSON", method, url);
        }
        buf_done(&answer);
        curl_slist_free_all(headers);
        return status;
}

void rig_faults(const char *rules) {
        if (rig_ask("POST", "emulator", "/faults", rules, NULL) / 100 != 2)
                die("the emulator does not take these rules: %s", rules);
}

static bool has_port(void *data) {
        _cleanup_(freep) char *path = work_path("emulator.log"), *text = NULL;
        size_t len;
        char *colon;

        (void)data;
        if (waitpid(rig.emulator, NULL, WNOHANG) != 0)
                die("the emulator ended, see %s", path);
        if (read_file(path, 4096, &text, &len) < 0 || !len || text[len - 1] != '\n')
                return false;
        text[len - 1] = '\0';
        colon = strrchr(text, ':');
        return colon && parse_int(colon + 1, &rig.port) == 0;
}

static void start_emulator(const char *emulator, const char *contract, const char *const *options) {
        _cleanup_(freep) char *log = work_path("requests");
        const char *words[WORDS_MAX] = { emulator,   "--plain",     "--contract",    contract,
                                         "--listen", "127.0.0.1:0", "--request-log", log };
        size_t n = 8;

        for (; options && *options && n + 1 < WORDS_MAX; options++)
                words[n++] = *options;
        rig.emulator = spawn((char *const *)(uintptr_t)words, "emulator.log");
        if (!rig_await(START_MS, has_port, NULL))
                die("the emulator does not start");
}

static char *log_in(const char *scope) {
        _cleanup_(freep) char *body = x_printf(
                "{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":"
                "{\"name\":\"demo\",\"password\":\"Demo-Passw0rd!\",\"domain\":{\"name\":"
                "\"demo-domain\"}}}},\"scope\":%s}}",
                scope);

        if (rig_ask("POST", "iam", "/v3/auth/tokens", body, NULL) != 201 || !rig.new_token)
                die("no login at the emulator");
        return STEAL(rig.new_token);
}

static void write_config(void) {
        _cleanup_(freep) char *path = work_path("hcloudfs.conf"), *text = NULL;
        long long port = rig.port;

        text = x_printf("[mount]\ndeletions_per_minute = 0\nlog_level = info\n"
                        "[account demo]\nak = HCLOUDFSDEMOACCESSKEY\n"
                        "sk = demo-secret-key-not-a-secret\nregion = cn-north-4\n"
                        "projects = cn-north-4\nallow_delete = all\n"
                        "endpoint.iam = http://iam.{region}.localhost:%lld\n"
                        "endpoint.dws = http://dws.{region}.localhost:%lld\n"
                        "endpoint.ucs = http://ucs.localhost:%lld\n"
                        "[servicecomb lab]\nregistry = http://sc.localhost:%lld\n"
                        "config = http://kie.localhost:%lld\nallow_delete = all\n",
                        port, port, port, port, port);
        if (write_file(path, text, strlen(text), 0600) < 0)
                die("%s cannot be written", path);
}

static bool is_mounted(void *data) {
        _cleanup_(freep) char *root = work_path("cloud");
        struct statfs fs;

        (void)data;
        if (waitpid(rig.daemon, NULL, WNOHANG) != 0)
                die("hcloudfs ended before it was mounted, see %s/mount.log", rig.work);
        return statfs(root, &fs) == 0 && fs.f_type == FUSE_MAGIC;
}

static void find_connection(void) {
        _cleanup_(freep) char *root = work_path("cloud");
        struct stat st;

        if (stat(root, &st) < 0)
                die("%s: %s", root, strerror(errno));
        (void)snprintf(rig.abort_path, sizeof(rig.abort_path), "/sys/fs/fuse/connections/%u/abort",
                       minor(st.st_dev));
}

void rig_mount(void) {
        _cleanup_(freep) char *root = work_path("cloud");
        _cleanup_(freep) char *config = x_printf("config=%s/hcloudfs.conf", rig.work);
        const char *words[] = { rig.hcloudfs, "--foreground", "-o", config, root, NULL };

        rig.daemon = spawn((char *const *)(uintptr_t)words, "mount.log");
        if (!rig_await(START_MS, is_mounted, NULL))
                die("hcloudfs does not mount");
        find_connection();
}

int rig_mount_aside(void) {
        _cleanup_(freep) char *config = x_printf("config=%s/hcloudfs.conf", rig.work);
        const char *words[] = { rig.hcloudfs, "-o", config, rig.root, NULL };
        int status = -1;

        (void)waitpid(spawn((char *const *)(uintptr_t)words, "mount.log"), &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void detach(int flags) {
        _cleanup_(freep) char *root = work_path("cloud");
        const char *words[] = { "/usr/bin/env", "fusermount3", flags ? "-uzq" : "-uq", root, NULL };
        int status;

        if (umount2(root, flags) == 0 || errno == EINVAL)
                return;
        (void)waitpid(spawn((char *const *)(uintptr_t)words, "mount.log"), &status, 0);
}

static bool has_ended(void *data) {
        pid_t pid = rig.daemon;
        int status = 0;

        (void)data;
        if (pid && waitpid(pid, &status, WNOHANG) != 0) {
                rig.status = status;
                rig.daemon = 0;
        }
        return !rig.daemon;
}

void rig_unmount(void) {
        detach(0);
        if (!rig_await(60 * 1000, has_ended, NULL))
                die("the daemon does not end by itself");
        if (rig.status != 0)
                die("the daemon ends with %#x, see %s/mount.log", (unsigned)rig.status, rig.work);
}

/* A thread of the daemon waits in the kernel for a lock that a program holds while it waits for the
 * daemon: neither would ever end. */
static void free_hanging(void) {
        int fd = open(rig.abort_path, O_WRONLY | O_CLOEXEC);

        rig.failures++;
        printf("# a killed daemon does not die: its connection is aborted\n");
        if (fd < 0 || write(fd, "1", 1) != 1)
                (void)umount2(rig.root, MNT_FORCE);
        if (fd >= 0)
                (void)close(fd);
        if (!rig_await(START_MS, has_ended, NULL))
                die("the daemon does not die");
}

void rig_kill(void) {
        pid_t pid = rig.daemon;

        if (pid > 0)
                (void)kill(pid, SIGKILL);
        if (!rig_await(HANG_MS, has_ended, NULL))
                free_hanging();
        if (WIFSIGNALED(rig.status) && WTERMSIG(rig.status) == SIGKILL)
                return;
        rig.failures++;
        printf("# the daemon was ended by something else: %#x\n", (unsigned)rig.status);
}

unsigned rig_failures(void) {
        return rig.failures;
}

pid_t rig_daemon(void) {
        return rig.daemon;
}

void rig_bury(void) {
        detach(MNT_DETACH);
}

void rig_start(const char *hcloudfs, const char *emulator, const char *contract,
               const char *const *options) {
        const char *tmp = getenv("TMPDIR");
        _cleanup_(freep) char *root = NULL, *home = NULL;

        (void)snprintf(rig.work, sizeof(rig.work), "%.30s/hcloudfs-rig.XXXXXX", tmp ? tmp : "/tmp");
        if (!mkdtemp(rig.work))
                die("%s: %s", rig.work, strerror(errno));
        root = work_path("cloud");
        (void)snprintf(rig.root, sizeof(rig.root), "%s", root);
        home = work_path("home");
        if (mkdir(root, 0700) < 0 || mkdir(home, 0700) < 0)
                die("%s: %s", root, strerror(errno));
        rig.hcloudfs = hcloudfs;
        if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || !(rig.curl = curl_easy_init()))
                die("no curl");
        start_emulator(emulator, contract, options);
        rig.domain_token = log_in("{\"domain\":{\"name\":\"demo-domain\"}}");
        rig.project_token = log_in("{\"project\":{\"name\":\"cn-north-4\"}}");
        write_config();
        rig_mount();
}

static void remove_work(void) {
        const char *words[] = { "/bin/rm", "-rf", "--one-file-system", rig.work, NULL };
        int status;

        (void)waitpid(spawn((char *const *)(uintptr_t)words, "rm.log"), &status, 0);
}

void rig_stop(bool keep) {
        int status;

        if (rig.daemon)
                rig_unmount();
        curl_easy_cleanup(rig.curl);
        curl_global_cleanup();
        (void)kill(rig.emulator, SIGTERM);
        (void)waitpid(rig.emulator, &status, 0);
        free(rig.domain_token);
        free(rig.project_token);
        free(rig.new_token);
        if (keep)
                printf("# kept: %s\n", rig.work);
        else
                remove_work();
}

int rig_write(const char *path, const char *text, size_t len, int flags) {
        int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0644), r = 0;

        if (fd < 0)
                return -errno;
        if (write(fd, text, len) != (ssize_t)len)
                r = -errno;
        if (close(fd) < 0 && r == 0)
                r = -errno;
        return r;
}

int rig_read(const char *path, char **ret, size_t *ret_len) {
        return read_file(path, 16 * 1024 * 1024, ret, ret_len);
}
