#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Each statement of docs/semantics.md names the tests that prove it, in the form that the document
# tells. A name without a test is refused, a statement without a name too, and so are numbers given
# twice.
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

# A suite and a name; for unit tests further words, which are the names of tests in that file.
check_proof() {
        local suite=$1 name=${2-} file
        shift 2 || true
        case $suite in
        case) file=tests/cases/$name.case ;;
        editors) file=tests/editors/$name.case ;;
        counts) file=tests/bench/$name.sh ;;
        faults) file=tests/faults/$name.c ;;
        fuzz) file=tests/fuzz/fuzz-$name.c ;;
        lint) file=tests/lint/$name.sh ;;
        unit) file=tests/unit/$name.c ;;
        *)
                refuse "$number: no suite $suite"
                return
                ;;
        esac
        if [ -z "$name" ] || [ ! -f "$file" ]; then
                refuse "$number: there is no $file"
                return
        fi
        for test; do
                grep -q "^START_TEST($test)" "$file" || refuse "$number: no $test in $file"
        done
}

while IFS= read -r line; do
        number=${line%% *}
        proofs=$(grep -oE '\[[a-z]+ [^]]+\]' <<<"$line") || {
                refuse "$number names no test"
                continue
        }
        while read -ra words; do
                check_proof "${words[@]}"
        done < <(tr -d '[]' <<<"$proofs")
done < <(grep -E '^[A-Z]+[0-9]+ ' "$document")

twice=$(grep -oE '^[A-Z]+[0-9]+ ' "$document" | sort | uniq -d)
[ -z "$twice" ] || refuse "numbers given twice: $twice"
exit $status
