#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What is kept on disk is one daemon's, survives whatever end that has, and may be lost for want of
# room without a reader's notice.
# shellcheck disable=SC1091,SC2034,SC2154,SC2010,SC2086,SC2119,SC2120,SC2012,SC2016,SC2317
needs=()
. "$(dirname "$0")/lib.sh"

changing=key-0001.yaml

# The texts of all schemas and values, but for the one that changes.
digest() {
        (cd "$root/lab" && find registry -name '*.yaml' -print0 | sort -z | xargs -0 cat &&
                find config/set=* -maxdepth 1 -name '*.yaml' ! -name $changing -print0 |
                sort -z | xargs -0 cat) 2>&1 | sha256sum
}

check_one_daemon() {
        local status
        mkdir "$work/second"
        timeout 60 "$hcloudfs" -o "config=$work/hcloudfs.conf" lab "$work/second" \
                >"$work/output" 2>&1
        status=$?
        check 'a second daemon is refused' [ $status -ne 0 ]
        check 'a second daemon is told who has it' grep -q "process $mount_pid\b" "$work/output"
        check 'a second daemon mounts nothing' eval '! mountpoint -q "$work/second"'
        check_equal 'the first one goes on' "$reference" "$(digest)"
}

change() { # new value
        local id
        id=$(call kie GET '/v1/default/kie/kv?key='$changing | jq -r '.data[0].id')
        call kie PUT "/v1/default/kie/kv/$id" "{\"value\": \"$1\"}" >"$work/output" ||
                give_up "cannot change the value: $(cat "$work/output")"
}

has_changed() { # to what
        [ "$(cat "$root/lab/config/set=set-00/$changing" 2>/dev/null)" = "$1" ]
}

enough() { # calls
        [ "$(calls)" -ge "$1" ] || ! kill -0 "${walkers[0]}" 2>/dev/null
}

# Walks go on; at a random call the daemon is killed. The next one finds whatever it left.
check_killed() { # round
        walkers=()
        change "generation $1"
        mark=$(calls)
        digest >"$work/first" 2>&1 &
        walkers+=($!)
        ls -lR "$root/lab" >"$work/second.walk" 2>&1 &
        walkers+=($!)
        await 600 enough $((mark + RANDOM % 25))
        kill -9 "$mount_pid"
        fusermount3 -q -u -z "$root"
        wait "${walkers[@]}"
        wait "$mount_pid"
        mount_pid=''
        # Some rounds begin with nothing on disk, so that it is written anew while it happens.
        if [ $(($1 % 3)) -eq 0 ]; then rm -rf "$XDG_CACHE_HOME"; fi
        start_mount lab
        check_equal "killed, round $1: all is as it was" "$reference" "$(digest)"
        check "killed, round $1: what was changed is shown" await 200 has_changed "generation $1"
}

check_full() {
        unmount
        rm -rf "$XDG_CACHE_HOME"
        mkdir -m 700 "$XDG_CACHE_HOME"
        if ! mount -t tmpfs -o size=160k,mode=700 none "$XDG_CACHE_HOME" 2>/dev/null; then
                number=$((number + 1))
                echo "ok $number # SKIP no small disk can be made here"
                return
        fi
        start_mount lab
        check_equal 'full disk: all is read' "$reference" "$(digest)"
        check_most 'full disk: KiB left' 40 "$(df --output=avail -k "$XDG_CACHE_HOME" | tail -n 1)"
        check_equal 'full disk: all is read again' "$reference" "$(digest)"
        unmount
        start_mount lab
        check_equal 'full disk: all is read by the next daemon' "$reference" "$(digest)"
        unmount
        umount "$XDG_CACHE_HOME"
}

begin "$1"
trap 'umount -q "$XDG_CACHE_HOME" 2>/dev/null; tear_down' EXIT
RANDOM=${BENCH_SEED:=$((SRANDOM % 32768))}
echo "# BENCH_SEED=$BENCH_SEED"
start_emulator --seed scale:500
configure <<<'ttl = 2'
start_mount lab
change 'generation 0'
reference=$(digest)
check_equal 'files' 999 "$(cd "$root/lab" && find registry config/set=* -name '*.yaml' \
        ! -name $changing | wc -l)"
check_one_daemon
for ((i = 1; i <= 9; i++)); do
        check_killed $i
done
check_full
check_equal 'nothing breaks the contract' '' "$(violations)"
finish
