#!/usr/bin/env bash
# Installs the Debian packages that building, running and testing need: `make deps` (the program, its
# tests and benchmarks), `make deps-quickstart` (of these only what `make quickstart` needs), `make
# deps-clients` (what the tests of other languages' clients need besides), `make deps-servers` (what fetches
# servers of other versions).
# Quick when everything is there; asks for root only when something is missing. Never leaves a service
# running or enabled that was not there before: the tests start their own servers.
set -euo pipefail

build=(gcc make pkg-config libc6-dev libevent-dev libssl-dev libpg-query-dev
    libsqlite3-dev libpq-dev libcyaml-dev libyaml-dev libjansson-dev)
run=(python3 python3-psycopg postgresql postgresql-client procps)
check=(libcmocka-dev clang lld libclang-rt-dev clang-format clang-tidy cppcheck python3-pytest
    python3-pytest-xdist python3-psycopg2 postgresql-contrib postgresql-server-dev-all pgbouncer
    dpkg-dev util-linux)
clients=(libpostgresql-jdbc-java alembic python3-django)

command -v dpkg-query >/dev/null || {
    echo "deps: this is no Debian: hoping that what docs/architecture.md lists is installed" >&2
    exit 0
}

missing_packages() {
    local package
    for package in "$@"; do
        dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
            printf '%s\n' "$package"
    done
}

packages=("${build[@]}" "${run[@]}")
case ${1:-} in
"") packages+=("${check[@]}") ;;
quickstart) ;;
clients | servers)
    packages=()
    # Any JDK of 11 or later and any Node with npm will do, whoever packaged them.
    [[ $1 == servers ]] || packages=("${clients[@]}")
    [[ $1 == servers ]] || command -v javac >/dev/null || packages+=(default-jdk-headless)
    command -v node >/dev/null || packages+=(nodejs)
    command -v npm >/dev/null || packages+=(npm)
    ;;
*)
    echo "deps: expected nothing, quickstart, clients or servers, got $1" >&2
    exit 1
    ;;
esac

mapfile -t missing < <(missing_packages "${packages[@]}")
if ((${#missing[@]} == 0)); then
    echo "deps: all ${#packages[@]} packages are installed"
    exit 0
fi
if ((EUID != 0)); then
    echo "deps: ${#missing[@]} packages are missing, and installing them needs root. Run" >&2
    echo "    sudo make deps${1:+-$1}" >&2
    echo "deps: or, which is the same," >&2
    echo "    sudo apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
fi

# Debian starts a PostgreSQL cluster and a pgbouncer when their packages come; nobody asked for those.
policy=/usr/sbin/policy-rc.d
cluster=/etc/postgresql-common/createcluster.d/ddlguard-deps.conf
log=$(mktemp)
mine=("$log")
trap 'rm -f "${mine[@]}"' EXIT
if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    mine+=("$policy")
fi
if [[ " ${missing[*]} " == *" postgresql "* ]]; then
    mkdir -p "${cluster%/*}"
    echo 'create_main_cluster = false' >"$cluster"
    mine+=("$cluster")
fi

export DEBIAN_FRONTEND=noninteractive
echo "deps: installing ${missing[*]}"
echo "deps: this takes a minute or three"
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >"$log" 2>&1 || {
    cat "$log" >&2
    exit 1
}
echo "deps: all ${#packages[@]} packages are installed"
if [[ " ${missing[*]} " == *" pgbouncer "* ]] && command -v systemctl >/dev/null; then
    systemctl disable --quiet pgbouncer 2>/dev/null || echo "deps: pgbouncer could not be disabled"
fi
