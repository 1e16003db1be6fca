/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The rules about who stands at the end of a chain, row by row: each with the evidence of weaker rows beside its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "look/look.h"
#include "rules/chain.h"
#include "system/tcp_states.h"

#define DOUBT "most likely"

static const struct verdict awaiting_reply = {"awaiting_reply", OWES_REPLY};
static const struct verdict peer_dead = {"peer_dead", PEER_IS_DEAD};

/* Evidence, and what it points to. */
struct case_at {
	struct chain_evidence evidence;
	struct wait last;
	struct socket_record socket;
	struct listener_record listener;
	struct thread_record thread;
	struct thread_view view;
};

static void init(struct case_at *at)
{
	memset(at, 0, sizeof(*at));
	at->socket.name = (struct socket_name){
		.kind = SOCKET_KIND_TCP,
		.state = STATE_ESTABLISHED,
		.family = 2,
		.local_port = 4000,
		.peer_port = 80,
		.local_addr = {[10] = 0xff, [11] = 0xff, 10, 0, 0, 1},
		.peer_addr = {[10] = 0xff, [11] = 0xff, 10, 0, 0, 2},
	};
	at->last = (struct wait){.socket = &at->socket, .verdict = &awaiting_reply, .pid = 5, .tid = 5};
	at->view = (struct thread_view){.thread = &at->thread};
	at->evidence = (struct chain_evidence){
		.last = &at->last, .who = "java (pid 7)", .sure = true, .chain = "curl (pid 5) waits for java (pid 7)"};
}

static void nothing_more(struct case_at *at)
{
	(void)at;
}

static void elsewhere(struct case_at *at)
{
	at->last.found = FOUND_REMOTE;
}

static void doing(struct case_at *at, const char *syscall, __u32 flags, __u32 threads)
{
	at->last.found = FOUND_PROCESS;
	at->last.peer_pid = 7;
	at->evidence.doing = &at->view;
	at->evidence.in = syscall;
	at->evidence.in_for = syscall ? "31.2 s" : NULL;
	at->thread.flags = flags;
	at->thread.threads = threads;
	at->thread.state = 1; /* TASK_INTERRUPTIBLE */
	strncpy(at->thread.syscall_name, syscall ? syscall : "", sizeof(at->thread.syscall_name) - 1);
}

static void in_a_sleep(struct case_at *at)
{
	doing(at, "clock_nanosleep", THREAD_SLEEPING, 1);
}

static void in_epoll(struct case_at *at)
{
	doing(at, "epoll_wait", THREAD_SLEEPING, 1);
	at->thread.syscall_kind = SYSCALL_WAITS_EPOLL;
}

static void in_poll(struct case_at *at)
{
	doing(at, "ppoll", THREAD_SLEEPING, 1);
}

static void in_select(struct case_at *at)
{
	doing(at, "pselect6", THREAD_SLEEPING, 1);
}

static void in_io_uring(struct case_at *at)
{
	doing(at, "io_uring_enter", THREAD_SLEEPING, 1);
}

static void one_of_many(struct case_at *at)
{
	doing(at, "futex", THREAD_SLEEPING, 8);
}

/* One of many may sleep while another would answer. */
static void one_of_many_beside_a_loop(struct case_at *at)
{
	one_of_many(at);
	at->evidence.in_loop = true;
}

static void one_of_many_in_the_disk(struct case_at *at)
{
	doing(at, "read", THREAD_SLEEPING, 8);
	at->thread.state = 2; /* TASK_UNINTERRUPTIBLE */
}

static void computing(struct case_at *at)
{
	doing(at, NULL, 0, 8);
}

static void in_a_queue(struct case_at *at)
{
	in_a_sleep(at);
	at->last.found = FOUND_QUEUE;
	at->listener.accept_queue = 17;
	at->listener.accept_queue_max = 16;
	at->last.listener = &at->listener;
}

static void before_a_full_queue(struct case_at *at)
{
	in_a_queue(at);
	at->socket.name.state = STATE_SYN_SENT;
}

static void before_a_full_queue_of_a_running_one(struct case_at *at)
{
	before_a_full_queue(at);
	at->thread.flags = 0;
	at->evidence.in = at->evidence.in_for = NULL;
}

static void before_a_queue_of_a_stopped_one(struct case_at *at)
{
	before_a_full_queue(at);
	at->thread.flags = THREAD_STOPPED;
}

/* Its registers are still those of its wait for events. */
static void frozen(struct case_at *at)
{
	in_epoll(at);
	at->thread.flags |= THREAD_FROZEN;
}

static void stopped_since_who_knows(struct case_at *at)
{
	before_a_queue_of_a_stopped_one(at);
	at->evidence.in_for = NULL;
}

static void dead(struct case_at *at)
{
	before_a_queue_of_a_stopped_one(at);
	at->last.verdict = &peer_dead;
}

