/* SPDX-License-Identifier: Apache-2.0 */
/* What the program does with a command line: mount, or one of the commands beside it. Each returns
 * an exit status and has said on standard error what is wrong. */
#pragma once

#include "auth/config.h"
#include "fs/options.h"
#include "http/http.h"

int program_mount(struct options *options);
int program_operations(const struct options *options);
int program_check(struct options *options);
int program_refresh(const struct options *options);
int program_umount(const struct options *options);
int program_wait(const struct options *options);
int program_stat(const struct options *options);
int program_config(struct options *options, struct op *op, struct config **ret);
struct http_options program_http(const struct options *options);
