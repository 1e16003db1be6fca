#!/bin/sh
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
# install.sh PACKAGE…: says what is missing. With INSTALL=1 it installs that, without starting the services that it brings, now
# or at the next boot.
set -eu

policy=/usr/sbin/policy-rc.d
is_installed() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

missing=
for package; do
	is_installed "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
[ -n "${INSTALL-}" ] || { echo "sockstall: not installed:$missing (INSTALL=1 installs what is missing)" >&2; exit 1; }
[ "$(id -u)" = 0 ] || { echo "as root, install:$missing" >&2; exit 1; }

if [ ! -e $policy ]; then
	trap 'rm -f $policy' EXIT
	trap 'exit 1' INT TERM
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod 755 $policy
fi
apt-get update -q
# shellcheck disable=SC2086 # a list of words
DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing

command -v systemctl >/dev/null || exit 0
for package in $missing; do
	for unit in $(dpkg -L "$package" | sed -n 's|^\(/usr\)\?/lib/systemd/system/\([^@/]*\.\(service\|socket\)\)$|\2|p'); do
		systemctl disable --quiet "$unit" 2>/dev/null || true
	done
done
