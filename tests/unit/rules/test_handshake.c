/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The rules about handshakes and listeners, row by row, and the rows that come of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <math.h>

#include "make_look.h"
#include "reports/handshake_end.h"
#include "reports/reports.h"
#include "rules/handshake.h"
#include "rules/listener.h"

#define NOW	   (10000 * SECOND)
#define SYN_SENT   2
#define ESTAB	   1
#define CLOSE_WAIT 8

/* ---- The table of handshakes ---- */

static void silent(struct request_record *request, struct listener_record *listener)
{
	(void)listener;
	request->num_timeout = 2;
}

static void acked_and_full(struct request_record *request, struct listener_record *listener)
{
	request->acked = 1;
	listener->accept_queue = listener->accept_queue_max + 1;
}

static void acked_with_room(struct request_record *request, struct listener_record *listener)
{
	acked_and_full(request, listener);
	listener->accept_queue--; /* one more fits in than its limit says */
}

static void deferred(struct request_record *request, struct listener_record *listener)
{
	acked_with_room(request, listener);
	request->defer_accept = 1;
}

static void deferred_and_full(struct request_record *request, struct listener_record *listener)
{
	acked_and_full(request, listener);
	request->defer_accept = 1;
}

/* The time for data is over: even a bare ACK would do, if there were room. */
static void deferred_for_long_and_full(struct request_record *request, struct listener_record *listener)
{
	deferred_and_full(request, listener);
	request->num_timeout = request->defer_accept;
}

static void silent_at_deferring(struct request_record *request, struct listener_record *listener)
{
	(void)listener;
	request->defer_accept = 1;
}

static const struct {
	void (*make)(struct request_record *request, struct listener_record *listener);
	const char *verdict;
} request_cases[] = {
	{silent, "peer_silent"},
	{acked_and_full, "accept_queue_full"},
	{deferred, "deferred"},
	{deferred_and_full, "deferred"},
	{deferred_for_long_and_full, "accept_queue_full"},
	{silent_at_deferring, "peer_silent"},
	{acked_with_room, "accept_queue_full"},
};

static void test_requests(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(request_cases) / sizeof(request_cases[0]); i++) {
		struct listener_record listener = {.accept_queue_max = 5};
		struct request_record request = {.first_synack_ns = NOW - 2 * SECOND};
		struct handshake_evidence evidence = {.stage = STAGE_SYN_RECV,
						      .request = &request,
						      .listener = &listener,
						      .now_ns = NOW,
						      .since_ns = NOW - 2 * SECOND,
						      .min_age_ns = SECOND,
						      .ends_ns = NOW + SECOND};
		struct arena arena = {0};
		const struct handshake_rule *rule;

		request_cases[i].make(&request, &listener);
		rule = handshake_verdict(&evidence);
		assert_string_equal(rule->verdict->name, request_cases[i].verdict);
		assert_true(severity_is_stuck(rule->severity));
		assert_non_null(strstr(rule->why(&arena, &evidence), "2.0 s"));
		assert_non_null(rule->advice(&arena, &evidence));
		evidence.listener = NULL; /* gone meanwhile: nothing breaks */
		rule = handshake_verdict(&evidence);
		assert_non_null(rule->why(&arena, &evidence));
		assert_non_null(rule->advice(&arena, &evidence));
		evidence.since_ns = NOW - SECOND / 2;
		assert_string_equal(handshake_verdict(&evidence)->verdict->name, "young");
		assert_false(severity_is_stuck(handshake_verdict(&evidence)->severity));
		arena_free(&arena);
	}
}

/* When the age is not known, a timeout that has passed has to do. */
static void test_unknown_age(void **state)
{
	struct request_record request = {0};
	struct handshake_evidence evidence = {.stage = STAGE_SYN_RECV,
					      .request = &request,
					      .now_ns = NOW,
					      .min_age_ns = SECOND,
					      .ends_ns = TIMERS_NEVER};

	(void)state;
	assert_string_equal(handshake_verdict(&evidence)->verdict->name, "young");
	request.num_timeout = 1;
	assert_string_equal(handshake_verdict(&evidence)->verdict->name, "peer_silent");
}

