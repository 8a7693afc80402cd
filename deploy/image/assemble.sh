#!/bin/sh
# assemble.sh PROGRAM ROOT EPOCH: lays out in ROOT what PROGRAM needs to run, and nothing else; all files of the time
# EPOCH. Run in the image's build stage, a Debian.
set -eu
umask 022
program=$1 root=$2 epoch=$3
here=$(dirname "$(realpath "$0")")

# The file at the place where it is looked for, and not the link: a library under the name that others link to.
put() {
    mkdir -p "$root$(dirname "$1")"
    cp -L "$1" "$root$1"
}

# The loader and the libraries, by the paths at which the loader finds them.
linked_files() {
    ldd "$program" | sed -n 's|^[^/]*\(/[^ ]*\) (0x[0-9a-f]*)$|\1|p' | LC_ALL=C sort -u
}

# The packages that the files came from, and what the certificates came from.
packages() {
    {
        linked_files | while read -r file; do
            dpkg -S "$(realpath "$file")"
        done | sed 's|: .*||'
        echo ca-certificates
    } | LC_ALL=C sort -u
}

rm -rf "$root"
mkdir -p "$root" && cd "$root"
mkdir -p usr/bin usr/lib/ssl usr/share/doc/postern usr/share/sbom etc/ssl/certs
mkdir dev proc run sys tmp # a runtime mounts there, and makes no folder in a file system that it may not write to
cd /
strip -o "$root/usr/bin/postern" "$program"
linked_files | while read -r file; do
    put "$file"
done

# By the hash of their names, so that OpenSSL reads the one that it looks for, and not all of them.
for certificate in /etc/ssl/certs/*.[0-9]; do
    put "$certificate"
done
ln -s /etc/ssl/certs "$root/usr/lib/ssl/certs"

cp "$here/passwd" "$here/group" "$here/nsswitch.conf" "$root/etc/"

packages >/tmp/packages
cp /src/LICENSE "$root/usr/share/doc/postern/copyright"
while read -r package; do
    put "/usr/share/doc/${package%:*}/copyright"
done </tmp/packages
version=$("$program" --version | sed 's|^postern ||')
sh "$here/sbom.sh" "$version" "$epoch" "$root/usr/bin/postern" </tmp/packages >"$root/usr/share/sbom/postern.spdx.json"

find "$root" -type d -exec chmod 755 {} +
find "$root" -type f -exec chmod 644 {} +
chmod 755 "$root/usr/bin/postern"
find "$root" -path '*/ld-linux*' -type f -exec chmod 755 {} +
find "$root" -exec touch --no-dereference --date="@$epoch" {} +
