# SPDX-License-Identifier: Apache-2.0
# For the scripts of this folder: a private emulator and mount, what arrives at either while a
# command runs, and the form in which a test says how it went (TAP).
#
# A script is called with the build directory. It sets `needs`, the programs without which it is
# skipped, sources this file, and calls `begin` and, at its end, `finish`. $work is a directory of
# its own, $root the mount, $requests the emulator's log.
# shellcheck shell=bash
# shellcheck disable=SC1091,SC2034,SC2154,SC2010,SC2086,SC2119,SC2120,SC2012,SC2016,SC2317
set -u -o pipefail

here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
number=0 failed=0 emulator_pid='' mount_pid='' port=0

skip_all() {
        echo "1..0 # SKIP $1"
        exit 0
}

# Waits until the command succeeds, at most $1 twentieths of a second.
await() {
        local left=$1
        shift
        while ! "$@"; do
                [ $((left--)) -gt 0 ] || return 1
                read -r -t 0.05 -u "$never" || :
        done
}

is_gone() {
        ! kill -0 "$1" 2>/dev/null
}

begin() { # build directory
        local build program
        build=$(realpath "$1")
        hcloudfs=${HCLOUDFS:-$build/fs/hcloudfs}
        emulator=$build/contrib/emulator/hcloud-emulator
        counter=$build/tests/bench/libfuse-count.so
        if [ ! -r /dev/fuse ] || [ ! -w /dev/fuse ]; then
                skip_all 'there is no usable /dev/fuse'
        fi
        for program in fusermount3 jq curl setpriv "${needs[@]}"; do
                command -v "$program" >/dev/null || skip_all "$program is not installed"
        done
        work=$(mktemp -d "${TMPDIR:-/tmp}/hcloudfs-bench.XXXXXX") || exit 1
        root=$work/cloud requests=$work/requests faults=$work/faults counters=$work/counters
        exec {never}<> <(:)
        trap tear_down EXIT
        trap 'exit 1' INT TERM HUP PIPE
        export LC_ALL=C.UTF-8 TZ=UTC HOME=$work XDG_CACHE_HOME=$work/cache
        mkdir "$root"
        : >"$requests"
        : >"$faults"
}

tear_down() {
        cd /
        unmount
        stop_emulator
        if mountpoint -q "$root"; then
                echo "# $root is still mounted"
        elif [ -n "${BENCH_KEEP-}" ]; then
                echo "# kept: $work"
        else
                rm -rf --one-file-system "$work"
        fi
}

finish() {
        echo "1..$number"
        [ "$failed" -eq 0 ]
        exit
}

# One statement: succeeded if the command does. What is shown on failure comes from `explain`.
check() { # statement, command
        local what=$1
        shift
        number=$((number + 1))
        if "$@"; then
                echo "ok $number - $what"
                return 0
        fi
        echo "not ok $number - $what"
        echo "# false: $*"
        failed=$((failed + 1))
        return 1
}

check_equal() { # statement, expected, actual
        number=$((number + 1))
        if [ "$2" = "$3" ]; then
                echo "ok $number - $1"
                return 0
        fi
        echo "not ok $number - $1"
        diff <(printf '%s\n' "$2") <(printf '%s\n' "$3") |
                sed -n 's/^</# expected/p; s/^>/# got     /p'
        failed=$((failed + 1))
        return 1
}

check_most() { # statement, limit, actual
        check "$1: $3, at most $2" [ "$3" -le "$2" ]
}

give_up() {
        echo "Bail out! $1"
        sed 's/^/# emulator: /' "$work/emulator.log"
        sed 's/^/# mount: /' "$work/mount.log" 2>/dev/null
        exit 1
}

## The emulator

has_started() {
        port=$(sed -n 's/^listening on .*:\([0-9]*\)$/\1/p' "$work/emulator.log")
        [ -n "$port" ] || is_gone "$emulator_pid"
}

# With the options given; a second one listens where the first one did.
start_emulator() {
        local address=127.0.0.1:$port
        : >"$work/emulator.log"
        setpriv --pdeathsig TERM "$emulator" --listen "$address" --tls-dir "$work/tls" \
                --contract "$here/../contract" --request-log "$requests" --faults "$faults" \
                "$@" >"$work/emulator.log" 2>&1 &
        emulator_pid=$!
        await 400 has_started
        [ -n "$port" ] || give_up 'the emulator did not start'
}

stop_emulator() {
        [ -n "$emulator_pid" ] || return 0
        kill "$emulator_pid" 2>/dev/null
        await 100 is_gone "$emulator_pid" || kill -9 "$emulator_pid"
        emulator_pid=''
}

