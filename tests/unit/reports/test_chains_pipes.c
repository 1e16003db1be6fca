/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Chains through pipes: who has the other end, when that says anything, and what is only idle. */
#include "make_chain.h"

enum { CHILD = 50, OTHER = 60, SHELL = 70 };

/* The only thread of a process is asleep on a pipe. */
static struct socket_record *on_pipe(__u32 pid, const char *comm, int syscall, __u64 number)
{
	struct socket_record *pipe;

	sleeps(pid, pid, comm, syscall)->threads = 1;
	pipe = look_add_thread_socket(&builder, SOCKET_KIND_PIPE, 0);
	pipe->peer_inode = number;
	return pipe;
}

static struct owner_record *holds(__u32 type, __u64 number, __u32 pid, const char *comm)
{
	struct owner_record *owner = look_add(&builder, type, 0);

	owner->cookie = number;
	owner->inode = 1000 + number;
	owner->process_start_ns = 1 * SECOND;
	owner->pid = pid;
	owner->fd = 7;
	look_copy_text(owner->comm, sizeof(owner->comm), comm);
	return owner;
}

/* Curl asked nginx, and that reads what its child is to write into pipe 1. */
static void asks_for_a_pipe(void)
{
	begin();
	reads(CURL, CURL, "curl", 80);
	serves(NGINX, "nginx", 80);
	on_pipe(NGINX, "nginx", SYS_read, 1);
	holds(RECORD_PIPE_READER, 1, NGINX, "nginx");
}

static void a_child(void **state)
{
	struct shown shown;

	(void)state;
	asks_for_a_pipe();
	holds(RECORD_PIPE_WRITER, 1, CHILD, "child");
	holds(RECORD_PIPE_WRITER, 2, OTHER, "other");
	sleeps(CHILD, CHILD, "child", SYS_clock_nanosleep);
	show(&shown);
	IS_CHAIN(&shown, "blocked", 1, CURL, NGINX, CHILD);
	assert_string_equal(shown.links[0].kind, "tcp");
	assert_string_equal(shown.links[1].kind, "pipe");
	assert_string_equal(shown.links[1].in, "read");
	assert_string_equal(shown.links[1].verdict, "waiting");
	assert_string_equal(shown.links[2].kind, "pipe");
	assert_int_equal(shown.links[2].holders, 1);
	assert_int_equal(shown.report.rows[0].fd, 7);
	assert_int_equal(shown.report.rows[0].cookie, 0);
	assert_null(shown.report.rows[0].local_addr);
	assert_null(strstr(shown.report.rows[0].why, "one of"));
	hide(&shown);
}

/* With a shell that waits for it there is still one that writes; of two that do, one is named as that. */
static void one_of_the_writers(void **state)
{
	bool two;

	(void)state;
	for (two = false;; two = true) {
		struct shown shown;

		asks_for_a_pipe();
		holds(RECORD_PIPE_WRITER, 1, CHILD, "child");
		holds(RECORD_PIPE_WRITER, 1, SHELL, "sh");
		sleeps(CHILD, CHILD, "child", SYS_wait4);
		sleeps(SHELL, SHELL, "sh", two ? SYS_futex : SYS_clock_nanosleep);
		if (two) {
			holds(RECORD_PIPE_WRITER, 1, OTHER, "other");
			look_add_thread(&builder, OTHER, OTHER, "other")->flags = THREAD_STOPPED;
		}
		show(&shown);
		IS_CHAIN(&shown, "blocked", 1, CURL, NGINX, SHELL);
		says(shown.report.rows[0].why, two ? "one of 3 that hold this end" : "one of 2 that hold this end");
		hide(&shown);
		if (two)
			break;
	}
}

