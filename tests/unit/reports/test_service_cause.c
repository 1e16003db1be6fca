/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What keeps a service from answering: which threads and connections of its process count as that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/syscall.h>

#include "make_look.h"
#include "reports/service_cause.h"

#define NOW	   (10000 * SECOND)
#define ANSWERED   (NOW - 12 * SECOND)
#define ASKED	   (ANSWERED + MILLISECOND)
#define APP	   10
#define SUBSCRIBED 3

static struct look_builder builder;
static struct service_record service;
static struct service_evidence evidence;

static int set_up(void **state)
{
	(void)state;
	look_begin(&builder, NOW);
	service = (struct service_record){.seen_ns = NOW, .answered_ns = ANSWERED, .last_sent_ns = ANSWERED};
	evidence = (struct service_evidence){
		.service = &service,
		.now_ns = NOW,
		.min_age_ns = 10 * SECOND,
		.owner = "app (pid 10)",
	};
	return 0;
}

/* So many spoke right after its last answer: to ask again, or to acknowledge it. */
static void spoke_at_once(__u32 count, __u64 last_ns)
{
	service.pending = service.connections = count;
	service.ages[5].count = count;
	service.spans[5] = (struct service_span){.oldest_ns = ASKED, .newest_ns = last_ns};
	service.near_since_ns = ASKED;
}

static void find(void)
{
	const struct owner_record owner = {.pid = APP, .process_start_ns = SECOND};
	struct scope scope = {.command = COMMAND_SERVICES};
	struct report report = {0};
	struct look look = {0};
	struct service_scene scene = {.report = &report, .look = &look, .scope = &scope};

	look_finish(&builder, &look);
	assert_int_equal(far_ends_collect(&scene.ends, &look), 0);
	service_cause_find(&evidence, &scene, &owner);
	far_ends_free(&scene.ends);
	report_free(&report);
	look_free(&look);
}

static void waits_in_futex(__u32 tid, __u64 since_ns, __u64 address)
{
	struct thread_record *thread = look_add_sleeping(&builder, APP, tid, "app", since_ns);

	thread->syscall = SYS_futex;
	thread->args[0] = address;
}

/* It asked what cannot answer: the connection lies in a queue of this machine. */
static void asks_a_dead_end(__u32 tid)
{
	struct thread_record *thread = look_add_sleeping(&builder, APP, tid, "app", ASKED + MILLISECOND);
	struct socket_record *socket, *other;

	thread->syscall = SYS_recvfrom;
	socket = look_add_thread_socket(&builder, SOCKET_KIND_TCP, 1);
	look_connect(&socket->name, "10.0.0.1", (__u16)(4000 + tid), "10.0.0.1", 5432);
	socket->flags |= SOCKET_AUTOBOUND;
	socket->bytes_sent = 20;
	socket->bytes_acked = 21;
	socket->last_sent_ns = ASKED + MILLISECOND;
	other = look_add_socket(&builder, SOCKET_KIND_TCP, 1);
	look_connect(&other->name, "10.0.0.1", 5432, "10.0.0.1", (__u16)(4000 + tid));
	other->flags &= ~SOCKET_ACCEPTED;
}

/*
 * Three more threads wait for a connection of the pool; or sleep since they gave the last answer, which then was
 * acknowledged.
 */
static void of_a_pool(void **state)
{
	(void)state;
	for (int idle = 0; idle < 2; idle++) {
		set_up(NULL);
		spoke_at_once(2 + SUBSCRIBED, ASKED);
		asks_a_dead_end(11);
		asks_a_dead_end(12);
		for (__u32 i = 0; i < SUBSCRIBED; i++)
			waits_in_futex(13 + i, idle ? ANSWERED + MILLISECOND / 2 : ASKED + MILLISECOND, 4096 + i);
		find();
		assert_int_equal(evidence.cause, CAUSE_PEER);
		assert_true(evidence.near_since_ns == (idle ? 0 : ASKED));
		assert_true(evidence.near_likely_ns == 0);
	}
}

