#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What many processes read is changed by chance, by others and through the mount. Nobody ever sees a
# version that is older than one he has seen, or half of one; a change through the mount is seen by
# everybody at once, one by others where a feed tells of it within a second, elsewhere when its time
# to live is over.
# shellcheck disable=SC1091,SC2034,SC2154,SC2010,SC2086,SC2119,SC2120,SC2012,SC2016,SC2317
needs=()
. "$(dirname "$0")/lib.sh"

ttl=4         # seconds
feed_ms=1000  # until a change by others is seen where a feed tells of it
slack_ms=1500 # for a machine that is busy with other things
changes=${BENCH_CHANGES:-160}
values=6 # configurations that change; they are followed
texts=6  # schemas that change; nothing tells of that

content() { # version
        local i
        printf 'version %s\n' "$1"
        for ((i = 0; i < $1 % 40; i++)); do printf 'line %s\n' "$1"; done
}

# The time is that of the next millisecond: a look that began in this one may have begun before.
note() { # object, version, milliseconds until everybody sees it
        echo "$1 $2 $((${EPOCHREALTIME/./} / 1000 + 1)) $3" >>"$work/changes"
}

# What the object of that number becomes in the cloud; when that is answered, it is noted.
change() { # object, version
        local text lag=$feed_ms
        text=$(content "$2" && echo .)
        text=${text%.}
        if [ "$1" -lt $values ]; then
                call kie PUT "/v1/default/kie/kv/${ids[$1]}" \
                        "$(jq -n --arg t "$text" '{value: $t}')"
        else
                lag=$((ttl * 1000))
                call sc PUT "$service/schemas/schema-0$(($1 - values))" \
                        "$(jq -n --arg t "$text" '{schema: $t}')"
        fi >"$work/output" 2>&1 || give_up "cannot change: $(cat "$work/output")"
        note "$1" "$2" $((lag + slack_ms))
}

# The same through the mount; what is known there may be old, and then it is refused: returns 3.
save() { # object, version
        local status
        "$watcher" --write "${files[$1]}" "$2" 2>>"$work/complaints.save"
        status=$?
        [ $status -eq 0 ] && note "$1" "$2" 0 && saved=$((saved + 1))
        [ $status -eq 3 ] && refused=$((refused + 1))
        return $status
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

# Looks that found a version older than what everybody had to see when they began.
late() {
        awk '   FILENAME ~ /changes$/ {
                        n[$1]++
                        version[$1, n[$1]] = $2
                        time[$1, n[$1]] = $3
                        lag[$1, n[$1]] = $4
                        next
                }
                {
                        for (i = n[$1]; i > 0 && time[$1, i] + lag[$1, i] > $3; i--) continue
                        if (i > 0 && $2 < version[$1, i]) {
                                late++
                                if (late <= 5)
                                        printf "file %s: %s at %s, but %s was there %d ms ago\n", \
                                                $1, $2, $3, version[$1, i], $3 - time[$1, i]
                        }
                }' "$work/changes" "$work"/seen.*
}

# The changes, one after the other, then the word that ends the readers.
change_all() {
        local object i next
        for ((i = 0; i < changes; i++)); do
                object=$((RANDOM % ${#files[@]}))
                next=$((versions[object] + 1))
                if [ $mode = rw ] && [ $((RANDOM % 3)) -eq 0 ]; then
                        save $object $next && versions[object]=$next
                else
                        change $object $next && versions[object]=$next
                fi
                disturb
        done
        echo "$saved saved, $refused refused" >"$work/saves"
}

have_seen_changes() {
        local log
        for log in "$work"/seen.*; do
                awk '{ if (n[$1] && n[$1] != $2) changed = 1; n[$1] = $2 }
                        END { print changed ? "yes" : "no" }' "$log"
        done
}

check_readers() { # kind of mount, first version
        local saved_option=''
        rm -f "$work"/seen.* "$work/changes" "$work/complaints"*
        : >"$work/complaints.save"
        prepare "$2"
        start_mount -o "$1" lab
        mode=$1
        [ "$1" = ro ] || saved_option=--saved
        "$watcher" ${saved_option:+$saved_option} "$BENCH_SEED" 6 "$work/seen" "${files[@]}" \
                2>"$work/complaints" \
                < <(change_all >&2 && echo 'that was all')
        check_equal "$1: no process sees anything older than before" 0 "$?"
        check_most "$1: looks at no whole version" $((1 + changes / 200)) \
                "$(grep -c ^torn "$work/complaints")"
        check_equal "$1: who changes something sees nothing older afterwards" '' \
                "$(cat "$work/complaints.save")"
        sed 's/^/# /' "$work/complaints"
        check "$1: many looks were taken" [ "$(cat "$work"/seen.* | wc -l)" -ge 1000 ]
        check_equal "$1: every process saw changes" 6 "$(have_seen_changes | grep -c yes)"
        check_equal "$1: a change is seen in its time" '' "$(late)"
        echo "# $(cat "$work"/seen.* | wc -l) looks, $(wc -l <"$work/changes") changes," \
                "$(cat "$work/saves")"
        [ "$1" = ro ] || check "$1: saves were among them" \
                [ "$(sed 's/ .*//' "$work/saves")" -ge $((changes / 20)) ]
        unmount
}

begin "$1"
watcher=$(realpath "$1")/tests/bench/watch-versions
RANDOM=${BENCH_SEED:=$((SRANDOM % 32768))}
echo "# BENCH_SEED=$BENCH_SEED"
start_emulator --seed scale:100
ids=() files=() versions=() service='' mode='' saved=0 refused=0
configure <<<"ttl = $ttl"
check_readers rw 1
check_readers ro 1000
check_equal 'nothing breaks the contract' '' "$(violations)"
finish
