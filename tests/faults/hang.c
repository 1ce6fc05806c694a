/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program is changing a directory when the kernel is to be told of names in it. Nobody waits for
 * anybody then: the daemon goes on, it can be killed, the program gets its answer, and the kernel
 * is told after it. Where a killed daemon has left something all the same, the next mount lets
 * everybody go.
 *
 * usage: hang HCLOUDFS EMULATOR CONTRACT
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/faults/rig.h"

#define FLEETS "demo/ucs/fleets"

enum {
        STALL_MS = 2500,
        WAIT_MS = 20 * 1000,
        SOON_MS = 2000, /* names that were missing are looked for again after five seconds */
};

static unsigned failures;

static void check(bool is_so, const char *what) {
        failures += !is_so;
        printf("# %s: %s\n", is_so ? "ok" : "FAILED", what);
}

static bool is_there(void *data) {
        struct stat st;

        return stat(data, &st) == 0;
}

/* Is the creation of that path under way? */
static bool is_in_queue(void *data) {
        _cleanup_(freep) char *dir_path = rig_path(".hcloudfs/queue");
        DIR *dir = opendir(dir_path);
        const struct dirent *entry;
        bool is = false;

        while (dir && !is && (entry = readdir(dir))) {
                _cleanup_(freep) char *path = x_printf("%s/%s", dir_path, entry->d_name);
                _cleanup_(freep) char *text = NULL;
                size_t len;

                is = rig_read(path, &text, &len) == 0 && strstr(text, data) &&
                     strstr(text, "being sent");
        }
        if (dir)
                (void)closedir(dir);
        return is;
}

/* A process that makes a fleet, which the server takes its time for; returns when it is asked. */
static pid_t make_slowly(const char *name, unsigned ms) {
        _cleanup_(freep) char *path = rig_path(FLEETS "/%s", name);
        _cleanup_(freep) char *rule = x_printf("POST * times=1 stall=%u\n", ms);
        pid_t pid;

        rig_faults(rule);
        (void)fflush(stdout);
        pid = fork();
        if (pid < 0)
                die("fork: %s", strerror(errno));
        if (pid == 0)
                _exit(mkdir(path, 0755) == 0 ? 0 : errno);
        if (!rig_await(WAIT_MS, is_in_queue, (void *)(uintptr_t)name))
                die("nobody asks for %s", name);
        return pid;
}

struct child {
        pid_t pid;
        int status;
};

static bool has_ended(void *data) {
        struct child *child = data;

        return waitpid(child->pid, &child->status, WNOHANG) == child->pid;
}

/* The child's errno. */
static int await(pid_t pid) {
        struct child child = { .pid = pid };

        if (!rig_await(WAIT_MS, has_ended, &child))
                die("a program hangs");
        return WIFEXITED(child.status) ? WEXITSTATUS(child.status) : -1;
}

/* Somebody else makes one. */
static void make_elsewhere(const char *name) {
        _cleanup_(freep) char *body =
                x_printf("{\"metadata\": {\"name\": \"%s\"}, \"spec\": {}}", name);
        long status = rig_ask("POST", "ucs", "/v1/clustergroups", body, NULL);

        if (status / 100 != 2)
                die("a fleet cannot be made: %ld", status);
}

/* The daemon learns of what is there now, without a look into the directory by the kernel. Returns
 * how long that took, in milliseconds. */
static int64_t refresh(void) {
        static const char text[] = "/" FLEETS "\n";
        _cleanup_(freep) char *path = rig_path(".hcloudfs/refresh");
        int64_t began_ms = monotonic_ms();
        int r = rig_write(path, text, strlen(text), 0);

        if (r < 0)
                die("%s: %s", path, strerror(-r));
        return monotonic_ms() - began_ms;
}

/* Looks for a name that is missing, lets a change of the directory begin and the name appear. */
static pid_t begin(const char *slow, const char *missing, unsigned ms) {
        _cleanup_(freep) char *path = rig_path(FLEETS "/%s", missing);
        pid_t pid;

        if (is_there(path))
                die("%s is there already", path);
        make_elsewhere(missing);
        pid = make_slowly(slow, ms);
        check(refresh() < SOON_MS, "nobody waits for the kernel to be told");
        return pid;
}

