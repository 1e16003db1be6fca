# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
# The first process of a machine that `make kernels` boots.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev 2>/dev/null
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /dev/shm
mount -t cgroup2 cgroup2 /sys/fs/cgroup
hostname kernels
# As a service manager would; some tests open many.
ulimit -n 65536
ip link set lo up
/usr/bin/python3 /opt/tests/kernels/guest.py /dev/vdd
sync
echo b > /proc/sysrq-trigger
