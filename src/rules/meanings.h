/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The meaning of every verdict, in plain text without markup: the one source of sockstall-verdicts(7) and of the tables
 * in README.md. tests/unit/rules/test_meanings.c fails where a verdict of the column table has no entry here, or two.
 */
#ifndef SOCKSTALL_RULES_MEANINGS_H
#define SOCKSTALL_RULES_MEANINGS_H

#include <stdbool.h>
#include <stddef.h>

struct verdict_meaning {
	const char *report; /* type of record: "reader" */
	const char *verdict;
	const char *meaning; /* one short line */
	const char *evidence; /* what the kernel shows when the rule applies */
	const char *cause; /* what usually causes it; NULL where nothing is wrong */
	const char *advice; /* what to do; NULL where nothing is wrong */
};

/* Those of one report stand together, the worst first. */
struct verdict_meanings {
	const struct verdict_meaning *items;
	size_t count;
};

extern const struct verdict_meanings handshake_meanings, listener_meanings, reader_meanings, writer_meanings,
	closing_meanings, chain_meanings, loop_meanings, process_meanings, service_meanings, lock_meanings;

/* All tables, in the order in which they are shown. */
extern const struct verdict_meanings *const verdict_meanings[];
extern const size_t verdict_meanings_count;

/* All entries, by number from 0 on; NULL behind the last. */
const struct verdict_meaning *verdict_meaning_at(size_t index);

/*
 * Whether a word that a person typed is about this entry: its verdict, its report, or both with a dot ("reader.idle").
 */
bool verdict_meaning_is(const struct verdict_meaning *meaning, const char *word);

/* NULL: there is no such verdict in this report. */
const struct verdict_meaning *verdict_meaning(const char *report, const char *verdict);

#endif
