/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The parts of --on-stall and --flight that need no kernel: words, what fires when, the environment, the ring. */
#include "sample.h"

#include "act/environment.h"
#include "act/exec_message.h"
#include "act/trigger.h"
#include "base/words.h"
#include "history/flight.h"
#include "make_look.h"

/* ---- Words ---- */

static void assert_words(const char *text, const char *joined)
{
	char *words[COMMAND_LINE_WORDS + 1], got[256] = "";
	struct arena arena = {0};
	size_t i;

	assert_null(command_line_split(text, &arena, words));
	for (i = 0; words[i]; i++) {
		strcat(got, words[i]);
		strcat(got, "|");
	}
	assert_string_equal(got, joined);
	arena_free(&arena);
}

static void assert_no_words(const char *text, const char *error)
{
	char *words[COMMAND_LINE_WORDS + 1];
	struct arena arena = {0};

	assert_string_equal(command_line_split(text, &arena, words), error);
	arena_free(&arena);
}

static void splits_words(void **state)
{
	char many[256] = "";
	int i;

	(void)state;
	assert_words("a", "a|");
	assert_words("  a\tb  c ", "a|b|c|");
	assert_words("a 'b c' \"d  e\"", "a|b c|d  e|");
	assert_words("a''b'c'\"d\"", "abcd|");
	assert_words("a '' \"\"", "a|||");
	assert_words("a\\ b \\'c \\\\", "a b|'c|\\|");
	assert_words("'a\\b' \"a\\b\\\"\\\\\"", "a\\b|a\\b\"\\|");
	assert_words("a $HOME `b` *;|&>", "a|$HOME|`b`|*;|&>|");
	assert_words("a\\", "a\\|");
	assert_no_words("", "a command is missing");
	assert_no_words(" \t", "a command is missing");
	assert_no_words("''", "a command is missing");
	assert_no_words("a 'b", "a quote has no end");
	assert_no_words("a \"b\\\"", "a quote has no end");
	for (i = 0; i < COMMAND_LINE_WORDS + 1; i++)
		strcat(many, "a ");
	assert_no_words(many, "too many words");
}

/* ---- Triggers ---- */

static void count(void *context, const struct row *row)
{
	(void)row;
	++*(int *)context;
}

static int fired(struct trigger *trigger, struct row *rows, size_t row_count)
{
	struct report report = {.rows = rows, .count = row_count};
	int times = 0;

	assert_int_equal(trigger_look(trigger, &report, count, &times), 0);
	return times;
}

static void fires_once_in_a_life(void **state)
{
	struct row rows[2] = {sample_reader(), sample_handshake()};
	struct condition condition;
	struct arena arena = {0};
	struct trigger trigger = {.condition = &condition};

	(void)state;
	assert_null(condition_parse(&condition, &arena, "reader.age>40s"));
	assert_int_equal(fired(&trigger, rows, 2), 0);
	rows[0].event = STALL_NONE; /* it only grew older */
	rows[0].age_s = 41;
	assert_int_equal(fired(&trigger, rows, 2), 1);
	assert_int_equal(fired(&trigger, rows, 2), 0);
	rows[0].age_s = 1; /* it does not again when it comes and goes: it is the same */
	assert_int_equal(fired(&trigger, rows, 2), 0);
	rows[0].age_s = 42;
	assert_int_equal(fired(&trigger, rows, 2), 0);
	rows[0].event = STALL_CLOSE;
	assert_int_equal(fired(&trigger, rows, 2), 0);
	rows[0].event = STALL_OPEN; /* over and begun again */
	assert_int_equal(fired(&trigger, rows, 2), 1);
	rows[1].type = ROW_READER; /* another one */
	assert_int_equal(fired(&trigger, rows, 2), 1);
	rows[0].stuck = false; /* with --all what is normal is there, too */
	rows[0].id = "reader:5";
	rows[0].age_s = 50;
	assert_int_equal(fired(&trigger, rows, 2), 0);
	rows[0].stuck = true;
	rows[0].id = NULL;
	assert_int_equal(fired(&trigger, rows, 1), 0);
	trigger_free(&trigger);
	arena_free(&arena);
}

