/* SPDX-License-Identifier: Apache-2.0 */
/* Commands about a path inside a running mount: they ask the mount's own control files. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "fs/client.h"
#include "fs/program.h"

/* Nothing can be written to a read-only mount: its daemon is told by a signal, and refreshes
 * everything when it is next used. */
static int refresh_by_signal(const struct spot *spot, const char *path) {
        pid_t pid = spot_daemon(spot);

        if (!pid)
                return spot_say(path,
                                "the mount is read-only and its daemon is not on this machine");
        if (kill(pid, SIGHUP) < 0)
                return spot_say(path, strerror(errno));
        return EXIT_SUCCESS;
}

/** program_refresh() - have a path read anew from the cloud; by default where we are. */
int program_refresh(const struct options *options) {
        const char *path = options->path ? options->path : ".";
        struct spot spot = { 0 };
        int r = spot_locate(path, &spot), status = EXIT_SUCCESS;

        if (r < 0)
                status = spot_say_lost(path, r);
        else if (strchr(spot.below, '\n'))
                status = spot_say(path, "there is no such name");
        else
                r = spot_write(&spot, "refresh", *spot.below ? spot.below : "/");
        if (status == EXIT_SUCCESS && r == -EROFS)
                status = refresh_by_signal(&spot, path);
        else if (status == EXIT_SUCCESS && r < 0)
                status = spot_say_refused(&spot, path, r);
        spot_done(&spot);
        return status;
}

/* Of a directory the explanation stands beside those of what it holds. */
static int explain(const struct spot *spot, const char *path, struct buf *buf) {
        _cleanup_(freep) char *below = NULL;
        struct stat st;

        if (lstat(path, &st) < 0)
                return -errno;
        if (text_format(&below, "%s%s", spot->below, S_ISDIR(st.st_mode) ? "/.list" : "") < 0)
                return -ENOMEM;
        return spot_read(spot, "why", below, buf);
}

/** program_stat() - what a path of a mount is, and where what it shows comes from. */
int program_stat(const struct options *options) {
        struct buf text = BUF_INIT(ANSWER_MAX + 4096);
        struct spot spot = { 0 };
        int r = spot_locate(options->path, &spot), status = EXIT_SUCCESS;

        if (r < 0) {
                status = spot_say_lost(options->path, r);
        } else if (text_eq(spot.below, "/.hcloudfs") || text_starts(spot.below, "/.hcloudfs/")) {
                status = spot_say(options->path, "belongs to the mount itself and to no account");
        } else {
                r = explain(&spot, options->path, &text);
                if (r == -ENOENT)
                        status = spot_say(options->path, "there is no such file or directory");
                else if (r < 0)
                        status = spot_say_refused(&spot, options->path, r);
                else
                        fputs(buf_str(&text), stdout);
        }
        buf_done(&text);
        spot_done(&spot);
        return status == EXIT_SUCCESS && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
