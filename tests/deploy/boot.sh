#!/bin/bash
# boot.sh ROOT: systemd as the first process of the Debian in ROOT, in namespaces of its own and with no network but
# loopback, until it powers off. To be started by unshare --mount --pid --fork --uts --ipc --cgroup --net. What
# systemd asks of a container (https://systemd.io/CONTAINER_INTERFACE/): a mount as the root, /sys and /proc/sys
# read-only, a few devices, its own /run.
set -e
root=$1
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,ro,bind "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs tmpfs "$root/sys/fs/cgroup"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs tmpfs "$root/dev"
for name in null zero full random urandom tty; do
    touch "$root/dev/$name"
    mount --bind "/dev/$name" "$root/dev/$name"
done
mkdir "$root/dev/shm" "$root/dev/pts" "$root/dev/mqueue"
mount -t tmpfs tmpfs "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ip link set lo up
mkdir -p "$root/mnt/before"
cd "$root"
pivot_root . mnt/before
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    /bin/sh -c 'umount --lazy /mnt/before && exec /lib/systemd/systemd --log-target=journal'