/* ---- The environment ---- */

static const char *variable(char **environment, const char *name)
{
	for (; *environment; environment++)
		if (!strncmp(*environment, name, strlen(name)) && (*environment)[strlen(name)] == '=')
			return *environment + strlen(name) + 1;
	return NULL;
}

static void environment_holds_the_fields(void **state)
{
	struct row row = sample_reader();
	struct arena arena = {0};
	char **environment;

	(void)state;
	row.comm = HOSTILE;
	environment = field_environment(&arena, &row);
	assert_non_null(environment);
	assert_string_equal(variable(environment, "SOCKSTALL_TYPE"), "reader");
	assert_string_equal(variable(environment, "SOCKSTALL_EVENT"), "open");
	assert_string_equal(variable(environment, "SOCKSTALL_PID"), "1234");
	assert_string_equal(variable(environment, "SOCKSTALL_AGE_S"), "31.2");
	assert_string_equal(variable(environment, "SOCKSTALL_KEEPALIVE"), "false");
	assert_string_equal(variable(environment, "SOCKSTALL_TIME"), "2026-11-23T02:34:31.123456Z");
	assert_null(variable(environment, "SOCKSTALL_RETURNS_BY_S"));
	assert_null(variable(environment, "HOME"));
	assert_null(variable(environment, "PATH"));
	/* Not one byte of another process's that a shell or a terminal could take for more than text. */
	assert_string_equal(variable(environment, "SOCKSTALL_COMM"), "a\\x1b[2J\"\\xff\\x0a");
	arena_free(&arena);
}

/* ---- What the helper is asked for ---- */

#define RECORD "{\"pid\":1}\n"

static int packed(struct buffer *out, const char *record, char **variables)
{
	const struct exec_message message = {
		.record = record, .record_size = strlen(record), .variables = variables, .hold = true};

	buffer_reset(out);
	return exec_message_pack(out, &message);
}

static int unpacked(struct exec_message *message, struct arena *arena, struct buffer *bytes, size_t size)
{
	char *copy = arena_alloc(arena, size); /* of its own, so that the sanitizer sees a read behind its end */

	memcpy(copy, bytes->data, size);
	return exec_message_unpack(message, arena, copy, size);
}

static void message_comes_as_it_was(void **state)
{
	char *variables[] = {"SOCKSTALL_PID=1", "SOCKSTALL_COMM=a=b \xc3\xa4", "SOCKSTALL_WHY=", NULL};
	struct exec_message message;
	struct buffer bytes = {0};
	struct arena arena = {0};
	size_t i;

	(void)state;
	assert_int_equal(packed(&bytes, RECORD, variables), 0);
	assert_int_equal(unpacked(&message, &arena, &bytes, bytes.size), 0);
	assert_int_equal(message.record_size, strlen(RECORD));
	assert_memory_equal(message.record, RECORD, message.record_size);
	assert_true(message.hold);
	for (i = 0; i < 3; i++)
		assert_string_equal(message.variables[i], variables[i]);
	assert_null(message.variables[3]);
	/* Not one byte of it may be missing. */
	for (i = 0; i < bytes.size; i++)
		assert_int_equal(unpacked(&message, &arena, &bytes, i), -EBADMSG);
	buffer_free(&bytes);
	arena_free(&arena);
}

static void assert_refused(const char *record, char *variable)
{
	char *variables[] = {variable, NULL};
	struct exec_message message;
	struct buffer bytes = {0};
	struct arena arena = {0};

	assert_int_equal(packed(&bytes, record, variables), 0);
	assert_int_equal(unpacked(&message, &arena, &bytes, bytes.size), -EBADMSG);
	buffer_free(&bytes);
	arena_free(&arena);
}