/* ---- The table of listeners ---- */

static void full_for_long(struct listener_evidence *evidence, struct listener_record *listener)
{
	listener->accept_queue = 6;
	evidence->oldest_complete_ns = NOW - 2 * SECOND;
	evidence->stuck[HANDSHAKE_NOT_ACCEPTED] = 6;
}

/* A peak: full, but nothing has waited for long. */
static void full_just_now(struct listener_evidence *evidence, struct listener_record *listener)
{
	(void)evidence;
	listener->accept_queue = 6;
}

static void dropping(struct listener_evidence *evidence, struct listener_record *listener)
{
	full_just_now(evidence, listener);
	listener->full_since_ns = NOW - SECOND;
	evidence->drops_per_s = 3;
}

/* Younger than the least age of a stall. */
static void dropping_just_now(struct listener_evidence *evidence, struct listener_record *listener)
{
	dropping(evidence, listener);
	listener->full_since_ns++;
}

/* sk_drops also counts repeated SYNs: no evidence of anything. */
static void drops_alone(struct listener_evidence *evidence, struct listener_record *listener)
{
	(void)listener;
	evidence->drops_per_s = 1000;
}

static void many_silent(struct listener_evidence *evidence, struct listener_record *listener)
{
	listener->accept_queue_max = 4096;
	evidence->half_open = evidence->requests = 101;
	evidence->silent = 91;
	evidence->oldest_silent_ns = NOW - 5 * SECOND;
}

static void many_half_silent(struct listener_evidence *evidence, struct listener_record *listener)
{
	many_silent(evidence, listener);
	evidence->silent = 90;
}

static void many_unseen(struct listener_evidence *evidence, struct listener_record *listener)
{
	many_silent(evidence, listener);
	evidence->requests = evidence->silent = 0;
}

static void hundred_silent(struct listener_evidence *evidence, struct listener_record *listener)
{
	many_silent(evidence, listener);
	evidence->half_open = 100;
}

/* The SYN queue can take no more than its limit. */
static void syn_queue_is_full(struct listener_evidence *evidence, struct listener_record *listener)
{
	many_silent(evidence, listener);
	listener->accept_queue_max = 64;
	evidence->half_open = evidence->requests = evidence->silent = 58;
}

/* Without cookies tcp_conn_request() keeps a quarter of tcp_max_syn_backlog for peers that it knows. */
static void unproven_may_not_enter(struct listener_evidence *evidence, struct listener_record *listener)
{
	many_silent(evidence, listener);
	listener->accept_queue_max = 4096;
	listener->max_syn_backlog = 128;
	listener->syncookies = 0;
	evidence->half_open = evidence->requests = evidence->silent = 97;
}

static void room_with_cookies(struct listener_evidence *evidence, struct listener_record *listener)
{
	unproven_may_not_enter(evidence, listener);
	listener->syncookies = 1;
}

static void folded_silent(struct listener_evidence *evidence, struct listener_record *listener)
{
	many_half_silent(evidence, listener);
	evidence->requests = 1000;
	evidence->stuck[HANDSHAKE_PEER_SILENT] = 101;
}

static void folded_deferred(struct listener_evidence *evidence, struct listener_record *listener)
{
	(void)listener;
	evidence->stuck[HANDSHAKE_DEFERRED] = 101;
}

static void folded_full(struct listener_evidence *evidence, struct listener_record *listener)
{
	(void)listener;
	evidence->stuck[HANDSHAKE_QUEUE_FULL] = 101;
	evidence->oldest_complete_ns = NOW - 2 * SECOND;
}

