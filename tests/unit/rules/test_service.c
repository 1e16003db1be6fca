/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The rules about services, row by row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/array.h"
#include "base/clock.h"
#include "look/service_dates.h"
#include "rules/service.h"

#define NOW (10000 * NS_PER_S)
#define S   NS_PER_S

struct sample {
	struct service_record service;
	struct service_evidence evidence;
};

/* It answered 31 s ago, and three have waited for 30 s; nothing tells why. */
static void silent(struct sample *sample)
{
	struct service_record *service = &sample->service;

	service->seen_ns = NOW;
	service->connections = 5;
	service->answered = service->asked = 4;
	service->last_sent_ns = service->answered_ns = NOW - 31 * S;
	service->pending = 3;
	service->oldest_pending_ns = service->owed_since_ns = NOW - 30 * S;
	service->ages[6] =
		(struct service_age){.oldest_ns = NOW - 30 * S, .newest_ns = NOW - 20 * S, .count = 3, .asked = 3};
}

static void unread(struct sample *sample)
{
	silent(sample);
	sample->service.ages[6].unread = 3;
	sample->service.oldest_unread_ns = NOW - 30 * S;
}

static void unread_for_a_moment(struct sample *sample)
{
	unread(sample);
	sample->service.oldest_unread_ns = sample->service.ages[6].oldest_ns = NOW - 9 * S;
}

static void stopped(struct sample *sample)
{
	silent(sample);
	sample->evidence.cause = CAUSE_STOPPED;
	sample->evidence.certain = true;
	sample->evidence.doing = "all is stopped";
}

/* So might a long poll. */
static void waits_for_another(struct sample *sample)
{
	silent(sample);
	sample->evidence.cause = CAUSE_PEER;
	sample->evidence.awaits.peer = "10.0.0.5:5432";
	sample->evidence.doing = "it waits";
}

static void as_never_before(struct sample *sample)
{
	silent(sample);
	sample->service.answers = 5;
	sample->service.pauses_ns[0] = 20 * S;
	sample->service.pauses_ns[1] = 4 * S;
}

static void as_now_and_then(struct sample *sample)
{
	as_never_before(sample);
	sample->service.pauses_ns[1] = 6 * S;
}

static void asked_at_once(struct sample *sample)
{
	stopped(sample);
	sample->service.owed_since_ns = 0;
	sample->service.near_since_ns = NOW - 31 * S;
}

static void asked_at_once_and_the_cause_shows_it(struct sample *sample)
{
	asked_at_once(sample);
	sample->evidence.near_since_ns = sample->service.near_since_ns;
}

static void asked_at_once_as_never_before(struct sample *sample)
{
	as_never_before(sample);
	sample->service.owed_since_ns = 0;
	sample->evidence.near_likely_ns = NOW - 31 * S;
}

static void asked_at_once_too_rarely(struct sample *sample)
{
	asked_at_once_as_never_before(sample);
	sample->service.answers = 4;
}

static void seen_too_rarely(struct sample *sample)
{
	as_never_before(sample);
	sample->service.answers = 4;
}

static void one_alone(struct sample *sample)
{
	as_never_before(sample);
	sample->service.ages[6].count = sample->service.ages[6].asked = 1;
}

static void others_are_answered(struct sample *sample)
{
	unread(sample);
	sample->service.last_sent_ns = sample->service.answered_ns = NOW - S;
	sample->service.owed_since_ns = 0;
}

static void others_are_answered_by_others(struct sample *sample)
{
	others_are_answered(sample);
	sample->evidence.certain = true;
	sample->evidence.cause = CAUSE_STOPPED;
}

/* The last answer went out as this came: nothing tells yet that others still answer. */
static void answered_as_it_came(struct sample *sample)
{
	others_are_answered_by_others(sample);
	sample->service.last_sent_ns = sample->service.answered_ns = sample->service.oldest_unread_ns + S / 100;
	sample->service.owed_since_ns = NOW - 9 * S;
}

static void a_log(struct sample *sample)
{
	silent(sample);
	sample->service.answered = 0;
	sample->service.last_sent_ns = sample->service.answered_ns = 0;
}

static void a_log_that_is_not_read(struct sample *sample)
{
	a_log(sample);
	sample->service.oldest_unread_ns = NOW - 30 * S;
}

static void queued(struct sample *sample)
{
	sample->evidence.oldest_queued_ns = NOW - 12 * S;
	sample->evidence.accept_queue = 3;
	sample->evidence.accept_queue_max = 16;
}

static void queued_for_a_moment(struct sample *sample)
{
	queued(sample);
	sample->evidence.oldest_queued_ns = NOW - 9 * S;
}

static void nobody_asks(struct sample *sample)
{
	silent(sample);
	sample->service.pending = 0;
	sample->service.owed_since_ns = sample->service.oldest_pending_ns = 0;
	sample->service.ages[6] = (struct service_age){0};
}

