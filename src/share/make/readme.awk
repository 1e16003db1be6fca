# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
# README.md with the rows of each table "| verdict | on [KINDs](…) |" written anew: make=PROGRAM writes "@verdict-rows KIND@".
/^\| verdict \| on \[/ {
	kind = $0
	sub(/^[^[]*\[/, "", kind)
	sub(/\].*/, "", kind)
	sub(kind ~ /sses$/ ? "es$" : "s$", "", kind)
	print
	getline
	print
	fflush()
	if (system("echo '@verdict-rows " kind "@' | " make))
		exit 1
	table = 1
	next
}
table && /^\|/ { next }
{ table = 0; print }
