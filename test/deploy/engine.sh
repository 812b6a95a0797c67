#!/bin/sh
# A container engine that reaches nothing of this machine, and of which nothing is left: network with its rules, /run, locks and
# processes are its own. Started in namespaces of its own for network and mounts (engine.fixture.ts); it ends, with all that
# runs in it, when its stdin does, and so also when whoever started it is killed.
#   engine.sh SOCKET
set -e
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /dev/shm
ip link set lo up

# The unified hierarchy alone, as machines have it today, also where this one has others beside it: by that one systemd learns that
# nothing runs in a service any more.
umount --recursive --lazy /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
before=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)
group=/sys/fs/cgroup/tutti-deploy-$$
mkdir "$group"
echo $$ >"$group/cgroup.procs"

exec 3<&0
code=0
unshare --cgroup --mount --pid --fork --kill-child --mount-proc sh -e -c '
  umount /sys/fs/cgroup
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
  podman system service --time=0 "unix://$1" 3<&- &
  service=$!
  { cat <&3 >/dev/null; kill -KILL "$service"; } &
  wait "$service"
' engine "$1" || code=$?

echo $$ >"$before/cgroup.procs"
find "$group" -depth -type d -exec rmdir {} \;
exit "$code"
