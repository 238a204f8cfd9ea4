#!/bin/sh
# Gets Docker Engine for npm run test:docker, unpacked below .setup/docker and not installed: Debian's packages, as a user who
# may use apt-get. Where that cannot be, the test uses the dockerd of the path, or says that there is none.
set -eu
cd "$(dirname "$0")/.."
into=.setup/docker
[ -x "$into/root/usr/sbin/dockerd" ] && exit 0
command -v apt-get >/dev/null && command -v dpkg >/dev/null || exit 0
mkdir -p "$into/packages"
(
  cd "$into/packages"
  apt-get download docker.io containerd runc busybox-static ||
    { apt-get update && apt-get download docker.io containerd runc busybox-static; }
) || { echo 'docker.sh: the packages cannot be had; test:docker needs dockerd in the path' >&2; exit 0; }
for package in "$into"/packages/*.deb; do dpkg -x "$package" "$into/root"; done