static void one_not_accepted(struct listener_evidence *evidence, struct listener_record *listener)
{
	listener->accept_queue = 1;
	evidence->stuck[HANDSHAKE_NOT_ACCEPTED] = 1;
	evidence->oldest_complete_ns = NOW - 2 * SECOND;
}

static void one_kept_out(struct listener_evidence *evidence, struct listener_record *listener)
{
	(void)listener;
	evidence->stuck[HANDSHAKE_QUEUE_FULL] = 1;
	evidence->oldest_complete_ns = NOW - 2 * SECOND;
}

static void nothing(struct listener_evidence *evidence, struct listener_record *listener)
{
	(void)evidence;
	listener->accept_queue = 3;
}

static const struct {
	void (*make)(struct listener_evidence *evidence, struct listener_record *listener);
	const char *verdict;
} listener_cases[] = {
	{full_for_long, "accept_queue_full"},
	{full_just_now, "ok"},
	{folded_full, "accept_queue_full"},
	{one_kept_out, "ok"}, /* the handshake itself is shown */
	{dropping, "dropping"},
	{dropping_just_now, "ok"},
	{drops_alone, "ok"},
	{many_silent, "syn_flood"},
	{many_half_silent, "ok"},
	{many_unseen, "ok"},
	{hundred_silent, "ok"},
	{syn_queue_is_full, "syn_flood"},
	{unproven_may_not_enter, "syn_flood"},
	{room_with_cookies, "ok"},
	{folded_silent, "syn_flood"},
	{folded_deferred, "syn_flood"},
	{one_not_accepted, "not_accepting"},
	{nothing, "ok"},
};

static void test_listeners(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(listener_cases) / sizeof(listener_cases[0]); i++) {
		struct listener_record listener = {
			.accept_queue_max = 5, .somaxconn = 4096, .max_syn_backlog = 512, .syncookies = 1};
		struct listener_evidence evidence = {.listener = &listener,
						     .now_ns = NOW,
						     .min_age_ns = SECOND,
						     .drops_per_s = NAN,
						     .may_fold = true};
		struct arena arena = {0};
		const struct listener_rule *rule;

		listener_cases[i].make(&evidence, &listener);
		rule = listener_verdict(&evidence);
		if (strcmp(rule->verdict->name, listener_cases[i].verdict))
			print_error("case %zu\n", i);
		assert_string_equal(rule->verdict->name, listener_cases[i].verdict);
		assert_int_equal(severity_is_stuck(rule->severity), !!strcmp(rule->verdict->name, "ok"));
		assert_true(strlen(rule->why(&arena, &evidence)) > 10);
		if (severity_is_stuck(rule->severity))
			assert_non_null(rule->advice(&arena, &evidence));
		arena_free(&arena);
	}
}

/* ---- The report ---- */

struct scene {
	struct look_builder builder;
	struct look look;
	struct report report;
	struct options options;
};

static int set_up(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	scene->options.scope.command = COMMAND_HANDSHAKES;
	look_begin(&scene->builder, NOW)->tick_ns = 0;
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
	assert_int_equal(report_handshakes.run(&scene->report, &scene->look, previous, &scene->options.scope), 0);
	return scene->report.count;
}

static const struct row *find(const struct scene *scene, enum row_type type)
{
	size_t i;

	for (i = 0; i < scene->report.count; i++) {
		if (scene->report.rows[i].type == type)
			return &scene->report.rows[i];
	}
	return NULL;
}

static void assert_near(double value, double expected)
{
	assert_false(isnan(value));
	assert_true(fabs(value - expected) < 1e-6);
}

/* As many as in the column: nothing to explain. */
static void test_half_open_without_another_syn(void **state)
{
	struct scene *scene = *state;
	struct listener_record *listener = look_add_listener(&scene->builder, "0.0.0.0", 8080);
	struct request_record *request =
		look_add_request(&scene->builder, listener, "10.0.0.9", 4321, NOW - 4 * SECOND);

	request->num_timeout = request->num_retrans = 2;
	request->timer_ns = NOW + 3 * SECOND;
	assert_int_equal(run(scene, NULL), 1);
	assert_non_null(strstr(scene->report.rows[0].why, "retransmitted 2 times; the kernel"));
}

