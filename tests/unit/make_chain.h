/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Looks with chains of waits, for tests. In all of them curl (10) asks nginx (20) at port 80, nginx asks an application
 * (30) at 81, and that PostgreSQL (40) at 82, each over its own connection from port 4000 + its own.
 */
#ifndef SOCKSTALL_MAKE_CHAIN_H
#define SOCKSTALL_MAKE_CHAIN_H

#include "sample.h"

#include <sys/syscall.h>

#include "make_look.h"
#include "reports/reports.h"
#include "rows/links.h"
#include "rules/verdict.h"

#define NOW   (10000 * SECOND)
#define ASKED (NOW - 5 * SECOND)
#define HERE  "10.0.0.1"

enum { CURL = 10, NGINX = 20, APP = 30, POSTGRES = 40 };

struct shown {
	struct look look;
	struct report report;
	struct link links[80];
	size_t count; /* links of the first row */
};

static struct look_builder builder;

static inline void begin(void)
{
	look_begin(&builder, NOW);
}

static inline void show_all(struct shown *shown, bool all)
{
	struct options options = {.scope.command = COMMAND_CHAINS,
				  .scope.min_age_ns = SECOND,
				  .scope.min_age_given = true,
				  .scope.all = all};
	const char *at;

	*shown = (struct shown){.count = 0};
	look_finish(&builder, &shown->look);
	assert_int_equal(report_run(&shown->report, &shown->look, NULL, &options.scope), 0);
	at = shown->report.count ? shown->report.rows[0].chain.links : NULL;
	while (links_next(&at, &shown->report.arena, &shown->links[shown->count]))
		assert_true(++shown->count < COUNT_OF(shown->links));
}

static inline void show(struct shown *shown)
{
	show_all(shown, false);
}

static inline void hide(struct shown *shown)
{
	report_free(&shown->report);
	look_free(&shown->look);
}

/* ---- Who does what ---- */

static inline void connect_to(struct socket_record *socket, __u16 port)
{
	look_connect(&socket->name, HERE, 4000 + port, HERE, port);
}

/* The end that connected, and has asked; nothing came back. */
static inline void asked(struct socket_record *socket, __u16 port)
{
	connect_to(socket, port);
	socket->flags |= SOCKET_AUTOBOUND;
	socket->bytes_sent = 100;
	socket->last_sent_ns = socket->last_ack_ns = ASKED;
}

static inline struct thread_record *sleeps(__u32 pid, __u32 tid, const char *comm, int syscall)
{
	struct thread_record *thread = look_add_sleeping(&builder, pid, tid, comm, ASKED + MILLISECOND);

	thread->syscall = syscall;
	return thread;
}

/* A thread that asked at this port, and reads. */
static inline struct socket_record *reads(__u32 pid, __u32 tid, const char *comm, __u16 port)
{
	struct socket_record *socket;

	sleeps(pid, tid, comm, SYS_recvfrom);
	socket = look_add_thread_socket(&builder, SOCKET_KIND_TCP, 1);
	asked(socket, port);
	return socket;
}

/* An event loop that has asked at this port. */
static inline struct socket_record *loops(__u32 pid, const char *comm, __u16 port)
{
	struct socket_record *socket;

	sleeps(pid, pid, comm, SYS_epoll_pwait);
	socket = look_add_socket(&builder, SOCKET_KIND_TCP, 1);
	asked(socket, port);
	look_add_owner(&builder, &socket->name, pid, 9, comm);
	return socket;
}

/* The end that accepted: the question has come. */
static inline struct socket_record *serves(__u32 pid, const char *comm, __u16 port)
{
	struct socket_record *socket = look_add_socket(&builder, SOCKET_KIND_TCP, 1);

	look_connect(&socket->name, HERE, port, HERE, 4000 + port);
	socket->flags |= SOCKET_LISTENER_CHILD;
	socket->bytes_received = 100;
	socket->last_received_ns = ASKED;
	look_add_owner(&builder, &socket->name, pid, 6, comm);
	return socket;
}

/* Curl waits for nginx, which waits for the application. */
static inline void front(void)
{
	begin();
	reads(CURL, CURL, "curl", 80);
	serves(NGINX, "nginx", 80);
	loops(NGINX, "nginx", 81);
	serves(APP, "app", 81);
}

/* And that for PostgreSQL, with one of its threads. */
static inline void all_wait(void)
{
	front();
	sleeps(APP, APP, "app", SYS_futex)->threads = 2;
	reads(APP, APP + 1, "app", 82);
	builder.thread->threads = 2;
	serves(POSTGRES, "postgres", 82);
}

static inline void has_address(const char *address)
{
	struct address_record *record = look_add(&builder, RECORD_ADDRESS, 0);

	record->netns = LOOK_NETNS;
	look_address(record->address, address);
}

/* ---- What is said ---- */

static inline void is_chain(const struct shown *shown, const char *verdict, int64_t waiters, size_t count,
			    const int64_t *pids)
{
	size_t i;

	assert_int_equal(shown->report.count, 1);
	assert_int_equal(shown->report.rows[0].type, ROW_CHAIN);
	assert_string_equal(shown->report.rows[0].verdict, verdict);
	assert_true(shown->report.rows[0].stuck);
	assert_int_equal(shown->report.rows[0].chain.waiters, waiters);
	assert_int_equal(shown->count, count);
	for (i = 0; i < count; i++)
		assert_int_equal(shown->links[i].pid, pids[i]);
}

#define IS_CHAIN(shown, verdict, waiters, ...) \
	is_chain(shown, verdict, waiters, COUNT_OF(((int64_t[]){__VA_ARGS__})), (int64_t[]){__VA_ARGS__})

static inline void says(const char *text, const char *part)
{
	if (!text || !strstr(text, part))
		fail_msg("\"%s\" lacks \"%s\"", text ? text : "(null)", part);
}

#endif
