#!/bin/sh
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
# All end-to-end tests: all.sh JOBS CACHE, a folder by its whole path. They run side by side, each worker in a PID namespace of its
# own: a look there has what this worker made, and not what all others make. Some run once more in the namespace of the machine. A
# few that fail run again with nothing beside them, and are named, as tests/kernels does it: the machine may have had other work.
# More than a few are no accident.
set -u
few=10

run() {
	cache=$1
	shift
	/usr/bin/python3 -m pytest -o addopts= -q -rs -o cache_dir="$cache" "$@"
}

# As far as they have not passed since.
failed() {
	/usr/bin/python3 -c 'import json, os, sys; os.path.exists(sys.argv[1]) and print(*json.load(open(sys.argv[1])), sep="\n")' \
		"$1/v/cache/lastfailed"
}

# The shell is the first process of the namespace: it waits for what others leave behind.
apart="unshare --pid --fork --kill-child --mount-proc sh -c '/usr/bin/python3 \"\$@\"; exit' sh"

rm -rf "$2"
run "$2" --tx "$1*popen//python=$apart" --dist=loadgroup tests/e2e
code=$?
[ "$code" -le 1 ] || exit "$code"
names=$(failed "$2") || exit 1
run "$2" -n "$1" --dist=loadgroup $(sed '/^#/d; s,^,tests/e2e/,' tests/kernels/few.list)
case "$code$?" in
00) exit 0 ;;
[01][01]) ;;
*) exit 1 ;;
esac
left=$(failed "$2") || exit 1
names=$(printf '%s\n' "$names" "$left" | sed '/^$/d' | sort -u)
[ "$(echo "$names" | wc -l)" -le "$few" ] || exit 1
if [ -n "$left" ]; then
	echo "once more, with nothing beside them:"
	run "$2" --last-failed tests/e2e || exit 1
fi
echo "these failed beside the others, and passed by themselves:"
echo "$names"
