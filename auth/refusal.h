/* SPDX-License-Identifier: Apache-2.0 */
/* Why a gateway or service answered 401: its words, sorted by what helps. */
#pragma once

#include "http/http.h"

enum refusal {
        REFUSAL_NONE,        /* not about credentials: some services say 401 where 404 is meant */
        REFUSAL_SIGNATURE,   /* the signature does not fit: wrong secret key */
        REFUSAL_UNKNOWN_KEY, /* nobody has this access key */
        REFUSAL_CLOCK,       /* the signature's time is too far off */
        REFUSAL_LOCKED,      /* too many wrong signatures: the key is locked for five minutes */
        REFUSAL_TOKEN,       /* a token that is damaged, over, or good for something else */
        REFUSAL_OTHER,       /* about credentials, no more is known */
};

enum refusal refusal_of(const struct http_fault *fault);
