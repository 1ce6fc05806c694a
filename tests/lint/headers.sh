#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every header compiles alone (it includes what it uses) and is guarded by `#pragma once`.
set -eu -o pipefail
cd "$1"

status=0
compiler=${CC:-cc}
read -ra flags < <(pkg-config --cflags fuse3 libcurl sqlite3 json-c libcrypto check || true)
flags+=(-std=gnu17 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DFUSE_USE_VERSION=312)
flags+=(-Wall -Wextra -Werror -Wno-missing-field-initializers -include base/banned.h)
while IFS= read -r header; do
        grep -q '^#pragma once$' "$header" || {
                echo "$header: has no #pragma once"
                status=1
        }
        # shellcheck disable=SC2086 # the compiler may be several words
        $compiler -fsyntax-only -x c -I. "${flags[@]}" - <<<"#include \"$header\"" || {
                echo "$header: does not compile alone"
                status=1
        }
done < <(contrib/sources '*.h')
exit $status
