/* SPDX-License-Identifier: Apache-2.0 */
/* `hcloudfs wait` and `hcloudfs umount`. */
#include <dirent.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/json.h"
#include "base/stamp.h"
#include "base/text.h"
#include "fs/client.h"
#include "fs/jobs.h"
#include "fs/program.h"

enum {
        LOOK_MS = 500,
        BAR_WIDTH = 30,
        DRAIN_S = 30,
        END_MS = 35 * 1000, /* of the daemon, after the mount has gone */
        EXIT_GONE = 3,
};

static void pause_ms(int64_t ms) {
        const struct timespec time = { .tv_sec = (time_t)(ms / 1000),
                                       .tv_nsec = (long)(ms % 1000 * 1000000) };

        (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
}

static const char *text_of(const struct json *json, const char *pointer) {
        const char *text = json_string(json, pointer);

        return text ? text : "";
}

/* `[#########               ]  40% CREATING (1m20s)`, over and over in one line. */
static void draw(const struct json *job, int64_t began_ms) {
        int64_t percent = -1, seconds = (stamp_monotonic_ms() - began_ms) / 1000;
        char bar[BAR_WIDTH + 1];

        if (!isatty(STDERR_FILENO))
                return;
        (void)json_int64(job, "/percent", &percent);
        for (int i = 0; i < BAR_WIDTH; i++)
                bar[i] = percent >= 0 && i * 100 < percent * BAR_WIDTH ? '#' : ' ';
        if (percent < 0)
                bar[seconds % BAR_WIDTH] = '#'; /* nobody tells how far it is */
        bar[BAR_WIDTH] = '\0';
        fprintf(stderr, "\r[%s] ", bar);
        if (percent >= 0)
                fprintf(stderr, "%3d%% ", (int)percent);
        fprintf(stderr, "%s%s%s (%dm%02ds)\033[K", text_of(job, "/state"),
                *text_of(job, "/work") ? " " : "", text_of(job, "/work"), (int)(seconds / 60),
                (int)(seconds % 60));
        (void)fflush(stderr);
}

static void end_line(void) {
        if (isatty(STDERR_FILENO))
                fputs("\r\033[K", stderr);
}

/* One look: 1 while it is under way, else an exit status in @ret_status; negative errno. */
static int look(const struct spot *spot, const char *path, const char *name, int64_t began_ms,
                int *ret_status) {
        struct buf text = BUF_INIT(ANSWER_MAX + 4096), below = BUF_INIT(JOB_NAME_SIZE + 1);
        _cleanup_(json_freep) struct json *job = NULL;
        const char *phase;
        int r = buf_printf(&below, "/%s", name);

        if (r == 0)
                r = spot_read(spot, "jobs", buf_str(&below), &text);
        if (r == 0)
                r = json_parse(buf_str(&text), text.len, &job, NULL);
        buf_done(&below);
        buf_done(&text);
        if (r < 0)
                return r;
        phase = text_of(job, "/phase");
        draw(job, began_ms);
        if (text_eq(phase, "busy") || text_eq(phase, "other"))
                return 1;
        end_line();
        printf("%s: %s\n", path, text_eq(phase, "gone") ? "gone" : text_of(job, "/state"));
        *ret_status = text_eq(phase, "bad") ? EXIT_FAILURE : EXIT_SUCCESS;
        return 0;
}

/* Asks the mount to watch it; what is being created can be watched a moment later. */
static int begin(const struct spot *spot) {
        int r = spot_write(spot, "watch", spot->below);

        while (r == -EAGAIN) {
                pause_ms(LOOK_MS);
                r = spot_write(spot, "watch", spot->below);
        }
        return r;
}

/* The job is of the directory where the path is a file of it. */
static void name_job(const struct spot *spot, const char *path, char ret[JOB_NAME_SIZE]) {
        _cleanup_(freep) char *copy = strdup(spot->below);
        DIR *dir = opendir(path);
        char *slash = copy ? strrchr(copy, '/') : NULL;

        if (dir)
                closedir(dir);
        else if (slash)
                *slash = '\0';
        job_name(copy ? copy : "", ret);
}

/** program_wait() - until the resource at a path is at an end; 0 if that is a good one. */
int program_wait(const struct options *options) {
        int64_t began_ms = stamp_monotonic_ms();
        struct spot spot = { 0 };
        char name[JOB_NAME_SIZE];
        int status = EXIT_SUCCESS, r = spot_locate(options->path, &spot);

        if (r < 0)
                return spot_say_lost(options->path, r);
        name_job(&spot, options->path, name);
        r = begin(&spot);
        if (r == -ENOENT) {
                (void)spot_say(options->path, "is not there");
                status = EXIT_GONE;
                r = 0;
        } else if (r == 0) {
                r = 1;
        }
        while (r > 0) {
                r = look(&spot, options->path, name, began_ms, &status);
                if (r == -ENOENT)
                        r = 0; /* it has no states to wait for */
                else if (r > 0)
                        pause_ms(LOOK_MS);
        }
        if (r < 0)
                status = spot_say_refused(&spot, options->path, r);
        spot_done(&spot);
        return status == EXIT_SUCCESS && fflush(stdout) ? EXIT_FAILURE : status;
}

/* What is not sent yet, a line each. Returns how many that are. */
static unsigned print_queue(const struct spot *spot) {
        _cleanup_(freep) char *path = NULL;
        const struct dirent *entry;
        unsigned count = 0;
        DIR *dir;

        if (text_format(&path, "%s/.hcloudfs/queue", spot->mountpoint) < 0)
                return 0;
        dir = opendir(path);
        while (dir && (entry = readdir(dir))) {
                struct buf text = BUF_INIT(ANSWER_MAX + 4096), below = BUF_INIT(512);

                if (entry->d_name[0] == '.')
                        continue;
                (void)buf_printf(&below, "/%s", entry->d_name);
                if (spot_read(spot, "queue", buf_str(&below), &text) == 0) {
                        text.data[strcspn(text.data, "\n")] = '\0';
                        fprintf(stderr, "stays in the journal: %s: %s\n", entry->d_name, text.data);
                        count++;
                }
                buf_done(&below);
                buf_done(&text);
        }
        if (dir)
                closedir(dir);
        return count;
}

/* Second by second, so that it can be said how far it is. */
static void drain(const struct spot *spot) {
        for (int i = 0; i < DRAIN_S; i++) {
                struct buf left = BUF_INIT(ANSWER_MAX);

                if (spot_write(spot, "drain", "1") != -EBUSY)
                        return;
                if (isatty(STDERR_FILENO) && spot_read(spot, "drain", "", &left) == 0) {
                        left.data[strcspn(left.data, "\n")] = '\0';
                        fprintf(stderr, "\r%s changes are being sent\033[K", left.data);
                }
                buf_done(&left);
        }
        end_line();
}

static int run_fusermount(const char *mountpoint) {
        char program[] = "fusermount3", u[] = "-u", end[] = "--";
        _cleanup_(freep) char *copy = strdup(mountpoint);
        char *argv[] = { program, u, end, copy, NULL };
        int status = -1, r;
        pid_t child;

        if (!copy)
                return -ENOMEM;
        r = posix_spawnp(&child, program, NULL, NULL, argv, environ);
        if (r)
                return -r;
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
                continue;
        return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EBUSY;
}

/* Until the daemon has ended: then its state and cache are free for the next one. */
static void await_end(pid_t pid) {
        struct pollfd wanted = { .events = POLLIN };

        if (!pid)
                return;
        wanted.fd = (int)syscall(SYS_pidfd_open, pid, 0);
        if (wanted.fd < 0)
                return;
        (void)poll(&wanted, 1, END_MS);
        close(wanted.fd);
}

/** program_umount() - send what was accepted, say what stays, unmount, wait for the daemon. */
int program_umount(const struct options *options) {
        struct spot spot = { 0 };
        unsigned left;
        pid_t pid;
        int r = spot_locate(options->path, &spot);

        if (r == 0 && *spot.below)
                r = -EINVAL;
        if (r < 0) {
                spot_done(&spot);
                return r == -EINVAL ? spot_say(options->path, "is inside a mount: give its mount "
                                                              "point")
                                    : spot_say_lost(options->path, r);
        }
        pid = spot_daemon(&spot);
        drain(&spot);
        left = print_queue(&spot);
        if (chdir("/") < 0)
                r = -errno;
        else if (geteuid() == 0)
                r = umount2(spot.mountpoint, 0) < 0 ? -errno : 0;
        else
                r = run_fusermount(spot.mountpoint);
        if (r < 0)
                (void)spot_say(options->path, strerror(-r));
        else
                await_end(pid);
        spot_done(&spot);
        return r < 0 || left ? EXIT_FAILURE : EXIT_SUCCESS;
}
