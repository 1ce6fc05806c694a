/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/report.h"

#include <string.h>

#include "base/stamp.h"

/* What a person can do about a failure, by its errno. */
static const struct {
        int error; /* positive errno */
        const char *advice;
} rows[] = {
        { EINVAL, "correct what the message names and save again" },
        { ESTALE, "somebody changed it meanwhile: read it anew, merge (base, mine and theirs are "
                  "kept) and save again" },
        { EEXIST, "take another name, or change what is there" },
        { EPERM, "this is not allowed here: the message says by what" },
        { EACCES, "ask for the permission in the cloud, or log in as somebody who has it" },
        { EROFS, "this cannot be changed here" },
        { EBUSY, "wait until it is ready, or until the limit has passed, and try again" },
        { EDQUOT, "free some of the quota, or acknowledge deletions in .hcloudfs/acknowledge" },
        { EFBIG, "make it smaller" },
        { ENOTEMPTY, "remove first what the message names" },
        { ENOENT, "it has gone meanwhile: create it anew if it is still wanted" },
        { ENOSPC, "make room on the local disk and save again" },
        { ETIMEDOUT, "try again later" },
        { ENETUNREACH, "see to the network and save again" },
        { ECONNREFUSED, "see to the network and save again" },
        { EHOSTUNREACH, "see to the network and save again" },
        { EIO, "see what was done and what was not, then save again" },
};

static const char *advice(const struct report *report) {
        bool is_unknown = report->fault->is_unknown && report->queue;

        if (is_unknown && report->can_resend)
                return "it may have happened: look at what is there; then write resend or forget "
                       "to the queue file";
        if (is_unknown)
                return "it may have happened: look at what is there; then write forget to the "
                       "queue file, and do it again yourself if it is wanted";
        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                if (rows[i].error == -report->error)
                        return rows[i].advice;
        return "try again; if it stays so, ask the service's support with the request id";
}

static bool has(const char *text, size_t len, const char *part) {
        return memmem(text, len, part, strlen(part));
}

/** report_is() - is it such a text, or a copy of one? */
bool report_is(const char *text, size_t len) {
        return has(text, len, "\ntried: ") && has(text, len, "\nerror: ") &&
               has(text, len, "\nwhat to do: ");
}

/** report_render() - append the whole text. Returns 0 or -ENOMEM. */
int report_render(const struct report *report, struct buf *buf) {
        const struct op_fault *fault = report->fault;
        const char *name = strerrorname_np(-report->error);
        char when[STAMP_TEXT_SIZE];

        stamp_format((report->when_ms ? report->when_ms : stamp_now_ms()) / 1000, when);
        (void)buf_printf(buf, "%s\n\n",
                         fault->reason[0] ? fault->reason : strerror(-report->error));
        (void)buf_printf(buf, "tried: %s %s\nwhen: %s\nerror: %s\n", report->act, report->path,
                         when, name ? name : "?");
        if (fault->status)
                (void)buf_printf(buf, "HTTP status: %d\n", fault->status);
        if (fault->code[0])
                (void)buf_printf(buf, "code: %s\n", fault->code);
        if (fault->request_id[0])
                (void)buf_printf(buf, "request: %s\n", fault->request_id);
        if (report->kept)
                (void)buf_printf(buf, "kept: .hcloudfs/rejected/%s\n", report->kept);
        if (report->queue)
                (void)buf_printf(buf, "pending: .hcloudfs/queue/%s\n", report->queue);
        return buf_printf(buf, "what to do: %s\n", advice(report));
}
