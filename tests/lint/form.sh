#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Sizes and comments of C: no function over 100 lines, no file over 800, no // comments. What is
# excepted stands in tests/lint/exceptions with its reason; an exception that is not needed any more
# is refused as well.
set -eu -o pipefail
cd "$1"

# shellcheck disable=SC2016 # the program is awk's
contrib/sources '*.c' '*.h' | xargs awk -v exceptions=tests/lint/exceptions '
        function refuse(rule, subject, text,    key) {
                key = rule " " subject
                if (key in excepted) {
                        used[key] = 1
                        return
                }
                print text
                status = 1
        }
        function end_of_file() {
                if (file != "" && lines > 800)
                        refuse("file", file, file ": " lines " lines, more than 800")
        }
        # The line without comments and literals; in_comment goes on to the next line.
        function strip(line,    out, i, c, two, quote) {
                for (i = 1; i <= length(line); i++) {
                        c = substr(line, i, 1)
                        two = substr(line, i, 2)
                        if (in_comment) {
                                if (two == "*/") { in_comment = 0; i++ }
                        } else if (quote != "") {
                                if (c == "\\") i++
                                else if (c == quote) quote = ""
                        } else if (two == "/*") {
                                in_comment = 1; i++
                        } else if (c == "\"" || c == "\047") {
                                quote = c
                        } else {
                                out = out c
                        }
                }
                return out
        }
        BEGIN {
                while ((getline line < exceptions) > 0) {
                        if (line ~ /^#/ || split(line, word) < 3) continue
                        excepted[word[1] " " word[2]] = 1
                }
        }
        FNR == 1 { end_of_file(); file = FILENAME; in_comment = 0; name = "" }
        {
                lines = FNR
                text = strip($0)
                if (index(text, "//"))
                        refuse("comment", file ":" FNR, file ":" FNR ": // comment")
                if (name == "" && text ~ /^[a-zA-Z_].*\(/) {
                        name = text
                        sub(/\(.*/, "", name)
                        sub(/.*[ *]/, "", name)
                        began = FNR
                }
                if (name != "" && text ~ /;[ ]*$/ && text !~ /^[ ]/ && text !~ /\{/)
                        name = "" # a declaration
                if (name != "" && text ~ /^}/) {
                        if (FNR - began + 1 > 100)
                                refuse("function", file ":" name, \
                                       file ":" began ": " name "() has " FNR - began + 1 " lines")
                        name = ""
                }
        }
        END {
                end_of_file()
                for (key in excepted)
                        if (!(key in used)) {
                                print "tests/lint/exceptions: not needed: " key
                                status = 1
                        }
                exit status
        }'
