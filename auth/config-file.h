/* SPDX-License-Identifier: Apache-2.0 */
/* The reading of hcloudfs.conf into a struct config, as far as the file tells it. */
#pragma once

#include "auth/config.h"

/* @text: @len bytes and a NUL, cut up in place. @ret_has_secrets: the text itself holds some. */
int config_file_parse(struct op *op, const char *path, char *text, size_t len,
                      struct config *config, bool *ret_has_secrets);
