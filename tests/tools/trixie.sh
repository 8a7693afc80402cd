# shellcheck shell=bash
# ./dev trixie: the tests of HTTP on Debian 13, whose libmicrohttpd is 1.0 and parses another way than that of Debian 12.
# Builds there too with every warning an error. Sourced by ./dev.

# shellcheck disable=SC2154  # logs is ./dev's
readonly trixie_timeout_s=1500

# What this machine lacks to make another system, if anything.
trixie_lacks() {
    if ((EUID != 0)); then
        echo "it needs root"
    elif ! command -v debootstrap >/dev/null; then
        echo "it needs debootstrap"
    elif ! unshare --mount --pid --fork mount --make-rprivate / 2>/dev/null; then
        echo "it may not mount"
    fi
}

# A minbase system as a file, made once.
make_trixie() (
    folder=$(mktemp -d /var/tmp/postern-trixie.XXXXXX) || exit
    trap 'rm -rf --one-file-system "$folder"' EXIT
    debootstrap --variant=minbase trixie "$folder" && tar -C "$folder" -cf "$1.part" . && mv "$1.part" "$1"
)

# dev_trixie [--ca FILE]
dev_trixie() {
    local lacks system=build/trixie.tar
    lacks=$(trixie_lacks)
    if [[ -n $lacks ]]; then
        say "Debian 13: skipped, $lacks"
        return
    fi
    if [[ ! -e $system ]] && ! fetch "fetching Debian 13" trixie-system make_trixie "$system"; then
        say "Debian 13: skipped"
        return
    fi
    step "testing HTTP on Debian 13" trixie timeout "$trixie_timeout_s" tests/tools/chroot --tar "$system" --worktree \
        "$@" './dev test --http' 'pkg-config --modversion libmicrohttpd' || return
    printf '%s, with libmicrohttpd %s\n' "$(grep ' tests passed, ' "$logs/trixie.log" | tail -n 1)" \
        "$(tail -n 1 "$logs/trixie.log")"
}
