#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Folders are floors: includes are written from the root and point downwards only. cache/ and
# backends/ do not know each other: both speak base/source.h. The emulator must be right
# independently of hcloudfs, so it shares nothing with it but the ground floor and the signer.
set -eu -o pipefail
cd "$1"

status=0
refuse() {
        echo "$1"
        status=1
}

may_include() { # folder of the includer, folder of the included
        case $1 in
        base) allowed='base' ;;
        http) allowed='base http' ;;
        auth) allowed='base http auth' ;;
        backends) allowed='base http auth backends' ;;
        cache) allowed='base http auth cache' ;;
        fs) allowed='base http auth backends cache fs' ;;
        contrib/emulator) allowed='base auth contrib/emulator' ;;
        *) return 0 ;;
        esac
        [[ " $allowed " = *" $2 "* ]]
}

while IFS=: read -r file number line; do
        included=${line#*\"}
        included=${included%%\"*}
        [[ $included = */* ]] || {
                refuse "$file:$number: \"$included\" is not written from the root"
                continue
        }
        [ -f "$included" ] || [[ $file = tests/* ]] ||
                refuse "$file:$number: there is no $included"
        may_include "$(dirname "$file")" "$(dirname "$included")" ||
                refuse "$file:$number: $(dirname "$file") may not use $included"
done < <(contrib/sources '*.c' '*.h' | xargs grep -nE '^ *# *include *"')

# Who reads JSON in another way than the rest would show other bytes.
while IFS=: read -r file number _; do
        case $file in
        base/json-internal.h | contrib/emulator/* | tests/*) ;;
        *) refuse "$file:$number: json-c is used through base/json.h only" ;;
        esac
done < <(contrib/sources '*.c' '*.h' | xargs grep -nE '# *include *<json-c/')

exit $status
