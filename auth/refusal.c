/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/refusal.h"

#include "base/text.h"

/* Texts of the gateway's APIGW.0301 (elsewhere APIG.0301), which has one code for all of them. */
static const struct {
        const char *text;
        enum refusal refusal;
} texts[] = {
        { "reach the limit", REFUSAL_LOCKED },
        { "signature expired", REFUSAL_CLOCK },
        { "verify aksk signature fail", REFUSAL_SIGNATURE },
        { "not exist", REFUSAL_UNKNOWN_KEY },
        { "get secretkey failed", REFUSAL_UNKNOWN_KEY },
        { "token", REFUSAL_TOKEN }, /* decrypt token fail, token expires, x-auth-token not found */
};

/* Codes that are about credentials: gateway, IAM, UCS, engines (service-center and kie). */
static bool is_about_credentials(const char *code) {
        static const char *const beginnings[] = { "APIGW.03",     "APIG.03",      "IAM.", "PAP5.",
                                                  "UCS.00000018", "UCS.01000003", "4012" };

        if (!code || text_eq(code, "401") || text_eq(code, "Unauthorized"))
                return true;
        for (size_t i = 0; i < ELEMENTSOF(beginnings); i++)
                if (text_starts(code, beginnings[i]))
                        return true;
        return false;
}

/** refusal_of() - sort the fault of a 401. */
enum refusal refusal_of(const struct http_fault *fault) {
        if (!is_about_credentials(fault->code))
                return REFUSAL_NONE;
        if (fault->code && text_ends(fault->code, ".0307"))
                return REFUSAL_TOKEN;
        for (size_t i = 0; fault->message && i < ELEMENTSOF(texts); i++)
                if (strcasestr(fault->message, texts[i].text))
                        return texts[i].refusal;
        return REFUSAL_OTHER;
}