/* Has any thread nothing open but the standard files and one connection? */
static bool has_parted(void) {
        _cleanup_(freep) char *tasks = x_printf("/proc/%d/task", (int)rig_daemon());
        DIR *dir = opendir(tasks);
        const struct dirent *entry;
        bool has = false;

        while (dir && (entry = readdir(dir))) {
                unsigned others = 0, connections = 0;

                for (int fd = 3; fd < 256; fd++) {
                        _cleanup_(freep) char *path =
                                x_printf("%s/%s/fd/%d", tasks, entry->d_name, fd);
                        char target[256];
                        ssize_t len = readlink(path, target, sizeof(target) - 1);

                        if (len < 0)
                                continue;
                        target[len] = '\0';
                        if (str_eq(target, "/dev/fuse"))
                                connections++;
                        else
                                others++;
                }
                has |= connections == 1 && !others;
        }
        if (dir)
                (void)closedir(dir);
        return has;
}

static void *wait_for_ever(void *data) {
        (void)data;
        for (;;)
                (void)pause();
        return NULL;
}

/* A daemon that was killed and of which a thread is left, as the next mount finds it: nobody
 * answers at @path, and the connection is open. */
static pid_t leave_remnant(const char *path) {
        pid_t pid = fork();

        if (pid == 0) {
                int fd = open("/dev/fuse", O_RDWR);
                char options[96];
                pthread_t thread;

                (void)snprintf(options, sizeof(options),
                               "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
                (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
                (void)prctl(PR_SET_NAME, "hcloudfs");
                if (mount("hcloudfs", path, "fuse.hcloudfs", MS_NOSUID | MS_NODEV, options) < 0 ||
                    pthread_create(&thread, NULL, wait_for_ever, NULL) != 0)
                        _exit(1);
                pthread_exit(NULL);
        }
        return pid;
}

static bool is_mount(void *data) {
        _cleanup_(freep) char *text = NULL, *line = x_printf(" %s ", (const char *)data);
        size_t len;

        return rig_read("/proc/self/mountinfo", &text, &len) == 0 && strstr(text, line);
}

/* Somebody waits at a mount whose daemon cannot answer any more. Only root can make one. */
static void check_remnant(void) {
        _cleanup_(freep) char *root = rig_path("%s", "");
        pid_t remnant, waiting;

        if (geteuid() != 0)
                return;
        root[strlen(root) - 1] = '\0';
        remnant = leave_remnant(root);
        if (!rig_await(WAIT_MS, is_mount, root))
                die("nothing is mounted at %s", root);
        waiting = fork();
        if (waiting == 0)
                _exit(is_there(root) ? 0 : errno);
        check(rig_mount_aside() == 0, "the next mount clears away what hangs");
        check(await(waiting) != 0, "who waited there is let go");
        check(is_there(root), "it is mounted");
        (void)kill(remnant, SIGKILL);
        (void)waitpid(remnant, NULL, 0);
        rig_bury();
}

int main(int argc, char **argv) {
        static const char *const options[] = { "--speed", "0", NULL };
        _cleanup_(freep) char *late = NULL;
        pid_t pid;
        int r;

        if (argc != 4 || access("/dev/fuse", R_OK | W_OK) < 0)
                return argc != 4 ? 2 : 77;
        setvbuf(stdout, NULL, _IOLBF, 0);
        rig_start(argv[1], argv[2], argv[3], options);
        late = rig_path(FLEETS "/late");
        if (geteuid() == 0) /* others may not look */
                check(has_parted(), "who tells the kernel holds no connection but his own");

        pid = begin("slow", "late", STALL_MS);
        check(await(pid) == 0, "the change is carried out");
        check(rig_await(SOON_MS, is_there, late), "what had to wait is told after the reply");

        pid = begin("never", "later", WAIT_MS);
        rig_kill();
        r = await(pid);
        check(r == ENOTCONN || r == ECONNABORTED, "who waits hears that the daemon was killed");
        check(!rig_failures(), "a killed daemon dies");
        rig_bury();
        rig_faults("");
        check_remnant();
        rig_stop(false);
        return failures ? 1 : 0;
}
