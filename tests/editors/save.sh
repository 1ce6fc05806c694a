# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# One save of one document by one program: exactly one update call, no deletion, the right bytes for
# everybody, and nothing left behind. Silent where all that holds.
#
# save FILE COMMAND...    runs the command in the file's directory with $FILE and $NEW set; $NEW is
#                         a file with the text that the document must have afterwards
# KEEPS='f~'              names that the program leaves on purpose
set -u

# Calls that changed something, `METHOD operationId` a line.
changes() {
        tail -n "+$(($1 + 1))" "$REQUESTS" |
                jq -r 'select(.method != "GET" and .operationId != "batchFindInstances")
                       | "\(.method) \(.operationId)"'
}

# What a document is to become: the next text of its kind.
next_text() { # file
        turn=$((${turn-0} + 1))
        case $1 in
        fleet.json) sed "s/\"description\": \"[^\"]*\"/\"description\": \"turn $turn\"/" "$1" ;;
        *.yaml) sed "s/title: .*/title: turn $turn/" "$1" ;;
        *) printf 'first line of turn %d\nlast line\n' "$turn" ;;
        esac
}

# The bytes that were sent; of a JSON document what was changed in it, as the service adds its own.
same() {
        case $2 in
        *.json) diff <(jq .spec.description "$1") <(jq .spec.description "$2") ;;
        *) cmp "$1" "$2" ;;
        esac
}

save() {
        local file=$1 before names seen made
        shift
        NEW=$WORK/new FILE=$(basename "$file")
        (
                cd "$(dirname "$file")" || exit 1
                export NEW FILE
                next_text "$FILE" >"$NEW"
                names=$(ls -A)
                seen=$(wc -l <"$REQUESTS")
                if ! "$@" >"$WORK/output" 2>&1; then
                        echo "$*: failed"
                        cat "$WORK/output"
                fi
                for _ in $(seq 200); do
                        made=$(changes "$seen")
                        [ -n "$made" ] && break
                        read -r -t 0.05 < <(sleep 1) || :
                done
                case $made in
                'PUT '*) ;;
                *) echo "$*: not one update: ${made:-nothing}" ;;
                esac
                [ "$(wc -l <<<"$made")" -eq 1 ] || echo "$*: more than one call: $made"
                same "$NEW" "$FILE" || { echo "$*: other bytes"; cat "$FILE"; }
                for name in ${KEEPS-}; do rm -f "$name"; done
                before=$(ls -A)
                [ "$names" = "$before" ] ||
                        echo "$*: leaves: $(diff <(echo "$names") <(echo "$before"))"
                if [ -e "$FILE.error" ]; then cat "$FILE.error"; fi
        )
        turn=$((${turn-0} + 1))
}