# A call of the API past the mount: host, method, path, body.
call() {
        curl -sS --fail-with-body --cacert "$work/tls/ca.pem" -X "$2" \
                ${4+-H 'Content-Type: application/json' -d "$4"} "https://$1.localhost:$port$3"
}

# Requests in the log so far: a mark for the functions that end in `_since`.
calls() {
        wc -l <"$requests"
}

# Calls since then, one a line: operation and how often. Those that only wait for changes go on all
# the time and are nobody's.
calls_since() { # mark
        tail -n "+$(($1 + 1))" "$requests" | grep -v '"query":"[^"]*wait=' | jq -r .operationId |
                sort | uniq -c | awk '{ print $2, $1 }'
}

# How many those are.
count_since() { # mark
        calls_since "$1" | awk '{ n += $2 } END { print n + 0 }'
}

# What is asked ahead arrives a little later: waits for silence.
settle() { # twentieths of a second
        local before=-1
        while [ "$(calls)" -ne "$before" ]; do
                before=$(calls)
                await "${1:-6}" false
        done
}

violations() {
        jq -r 'select(.violation // .fault) | "\(.method) \(.host)\(.path): "
               + (.violation // .fault)' "$requests"
}

## The mount

# The configuration: lines of the section [mount] on standard input.
configure() {
        local service
        {
                echo '[mount]'
                cat
                printf '%s\n' '[account demo]' 'ak = HCLOUDFSDEMOACCESSKEY' \
                        'sk = demo-secret-key-not-a-secret' "ca_file = $work/tls/ca.pem" \
                        'region = cn-north-4'
                for service in iam dws cse ems; do
                        echo "endpoint.$service = https://$service.{region}.localhost:$port"
                done
                printf '%s\n' "endpoint.ucs = https://ucs.localhost:$port" \
                        '[servicecomb lab]' "registry = https://sc.localhost:$port" \
                        "config = https://kie.localhost:$port" "ca_file = $work/tls/ca.pem"
        } >"$work/hcloudfs.conf"
        chmod 600 "$work/hcloudfs.conf"
}

is_mounted() {
        mountpoint -q "$root" || is_gone "$mount_pid"
}

# With options and account given. Whatever ends this script, even by force, ends the mount.
launch() {
        ASAN_OPTIONS=${ASAN_OPTIONS-}:verify_asan_link_order=0 LD_PRELOAD=$counter \
                FUSE_COUNT_FILE=$counters \
                setpriv --pdeathsig TERM "$hcloudfs" --foreground \
                -o "config=$work/hcloudfs.conf" "$@" "$root" >"$work/mount.log" 2>&1 &
        mount_pid=$!
        await 400 is_mounted
}

start_mount() {
        launch "$@"
        mountpoint -q "$root" || give_up 'hcloudfs did not mount'
}

unmount() {
        if mountpoint -q "$root"; then
                await 40 fusermount3 -q -u "$root" || fusermount3 -q -u -z "$root"
        fi
        [ -n "$mount_pid" ] || return 0
        await 200 is_gone "$mount_pid" || {
                kill -9 "$mount_pid"
                check 'the daemon ends after the unmount' false
        }
        mount_pid=''
}

## What arrives from the kernel

# All counts so far, one a line: name and number.
fuse_counts() {
        od -A n -v -t u8 -w8 "$counters" | awk '
                BEGIN {
                        split("LOOKUP FORGET GETATTR SETATTR READLINK SYMLINK 7 MKNOD MKDIR " \
                              "UNLINK RMDIR RENAME LINK OPEN READ WRITE STATFS RELEASE 19 FSYNC " \
                              "SETXATTR GETXATTR LISTXATTR REMOVEXATTR FLUSH INIT OPENDIR " \
                              "READDIR RELEASEDIR FSYNCDIR GETLK SETLK SETLKW ACCESS CREATE " \
                              "INTERRUPT BMAP DESTROY IOCTL POLL NOTIFY_REPLY BATCH_FORGET " \
                              "FALLOCATE READDIRPLUS RENAME2 LSEEK COPY_FILE_RANGE SETUPMAPPING " \
                              "REMOVEMAPPING SYNCFS TMPFILE STATX", name, " ")
                }
                NR > 1 && $1 { print name[NR - 1], $1 }' | sort
}

# How many more were opened than closed, of these counts.
fuse_open() {
        awk '   $1 ~ /^OPEN(DIR)?$/ { n += $2 }
                $1 ~ /^RELEASE(DIR)?$/ { n -= $2 }
                END { print n + 0 }' <<<"$1"
}

# RELEASE, RELEASEDIR and FORGET come when the kernel likes: waits for silence, and until no more is
# open than the last time, at most ten seconds.
fuse_settled() {
        local before='' now left=40 open=0
        [ ! -s "$work/open" ] || open=$(cat "$work/open")
        while now=$(fuse_counts); [ "$now" != "$before" ] ||
                { [ "$(fuse_open "$now")" -gt "$open" ] && [ $((left--)) -gt 0 ]; }; do
                before=$now
                await 2 false
        done
        fuse_open "$now" >"$work/open"
        printf '%s\n' "$now"
}

# What the kernel asks for while the command runs: `NAME N` a line. What it gives back does not
# count: that depends on its memory. The command's output goes to $work/output.
fuse_during() {
        local before
        before=$(fuse_settled)
        "$@" >"$work/output" 2>"$work/error"
        echo $? >"$work/status"
        join -a 2 -e 0 -o 0,1.2,2.2 <(printf '%s\n' "$before") <(fuse_settled) |
                awk '$3 != $2 && $1 !~ /FORGET/ { print $1, $3 - $2 }'
}

# Of lines of the log: when each call began and ended, in milliseconds.
call_times() {
        jq -r '((.time[0:19] + "Z" | fromdate) * 1000 + (.time[20:23] | tonumber)) as $ended
               | "\($ended - .ms) \($ended)"'
}

# How many of the calls since then had to wait for each other: the longest row of calls each of
# which began when the one before had ended. With a latency far above all else, these are the round
# trips of the walk.
rounds_since() { # mark
        tail -n "+$(($1 + 1))" "$requests" | grep -v '"query":"[^"]*wait=' | call_times |
                sort -k 2n | awk '$1 >= end { n++; end = $2 } END { print n + 0 }'
}

# One number out of what fuse_during printed.
count_of() { # name, counts
        awk -v name="$1" '$1 == name { n = $2 } END { print n + 0 }' <<<"$2"
}

# Pages that this machine took out of its cache although they were used again: those have to be read
# once more, whatever we do.
refaults() {
        awk '$1 == "workingset_refault_file" { print $2 }' /proc/vmstat
}

## What is there to be seen

# A seed with configurations, 100 to a set of labels, all told by one list.
seed_configurations() { # how many
        awk -v count="$1" 'BEGIN {
                print "{\"base\": \"empty\", \"objects\": ["
                for (i = 0; i < count; i++) {
                        id = sprintf("00000000-0000-4000-8000-%012d", i)
                        printf "%s{\"kind\": \"kie/kv\", \"scope\": \"standalone\", " \
                                "\"id\": \"%s\", ",
                                i ? "," : "", id
                        printf "\"object\": {\"id\": \"%s\", \"key\": \"key-%06d.yaml\", ", id, i
                        printf "\"labels\": {\"set\": \"set-%04d\"}, ", i / 100
                        printf "\"value\": \"number: %d\\nsquare: %d\\n\", ", i, i * i
                        printf "\"value_type\": \"yaml\", \"status\": \"enabled\", "
                        printf "\"create_time\": 1762243200, \"update_time\": 1762243200, "
                        printf "\"create_revision\": %d, \"update_revision\": %d}}\n", i + 1, i + 1
                }
                print "]}"
        }'
}

