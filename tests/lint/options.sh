#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every long option that a program's --help names is in its manual page, and the reverse.
#
# usage: options.sh PROGRAM MANUAL
set -eu -o pipefail

[ -f "$2" ] || {
        echo "there is no $2 yet"
        exit 77
}
options() { # words that begin with two dashes; the page writes a dash as \-, and may show curl's
        sed '/curl/d' | sed 's/\\-/-/g; s/\\f[A-Z]//g' |
                grep -oE '(^|[^[:alnum:]-])--[a-z][a-z-]+' | grep -oE -- '--[a-z-]+' |
                LC_ALL=C sort -u
}
if diff <("$1" --help | options) <(options <"$2"); then exit 0; fi
echo "< stands in --help only, > in $2 only"
exit 1
