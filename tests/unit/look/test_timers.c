/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Predictions, against what the kernel's own formulas come to when worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "look/timers.h"
#include "system/tcp_states.h"

#define MS 1000000ULL
#define S  1000000000ULL

#define NOW (100000 * S)

/* ---- half-open ---- */

static struct request_record request(__u32 synack_retries)
{
	/* The first SYN-ACK was sent just now. */
	return (struct request_record){.first_synack_ns = NOW,
				       .seen_ns = NOW,
				       .timer_ns = NOW + S,
				       .timeout_ns = S,
				       .rto_max_ns = 120 * S,
				       .synack_retries = synack_retries};
}

static void test_synack_retries(void **state)
{
	struct request_record r = request(5);

	(void)state;
	/* 1 + 2 + 4 + 8 + 16 + 32: tcp(7) says 63 s for the default of 5. */
	assert_int_equal(timers_request_ends(&r, NULL, 0), NOW + 63 * S);
	r.synack_retries = 1;
	assert_int_equal(timers_request_ends(&r, NULL, 0), NOW + 3 * S);
	r.synack_retries = 0;
	assert_int_equal(timers_request_ends(&r, NULL, 0), NOW + S);
	r.synack_retries = 8; /* 255 s to the 7th doubling, then 120 s at a time */
	assert_int_equal(timers_request_ends(&r, NULL, 0), NOW + (127 + 120 + 120) * S);
}

static void test_synack_in_the_middle(void **state)
{
	struct request_record r = request(5);

	(void)state;
	r.num_timeout = 4; /* the 16 s wait has 6 s to go, then 32 s */
	r.timer_ns = NOW + 6 * S;
	assert_int_equal(timers_request_ends(&r, NULL, 0), NOW + 38 * S);
	r.num_timeout = 5;
	assert_int_equal(timers_request_ends(&r, NULL, 0), NOW + 6 * S);
}

/* Its listener has been closed: reqsk_timer_handler() drops it when the timer runs out. */
static void test_request_without_listener(void **state)
{
	struct request_record r = request(5);

	(void)state;
	r.orphaned = 1;
	assert_int_equal(timers_request_ends(&r, NULL, 0), NOW + S);
}

static void test_request_without_timer(void **state)
{
	struct request_record r = request(5);

	(void)state;
	r.timer_ns = 0;
	assert_true(timers_request_ends(&r, NULL, 0) == TIMERS_NEVER);
}

static void test_defer_accept(void **state)
{
	struct request_record r = request(5);

	(void)state;
	r.acked = 1;
	r.defer_accept = 7; /* waits on past the limit, but only for a peer that has acknowledged */
	assert_int_equal(timers_request_ends(&r, NULL, 0), NOW + (127 + 120) * S);
	r.acked = 0;
	assert_int_equal(timers_request_ends(&r, NULL, 0), NOW + 63 * S);
	r.acked = 1;
	r.defer_accept = 2;
	assert_int_equal(timers_request_ends(&r, NULL, 0), NOW + 63 * S);
}

static void test_syn_queue_pressure(void **state)
{
	struct listener_record l = {.accept_queue_max = 100, .syn_queue = 51, .syn_queue_young = 51};
	struct request_record r = request(5);

	(void)state;
	/* young * 2 = 102 > 51: the young have their half. */
	assert_int_equal(timers_request_ends(&r, &l, 0), NOW + 63 * S);
	l.syn_queue_young = 20; /* 40 <= 51: 4; 80 > 51 */
	assert_int_equal(timers_request_ends(&r, &l, 0), NOW + 31 * S);
	l.syn_queue_young = 0; /* never more than 51: down to 2 */
	assert_int_equal(timers_request_ends(&r, &l, 0), NOW + 7 * S);
	l.syn_queue = 50; /* not more than half full */
	assert_int_equal(timers_request_ends(&r, &l, 0), NOW + 63 * S);
}

/* ---- connect ---- */

static struct socket_record connecting(void)
{
	return (struct socket_record){.name = {.kind = SOCKET_KIND_TCP},
				      .seen_ns = NOW,
				      .first_sent_ns = NOW,
				      .flags = SOCKET_RETRANSMIT_TIMER,
				      .timer_ns = NOW + S,
				      .rto_ns = S,
				      .rto_max_ns = 120 * S,
				      .syn_retries = 6,
				      .packets_out = 1};
}