# A seed with microservices and 50 schemas of each.
seed_services() { # how many
        awk -v count="$1" 'BEGIN {
                print "{\"base\": \"empty\", \"objects\": ["
                for (i = 0; i < 50; i++)
                        names = names sprintf("%s\"schema-%02d\"", i ? ", " : "", i)
                for (i = 0; i < count; i++) {
                        id = sprintf("%040d", i)
                        printf "%s{\"kind\": \"servicecomb/services\", \"scope\": \"standalone\", ",
                                i ? "," : ""
                        printf "\"id\": \"%s\", \"object\": {\"service\": {\"serviceId\": \"%s\", ",
                                id, id
                        printf "\"environment\": \"production\", \"appId\": \"bench\", "
                        printf "\"serviceName\": \"svc-%04d\", \"version\": \"1.0.0\", ", i
                        printf "\"level\": \"BACK\", \"status\": \"UP\", "
                        printf "\"timestamp\": \"1762157700\", \"modTimestamp\": \"1762244100\", "
                        printf "\"schemas\": [%s]}}}\n", names
                        for (j = 0; j < 50; j++) {
                                name = sprintf("schema-%02d", j)
                                printf ",{\"kind\": \"servicecomb/schemas\", "
                                printf "\"scope\": \"standalone/%s\", \"id\": \"%s\", ", id, name
                                printf "\"object\": {\"schemaId\": \"%s\", ", name
                                printf "\"schema\": \"swagger: 2.0 # %d of %d\\n\"}}\n", j, i
                        }
                }
                print "]}"
        }'
}
