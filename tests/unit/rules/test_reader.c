/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The rules about readers, row by row, and the rows that come of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <sys/syscall.h>

#include "make_look.h"
#include "reports/reports.h"
#include "rules/known.h"
#include "rules/reader.h"
#include "system/tcp_states.h"

#define NOW   (10000 * SECOND)
#define TICK  (4 * MILLISECOND)
#define ESTAB 1

/* ---- The table ---- */

/* A TCP socket of one minute ago on which each side said something, and nothing is going on. */
static struct socket_record quiet(void)
{
	return (struct socket_record){
		.name = {.kind = SOCKET_KIND_TCP, .state = ESTAB, .local_addr = {[15] = 8}, .peer_addr = {[15] = 9}},
		.seen_ns = NOW,
		.bytes_received = 100,
		.bytes_sent = 200,
		.last_received_ns = NOW - 60 * SECOND,
		.last_sent_ns = NOW - 60 * SECOND,
		.last_ack_ns = NOW - 60 * SECOND,
		.keepalive_time_ns = 7200 * SECOND,
		.keepalive_intvl_ns = 75 * SECOND,
		.keepalive_probes = 9,
		.retries2 = 15,
		.rto_ns = 200 * MILLISECOND,
		.rto_max_ns = 120 * SECOND,
		.snd_wnd = 1000,
	};
}

static void we_spoke(struct socket_record *socket)
{
	socket->last_sent_ns = NOW - 31 * SECOND;
	socket->last_ack_ns = NOW - 31 * SECOND;
}

static void peer_spoke(struct socket_record *socket)
{
	socket->last_received_ns = NOW - 31 * SECOND;
}

static void order_is_lost(struct socket_record *socket)
{
	socket->acked_after_received = 1;
	socket->last_ack_ns = NOW - 40 * SECOND;
}

static void nobody_spoke(struct socket_record *socket)
{
	socket->bytes_sent = socket->bytes_received = 0;
}

static void only_we_spoke(struct socket_record *socket)
{
	we_spoke(socket);
	socket->bytes_received = 0;
}

static void only_peer_spoke(struct socket_record *socket)
{
	peer_spoke(socket);
	socket->bytes_sent = 0;
}

/* Nobody answers it, and it says more long after it connected. */
static void stream(struct socket_record *socket)
{
	only_peer_spoke(socket);
}

/* Its data of the first second alone tells nothing; but looks saw more come. */
static void stream_by_looks(struct socket_record *socket)
{
	only_peer_spoke(socket);
	socket->last_sent_ns = socket->last_received_ns;
	socket->peer_repeats = 1;
}

/* It asked at once, and no answer came. */
static void first_data(struct socket_record *socket)
{
	only_peer_spoke(socket);
	socket->last_sent_ns = socket->last_received_ns;
}

/* And no answer to it. */
static void greeting(struct socket_record *socket)
{
	socket->bytes_received = 0;
}

/* We send, and nobody ever asked. */
static void feed(struct socket_record *socket)
{
	we_spoke(socket);
	socket->bytes_received = 0;
}

/* A greeting was answered, and then it told more and more. */
static void publisher(struct socket_record *socket)
{
	peer_spoke(socket);
	socket->data_segs_in = 9;
	socket->data_segs_out = 2;
}

static void talker_by_looks(struct socket_record *socket)
{
	peer_spoke(socket);
	socket->peer_repeats = 3;
	socket->peer_silence_ns = SECOND;
}

static void silent_as_before(struct socket_record *socket)
{
	peer_spoke(socket);
	socket->peer_repeats = 1;
	socket->peer_silence_ns = 20 * SECOND;
}

static void silent_for_longer(struct socket_record *socket)
{
	silent_as_before(socket);
	socket->peer_silence_ns = 2 * SECOND;
}

/* In flight, sent again twice, and silence for 3 s. */
static void unanswered(struct socket_record *socket)
{
	we_spoke(socket);
	socket->unacked_bytes = 50;
	socket->packets_out = 1;
	socket->retransmits = 2;
	socket->flags = SOCKET_RETRANSMIT_TIMER;
	socket->timer_ns = NOW + SECOND;
	socket->first_sent_ns = NOW - 2 * SECOND;
	socket->last_ack_ns = NOW - 3 * SECOND;
}

static void sent_again_once(struct socket_record *socket)
{
	unanswered(socket);
	socket->retransmits = 1;
}

/* Two timeouts, but the peer was heard half a second ago: a lossy path, no dead peer. */
static void heard_just_now(struct socket_record *socket)
{
	unanswered(socket);
	socket->last_ack_ns = NOW - SECOND / 2;
}

/* The peer sends again what we answered: our answers do not reach it. */
static void heard_but_not_acknowledged(struct socket_record *socket)
{
	heard_just_now(socket);
	socket->retransmits = 3;
}

/* Three timeouts within a second: the path may be that fast, and the third is under way. */
static void sent_again_in_no_time(struct socket_record *socket)
{
	heard_but_not_acknowledged(socket);
	socket->first_sent_ns = NOW - SECOND + 1;
}

static void two_probes_out(struct socket_record *socket)
{
	we_spoke(socket);
	socket->flags = SOCKET_KEEPALIVE;
	socket->probes_out = 2;
	socket->keepalive_time_ns = 10 * SECOND;
	socket->keepalive_intvl_ns = 20 * SECOND;
	socket->keepalive_timer_ns = NOW + 19800 * MILLISECOND; /* the last one was sent 0.2 s ago */
}