static void test_syn_retries(void **state)
{
	struct socket_record s = connecting();

	(void)state;
	assert_int_equal(timers_connect_ends(&s, 0), NOW + 127 * S);
	s.syn_retries = 1;
	assert_int_equal(timers_connect_ends(&s, 0), NOW + 3 * S);
	s = connecting();
	s.retransmits = 5;
	s.rto_ns = 32 * S;
	s.first_sent_ns = NOW - 31 * S;
	s.timer_ns = NOW + 32 * S;
	assert_int_equal(timers_connect_ends(&s, 0), NOW + 96 * S);
}

/* A read or write before the connection is there waits for the connection. */
static void test_syn_of_a_reader(void **state)
{
	struct socket_record s = connecting();

	(void)state;
	s.name.state = STATE_SYN_SENT;
	s.unacked_bytes = 1;
	s.syn_retries = 2;
	s.retries2 = 15;
	assert_int_equal(timers_read_ends(&s, NOW, 0).by, READ_END_CONNECT);
	assert_int_equal(timers_read_ends(&s, NOW, 0).at_ns, NOW + 7 * S);
	assert_int_equal(timers_write_ends(&s, NOW, 0).at_ns, NOW + 7 * S);
	s.name.state = STATE_ESTABLISHED;
	assert_int_equal(timers_read_ends(&s, NOW, 0).by, READ_END_RETRIES);
}

static void test_syn_linear_timeouts(void **state)
{
	struct socket_record s = connecting();

	(void)state;
	/* Documentation/networking/ip-sysctl.rst: with 4 of them and tcp_syn_retries 6 it is 131 s. */
	s.syn_linear_timeouts = 4;
	assert_int_equal(timers_connect_ends(&s, 0), NOW + 131 * S);
	/* 1 2 3 4 5 7, and there the 7 s that two retries are modelled as are over. */
	s.syn_retries = 2;
	assert_int_equal(timers_connect_ends(&s, 0), NOW + 7 * S);
}

static void test_connect_user_timeout(void **state)
{
	struct socket_record s = connecting();

	(void)state;
	s.user_timeout_ns = 10 * S; /* 1, 3, 7, then 3 s are left */
	assert_int_equal(timers_connect_ends(&s, 0), NOW + 10 * S);
}

/* ---- data in flight ---- */

static struct socket_record in_flight(void)
{
	return (struct socket_record){.name = {.kind = SOCKET_KIND_TCP},
				      .seen_ns = NOW,
				      .last_received_ns = NOW - S,
				      .last_ack_ns = NOW - S,
				      .flags = SOCKET_RETRANSMIT_TIMER,
				      .timer_ns = NOW + 200 * MS,
				      .rto_ns = 200 * MS,
				      .rto_max_ns = 120 * S,
				      .retries2 = 15,
				      .packets_out = 1,
				      .unacked_bytes = 100,
				      .snd_wnd = 1000};
}

static void assert_read_end(const struct socket_record *socket, enum read_end_by by, __u64 after_ns)
{
	struct read_end end = timers_read_ends(socket, NOW - S, 0);

	assert_int_equal(end.by, by);
	assert_int_equal(end.at_ns, NOW + after_ns);
}

static void test_retries2(void **state)
{
	struct socket_record s = in_flight();

	(void)state;
	/*
	 * The limit is 924.6 s, from the first retransmission at 0.2 s on. The timer runs out at
	 * 0.2 * (2^10 - 1) = 204.6 s, then every 120 s: at 924.6 s only 924.4 s are over.
	 */
	assert_read_end(&s, READ_END_RETRIES, 1044600 * MS);
	/* A real RTO is a little longer than 200 ms: 0.204 * 1023 + 6 * 120. */
	s.rto_ns = 204 * MS;
	s.timer_ns = NOW + 204 * MS;
	assert_read_end(&s, READ_END_RETRIES, 928692 * MS);
}

/*
 * As measured on Linux 6.18: retries2 3, RTO 204 ms, a tail loss probe at 0.2 s, the first
 * retransmission at 0.4 s. read() failed after 6.73 s.
 */
static void test_retries2_measured(void **state)
{
	struct socket_record s = in_flight();

	(void)state;
	s.retries2 = 3;
	s.rto_ns = 204 * MS;
	s.flags = SOCKET_LOSS_TIMER;
	s.timer_ns = NOW + 204 * MS;
	/* 0.408, 0.816, 1.632, 3.264 (2.856 s after the first: not yet 3.0), 6.528 */
	assert_read_end(&s, READ_END_RETRIES, 6528 * MS);
}

