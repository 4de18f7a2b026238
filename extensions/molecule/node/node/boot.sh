# Its own control groups are shown read only to a container, and systemd has to write them.
mount -o remount,bind,rw /sys
for folder in /sys/fs/cgroup /sys/fs/cgroup/*; do mount -o remount,bind,rw "$folder" 2>/dev/null; done
exec /sbin/init