/* It may have been lost. */
static void probe_out_for_2_s(struct socket_record *socket)
{
	two_probes_out(socket);
	socket->probes_out = 1;
	socket->keepalive_timer_ns = NOW + 18 * SECOND;
}

/* An answer may still be on its way. */
static void probe_just_sent(struct socket_record *socket)
{
	two_probes_out(socket);
	socket->probes_out = 1;
}

/* Two probes were lost, and then data came, which the kernel does not take for an answer to them. */
static void probes_out_and_heard_since(struct socket_record *socket)
{
	two_probes_out(socket);
	socket->keepalive_timer_ns = NOW + 12 * SECOND;
	socket->last_received_ns = NOW - 7 * SECOND;
}

/* When the timer then ran out it was put off until there is silence again. */
static void timer_is_put_off(struct socket_record *socket)
{
	probes_out_and_heard_since(socket);
	socket->keepalive_time_ns = 100 * SECOND;
	socket->keepalive_timer_ns = socket->last_received_ns + 100 * SECOND;
}

/* The same, shortly before it runs out again. */
static void timer_runs_out_again(struct socket_record *socket)
{
	timer_is_put_off(socket);
	socket->last_received_ns = NOW - 90 * SECOND;
	socket->last_sent_ns = socket->last_ack_ns = NOW - 200 * SECOND;
	socket->keepalive_timer_ns = NOW + 10 * SECOND;
}

static void window_probes_out(struct socket_record *socket)
{
	we_spoke(socket);
	socket->flags = SOCKET_PROBE_TIMER;
	socket->unsent_bytes = 10;
	socket->snd_wnd = 0;
	socket->probes_out = 2;
	socket->timer_ns = NOW + SECOND;
}

/* The peer answers each probe: it is there, and slow. */
static void window_probes_answered(struct socket_record *socket)
{
	window_probes_out(socket);
	socket->probes_out = 0;
}

/* Nothing that the kernel takes for an answer, and yet the peer speaks. */
static void window_probes_out_and_heard_since(struct socket_record *socket)
{
	window_probes_out(socket);
	socket->backoff = 5; /* 6.4 s from one to the next */
	socket->last_received_ns = NOW - 4 * SECOND;
}

static void idle_6_min(struct socket_record *socket)
{
	socket->last_received_ns = NOW - 361 * SECOND;
	socket->last_sent_ns = socket->last_ack_ns = NOW - 360 * SECOND;
}

static void idle_5_min(struct socket_record *socket)
{
	socket->last_received_ns = NOW - 301 * SECOND;
	socket->last_sent_ns = socket->last_ack_ns = NOW - 300 * SECOND;
}

static void idle_6_min_loopback(struct socket_record *socket)
{
	static const __u8 address[16] = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1};

	idle_6_min(socket);
	memcpy(socket->name.peer_addr, address, sizeof(address));
}

/* One of its own addresses, and not the one that it was connected from. */
static void idle_6_min_own_address(struct socket_record *socket)
{
	static const __u8 address[16] = {[0] = 0xfd, [15] = 9};

	idle_6_min(socket);
	memcpy(socket->name.peer_addr, address, sizeof(address));
	memcpy(socket->name.local_addr, address, sizeof(address));
}

static void idle_6_min_kept_alive(struct socket_record *socket)
{
	idle_6_min(socket);
	socket->flags = SOCKET_KEEPALIVE;
	socket->keepalive_timer_ns = NOW + 6840 * SECOND;
}

static void idle_6_min_with_limit(struct socket_record *socket)
{
	idle_6_min(socket);
	socket->rcvtimeo_ns = 900 * SECOND;
}

/* Three SYNs are unanswered, and the fourth has been sent just now. */
static void connecting(struct socket_record *socket)
{
	unanswered(socket);
	socket->retransmits = 3;
	socket->rto_ns = 8 * SECOND;
	socket->timer_ns = NOW + 8 * SECOND;
	socket->first_sent_ns = NOW - 7 * SECOND;
	socket->name.state = STATE_SYN_SENT;
	socket->bytes_sent = socket->bytes_received = 0;
	socket->unacked_bytes = 1;
	socket->syn_retries = 6;
}

static void data_has_come(struct socket_record *socket)
{
	peer_spoke(socket);
	socket->unread_bytes = 7;
	socket->rcvlowat = 1;
}

static void less_has_come_than_it_waits_for(struct socket_record *socket)
{
	data_has_come(socket);
	socket->rcvlowat = 8;
}

static void unanswered_and_data_has_come(struct socket_record *socket)
{
	data_has_come(socket);
	unanswered(socket);
}

static void fin_has_come(struct socket_record *socket)
{
	peer_spoke(socket);
	socket->name.state = STATE_CLOSE_WAIT;
}

static void error_has_come(struct socket_record *socket)
{
	peer_spoke(socket);
	socket->sk_err = 104;
}

static void was_shut_down(struct socket_record *socket)
{
	we_spoke(socket);
	socket->shutdown = 1;
}

/* It has said all that it will, and waits for the answer to that. */
static void closed_its_side(struct socket_record *socket)
{
	we_spoke(socket);
	socket->name.state = STATE_FIN_WAIT2;
	socket->shutdown = 2;
}

static void is_udp(struct socket_record *socket)
{
	unanswered(socket);
	socket->name.kind = SOCKET_KIND_UDP;
}

