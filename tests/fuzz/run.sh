#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
# FOLDER NAME SECONDS: one fuzzer on its corpus; prints executions and coverage, or what it found.
set -euo pipefail
folder=$1 name=$2 seconds=$3
mkdir -p "$folder/corpus/$name"
log=$folder/$name.log
longest=8192
[ "$name" != replay ] || longest=24576 # looks of a few processes
if ! "$folder/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len="$longest" -print_final_stats=1 \
	-artifact_prefix="$folder/$name-" "$folder/corpus/$name" "tests/fuzz/corpus/$name" >"$log" 2>&1; then
	tail -n 40 "$log" >&2
	echo "sockstall: fuzz $name: found something; the input is $folder/$name-*, the log $log" >&2
	exit 1
fi
coverage=$(grep -o 'cov: [0-9]* ft: [0-9]*' "$log" | tail -n 1)
echo "fuzz $name: $(grep -o 'number_of_executed_units: [0-9]*' "$log" | tr -dc 0-9) executions in ${seconds} s," \
	"edges and features covered: $coverage"
