/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Turns of a conversation: patterns of traffic, one look after the other. A tick is 4 ms here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "turns.h"

#define TICKS(ms) ((ms) / 4)
#define PORTS	  0x12345678

struct talk {
	struct turns turns;
	struct turns_now now;
	__u32 clock;
};

/* Near where the ticks wrap. */
static struct talk begin(void)
{
	struct talk talk = {.now = {.silence = TICKS(200)}, .clock = 0xffffff00u};

	talk.now.sent_at = talk.now.received_at = talk.clock;
	turns_step(&talk.turns, &talk.now, PORTS);
	return talk;
}

static void pass(struct talk *talk, __u32 ms)
{
	talk->clock += TICKS(ms);
}

static void we(struct talk *talk)
{
	talk->now.sent += 100;
	talk->now.segments++;
	talk->now.sent_at = talk->clock;
}

static void peer(struct talk *talk)
{
	talk->now.received += 100;
	talk->now.received_at = talk->clock;
}

static void look(struct talk *talk)
{
	turns_step(&talk->turns, &talk->now, PORTS);
}

/* A question, its answer, and a look after that. */
static void exchange(struct talk *talk, __u32 pause_ms, __u32 answer_ms)
{
	pass(talk, pause_ms);
	we(talk);
	pass(talk, answer_ms);
	peer(talk);
	look(talk);
}

static void answered_questions_are_counted(void **state)
{
	struct talk talk = begin();

	(void)state;
	for (int i = 0; i < 5; i++)
		exchange(&talk, 2000, 12);
	exchange(&talk, 2000, 400);
	assert_int_equal(talk.turns.answered, 6);
	assert_int_equal(talk.turns.twice, 0);
	assert_int_equal(talk.turns.open, TURN_NONE);
	assert_int_equal(talk.turns.slowest, TICKS(400));
	assert_int_equal(talk.turns.second, TICKS(12));
	pass(&talk, 2000);
	we(&talk);
	look(&talk);
	assert_int_equal(talk.turns.open, TURN_BEGAN);
	assert_int_equal(talk.turns.bursts, 1);
}

static void an_answer_after_some_looks(void **state)
{
	struct talk talk = begin();

	(void)state;
	pass(&talk, 500);
	we(&talk);
	look(&talk);
	pass(&talk, 1000);
	look(&talk);
	assert_int_equal(talk.turns.open, TURN_BEGAN);
	pass(&talk, 1000);
	peer(&talk);
	look(&talk);
	assert_int_equal(talk.turns.open, TURN_NONE);
	assert_int_equal(talk.turns.answered, 1);
	assert_int_equal(talk.turns.slowest, TICKS(2000));
}

/* The server pings, and we answer at once: nothing is open. */
static void a_pong_is_no_question(void **state)
{
	struct talk talk = begin();

	(void)state;
	for (int i = 0; i < 4; i++) {
		pass(&talk, 10000);
		peer(&talk);
		look(&talk);
		pass(&talk, 4);
		we(&talk);
		look(&talk);
		assert_int_equal(talk.turns.open, TURN_NONE);
	}
	/* Both between two looks. */
	pass(&talk, 10000);
	peer(&talk);
	pass(&talk, 4);
	we(&talk);
	look(&talk);
	assert_int_equal(talk.turns.open, TURN_NONE);
	assert_int_equal(talk.turns.answered, 0);
}

/* It talks on without an answer: one turn, of many bursts. */
static void a_sender_waits_for_nothing(void **state)
{
	struct talk talk = begin();

	(void)state;
	for (int i = 0; i < 10; i++) {
		pass(&talk, 3000);
		we(&talk);
		look(&talk);
	}
	assert_int_equal(talk.turns.answered, 0);
	assert_int_equal(talk.turns.bursts, 10);
	peer(&talk);
	look(&talk);
	assert_int_equal(talk.turns.answered, 1);
	assert_int_equal(talk.turns.twice, 1);
}