static void is_pipe(struct socket_record *socket)
{
	socket->name.kind = SOCKET_KIND_PIPE;
}

#define CLIENT true
#define SERVER false

static const struct {
	void (*make)(struct socket_record *socket);
	bool client;
	const char *verdict;
	bool stuck;
} cases[] = {
	{is_udp, CLIENT, "waiting", false},
	{is_pipe, SERVER, "waiting", false},

	{unanswered, CLIENT, "peer_dead", true},
	{unanswered, SERVER, "peer_dead", true},
	{sent_again_once, CLIENT, "awaiting_reply", true},
	{sent_again_once, SERVER, "idle", false},
	{heard_just_now, CLIENT, "awaiting_reply", true},
	{heard_just_now, SERVER, "idle", false},
	{heard_but_not_acknowledged, CLIENT, "peer_dead", true},
	{heard_but_not_acknowledged, SERVER, "peer_dead", true},
	{sent_again_in_no_time, SERVER, "idle", false},
	{two_probes_out, CLIENT, "peer_dead", true},
	{two_probes_out, SERVER, "peer_dead", true},
	{probe_out_for_2_s, SERVER, "idle", false},
	{probe_out_for_2_s, CLIENT, "awaiting_reply", true},
	{probe_just_sent, SERVER, "idle", false},
	{probe_just_sent, CLIENT, "awaiting_reply", true},
	{probes_out_and_heard_since, CLIENT, "waiting", false},
	{timer_is_put_off, CLIENT, "waiting", false},
	{timer_runs_out_again, CLIENT, "waiting", false},
	{window_probes_out, SERVER, "peer_dead", true},
	{window_probes_answered, SERVER, "idle", false},
	{window_probes_out_and_heard_since, SERVER, "idle", false},

	{connecting, CLIENT, "awaiting_reply", true},
	{data_has_come, CLIENT, "waiting", false},
	{data_has_come, SERVER, "waiting", false},
	{less_has_come_than_it_waits_for, CLIENT, "reply_stopped", true},
	{less_has_come_than_it_waits_for, SERVER, "request_stopped", true},
	{unanswered_and_data_has_come, CLIENT, "peer_dead", true},
	{fin_has_come, CLIENT, "waiting", false},
	{fin_has_come, SERVER, "waiting", false},
	{error_has_come, SERVER, "waiting", false},
	{was_shut_down, CLIENT, "waiting", false},
	{closed_its_side, CLIENT, "awaiting_reply", true},

	{nobody_spoke, CLIENT, "awaiting_reply", true},
	{we_spoke, CLIENT, "awaiting_reply", true},
	{only_we_spoke, CLIENT, "awaiting_reply", true},
	{peer_spoke, CLIENT, "waiting", false},
	{only_peer_spoke, CLIENT, "waiting", false},
	{idle_6_min, CLIENT, "awaiting_reply", true},
	{order_is_lost, CLIENT, "waiting", false},
	{stream, CLIENT, "waiting", false},
	{order_is_lost, SERVER, "idle", false},

	{nobody_spoke, SERVER, "no_request", true},
	{greeting, SERVER, "no_request", true},
	{peer_spoke, SERVER, "request_stopped", true},
	{first_data, SERVER, "request_stopped", true},
	{stream, SERVER, "idle", false},
	{stream_by_looks, SERVER, "idle", false},
	{feed, SERVER, "idle", false},
	{publisher, SERVER, "idle", false},
	{talker_by_looks, SERVER, "idle", false},
	{silent_as_before, SERVER, "idle", false},
	{silent_for_longer, SERVER, "request_stopped", true},
	{we_spoke, SERVER, "idle", false},
	{idle_5_min, SERVER, "idle", false},
	{idle_6_min, SERVER, "maybe_dead", true},
	{idle_6_min_loopback, SERVER, "idle", false},
	{idle_6_min_own_address, SERVER, "idle", false},
	{idle_6_min_kept_alive, SERVER, "idle", false},
	{idle_6_min_with_limit, SERVER, "idle", false},
};

static struct reader_evidence evidence_of(const struct thread_record *thread, const struct socket_record *socket,
					  bool client)
{
	return (struct reader_evidence){.thread = thread,
					.socket = socket,
					.now_ns = NOW,
					.long_idle_ns = 300 * SECOND,
					.tick_ns = TICK,
					.client = client};
}

static void test_rules(void **state)
{
	const struct thread_record thread = {.pid = 10, .process_comm = "app"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct socket_record socket = quiet();
		struct reader_evidence evidence = evidence_of(&thread, &socket, cases[i].client);
		struct arena arena = {0};
		const struct reader_rule *rule;

		cases[i].make(&socket);
		evidence.spoke_last = reader_speaker(&socket, TICK);
		evidence.end = timers_read_ends(&socket, NOW - SECOND, TICK);
		rule = reader_verdict(&evidence);
		if (strcmp(rule->verdict->name, cases[i].verdict))
			print_error("case %zu\n", i);
		assert_string_equal(rule->verdict->name, cases[i].verdict);
		assert_int_equal(severity_is_stuck(rule->severity), cases[i].stuck);
		assert_int_equal(rule->severity > SEVERITY_NONE, cases[i].stuck);
		assert_true(strlen(rule->why(&arena, &evidence)) > 10);
		if (severity_is_stuck(rule->severity))
			assert_non_null(strstr(rule->advice(&arena, &evidence), "sockstall end "));
		arena_free(&arena);
	}
}

