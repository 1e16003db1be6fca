/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sys/syscall.h>

#include "system/syscalls.h"

static const struct {
	int number;
	const char *name;
	enum syscall_kind kind;
} cases[] = {
	{SYS_read, "read", SYSCALL_READS},
	{SYS_readv, "readv", SYSCALL_READS},
	{SYS_preadv2, "preadv2", SYSCALL_READS},
	{SYS_recvfrom, "recvfrom", SYSCALL_READS},
	{SYS_recvmsg, "recvmsg", SYSCALL_READS},
	{SYS_recvmmsg, "recvmmsg", SYSCALL_READS},
	{SYS_splice, "splice", SYSCALL_READS},
#ifdef SYS_epoll_wait
	{SYS_epoll_wait, "epoll_wait", SYSCALL_WAITS_EPOLL},
#endif
	{SYS_epoll_pwait, "epoll_pwait", SYSCALL_WAITS_EPOLL},
#ifdef SYS_epoll_pwait2
	{SYS_epoll_pwait2, "epoll_pwait2", SYSCALL_WAITS_EPOLL},
#endif
	{SYS_write, "write", SYSCALL_WRITES},
	{SYS_accept, "accept", SYSCALL_ACCEPTS},
	{SYS_connect, "connect", SYSCALL_CONNECTS},
	{SYS_sendfile, "sendfile", SYSCALL_WRITES},
	{SYS_accept4, "accept4", SYSCALL_ACCEPTS},
	{SYS_flock, "flock", SYSCALL_ON_FD},
	/* no descriptor first, and none that is read from */
	{SYS_ppoll, "ppoll", SYSCALL_WAITS},
	{SYS_pselect6, "pselect6", SYSCALL_WAITS},
	{SYS_futex, "futex", SYSCALL_OTHER},
	{SYS_wait4, "wait4", SYSCALL_OTHER},
	{SYS_clock_nanosleep, "clock_nanosleep", SYSCALL_OTHER},
	{SYS_io_uring_enter, "io_uring_enter", SYSCALL_WAITS},
	{SYS_openat, "openat", SYSCALL_OTHER},
	{SYS_restart_syscall, "restart_syscall", SYSCALL_OTHER},
};

static void test_table(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_non_null(syscall_name(cases[i].number));
		assert_string_equal(syscall_name(cases[i].number), cases[i].name);
		assert_int_equal(syscall_kind(cases[i].number), cases[i].kind);
	}
}

static void test_numbers_outside(void **state)
{
	static const int numbers[] = {-1, -100, SYSCALL_NUMBERS, SYSCALL_NUMBERS - 1, 0x7fffffff};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		assert_null(syscall_name(numbers[i]));
		assert_int_equal(syscall_kind(numbers[i]), SYSCALL_OTHER);
	}
}

/* Nearly every number up to the newest that this build knows has a name. */
static void test_few_gaps(void **state)
{
	int number, named = 0;

	(void)state;
	for (number = 0; number < SYSCALL_NUMBERS; number++)
		named += !!syscall_name(number);
	assert_true(named > 280);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_numbers_outside),
		cmocka_unit_test(test_few_gaps),
	};

	return cmocka_run_group_tests_name("syscalls", tests, NULL, NULL);
}
