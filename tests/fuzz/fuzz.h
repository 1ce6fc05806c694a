/* SPDX-License-Identifier: Apache-2.0 */
/* What libFuzzer calls. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Tries one input; whatever it is, nothing may crash, leak or break a promise. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
