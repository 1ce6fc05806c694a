#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Without a network: what is known is shown, and marked; what is not fails in good time with an
# errno that says so; and as soon as the network is there again, all is as it was.
# shellcheck disable=SC1091,SC2034,SC2154,SC2010,SC2086,SC2119,SC2120,SC2012,SC2016,SC2317
needs=()
. "$(dirname "$0")/lib.sh"

clusters=demo/cn-north-4/dws/clusters
services=lab/registry/production/scale
known=("$clusters/warehouse-000001/cluster.json" "$services/svc-00/1.0.0/schemas/schema-00.yaml"
        lab/config/set=set-00/key-0001.yaml)
unknown=("$clusters/warehouse-000003/tags.json" "$services/svc-01/1.0.0/schemas/schema-00.yaml"
        demo/cn-north-4/ems/releases.json)

read_known() {
        (cd "$root" && cat "${known[@]}" && ls "$clusters" lab/config) 2>&1
}

are_marked() {
        read_known >/dev/null
        grep -q '^offline: demo ' "$root/.hcloudfs/status" &&
                grep -q '^offline: lab ' "$root/.hcloudfs/status"
}

check_absence() { # when
        local path
        check "$1: the status says that both accounts are cut off" await 200 are_marked
        check_equal "$1: what is known is as it was" "$before" "$(read_known)"
        check "$1: the status says that old answers are shown" \
                grep -q '^stale: lab ' "$root/.hcloudfs/status"
        for path in "${known[@]}"; do
                check "$1: why/$path says that it is old" \
                        grep -q '^stale: yes' "$root/.hcloudfs/why/$path"
        done
        for path in "${unknown[@]}"; do
                timeout 90 cat "$root/$path" >"$work/output" 2>&1
                check "$1: $path fails as it should" grep -qE \
                        'Connection refused|Network is unreachable|No route to host' "$work/output"
        done
        timeout 90 cat "$root/$clusters/nowhere/cluster.json" >"$work/output" 2>&1
        check "$1: what is not in a list that is known is absent" \
                grep -q 'No such file' "$work/output"
        check "$1: last_error has the reason" grep -q 'refused' "$root/.hcloudfs/last_error"
}

is_back() {
        (cd "$root" && cat "${unknown[@]}") >"$work/output" 2>&1
}

begin "$1"
start_emulator --seed scale:100
configure <<<'ttl = 2'
start_mount
before=$(read_known)
settle
stop_emulator
check_absence 'the network goes'
unmount
start_mount
check_absence 'started without a network'
start_emulator --seed scale:100
check 'the network is back: what was not known is read' await 600 is_back
check_equal 'the network is back: what was known is as it was' "$before" "$(read_known)"
check 'the network is back: the status says so' await 600 eval \
        'read_known >/dev/null; ! grep -q "^offline:" "$root/.hcloudfs/status"'
finish