static void refuses_what_is_no_record(void **state)
{
	(void)state;
	assert_refused("", NULL);
	assert_refused("{}", NULL);
	assert_refused("\n", NULL);
	assert_refused("x\n", NULL);
	assert_refused("{\n}\n", NULL);
	assert_refused("{\x1b}\n", NULL);
	assert_refused(RECORD, "LD_PRELOAD=/tmp/x.so");
	assert_refused(RECORD, "PATH=/tmp");
	assert_refused(RECORD, "SOCKSTALL_=1");
	assert_refused(RECORD, "SOCKSTALL_PID");
	assert_refused(RECORD, "SOCKSTALL_pid=1");
	assert_refused(RECORD, "SOCKSTALL_PID =1");
	assert_refused(RECORD, "SOCKSTALL_COMM=a\nb");
	assert_refused(RECORD, "SOCKSTALL_COMM=\x1b[2J");
	assert_refused(RECORD, "SOCKSTALL_COMM=\x7f");
	assert_refused(RECORD, "");
}

/* Any number in its head, also one that is larger than all there is. */
static void refuses_wrong_counts(void **state)
{
	static const uint32_t wrong[] = {0, 1, 8, 10, 25, 26, 27, 1000, EXEC_VARIABLES_MOST + 1, 1u << 31, UINT32_MAX};
	char *variables[] = {"SOCKSTALL_PID=1", NULL};
	struct exec_message message;
	struct buffer bytes = {0};
	struct arena arena = {0};
	size_t place, i;
	uint32_t right;

	(void)state;
	assert_int_equal(packed(&bytes, RECORD, variables), 0);
	for (place = 0; place < 3; place++) {
		memcpy(&right, bytes.data + 4 * place, 4);
		for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
			if (wrong[i] == right || (place == 2 && !wrong[i]))
				continue;
			memcpy(bytes.data + 4 * place, &wrong[i], 4);
			assert_int_equal(unpacked(&message, &arena, &bytes, bytes.size), -EBADMSG);
		}
		memcpy(bytes.data + 4 * place, &right, 4);
	}
	assert_int_equal(unpacked(&message, &arena, &bytes, bytes.size), 0);
	buffer_free(&bytes);
	arena_free(&arena);
}

static void packs_no_more_than_fits(void **state)
{
	static char record[EXEC_MESSAGE_MOST + 1], *variables[EXEC_VARIABLES_MOST + 2];
	struct buffer bytes = {0};
	size_t i;

	(void)state;
	memset(record, 'x', sizeof(record) - 1);
	assert_int_equal(packed(&bytes, record, variables), -EMSGSIZE);
	for (i = 0; i < EXEC_VARIABLES_MOST; i++)
		variables[i] = "SOCKSTALL_PID=1";
	assert_int_equal(packed(&bytes, RECORD, variables), 0);
	variables[i] = variables[0];
	assert_int_equal(packed(&bytes, RECORD, variables), -EMSGSIZE);
	buffer_free(&bytes);
}

/* ---- The ring ---- */

/* With so many bytes more, which do not get smaller. */
static void keep(struct flight *flight, uint64_t seen_ns, size_t extra)
{
	struct look_builder builder;
	struct look look = {0};
	uint64_t seed = seen_ns;

	look_begin(&builder, seen_ns);
	look_finish(&builder, &look);
	for (; extra; extra--) {
		seed = seed * 6364136223846793005 + 1442695040888963407;
		assert_int_equal(buffer_append(&look.bytes, (char *)&seed + 6, 1), 0);
	}
	look.head = (const void *)look.bytes.data;
	assert_int_equal(flight_keep(flight, &look), 0);
	look_free(&look);
}

static void keeps_as_long_as_asked(void **state)
{
	struct flight flight = {.keep_ns = 10 * SECOND, .most_bytes = 1 << 20};
	uint64_t i;

	(void)state;
	assert_int_equal(flight_span(&flight), 0);
	for (i = 1; i <= 1000; i++)
		keep(&flight, i * SECOND, 0);
	assert_int_equal(flight_looks(&flight), 11);
	assert_int_equal(flight_span(&flight), 10 * SECOND);
	assert_int_equal(flight.looks[flight.first].seen_ns, 990 * SECOND);
	assert_true(flight.capacity <= 128);
	keep(&flight, 2000 * SECOND, 0);
	assert_int_equal(flight_looks(&flight), 1);
	flight_free(&flight);
}

