#!/usr/bin/env bash
# Reads every #include and says which go against the arrows of docs/architecture.md:
#
#   protocol <- policy <- config <- proxy        proxy: session <- ledger <- net, admin <- cli, main
#
# and which foreign library is used outside the folders that may know it. Headers must compile alone.
set -uo pipefail
cd "$(dirname "$0")/.."

# folder -> our own headers that a file in it may include (extended regex); the first that fits counts.
allowed() {
    case $1 in
    protocol/*) echo '^protocol/' ;;
    policy/sql/*) echo '^policy/|^protocol/(span|buffer)\.h$' ;;
    policy/*) echo '^policy/(sql/(sql|alter_text|partition_text)\.h|rules/|[^/]*$)|^protocol/(span|buffer)\.h$' ;;
    config/*) echo '^(protocol|config)/|^policy/(sql/sql\.h|[^/]*$)' ;;
    proxy/session/*) echo '^protocol/|^policy/(sql/(sql|scan)\.h|[^/]*$)|^proxy/session/' ;;
    proxy/ledger/*) echo '^protocol/|^policy/[^/]*$|^config/|^proxy/(session|ledger)/' ;;
    proxy/net/*) echo '^protocol/|^policy/(sql/sql\.h|[^/]*$)|^config/|^proxy/(session/session\.h|ledger|net)/?' ;;
    proxy/admin/*) echo '^protocol/|^policy/[^/]*$|^config/|^proxy/(session/session\.h|ledger|net|admin)/?' ;;
    *) echo '.' ;;
    esac
}

# library header -> the files that may include it.
at_home() {
    case $1 in
    pg_query* | protobuf-c/*) [[ $2 == policy/sql/* ]] ;;
    event2/*) [[ $2 == proxy/net/* || $2 == proxy/admin/* ]] ;;
    openssl/*) [[ $2 == proxy/net/* || $2 == proxy/ledger/* ]] ;;
    sqlite3.h) [[ $2 == proxy/ledger/* ]] ;;
    libpq-fe.h) [[ $2 == proxy/ledger/* || $2 == proxy/*/maintenance* || $2 == proxy/cli/explain_server.c ]] ;;
    cyaml/*) [[ $2 == config/* ]] ;;
    sys/socket.h | netinet/* | pthread.h | unistd.h | fcntl.h | poll.h | signal.h | sys/*)
        [[ $2 != protocol/* && $2 != policy/* && $2 != proxy/session/* ]] ;;
    *) true ;;
    esac
}

bad=0
complain() {
    echo "$1: $2"
    bad=1
}

files=$(find protocol policy config proxy -name '*.[ch]' | sort)
for file in $files; do
    while read -r header; do
        [[ $header =~ $(allowed "$file") ]] || complain "$file" "may not include \"$header\""
    done < <(sed -n 's/^ *# *include *"\(.*\)".*/\1/p' "$file")
    while read -r header; do
        at_home "$header" "$file" || complain "$file" "may not include <$header>"
    done < <(sed -n 's/^ *# *include *<\(.*\)>.*/\1/p' "$file")
done
for file in $(grep -lE '\b(clock_gettime|gettimeofday|time|getenv|fopen|fprintf)\(' \
    $(find protocol policy proxy/session -name '*.c') /dev/null); do
    complain "$file" "is pure: no clock, environment or file there"
done
for header in $(echo "$files" | grep '\.h$'); do
    "${CC:-cc}" -std=c17 -D_GNU_SOURCE -I. -fsyntax-only -x c "$header" 2>/dev/null ||
        complain "$header" "does not compile alone"
done
((bad == 0)) && echo "layers: $(echo "$files" | wc -w) files keep to the arrows"
exit $bad
