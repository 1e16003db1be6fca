/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "look/sleeping.h"
#include "make_look.h"
#include "system/tcp_states.h"

static struct look before, now;

static int free_looks(void **state)
{
	(void)state;
	look_free(&before);
	look_free(&now);
	return 0;
}

/* One thread asleep in recvfrom; since_ns 0: the kernel does not tell. */
static void make(struct look *look, __u64 seen_ns, __u64 since_ns, __u64 switches, __u64 start_ns)
{
	struct thread_record *thread;
	struct look_builder builder;

	look_begin(&builder, seen_ns);
	thread = look_add_sleeping(&builder, 10, 11, "reader", since_ns);
	thread->syscall = SYS_recvfrom;
	thread->voluntary = switches;
	thread->start_ns = start_ns;
	look_add_thread_socket(&builder, SOCKET_KIND_TCP, STATE_ESTABLISHED);
	look_finish(&builder, look);
}

static struct sleeping since(void)
{
	return sleeping_since(&now, &before, &now.threads.items[0], SYSCALL_READS);
}

static void the_kernel_tells_since_when(void **state)
{
	(void)state;
	make(&before, 90 * SECOND, 60 * SECOND, 5, SECOND);
	make(&now, 100 * SECOND, 60 * SECOND, 5, SECOND);
	assert_true(since().since_ns == 60 * SECOND);
	assert_true(since().least_age_ns == 40 * SECOND);
}

/* Without CONFIG_SCHED_INFO: a thread that has not been switched since the look before has slept all the time. */
static void the_look_before_tells_at_least(void **state)
{
	(void)state;
	make(&before, 90 * SECOND, 0, 5, SECOND);
	make(&now, 100 * SECOND, 0, 5, SECOND);
	assert_true(since().since_ns == 0);
	assert_true(since().least_age_ns == 10 * SECOND);
}

static void a_switch_between_the_looks(void **state)
{
	(void)state;
	make(&before, 90 * SECOND, 0, 5, SECOND);
	make(&now, 100 * SECOND, 0, 6, SECOND);
	assert_true(since().least_age_ns == 0);
}

static void a_thread_id_that_is_used_again(void **state)
{
	(void)state;
	make(&before, 90 * SECOND, 0, 5, SECOND);
	make(&now, 100 * SECOND, 0, 5, 95 * SECOND);
	assert_true(since().least_age_ns == 0);
}

/* ---- Which end called connect() ---- */

static const struct {
	__u32 flags;
	__u64 bytes_sent, bytes_acked;
	__u32 unacked;
	__u8 state;
	bool client;
} ends[] = {
	{SOCKET_AUTOBOUND, 0, 0, 0, STATE_ESTABLISHED, true},
	{SOCKET_PORT_BOUND, 0, 0, 0, STATE_ESTABLISHED, true},
	{SOCKET_LISTENER_CHILD, 0, 0, 0, STATE_ESTABLISHED, false},
	{SOCKET_LISTENER_CHILD | SOCKET_PORT_BOUND, 0, 0, 0, STATE_ESTABLISHED, true}, /* no accepted socket has that */
	/* Neither is known: whether our SYN was counted among what was acknowledged. */
	{0, 100, 101, 0, STATE_ESTABLISHED, true},
	{0, 100, 100, 0, STATE_ESTABLISHED, false},
	{0, 100, 51, 50, STATE_ESTABLISHED, true},
	{0, 100, 50, 50, STATE_ESTABLISHED, false},
	{0, 100, 102, 0, STATE_FIN_WAIT2, true}, /* the FIN counts, too */
	{0, 100, 101, 0, STATE_FIN_WAIT2, false},
};

static void who_called_connect(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		const struct socket_record socket = {
			.flags = ends[i].flags,
			.bytes_sent = ends[i].bytes_sent,
			.bytes_acked = ends[i].bytes_acked,
			.unacked_bytes = ends[i].unacked,
			.name.state = ends[i].state,
		};

		if (socket_is_client(&socket) != ends[i].client)
			fail_msg("end %zu", i);
	}
}

/* ---- What a thread sleeps in ---- */

static void in_the_wait_of_its_loop(void **state)
{
	static const struct {
		int syscall;
		__u32 flags;
		bool in_loop;
	} waits[] = {
		{SYS_epoll_pwait, THREAD_SLEEPING, true}, {SYS_ppoll, THREAD_SLEEPING, true},
		{SYS_pselect6, THREAD_SLEEPING, true},	  {SYS_io_uring_enter, THREAD_SLEEPING, true},
		{SYS_recvfrom, THREAD_SLEEPING, false},	  {SYS_ppoll, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		struct thread_record thread = {.syscall = waits[i].syscall, .flags = waits[i].flags};

		syscall_describe(&thread);
		assert_int_equal(thread_in_loop(&thread), waits[i].in_loop);
	}
}

#define TEST(name) cmocka_unit_test_teardown(name, free_looks)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_kernel_tells_since_when),    TEST(the_look_before_tells_at_least),
		TEST(a_switch_between_the_looks),     TEST(a_thread_id_that_is_used_again),
		cmocka_unit_test(who_called_connect), cmocka_unit_test(in_the_wait_of_its_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
