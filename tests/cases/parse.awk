# SPDX-License-Identifier: Apache-2.0
# Takes a case apart (its form: tests/cases/run) into the directory DIR: settings into DIR/settings,
# step N into DIR/N/{line,command,expected,status,mode,requests}. Step 0 is the mount itself.
function put(name, text) {
        print text >>(DIR "/" step "/" name)
}
function begin() {
        system("mkdir -p '" DIR "/" step "' && : >'" DIR "/" step "/expected'")
        put("line", FNR)
        state = "command"
        blank = 0
}
BEGIN {
        step = 0
        begin()
        put("status", 0)
        state = "settings"
}
/^\$ / {
        step++
        begin()
        put("command", substr($0, 3))
        next
}
/^> / && state == "command" {
        put("command", substr($0, 3))
        next
}
/^requests( in order)?:( none)?$/ {
        state = "requests"
        put("mode", /in order/ ? "order" : "any")
        next
}
# Comments; behind a command only after a blank line or another comment.
/^#( |$)/ && (state == "settings" || state == "requests" || may_be_comment) { next }
{ may_be_comment = $0 == "" }
state == "settings" && /^(unless|emulator|seed|faults|account|lab|mount|options|needs): / {
        print >>(DIR "/settings")
        next
}
state == "requests" && /^ +[a-z]+ [A-Za-z]/ {
        # SERVICE OPERATION [STATUS] [xN]
        count = $NF ~ /^x[0-9]+$/ ? substr($NF, 2) : 1
        text = $1 " " $2 ($3 ~ /^[0-9]+$/ ? " " $3 : "")
        if ($NF == "x?") {
                put("often", text)
                next
        }
        for (i = 0; i < count; i++)
                put("requests", text)
        next
}
/^exit: [0-9]+$/ && (state == "command" || state == "output") {
        put("status", $2)
        next
}
/^$/ && state != "output" { next }
state == "command" || state == "output" {
        state = "output"
        # Blank lines part the steps: those at the end of an output do not count.
        if ($0 == "") {
                blank++
                next
        }
        for (; blank > 0; blank--)
                put("expected", "")
        put("expected", $0)
        next
}
{
        print FILENAME ":" FNR ": not understood: " $0
        failed = 1
        exit
}
END { exit failed }
