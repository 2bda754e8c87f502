#!/busybox sh
# The first program of the guest: its root is this machine's, which it cannot change.
set -e
b=/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sysfs /sys
$b mount -t devtmpfs devtmpfs /dev
while read -r module; do
	$b insmod "/modules/$module"
done </modules/order
options=trans=virtio,version=9p2000.L,msize=512000
$b mount -t 9p -o ro,$options,cache=loose root /host
for folder in dev proc sys; do
	$b mount --move /$folder /host/$folder
done
$b mount -t 9p -o $options shared /host/mnt
. /host/mnt/where
for folder in run tmp var/log var/lib/bluetooth; do
	# What the tests lie in must stay in sight.
	case $repository in
	/$folder/*) ;;
	*) $b mount -t tmpfs tmpfs /host/$folder ;;
	esac
done
exec $b switch_root /host /bin/sh "$repository/tests/integration/kernel_rig/guest.sh"