static void test_half_open(void **state)
{
	struct scene *scene = *state;
	struct listener_record *listener = look_add_listener(&scene->builder, "0.0.0.0", 8080);
	struct request_record *request =
		look_add_request(&scene->builder, listener, "10.0.0.9", 4321, NOW - 4 * SECOND);
	const struct row *row;

	listener->syn_queue = 1;
	request->name.cookie = 77;
	request->num_timeout = 2;
	request->num_retrans = 3;
	request->timer_ns = NOW + 3 * SECOND;
	look_address(request->name.local_addr, "10.0.0.1");
	look_add_owner(&scene->builder, &listener->name, 20, 5, "nginx");
	look_add_owner(&scene->builder, &listener->name, 21, 5, "nginx");
	look_add_owner(&scene->builder, &listener->name, 21, 6, "nginx");
	assert_int_equal(run(scene, NULL), 1);
	row = scene->report.rows;
	assert_string_equal(row->verdict, "peer_silent");
	assert_true(row->stuck);
	assert_string_equal(row->handshake.side, "server");
	assert_string_equal(row->handshake.stage, "SYN_RECV");
	assert_int_equal(row->handshake.retransmits, 2);
	assert_int_equal(row->handshake.retransmits_max, 5);
	assert_near(row->handshake.next_retransmit_s, 3);
	assert_near(row->handshake.gives_up_s, 3 + 8 + 16 + 32);
	assert_int_equal(row->handshake.syn_queue, 1);
	assert_int_equal(row->handshake.accept_queue_max, 128);
	assert_int_equal(row->handshake.bytes_waiting, NOT_KNOWN);
	assert_near(row->age_s, 4);
	assert_int_equal(row->pid, 20);
	assert_int_equal(row->fd, 5);
	assert_string_equal(row->comm, "nginx");
	assert_string_equal(row->id, "handshake-4026531840-77");
	assert_string_equal(
		row->why, "no ACK to our SYN-ACK for 4.0 s, retransmitted 3 times (2 by timer, 1 because the SYN came "
			  "again); the kernel gives up in 59.0 s");
}

static void test_connect(void **state)
{
	struct scene *scene = *state;
	struct socket_record *socket = look_add_socket(&scene->builder, SOCKET_KIND_TCP, SYN_SENT);
	const struct row *row;

	socket->flags = SOCKET_ACCEPTED | SOCKET_RETRANSMIT_TIMER;
	socket->first_sent_ns = NOW - 5 * SECOND;
	socket->timer_ns = NOW + 2 * SECOND;
	socket->rto_ns = 4 * SECOND;
	socket->retransmits = 2;
	socket->connect_pid = 30;
	socket->connect_tid = 31;
	strcpy(socket->connect_comm, "curl");
	assert_int_equal(run(scene, NULL), 1);
	row = scene->report.rows;
	assert_string_equal(row->verdict, "no_answer");
	assert_string_equal(row->handshake.side, "client");
	assert_int_equal(row->handshake.syn_queue, NOT_KNOWN);
	assert_near(row->handshake.gives_up_s, 122); /* 127 s less 5 */
	assert_int_equal(row->pid, 30);
	assert_int_equal(row->tid, 31);
	assert_string_equal(row->comm, "curl");
}

static struct socket_record *add_not_accepted(struct scene *scene, const char *local, __u16 port)
{
	struct socket_record *socket = look_add_socket(&scene->builder, SOCKET_KIND_TCP, ESTAB);

