/* SPDX-License-Identifier: Apache-2.0 */
/* Error bodies: whatever a server sends, the texts for people are bounded and clean, and a token
 * that is echoed behind it is never shown. */
#include "tests/fuzz/fuzz.h"

#include "base/text.h"
#include "http/http.h"
#include "http/throttle.h"

static void check(const char *text, size_t max) {
        if (!text)
                return;
        if (!*text || strlen(text) > max || !text_is_utf8(text, strlen(text)))
                abort();
        for (; *text; text++)
                if ((unsigned char)*text < 0x20 || *text == 0x7f)
                        abort();
}

static void check_echo(const char *body, size_t size) {
        static const char echo[] = "|x-security-token:CANARY0123|";
        struct buf text = BUF_INIT(0), shown = BUF_INIT(0);

        if (memmem(body, size, "CANARY", 6))
                return;
        if (buf_add(&text, body, size) == 0 && buf_add_str(&text, echo) == 0 &&
            http_redact(&shown, text.data, text.len) == 0 &&
            memmem(shown.data, shown.len, "CANARY", 6))
                abort();
        buf_done(&text);
        buf_done(&shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *body = malloc(size + 1);
        struct http_response response = { .body = body, .len = size, .status = 429 };
        struct throttle throttle;
        struct http_fault fault;

        if (!body)
                return 0;
        if (size)
                memcpy(body, data, size);
        body[size] = '\0';
        if (http_fault_parse(&response, &fault) == 0) {
                check(fault.code, 63);
                check(fault.message, 4096);
                check(fault.request_id, 126);
                http_fault_done(&fault);
        }
        throttle_read(&response, &throttle);
        if (throttle.wait_ms < 0 || throttle.wait_ms > THROTTLE_WAIT_MAX_MS)
                abort();
        check_echo(body, size);
        return 0;
}
