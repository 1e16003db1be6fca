/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A condition on a stall, as --on-stall and --dump-on take it. Pure.
 *
 *	CONDITION = TEST { ( "and" | "&&" ) TEST }
 *	TEST      = TYPE "." FIELD OPERATOR VALUE
 *	TYPE      = the type of a record that has a life: handshake, listener, reader, loop, …
 *	FIELD     = a key of such a record, as `sockstall schema` has it; of age_s and the like the _s may be left out
 *	OPERATOR  = "<" "<=" ">" ">=" "==" "!="
 *	VALUE     = a duration, as on the command line, for keys that end in _s; a number for counts and rates; true or false;
 *	            a word, or text in 'single' or "double" quotes; null, with == and != , for what is not known
 *
 * Text and bool are compared with == and != alone; durations and rates are never compared with those, but for null. An
 * unknown value passes no test but == null. All tests are of one type: a record has only one.
 */
#ifndef SOCKSTALL_ROWS_CONDITION_H
#define SOCKSTALL_ROWS_CONDITION_H

#include "base/buffer.h"
#include "rows/column.h"

#define CONDITION_TESTS 16

enum condition_operator {
	IS_LESS,
	IS_AT_MOST,
	IS_MORE,
	IS_AT_LEAST,
	IS_EQUAL,
	IS_NOT_EQUAL,
};

struct condition_test {
	const struct column *column;
	enum condition_operator operator;
	bool null;
	double number; /* also of counts and, 0 or 1, of bools; seconds */
	const char *text; /* not terminated: points into what was parsed */
	size_t length;
};

struct condition {
	enum row_type type;
	struct condition_test tests[CONDITION_TESTS];
	size_t count; /* 0: none */
};

/*
 * Returns NULL; or what is wrong, a sentence in the arena. The text must outlive the condition.
 */
const char *condition_parse(struct condition *condition, struct arena *arena, const char *text);

bool condition_holds(const struct condition *condition, const struct row *row);

#endif
