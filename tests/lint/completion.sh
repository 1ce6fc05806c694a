#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The completion for bash offers all that --help names, and what is meant to stand behind it.
#
# usage: completion.sh PROGRAM COMPLETION
set -u -o pipefail

program=$(realpath "$1")
directory=$(mktemp -d) || exit 1
trap 'rm -rf "$directory"' EXIT
# shellcheck source=contrib/completion/hcloudfs.bash
# shellcheck disable=SC1090,SC1091
. "$2"
status=0

# Completes a command line: its words as readline parts them, the last being the one to complete.
offers() { # words
        COMP_WORDS=("$program" "$@") COMP_CWORD=$# COMP_LINE=hcloudfs
        local word glue=' '
        for word; do
                [[ $word == = ]] && glue=''
                COMP_LINE+=$glue$word
                glue=' '
                [[ $word == = ]] && glue=''
        done
        COMP_POINT=${#COMP_LINE}
        _hcloudfs
        printf '%s\n' ${COMPREPLY[@]+"${COMPREPLY[@]}"} | LC_ALL=C sort
}

expect() { # expected, words...
        local expected=$1 got
        shift
        got=$(offers "$@")
        [ "$got" = "$expected" ] && return
        printf 'completing: %s\nexpected\n%s\ngot\n%s\n' "$*" "$expected" "$got"
        status=1
}

section() { # heading: the first words below it in --help
        "$program" --help | awk -v heading="$1:" '
                $0 == heading { on = 1; next }
                /^$/ { on = 0 }
                on { print $1 }' | LC_ALL=C sort
}

cd "$directory" || exit 1
mkdir -p config/hcloudfs some.d
printf '[mount]\nttl = 5\n[account work]\n[servicecomb open]\n' >config/hcloudfs/hcloudfs.conf
printf '[account other]\n' >other.conf
export XDG_CONFIG_HOME=$directory/config

expect "$(section Commands | cat - <(printf '%s\n' config open some.d work) | LC_ALL=C sort)" ''
expect "$("$program" --help | sed -n '/^Options:/,/^$/p' | cut -c 1-27 |
        grep -oE -- ' --?[a-zA-Z-]+' | tr -d ' ' | LC_ALL=C sort)" -
expect "$(section 'Mount options' | sed 's/=.*/=/' | LC_ALL=C sort)" -o ''
expect $'cache_dir=\nconfig=\nconnect_timeout=\nconnections=' -o c
expect 'ro,ttl=' -o ro,tt
expect '5,prefetch=' -o ttl = 5,pre
expect $'no\nyes' -o prefetch =
expect 'yes' -o prefetch = y
expect 'other.conf' -o config = oth
expect 'some.d' -o ttl = 5,cache_dir = s
expect 'debug' -o log_level = d
expect 'read-only' -o access = read-o
expect $'open\nwork' check ''
expect 'other' -o config = other.conf check ''
expect 'some.d' work s
expect $'other.conf' stat oth
expect 'some.d' refresh so
expect 'other.conf' wait oth
expect $'config\nsome.d' umount ''
expect '' operations ''
expect 'some.d' -o ttl = 5 work s
exit $status
