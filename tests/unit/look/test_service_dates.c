/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What a service's counts tell, and what successive looks add. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/array.h"
#include "look/service_dates.h"
#include "make_look.h"

#define NOW (1000 * SECOND)

/* One that answered 20 s ago, and since then nobody asked. */
static void answered(struct service_record *service)
{
	*service = (struct service_record){.header = {RECORD_SERVICE, sizeof(*service)}, .seen_ns = NOW};
	service->name.netns = LOOK_NETNS;
	service->name.local_port = 80;
	service->connections = service->answered = service->asked = 4;
	service->last_sent_ns = NOW - 20 * SECOND;
}

/* The peers of so many connections spoke last: from the first to the last in ns before now. */
static void pend(struct service_record *service, size_t group, __u64 first, __u64 last, __u32 count, __u32 unread)
{
	struct service_age *age = &service->ages[group];

	age->oldest_ns = NOW - first;
	age->newest_ns = NOW - last;
	age->count = age->asked = count;
	age->unread = unread;
	service->pending += count;
	if (unread && (!service->oldest_unread_ns || service->oldest_unread_ns > NOW - first))
		service->oldest_unread_ns = NOW - first;
}

static void what_came_before_the_last_answer_does_not_count(void **state)
{
	struct service_record service;

	(void)state;
	answered(&service);
	assert_int_equal(service_owed_since(&service), 0);
	assert_int_equal(service_owed_count(&service), 0);
	pend(&service, 6, 31 * SECOND, 25 * SECOND, 3, 0);
	assert_int_equal(service_owed_since(&service), 0);
	assert_int_equal(service_owed_count(&service), 0);
	/* If a group has both, only its last is known to have come after it. */
	pend(&service, 6, 31 * SECOND, 17 * SECOND, 3, 0);
	assert_int_equal(service_owed_since(&service), NOW - 17 * SECOND);
	assert_int_equal(service_owed_count(&service), 1);
	pend(&service, 5, 15 * SECOND, 9 * SECOND, 7, 0);
	assert_int_equal(service_owed_since(&service), NOW - 17 * SECOND);
	assert_int_equal(service_owed_count(&service), 8);
	/* The first of them asked in the tick of the last answer. */
	pend(&service, 6, 20 * SECOND + 5 * MILLISECOND, 17 * SECOND, 3, 0);
	assert_int_equal(service_owed_count(&service), 10);
	assert_int_equal(service_owed_since(&service), NOW - 20 * SECOND - 5 * MILLISECOND);
	pend(&service, 6, 31 * SECOND, 17 * SECOND, 3, 0);
	service.last_sent_ns = NOW - 16 * SECOND;
	assert_int_equal(service_owed_since(&service), NOW - 15 * SECOND);
	service.answered_ns = NOW - 10 * SECOND; /* on one that is gone */
	assert_int_equal(service_owed_since(&service), NOW - 9 * SECOND);
}

static void what_lies_unread_is_told_apart(void **state)
{
	struct service_record service;

	(void)state;
	answered(&service);
	pend(&service, 5, 15 * SECOND, 9 * SECOND, 7, 0);
	assert_int_equal(service_unread_since(&service), 0);
	pend(&service, 4, 7 * SECOND, 5 * SECOND, 2, 1);
	assert_int_equal(service_unread_since(&service), NOW - 7 * SECOND);
	/* Before the last answer, and nothing tells which of the younger ones lie unread. */
	service.oldest_unread_ns = NOW - 30 * SECOND;
	assert_int_equal(service_unread_since(&service), 0);
	pend(&service, 4, 7 * SECOND, 5 * SECOND, 2, 2);
	service.oldest_unread_ns = NOW - 30 * SECOND;
	assert_int_equal(service_unread_since(&service), NOW - 7 * SECOND);
}

/* Clients that ask again at once did so about when it last answered; and so does whoever acknowledges. */
static void what_came_about_the_last_answer_is_told_apart(void **state)
{
	struct service_record service;

	(void)state;
	answered(&service);
	assert_int_equal(service_near_since(&service), 0);
	pend(&service, 6, 0, 0, 3, 2);
	service.ages[6].oldest_ns = service.ages[6].newest_ns = service.ages[6].asked = 0;
	service.spans[6] = (struct service_span){NOW - 31 * SECOND, NOW - 20 * SECOND - SERVICE_NEAR_NS - MILLISECOND};
	assert_int_equal(service_near_since(&service), 0);
	assert_int_equal(service_near_count(&service), 0);
	service.spans[6].newest_ns = NOW - 20 * SECOND;
	assert_int_equal(service_near_since(&service), NOW - 20 * SECOND);
	service.spans[6].oldest_ns = NOW - 20 * SECOND - SERVICE_NEAR_NS;
	assert_int_equal(service_near_since(&service), NOW - 20 * SECOND - SERVICE_NEAR_NS);
	assert_int_equal(service_near_count(&service), 3);
	assert_int_equal(service_near_unread(&service), 2);
	assert_int_equal(service_owed_since(&service), 0);
	service.last_sent_ns = 0; /* it never answered */
	assert_int_equal(service_near_since(&service), 0);
}