# The programs, each with $FILE and $NEW.
with_cp() { cp "$NEW" "$FILE"; }
with_cp_p() { cp -p "$NEW" "$FILE"; }
with_cp_remove() { cp --remove-destination "$NEW" "$FILE"; }
with_cp_backup() { cp --backup=simple "$NEW" "$FILE"; }
with_install() { install -m 644 "$NEW" "$FILE"; }
with_mv() { cp "$NEW" "$WORK/moved" && mv "$WORK/moved" "$FILE"; }
with_mv_here() { cp "$NEW" ".$FILE.tmp" && mv ".$FILE.tmp" "$FILE"; }
with_tee() { tee "$FILE" <"$NEW"; }
with_dd() { dd if="$NEW" of="$FILE"; }
with_dd_fsync() { dd if="$NEW" of="$FILE" conv=fsync bs=7; }
with_shell() { cat "$NEW" >"$FILE"; }
with_subshell() { (head -n 1 "$NEW" && tail -n +2 "$NEW") >"$FILE"; }
with_group() { { head -n 1 "$NEW"; sleep 0.2; tail -n +2 "$NEW"; } >"$FILE"; }
with_append() {
        tail -c +1 "$NEW" >/dev/null
        : >"$FILE.nothing" 2>/dev/null || :
        printf 'more\n' >>"$FILE"
        (cat "$WORK/before" && echo more) >"$NEW"
}
with_sponge() { sponge "$FILE" <"$NEW"; }
with_python() {
        python3 -c 'import sys; open(sys.argv[2], "w").write(open(sys.argv[1]).read())' \
                "$NEW" "$FILE"
}
with_python_replace() {
        python3 - "$NEW" "$FILE" <<'END'
import os, sys, tempfile
fd, name = tempfile.mkstemp(dir=".")
os.write(fd, open(sys.argv[1], "rb").read())
os.fsync(fd)
os.close(fd)
os.replace(name, sys.argv[2])
END
}
with_sed() { sed -i -e "r $NEW" -e d "$FILE" && return; }
with_sed_script() { sed -i -n -e '1{' -e "r $NEW" -e '}' "$FILE"; }
perl_script='BEGIN { local $/; open F, $ENV{NEW}; $new = <F> } print $new if $. == 1'
with_perl() { perl -i -ne "$perl_script" "$FILE"; }
with_perl_bak() { perl -i.bak -ne "$perl_script" "$FILE"; }
with_patch() { diff -u "$FILE" "$NEW" >"$WORK/patch"; patch "$FILE" "$WORK/patch"; }
with_ed() { printf '%%d\n0r %s\nw\nq\n' "$NEW" | ed -s "$FILE"; }
with_rsync() { rsync_as "$@"; }
rsync_as() {
        mkdir -p "$WORK/from" && cp "$NEW" "$WORK/from/$FILE"
        rsync -rtc "$@" "$WORK/from/$FILE" .
}
with_git() {
        rm -rf "$WORK/git" "$WORK/tree"
        mkdir -p "$WORK/tree" && cp "$NEW" "$WORK/tree/$FILE"
        git init -q --bare "$WORK/git"
        git --git-dir="$WORK/git" --work-tree="$WORK/tree" add "$FILE"
        git --git-dir="$WORK/git" --work-tree="$WORK/tree" -c user.name=n -c user.email=e \
                commit -q -m x
        git --git-dir="$WORK/git" --work-tree=. checkout -f -q HEAD -- "$FILE"
        [ -z "$(git --git-dir="$WORK/git" --work-tree=. status --porcelain -uno "$FILE")" ]
}
with_vim() { # settings
        vim -N -u NONE -i NONE -es -c "set $*" -c '%d' -c "0r $NEW" -c wq "$FILE"
}
with_vim_twice() { # as a person who saves, looks, and saves again
        vim -N -u NONE -i NONE -es -c '%d' -c "0r $NEW" -c w -c wq "$FILE"
}
with_emacs_batch() {
        emacs -Q --batch "$FILE" --eval "(progn (erase-buffer) (insert-file-contents \"$NEW\")
                (set-buffer-modified-p t) (save-buffer))"
}
in_terminal() { # command; keys and what they wait for are sent by the caller
        tmux -L "case$$" -f /dev/null new-session -d -x 100 -y 30 "$1"
}
keys() { tmux -L "case$$" send-keys "$@"; }
shows() { # text: waits for it on the screen
        for _ in $(seq 400); do
                tmux -L "case$$" capture-pane -p 2>/dev/null | grep -qF -- "$1" && return
                read -r -t 0.05 < <(sleep 1) || :
        done
        echo "the screen never shows $1"
        tmux -L "case$$" capture-pane -p
        return 1
}
ends() {
        for _ in $(seq 400); do
                tmux -L "case$$" has-session 2>/dev/null || return 0
                read -r -t 0.05 < <(sleep 1) || :
        done
        tmux -L "case$$" kill-server
        return 1
}
with_emacs() {
        in_terminal "emacs -nw -Q $FILE"
        shows "$FILE" && keys C-x h Delete C-x i && shows 'Insert file' &&
                keys C-a C-k "$NEW" Enter && keys C-x C-s && shows 'Wrote' && keys C-x C-c && ends
}
with_nano() { # options
        in_terminal "nano -I $* $FILE"
        shows "$FILE" && keys M-\\ M-T && keys C-r && shows 'insert' && keys "$NEW" Enter &&
                keys C-o && shows 'Write' && keys Enter && shows 'Wrote' && keys C-x && ends
}
with_trace() { # name
        "$REPLAY" "$SOURCE/tests/editors/traces/$1" "$FILE" "$NEW"
}
with_trace_in_threads() { # name
        "$REPLAY" -t "$SOURCE/tests/editors/traces/$1" "$FILE" "$NEW"
}
