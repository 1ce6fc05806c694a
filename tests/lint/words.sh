#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What must not stand in a file: marks of work left undone, tabs and blanks at the end of a line,
# lines over 100 columns. What must: the licence, in the first two lines.
set -eu -o pipefail
cd "$1"
export LC_ALL=C.UTF-8

status=0
refuse() { # reason, then the lines found on standard input
        local lines
        lines=$(cat)
        [ -n "$lines" ] || return 0
        printf '%s\n%s\n' "$1:" "$lines"
        status=1
}

mapfile -t code < <(contrib/sources '*.c' '*.h' '*meson.build' 'contrib/*' 'tests/*' '.ci/*' |
        grep -vE '\.(json|md|pem|xml|yaml|dict)$|^tests/fuzz/corpus/|/data/')

# The words are put together here so that this file does not hold them.
words="TO""DO|FIX""ME|XX""X|HA""CK"
refuse 'work left undone' < <(grep -nwE "$words" "${code[@]}" || true)
refuse 'blanks at the end of a line' < <(grep -nE '[[:blank:]]+$' "${code[@]}" || true)
refuse 'tabs' < <(grep -nP '\t' "${code[@]}" || true)
refuse 'more than 100 columns' < <(
        printf '%s\0' "${code[@]}" | grep -zvE 'meson.build$|\.case$' |
                xargs -0 grep -nE '^.{101,}$' | cut -c1-160 || true
)
refuse 'no SPDX line' < <(
        for file in "${code[@]}"; do
                head -n 3 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0' || echo "$file"
        done
)
exit $status
