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

tidy() {
    echo "$ours" | xargs -P "$(nproc)" -n 4 clang-tidy --quiet --warnings-as-errors='*' \
        --checks='-*,bugprone-*,-bugprone-easily-swappable-parameters,-bugprone-reserved-identifier,clang-analyzer-*,-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling,-clang-analyzer-optin.performance.Padding' \
        -- -std=c17 -D_GNU_SOURCE -I. 2> >(grep -vE 'warnings? generated|^Suppressed|^Use -' >&2)
}

check gcc make -s -j2 all unit-tests OUT="$out"
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