static void test_data_user_timeout(void **state)
{
	struct socket_record s = in_flight();

	(void)state;
	/* 0.2 (first), 0.6, 1.4, 3.0, then what is left of 3 s from the first. Measured the same way: 3.43 s. */
	s.user_timeout_ns = 3 * S;
	assert_read_end(&s, READ_END_USER_TIMEOUT, 3200 * MS);
	s.retransmits = 1;
	s.first_sent_ns = NOW - 100 * MS;
	s.rto_ns = 400 * MS;
	s.timer_ns = NOW + 300 * MS;
	assert_read_end(&s, READ_END_USER_TIMEOUT, 2900 * MS);
}

static void test_retransmission_counts_from_its_start(void **state)
{
	struct socket_record s = in_flight();

	(void)state;
	s.retransmits = 9;
	s.rto_ns = 102400 * MS;
	s.first_sent_ns = NOW - 102 * S;
	s.timer_ns = NOW + 102400 * MS;
	/* 204.4 after the first, then 120 s at a time: 6 more make 924.4, 7 make 1044.4. */
	assert_read_end(&s, READ_END_RETRIES, (102400 + 7 * 120000) * MS);
}

/* ---- keepalive ---- */

static struct socket_record kept_alive(void)
{
	return (struct socket_record){.name = {.kind = SOCKET_KIND_TCP},
				      .seen_ns = NOW,
				      .last_received_ns = NOW,
				      .last_ack_ns = NOW,
				      .flags = SOCKET_KEEPALIVE,
				      .keepalive_timer_ns = NOW + 7200 * S,
				      .keepalive_time_ns = 7200 * S,
				      .keepalive_intvl_ns = 75 * S,
				      .keepalive_probes = 9,
				      .retries2 = 15,
				      .rto_ns = 200 * MS,
				      .rto_max_ns = 120 * S,
				      .snd_wnd = 1000};
}

static void test_keepalive(void **state)
{
	struct socket_record s = kept_alive();

	(void)state;
	assert_read_end(&s, READ_END_KEEPALIVE, (7200 + 675) * S);
	s.probes_out = 3;
	s.last_received_ns = s.last_ack_ns = NOW - 7400 * S;
	s.keepalive_timer_ns = NOW + 20 * S; /* the 4th probe; the 10th firing ends it */
	assert_read_end(&s, READ_END_KEEPALIVE, (20 + 6 * 75) * S);
	assert_int_equal(timers_keepalive_probe_sent(&s), NOW - 55 * S);
}

static void test_keepalive_heard_since(void **state)
{
	struct socket_record s = kept_alive();

	(void)state;
	/* The timer was set before the last data came: it is only moved on when it fires. */
	s.keepalive_timer_ns = NOW + 1000 * S;
	assert_read_end(&s, READ_END_KEEPALIVE, (7200 + 675) * S);
}

static void test_keepalive_user_timeout(void **state)
{
	struct socket_record s = kept_alive();

	(void)state;
	s.keepalive_time_ns = 10 * S;
	s.keepalive_timer_ns = NOW + 10 * S;
	s.keepalive_intvl_ns = 3 * S;
	s.user_timeout_ns = 15 * S; /* probes at 10, 13, 16: at 16 more than 15 s have passed */
	assert_read_end(&s, READ_END_KEEPALIVE, 16 * S);
	s.user_timeout_ns = 5 * S; /* at least one probe has to be out */
	assert_read_end(&s, READ_END_KEEPALIVE, 13 * S);
}

static void test_keepalive_pauses(void **state)
{
	struct socket_record s = kept_alive();
	struct read_end end;

	(void)state;
	s.unsent_bytes = 10; /* tcp_keepalive_timer() does nothing while there is something to send */
	end = timers_read_ends(&s, NOW, 0);
	assert_int_equal(end.by, READ_END_NEVER);
	assert_true(end.at_ns == TIMERS_NEVER);
	assert_int_equal(timers_keepalive_probe_sent(&s), 0);
}

/* ---- the rest ---- */

static void test_never(void **state)
{
	struct socket_record s = kept_alive();

	(void)state;
	s.flags = 0;
	s.user_timeout_ns = 5 * S; /* alone it does nothing for a reader */
	assert_int_equal(timers_read_ends(&s, NOW, 0).by, READ_END_NEVER);
	assert_true(timers_read_ends(&s, NOW, 0).at_ns == TIMERS_NEVER);
}

