#!/bin/sh
# In the guest: what a Linux machine with Bluetooth runs, then the tests.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/run/home TMPDIR=/run
export PYTHONDONTWRITEBYTECODE=1 PYTEST_DISABLE_PLUGIN_AUTOLOAD=1
export PROXIMITY_KERNEL_RIG=guest
. /mnt/where
cd "$repository" || exit
mkdir -p /dev/shm /run/dbus /run/home
mount -t tmpfs tmpfs /dev/shm

uname -srv
bluetoothctl --version
dbus-daemon --system --fork --nopidfile
mkfifo /run/ready
.venv/bin/python tests/integration/kernel_rig/air.py /run/air /run/phone >/run/ready &
read -r word </run/ready
echo "The air is $word."
/usr/libexec/bluetooth/bluetoothd -n 2>/mnt/bluetoothd &
.venv/bin/python -m pytest -q -p no:cacheprovider @/mnt/tests
cat /mnt/bluetoothd | tail -n 5
echo o >/proc/sysrq-trigger
read -r _ </run/ready
