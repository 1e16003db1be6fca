#!/bin/sh
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
# All end-to-end tests: all.sh JOBS CACHE, a folder by its whole path. They run side by side; then those that others' looks
# cannot stand, each worker in a PID namespace of its own (beside.py). A few that fail there run once more with nothing beside
# them, and are named, as tests/kernels does it: the machine may have had other work. More than a few are no accident.
set -u
few=10

run() {
	cache=$1
	shift
	/usr/bin/python3 -m pytest -o addopts= -q -rs -o cache_dir="$cache" "$@"
}

failed() {
	/usr/bin/python3 -c 'import json, sys; print(*json.load(open(sys.argv[1])), sep="\n")' "$1/v/cache/lastfailed"
}

# The shell is the first process of the namespace: it waits for what others leave behind.
apart="unshare --pid --fork --kill-child --mount-proc sh -c '/usr/bin/python3 \"\$@\"; exit' sh"

rm -rf "$2"
run "$2" -n "$1" --dist=loadgroup -m "not apart" tests/e2e
code=$?
[ "$code" -le 1 ] || exit "$code"
# Each worker reads all files that it is given.
run "$2" --tx "$1*popen//python=$apart" --dist=loadgroup -m apart $(grep -l apart tests/e2e/test_*.py)
case "$code$?" in
00) exit 0 ;;
[01][01]) ;;
*) exit 1 ;;
esac
names=$(failed "$2") || exit 1
[ "$(echo "$names" | wc -l)" -le "$few" ] || exit 1
echo "once more, with nothing beside them:"
run "$2" --last-failed tests/e2e || exit 1
echo "these failed beside the others, and passed by themselves:"
echo "$names"