/* It waits for a command: then nginx is the end, that reads instead of answering. */
static void from_one_that_is_idle(void **state)
{
	enum { IN_EPOLL, MANY_THREADS, NOT_SEEN, ITSELF, NOBODY, ANOTHER_PIPE, A_TERMINAL, CASES } at;

	(void)state;
	for (at = IN_EPOLL; at < CASES; at++) {
		struct shown shown;

		asks_for_a_pipe();
		if (at != NOBODY)
			holds(RECORD_PIPE_WRITER, 1, at == ITSELF ? NGINX : CHILD, "child");
		if (at == IN_EPOLL)
			sleeps(CHILD, CHILD, "child", SYS_epoll_pwait);
		else if (at == MANY_THREADS)
			sleeps(CHILD, CHILD, "child", SYS_futex)->threads = 2;
		else if (at == ANOTHER_PIPE)
			on_pipe(CHILD, "child", SYS_read, 2);
		else if (at == A_TERMINAL)
			sleeps(CHILD, CHILD, "child", SYS_read);
		show(&shown);
		IS_CHAIN(&shown, "blocked", 1, CURL, NGINX);
		assert_string_equal(shown.links[1].in, "read pipe");
		assert_int_equal(shown.report.rows[0].local_port, 80);
		hide(&shown);
	}
}

/*
 * Its parent, or another that it has not started, holds the pipe of its commands: what that does at this moment is no
 * reason. If it has been asleep since before the question, or is stopped, it is.
 */
static void from_one_that_gives_commands(void **state)
{
	enum { RUNNING, BETWEEN_STEPS, KEPT_ASLEEP, STOPPED, FROZEN, STARTED_BY_IT, CASES } at;

	(void)state;
	for (at = RUNNING; at < CASES; at++) {
		struct thread_record *thread;
		struct shown shown;

		asks_for_a_pipe();
		builder.thread->parent_pid = at == STARTED_BY_IT ? OTHER : CHILD;
		holds(RECORD_PIPE_WRITER, 1, CHILD, "pytest");
		if (at == RUNNING || at == STOPPED || at == STARTED_BY_IT)
			thread = look_add_thread(&builder, CHILD, CHILD, "pytest");
		else
			thread = sleeps(CHILD, CHILD, "pytest", SYS_clock_nanosleep);
		thread->threads = 1;
		if (at == STARTED_BY_IT)
			thread->parent_pid = NGINX;
		if (at == BETWEEN_STEPS)
			thread->last_arrival = NOW - 10 * MILLISECOND;
		if (at == STOPPED)
			thread->flags = THREAD_STOPPED;
		if (at == FROZEN)
			thread->flags |= THREAD_FROZEN;
		show(&shown);
		if (at <= BETWEEN_STEPS)
			IS_CHAIN(&shown, "blocked", 1, CURL, NGINX);
		else
			IS_CHAIN(&shown,
				 at == STARTED_BY_IT ? "running"
				 : at == STOPPED     ? "stopped"
						     : "blocked",
				 1, CURL, NGINX, CHILD);
		hide(&shown);
	}
}

/* The program that nginx ran has started another and gone: that one has its output, and gets no commands. */
static void from_one_left_behind(void **state)
{
	enum { ASLEEP, IN_EPOLL, READS, OLDER, ANOTHER_DESCRIPTOR, CASES } at;

	(void)state;
	for (at = ASLEEP; at < CASES; at++) {
		struct owner_record *owner;
		struct shown shown;

		asks_for_a_pipe();
		builder.thread->process_start_ns = 2 * SECOND;
		owner = holds(RECORD_PIPE_WRITER, 1, CHILD, "left");
		owner->fd = at == ANOTHER_DESCRIPTOR ? 7 : 1;
		owner->process_start_ns = (at == OLDER ? 1 : 3) * SECOND;
		if (at == READS)
			on_pipe(CHILD, "left", SYS_read, 2);
		else
			sleeps(CHILD, CHILD, "left", at == IN_EPOLL ? SYS_epoll_pwait : SYS_clock_nanosleep);
		builder.thread->parent_pid = 1;
		builder.thread->last_arrival = NOW - 2 * SECOND;
		show(&shown);
		if (at >= OLDER)
			IS_CHAIN(&shown, "blocked", 1, CURL, NGINX);
		else
			IS_CHAIN(&shown, at == IN_EPOLL ? "waiting" : "blocked", 1, CURL, NGINX, CHILD);
		hide(&shown);
	}
}

