/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/array.h"
#include "system/address.h"
#include "system/hosts.h"

static const char *name(const struct hosts *hosts, const char *text)
{
	struct in6_addr address;

	assert_int_not_equal(address_parse(text, &address), 0);
	return hosts_name(hosts, &address);
}

static const struct hosts *parse(struct arena *arena, const char *text, size_t *bad, const char **why)
{
	char *copy = arena_alloc(arena, strlen(text) + 1);

	assert_non_null(copy);
	return hosts_parse(arena, memcpy(copy, text, strlen(text)), bad, why);
}

static void names_of_addresses(void **state)
{
	static const char text[] = "# comment\n\n127.0.0.1\tlocalhost\n::1 localhost6 loop # and more\n"
				   "  10.0.0.2 db db.example\r\n10.0.0.2 other\n2001:db8::1 web#cut\n"
				   "fe80::1%eth0 near\n10.0.0.3 last";
	struct arena arena = {0};
	const struct hosts *hosts;
	const char *why;
	size_t bad;

	(void)state;
	hosts = parse(&arena, text, &bad, &why);
	assert_non_null(hosts);
	assert_string_equal(name(hosts, "127.0.0.1"), "localhost");
	assert_string_equal(name(hosts, "::1"), "localhost6");
	assert_string_equal(name(hosts, "10.0.0.2"), "db");
	assert_string_equal(name(hosts, "2001:db8::1"), "web");
	assert_string_equal(name(hosts, "fe80::1"), "near");
	assert_string_equal(name(hosts, "10.0.0.3"), "last");
	assert_null(name(hosts, "10.0.0.4"));
	assert_null(name(NULL, "10.0.0.2"));
	assert_null(name(parse(&arena, "", &bad, &why), "10.0.0.2"));
	arena_free(&arena);
}

static void wrong_lines(void **state)
{
	static const struct {
		const char *text;
		size_t bad;
	} cases[] = {
		{"10.0.0.1", 1},
		{"10.0.0.1 # a", 1},
		{"10.0.0.1 a\nb 10.0.0.1\n", 2},
		{"#\n\n10.0.0.1/8 a\n", 3},
		{"10.0.0 a", 1},
		{"%eth0 a", 1},
		{"\x1b[2J a", 1},
	};
	char text[400] = "10.0.0.1 ";
	struct arena arena = {0};
	const char *why;
	size_t i, bad;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++) {
		assert_null(parse(&arena, cases[i].text, &bad, &why));
		assert_int_equal(bad, cases[i].bad);
		assert_non_null(why);
	}
	memset(text + strlen(text), 'a', HOSTS_NAME_MOST);
	assert_non_null(parse(&arena, text, &bad, &why));
	text[strlen(text)] = 'a';
	assert_null(parse(&arena, text, &bad, &why));
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_addresses),
		cmocka_unit_test(wrong_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
