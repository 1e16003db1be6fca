/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Chains through a process that waits for its child, through one in poll that does not accept, and to itself. */
#include "make_chain.h"

enum { CHILD = 50, OTHER = 51, SHELL = 60 };

/* Its only thread waits for this child, or for any (-1). */
static struct thread_record *waits_for(__u32 pid, const char *comm, int syscall, int child)
{
	struct thread_record *thread = sleeps(pid, pid, comm, syscall);

	thread->inner_pid = pid;
	thread->args[0] = syscall == SYS_waitid ? child > 0 : (__u64)(__s64)child;
	thread->args[1] = syscall == SYS_waitid ? child : 0;
	return thread;
}

static void is_child(__u32 parent, __u32 inner_pid)
{
	builder.thread->parent_pid = parent;
	builder.thread->inner_pid = inner_pid;
}

/* Curl asked nginx, which waits. */
static void asks(int syscall, int child)
{
	begin();
	reads(CURL, CURL, "curl", 80);
	serves(NGINX, "nginx", 80);
	waits_for(NGINX, "nginx", syscall, child);
}

/* The child asked PostgreSQL, which is asleep. */
static void child_asks(__u32 pid, __u32 inner_pid)
{
	loops(pid, "wget", 82);
	is_child(NGINX, inner_pid);
	serves(POSTGRES, "postgres", 82);
	sleeps(POSTGRES, POSTGRES, "postgres", SYS_clock_nanosleep);
}

static void through_a_child(void **state)
{
	static const struct {
		int syscall, child;
		__u32 inner_pid;
	} cases[] = {
		{SYS_wait4, -1, CHILD}, {SYS_wait4, CHILD, CHILD}, {SYS_waitid, CHILD, CHILD},
		{SYS_waitid, 0, CHILD}, {SYS_wait4, 7, 7}, /* in a container */
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++) {
		struct shown shown;

		asks(cases[i].syscall, cases[i].child);
		child_asks(CHILD, cases[i].inner_pid);
		show(&shown);
		IS_CHAIN(&shown, "blocked", 1, CURL, NGINX, CHILD, POSTGRES);
		assert_string_equal(shown.links[1].kind, "child");
		assert_string_equal(shown.links[1].verdict, "waiting");
		assert_true(shown.links[1].fd == NOT_KNOWN);
		says(shown.report.rows[0].why,
		     "waits for nginx (pid 20), which waits for its child wget (pid 50), which");
		assert_null(strstr(shown.report.rows[0].why, "most likely"));
		hide(&shown);
	}
}

/* A shell waits for a shell. */
static void through_two(void **state)
{
	struct shown shown;

	(void)state;
	asks(SYS_wait4, SHELL);
	waits_for(SHELL, "sh", SYS_wait4, -1);
	is_child(NGINX, SHELL);
	sleeps(CHILD, CHILD, "sleep", SYS_clock_nanosleep);
	is_child(SHELL, CHILD);
	show(&shown);
	IS_CHAIN(&shown, "blocked", 1, CURL, NGINX, SHELL, CHILD);
	assert_int_equal(shown.report.rows[0].pid, CHILD);
	hide(&shown);
}

/* None of several children is named unless it is asked for. A child that has exited does not count. */
static void one_of_several(void **state)
{
	enum { ANY, THIS_ONE, THE_OTHER_HAS_EXITED, GONE, MANY_THREADS, CASES } at;

	(void)state;
	for (at = ANY; at < CASES; at++) {
		struct shown shown;

		asks(SYS_wait4, at == THIS_ONE ? CHILD : -1);
		if (at == MANY_THREADS)
			builder.thread->threads = 2;
		if (at != GONE) {
			child_asks(CHILD, CHILD);
			sleeps(OTHER, OTHER, "other", SYS_clock_nanosleep);
			is_child(at == MANY_THREADS ? 1 : NGINX, OTHER);
			if (at == THE_OTHER_HAS_EXITED)
				builder.thread->state = 0x20;
		}
		show(&shown);
		if (at == THIS_ONE || at == THE_OTHER_HAS_EXITED) {
			IS_CHAIN(&shown, "blocked", 1, CURL, NGINX, CHILD, POSTGRES);
		} else {
			assert_int_equal(shown.report.rows[0].pid, at == GONE ? NGINX : POSTGRES);
			assert_int_equal(shown.report.rows[0].chain.waiters, 1);
		}
		hide(&shown);
	}
}