/* A request that waits for something to come, unless earlier ones were answered. */
static void test_by_design(void **state)
{
	const struct thread_record thread = {.pid = 10, .process_comm = "app"};
	struct socket_record socket = quiet();
	struct reader_evidence evidence = evidence_of(&thread, &socket, true);
	struct arena arena = {0};

	(void)state;
	only_we_spoke(&socket);
	evidence.spoke_last = SPEAKER_WE;
	assert_string_equal(reader_verdict(&evidence)->verdict->name, "awaiting_reply");
	evidence.served_by_design = true;
	assert_string_equal(reader_verdict(&evidence)->verdict->name, "waiting");
	assert_int_equal(reader_verdict(&evidence)->severity, SEVERITY_NONE);
	assert_non_null(strstr(reader_verdict(&evidence)->why(&arena, &evidence), "serves others meanwhile"));
	socket.bytes_received = 100;
	socket.data_segs_in = socket.data_segs_out = 5;
	socket.last_received_ns = socket.last_sent_ns - SECOND;
	assert_string_equal(reader_verdict(&evidence)->verdict->name, "awaiting_reply");
	assert_true(known_to_wait("redis-server"));
	assert_false(known_to_wait("redis-serve"));
	assert_false(known_to_wait("postgres"));
	arena_free(&arena);
}

/* A browser that connected in advance holds one thread of several: nobody waits for that. */
static void test_threads_to_spare(void **state)
{
	static const struct {
		__u32 threads, held;
		bool queue, is_finding;
		__u64 silent_s;
	} cases[] = {
		{1, 1, false, true, 20},  {3, 0, false, true, 20},  {2, 1, false, true, 20},   {3, 1, false, false, 20},
		{4, 2, false, true, 20},  {5, 2, false, false, 20}, {3, 1, true, true, 20},    {3, 1, false, true, 301},
		{9, 4, false, false, 20}, {9, 5, false, true, 20},  {9, 4, false, false, 299},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct thread_record thread = {.threads = cases[i].threads};
		struct socket_record socket = quiet();
		struct reader_evidence evidence = evidence_of(&thread, &socket, false);

		socket.bytes_received = socket.bytes_sent = 0;
		socket.last_received_ns = socket.last_sent_ns = evidence.now_ns - cases[i].silent_s * SECOND;
		evidence.held_threads = cases[i].held;
		evidence.others_queue = cases[i].queue;
		assert_string_equal(reader_verdict(&evidence)->verdict->name,
				    cases[i].is_finding ? "no_request" : "idle");
		assert_int_equal(reader_verdict(&evidence)->severity != SEVERITY_NONE, cases[i].is_finding);
	}
}

/* An alarm may end what the kernel would not: nothing is missing then, and nothing is suspected. */
static void test_alarm(void **state)
{
	struct thread_record thread = {.pid = 10, .process_comm = "app", .alarm_ns = NOW + 90 * SECOND};
	struct socket_record socket = quiet();
	struct reader_evidence evidence = evidence_of(&thread, &socket, CLIENT);
	const struct reader_rule *rule;
	struct arena arena = {0};

	(void)state;
	we_spoke(&socket);
	evidence.end = (struct read_end){READ_END_NEVER, TIMERS_NEVER};
	evidence.spoke_last = SPEAKER_WE;
	rule = reader_verdict(&evidence);
	assert_non_null(
		strstr(rule->why(&arena, &evidence), "; only its own alarm (SIGALRM in 90.0 s) can end this read"));
	assert_null(strstr(rule->advice(&arena, &evidence), "SO_RCVTIMEO"));
	evidence.end = (struct read_end){READ_END_KEEPALIVE, NOW + 100 * SECOND};
	assert_non_null(strstr(rule->why(&arena, &evidence), "; its own alarm (SIGALRM) interrupts it in 90.0 s"));

	idle_6_min(&socket);
	evidence.client = SERVER;
	evidence.end = (struct read_end){READ_END_NEVER, TIMERS_NEVER};
	assert_string_equal(reader_verdict(&evidence)->verdict->name, "idle");
	thread.alarm_ns = NOW;
	assert_string_equal(reader_verdict(&evidence)->verdict->name, "maybe_dead");
	arena_free(&arena);
}

/*
 * A client's first data, which nothing was ever answered: alone, and beside others of which that is known to be a
 * stream.
 */
static void test_first_data(void **state)
{
	const struct thread_record thread = {.pid = 10, .process_comm = "app"};
	struct socket_record socket = quiet();
	struct reader_evidence evidence = evidence_of(&thread, &socket, SERVER);

	(void)state;
	first_data(&socket);
	evidence.spoke_last = SPEAKER_PEER;
	evidence.patience_ns = 31 * SECOND;
	assert_string_equal(reader_verdict(&evidence)->verdict->name, "request_stopped");
	evidence.patience_ns++;
	assert_string_equal(reader_verdict(&evidence)->verdict->name, "idle");
	evidence.patience_ns = 0;
	evidence.beside_streams = true;
	assert_string_equal(reader_verdict(&evidence)->verdict->name, "idle");
}