static void test_rcvtimeo(void **state)
{
	struct socket_record s = kept_alive();

	(void)state;
	s.rcvtimeo_ns = 5 * S;
	assert_read_end(&s, READ_END_RCVTIMEO, 4 * S); /* asleep for a second */
	assert_int_equal(timers_read_ends(&s, 0, 0).at_ns, NOW + 5 * S); /* who knows for how long */
	s.rcvtimeo_ns = 10000 * S;
	assert_int_equal(timers_read_ends(&s, NOW - S, 0).by, READ_END_KEEPALIVE);
	s.name.kind = SOCKET_KIND_UDP;
	assert_int_equal(timers_read_ends(&s, NOW - S, 0).by, READ_END_RCVTIMEO);
}

static void test_window_probes(void **state)
{
	struct socket_record s = kept_alive();

	(void)state;
	s.flags = SOCKET_PROBE_TIMER;
	s.unsent_bytes = 100;
	s.snd_wnd = 0;
	s.timer_ns = NOW + 200 * MS;
	s.retries2 = 3; /* probes at 0.2, 0.6, 1.4; at 3.0 the three are unanswered */
	assert_read_end(&s, READ_END_WINDOW_PROBES, 3000 * MS);
	s.user_timeout_ns = S; /* counted from the first */
	assert_read_end(&s, READ_END_USER_TIMEOUT, 1200 * MS);
	s.probes_out = s.backoff = 1; /* the first was 0.1 s ago */
	s.timer_ns = NOW + 300 * MS;
	assert_read_end(&s, READ_END_USER_TIMEOUT, 900 * MS);
}

/* Probes at 0.2, 0.6, 1.4 and 3.0; the next would come at 6.2, but TCP_USER_TIMEOUT ends it all before. */
static void test_window_closed_since(void **state)
{
	struct socket_record s = kept_alive();

	(void)state;
	s.flags = SOCKET_PROBE_TIMER;
	s.backoff = 4;
	s.timer_ns = NOW + 3 * S;
	assert_int_equal(timers_window_closed_since(&s), NOW - 3200 * MS);
	s.user_timeout_ns = 6 * S;
	assert_int_equal(timers_window_closed_since(&s), NOW - 3200 * MS);
	s.user_timeout_ns = 4 * S; /* at 4.2 */
	s.timer_ns = NOW + S;
	assert_int_equal(timers_window_closed_since(&s), NOW - 3200 * MS);
}

/*
 * The peer answers each probe, which sets the count of them back, and its window stays closed: TCP_USER_TIMEOUT counts
 * from the first all the same. 5 probes, the last 0.4 s ago: 0.4 + 0.8 + 1.6 + 3.2 to that, 6.4 to the next.
 */
static void test_window_probes_answered(void **state)
{
	struct socket_record s = kept_alive();

	(void)state;
	s.flags = SOCKET_PROBE_TIMER;
	s.unsent_bytes = 100;
	s.snd_wnd = 0;
	s.probes_out = 0;
	s.backoff = 5;
	s.timer_ns = NOW + 6 * S;
	s.user_timeout_ns = 14 * S; /* 12.4 at the next probe, and 1.6 to go */
	assert_read_end(&s, READ_END_USER_TIMEOUT, 7600 * MS);
	s.retries2 = 5; /* the backoff goes no further: the first was 13 s ago */
	s.last_sent_ns = NOW - 13200 * MS;
	assert_read_end(&s, READ_END_USER_TIMEOUT, 6 * S);
	s.retries2 = 15;
	assert_read_end(&s, READ_END_USER_TIMEOUT, 7600 * MS);
	s.flags |= SOCKET_DEAD;
	assert_int_equal(timers_closing_ends(&s, 0), NOW + 7600 * MS);
	s.user_timeout_ns =
		0; /* as if the peer were gone from now on: 8 probes, at 6, 18.8, 44.4 ... s, then given up */
	assert_true(timers_closing_ends(&s, 0) > NOW + 100 * S);
}

/*
 * The window was closed with data in flight (the peer has no memory for it): what is sent again is not counted, and the
 * peer answers it. TCP_USER_TIMEOUT ends that nevertheless (tcp_rtx_probe0_timed_out()).
 */