static void cycle(struct case_at *at)
{
	dead(at);
	at->evidence.cycle = true;
}

static void cycle_of_unix_sockets(struct case_at *at)
{
	cycle(at);
	at->socket.name.kind = SOCKET_KIND_UNIX;
}

#define CHAIN "curl (pid 5) waits for java (pid 7)"

static const struct {
	void (*change)(struct case_at *at);
	const char *verdict, *why, *advice;
} cases[] = {
	{cycle, "deadlock", CHAIN ": none of them can continue", "end one of the connections: sockstall end "},
	{cycle_of_unix_sockets, "deadlock", ": none of them can continue", "end one of them; sockstall threads -p 5 "},
	{dead, "peer_dead", CHAIN "; 10.0.0.2:80 does not answer",
	 "see whether 10.0.0.2:80 is up and the path to it is open: sockstall readers -p 5"},
	{before_a_queue_of_a_stopped_one, "stopped", "java (pid 7) was stopped by a signal or a tracer, for 31.2 s",
	 "kill -CONT 7, or detach the tracer"},
	{stopped_since_who_knows, "stopped", "stopped by a signal or a tracer", "kill -CONT 7"},
	{frozen, "blocked", "java (pid 7) is frozen with its control group", "cgroup.freeze"},
	{before_a_full_queue, "accept_queue_full",
	 CHAIN
	 "; its accept queue is full (17, limit 16), so our SYN is dropped; java (pid 7) has been in clock_nanosleep for 31.2 s",
	 "see what java (pid 7) is doing: sockstall threads -p 7"},
	{before_a_full_queue_of_a_running_one, "accept_queue_full", "dropped; java (pid 7) is not asleep",
	 "threads -p 7"},
	{in_a_queue, "not_accepted",
	 CHAIN "; it has not called accept for this connection; java (pid 7) has been in clock_nanosleep for 31.2 s",
	 "threads -p 7"},
	{in_a_sleep, "blocked", CHAIN "; java (pid 7) has been in clock_nanosleep for 31.2 s", "threads -p 7"},
	{one_of_many_in_the_disk, "blocked", "has been in read for 31.2 s", "threads -p 7"},
	{computing, "running", "java (pid 7) is running or waiting for a CPU", "threads -p 7"},
	{one_of_many, "blocked",
	 "java (pid 7) has 8 threads, none of them in an event loop, and one has been in futex for 31.2 s",
	 "threads -p 7"},
	{one_of_many_beside_a_loop, "waiting",
	 "the event loop of java (pid 7) is idle; what that or another of its 8 threads waits for cannot be seen",
	 "threads -p 7"},
	{in_epoll, "waiting", "is idle in its event loop", "threads -p 7"},
	{in_poll, "waiting", "is idle in its event loop", "threads -p 7"},
	{in_select, "waiting", "is idle in its event loop", "threads -p 7"},
	{in_io_uring, "waiting", "is idle in its event loop", "threads -p 7"},
	{elsewhere, "remote", CHAIN ", on another machine",
	 "continue on that machine: sockstall chains, at 10.0.0.2:80"},
	{nothing_more, "unknown", CHAIN ", which was not found", "see whether 10.0.0.2:80 is up"},
};

static void says(const char *verdict, const char *text, const char *part)
{
	if (!text || !strstr(text, part))
		fail_msg("%s: \"%s\" lacks \"%s\"", verdict, text ? text : "(null)", part);
}

static void rules(void **state)
{
	struct arena arena = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct case_at at;
		const struct chain_rule *rule;

		init(&at);
		cases[i].change(&at);
		rule = chain_verdict(&at.evidence);
		assert_string_equal(rule->verdict->name, cases[i].verdict);
		says(rule->verdict->name, rule->why(&arena, &at.evidence), cases[i].why);
		says(rule->verdict->name, rule->advice(&arena, &at.evidence), cases[i].advice);
		assert_null(strstr(rule->why(&arena, &at.evidence), DOUBT));
	}
	arena_free(&arena);
}

/* A step that is a guess is told as one, whatever the verdict. */
static void doubt(void **state)
{
	struct arena arena = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct case_at at;

		init(&at);
		cases[i].change(&at);
		at.evidence.sure = false;
		says(cases[i].verdict, chain_verdict(&at.evidence)->why(&arena, &at.evidence), DOUBT);
	}
	arena_free(&arena);
}

/* Since when is not told where it is not known, not even as a word. */
static void stopped_for(void **state)
{
	struct arena arena = {0};
	struct case_at at;

	(void)state;
	init(&at);
	stopped_since_who_knows(&at);
	assert_null(strstr(chain_verdict(&at.evidence)->why(&arena, &at.evidence), ", for "));
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules),
		cmocka_unit_test(doubt),
		cmocka_unit_test(stopped_for),
	};

	return cmocka_run_group_tests_name("chain", tests, NULL, NULL);
}
