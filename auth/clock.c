/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway takes signatures that are at most 15 minutes off; this machine's clock may be wrong,
 * so the server's is asked when it complains. */
#include "auth/auth-internal.h"

#include "base/stamp.h"
#include "base/text.h"

/* `20260102T030405Z`, the form of X-Sdk-Date, made readable for stamp_parse(). */
static void spread(char word[], size_t size) {
        char text[17];

        if (strlen(word) != 16 || word[8] != 'T')
                return;
        memcpy(text, word, sizeof(text));
        (void)snprintf(word, size, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", text, text + 4, text + 6,
                       text + 9, text + 11, text + 13);
}

/**
 * clock_server_time() - the server's time in `signature expired, …,server time:…`.
 * Returns 0 with seconds since 1970, -ENOENT if the text has none that can be read.
 */
int clock_server_time(const char *text, int64_t *ret_s) {
        const char *at = text ? strcasestr(text, "server time") : NULL;
        struct timespec time;
        char word[40];
        size_t len;

        if (!at)
                return -ENOENT;
        at += strlen("server time");
        at += strspn(at, ": ");
        len = strspn(at, "0123456789TZ:.+- ");
        while (len > 0 && strchr(" .:-", at[len - 1]))
                len--;
        if (len == 0 || len >= sizeof(word))
                return -ENOENT;
        (void)snprintf(word, sizeof(word), "%.*s", (int)len, at);
        spread(word, sizeof(word));
        if (!strchr(word, ':') || stamp_parse(word, &time) < 0)
                return -ENOENT;
        *ret_s = time.tv_sec;
        return 0;
}

/** auth_now_s() - the time to sign with; @ret_offset_s: how far it is from our own clock. */
int64_t auth_now_s(struct auth *auth, int64_t *ret_offset_s) {
        int64_t offset;

        (void)pthread_mutex_lock(&auth->lock);
        offset = auth->offset_s;
        (void)pthread_mutex_unlock(&auth->lock);
        if (ret_offset_s)
                *ret_offset_s = offset;
        return stamp_now_ms() / 1000 + offset;
}

/** auth_observe() - learn from an answer's Date how far the clocks are apart. */
void auth_observe(struct auth *auth, const struct http_response *response) {
        int64_t skew = response->date_s - response->received_ms / 1000;

        if (!response->date_s || !response->received_ms)
                return;
        (void)pthread_mutex_lock(&auth->lock);
        auth->skew_s = llabs(skew) <= SKEW_NOISE_S ? 0 : skew;
        auth->is_skew_known = true;
        (void)pthread_mutex_unlock(&auth->lock);
}

/**
 * auth_skew() - how far the server's clock is before ours. What it said of a signature's time
 * counts for more than the Date of an answer. Returns false if no server told yet.
 */
bool auth_skew(struct auth *auth, int64_t *ret_s, bool *ret_is_corrected) {
        bool is_known;

        (void)pthread_mutex_lock(&auth->lock);
        is_known = auth->is_skew_known || auth->offset_s;
        *ret_s = auth->offset_s ? auth->offset_s : auth->skew_s;
        *ret_is_corrected = auth->offset_s;
        (void)pthread_mutex_unlock(&auth->lock);
        return is_known;
}

/**
 * auth_correct_clock() - the server found the time of a signature wrong: use the server's.
 * @text: what it said; @used_offset_s: the correction that the signature had.
 * Returns true if another attempt will carry another time: the correction is new, by this call or
 * by another request's since.
 */
bool auth_correct_clock(struct auth *auth, const char *text, const struct http_response *response,
                        int64_t used_offset_s) {
        int64_t server = response->date_s, offset;
        bool is_new;

        if (clock_server_time(text, &server) < 0 && !server)
                return false;
        offset = server - response->received_ms / 1000;
        (void)pthread_mutex_lock(&auth->lock);
        if (offset - auth->offset_s > SKEW_WARN_S || auth->offset_s - offset > SKEW_WARN_S)
                auth->offset_s = llabs(offset) > SKEW_WARN_S ? offset : 0;
        is_new = auth->offset_s != used_offset_s;
        (void)pthread_mutex_unlock(&auth->lock);
        return is_new;
}
