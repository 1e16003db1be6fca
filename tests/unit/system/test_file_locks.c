/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "system/file_locks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* As 5.10 and 6.12 write it. */
static const char locks[] = "1: POSIX  ADVISORY  WRITE 100 fe:01:1234 0 EOF\n"
			    "2: FLOCK  ADVISORY  WRITE 200 fe:01:5678 0 EOF\n"
			    "2: -> FLOCK  ADVISORY  WRITE 300 fe:01:5678 0 EOF\n"
			    "2:  -> FLOCK  ADVISORY  READ 400 fe:01:5678 0 EOF\n"
			    "3: OFDLCK ADVISORY  WRITE -1 00:2d:9 0 EOF\n"
			    "3: -> OFDLCK ADVISORY  WRITE -1 00:2d:9 0 EOF\n"
			    "4: POSIX  ADVISORY  READ  500 fe:01:1 0 99\n"
			    "4: -> POSIX  ADVISORY  WRITE 600 fe:01:1 0 EOF\n"
			    "5: POSIX  ADVISORY  READ  700 fe:01:2 0 99\n"
			    "5: -> POSIX  ADVISORY  WRITE 600 fe:01:2 0 EOF\n";

static void who_stands_in_the_way(void **state)
{
	struct file_lock holder;

	(void)state;
	assert_true(file_locks_find(&holder, locks, strlen(locks), 300, "FLOCK"));
	assert_int_equal(holder.pid, 200);
	assert_int_equal(holder.inode, 5678);
	assert_int_equal(holder.major, 0xfe);
	assert_true(file_locks_find(&holder, locks, strlen(locks), 400, "FLOCK"));
	assert_int_equal(holder.pid, 200);
	assert_false(file_locks_find(&holder, locks, strlen(locks), 400, "POSIX"));
	assert_false(file_locks_find(&holder, locks, strlen(locks), 200, "FLOCK"));
	assert_false(file_locks_find(&holder, locks, strlen(locks), 600, "POSIX")); /* of two, which? */
}

static void descriptors(void **state)
{
	static const char fdinfo[] = "pos:\t0\nflags:\t0100002\nmnt_id:\t29\nino:\t5678\n"
				     "lock:\t1: FLOCK  ADVISORY  WRITE 200 fe:01:5678 0 EOF\n";
	struct file_lock lock;

	(void)state;
	assert_true(file_locks_find(&lock, locks, strlen(locks), 300, "FLOCK"));
	assert_true(file_locks_has(fdinfo, strlen(fdinfo), &lock));
	lock.inode++;
	assert_false(file_locks_has(fdinfo, strlen(fdinfo), &lock));
	assert_false(file_locks_has(fdinfo, 0, &lock));
}

static void what_is_no_line(void **state)
{
	static const char *const lines[] = {"",
					    "1:",
					    "1: ->",
					    "x: FLOCK",
					    "1: FLOCK  ADVISORY  WRITE x fe:01:2 0 EOF",
					    "1: FLOCK  ADVISORY  WRITE 4 <none>:0 0 EOF"};
	struct file_lock lock;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_false(file_lock_parse(&lock, lines[i], strlen(lines[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_stands_in_the_way),
		cmocka_unit_test(descriptors),
		cmocka_unit_test(what_is_no_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