	socket->flags = SOCKET_LISTENER_CHILD;
	look_connect(&socket->name, local, port, "10.0.0.9", 4321);
	socket->last_sent_ns = NOW - 3 * SECOND;
	socket->unread_bytes = 42;
	return socket;
}

static void test_not_accepted(void **state)
{
	struct scene *scene = *state;
	struct listener_record *any = look_add_listener(&scene->builder, "0.0.0.0", 8080);
	struct listener_record *own = look_add_listener(&scene->builder, "10.0.0.1", 8080);
	const struct row *row;

	any->accept_queue = 1;
	look_add_owner(&scene->builder, &any->name, 20, 5, "wrong");
	look_add_owner(&scene->builder, &own->name, 21, 6, "right");
	add_not_accepted(scene, "10.0.0.1", 8080)->name.state = CLOSE_WAIT;
	assert_int_equal(run(scene, NULL), 2);
	row = find(scene, ROW_HANDSHAKE);
	assert_string_equal(row->verdict, "not_accepted");
	assert_string_equal(row->handshake.stage, "ACCEPT_QUEUE");
	assert_int_equal(row->handshake.bytes_waiting, 42);
	assert_true(isnan(row->handshake.gives_up_s));
	assert_string_equal(row->comm, "right");
	assert_non_null(
		strstr(row->why, "42 bytes unread; right (pid 21) has not accepted it; the accept queue holds"));
	row = find(scene, ROW_LISTENER);
	assert_string_equal(row->verdict, "not_accepting");
	assert_near(row->age_s, 3);
	assert_string_equal(row->local_addr, "10.0.0.1");
	assert_null(row->peer_addr);
	assert_string_equal(row->advice, "see what the process is doing instead: sockstall threads -p 21");
}

/* :: takes IPv4 too; of a group that shares the port, one whose queue is not empty is meant. */
static void test_listener_of_mapped(void **state)
{
	struct scene *scene = *state;
	struct listener_record *empty = look_add_listener(&scene->builder, "::", 8080);
	struct listener_record *waiting = look_add_listener(&scene->builder, "::", 8080);

	waiting->accept_queue = 1;
	look_add_owner(&scene->builder, &empty->name, 20, 5, "empty");
	look_add_owner(&scene->builder, &waiting->name, 21, 5, "waiting");
	add_not_accepted(scene, "10.0.0.1", 8080);
	run(scene, NULL);
	assert_string_equal(find(scene, ROW_HANDSHAKE)->comm, "waiting");
}

static void test_other_namespace(void **state)
{
	struct scene *scene = *state;
	struct listener_record *listener = look_add_listener(&scene->builder, "0.0.0.0", 8080);

	look_add_owner(&scene->builder, &listener->name, 20, 5, "elsewhere");
	listener->name.netns++;
	add_not_accepted(scene, "10.0.0.1", 8080);
	assert_int_equal(run(scene, NULL), 1);
	assert_null(scene->report.rows[0].comm);
	assert_int_equal(scene->report.rows[0].handshake.accept_queue, NOT_KNOWN);
}

/* The healthy twins: accepted, orphaned, and young. */
static void test_no_finding(void **state)
{
	struct scene *scene = *state;

	look_add_listener(&scene->builder, "0.0.0.0", 8080)->accept_queue = 3;
	add_not_accepted(scene, "10.0.0.1", 8080)->flags |= SOCKET_ACCEPTED;
	add_not_accepted(scene, "10.0.0.1", 8080)->flags |= SOCKET_DEAD;
	add_not_accepted(scene, "10.0.0.1", 8080)->last_sent_ns = NOW - SECOND / 2;
	assert_int_equal(run(scene, NULL), 0);
}