static void keeps_no_more_than_fits(void **state)
{
	struct flight flight = {.keep_ns = 1000 * SECOND, .most_bytes = 10000};
	uint64_t i;

	(void)state;
	for (i = 1; i <= 100; i++) {
		keep(&flight, i * SECOND, 900);
		assert_true(flight.bytes <= 10000);
	}
	/* A look_record is small, and smaller when it is compressed. */
	assert_in_range(flight_looks(&flight), 10000 / (900 + sizeof(struct look_record)), 10000 / 900);
	assert_true(flight.bytes + 900 + sizeof(struct look_record) > 10000);
	keep(&flight, 101 * SECOND, 20000); /* one that is too large for all */
	assert_int_equal(flight_looks(&flight), 0);
	assert_int_equal(flight.bytes, 0);
	keep(&flight, 102 * SECOND, 900);
	assert_int_equal(flight_looks(&flight), 1);
	flight_free(&flight);
}

static void compressed_looks_reach_further(void **state)
{
	struct flight flight = {.keep_ns = 1000 * SECOND, .most_bytes = 10000};
	struct look look = {0};
	uint64_t i;

	(void)state;
	for (i = 1; i <= 100; i++) {
		struct look_builder builder;
		int number;

		look_begin(&builder, i * SECOND);
		for (number = 1; number < 10; number++)
			look_add_sleeping(&builder, number, number, "reader", 60 * SECOND);
		look_finish(&builder, &look);
		assert_true(look.bytes.size > 1000);
		assert_int_equal(flight_keep(&flight, &look), 0);
		assert_true(flight.bytes <= 10000);
	}
	assert_true(flight_looks(&flight) > 20);
	/* The bytes counted are the bytes allocated. */
	for (i = flight.first; i < flight.count; i++)
		assert_int_equal(flight.looks[i].recorded.bytes.capacity, flight.looks[i].recorded.bytes.size);
	look_free(&look);
	flight_free(&flight);
}

/* The estimate of the first looks, and what came of it. */
static void tells_how_far_it_will_reach(void **state)
{
	struct flight flight = {.keep_ns = 1000 * SECOND, .most_bytes = 100000};
	uint64_t i, reach;

	(void)state;
	for (i = 1; i <= 3; i++) {
		assert_int_equal(flight_reach(&flight), 0);
		keep(&flight, i * SECOND, 900);
	}
	reach = flight_reach(&flight);
	for (; i <= 200; i++)
		keep(&flight, i * SECOND, 900);
	assert_in_range(flight_span(&flight), reach - 3 * SECOND, reach + 3 * SECOND);
	assert_true(reach > 50 * SECOND && reach < 200 * SECOND);
	flight_free(&flight);
}

/* Memory is not what bounds it. */
static void reaches_no_further_than_asked(void **state)
{
	struct flight flight = {.keep_ns = 10 * SECOND, .most_bytes = 100000};
	uint64_t i;

	(void)state;
	for (i = 1; i <= 3; i++)
		keep(&flight, i * SECOND, 900);
	assert_int_equal(flight_reach(&flight), 10 * SECOND);
	flight_free(&flight);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splits_words),
		cmocka_unit_test(fires_once_in_a_life),
		cmocka_unit_test(environment_holds_the_fields),
		cmocka_unit_test(message_comes_as_it_was),
		cmocka_unit_test(refuses_what_is_no_record),
		cmocka_unit_test(refuses_wrong_counts),
		cmocka_unit_test(packs_no_more_than_fits),
		cmocka_unit_test(keeps_as_long_as_asked),
		cmocka_unit_test(keeps_no_more_than_fits),
		cmocka_unit_test(compressed_looks_reach_further),
		cmocka_unit_test(tells_how_far_it_will_reach),
		cmocka_unit_test(reaches_no_further_than_asked),
	};

	return cmocka_run_group_tests_name("reactions", tests, NULL, NULL);
}
