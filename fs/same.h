/* SPDX-License-Identifier: Apache-2.0 */
/* Is a text, or what it says, in a document already? Pure functions. */
#pragma once

#include "backends/view.h"

bool same_value(const struct document *document, const char *text, size_t len);
bool same_parts(const struct document *document, const char *text, size_t len);
