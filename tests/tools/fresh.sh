#!/usr/bin/env bash
# `make fresh`: does what README.md tells a new user to do, on a Debian that has nothing but what the packages
# of `make deps` bring: fresh.sh [SUITE], bookworm if none is given; FRESH_MIRROR names another mirror.
#
# The committed tree goes into a new folder made by debootstrap and is built and tested there, in namespaces of
# its own: whatever runs there ends with them, and the tests have no network but a loopback. Each step tells
# its seconds and must leave no process and no file behind. Needs root, debootstrap, git and iproute2.
# Never touches the working tree, nor anything outside of the folder, which it removes.
set -euo pipefail
suite=${1:-bookworm}
mirror=${FRESH_MIRROR:-http://deb.debian.org/debian}
root=$(cd "$(dirname "$0")/../.." && pwd)
((EUID == 0)) || { echo "fresh: needs root, for debootstrap and chroot" >&2; exit 1; }
for program in debootstrap git ip unshare; do
    command -v "$program" >/dev/null || { echo "fresh: $program is not installed" >&2; exit 1; }
done

folder=$(mktemp -d /var/tmp/ddlguard-fresh-XXXXXX)
trap 'rm -rf --one-file-system "$folder"' EXIT
chmod 755 "$folder"

# inside NETWORK: runs the commands of standard input in the folder; NETWORK is `host` or `none`.
inside() {
    local namespaces=(--mount --pid --fork --kill-child)
    [[ $1 == host ]] || namespaces+=(--net)
    unshare "${namespaces[@]}" sh -ec '
        [ "$2" = host ] || ip link set lo up
        mount -t proc proc "$1/proc"
        mount --bind /dev "$1/dev"
        mount -t devpts -o newinstance,ptmxmode=666 devpts "$1/dev/pts"
        mkdir -p "$1/dev/shm"
        mount -t tmpfs tmpfs "$1/dev/shm"
        exec chroot "$1" /usr/bin/env -i HOME=/root TERM=dumb LANG=C.UTF-8 \
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin bash -seu' \
        sh "$folder" "$1"
}

steps='
step() { # SECONDS CODE COMMAND...: the command must end in time, with that exit code, and leave nothing behind
    local limit=$1 expected=$2 start=$SECONDS code=0
    shift 2
    echo "== $*"
    timeout -s INT -k 30 "$limit" "$@" </dev/null || code=$?
    echo "== $*: exit code $code after $((SECONDS - start)) s"
    ((code == expected)) || { echo "fresh: expected exit code $expected"; exit 1; }
    if ps -e -o pid=,comm= | grep -E "postgres|ddlguard" || ls -d /tmp/ddlguard-* /dev/shm/* 2>/dev/null; then
        echo "fresh: left behind by: $*"
        exit 1
    fi
}
'

echo "== debootstrap $suite"
debootstrap --variant=minbase "$suite" "$folder" "$mirror" >"$folder.log" ||
    { tail -20 "$folder.log" >&2; exit 1; }
rm -f "$folder.log"
cp -L /etc/resolv.conf /etc/hosts "$folder/etc/"
mkdir "$folder/root/ddlguard"
git -C "$root" archive HEAD | tar -x -C "$folder/root/ddlguard"

inside host <<<"$steps"'
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq make ca-certificates >/dev/null
    useradd -m user
    cp -r ~/ddlguard /home/user/
    chown -R user: /home/user/ddlguard
    cd ~/ddlguard
    echo "== make deps, by somebody who is not root"
    su user -c "make -C ~/ddlguard deps" 2>&1 | tee /tmp/refusal || true
    grep -q "sudo make deps" /tmp/refusal || { echo "fresh: expected to be told of sudo"; exit 1; }
    timeout 1200 make deps-quickstart
    step 300 0 make quickstart
    timeout 1800 make deps
    step 10 0 make deps
'
inside none <<<"$steps"'
    cd ~/ddlguard
    for seconds in 2 6 12; do
        step $seconds 124 make quickstart
    done
    step 600 0 make check
    step 300 0 su user -c "make -C ~/ddlguard quickstart"
'
echo "fresh: all is well on $suite"