/* Nobody waits for the shell: that it waits for what it has started is no news. */
static void a_shell(void **state)
{
	struct shown shown;

	(void)state;
	begin();
	waits_for(SHELL, "sh", SYS_wait4, -1);
	sleeps(CHILD, CHILD, "sleep", SYS_clock_nanosleep);
	is_child(SHELL, CHILD);
	show_all(&shown, true);
	assert_int_equal(shown.report.count, 0);
	hide(&shown);
}

/* The child asks its parent: neither goes on. */
static void a_child_that_asks_its_parent(void **state)
{
	struct shown shown;

	(void)state;
	asks(SYS_wait4, -1);
	reads(CHILD, CHILD, "wget", 81);
	is_child(NGINX, CHILD);
	serves(NGINX, "nginx", 81);
	show(&shown);
	IS_CHAIN(&shown, "deadlock", 3, NGINX, CHILD);
	hide(&shown);
}

/* ---- A child that an event loop waits for ---- */

static struct listener_record *lies_in_queue(__u32 pid, const char *comm)
{
	struct socket_record *child = look_add_socket(&builder, SOCKET_KIND_TCP, 1);
	struct listener_record *listener = look_add_listener(&builder, HERE, 80);

	look_connect(&child->name, HERE, 80, HERE, 4080);
	child->flags = SOCKET_LISTENER_CHILD;
	child->name.inode = 0;
	child->listener_cookie = listener->name.cookie;
	child->last_received_ns = child->last_sent_ns = ASKED;
	child->bytes_received = 100;
	look_add_owner(&builder, &listener->name, pid, 3, comm);
	return listener;
}

enum { IN_EPOLL, IN_POLL, IN_ANOTHER, NOT_SEEN, GONE_ON, LOOPS };

/* It sleeps in a call that may last so long (the argument), for a child alone. */
static void sleeps_for_child(__u32 pid, const char *comm, int how, __u32 child)
{
	struct thread_record *thread = sleeps(pid, pid, comm, how == IN_POLL ? SYS_poll : SYS_epoll_wait);
	struct epoll_record *epoll;

	thread->args[0] = how == IN_ANOTHER ? 8 : 7;
	thread->args[how == IN_POLL ? 2 : 3] = (__u64)-1;
	if (how == NOT_SEEN)
		return;
	epoll = look_add_epoll(&builder, pid, how == IN_POLL ? -1 : 7);
	epoll->waiters = 1;
	epoll->waiter_tid = pid;
	epoll->child_pid = child;
	if (how == GONE_ON)
		thread->flags &= ~(unsigned int)THREAD_SLEEPING;
}

static void through_a_child_of_a_loop(void **state)
{
	__u32 threads;
	int how;

	(void)state;
	for (how = IN_EPOLL; how < LOOPS; how++)
		for (threads = 1; threads <= 2; threads++) {
			bool follows = how == IN_EPOLL || how == IN_POLL;
			struct shown shown;

			begin();
			reads(CURL, CURL, "curl", 80);
			serves(NGINX, "nginx", 80);
			sleeps_for_child(NGINX, "nginx", how, CHILD);
			builder.thread->threads = threads;
			if (threads == 2)
				sleeps(NGINX, NGINX + 1, "pool", SYS_futex)->threads = threads;
			child_asks(CHILD, CHILD);
			show(&shown);
			if (follows) {
				IS_CHAIN(&shown, "blocked", 1, CURL, NGINX, CHILD, POSTGRES);
				assert_string_equal(shown.links[1].kind, "child");
				assert_int_equal(!!strstr(shown.report.rows[0].why, "most likely"), threads == 2);
			} else {
				assert_int_equal(shown.report.rows[0].chain.waiters, 1);
			}
			hide(&shown);
		}
}