static void test_all(void **state)
{
	struct scene *scene = *state;

	scene->options.scope.all = true;
	look_add_listener(&scene->builder, "0.0.0.0", 8080)->accept_queue = 3;
	add_not_accepted(scene, "10.0.0.1", 8080)->last_sent_ns = NOW - SECOND / 2;
	assert_int_equal(run(scene, NULL), 2);
	assert_string_equal(find(scene, ROW_HANDSHAKE)->verdict, "young");
	assert_string_equal(find(scene, ROW_LISTENER)->verdict, "ok");
	assert_null(find(scene, ROW_LISTENER)->id);
	assert_true(isnan(find(scene, ROW_LISTENER)->listener.drops_per_s));
}

static void add_silent(struct scene *scene, const struct listener_record *listener, int count)
{
	int i;

	for (i = 0; i < count; i++) {
		struct request_record *request =
			look_add_request(&scene->builder, listener, "10.0.0.9", 1000 + i, NOW - (4 + i) * SECOND);

		request->num_timeout = 2;
		request->timer_ns = NOW + SECOND;
	}
}

static void test_hundred_are_shown(void **state)
{
	struct scene *scene = *state;

	add_silent(scene, look_add_listener(&scene->builder, "0.0.0.0", 8080), 100);
	assert_int_equal(run(scene, NULL), 100);
	assert_null(find(scene, ROW_LISTENER));
}

/* The SYN is for a listener of this machine: then it is said which process that is. */
static void test_connect_to_a_listener_here(void **state)
{
	struct scene *scene = *state;
	struct listener_record *listener = look_add_listener(&scene->builder, "0.0.0.0", 8080);
	const struct socket_name name = listener->name;
	struct socket_record *socket, *queued;
	const struct row *row;

	listener->accept_queue = 3;
	listener->accept_queue_max = 2;
	look_add_owner(&scene->builder, &name, 20, 5, "nginx");
	socket = look_add_socket(&scene->builder, SOCKET_KIND_TCP, SYN_SENT);
	look_connect(&socket->name, "127.0.0.1", 40000, "127.0.0.1", 8080);
	socket->flags = SOCKET_ACCEPTED | SOCKET_RETRANSMIT_TIMER;
	socket->first_sent_ns = NOW - 5 * SECOND;
	socket->retransmits = 2;
	queued = look_add_socket(&scene->builder, SOCKET_KIND_TCP, 1 /* TCP_ESTABLISHED */);
	look_connect(&queued->name, "127.0.0.1", 8080, "127.0.0.1", 40001);
	queued->listener_cookie = name.cookie;
	queued->flags = 0;
	queued->last_sent_ns = NOW - 5 * SECOND;
	assert_int_equal(run(scene, NULL), 3);
	row = find(scene, ROW_HANDSHAKE);
	assert_string_equal(row->verdict, "no_answer");
	assert_string_equal(row->advice,
			    "nginx (pid 20) listens there, on this machine; its accept queue is full (3, limit 2): see "
			    "what the process is doing instead: sockstall threads -p 20");
	assert_string_equal(row->cause, find(scene, ROW_LISTENER)->id);
	assert_string_equal(scene->report.rows[1].verdict, "not_accepted");
	assert_string_equal(scene->report.rows[1].cause, find(scene, ROW_LISTENER)->id);
}

static void test_more_are_folded(void **state)
{
	struct scene *scene = *state;
	const struct row *row;

	add_silent(scene, look_add_listener(&scene->builder, "0.0.0.0", 8080), 101);
	look_add_socket(&scene->builder, SOCKET_KIND_TCP, SYN_SENT)->first_sent_ns = NOW - 2 * SECOND;
	assert_int_equal(run(scene, NULL), 2);
	row = find(scene, ROW_LISTENER);
	assert_string_equal(row->verdict, "syn_flood");
	assert_int_equal(row->listener.half_open, 101);
	assert_near(row->listener.oldest_half_open_s, 104);
	assert_near(row->age_s, 104);
	assert_non_null(strstr(row->why, "101 half-open"));
	assert_string_equal(find(scene, ROW_HANDSHAKE)->verdict, "no_answer");
}

