#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What it costs to look at things for the first time: calls, and how many of them wait for each
# other.
# shellcheck disable=SC1091,SC2034,SC2154,SC2010,SC2086,SC2119,SC2120,SC2012,SC2016,SC2317
needs=(rsync)
. "$(dirname "$0")/lib.sh"

latency=200       # milliseconds, far above what this machine needs for anything
parallel=16       # calls at once that a walk may be expected to make
versions=20       # of microservices, with
schemas=50        # of each, in the seed scale:1000
services=registry/production/scale

cold_mount() { # seed
        cd /
        unmount
        stop_emulator
        rm -rf "$XDG_CACHE_HOME"
        : >"$requests"
        port=0
        start_emulator --seed "$1" --latency "$latency"
        configure <<<$'ttl = 3600\nrate = 10000\nburst = 10000'
        start_mount
        mark=$(calls)
}

# A walk, with all that was asked ahead because of it; its output is in $work/output.
walk() { # statement, command
        local what=$1 began status wall_ms
        shift
        mark=$(calls)
        began=$(date +%s%N)
        "$@" >"$work/output" 2>"$work/error"
        status=$?
        wall_ms=$((($(date +%s%N) - began) / 1000000))
        check_equal "$what: succeeds" '0 ' "$status $(head -n 1 "$work/error")"
        settle
        # For people: a time is no statement, its multiple of what one round trip takes nearly one.
        [ -n "${quiet-}" ] ||
                printf '# %s: %d calls, %d ms, %d.%d times a round trip of %d ms\n' "$what" \
                        "$(count_since "$mark")" "$wall_ms" $((wall_ms / latency)) \
                        $((wall_ms % latency * 10 / latency)) "$latency"
}

# A collection whose list tells all of its items costs its pages.
check_pages() { # directory, entries, calls expected
        walk "ls -l $1" ls -l "$root/$1"
        check_equal "ls -l $1: entries" "$2" "$(grep -cv '^total' "$work/output")"
        check_equal "ls -l $1: calls" "$3" "$(calls_since "$mark")"
        walk "ls -l $1 again" ls -l "$root/$1"
        check_equal "ls -l $1 again: calls" '' "$(calls_since "$mark")"
}

check_lists() {
        local quiet=yes # without latency there is no round trip to speak of
        latency=0 cold_mount scale:1050
        check_pages lab/config/set=set-10 50 'listConfigs 1'
        check_pages demo/cn-north-4/dws/alarm-subscriptions 1050 'listAlarmSubscriptions 11
listProjects 1'
        check_pages demo/cn-north-4/dws/event-subscriptions 1050 'listEventSubscriptions 11'
        check_pages demo/ucs/clusters 1050 'listClusters 11'
        check_pages demo/cn-north-4/ems/jobs 1051 'listJobs 2'
        ls "$root/lab/$services" >/dev/null
        check_pages "lab/$services/svc-00/1.0.0/schemas" 50 'listSchemas 1'
}

check_schemas() {
        local directories
        cold_mount scale:1000
        cd "$root/lab" || exit 1
        for ((i = 0; i < versions; i++)); do
                directories+=("$(printf '%s/svc-%02d/1.0.0/schemas' $services "$i")")
        done
        walk 'ls -lR of the schemas' ls -lR "${directories[@]}"
        check_equal 'ls -lR of the schemas: files' $((versions * schemas)) \
                "$(grep -c '^-' "$work/output")"
        check_most 'ls -lR of the schemas: calls' 26 "$(count_since "$mark")"
        check_most 'ls -lR of the schemas: round trips' 9 "$(rounds_since "$mark")"
        cold_mount scale:1000
        cd "$root/lab" || exit 1
        walk 'rsync of the schemas' rsync -aR "${directories[@]}" "$work/copy"
        check_equal 'rsync of the schemas: files' $((versions * schemas)) \
                "$(find "$work/copy" -type f | wc -l)"
        check_most 'rsync of the schemas: calls' 26 "$(count_since "$mark")"
        check_most 'rsync of the schemas: round trips' 9 "$(rounds_since "$mark")"
}

# A pattern of the shell, which looks at its matches from the last to the first.
check_pattern() {
        cold_mount scale:1000
        walk 'the schemas by a pattern' bash -c 'ls -lR "$1"/registry/*/*/*/*/schemas' - "$root/lab"
        check_equal 'the schemas by a pattern: files' $((versions * schemas)) \
                "$(grep -c '^-' "$work/output")"
        check_most 'the schemas by a pattern: calls' 26 "$(count_since "$mark")"
        check_most 'the schemas by a pattern: round trips' 9 "$(rounds_since "$mark")"
}

check_registry() {
        cold_mount scale:1000
        walk 'ls -lR of the registry' ls -lR "$root/lab/registry"
        check_most 'ls -lR of the registry: calls' $((3 * versions + 6)) "$(count_since "$mark")"
        check_most 'ls -lR of the registry: round trips' 12 "$(rounds_since "$mark")"
}

# One list, then a call for each resource: as many round trips as there are batches.
check_resources() { # how the paths are found
        local n=200
        cold_mount scale:$n
        cd "$root/demo/cn-north-4/dws" || exit 1
        ls clusters >"$work/names"
        walk "$n resources by $1" "$1"
        check_equal "$n resources by $1: documents" $n "$(grep -c '^{' "$work/output")"
        check_equal "$n resources by $1: calls" "showCluster $n" "$(calls_since "$mark")"
        check_most "$n resources by $1: round trips" $((n / parallel + 1)) \
                "$(rounds_since "$mark")"
}

pattern() {
        cat clusters/*/cluster.json
}

sequence() {
        sed -n 's,^warehouse.*,clusters/&/cluster.json,p' "$work/names" | xargs cat
}

begin "$1"
check_lists
check_schemas
check_pattern
check_registry
check_resources pattern
check_resources sequence
check_equal 'nothing breaks the contract' '' "$(violations)"
finish