/* A helper reads a pipe of who runs other programs meanwhile. Behind a wait4 the chain goes on. */
static void a_helper_of_who_collects(void **state)
{
	int how;

	(void)state;
	for (how = IN_EPOLL; how <= IN_ANOTHER; how++) {
		struct socket_record *pipe;
		struct owner_record *writer;
		struct shown shown;

		begin();
		reads(CURL, CURL, "curl", 80);
		serves(APP, "app", 80);
		sleeps(APP, APP, "app", SYS_read);
		pipe = look_add_thread_socket(&builder, SOCKET_KIND_PIPE, 0);
		pipe->name.inode = 7000;
		pipe->peer_inode = 1;
		writer = look_add(&builder, RECORD_PIPE_WRITER, 0);
		writer->cookie = 1;
		writer->inode = 7000;
		writer->pid = NGINX;
		writer->process_start_ns = SECOND;
		if (how == IN_ANOTHER)
			waits_for(NGINX, "nginx", SYS_wait4, CHILD);
		else
			sleeps_for_child(NGINX, "nginx", how, CHILD);
		sleeps(CHILD, CHILD, "sleep", SYS_clock_nanosleep);
		is_child(NGINX, CHILD);
		show(&shown);
		if (how == IN_ANOTHER)
			IS_CHAIN(&shown, "blocked", 1, CURL, APP, NGINX, CHILD);
		else
			IS_CHAIN(&shown, "blocked", 1, CURL, APP);
		hide(&shown);
	}
}

/* Its first thread has left something on another instance. Where somebody waits there, that is no evidence. */
static void in_the_accept_queue_of_a_loop(void **state)
{
	enum { LEFT, SERVED, CASES } at;

	(void)state;
	for (at = LEFT; at < CASES; at++) {
		struct epoll_record *left;
		struct shown shown;

		begin();
		reads(CURL, CURL, "curl", 80);
		lies_in_queue(APP, "app");
		sleeps_for_child(APP, "app", IN_EPOLL, CHILD);
		builder.thread->threads = 2;
		sleeps(APP, APP + 1, "app", SYS_futex)->threads = 2;
		left = look_add_epoll(&builder, APP, 9);
		left->unread = 1;
		left->waiters = at == SERVED;
		sleeps(CHILD, CHILD, "sleep", SYS_clock_nanosleep);
		is_child(APP, CHILD);
		show(&shown);
		if (at == LEFT) {
			IS_CHAIN(&shown, "blocked", 1, CURL, APP, CHILD);
			assert_null(strstr(shown.report.rows[0].why, "most likely"));
		} else {
			assert_int_equal(shown.report.rows[0].pid, APP);
			assert_string_equal(shown.report.rows[0].verdict, "not_accepted");
		}
		hide(&shown);
	}
}

/*
 * The child asks the loop that waits for it. With a loop of its own it may have a time limit, and with one more wait it
 * may go on.
 */
static void a_child_that_asks_the_loop(void **state)
{
	enum { READS, LOOPS_FOR_IT, WAITS_FOR_MORE, HAS_TIMEOUT, ENDS } at;

	(void)state;
	for (at = READS; at < ENDS; at++) {
		struct shown shown;

		begin();
		sleeps_for_child(NGINX, "nginx", IN_EPOLL, CHILD);
		builder.thread->args[3] = at == HAS_TIMEOUT ? 5000 : (__u64)-1;
		if (at == LOOPS_FOR_IT || at == WAITS_FOR_MORE)
			loops(CHILD, "wget", 81);
		else
			reads(CHILD, CHILD, "wget", 81);
		is_child(NGINX, CHILD);
		serves(NGINX, "nginx", 81);
		if (at == WAITS_FOR_MORE) {
			struct socket_record *more = look_add_socket(&builder, SOCKET_KIND_TCP, 1);

			asked(more, 82);
			look_add_owner(&builder, &more->name, CHILD, 10, "wget");
			serves(POSTGRES, "postgres", 82);
			sleeps(POSTGRES, POSTGRES, "postgres", SYS_clock_nanosleep);
		}
		show(&shown);
		if (at == READS || at == LOOPS_FOR_IT) {
			IS_CHAIN(&shown, "deadlock", 2, NGINX, CHILD);
			assert_int_equal(!!strstr(shown.report.rows[0].why, "unless one has set a time limit"),
					 at == LOOPS_FOR_IT);
		} else {
			size_t i;

			for (i = 0; i < shown.report.count; i++)
				assert_string_not_equal(shown.report.rows[i].verdict, "deadlock");
		}
		hide(&shown);
	}
}

