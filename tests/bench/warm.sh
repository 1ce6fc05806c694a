#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Warm work over 10,000 files in 100 directories while they are fresh: from the third run on it
# makes no call, and of the kernel's requests only the opening of directories is left; where
# contents are read, on a writable mount the opening of files too.
# shellcheck disable=SC1091,SC2034,SC2154,SC2010,SC2086,SC2119,SC2120,SC2012,SC2016,SC2317
needs=(rsync)
. "$(dirname "$0")/lib.sh"

# The third run of a command: no call, OPENDIR and RELEASEDIR once a directory (a walk by fts opens
# where it begins twice), at most two STATFS. A machine that needs memory may have dropped something
# of its own accord: what it read again for that is forgiven, or the run is repeated.
check_third() { # statement, directories, files to be opened, command
        local what=$1 directories=$2 files=$3 mark forgiven seen tries=3
        shift 3
        "$@" >"$work/output" 2>&1
        while [ $((tries--)) -gt 0 ]; do
                forgiven=$(refaults)
                "$@" >"$work/output" 2>&1
                mark=$(calls)
                seen=$(fuse_during "$@")
                forgiven=$((2 * ($(refaults) - forgiven)))
                [ "$(others)" -le $forgiven ] && break
        done
        check_equal "$what: no call" '' "$(calls_since "$mark")"
        check_equal "$what: openings of files" "$files $files" \
                "$(count_of OPEN "$seen") $(count_of RELEASE "$seen")"
        check_most "$what: openings of directories" $((directories + 1)) \
                "$(count_of OPENDIR "$seen")"
        check_equal "$what: as many closings" "$(count_of OPENDIR "$seen")" \
                "$(count_of RELEASEDIR "$seen")"
        check_most "$what: STATFS" 2 "$(count_of STATFS "$seen")"
        check_most "$what: other requests" $forgiven "$(others)" || echo "# ${seen//$'\n'/, }"
}

# All that is neither opened nor closed.
others() {
        awk '$1 !~ /^(OPEN|RELEASE)(DIR)?$|^STATFS$/ { n += $2 } END { print n + 0 }' <<<"$seen"
}

# Two files a key: the value, and what is said of it.
check_looks() { # kind of mount
        local all visible=${#top[@]}
        all=$(find "${top[@]}" -type d | wc -l)
        check_equal "$1: files" 20000 "$(find "${top[@]}" -type f | wc -l)"
        check_third "$1, ls -lR" "$visible" 0 ls -lR "${top[@]}"
        check_third "$1, find -newer" "$all" 0 find "${top[@]}" -newer "$work/hcloudfs.conf"
        check_third "$1, du" "$all" 0 du -s "${top[@]}"
        check_third "$1, rsync -an" "$all" 0 rsync -an "${top[@]}" "$work/nowhere"
}

check_readers() { # kind of mount, files that are opened
        local all
        all=$(find "${top[@]}" -type d | wc -l)
        check_third "$1, grep -r" $((all + ${#top[@]})) "$2" grep -r number "${top[@]}"
        check_third "$1, rsync -a" "$all" "$2" rsync_anew
        check_third "$1, tar c" "$all" "$2" tar_away
}

rsync_anew() {
        rm -rf "$work/copy"
        rsync -a "${top[@]}" "$work/copy"
}

# GNU tar does not read what goes to /dev/null.
tar_away() {
        tar cf - "${top[@]}" | cat >/dev/null
}

begin "$1"
start_emulator --seed scale:10000
configure <<<'ttl = 3600'
for options in rw ro; do
        start_mount -o "$options" lab
        cd "$root/lab/config" || give_up 'there are no configurations'
        top=(set=*)
        check_equal "$options: directories" 100 "${#top[@]}"
        check_looks "$options"
        top=(set=set-0*)
        [ $options = rw ] && opened=$(find "${top[@]}" -type f | wc -l)
        [ $options = ro ] && opened=0
        check_readers "$options" "$opened"
        cd / || exit 1
        unmount
done
check_equal 'nothing breaks the contract' '' "$(violations)"
finish
