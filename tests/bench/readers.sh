#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Others change what many processes read, by chance. Nobody ever sees a version that is older than
# one he has seen, or half of one; everybody sees a change when its time to live is over.
# shellcheck disable=SC1091,SC2034,SC2154,SC2010,SC2086,SC2119,SC2120,SC2012,SC2016,SC2317
needs=()
. "$(dirname "$0")/lib.sh"

ttl=2         # seconds
slack_ms=1500 # for a machine that is busy with other things
changes=${BENCH_CHANGES:-120}
values=6 # configurations that change; they are followed
texts=6  # schemas that change; nothing tells of that

content() { # version
        local i
        printf 'version %s\n' "$1"
        for ((i = 0; i < $1 % 40; i++)); do printf 'line %s\n' "$1"; done
}

# What the object of that number becomes in the cloud; when that is answered, it is noted.
change() { # object, version
        local text
        text=$(content "$2" && echo .)
        text=${text%.}
        if [ "$1" -lt $values ]; then
                call kie PUT "/v1/default/kie/kv/${ids[$1]}" \
                        "$(jq -n --arg t "$text" '{value: $t}')"
        else
                call sc PUT "$service/schemas/schema-0$(($1 - values))" \
                        "$(jq -n --arg t "$text" '{schema: $t}')"
        fi >"$work/output" 2>&1 || give_up "cannot change: $(cat "$work/output")"
        echo "$1 $2 $((${EPOCHREALTIME/./} / 1000))" >>"$work/changes"
}

prepare() { # first version
        local i
        for ((i = 0; i < values; i++)); do
                ids[i]=$(call kie GET "/v1/default/kie/kv?key=key-000$i.yaml" | jq -r '.data[0].id')
                files[i]=$root/lab/config/set=set-00/key-000$i.yaml
        done
        service=/v4/default/registry/microservices
        service+=/$(call sc GET $service |
                jq -r '.services[] | select(.serviceName == "svc-00") | .serviceId')
        for ((i = 0; i < texts; i++)); do
                files[values + i]=$root/lab/registry/production/scale/svc-00/1.0.0/schemas
                files[values + i]+=/schema-0$i.yaml
        done
        for ((i = 0; i < values + texts; i++)); do
                versions[i]=$1
                change $i "${versions[i]}"
        done
}

# Now and then somebody looks at directories, or wants something to be read anew.
disturb() {
        case $mode$((RANDOM % 12)) in
        rw0 | ro0) ls -lR "$root/lab/config" >"$work/output" ;;
        rw1 | ro1) find "$root/lab/registry" >"$work/output" ;;
        rw2) echo "${files[RANDOM % ${#files[@]}]}" >"$root/.hcloudfs/refresh" ;;
        rw3) echo /lab/registry >"$root/.hcloudfs/refresh" ;;
        ro2) kill -HUP "$mount_pid" ;;
        esac
}

# Looks that found a version older than what the cloud had when a time to live had not yet begun.
late() {
        awk -v lag=$((ttl * 1000 + slack_ms)) '
                FILENAME ~ /changes$/ {
                        n[$1]++
                        version[$1, n[$1]] = $2
                        time[$1, n[$1]] = $3
                        next
                }
                {
                        for (i = n[$1]; i > 0 && time[$1, i] > $3 - lag; i--) continue
                        if (i > 0 && $2 < version[$1, i]) {
                                late++
                                if (late <= 5)
                                        printf "file %d: %d at %d, but %d was there %d ms ago\n", \
                                                $1, $2, $3, version[$1, i], $3 - time[$1, i]
                        }
                }' "$work/changes" "$work"/seen.*
}

# The changes, one after the other, then the word that ends the readers.
change_all() {
        local object i
        for ((i = 0; i < changes; i++)); do
                object=$((RANDOM % ${#files[@]}))
                versions[object]=$((versions[object] + 1))
                change $object "${versions[object]}"
                disturb
        done
}

have_seen_changes() {
        local log
        for log in "$work"/seen.*; do
                awk '{ if (n[$1] && n[$1] != $2) changed = 1; n[$1] = $2 }
                        END { print changed ? "yes" : "no" }' "$log"
        done
}

check_readers() { # kind of mount, first version
        rm -f "$work"/seen.* "$work/changes"
        prepare "$2"
        start_mount -o "$1" lab
        mode=$1
        "$watcher" "$BENCH_SEED" 6 "$work/seen" "${files[@]}" 2>"$work/complaints" \
                < <(change_all >&2 && echo 'that was all')
        check_equal "$1: no process sees anything older than before, or torn" 0 "$?"
        sed 's/^/# /' "$work/complaints"
        check "$1: many looks were taken" [ "$(cat "$work"/seen.* | wc -l)" -ge 1000 ]
        check_equal "$1: every process saw changes" 6 "$(have_seen_changes | grep -c yes)"
        check_equal "$1: a change is seen when the time to live is over" '' "$(late)"
        echo "# $(cat "$work"/seen.* | wc -l) looks, $(wc -l <"$work/changes") changes"
        unmount
}

begin "$1"
watcher=$(realpath "$1")/tests/bench/watch-versions
RANDOM=${BENCH_SEED:=$((SRANDOM % 32768))}
echo "# BENCH_SEED=$BENCH_SEED"
start_emulator --seed scale:100
ids=() files=() versions=() service='' mode=''
configure <<<"ttl = $ttl"
check_readers rw 1
check_readers ro 1000
check_equal 'nothing breaks the contract' '' "$(violations)"
finish