/*
 * A process with two threads has run a program for the question; one that it has run for longer it only collects from.
 */
static void what_a_thread_runs_a_program_for(void **state)
{
	bool older, asked;

	(void)state;
	for (older = false;; older = true) {
		for (asked = false;; asked = true) {
			struct owner_record *owner;
			struct shown shown;

			begin();
			if (asked)
				reads(CURL, CURL, "curl", 80);
			serves(NGINX, "nginx", 80);
			on_pipe(NGINX, "nginx", SYS_read, 1);
			builder.thread->threads = 2;
			sleeps(NGINX, NGINX + 1, "nginx", SYS_epoll_pwait)->threads = 2;
			holds(RECORD_PIPE_READER, 1, NGINX, "nginx");
			owner = holds(RECORD_PIPE_WRITER, 1, CHILD, "program");
			owner->process_start_ns = older ? ASKED - 9 * SECOND : ASKED + SECOND;
			reads(CHILD, CHILD, "program", 81);
			builder.thread->parent_pid = NGINX;
			serves(APP, "app", 81);
			sleeps(APP, APP, "app", SYS_clock_nanosleep);
			show(&shown);
			if (!asked)
				IS_CHAIN(&shown, "blocked", 1, CHILD, APP);
			else if (older)
				assert_int_equal(shown.report.count * 10 + shown.count,
						 22); /* curl, nginx; program, app */
			else
				IS_CHAIN(&shown, "blocked", 1, CURL, NGINX, CHILD, APP);
			hide(&shown);
			if (asked)
				break;
		}
		if (older)
			break;
	}
}

/* Two children of one process: that one of them is waited for says nothing of the other, which awaits a command. */
static void a_healthy_sibling(void **state)
{
	__u32 pids[] = {SHELL, NGINX, CURL};
	struct shown shown;
	size_t i;

	(void)state;
	asks_for_a_pipe();
	holds(RECORD_PIPE_WRITER, 1, CHILD, "parent");
	holds(RECORD_PIPE_WRITER, 2, CHILD, "parent");
	on_pipe(SHELL, "twin", SYS_read, 2);
	holds(RECORD_PIPE_READER, 2, SHELL, "twin");
	sleeps(CHILD, CHILD, "parent", SYS_clock_nanosleep);
	show(&shown);
	IS_CHAIN(&shown, "blocked", 1, CURL, NGINX, CHILD);
	for (i = 0; i < COUNT_OF(pids); i++) {
		struct options options = {.scope.command = COMMAND_CHAINS, .scope.min_age_ns = SECOND};
		struct report report = {0};

		options.scope.selection.pids = &pids[i];
		options.scope.selection.pid_count = 1;
		assert_int_equal(report_run(&report, &shown.look, NULL, &options.scope), 0);
		assert_int_equal(report.count, pids[i] != SHELL);
		if (report.count)
			says(report.rows[0].why, "nginx (pid 20), which waits for parent (pid 50)");
		report_free(&report);
	}
	hide(&shown);
}

/*
 * A helper waits for work, for longer than the question is open: nothing is due to it. It is shown if it was asked for.
 */
static void behind_a_pipe(void **state)
{
	__u32 threads;

	(void)state;
	for (threads = 1; threads <= 2; threads++) {
		struct options options = {.scope.command = COMMAND_CHAINS, .scope.min_age_ns = SECOND};
		struct report report = {0};
		__u32 helper = SHELL;
		struct shown shown;

		begin();
		on_pipe(SHELL, "grep", SYS_read, 1);
		builder.thread->last_arrival = ASKED - 60 * SECOND;
		holds(RECORD_PIPE_WRITER, 1, CURL, "curl");
		reads(CURL, CURL, "curl", 80);
		builder.thread->threads = threads;
		serves(NGINX, "nginx", 80);
		sleeps(NGINX, NGINX, "nginx", SYS_clock_nanosleep);
		show(&shown);
		IS_CHAIN(&shown, "blocked", 1, CURL, NGINX);
		assert_true(shown.report.rows[0].age_s < 6);
		options.scope.selection.pids = &helper;
		options.scope.selection.pid_count = 1;
		assert_int_equal(report_run(&report, &shown.look, NULL, &options.scope), 0);
		assert_int_equal(report.count, threads == 1);
		if (threads == 1)
			says(report.rows[0].why, "grep (pid 70) waits for curl (pid 10), which waits for nginx");
		report_free(&report);
		hide(&shown);
	}
}

