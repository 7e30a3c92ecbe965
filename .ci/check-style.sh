#!/usr/bin/env bash
# The mechanical part of the house style: sizes, opening comments, forbidden constructs.
# `check-style.sh [ARCHIVE...]`: the archives, if given, may hold no variable that can be written.
set -uo pipefail
shopt -s lastpipe # report, at the end of a pipe, sets what this shell reads
cd "$(dirname "$0")/.."

bad=0
complain() {
    echo "$1"
    bad=1
}
report() { # a heading, and the lines of standard input if there are any
    local lines
    lines=$(cat)
    [[ -z $lines ]] || complain "$1:"$'\n'"$lines"
}

sources=$(find protocol policy config proxy tests -name '*.[ch]' -not -path '*/node_modules/*' | sort)
code=$(echo "$sources" | grep -v '^tests/')
scripts=$(find tests .ci \( -name '*.py' -o -name '*.sh' \) -not -path '*/node_modules/*'; echo .ci/run)

wc -l $sources $scripts | awk '$2 != "total" && $1 > 400 { print "  " $2 " has " $1 }' |
    report "more than 400 lines"
wc -l Makefile | awk '$1 >= 200 { print "  " $2 " has " $1 }' | report "200 lines or more"
awk 'FNR == 1 && !/^\/\*/ { print "  " FILENAME }' $sources | report "no opening comment"
awk 'FNR == 1 { open = 0 }
     /^[a-z].*\) *\{$/ || (/^\{$/ && !open) { start = FNR; open = 1 }
     /^\}/ { if (open && FNR - start > 60) print "  " FILENAME ":" start " " FNR - start; open = 0 }' \
    $code | report "functions longer than a screen"
grep -nE '\bTODO\b|\bFIXME\b|\bXXX\b' $sources $scripts | grep -v check-style | report "unfinished"
grep -nE '^\s*typedef (struct|union)' $sources | report "typedef of a struct"
grep -nP '\t| +$' $sources | report "tabs or blanks at the end of a line"
grep -nE '^\s*#\s*(ifdef|if )' $code | grep -v -e '__cplusplus' -e '__SSE2__' | report "conditional compilation"
grep -nE '\b(strcpy|strcat|sprintf|gets|strtok|atoi)\(' $code | report "unsafe function"
grep -LE '^#ifndef [A-Z_]+_H$' $(echo "$code" | grep '\.h$') | report "no include guard"
for archive in "$@"; do
    # Constant tables that hold addresses lie in .data.rel.ro; only what can be written counts.
    objdump -t "$archive" | awk '/file format/ { name = $1 }
        $4 ~ /^\.(bss|data|data\.rel|data\.rel\.local)$/ && $NF !~ /^\./ { print "  " name " " $NF }' |
        report "$archive: variables that can be written"
done
((bad == 0)) && echo "style: $(echo "$sources" "$scripts" | wc -w) files keep to the rules"
exit $bad