/* ---- From look to look ---- */

struct run {
	struct service_history history;
	struct service_record seen;
	__u64 now;
};

static void see(struct run *run, __u64 sent_ns, __u64 asked_ns)
{
	struct buffer buffer = {0};
	struct service_record service;

	run->now += SECOND;
	answered(&service);
	service.seen_ns = run->now;
	service.last_sent_ns = sent_ns;
	if (asked_ns) {
		pend(&service, 0, 0, 0, 1, 0);
		service.ages[0].oldest_ns = service.ages[0].newest_ns = asked_ns;
	}
	assert_int_equal(buffer_append(&buffer, &service, sizeof(service)), 0);
	assert_int_equal(service_history_write(&run->history, &buffer), 0);
	memcpy(&run->seen, buffer.data, sizeof(run->seen));
	buffer_free(&buffer);
}

static void answers_are_remembered(void **state)
{
	struct run run = {.now = NOW};

	(void)state;
	see(&run, NOW, 0);
	assert_int_equal(run.seen.answers, 0);
	see(&run, NOW + SECOND, 0);
	assert_int_equal(run.seen.answers, 1);
	see(&run, 0, run.now); /* all those connections are gone */
	assert_int_equal(run.seen.answered_ns, NOW + SECOND);
	assert_int_equal(run.seen.owed_since_ns, NOW + 2 * SECOND);
	service_history_free(&run.history);
}

/* The client gives up and asks again: since the first of these it has been owed. */
static void who_asks_again_has_waited_all_the_time(void **state)
{
	struct run run = {.now = NOW};

	(void)state;
	see(&run, NOW, NOW + SECOND / 2);
	see(&run, NOW, NOW + 3 * SECOND / 2);
	see(&run, NOW, NOW + 5 * SECOND / 2);
	assert_int_equal(run.seen.owed_since_ns, NOW + SECOND / 2);
	see(&run, NOW, 0);
	assert_int_equal(run.seen.owed_since_ns, 0);
	service_history_free(&run.history);
}

/* Two stamps of one moment may differ by a tick. */
static void a_tick_is_no_answer(void **state)
{
	struct run run = {.now = NOW};

	(void)state;
	see(&run, NOW, NOW + SECOND / 2);
	see(&run, NOW + 4 * MILLISECOND, NOW + SECOND / 2);
	assert_int_equal(run.seen.answers, 0);
	assert_int_equal(run.seen.owed_since_ns, NOW + SECOND / 2);
	service_history_free(&run.history);
}

static void the_longest_two_pauses_are_kept(void **state)
{
	static const __u64 waits[] = {2, 5, 3, 1};
	struct run run = {.now = NOW};
	size_t i, j;

	(void)state;
	see(&run, run.now, 0);
	for (i = 0; i < COUNT_OF(waits); i++) {
		__u64 asked = run.now + SECOND / 2, sent = run.seen.last_sent_ns;

		for (j = 0; j < waits[i]; j++)
			see(&run, sent, asked);
		see(&run, run.now + SECOND / 2, 0);
	}
	assert_int_equal(run.seen.pauses_ns[0], 4 * SECOND + SECOND / 2);
	assert_int_equal(run.seen.pauses_ns[1], 2 * SECOND + SECOND / 2);
	assert_int_equal(run.seen.answers, 4);
	service_history_free(&run.history);
}

/* A quiet network namespace is scanned in turn, and what is gone for good is forgotten. */
static void what_a_look_left_out_is_kept(void **state)
{
	struct buffer none = {0};
	struct run run = {.now = NOW};
	int i;

	(void)state;
	see(&run, NOW, NOW + SECOND / 2);
	for (i = 0; i < 3; i++)
		assert_int_equal(service_history_write(&run.history, &none), 0);
	see(&run, NOW, NOW + SECOND);
	assert_int_equal(run.seen.owed_since_ns, NOW + SECOND / 2);
	for (i = 0; i < 1000; i++)
		assert_int_equal(service_history_write(&run.history, &none), 0);
	assert_int_equal(run.history.count, 0);
	service_history_free(&run.history);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_came_before_the_last_answer_does_not_count),
		cmocka_unit_test(what_lies_unread_is_told_apart),
		cmocka_unit_test(what_came_about_the_last_answer_is_told_apart),
		cmocka_unit_test(answers_are_remembered),
		cmocka_unit_test(who_asks_again_has_waited_all_the_time),
		cmocka_unit_test(a_tick_is_no_answer),
		cmocka_unit_test(the_longest_two_pauses_are_kept),
		cmocka_unit_test(what_a_look_left_out_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