static void test_no_folding_with_peer(void **state)
{
	struct scene *scene = *state;

	scene->options.scope.selection.peer_given = true;
	add_silent(scene, look_add_listener(&scene->builder, "0.0.0.0", 8080), 101);
	assert_int_equal(run(scene, NULL), 102);
}

static void test_drops(void **state)
{
	struct scene *scene = *state;
	struct look_builder builder;
	struct look previous = {0};
	struct listener_record *listener;
	const struct row *row;

	look_begin(&builder, NOW - 2 * SECOND);
	listener = look_add_listener(&builder, "0.0.0.0", 8080);
	listener->drops = 0xfffffff0u; /* it wraps */
	listener->accept_queue = 129;
	look_finish(&builder, &previous);
	listener = look_add_listener(&scene->builder, "0.0.0.0", 8080);
	listener->drops = 14;
	listener->accept_queue = 129;
	listener->full_since_ns = NOW - 2 * SECOND;
	assert_int_equal(run(scene, &previous), 1);
	row = scene->report.rows;
	assert_string_equal(row->verdict, "dropping");
	assert_near(row->listener.drops_per_s, 15);
	assert_near(row->age_s, 2);
	look_free(&previous);
}

/* Its sockets are not there to judge it by. */
static void test_put_off(void **state)
{
	struct scene *scene = *state;
	struct listener_record *listener = look_add_listener(&scene->builder, "0.0.0.0", 8080);

	look_add_listener(&scene->builder, "0.0.0.0", 8081)->name.netns = 7;
	look_add_netns(&scene->builder, listener->name.netns, "flooded")->put_off = 1;
	look_add_netns(&scene->builder, 7, "quiet");
	((struct look_record *)(void *)scene->builder.records[0])->put_off = 1;
	scene->options.scope.all = true;
	assert_int_equal(run(scene, NULL), 1);
	assert_int_equal(scene->report.rows[0].netns, 7);
}

static void test_which_limit_binds(void **state)
{
	struct scene *scene = *state;
	struct listener_record *listener = look_add_listener(&scene->builder, "0.0.0.0", 8080);

	listener->accept_queue = 129;
	listener->somaxconn = 128;
	add_not_accepted(scene, "10.0.0.1", 8080);
	run(scene, NULL);
	assert_string_equal(find(scene, ROW_LISTENER)->verdict, "accept_queue_full");
	assert_non_null(strstr(find(scene, ROW_LISTENER)->advice, "raise net.core.somaxconn (now 128)"));
}

static void test_which_limit_binds_listen(void **state)
{
	struct scene *scene = *state;

	look_add_listener(&scene->builder, "0.0.0.0", 8080)->accept_queue = 129;
	add_not_accepted(scene, "10.0.0.1", 8080);
	run(scene, NULL);
	assert_non_null(strstr(find(scene, ROW_LISTENER)->advice, "raise the backlog of its listen call (now 128)"));
}

/* Socket activation: who has it, by pid; what is shown, and where to look. */
static void check_owners(struct scene *scene, __u32 manager, __u32 service, __s64 pid, const char *advice)
{
	struct listener_record *listener = look_add_listener(&scene->builder, "0.0.0.0", 8080);

	if (manager)
		look_add_owner(&scene->builder, &listener->name, manager, 40, "systemd");
	if (service)
		look_add_owner(&scene->builder, &listener->name, service, 3, "web");
	add_not_accepted(scene, "10.0.0.1", 8080);
	run(scene, NULL);
	assert_int_equal(find(scene, ROW_LISTENER)->pid, pid);
	assert_string_equal(find(scene, ROW_LISTENER)->advice, advice);
}

static void test_nothing_activated(void **state)
{
	check_owners(*state, 1, 0, 1,
		     "systemd (pid 1) listens for a service that has not taken over its socket: systemctl "
		     "list-sockets names the service, systemctl status says why");
}

