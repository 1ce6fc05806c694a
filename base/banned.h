/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that lose errors, bounds or thread safety. Using one is a compile error; the helpers of
 * base/text.h, base/buf.h and base/stamp.h stand in for them. The build includes it everywhere. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The C library's own headers must be parsed before their names are poisoned: those above. Where it
 * checks bounds by macros, poisoning needs them gone. */
#undef sprintf
#undef vsprintf
#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef gets
#pragma GCC poison sprintf vsprintf strcpy strcat strncpy strncat strtok
#pragma GCC poison atoi atol atoll atof strtol strtoul strtoll strtoull
#pragma GCC poison gmtime localtime ctime asctime srand system tmpnam gets
