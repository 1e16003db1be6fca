#!/bin/sh
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
# Runs unit tests, as many at a time as there are CPUs: run.sh PROGRAM...
# Nothing is said of what passes. Of a program that fails its messages are shown; all failures are named at the end.
jobs=${JOBS:-$(nproc)}
logs=$(mktemp -d) && trap 'rm -rf "$logs"' EXIT || exit 1

# A log of its own for each program, and its exit status on the last line.
printf '%s\n' "$@" | logs=$logs xargs -P "$jobs" -I{} \
	sh -c 'log=$logs/$(printf %s "$1" | tr / _); "$1" >"$log" 2>&1; echo "status $1 $?" >>"$log"' sh {}

awk -v expected=$# '
function report(program, status) {
	for (i = 1; i <= failed; i++)
		failures[++count] = program ": " names[i]
	if (status == 0)
		return
	printf "%s", messages
	# A sanitizer or a signal ends a program in the middle of a function, and cmocka names none as failed.
	if (!failed)
		failures[++count] = program ": exit status " status (running ? " in " running : "")
}
function begin() { messages = running = ""; failed = 0 }

BEGIN { begin() }
/^\[ RUN      \]/ { running = $4; next }
/^\[       OK \]/ { passed++; running = ""; next }
/^\[  FAILED  \] [a-z_0-9]+$/ { running = ""; if (!((FILENAME, $4) in seen)) { seen[FILENAME, $4]; names[++failed] = $4 } next }
/^\[=|^\[  PASSED|^\[  FAILED|^ [0-9]+ FAILED TEST/ { next }
/^status / {
	report($2, $3)
	programs++
	begin()
	next
}
{ messages = messages $0 "\n" }
END {
	for (i = 1; i <= count; i++)
		print "FAILED " failures[i]
	printf "unit tests: %d passed, %d failed, in %d programs\n", passed, count, programs
	if (programs != expected)
		printf "%d programs did not run to their end\n", expected - programs
	exit count > 0 || programs != expected || !passed
}' "$logs"/*
