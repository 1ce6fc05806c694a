#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Once a service has refused a call because of its rate limit, no call is made that it would refuse,
# and who reads what is known does not notice. What is asked ahead keeps to the configured rate.
# shellcheck disable=SC1091,SC2034,SC2154,SC2010,SC2086,SC2119,SC2120,SC2012,SC2016,SC2317
needs=()
. "$(dirname "$0")/lib.sh"

# Refusals of calls that were made when the first refusal had been heard: a second is for a machine
# that is busy with other things, and calls that were on their way.
late_refusals() {
        grep '"status":429' "$requests" | call_times | sort -k 2n |
                awk 'NR == 1 { heard = $2 + 1000 } $1 > heard { n++ } END { print n + 0 }'
}

answered() {
        grep '"operationId":"showCluster"' "$requests" | grep -c '"status":200'
}

configuration='ttl = 3600'

look_at_clusters() { # options of the emulator
        unmount
        stop_emulator
        rm -rf "$XDG_CACHE_HOME"
        : >"$requests"
        start_emulator --latency 20 "$@"
        configure <<<"$configuration"
        start_mount
        dws=$root/demo/cn-north-4/dws
        ls "$dws/clusters" | sed -n "s,^warehouse.*,$dws/clusters/&/cluster.json,p" >"$work/paths"
}

read_known() { # statement
        mark=$(calls)
        xargs -a "$work/known" cat >"$work/output" 2>&1
        check_equal "$1: known documents are read" "0 $(wc -l <"$work/known")" \
                "$? $(grep -c '^{' "$work/output")"
        ls "$dws/clusters" >"$work/output"
        check_equal "$1: a known list is read" "$(wc -l <"$work/paths")" \
                "$(grep -c '^warehouse' "$work/output")"
}

# 200 calls in 5 minutes, and 10,000 resources, with a call for each, for 32 readers.
check_minutes() {
        look_at_clusters --seed scale:10000 --rate 200/300
        check_equal 'resources' 10000 "$(wc -l <"$work/paths")"
        head -n 50 "$work/paths" >"$work/known"
        xargs -a "$work/known" cat >"$work/output"
        check_equal 'not more than their time was asked for' 0 \
                "$(grep -c '"status":429' "$requests")"
        xargs -a "$work/paths" -P 32 -n 100 cat >"$work/output" 2>&1
        check_most 'calls that are answered' 200 "$(answered)"
        check 'the limit was met' grep -q '"status":429' "$requests"
        check_equal 'refusals once the first was heard' 0 "$(late_refusals)"
        check_equal 'who would wait for minutes hears EBUSY' 50 \
                "$(tail -n 50 "$work/paths" | xargs cat 2>&1 | grep -c 'Device or resource busy')"
        read_known 'while the limit holds'
        check_equal 'while the limit holds: no call' '' "$(calls_since "$mark")"
        mark=$(calls)
        cat "$root/lab/config/set=set-00/key-0000.yaml" >"$work/output"
        check_equal 'other services are not held up' 'listConfigs 1' "$(calls_since "$mark")"
}

# A limit of seconds is waited for, window after window, by all who need it and by nobody else.
check_seconds() {
        look_at_clusters --seed scale:150 --rate 50/3
        head -n 10 "$work/paths" >"$work/known"
        xargs -a "$work/known" cat >"$work/output"
        xargs -a "$work/paths" -P 16 -n 5 cat >"$work/all" 2>"$work/error" &
        walker=$!
        await 400 grep -q '"status":429' "$requests"
        read_known 'while others wait'
        check 'while others wait: nobody waited with them' kill -0 $walker
        wait $walker
        check_equal 'all who waited were served' '0 150 ' \
                "$? $(grep -c '^{' "$work/all") $(head -n 1 "$work/error")"
        check_equal 'in all windows, refusals once the first was heard' 0 "$(late_refusals)"
}

# The longest excess over what the bucket would have let through in any time, in calls. What a busy
# machine delays comes together with what was sent after it: half a second of the rate is for that.
excess() { # rate, burst
        grep '"operationId":"showCluster"' "$requests" | call_times | sort -n |
                awk -v rate="$1" -v burst="$2" '
                { began[NR] = $1 }
                END {
                        for (i = 1; i <= NR; i++)
                                for (j = i; j <= NR; j++) {
                                        over = j - i + 1 - burst
                                        over -= rate * (began[j] - began[i] + 500) / 1000
                                        if (over > most) most = over
                                }
                        print int(most)
                }'
}

# Readers ahead of whom is asked what they need: the rate of the configuration holds for all.
check_configured() {
        local rate=40 burst=10
        configuration="ttl = 3600
rate = $rate
burst = $burst"
        look_at_clusters --seed scale:120
        xargs -a "$work/paths" -P 4 -n 30 cat >"$work/all"
        check_equal 'within a configured rate all is read' '0 120' "$? $(grep -c '^{' "$work/all")"
        settle
        check_equal 'calls beyond the configured rate' 0 "$(excess $rate $burst)"
}

begin "$1"
check_configured
configuration='ttl = 3600'
check_minutes
check_seconds
check_equal 'nothing breaks the contract' '' "$(violations)"
finish
