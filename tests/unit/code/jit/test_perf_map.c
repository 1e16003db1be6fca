/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Perf maps of Node, Java and .NET, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "code/jit/perf_map.h"

static struct perf_name names[2];

/* In pieces of this size. */
static void take(const char *text, size_t piece)
{
	struct perf_scan scan = {.names = names, .count = 2};
	size_t left = strlen(text);

	names[0] = (struct perf_name){.address = 0x1010};
	names[1] = (struct perf_name){.address = 0x2fff};
	for (; left; text += piece, left -= piece) {
		piece = piece < left ? piece : left;
		perf_map_take(&scan, text, piece);
	}
}

static void lines(void **state)
{
	const char *text = "1000 20 first one\n0x2000 0x1000 second\n3000 10 third\n1020 10 behind\n";
	size_t piece;

	(void)state;
	for (piece = 1; piece < 80; piece++) {
		take(text, piece);
		assert_string_equal(names[0].name, "first one");
		assert_string_equal(names[1].name, "second");
	}
	take("1000 20 old\n1000 20 new\n", 80);
	assert_string_equal(names[0].name, "new");
	assert_string_equal(names[1].name, "");
}

static void disorder(void **state)
{
	char text[3 * PERF_LINE];

	(void)state;
	take("\n\n \n1000\n1000 20\nxx 20 name\n1000 yy name\n-1000 20 name\n1000 20 not ended", 7);
	assert_string_equal(names[0].name, "");
	memset(text, 'x', sizeof(text));
	memcpy(text, "1000 20 ", 8);
	memcpy(text + sizeof(text) - 2, "\n", 2);
	take(text, 100);
	assert_int_equal(strlen(names[0].name), PERF_LINE - 1 - 8);
	/* Around the end of all addresses. */
	take("fffffffffffffff0 20 last\n1000 ffffffffffffffff all\n", 100);
	assert_string_equal(names[0].name, "all");
}

static void functions(void **state)
{
	static const struct {
		const char *text, *name, *file;
		__u32 line;
		enum code_frame_kind kind;
	} wanted[] = {
		{"JS:~readReply /srv/app.js:2:19", "readReply", "app.js", 2, CODE_OWN},
		{"JS:*find file:///srv/db.mjs:12:3", "find", "db.mjs", 12, CODE_OWN},
		{"LazyCompile:*~ /srv/app.js:1:1", "(anonymous)", "app.js", 1, CODE_OWN},
		{"JS:~readSync node:fs:708:18", "readSync", "node:fs", 708, CODE_OF_LANGUAGE},
		{"JS:^get /srv/node_modules/pg/client.js:9:1", "get", "client.js", 9, CODE_INSTALLED},
		{"JS:odd", "odd", NULL, 0, CODE_OWN},
		{"JS:odd :", "odd", ":", 0, CODE_OWN},
		{"Builtin:JSEntry", "Builtin:JSEntry", NULL, 0, CODE_NATIVE},
		{"java.lang.String com.shop.UserDao.find(long, int)", "com.shop.UserDao.find", NULL, 0, CODE_OWN},
		{"void java.lang.Thread.run()", "java.lang.Thread.run", NULL, 0, CODE_OF_LANGUAGE},
		{"void [shop] Shop.Users::Find(int32)[Tier1]", "Shop.Users::Find", NULL, 0, CODE_OWN},
		{"StubRoutines (2)", "StubRoutines", NULL, 0, CODE_NATIVE},
		{"Interpreter", "Interpreter", NULL, 0, CODE_NATIVE},
		{"a\x1b[31m", "a?[31m", NULL, 0, CODE_NATIVE},
		{"(", "(", NULL, 0, CODE_NATIVE},
		{"", "", NULL, 0, CODE_NATIVE},
	};
	struct perf_function function;
	char text[100];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		memcpy(text, wanted[i].text, strlen(wanted[i].text) + 1);
		perf_function_read(&function, text);
		assert_string_equal(function.name, wanted[i].name);
		if (wanted[i].file)
			assert_string_equal(function.file, wanted[i].file);
		else
			assert_null(function.file);
		assert_int_equal(function.line, wanted[i].line);
		assert_int_equal(function.kind, wanted[i].kind);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(disorder),
		cmocka_unit_test(functions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
