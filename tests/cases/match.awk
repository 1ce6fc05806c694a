# SPDX-License-Identifier: Apache-2.0
# Does the output (second file) match what was expected (first file)? `...` stands for any lines,
# `~ REGEX` for one line that matches as a whole. Says where it does not.
FILENAME == ARGV[1] { wanted[++n] = $0; next }
{ got[++m] = $0 }
function fits(i, j) {
        if (wanted[i] ~ /^~ /)
                return got[j] ~ ("^(" substr(wanted[i], 3) ")$")
        return wanted[i] == got[j]
}
# From line i of what is wanted and line j of what came: remembers the farthest that fitted.
function walk(i, j) {
        for (; i <= n; i++) {
                if (wanted[i] == "...") {
                        if (i == n)
                                return 1
                        for (; j <= m; j++)
                                if (fits(i + 1, j) && walk(i + 1, j))
                                        return 1
                        return 0
                }
                if (j > farthest)
                        farthest = j
                if (j > m || !fits(i, j))
                        return 0
                j++
        }
        if (j > farthest)
                farthest = j
        return j > m
}
END {
        if (walk(1, 1))
                exit 0
        print "expected:"
        for (i = 1; i <= n; i++)
                print "    " wanted[i]
        print "got (no match from line " farthest " on):"
        for (j = 1; j <= m; j++)
                print "    " got[j]
        exit 1
}