static void test_closed_window_in_flight(void **state)
{
	struct socket_record s = in_flight();

	(void)state;
	s.snd_wnd = 0;
	s.backoff = 3;
	s.rto_ns = 1600 * MS;
	s.first_sent_ns = NOW - 2 * S;
	s.last_ack_ns = NOW - 600 * MS;
	s.timer_ns = NOW + S;
	s.user_timeout_ns = 8 * S; /* 3 s at the next, then 3.2 s, then what is left of 8 s */
	assert_read_end(&s, READ_END_USER_TIMEOUT, 6 * S);
	s.first_sent_ns = 0; /* nothing was sent again yet */
	s.last_sent_ns = NOW - 100 * MS;
	assert_read_end(&s, READ_END_USER_TIMEOUT, 7900 * MS);
	s.user_timeout_ns = 0; /* twice the longest RTO without a word */
	assert_int_equal(timers_read_ends(&s, NOW, 0).by, READ_END_RETRIES);
	assert_true(timers_read_ends(&s, NOW, 0).at_ns > NOW + 240 * S);
}

/* kernel/time/timer.c: at HZ 250 a timer of 16.2 s or more is rounded up to a multiple of 2.048 s. */
static void test_timer_wheel(void **state)
{
	struct socket_record s = kept_alive();
	const __u64 tick = 4 * MS;

	(void)state;
	s.flags = 0;
	s.rcvtimeo_ns = 20 * S;
	assert_int_equal(timers_read_ends(&s, NOW, tick).at_ns, NOW + 20 * S + 512 * tick / 2);
	s.rcvtimeo_ns = 10 * S;
	assert_int_equal(timers_read_ends(&s, NOW, tick).at_ns, NOW + 10 * S + 64 * tick / 2);
	s.rcvtimeo_ns = 100 * MS;
	assert_int_equal(timers_read_ends(&s, NOW, tick).at_ns, NOW + 100 * MS + tick / 2);
}

/* A recording may hold anything: it must come to an end, and not overflow. */
static void test_absurd_limits(void **state)
{
	struct request_record r = request(~0u);
	struct socket_record s = connecting();

	(void)state;
	assert_true(timers_request_ends(&r, NULL, 4 * MS) == TIMERS_NEVER);
	s.syn_retries = s.syn_linear_timeouts = ~0u;
	s.rto_ns = s.rto_max_ns = ~0ULL;
	timers_connect_ends(&s, ~0ULL);
	s = in_flight();
	s.retries2 = ~0u;
	s.timer_ns = ~0ULL - 1;
	timers_read_ends(&s, ~0ULL, 4 * MS);
	s = kept_alive();
	s.keepalive_probes = ~0u;
	s.keepalive_intvl_ns = 0;
	assert_int_equal(timers_read_ends(&s, NOW, 0).by, READ_END_NEVER);
	s.flags = SOCKET_PROBE_TIMER;
	s.probes_out = s.retries2 = s.backoff = ~0u;
	s.timer_ns = NOW;
	timers_read_ends(&s, NOW, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_synack_retries),
		cmocka_unit_test(test_synack_in_the_middle),
		cmocka_unit_test(test_request_without_listener),
		cmocka_unit_test(test_request_without_timer),
		cmocka_unit_test(test_defer_accept),
		cmocka_unit_test(test_syn_queue_pressure),
		cmocka_unit_test(test_syn_retries),
		cmocka_unit_test(test_syn_of_a_reader),
		cmocka_unit_test(test_syn_linear_timeouts),
		cmocka_unit_test(test_connect_user_timeout),
		cmocka_unit_test(test_retries2),
		cmocka_unit_test(test_retries2_measured),
		cmocka_unit_test(test_data_user_timeout),
		cmocka_unit_test(test_retransmission_counts_from_its_start),
		cmocka_unit_test(test_keepalive),
		cmocka_unit_test(test_keepalive_heard_since),
		cmocka_unit_test(test_keepalive_user_timeout),
		cmocka_unit_test(test_keepalive_pauses),
		cmocka_unit_test(test_never),
		cmocka_unit_test(test_rcvtimeo),
		cmocka_unit_test(test_window_probes),
		cmocka_unit_test(test_window_closed_since),
		cmocka_unit_test(test_window_probes_answered),
		cmocka_unit_test(test_closed_window_in_flight),
		cmocka_unit_test(test_timer_wheel),
		cmocka_unit_test(test_absurd_limits),
	};

	return cmocka_run_group_tests_name("timers", tests, NULL, NULL);
}
