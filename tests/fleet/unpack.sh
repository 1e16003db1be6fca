#!/bin/sh
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
# unpack.sh FOLDER PACKAGE…: into a folder, for what cannot be installed beside another package. Nothing is done where
# the folder is there: it is whole or not there.
set -eu

folder=$1
shift
[ ! -d "$folder" ] || exit 0
mkdir -p "$(dirname "$folder")"
new=$(mktemp -d "$folder.XXXXXX")
trap 'rm -rf "$new"' EXIT
mkdir "$new/archives" "$new/root"
(cd "$new/archives" && apt-get download -q -o APT::Sandbox::User= "$@" >/dev/null)
for archive in "$new"/archives/*.deb; do
	dpkg -x "$archive" "$new/root"
done
chmod 755 "$new/root"
mv -T "$new/root" "$folder"