/* A thread that reads whatever comes is no proof of a question that another one asked. */
static void test_reads_since_before(void **state)
{
	const struct thread_record thread = {.pid = 10, .process_comm = "app"};
	struct socket_record socket = quiet();
	struct reader_evidence evidence = evidence_of(&thread, &socket, CLIENT);

	(void)state;
	we_spoke(&socket);
	evidence.spoke_last = SPEAKER_WE;
	evidence.since_ns = NOW - 31 * SECOND;
	assert_string_equal(reader_verdict(&evidence)->verdict->name, "awaiting_reply");
	evidence.since_ns = NOW - 32 * SECOND;
	assert_string_equal(reader_verdict(&evidence)->verdict->name, "waiting");
	/* But if it was answered each time before ... */
	socket.data_segs_in = socket.data_segs_out = 5;
	assert_string_equal(reader_verdict(&evidence)->verdict->name, "awaiting_reply");
	socket.data_segs_out = 12;
	assert_string_equal(reader_verdict(&evidence)->verdict->name, "waiting");
}

/* More may be due to who waits behind it. */
static void test_link(void **state)
{
	const struct thread_record thread = {.pid = 10, .process_comm = "app"};
	struct socket_record socket = quiet();
	struct reader_evidence evidence = evidence_of(&thread, &socket, CLIENT);

	(void)state;
	peer_spoke(&socket);
	evidence.spoke_last = SPEAKER_PEER;
	assert_string_equal(reader_link_verdict(reader_verdict(&evidence))->name, "reply_stopped");
	evidence.spoke_last = SPEAKER_WE;
	assert_string_equal(reader_link_verdict(reader_verdict(&evidence))->name, "awaiting_reply");
}

/* A peek leaves the data in its place. */
static void test_peek(void **state)
{
	struct thread_record thread = {.pid = 10, .process_comm = "app", .syscall_name = "recvfrom"};
	struct socket_record socket = quiet();
	struct reader_evidence evidence = evidence_of(&thread, &socket, CLIENT);

	(void)state;
	data_has_come(&socket);
	evidence.spoke_last = SPEAKER_PEER;
	thread.args[2] = 2;
	assert_string_equal(reader_verdict(&evidence)->verdict->name, "waiting");
	thread.args[3] = 2; /* MSG_PEEK */
	assert_string_equal(reader_verdict(&evidence)->verdict->name, "reply_stopped");
	strcpy(thread.syscall_name, "recvmsg");
	assert_string_equal(reader_verdict(&evidence)->verdict->name, "reply_stopped");
	strcpy(thread.syscall_name, "read");
	assert_string_equal(reader_verdict(&evidence)->verdict->name, "waiting");
}

/* It ends as connect() does, and nothing more is said of the peer than is known. */
static void test_connecting(void **state)
{
	const struct thread_record thread = {.pid = 10, .process_comm = "app"};
	struct socket_record socket = quiet();
	struct reader_evidence evidence = evidence_of(&thread, &socket, CLIENT);
	struct arena arena = {0};

	(void)state;
	connecting(&socket);
	evidence.end = timers_read_ends(&socket, NOW - SECOND, 0);
	assert_string_equal(
		reader_verdict(&evidence)->why(&arena, &evidence),
		"not connected: no answer to our SYN for 7.0 s, retransmitted 3 times; the kernel gives up in 2 min 0 s");
	arena_free(&arena);
}

static void test_who_spoke_last(void **state)
{
	struct socket_record socket = quiet();

	(void)state;
	/* Both within a tick: only sequence numbers tell. */
	socket.last_sent_ns = NOW - 10 * SECOND;
	socket.last_received_ns = NOW - 10 * SECOND + TICK;
	socket.acked_after_received = 1;
	assert_int_equal(reader_speaker(&socket, TICK), SPEAKER_WE);
	socket.acked_after_received = 0;
	assert_int_equal(reader_speaker(&socket, TICK), SPEAKER_PEER);
	socket.last_sent_ns = socket.last_received_ns + TICK;
	assert_int_equal(reader_speaker(&socket, TICK), SPEAKER_PEER);
	socket.last_sent_ns = socket.last_received_ns + 3 * TICK;
	assert_int_equal(reader_speaker(&socket, TICK), SPEAKER_WE);
	socket.last_received_ns = socket.last_sent_ns + 3 * TICK;
	socket.acked_after_received = 1;
	assert_int_equal(reader_speaker(&socket, TICK), SPEAKER_PEER);
	socket.unacked_bytes = 1;
	assert_int_equal(reader_speaker(&socket, TICK), SPEAKER_WE);
	nobody_spoke(&socket);
	assert_int_equal(reader_speaker(&socket, TICK), SPEAKER_WE);
	socket.unacked_bytes = 0;
	assert_int_equal(reader_speaker(&socket, TICK), SPEAKER_NOBODY);
	socket.unsent_bytes = 1;
	assert_int_equal(reader_speaker(&socket, TICK), SPEAKER_WE);
}