static const struct {
	const char *name;
	void (*make)(struct sample *sample);
	const char *verdict, *why, *advice;
} cases[] = {
	{"silent", silent, "ok",
	 "5 connections; 3 requests wait, the oldest for 30.0 s; it last sent something 31.0 s ago", NULL},
	{"unread", unread, "not_answering",
	 "3 requests wait for an answer, the oldest for 30.0 s; nothing has gone out on any of its 5 connections for 31.0 s",
	 "see what the process is doing instead: sockstall threads -p 10"},
	{"unread for a moment", unread_for_a_moment, "ok", NULL, NULL},
	{"stopped", stopped, "not_answering",
	 "all is stopped; 3 requests wait for an answer, the oldest for 30.0 s; nothing has gone out on any of its 5 "
	 "connections for 31.0 s",
	 "resume it: kill -CONT 10"},
	{"waits for another", waits_for_another, "ok", NULL, NULL},
	{"as never before", as_never_before, "not_answering",
	 "3 requests wait for an answer, the oldest for 30.0 s: longer than ever since sockstall was started; nothing has "
	 "gone out on any of its 5 connections for 31.0 s",
	 NULL},
	{"as now and then", as_now_and_then, "ok", NULL, NULL},
	{"asked at once", asked_at_once, "ok", NULL, NULL},
	{"asked at once, and the cause shows it", asked_at_once_and_the_cause_shows_it, "not_answering",
	 "all is stopped; 3 requests wait for an answer, the oldest for 30.0 s; nothing has gone out on any of its 5 "
	 "connections for 31.0 s",
	 "resume it: kill -CONT 10"},
	{"asked at once, as never before", asked_at_once_as_never_before, "not_answering",
	 "3 requests wait for an answer, the oldest for 30.0 s: longer than ever since sockstall was started; nothing has "
	 "gone out on any of its 5 connections for 31.0 s",
	 NULL},
	{"asked at once, seen too rarely", asked_at_once_too_rarely, "ok", NULL, NULL},
	{"seen too rarely", seen_too_rarely, "ok", NULL, NULL},
	{"one alone", one_alone, "ok", NULL, NULL},
	{"others are answered", others_are_answered, "ok", NULL, NULL},
	{"others are answered by others", others_are_answered_by_others, "not_read",
	 "nginx (pid 10) has not read what came 30.0 s ago on one of its 5 connections", "resume it: kill -CONT 10"},
	{"answered as it came", answered_as_it_came, "ok", NULL, NULL},
	{"a log", a_log, "ok", "5 connections; it has not been seen to send anything", NULL},
	{"a log that is not read", a_log_that_is_not_read, "not_read", NULL, NULL},
	{"queued", queued, "not_answering",
	 "nginx (pid 10) has not accepted the oldest connection in its queue for 12.0 s; accept queue holds 3 (limit 16)",
	 NULL},
	{"queued for a moment", queued_for_a_moment, "ok", NULL, NULL},
	{"nobody asks", nobody_asks, "ok", "5 connections; no request waits; it last sent something 31.0 s ago", NULL},
};

static void judge(struct sample *sample, size_t at)
{
	*sample = (struct sample){
		.evidence = {.now_ns = NOW,
			     .min_age_ns = 10 * S,
			     .interval_ns = S,
			     .owner = "nginx (pid 10)",
			     .owner_pids = "10"},
	};
	sample->evidence.service = &sample->service;
	cases[at].make(sample);
}

static void by_the_table(void **state)
{
	struct arena arena = {0};
	struct sample sample;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++) {
		const struct service_rule *rule;

		judge(&sample, i);
		rule = service_verdict(&sample.evidence);
		print_message("%s: %s\n", cases[i].name, rule->verdict->name);
		assert_string_equal(rule->verdict->name, cases[i].verdict);
		if (cases[i].why)
			assert_string_equal(rule->why(&arena, &sample.evidence), cases[i].why);
		if (cases[i].advice)
			assert_string_equal(rule->advice(&arena, &sample.evidence), cases[i].advice);
		assert_int_equal(!!rule->since, severity_is_stuck(rule->severity));
		assert_int_equal(!!rule->advice, severity_is_stuck(rule->severity));
	}
	arena_free(&arena);
}

/* A service that was not counted (there was no room) is judged by its queue alone. */
static void without_counts(void **state)
{
	struct sample sample;
	struct arena arena = {0};
	const struct service_rule *rule;

	(void)state;
	judge(&sample, 0);
	sample.evidence.service = NULL;
	rule = service_verdict(&sample.evidence);
	assert_string_equal(rule->verdict->name, "ok");
	assert_string_equal(rule->why(&arena, &sample.evidence), "accept queue holds 0 (limit 0)");
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_the_table),
		cmocka_unit_test(without_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
