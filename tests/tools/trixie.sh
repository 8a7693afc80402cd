# shellcheck shell=bash
# ./dev trixie: the tests of HTTP on Debian 13, whose libmicrohttpd is 1.0 and parses another way than that of Debian 12.
# Builds there too with every warning an error. Sourced by ./dev.

# shellcheck disable=SC2154  # logs is ./dev's
readonly trixie_timeout_s=1500

# What this machine lacks to make another system, if anything.
trixie_lacks() {
    if ((EUID != 0)); then
        echo "it needs root"
    elif ! unshare --mount --pid --fork mount --make-rprivate / 2>/dev/null; then
        echo "it may not mount"
    fi
}

# As a file, made once: a minbase system with what the program is built from, so that the tests ask no registry.
make_trixie() (
    folder=$(mktemp -d /var/tmp/postern-trixie.XXXXXX) || exit
    trap 'rm -rf --one-file-system "$folder"' EXIT
    # shellcheck disable=SC2046  # a list
    debootstrap --variant=minbase trixie "$folder" && cp -L /etc/resolv.conf "$folder/etc/resolv.conf" &&
        install_in "$folder" git $(packages | awk '$2 ~ /^run,/ {print $1}') &&
        tar -C "$folder" -cf "$1.part" . && mv "$1.part" "$1"
)

install_in() {
    # shellcheck disable=SC2016  # the other system's
    unshare --mount --pid --fork --mount-proc="$1/proc" chroot "$1" /bin/sh -ec '
        export DEBIAN_FRONTEND=noninteractive
        apt-get -q update
        apt-get -q -y install --no-install-recommends "$@"
        apt-get clean' install "${@:2}"
}

# dev_trixie [--ca FILE]
dev_trixie() {
    local lacks system=build/trixie.tar
    lacks=$(trixie_lacks)
    if [[ -n $lacks ]]; then
        say "Debian 13: skipped, $lacks"
        return
    fi
    if [[ ! -e $system ]] && ! { (need trixie) && fetch "fetching Debian 13" trixie-system make_trixie "$system"; }; then
        say "Debian 13: skipped"
        return
    fi
    step "testing HTTP on Debian 13" trixie timeout "$trixie_timeout_s" tests/tools/chroot --tar "$system" --worktree \
        "$@" './dev test --http' 'pkg-config --modversion libmicrohttpd' || return
    printf '%s, with libmicrohttpd %s\n' "$(grep ' tests passed, ' "$logs/trixie.log" | tail -n 1)" \
        "$(tail -n 1 "$logs/trixie.log")"
}