/* A keepalive probe of ours was answered since: that moves snd_wl1 as the acknowledgement of our last data does. */
static void test_who_spoke_last_before_a_probe(void **state)
{
	struct socket_record socket = quiet();

	(void)state;
	socket.last_sent_ns = NOW - 10 * SECOND;
	socket.last_received_ns = NOW - 10 * SECOND + TICK;
	socket.acked_after_received = 1;
	socket.last_ack_ns = NOW - 3 * SECOND;
	assert_int_equal(reader_speaker(&socket, TICK), SPEAKER_UNKNOWN);
	socket.spoke_last = SPEAKER_PEER;
	assert_int_equal(reader_speaker(&socket, TICK), SPEAKER_PEER);
	socket.spoke_last = SPEAKER_WE;
	assert_int_equal(reader_speaker(&socket, TICK), SPEAKER_WE);
	socket.spoke_last = 7; /* of a recording */
	assert_int_equal(reader_speaker(&socket, TICK), SPEAKER_UNKNOWN);
	/* We acknowledged soon after our last data what came then. What an earlier look saw is stronger. */
	socket.flags |= SOCKET_ACKED_SINCE;
	assert_int_equal(reader_speaker(&socket, TICK), SPEAKER_PEER);
	socket.spoke_last = SPEAKER_WE;
	assert_int_equal(reader_speaker(&socket, TICK), SPEAKER_WE);
	socket.spoke_last = 0;
	socket.flags &= ~(unsigned int)SOCKET_ACKED_SINCE;
	socket.last_ack_ns = NOW - 10 * SECOND + 200 * MILLISECOND;
	assert_int_equal(reader_speaker(&socket, TICK), SPEAKER_WE);

	/* With the time of the acknowledgement of our last data it is exact. */
	socket.delivered_ns = NOW - 10 * SECOND + TICK;
	assert_int_equal(reader_speaker(&socket, TICK), SPEAKER_UNKNOWN);
	socket.last_ack_ns = NOW - 10 * SECOND + TICK;
	assert_int_equal(reader_speaker(&socket, TICK), SPEAKER_WE);
	socket.delivered_ns =
		NOW - 10 * SECOND + 44 * MILLISECOND; /* a delayed acknowledgement: nothing came with it */
	socket.last_ack_ns = NOW - 3 * SECOND;
	assert_int_equal(reader_speaker(&socket, TICK), SPEAKER_WE);
}

static void test_when_we_sent(void **state)
{
	struct socket_record socket = quiet();

	(void)state;
	socket.delivered_ns = NOW - 59 * SECOND;
	assert_int_equal(signs_sent(&socket), socket.last_sent_ns);
	unanswered(&socket);
	socket.last_sent_ns = NOW - SECOND;
	socket.delivered_ns = NOW - 20 * SECOND;
	assert_int_equal(signs_sent(&socket), NOW - 20 * SECOND);
	socket.delivered_ns = 0;
	assert_int_equal(signs_sent(&socket), NOW - SECOND);
	socket = quiet();
	socket.unsent_bytes = 7;
	socket.busy_since_ns = NOW - 9 * SECOND;
	assert_int_equal(signs_sent(&socket), NOW - 9 * SECOND);
}

/* ---- DNS servers, and accept queues ---- */

static const char *verdict_of(struct socket_record *socket, bool only_dns)
{
	struct thread_record thread = {.seen_ns = NOW};
	struct reader_evidence evidence = {.thread = &thread,
					   .socket = socket,
					   .now_ns = NOW,
					   .tick_ns = TICK,
					   .since_ns = NOW - 3 * SECOND,
					   .only_dns = only_dns,
					   .tries = 2};
	const struct reader_rule *rule = reader_verdict(&evidence);
	struct arena arena = {0};
	const char *why = rule->why(&arena, &evidence);

	if (rule->verdict->is & OWES_REPLY && socket->name.kind == SOCKET_KIND_UDP)
		assert_true(strstr(why, "has not answered for 3.0 s") && strstr(why, "at least try 2"));
	assert_true(!rule->advice || strlen(rule->advice(&arena, &evidence)) > 10);
	arena_free(&arena);
	return rule->verdict->name;
}

static void test_dns(void **state)
{
	struct socket_record socket = {.name = {.kind = SOCKET_KIND_UDP, .state = ESTAB, .peer_port = 53},
				       .flags = SOCKET_NEVER_HEARD};

	(void)state;
	assert_string_equal(verdict_of(&socket, false), "no_dns_answer");
	socket.name.peer_port = 54;
	assert_string_equal(verdict_of(&socket, true), "waiting");
	socket.name.peer_port = 53;
	socket.flags = 0; /* it has had answers: whether it awaits one more only such a poll tells */
	assert_string_equal(verdict_of(&socket, false), "waiting");
	assert_string_equal(verdict_of(&socket, true), "no_dns_answer");
	socket.name.kind = SOCKET_KIND_UNIX;
	assert_string_equal(verdict_of(&socket, true), "waiting");
	socket.flags = SOCKET_PEER_QUEUED;
	assert_string_equal(verdict_of(&socket, false), "awaiting_reply");
}

/* ---- The report ---- */

struct scene {
	struct look_builder builder;
	struct look look;
	struct report report;
	struct options options;
	struct thread_record *thread;
	struct socket_record *socket;
};

static int set_up(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	scene->options.scope.command = COMMAND_READERS;
	look_begin(&scene->builder, NOW);
	scene->thread = look_add_sleeping(&scene->builder, 10, 11, "worker", NOW - 31200 * MILLISECOND);
	strcpy(scene->thread->process_comm, "app");
	scene->thread->syscall = SYS_recvfrom;
	scene->thread->fd = 7;
	scene->socket = look_add_thread_socket(&scene->builder, SOCKET_KIND_TCP, ESTAB);
	scene->socket->flags |= SOCKET_AUTOBOUND;
	scene->socket->bytes_sent = 217;
	scene->socket->last_sent_ns = scene->socket->last_ack_ns = NOW - 31200 * MILLISECOND;
	scene->socket->last_received_ns = NOW - 40 * SECOND;
	*state = scene;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *scene = *state;

	report_free(&scene->report);
	look_free(&scene->look);
	free(scene);
	return 0;
}

