#!/bin/sh
# Boots the tree $1 with systemd as its first process, writing below $2 alone. It is started in namespaces
# of its own (unshare), which end with it.
set -e

base=$1
run=$2
root=$run/root
mkdir -p "$root" "$run/upper" "$run/work"
mount --make-rprivate /
mount -t overlay overlay -o "lowerdir=$base,upperdir=$run/upper,workdir=$run/work" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mkdir -p "$root/packages"
mount --bind "$3" "$root/packages"
echo gw-a >"$root/etc/hostname"
echo "127.0.1.1 gw-a.example.com gw-a" >>"$root/etc/hosts"

# The kernel gives nobody in a chroot a user namespace, which PrivateUsers= needs: so another root altogether.
cd "$root"
pivot_root . .
umount -l .
cd /
exec env -i container=booted PATH=/usr/sbin:/usr/bin:/sbin:/bin /sbin/init
