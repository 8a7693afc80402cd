# shellcheck shell=bash
# ./dev package: builds what is shipped, the image and the Debian package, and tries it in systems of its own. Sourced by ./dev.

# make_system RELEASE FILE: a minbase system of Debian as a file, made once.
make_system() (
    folder=$(mktemp -d /var/tmp/postern-system.XXXXXX) || exit
    trap 'rm -rf --one-file-system "$folder"' EXIT
    debootstrap --variant=minbase "$1" "$folder" && tar -C "$folder" -cf "$2.part" . && mv "$2.part" "$2"
)

need_system() {
    [[ -e build/$1.tar ]] || fetch "fetching Debian's $1" "system-$1" make_system "$1" "build/$1.tar"
}

build_package() {
    rm -rf build/package
    cmake --preset release && cmake --build --preset release --target postern debian_files &&
        cpack --config build/release/CPackConfig.cmake -G DEB -B build/package
}

# dev_package [image | deb]
dev_package() {
    local what=${1:-all} status=0 release
    [[ $what =~ ^(all|image|deb)$ ]] || die "usage: ./dev package [image | deb]"
    need run
    need package
    need_python deploy || say "  what PyPI's tools check will be skipped"
    # shellcheck source=/dev/null
    release=$(. /etc/os-release && printf '%s' "$VERSION_CODENAME")
    if ! need_system trixie || ! need_system "$release"; then
        say "  what needs a system of its own will be skipped"
    fi
    step "building the Debian package" package build_package
    # shellcheck disable=SC2154  # root is ./dev's
    export POSTERN_PROGRAM=$root/build/release/postern PYTHONDONTWRITEBYTECODE=1
    if [[ $what != image ]]; then
        POSTERN_SYSTEM=$root/build/$release.tar "$(interop_python)" tests/deploy/package_check.py || status=1
    fi
    if [[ $what != deb ]]; then
        POSTERN_SYSTEM=$root/build/trixie.tar "$(interop_python)" tests/deploy/image_check.py || status=1
    fi
    return "$status"
}
