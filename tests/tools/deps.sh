#!/usr/bin/env bash
# Installs the Debian packages that building, running and testing need: `make deps` (the program, its
# tests and benchmarks), `make deps-clients` (what the tests of other languages' clients need besides).
# Quick when everything is there; asks for root only when something is missing. Never leaves a service
# running or enabled that was not there before: the tests start their own servers.
set -euo pipefail

build=(gcc make pkg-config libc6-dev libevent-dev libssl-dev libpg-query-dev
    libsqlite3-dev libpq-dev libcyaml-dev libyaml-dev libjansson-dev)
check=(libcmocka-dev clang libclang-rt-dev clang-format clang-tidy cppcheck python3 python3-pytest
    python3-pytest-xdist python3-psycopg python3-psycopg2 postgresql postgresql-contrib postgresql-client
    postgresql-server-dev-all pgbouncer dpkg-dev util-linux procps)
clients=(libpostgresql-jdbc-java alembic python3-django)

missing_packages() {
    local package
    for package in "$@"; do
        dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
            printf '%s\n' "$package"
    done
}

packages=("${build[@]}" "${check[@]}")
if [[ ${1:-} == clients ]]; then
    packages=("${clients[@]}")
    # Any JDK of 11 or later and any Node with npm will do, whoever packaged them.
    command -v javac >/dev/null || packages+=(default-jdk-headless)
    command -v node >/dev/null || packages+=(nodejs)
    command -v npm >/dev/null || packages+=(npm)
fi

mapfile -t missing < <(missing_packages "${packages[@]}")
if ((${#missing[@]} == 0)); then
    echo "deps: all ${#packages[@]} packages are installed"
    exit 0
fi
if ((EUID != 0)); then
    echo "deps: these packages are missing and installing them needs root: ${missing[*]}" >&2
    echo "deps: run \"sudo make deps${1:+-$1}\", or: sudo apt-get install ${missing[*]}" >&2
    exit 1
fi

# Debian starts a PostgreSQL cluster and a pgbouncer when their packages come; nobody asked for those.
policy=/usr/sbin/policy-rc.d
cluster=/etc/postgresql-common/createcluster.d/ddlguard-deps.conf
mine=()
cleanup() { ((${#mine[@]} == 0)) || rm -f "${mine[@]}"; }
trap cleanup EXIT
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
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}"
if [[ " ${missing[*]} " == *" pgbouncer "* ]] && command -v systemctl >/dev/null; then
    systemctl disable --quiet pgbouncer 2>/dev/null || echo "deps: pgbouncer could not be disabled"
fi
