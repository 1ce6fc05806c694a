/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/plan.h"

#include "base/stamp.h"

/** plan_init() - nothing was planned. Returns 0 or -ENOMEM. */
int plan_init(struct plan *plan) {
        *plan = (struct plan){ .text = BUF_INIT(PLAN_BYTES_MAX) };
        return pthread_mutex_init(&plan->lock, NULL) ? -ENOMEM : 0;
}

/** plan_done() - frees the text. */
void plan_done(struct plan *plan) {
        buf_done(&plan->text);
        pthread_mutex_destroy(&plan->lock);
}

/** plan_step() - append one request of a change to its own text. Returns 0, -EFBIG or -ENOMEM. */
int plan_step(struct buf *steps, const struct op_step *step) {
        (void)buf_printf(steps, "%s %s %s\n# %s, request %u of %u%s\n", step->service, step->method,
                         step->target, step->call, step->number, step->count,
                         step->is_once ? ", never sent twice" : "");
        if (!step->body)
                return steps->error;
        (void)buf_add(steps, step->body, step->body_len);
        return buf_add_char(steps, '\n');
}

/** plan_add() - a change and its requests; what does not fit is left out, and the text says so. */
void plan_add(struct plan *plan, const char *act, const char *path, const struct buf *steps) {
        char now[STAMP_TEXT_SIZE];
        size_t before;

        stamp_format(stamp_now_ms() / 1000, now);
        pthread_mutex_lock(&plan->lock);
        before = plan->text.len;
        (void)buf_printf(&plan->text, "# %s %s %s\n", now, act, path);
        (void)buf_add_str(&plan->text,
                          steps->len ? buf_str(steps) : "# no request: nothing would change\n");
        (void)buf_add_char(&plan->text, '\n');
        if (plan->text.error) {
                buf_truncate(&plan->text, before);
                plan->text.error = 0;
                plan->is_full = true;
        }
        pthread_mutex_unlock(&plan->lock);
}

/** plan_render() - append all of it. Returns 0 or -ENOMEM. */
int plan_render(struct plan *plan, struct buf *buf) {
        int r;

        pthread_mutex_lock(&plan->lock);
        r = buf_add(buf, buf_str(&plan->text), plan->text.len);
        if (r == 0 && plan->is_full)
                r = buf_add_str(buf, "# more was planned than is kept: empty this file\n");
        pthread_mutex_unlock(&plan->lock);
        return r;
}

/** plan_clear() - forget what was planned. */
void plan_clear(struct plan *plan) {
        pthread_mutex_lock(&plan->lock);
        buf_truncate(&plan->text, 0);
        plan->is_full = false;
        pthread_mutex_unlock(&plan->lock);
}