static void test_activated(void **state)
{
	check_owners(*state, 1, 30, 30, "see what the process is doing instead: sockstall threads -p 30");
}

static void test_activated_by_a_user(void **state)
{
	check_owners(*state, 20, 30, 30, "see what the process is doing instead: sockstall threads -p 30");
}

/* As in a container. */
static void test_server_is_pid_1(void **state)
{
	check_owners(*state, 0, 1, 1, "see what the process is doing instead: sockstall threads -p 1");
}

/* The same id all the way; the stage is part of what makes a change. */
static void test_life_goes_on(void **state)
{
	struct scene *scene = *state;
	struct look_builder builder;
	struct look later = {0};
	struct report report = {0};
	struct request_record *request = look_add_request(
		&scene->builder, look_add_listener(&scene->builder, "0.0.0.0", 8080), "10.0.0.9", 1, NOW - 2 * SECOND);
	struct socket_record *socket;

	request->name.cookie = 77;
	assert_int_equal(run(scene, NULL), 1);
	look_begin(&builder, NOW + SECOND);
	socket = look_add_socket(&builder, SOCKET_KIND_TCP, ESTAB);
	socket->flags = 0;
	socket->name.cookie = 77;
	socket->last_sent_ns = NOW - SECOND;
	look_finish(&builder, &later);
	assert_int_equal(report_handshakes.run(&report, &later, &scene->look, &scene->options.scope), 0);
	assert_int_equal(report.count, 1);
	assert_string_equal(report.rows[0].id, scene->report.rows[0].id);
	assert_int_not_equal(report.rows[0].change_key, scene->report.rows[0].change_key);
	report_free(&report);
	look_free(&later);
}

static void test_how_it_ended(void **state)
{
	struct scene *scene = *state;
	struct socket_name name = {.cookie = 5};
	const struct row row = {.type = ROW_HANDSHAKE, .cookie = 6};

	look_add_event(&scene->builder, EVENT_SYN_RETRANSMIT, &name);
	look_add_event(&scene->builder, EVENT_CONNECTED, &name);
	name.cookie = 6;
	look_add_event(&scene->builder, EVENT_CONNECT_FAILED, &name)->error = ECONNREFUSED;
	look_finish(&scene->builder, &scene->look);
	assert_non_null(strstr(handshake_end_reason(&scene->look, 5), "connected"));
	assert_non_null(strstr(report_handshakes.why_closed(&scene->report.arena, &row, &scene->look), "refused"));
	assert_null(handshake_end_reason(&scene->look, 7));
	assert_null(handshake_end_reason(&scene->look, 0));
}

int main(void)
{
#define REPORT_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_unknown_age),
		cmocka_unit_test(test_listeners),
		REPORT_TEST(test_nothing_activated),
		REPORT_TEST(test_activated),
		REPORT_TEST(test_activated_by_a_user),
		REPORT_TEST(test_server_is_pid_1),
		REPORT_TEST(test_half_open),
		REPORT_TEST(test_half_open_without_another_syn),
		REPORT_TEST(test_connect),
		REPORT_TEST(test_connect_to_a_listener_here),
		REPORT_TEST(test_not_accepted),
		REPORT_TEST(test_listener_of_mapped),
		REPORT_TEST(test_other_namespace),
		REPORT_TEST(test_no_finding),
		REPORT_TEST(test_all),
		REPORT_TEST(test_hundred_are_shown),
		REPORT_TEST(test_more_are_folded),
		REPORT_TEST(test_no_folding_with_peer),
		REPORT_TEST(test_drops),
		REPORT_TEST(test_put_off),
		REPORT_TEST(test_which_limit_binds),
		REPORT_TEST(test_which_limit_binds_listen),
		REPORT_TEST(test_life_goes_on),
		REPORT_TEST(test_how_it_ended),
	};

	return cmocka_run_group_tests_name("handshake", tests, NULL, NULL);
}
