/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "look/unix_path.h"

static struct listener_record bound_to(const char *bytes, size_t length)
{
	struct listener_record listener = {.name.kind = SOCKET_KIND_UNIX, .path_length = (__u16)length};

	memcpy(listener.path, bytes, length < sizeof(listener.path) ? length : sizeof(listener.path));
	return listener;
}

static void names(void **state)
{
	char longest[LISTENER_PATH_MOST];
	struct listener_record listener;
	struct arena arena = {0};

	(void)state;
	listener = bound_to("/run/x.sock", sizeof("/run/x.sock"));
	assert_string_equal(unix_path(&arena, &listener), "/run/x.sock");
	/* The NUL at the end is not there in a name of all 108 bytes. */
	memset(longest, 'x', sizeof(longest));
	listener = bound_to(longest, sizeof(longest));
	assert_int_equal(strlen(unix_path(&arena, &listener)), sizeof(longest));
	listener = bound_to("\0a\0b", 4);
	assert_string_equal(unix_path(&arena, &listener), "@a@b");
	listener = bound_to("\0", 1);
	assert_string_equal(unix_path(&arena, &listener), "@");
	arena_free(&arena);
}

static void no_names(void **state)
{
	struct listener_record listener = bound_to("/x", 3);
	struct arena arena = {0};

	(void)state;
	listener.name.kind = SOCKET_KIND_TCP;
	assert_null(unix_path(&arena, &listener));
	listener = bound_to("", 0);
	assert_null(unix_path(&arena, &listener));
	/* A recording may say anything. */
	listener.path_length = 60000;
	assert_null(unix_path(&arena, &listener));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(names), cmocka_unit_test(no_names)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
