/* SPDX-License-Identifier: Apache-2.0 */
/* What people read when a change was refused: the text of `<file>.error` and of the reason that is
 * kept beside a refused text. */
#pragma once

#include "base/buf.h"
#include "base/op.h"

struct report {
        const char *act;  /* what was tried: "save", … */
        const char *path; /* below the mount */
        const struct op_fault *fault;
        int error;         /* negative errno that was replied */
        int64_t when_ms;   /* realtime clock; 0: now */
        const char *kept;  /* directory below .hcloudfs/rejected, or NULL */
        const char *queue; /* name below .hcloudfs/queue of an unknown outcome, or NULL; … */
        bool can_resend;   /* … does `resend` mean anything to it? */
};

bool report_is(const char *text, size_t len);
int report_render(const struct report *report, struct buf *buf);