/* Idle workers of one queue sleep in one condition variable, since they gave the last answer: that is no cause. */
static void idle_in_one_queue(void **state)
{
	(void)state;
	for (int idle = 0; idle < 2; idle++) {
		set_up(NULL);
		spoke_at_once(SUBSCRIBED, ASKED);
		for (__u32 i = 0; i < SUBSCRIBED; i++)
			waits_in_futex(13 + i, idle ? ANSWERED + MILLISECOND / 2 : ASKED + MILLISECOND, 4096);
		find();
		assert_int_equal(evidence.cause, idle ? CAUSE_UNKNOWN : CAUSE_LOCK);
		assert_true(!evidence.near_since_ns && !evidence.near_likely_ns);
	}
}

/* It was stopped as soon as a client had spoken, or long after it had dealt with that; or that is not known. */
static void stopped_soon(void **state)
{
	enum { SOON, LATE, ONE_LATE, UNKNOWN, CASES } at;

	(void)state;
	for (at = SOON; at < CASES; at++) {
		set_up(NULL);
		spoke_at_once(1, ASKED);
		for (__u32 i = 0; i < 2; i++) {
			bool late = at == LATE || (at == ONE_LATE && i);
			struct thread_record *thread = look_add_thread(&builder, APP, APP + i, "app");

			thread->flags |= THREAD_STOPPED;
			thread->last_arrival = at == UNKNOWN ? 0 : ASKED + (late ? SECOND : 20 * MILLISECOND);
		}
		find();
		assert_int_equal(evidence.cause, CAUSE_STOPPED);
		assert_true(evidence.near_since_ns == (at == SOON ? ASKED : 0));
	}
}

/* ---- Its queue is not emptied ---- */

static struct thread_record *reads(__u32 tid, const char *peer, __u64 asked_ns)
{
	struct thread_record *thread = look_add_sleeping(&builder, APP, tid, "app", asked_ns);
	struct socket_record *socket;

	thread->syscall = SYS_recvfrom;
	socket = look_add_thread_socket(&builder, SOCKET_KIND_TCP, 1);
	look_connect(&socket->name, "10.0.0.1", (__u16)(4000 + tid), peer, 5432);
	socket->flags |= SOCKET_AUTOBOUND;
	socket->bytes_sent = 20;
	socket->bytes_acked = 21;
	socket->last_sent_ns = asked_ns;
	return thread;
}

static void is_queued(void)
{
	set_up(NULL);
	service.answered_ns = service.last_sent_ns = 0;
	evidence.oldest_queued_ns = NOW - 12 * SECOND;
}

/* Whatever its only thread waits for is why. */
static void one_thread_that_reads(void **state)
{
	(void)state;
	is_queued();
	reads(APP, "10.0.0.5", NOW - 100 * SECOND);
	find();
	assert_int_equal(evidence.cause, CAUSE_PEER);
	assert_false(evidence.certain);
}

/* One thread has had a subscription for long; what others asked since the queue grows may be why. */
static void one_of_several_threads(void **state)
{
	(void)state;
	for (int since = 0; since < 2; since++) {
		is_queued();
		reads(APP, "10.0.0.5", NOW - 100 * SECOND)->threads = 2;
		if (since)
			reads(APP + 1, "10.0.0.5", NOW - 11 * SECOND)->threads = 2;
		else
			look_add_sleeping(&builder, APP, APP + 1, "app", NOW - 20 * SECOND)->threads = 2;
		find();
		assert_int_equal(evidence.cause, since ? CAUSE_PEER : CAUSE_UNKNOWN);
		assert_int_equal(evidence.awaits.count, since);
	}
}

/* It computes all the time, beside a thread that has a subscription. */
static void one_thread_that_computes(void **state)
{
	(void)state;
	for (int both = 0; both < 2; both++) {
		is_queued();
		look_add_thread(&builder, APP, APP, "app")->threads = 1 + both;
		if (both)
			reads(APP + 1, "10.0.0.5", NOW - 100 * SECOND)->threads = 2;
		find();
		assert_int_equal(evidence.cause, both ? CAUSE_UNKNOWN : CAUSE_CPU);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_a_pool),
		cmocka_unit_test(idle_in_one_queue),
		cmocka_unit_test(stopped_soon),
		cmocka_unit_test(one_thread_that_reads),
		cmocka_unit_test(one_of_several_threads),
		cmocka_unit_test(one_thread_that_computes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
