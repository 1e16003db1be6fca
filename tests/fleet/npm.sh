#!/bin/sh
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
# npm.sh FOLDER PACKAGE@VERSION…: into a folder, without running what a package would run. Nothing is done where the folder has
# these already.
set -eu

folder=$1
shift
[ "$(cat "$folder/packages" 2>/dev/null)" != "$*" ] || exit 0
command -v npm >/dev/null || { echo "sockstall: not installed: nodejs npm" >&2; exit 1; }
rm -rf "$folder"
mkdir -p "$folder"
cd "$folder"
echo '{"private": true}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts "$@" >&2
echo "$*" >packages
