#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Each statement of docs/semantics.md names the tests that prove it: `[case 010-x]`, `[unit stamp]`,
# `[lint form]`, or says `[none: reason]`. A name without a test is refused, a statement without a
# name too, and so are numbers given twice.
set -eu -o pipefail
cd "$1"

document=docs/semantics.md
[ -f "$document" ] || {
        echo "there is no $document yet"
        exit 77
}
status=0
refuse() {
        echo "$document: $1"
        status=1
}

exists() { # suite, name
        case $1 in
        case) [ -f "tests/cases/$2.case" ] ;;
        lint) [ -f "tests/lint/$2.sh" ] ;;
        unit) compgen -G "tests/unit/*/${2##*/}.c" >/dev/null ;;
        fuzz) [ -f "tests/fuzz/fuzz-$2.c" ] ;;
        *) compgen -G "tests/$1/$2*" >/dev/null ;;
        esac
}

while IFS= read -r line; do
        number=${line%% *}
        proofs=$(grep -oE '\[[a-z]+:? [^]]+\]' <<<"$line") || {
                refuse "$number names no test"
                continue
        }
        while read -r suite names; do
                [ "$suite" = none: ] && continue
                for name in ${names//,/ }; do
                        exists "$suite" "$name" || refuse "$number: no test $suite $name"
                done
        done < <(tr -d '[]' <<<"$proofs")
done < <(grep -E '^[A-Z]+[0-9]+ ' "$document")

twice=$(grep -oE '^[A-Z]+[0-9]+ ' "$document" | sort | uniq -d)
[ -z "$twice" ] || refuse "numbers given twice: $twice"
exit $status
