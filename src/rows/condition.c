/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "rows/condition.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/parse.h"

struct parser {
	struct condition *condition;
	struct arena *arena;
	const char *at;
	const char *error; /* the first one */
};

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789_"

/* ---- Holding ---- */

static bool compare(enum condition_operator operator, double left, double right)
{
	switch (operator) {
	case IS_LESS:
		return left < right;
	case IS_AT_MOST:
		return left <= right;
	case IS_MORE:
		return left > right;
	case IS_AT_LEAST:
		return left >= right;
	case IS_EQUAL:
		return left == right;
	case IS_NOT_EQUAL:
		return left != right;
	}
	return false;
}

static bool same_text(const struct condition_test *test, const char *text)
{
	return strlen(text) == test->length && !memcmp(text, test->text, test->length);
}

static bool same_number(const struct condition_test *test, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	return same_text(test, text);
}

static bool meets(const struct condition_test *test, const struct row *row)
{
	const void *field = column_field(test->column, row);
	bool known = column_known(test->column, row);

	if (test->null)
		return (test->operator== IS_EQUAL) == !known;
	if (!known)
		return false;
	switch (test->column->kind) {
	case COLUMN_TEXT:
		return (test->operator== IS_EQUAL) == same_text(test, *(const char *const *)field);
	case COLUMN_COOKIE:
		return (test->operator== IS_EQUAL) == same_number(test, *(const uint64_t *)field);
	case COLUMN_COUNT:
		return compare(test->operator,(double) * (const int64_t *)field, test->number);
	case COLUMN_SECONDS:
	case COLUMN_NUMBER:
		return compare(test->operator, *(const double *) field, test->number);
	case COLUMN_BOOL:
		return compare(test->operator, !!*(const int *) field, test->number);
	default:
		return false;
	}
}

bool condition_holds(const struct condition *condition, const struct row *row)
{
	size_t i;

	if (!condition->count || row->type != condition->type)
		return false;
	for (i = 0; i < condition->count; i++)
		if (!meets(&condition->tests[i], row))
			return false;
	return true;
}

/* ---- Parsing ---- */

#define FAIL(parser, ...) ((parser)->error = (parser)->error ?: arena_printf((parser)->arena, __VA_ARGS__))

static void skip_spaces(struct parser *parser)
{
	while (isspace((unsigned char)*parser->at))
		parser->at++;
}

/* For messages: what stands here, up to the next space. */
static const char *here(struct parser *parser)
{
	int length = (int)strcspn(parser->at, " \t\n");

	if (!length)
		return "its end";
	return arena_printf(parser->arena, "'%.*s'", length < 40 ? length : 40, parser->at);
}

static const char *take_name(struct parser *parser)
{
	size_t length = strspn(parser->at, NAME_CHARACTERS);
	const char *name = arena_printf(parser->arena, "%.*s", (int)length, parser->at);

	parser->at += length;
	return name;
}

static const char *say_types(struct parser *parser)
{
	const char *types = "";
	enum row_type type;

	for (type = 0; type < ROW_TYPES; type++)
		if (row_may_be_stuck(type))
			types = arena_printf(parser->arena, "%s%s%s", types, *types ? ", " : "", row_type_names[type]);
	return types;
}

static void take_type(struct parser *parser)
{
	struct condition *condition = parser->condition;
	const char *found = here(parser), *name = take_name(parser);
	enum row_type type;

	for (type = 0; type < ROW_TYPES; type++)
		if (row_may_be_stuck(type) && !strcmp(name, row_type_names[type]))
			break;
	if (type == ROW_TYPES || *parser->at != '.') {
		FAIL(parser, "expected TYPE.FIELD, where TYPE is one of %s; got %s", say_types(parser), found);
		return;
	}
	if (condition->count && type != condition->type)
		FAIL(parser, "no record is a %s and a %s at once", row_type_names[condition->type], name);
	condition->type = type;
	parser->at++;
}

/* A condition is about each stall by itself. */
static bool is_of_fold(const struct column *column)
{
	return column->offset >= offsetof(struct row, fold) &&
	       column->offset < offsetof(struct row, fold) + sizeof(struct fold_fields);
}

static void take_field(struct parser *parser, struct condition_test *test)
{
	enum row_type type = parser->condition->type;
	const char *name = take_name(parser);

	test->column = column_find(name, type);
	if (!test->column)
		test->column = column_find(arena_printf(parser->arena, "%s_s", name), type);
	if (!test->column)
		FAIL(parser, "a %s has no field '%s' (sockstall schema lists them)", row_type_names[type], name);
	else if (test->column->kind == COLUMN_VERSION || test->column->kind == COLUMN_TYPE ||
		 test->column->kind == COLUMN_EVENT || test->column->kind == COLUMN_TIME ||
		 test->column->kind == COLUMN_HISTOGRAM || test->column->kind == COLUMN_LINKS ||
		 is_of_fold(test->column))
		FAIL(parser, "'%s' cannot be compared", name);
}

static void take_operator(struct parser *parser, struct condition_test *test)
{
	static const struct {
		const char *text;
		enum condition_operator operator;
	} operators[] = {
		{"<=", IS_AT_MOST},   {">=", IS_AT_LEAST}, {"==", IS_EQUAL},
		{"!=", IS_NOT_EQUAL}, {"<", IS_LESS},	   {">", IS_MORE},
	};
	size_t i;

	for (i = 0; i < COUNT_OF(operators); i++) {
		if (strncmp(parser->at, operators[i].text, strlen(operators[i].text)))
			continue;
		test->operator= operators[i].operator;
		parser->at += strlen(operators[i].text);
		return;
	}
	FAIL(parser, "%s: expected one of < <= > >= == !=, got %s", test->column->key, here(parser));
}

