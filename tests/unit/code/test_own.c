/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which frame is the program's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "code/own.h"

static bool is_own(const char *path, const char *name)
{
	return code_is_own(path, strlen(path), name, strlen(name));
}

static void own(void **state)
{
	(void)state;
	assert_true(is_own("/usr/sbin/server", "handle_request"));
	assert_true(is_own("/usr/sbin/server", ""));
	assert_true(is_own("/usr/lib/x86_64-linux-gnu/libpq.so.5", "pqSocketPoll"));
	assert_true(is_own("/srv/store", "main.(*Store).Get"));
	assert_true(is_own("/srv/store", "store::Client::fetch"));
	assert_true(is_own("/srv/libcache.so", "reader"));
	assert_true(is_own("/usr/bin/readers", "read_reply"));
}

static void not_own(void **state)
{
	(void)state;
	assert_false(is_own("/usr/lib/x86_64-linux-gnu/libc.so.6", "recv"));
	assert_false(is_own("/usr/lib/x86_64-linux-gnu/libc-2.31.so", ""));
	assert_false(is_own("/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", ""));
	assert_false(is_own("/lib/ld-musl-x86_64.so.1", "read"));
	assert_false(is_own("/usr/bin/python3.11", "_PyEval_EvalFrameDefault"));
	assert_false(is_own("/usr/lib/python3.11/lib-dynload/_ssl.cpython-311-x86_64-linux-gnu.so", "x"));
	assert_false(is_own("/usr/lib/x86_64-linux-gnu/libffi.so.8.1.2", ""));
	assert_false(is_own("/srv/static", "__libc_recv"));
	assert_false(is_own("/srv/static", "recv"));
	assert_false(is_own("/srv/static", "_start"));
	assert_false(is_own("/srv/store", "runtime.futex"));
	assert_false(is_own("/srv/rusty", "std::sys::pal::unix::futex::futex_wait"));
	assert_false(is_own("[vdso]", ""));
	assert_false(is_own("", ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own),
		cmocka_unit_test(not_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
