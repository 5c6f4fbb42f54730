#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes the list of settings in man/postern-profile.5 anew from `postern help settings`, which is made from the settings table. With --check it
# only compares, and looks in man/postern.1 for every command and flag. Usage: tools/man_profile.sh [--check] POSTERN
set -eu
check=no
if [ "${1:-}" = --check ]; then
    check=yes
    shift
fi
postern=$1
man=$(dirname "$0")/../man
made=$(mktemp)
trap 'rm -f "$made"' EXIT
"$postern" help settings | awk -v page="$man/postern-profile.5" '
    function say(text,    words, word, i, line) { # in lines of at most 78 characters, none of which is taken for a macro
        words = split(text, word, " ")
        line = word[1]
        for (i = 2; i <= words; i++) {
            if (length(line) + 1 + length(word[i]) > 78) {
                print line
                line = (word[i] ~ /^[.\047]/ ? "\\&" : "") word[i]
            } else {
                line = line " " word[i]
            }
        }
        print line
    }
    BEGIN { n = -1 }
    /^Settings/ { settings = 1; next }
    settings && /^$/ { settings = 0 }
    !settings { next }
    /^  -/ { name[++n] = substr($1, 3); gsub("-", "_", name[n]); next }
    { sub(/^ +/, "") }
    /^(POSTERN|CXONE)_/ { variables[n] = $0; next }
    { doc[n] = doc[n] (doc[n] == "" ? "" : " ") $0 }
    END {
        while ((getline text < page) > 0) {
            if (text == ".\\\" settings end") {
                inside = 0
            }
            if (!inside) {
                print text
            }
            if (text == ".\\\" settings begin") {
                inside = 1
                print ".Bl -tag -width Ds"
                for (i = 0; i <= n; i++) {
                    print ".It Cm " name[i]
                    sentences = split(doc[i], sentence, /\. /)
                    for (k = 1; k <= sentences; k++) {
                        say(sentence[k] (k < sentences ? "." : ""))
                    }
                    print ".br"
                    print variables[i] "."
                }
                print ".El"
            }
        }
    }' > "$made"
if [ $check = yes ]; then
    cmp "$made" "$man/postern-profile.5" || { echo "man/postern-profile.5 is not as the settings table: run tools/man_profile.sh $postern" >&2; exit 1; }
    for command in $("$postern" help | awk '/^Commands/ { on = 1; next } /^$/ { on = 0 } on { print $1 }'); do
        grep -Eq "^\.(Cm|It Cm) .*\b$command\b" "$man/postern.1" || { echo "man/postern.1 does not name the command $command" >&2; exit 1; }
        for flag in $("$postern" help "$command" | awk '/^Flags of every/ { exit } /^  -/ { sub(/^ *(-., )?--/, ""); print $1 }'); do
            grep -q -- "Fl .*-$flag\b" "$man/postern.1" || { echo "man/postern.1 does not name --$flag of $command" >&2; exit 1; }
        done
    done
else
    cp "$made" "$man/postern-profile.5"
fi
