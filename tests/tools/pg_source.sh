#!/usr/bin/env bash
# Fetches the source package of PostgreSQL MAJOR from the distribution and unpacks the part that holds
# the regression suite: pg_source.sh MAJOR FOLDER. Uses apt with folders of its own, so that neither
# /etc/apt nor apt's state is changed, and needs no root.
set -euo pipefail
major=$1
mkdir -p "$2"
cd "$2"
[[ ! -d src/test/regress/sql ]] || exit 0

mkdir -p apt/parts apt/lists/partial apt/cache/archives/partial
. /etc/os-release
for area in "debian $VERSION_CODENAME $VERSION_CODENAME-updates" \
    "debian-security $VERSION_CODENAME-security"; do
    read -r archive suites <<<"$area"
    printf 'Types: deb-src\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n' \
        "http://deb.debian.org/$archive" "$suites" \
        /usr/share/keyrings/debian-archive-keyring.gpg >"apt/parts/$archive.sources"
done
options=(-qq -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$PWD/apt/parts"
    -o Dir::State::Lists="$PWD/apt/lists" -o Dir::Cache="$PWD/apt/cache"
    -o APT::Sandbox::User="$(id -un)")
apt-get "${options[@]}" update

# The installed version first; a mirror may have lost it, then any of the same major will do: what
# counts is that the direct run and the proxied run use the same.
installed=$(dpkg-query -W -f='${Version}' "postgresql-$major")
available=$(apt-cache "${options[@]}" showsrc "postgresql-$major" | awk '/^Version:/ { print $2 }' |
    grep -vxF "$installed" | sort -Vr)
for version in "$installed" $available; do
    rm -f ./*.orig.tar.*
    if apt-get "${options[@]}" source --download-only "postgresql-$major=$version"; then
        echo "pg_source: PostgreSQL source package $version (installed: $installed)"
        mkdir -p src
        tar -xf ./*.orig.tar.* --strip-components=1 --wildcards '*/src/test/regress'
        exit 0
    fi
done
echo "pg_source: no source package of postgresql-$major could be fetched" >&2
exit 1