/* ---- A process that does not accept ---- */

/*
 * Its only thread waits for a child. Neither that wait nor a connection that is not accepted has a number of a socket.
 */
static void one_that_waits_for_its_child(void **state)
{
	__u32 threads;

	(void)state;
	for (threads = 1; threads <= 2; threads++) {
		struct shown shown;

		begin();
		reads(CURL, CURL, "curl", 80);
		builder.thread->threads = threads;
		if (threads == 2)
			sleeps(CURL, CURL + 1, "curl", SYS_futex)->threads = threads;
		lies_in_queue(APP, "app");
		waits_for(APP, "app", SYS_wait4, -1);
		sleeps(CHILD, CHILD, "sleep", SYS_clock_nanosleep);
		is_child(APP, CHILD);
		show(&shown);
		IS_CHAIN(&shown, "blocked", 1, CURL, APP, CHILD);
		hide(&shown);
	}
}

/* In poll the listener would be ready: it is not in it. An epoll loop may have its listener there, and be full. */
static void one_in_poll(void **state)
{
	static const int calls[] = {SYS_poll, SYS_ppoll, SYS_pselect6, SYS_epoll_pwait};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(calls); i++) {
		bool is_set = calls[i] != SYS_epoll_pwait;
		struct shown shown;

		begin();
		reads(CURL, CURL, "curl", 80);
		lies_in_queue(APP, "app");
		loops(APP, "app", 82)->last_sent_ns = ASKED - SECOND;
		builder.thread->syscall = calls[i];
		serves(POSTGRES, "postgres", 82)->unread_bytes = 5;
		sleeps(POSTGRES, POSTGRES, "postgres", SYS_clock_nanosleep);
		show(&shown);
		if (is_set) {
			IS_CHAIN(&shown, "blocked", 1, CURL, APP, POSTGRES);
			assert_null(strstr(shown.report.rows[0].why, "most likely"));
		} else {
			assert_int_equal(shown.report.count, 2);
			assert_int_equal(shown.report.rows[0].chain.waiters, 1);
		}
		hide(&shown);
	}
}

/* ---- Itself ---- */

static void one_that_asks_itself(void **state)
{
	enum { ALONE, A_SECOND_THREAD, ANOTHER_ACCEPTS, A_LIMIT, CASES } at;

	(void)state;
	for (at = ALONE; at < CASES; at++) {
		struct listener_record *listener;
		struct socket_record *reader;
		struct shown shown;

		begin();
		reader = reads(APP, APP, "app", 80);
		builder.thread->threads = at == A_SECOND_THREAD ? 2 : 1;
		reader->rcvtimeo_ns = at == A_LIMIT ? SECOND : 0;
		listener = lies_in_queue(APP, "app");
		if (at == A_SECOND_THREAD)
			sleeps(APP, APP + 1, "app", SYS_futex)->threads = 2;
		if (at == ANOTHER_ACCEPTS)
			look_add_owner(&builder, &listener->name, OTHER, 3, "app");
		show(&shown);
		if (at == ALONE) {
			IS_CHAIN(&shown, "deadlock", 1, APP);
			says(shown.report.rows[0].why,
			     "app (pid 30) waits for itself: its only thread cannot continue");
			assert_in_range(shown.report.rows[0].severity, SEVERITY_DEADLOCK, 100);
		} else {
			assert_int_equal(shown.report.count, 1);
			assert_string_equal(shown.report.rows[0].verdict, "not_accepted");
		}
		hide(&shown);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(through_a_child),
		cmocka_unit_test(through_two),
		cmocka_unit_test(one_of_several),
		cmocka_unit_test(a_shell),
		cmocka_unit_test(a_child_that_asks_its_parent),
		cmocka_unit_test(through_a_child_of_a_loop),
		cmocka_unit_test(in_the_accept_queue_of_a_loop),
		cmocka_unit_test(a_helper_of_who_collects),
		cmocka_unit_test(a_child_that_asks_the_loop),
		cmocka_unit_test(one_that_waits_for_its_child),
		cmocka_unit_test(one_in_poll),
		cmocka_unit_test(one_that_asks_itself),
	};

	return cmocka_run_group_tests_name("children", tests, NULL, NULL);
}