static size_t run(struct scene *scene, const struct look *previous)
{
	look_finish(&scene->builder, &scene->look);
	assert_int_equal(report_readers.run(&scene->report, &scene->look, previous, &scene->options.scope), 0);
	return scene->report.count;
}

static void test_row(void **state)
{
	struct scene *scene = *state;
	const struct row *row;

	look_add_process(&scene->builder, 10,
			 "/docker/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
	assert_int_equal(run(scene, NULL), 1);
	row = scene->report.rows;
	assert_true(row->stuck);
	assert_int_equal(row->severity, SEVERITY_WAITING);
	assert_string_equal(row->verdict, "awaiting_reply");
	assert_string_equal(row->why,
			    "we sent 217 bytes 31.2 s ago; the peer acknowledged all of it, but has not replied; "
			    "no receive timeout, no keepalive: this read can wait forever");
	assert_string_equal(
		row->advice,
		"see what the process at 10.0.0.2:80 is doing; set a receive timeout (SO_RCVTIMEO) or SO_KEEPALIVE in app; "
		"to end the connection now: sockstall end local=10.0.0.1:4000 peer=10.0.0.2:80 netns=4026531840, or nsenter -t 11 -n "
		"ss -K 'src 10.0.0.1:4000 dst 10.0.0.2:80'");
	assert_int_equal(row->pid, 10);
	assert_int_equal(row->tid, 11);
	assert_string_equal(row->comm, "worker");
	assert_string_equal(row->process_comm, "app");
	assert_int_equal(row->fd, 7);
	assert_string_equal(row->container, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
	assert_string_equal(row->family, "inet");
	assert_string_equal(row->local_addr, "10.0.0.1");
	assert_int_equal(row->peer_port, 80);
	assert_int_equal(row->since_ns, LOOK_REALTIME_OFFSET + NOW - 31200 * MILLISECOND);
	assert_true(fabs(row->age_s - 31.2) < 1e-6);
	assert_string_equal(row->reader.syscall, "recvfrom");
	assert_string_equal(row->reader.kind, "tcp");
	assert_string_equal(row->reader.state, "ESTABLISHED");
	assert_string_equal(row->reader.role, "client");
	assert_true(isnan(row->reader.tcp.last_received_s)); /* it never sent any */
	assert_true(fabs(row->reader.tcp.last_sent_s - 31.2) < 1e-6);
	assert_int_equal(row->reader.keepalive, 0);
	assert_true(isnan(row->reader.returns_by_s));
}

static void test_young_is_not_stuck(void **state)
{
	struct scene *scene = *state;

	scene->thread->last_arrival = NOW - 900 * MILLISECOND;
	assert_int_equal(run(scene, NULL), 0);
}

static void test_young_with_all(void **state)
{
	struct scene *scene = *state;

	scene->options.scope.all = true;
	scene->thread->last_arrival = NOW - 900 * MILLISECOND;
	assert_int_equal(run(scene, NULL), 1);
	assert_false(scene->report.rows[0].stuck);
	assert_int_equal(scene->report.rows[0].severity, SEVERITY_NONE);
}

static void test_idle_server_is_not_shown(void **state)
{
	struct scene *scene = *state;

	scene->socket->flags = SOCKET_ACCEPTED | SOCKET_LISTENER_CHILD | SOCKET_AUTOBOUND;
	scene->socket->bytes_received = 10;
	assert_int_equal(run(scene, NULL), 0);
}

static void test_in_doubt_a_server(void **state)
{
	struct scene *scene = *state;

	scene->socket->flags = SOCKET_ACCEPTED;
	scene->socket->bytes_received = 10;
	assert_int_equal(run(scene, NULL), 0);
}

/* bind() with an address and no port leaves no flag: but our SYN was acknowledged, as a byte that no one wrote. */
static void test_bound_to_an_address(void **state)
{
	struct scene *scene = *state;

	scene->socket->flags = SOCKET_ACCEPTED;
	scene->socket->bytes_received = 10;
	scene->socket->bytes_acked = 218;
	assert_int_equal(run(scene, NULL), 1);
	assert_string_equal(scene->report.rows[0].reader.role, "client");
	assert_string_equal(scene->report.rows[0].verdict, "awaiting_reply");
}

static void test_bound_to_an_address_and_shut_down(void **state)
{
	struct scene *scene = *state;

	scene->socket->flags = SOCKET_ACCEPTED;
	scene->socket->name.state = 5; /* FIN_WAIT2: the FIN was acknowledged, too */
	scene->socket->bytes_received = 10;
	scene->socket->bytes_acked = 219;
	assert_int_equal(run(scene, NULL), 1);
	assert_string_equal(scene->report.rows[0].reader.role, "client");
}

/* Of a listener with a backlog of 0: its FIN is a byte, and no SYN. */
static void test_accepted_and_shut_down(void **state)
{
	struct scene *scene = *state;

	scene->socket->flags = SOCKET_ACCEPTED;
	scene->socket->name.state = 5;
	scene->socket->bytes_received = 10;
	scene->socket->bytes_acked = 218;
	assert_int_equal(run(scene, NULL), 0);
}

static void test_returns_by(void **state)
{
	struct scene *scene = *state;

	scene->socket->rcvtimeo_ns = 40 * SECOND;
	assert_int_equal(run(scene, NULL), 1);
	/* 8.8 s, and half of the 2.048 s that the timer may be late */
	assert_true(fabs(scene->report.rows[0].reader.returns_by_s - 9.824) < 1e-6);
	assert_non_null(strstr(scene->report.rows[0].why, "its receive timeout ends the read in 9.8 s"));
	assert_null(strstr(scene->report.rows[0].advice, "SO_RCVTIMEO"));
}

static void test_others_are_no_readers(void **state)
{
	struct scene *scene = *state;

	scene->options.scope.all = true;
	scene->thread->syscall = SYS_sendto;
	assert_int_equal(run(scene, NULL), 0);
}

static void test_awake_is_no_reader(void **state)
{
	struct scene *scene = *state;

	scene->options.scope.all = true;
	scene->thread->flags &= ~THREAD_SLEEPING;
	assert_int_equal(run(scene, NULL), 0);
}

static void test_unix_socket(void **state)
{
	struct scene *scene = *state;

	scene->options.scope.all = true;
	scene->socket->name.kind = SOCKET_KIND_UNIX;
	scene->socket->name.family = AF_UNIX;
	assert_int_equal(run(scene, NULL), 1);
	assert_string_equal(scene->report.rows[0].reader.kind, "unix");
	assert_string_equal(scene->report.rows[0].family, "unix");
	assert_string_equal(scene->report.rows[0].verdict, "waiting");
	assert_null(scene->report.rows[0].reader.role);
	assert_null(scene->report.rows[0].local_addr);
	assert_int_equal(scene->report.rows[0].reader.keepalive, -1);
	assert_false(scene->report.rows[0].stuck);
}

static void test_mapped_address(void **state)
{
	struct scene *scene = *state;

	scene->socket->name.family = AF_INET6; /* the addresses stay mapped */
	assert_int_equal(run(scene, NULL), 1);
	assert_string_equal(scene->report.rows[0].family, "inet");
	assert_string_equal(scene->report.rows[0].peer_addr, "10.0.0.2");
}

static void test_ipv6(void **state)
{
	struct scene *scene = *state;

	look_connect(&scene->socket->name, "2001:db8:0:0::1", 4000, "2001:db8::2", 80);
	scene->socket->name.netns++; /* the thread has gone elsewhere: it is the socket's that counts */
	assert_int_equal(run(scene, NULL), 1);
	assert_string_equal(scene->report.rows[0].family, "inet6");
	assert_string_equal(scene->report.rows[0].local_addr, "2001:db8::1");
	assert_non_null(
		strstr(scene->report.rows[0].advice,
		       "now: sockstall end 'local=[2001:db8::1]:4000' 'peer=[2001:db8::2]:80' netns=4026531841"));
	assert_null(strstr(scene->report.rows[0].advice, "ss -K"));
}

/* Without CONFIG_SCHED_INFO the age is what the look before proves, and no more is said than that. */
static void test_no_sched_info(void **state)
{
	struct scene *scene = *state;
	struct look_builder builder;
	struct look previous = {0};
	struct thread_record *thread;

	look_begin(&builder, NOW - 2 * SECOND);
	thread = look_add_sleeping(&builder, 10, 11, "worker", 0);
	thread->syscall = SYS_recvfrom;
	thread->fd = 7;
	look_add_thread_socket(&builder, SOCKET_KIND_TCP, ESTAB);
	look_finish(&builder, &previous);
	scene->thread->last_arrival = 0;
	assert_int_equal(run(scene, &previous), 1);
	assert_true(scene->report.rows[0].stuck);
	assert_int_equal(scene->report.rows[0].since_ns, 0);
	assert_true(fabs(scene->report.rows[0].age_s - 2) < 1e-6);
	assert_int_equal(scene->report.rows[0].age_at_least, true);
	look_free(&previous);
}

static void test_no_sched_info_first_look(void **state)
{
	struct scene *scene = *state;

	scene->thread->last_arrival = 0;
	assert_int_equal(run(scene, NULL), 0);
}

int main(void)
{
#define REPORT_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dns),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_first_data),
		cmocka_unit_test(test_reads_since_before),
		cmocka_unit_test(test_link),
		cmocka_unit_test(test_peek),
		cmocka_unit_test(test_connecting),
		cmocka_unit_test(test_who_spoke_last),
		cmocka_unit_test(test_who_spoke_last_before_a_probe),
		cmocka_unit_test(test_when_we_sent),
		REPORT_TEST(test_row),
		REPORT_TEST(test_young_is_not_stuck),
		REPORT_TEST(test_young_with_all),
		REPORT_TEST(test_idle_server_is_not_shown),
		REPORT_TEST(test_in_doubt_a_server),
		REPORT_TEST(test_bound_to_an_address),
		REPORT_TEST(test_bound_to_an_address_and_shut_down),
		REPORT_TEST(test_accepted_and_shut_down),
		cmocka_unit_test(test_by_design),
		cmocka_unit_test(test_threads_to_spare),
		cmocka_unit_test(test_alarm),
		REPORT_TEST(test_returns_by),
		REPORT_TEST(test_others_are_no_readers),
		REPORT_TEST(test_awake_is_no_reader),
		REPORT_TEST(test_unix_socket),
		REPORT_TEST(test_mapped_address),
		REPORT_TEST(test_ipv6),
		REPORT_TEST(test_no_sched_info),
		REPORT_TEST(test_no_sched_info_first_look),
	};

	return cmocka_run_group_tests_name("reader", tests, NULL, NULL);
}
