#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes the list of settings in man/posternd.8 anew from `posternd --help`, which is made from the settings table. With --check it only
# compares. Usage: tools/man_settings.sh [--check] POSTERND
set -eu
check=no
if [ "${1:-}" = --check ]; then
    check=yes
    shift
fi
posternd=$1
page=$(dirname "$0")/../man/posternd.8
made=$(mktemp)
trap 'rm -f "$made"' EXIT
"$posternd" --help | awk -v page="$page" '
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
    /^  -/ { n++; on[n] = sub(/\[=on\|off\]$/, "", $1); flags[n] = substr($1, 2); arguments[n] = $2; next }
    { sub(/^ +/, "") }
    about[n] == "" { about[n] = $0; next }
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
                    if (on[i]) {
                        print ".It Fl " flags[i] " Ns Op = Ns Cm on|off"
                    } else {
                        print ".It Fl " flags[i] " Ar " arguments[i]
                    }
                    sentences = split(doc[i], sentence, /\. /)
                    for (k = 1; k <= sentences; k++) {
                        say(sentence[k] (k < sentences ? "." : ""))
                    }
                    print ".br"
                    print about[i] "."
                }
                print ".El"
            }
        }
    }' > "$made"
if [ $check = yes ]; then
    cmp "$made" "$page" || { echo "man/posternd.8 is not as the settings table: run tools/man_settings.sh $posternd" >&2; exit 1; }
else
    cp "$made" "$page"
fi
