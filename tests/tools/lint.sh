#!/usr/bin/env bash
# `make lint`: everything that can be known without running the program. Every check runs, also after
# one has failed; the exit code says whether all were clean.
set -uo pipefail
cd "$(dirname "$0")/../.."
out=${OUT:-build}
failed=()
check() { # NAME COMMAND...
    local name=$1
    shift
    echo "== $name"
    "$@" || failed+=("$name")
}
sources=$(find protocol policy config proxy tests -name '*.[ch]' -not -path '*/node_modules/*')
ours=$(find protocol policy config proxy -name '*.c')

# The path-sensitive analyzer of clang 14 is left out: it cannot relate a span's address to its length, nor
# follow a list that is emptied from its head, and alarms at both. Sanitizers and fuzzing look for such
# faults in the running program.
tidy_checks='-*,bugprone-*,-bugprone-easily-swappable-parameters,-bugprone-reserved-identifier'
tidy_checks+=',-bugprone-narrowing-conversions,-bugprone-implicit-widening-of-multiplication-result'
tidy_checks+=',-bugprone-macro-parentheses,-bugprone-not-null-terminated-result'
tidy() {
    local log
    log=$(mktemp)
    echo "$ours" | xargs -P "$(nproc)" -n 4 sh -c 'clang-tidy --quiet --warnings-as-errors="*" \
        --checks="$0" "$@" -- -std=c17 -D_GNU_SOURCE -I. $(pkg-config --cflags libpq)' \
        "$tidy_checks" >"$log" 2>&1
    local code=$?
    ((code == 0)) || cat "$log"
    rm -f "$log"
    return $code
}

check gcc make -s -j2 all OUT="$out"
check gcc-tests make -s -j2 unit-tests MODE=asan OUT="$out"
check clang make -s -j2 all unit-tests CC=clang BUILD="$out/clang"
check format clang-format --dry-run -Werror $sources
check layers .ci/check-layers.sh
check style .ci/check-style.sh "$out"/release/lib{protocol,policy,session,shell}.a
check cppcheck cppcheck --quiet --std=c11 --inline-suppr --error-exitcode=1 -j2 -I. -D_GNU_SOURCE \
    --enable=warning,portability,performance --suppress=missingInclude --library=posix \
    protocol policy config proxy
check clang-tidy tidy
if ((${#failed[@]})); then
    echo "lint: failed: ${failed[*]}"
    exit 1
fi
echo "lint: clean"