/* A program that asks again at once is in a turn of its own kind. */
static void at_once(void **state)
{
	struct talk talk = begin();

	(void)state;
	exchange(&talk, 2000, 12);
	pass(&talk, 12);
	we(&talk);
	look(&talk);
	assert_int_equal(talk.turns.open, TURN_AT_ONCE);
	/* An acknowledgement, as it turns out: now we ask. */
	pass(&talk, 3000);
	we(&talk);
	look(&talk);
	assert_int_equal(talk.turns.open, TURN_BEGAN);
	assert_int_equal(talk.turns.bursts, 1);
}

/* Faster than looks and ticks: each look finds many turns, and ours the last word. */
static void many_at_once(void **state)
{
	struct talk talk = begin();

	(void)state;
	talk.now.we_in_tick = 1;
	for (int i = 0; i < 6; i++) {
		pass(&talk, 500);
		for (int j = 0; j < 10; j++) {
			we(&talk);
			peer(&talk);
		}
		we(&talk);
		look(&talk);
		assert_int_equal(talk.turns.open, TURN_AT_ONCE);
	}
	assert_int_equal(talk.turns.at_once, 5);
	assert_int_equal(talk.turns.pongs, 0);
	assert_int_equal(talk.turns.peer_burst, 1000);
	assert_int_equal(talk.turns.answered, 0);
	assert_false(talk.turns.talks);
	/* So that was no question. */
	pass(&talk, 3000);
	we(&talk);
	look(&talk);
	assert_true(talk.turns.talks);
}

/* A program that gets one thing after the other, and says at once that it has it. */
static void acknowledgements_are_pongs(void **state)
{
	struct talk talk = begin();

	(void)state;
	for (int i = 0; i < 6; i++) {
		pass(&talk, 1500);
		peer(&talk);
		pass(&talk, 4);
		we(&talk);
		look(&talk);
	}
	assert_int_equal(talk.turns.pongs, 6);
	assert_int_equal(talk.turns.at_once, 0);
	assert_int_equal(talk.turns.open, TURN_NONE);
}

static void what_was_before_is_not_known(void **state)
{
	struct talk talk = {.now = {.sent = 100, .received = 50, .sent_at = 500, .received_at = 100, .silence = 50}};

	(void)state;
	look(&talk);
	assert_int_equal(talk.turns.open, TURN_UNKNOWN);
	talk.clock = 900;
	peer(&talk);
	look(&talk);
	assert_int_equal(talk.turns.open, TURN_NONE);
	assert_int_equal(talk.turns.answered, 0);
}

/* The times of one that never heard anything are those of its connect. */
static void a_first_question(void **state)
{
	struct talk talk = {.now = {.sent = 100, .sent_at = 500, .received_at = 500, .silence = 50}};

	(void)state;
	look(&talk);
	assert_int_equal(talk.turns.open, TURN_UNKNOWN);
	assert_int_equal(talk.turns.bursts, 1);
}

/* An address that another connection has now. */
static void another_connection_begins_anew(void **state)
{
	struct talk talk = begin();

	(void)state;
	exchange(&talk, 2000, 12);
	exchange(&talk, 2000, 12);
	turns_step(&talk.turns, &talk.now, PORTS + 1);
	assert_int_equal(talk.turns.answered, 0);
	exchange(&talk, 2000, 12);
	talk.now.sent = 1;
	look(&talk);
	assert_int_equal(talk.turns.answered, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answered_questions_are_counted),
		cmocka_unit_test(an_answer_after_some_looks),
		cmocka_unit_test(a_pong_is_no_question),
		cmocka_unit_test(a_sender_waits_for_nothing),
		cmocka_unit_test(at_once),
		cmocka_unit_test(many_at_once),
		cmocka_unit_test(acknowledgements_are_pongs),
		cmocka_unit_test(what_was_before_is_not_known),
		cmocka_unit_test(a_first_question),
		cmocka_unit_test(another_connection_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
