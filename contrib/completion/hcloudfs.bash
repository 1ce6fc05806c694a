# SPDX-License-Identifier: Apache-2.0
# Completion of hcloudfs for bash: commands, options and mount options as `hcloudfs --help` tells
# them, accounts as the configuration has them. Source it, or install it as `hcloudfs` in the
# directory of bash-completion.
# shellcheck shell=bash

# What --help says below a heading.
_hcloudfs_help() { # program, heading
        "$1" --help 2>/dev/null | sed -n "/^$2:\$/,/^\$/ { /^  /p; }"
}

_hcloudfs_accounts() { # configuration, or nothing for the default
        sed -n 's/^\[\(account\|servicecomb\|kubernetes\)[[:blank:]]\{1,\}\([^]]*\)\].*/\2/p' \
                "${1:-${XDG_CONFIG_HOME:-$HOME/.config}/hcloudfs/hcloudfs.conf}" 2>/dev/null
}

# Replies with those of the words that begin so, whatever is in them.
_hcloudfs_reply() { # words, one a line; beginning; what stands in front
        local word
        while IFS= read -r word; do
                if [[ -n $word && $word == "$2"* ]]; then COMPREPLY+=("$3$word"); fi
        done <<<"$1"
}

_hcloudfs_files() { # -f or -d; beginning; what stands in front
        _hcloudfs_reply "$(compgen "$1" -- "$2")" "$2" "$3"
        compopt -o filenames 2>/dev/null
}

# The last of a list of mount options; those before it stay.
_hcloudfs_mount_option() { # program, list
        local last=${2##*,} before='' name
        [[ $2 == *,* ]] && before=${2%,*},
        name=${last%%=*}
        if [[ $last != *=* ]]; then
                _hcloudfs_reply "$(_hcloudfs_help "$1" 'Mount options' |
                        sed 's/^  \([a-z_]*=\{0,1\}\).*/\1/')" "$last" "$before"
                compopt -o nospace 2>/dev/null
                return
        fi
        last=${last#*=} before=$before$name=
        case $name in
        config) _hcloudfs_files -f "$last" "$before" ;;
        cache_dir | state_dir) _hcloudfs_files -d "$last" "$before" ;;
        log_level) _hcloudfs_reply $'error\nwarning\ninfo\ndebug' "$last" "$before" ;;
        access) _hcloudfs_reply $'read-only\nread-write' "$last" "$before" ;;
        prefetch) _hcloudfs_reply $'yes\nno' "$last" "$before" ;;
        esac
}

# The words that are neither options nor theirs.
_hcloudfs_words() {
        local i
        words=()
        for ((i = 1; i < COMP_CWORD; i++)); do
                case ${COMP_WORDS[i]} in
                -o) ((i++)) ;;
                [=-]*) ;;
                *) [[ ${COMP_WORDS[i - 1]} == = ]] || words+=("${COMP_WORDS[i]}") ;;
                esac
        done
}

_hcloudfs() {
        local program=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]} config='' cut list words i
        local line=${COMP_LINE:0:COMP_POINT}
        COMPREPLY=()
        _hcloudfs_words
        [[ $COMP_LINE =~ config=([^,[:blank:]]+) ]] && config=${BASH_REMATCH[1]}
        if [[ $line =~ [[:blank:]]-o[[:blank:]]+[^[:blank:]]*$ ]]; then
                list=${line##*[[:blank:]]}
                _hcloudfs_mount_option "$program" "$list"
                # Readline takes `=` for the end of a word: what is before it stays as it is.
                [[ $word == = ]] && word=''
                cut=${list%"$word"}
                for i in "${!COMPREPLY[@]}"; do COMPREPLY[i]=${COMPREPLY[i]#"$cut"}; done
        elif [[ $word == -* ]]; then
                _hcloudfs_reply "$(_hcloudfs_help "$program" Options | cut -c 3-26 |
                        tr -s ', ' '\n' | grep '^-')" "$word" ''
        elif [[ ${#words[@]} -eq 0 ]]; then
                _hcloudfs_reply "$(_hcloudfs_help "$program" Commands |
                        sed 's/^  \([a-z]*\).*/\1/')" "$word" ''
                _hcloudfs_reply "$(_hcloudfs_accounts "$config")" "$word" ''
                _hcloudfs_files -d "$word" ''
        elif [[ ${words[0]} == check ]]; then
                _hcloudfs_reply "$(_hcloudfs_accounts "$config")" "$word" ''
        elif [[ ${words[0]} == @(refresh|stat|wait) ]]; then
                _hcloudfs_files -f "$word" ''
        elif [[ ${words[0]} != operations && ${words[0]} != help ]]; then
                _hcloudfs_files -d "$word" ''
        fi
}

complete -F _hcloudfs hcloudfs