/* A pipeline in which nothing is due: a pager, a log, a terminal. */
static void idle_pipelines(void **state)
{
	static const int calls[] = {SYS_read, SYS_clock_nanosleep, SYS_epoll_pwait, SYS_wait4};
	size_t i;

	(void)state;
	for (i = 0; i < 2 * COUNT_OF(calls); i++) {
		bool writes = i % 2;
		struct shown shown;

		begin();
		on_pipe(CURL, "grep", writes ? SYS_write : SYS_read, 1);
		holds(writes ? RECORD_PIPE_READER : RECORD_PIPE_WRITER, 1, CHILD, "less");
		sleeps(CHILD, CHILD, "less", calls[i / 2]);
		show(&shown);
		assert_int_equal(shown.report.count, 0);
		hide(&shown);
	}
}

static void a_stopped_one(void **state)
{
	enum { ALONE, WITH_THREADS, WITH_ANOTHER, A_COLLECTOR, CASES } at;

	(void)state;
	for (at = ALONE; at < CASES; at++) {
		struct shown shown;

		begin();
		on_pipe(CURL, "grep", at == A_COLLECTOR ? SYS_read : SYS_write, 1);
		builder.thread->threads = at == WITH_THREADS || at == A_COLLECTOR ? 2 : 1;
		holds(at == A_COLLECTOR ? RECORD_PIPE_WRITER : RECORD_PIPE_READER, 1, CHILD, "less");
		holds(at == A_COLLECTOR ? RECORD_PIPE_READER : RECORD_PIPE_WRITER, 1, OTHER, "other");
		look_add_thread(&builder, CHILD, CHILD, "less")->flags = THREAD_STOPPED;
		if (at == WITH_ANOTHER) {
			holds(RECORD_PIPE_READER, 1, OTHER, "less");
			sleeps(OTHER, OTHER, "less", SYS_epoll_pwait);
		}
		show(&shown);
		if (at <= WITH_THREADS)
			IS_CHAIN(&shown, "stopped", 1, CURL, CHILD);
		else
			assert_int_equal(shown.report.count, 0);
		hide(&shown);
	}
}

/* Each fills the pipe that the other is to read. */
static void a_deadlock(void **state)
{
	bool third;

	(void)state;
	for (third = false;; third = true) {
		struct shown shown;

		begin();
		on_pipe(NGINX, "one", SYS_write, 1);
		on_pipe(APP, "two", SYS_write, 2);
		holds(RECORD_PIPE_READER, 1, APP, "two");
		holds(RECORD_PIPE_READER, 2, NGINX, "one");
		if (third) {
			holds(RECORD_PIPE_READER, 2, OTHER, "three");
			sleeps(OTHER, OTHER, "three", SYS_epoll_pwait);
		}
		show(&shown);
		if (third) {
			assert_int_equal(shown.report.count, 0);
		} else {
			IS_CHAIN(&shown, "deadlock", 2, NGINX, APP);
			says(shown.report.rows[0].advice, "threads -p");
		}
		hide(&shown);
		if (third)
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_child),
		cmocka_unit_test(one_of_the_writers),
		cmocka_unit_test(from_one_that_is_idle),
		cmocka_unit_test(from_one_that_gives_commands),
		cmocka_unit_test(from_one_left_behind),
		cmocka_unit_test(what_a_thread_runs_a_program_for),
		cmocka_unit_test(a_healthy_sibling),
		cmocka_unit_test(behind_a_pipe),
		cmocka_unit_test(idle_pipelines),
		cmocka_unit_test(a_stopped_one),
		cmocka_unit_test(a_deadlock),
	};

	return cmocka_run_group_tests_name("chains_pipes", tests, NULL, NULL);
}