/* Sets text and length. */
static void take_value(struct parser *parser, struct condition_test *test)
{
	char quote = *parser->at;
	const char *end;

	if (quote == '\'' || quote == '"') {
		end = strchr(parser->at + 1, quote);
		if (!end) {
			FAIL(parser, "%s: the quote at %s has no end", test->column->key, here(parser));
			return;
		}
		test->text = parser->at + 1;
		test->length = (size_t)(end - test->text);
		parser->at = end + 1;
		return;
	}
	test->text = parser->at;
	test->length = strcspn(parser->at, " \t\n&'\"<>=!");
	if (!test->length)
		FAIL(parser, "%s: expected a value, got %s", test->column->key, here(parser));
	parser->at += test->length;
}

/* ---- What a value means ---- */

static bool is_equality(const struct condition_test *test)
{
	return test->operator== IS_EQUAL || test->operator== IS_NOT_EQUAL;
}

static void check_word(struct parser *parser, struct condition_test *test, const char *value)
{
	const char *const *known = test->column->values;

	if (!is_equality(test)) {
		FAIL(parser, "%s is text: it is compared with == and != only", test->column->key);
		return;
	}
	for (; known && *known; known++)
		if (!strcmp(*known, value))
			return;
	if (known)
		FAIL(parser, "%s is never '%s' (sockstall schema lists what it can be)", test->column->key, value);
}

static void read_duration(struct parser *parser, struct condition_test *test, const char *value)
{
	uint64_t ns;

	if (is_equality(test))
		FAIL(parser, "%s: a duration is compared with < <= > >=", test->column->key);
	else if (duration_parse(value, &ns))
		FAIL(parser, "%s: expected a duration like 250ms or 10s, got '%s'", test->column->key, value);
	else
		test->number = (double)ns / 1e9;
}

static void read_number(struct parser *parser, struct condition_test *test, const char *value)
{
	const char *digits = test->column->kind == COLUMN_COUNT ? "0123456789" : "0123456789.";
	char *end;

	if (test->column->kind == COLUMN_NUMBER && is_equality(test)) {
		FAIL(parser, "%s: a rate is compared with < <= > >=", test->column->key);
		return;
	}
	test->number = strtod(value, &end);
	if (value[strspn(value, digits)] || !isdigit((unsigned char)*value) || *end || !isfinite(test->number))
		FAIL(parser, "%s: expected a number, got '%s'", test->column->key, value);
}

static void read_bool(struct parser *parser, struct condition_test *test, const char *value)
{
	test->number = !strcmp(value, "true");
	if (!is_equality(test))
		FAIL(parser, "%s is true or false: it is compared with == and != only", test->column->key);
	else if (!test->number && strcmp(value, "false"))
		FAIL(parser, "%s: expected true or false, got '%s'", test->column->key, value);
}

static void read_value(struct parser *parser, struct condition_test *test, bool quoted)
{
	const char *value = arena_printf(parser->arena, "%.*s", (int)test->length, test->text);

	if (!quoted && !strcmp(value, "null")) {
		test->null = true;
		if (!is_equality(test))
			FAIL(parser, "%s: null is compared with == and != only", test->column->key);
		return;
	}
	switch (test->column->kind) {
	case COLUMN_TEXT:
	case COLUMN_COOKIE:
		check_word(parser, test, value);
		break;
	case COLUMN_SECONDS:
		read_duration(parser, test, value);
		break;
	case COLUMN_BOOL:
		read_bool(parser, test, value);
		break;
	default:
		read_number(parser, test, value);
	}
}

static void take_test(struct parser *parser)
{
	struct condition *condition = parser->condition;
	struct condition_test *test = &condition->tests[condition->count];
	bool quoted;

	if (condition->count == CONDITION_TESTS) {
		FAIL(parser, "more than %d tests", CONDITION_TESTS);
		return;
	}
	take_type(parser);
	if (!parser->error)
		take_field(parser, test);
	skip_spaces(parser);
	if (!parser->error)
		take_operator(parser, test);
	skip_spaces(parser);
	quoted = *parser->at == '\'' || *parser->at == '"';
	if (!parser->error)
		take_value(parser, test);
	if (!parser->error)
		read_value(parser, test, quoted);
	condition->count++;
}

/* False: that was the last test. */
static bool take_and(struct parser *parser)
{
	skip_spaces(parser);
	if (!*parser->at)
		return false;
	if (!strncmp(parser->at, "&&", 2))
		parser->at += 2;
	else if (!strncmp(parser->at, "and", 3) && (!parser->at[3] || isspace((unsigned char)parser->at[3])))
		parser->at += 3;
	else
		FAIL(parser, "expected 'and' or its end, got %s", here(parser));
	skip_spaces(parser);
	return true;
}

const char *condition_parse(struct condition *condition, struct arena *arena, const char *text)
{
	struct parser parser = {.condition = condition, .arena = arena, .at = text};

	memset(condition, 0, sizeof(*condition));
	skip_spaces(&parser);
	do
		take_test(&parser);
	while (!parser.error && take_and(&parser) && !parser.error);
	if (parser.error)
		condition->count = 0;
	return parser.error;
}
