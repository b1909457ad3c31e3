#!/busybox sh
# The first program of the kernel that scripts/kernel.ts starts: makes the host's file system the root, with a layer of its own
# in memory above it, and runs what the kernel's command line names.
/busybox mkdir -p /proc /sys /dev /host /layer /new
/busybox mount -t proc proc /proc
/busybox mount -t devtmpfs dev /dev
for module in $(/busybox cat /modules/order); do /busybox insmod "/modules/$module"; done
/busybox mount -t 9p -o trans=virtio,version=9p2000.L,cache=loose,ro,msize=1048576 host /host
/busybox mount -t tmpfs -o size=2g layer /layer
/busybox mkdir /layer/upper /layer/work
/busybox mount -t overlay -o lowerdir=/host,upperdir=/layer/upper,workdir=/layer/work overlay /new
/busybox mount -t proc proc /new/proc
/busybox mount -t sysfs sys /new/sys
/busybox mount -t devtmpfs dev /new/dev
/busybox mkdir -p /new/dev/shm /new/dev/pts
/busybox mount -t tmpfs shm /new/dev/shm
/busybox mount -t devpts pts /new/dev/pts
/busybox mount -t tmpfs -o mode=1777 tmp /new/tmp
/busybox ip link set lo up
echo 1 > /proc/sys/kernel/yama/ptrace_scope
run=$(/busybox sed 's/.*run=//' /proc/cmdline)
/busybox umount /proc
export HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# Not chroot: whoever lives in one may make no user namespaces. And through cat: nobody draws on what is no terminal.
exec /busybox switch_root -c /dev/ttyS0 /new /bin/sh -c "
  { echo guest begins on \$(uname -r); sh '$run'; echo guest ends: \$?; } 2>&1 | cat
  echo o > /proc/sysrq-trigger
  while :; do :; done"
