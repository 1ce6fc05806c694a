#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the daemon takes of the machine's memory when 100,000 resources are kept: 30 MiB, and 1 KiB
# for each of them, both when they have just been told and when it was started anew and was asked
# for them. Where the kernel was shown the document of each and keeps it, they take a fifth more.
# shellcheck disable=SC1091,SC2034,SC2154,SC2010,SC2086,SC2119,SC2120,SC2012,SC2016,SC2317
needs=()
. "$(dirname "$0")/lib.sh"

resources=100000

resident_kib() {
        awk '$1 == "VmRSS:" { print $2 }' "/proc/$mount_pid/status"
}

look() { # when
        check_equal "$1: directories" $((resources / 100)) \
                "$(find "$root/lab/config" -maxdepth 1 -name 'set=*' | wc -l)"
        check_equal "$1: the last configuration" "number: $((resources - 1))" \
                "$(head -qn 1 "$root/lab/config/set=set-"*"$((resources / 100 - 1))"/*99.yaml)"
        check_most "$1: KiB" $((30 * 1024 + resources)) "$(resident_kib)"
}

begin "$1"
seed_configurations $resources >"$work/seed.json"
start_emulator --seed "$work/seed.json"
configure <<<'ttl = 3600'
start_mount lab
look 'told by the cloud'
settle
unmount
start_mount lab
mark=$(calls)
look 'started anew'
check_equal 'started anew: no call' '' "$(calls_since "$mark")"
(cd "$root/lab/config" && ls -lR set=*) >"$work/output"
check_equal 'all seen: documents' $resources "$(grep -c '^-' "$work/output")"
check_most 'all seen: KiB' $((30 * 1024 + resources * 6 / 5)) "$(resident_kib)"
finish
