/* SPDX-License-Identifier: Apache-2.0 */
/* Why no answer came: libcurl's code as errno and as a sentence. */
#pragma once

#include <curl/curl.h>

#include "http/send.h"

int failure_report(struct attempt *attempt, CURL *easy, CURLcode code, const char *detail);
