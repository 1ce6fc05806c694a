#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# As many calls hang as may be waited for at once, and more readers come who need others: who reads
# what is known does not wait with them, and whoever is interrupted leaves.
# shellcheck disable=SC1091,SC2034,SC2154,SC2010,SC2086,SC2119,SC2120,SC2012,SC2016,SC2317
needs=()
. "$(dirname "$0")/lib.sh"

readers=64 # more than the 40 that may be in a call of one service at once

are_waiting() {
        [ "$(sed -n 's/^hcloudfs_waiting //p' "$root/.hcloudfs/metrics")" -ge "$readers" ]
}

have_left() {
        local pid
        for pid in "${hung[@]}"; do
                is_gone "$pid" || return 1
        done
}

begin "$1"
start_emulator --seed scale:100
configure <<<'ttl = 3600'
start_mount
clusters=$root/demo/cn-north-4/dws/clusters
ls "$clusters" | grep '^warehouse' >"$work/names"
head -n 10 "$work/names" | sed "s,.*,$clusters/&/cluster.json," >"$work/known"
xargs -a "$work/known" cat >"$work/before"
ls -l "$root/lab/config/"set=* >"$work/configurations"
settle
printf 'GET dws.*/clusters/* stall=600000\n' >"$faults"
# Not one that was asked ahead while the first were read.
hung=()
while IFS= read -r name; do
        cat "$clusters/$name/tags.json" >"$work/output" 2>&1 &
        hung+=($!)
done < <(tail -n $readers "$work/names")
check "$readers readers wait for calls that hang" await 400 are_waiting
mark=$(calls)
xargs -a "$work/known" cat >"$work/after"
check 'known documents are read' cmp "$work/before" "$work/after"
check 'known lists are read' test "$(ls "$clusters" | grep -c '^warehouse')" -eq 100
ls -l "$root/lab/config/"set=* >"$work/again"
check 'another account is walked through as before' cmp "$work/configurations" "$work/again"
check 'control files are read' grep -q '^waiting: ' "$root/.hcloudfs/status"
check_equal 'none of this costs a call' '' "$(calls_since "$mark")"
# What is not known of others is asked for.
timeout 10 cat "$root/demo/cn-north-4/ems/clusters/"*/cluster.json >"$work/output" 2>&1
check 'another service of the account answers' test $? -ne 124
timeout 10 ls "$root/lab/registry/"* >"$work/output"
check 'another account answers' test $? -ne 124
left=0
for pid in "${hung[@]}"; do
        is_gone "$pid" || left=$((left + 1))
done
check_equal 'the others wait all the while' $readers $left
kill "${hung[@]}"
check 'whoever is interrupted leaves' await 200 have_left
: >"$faults"
check_equal 'nothing breaks the contract' '' "$(violations)"
finish
