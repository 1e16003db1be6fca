/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Accept queues of unix sockets: what becomes of a look with some. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>

#include "make_look.h"
#include "reports/reports.h"

#define NOW	    (10000 * SECOND)
#define ESTABLISHED 1
#define SYN_SENT    2
#define CLOSE	    7

struct scene {
	struct look_builder builder;
	struct look look;
	struct report report;
	struct scope scope;
};

static int set_up(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	scene->scope.command = COMMAND_HANDSHAKES;
	look_begin(&scene->builder, NOW);
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

static void run(struct scene *scene)
{
	look_finish(&scene->builder, &scene->look);
	assert_int_equal(report_run(&scene->report, &scene->look, NULL, &scene->scope), 0);
}

/* Listens at /run/LETTER with a limit of 1. */
static struct listener_record *add_listener(struct scene *scene, char letter, __u32 queued)
{
	struct listener_record *listener = look_add(&scene->builder, RECORD_LISTENER, 0);

	look_name(&scene->builder, &listener->name, SOCKET_KIND_UNIX, 10);
	listener->seen_ns = NOW;
	listener->accept_queue = queued;
	listener->accept_queue_max = 1;
	listener->path_length = sizeof("/run/x");
	memcpy(listener->path, "/run/x", sizeof("/run/x"));
	listener->path[5] = letter;
	return listener;
}

static struct socket_record *add_queued(struct scene *scene, const struct listener_record *listener, __u64 client,
					__u64 first_seen_ns)
{
	struct socket_record *socket = look_add_socket(&scene->builder, SOCKET_KIND_UNIX, ESTABLISHED);

	socket->flags = SOCKET_FIRST_SEEN;
	socket->name.inode = 0;
	socket->listener_cookie = listener->name.cookie;
	socket->peer_inode = client;
	socket->entered_ns = first_seen_ns;
	socket->unread_bytes = 3;
	socket->connect_pid = 50;
	memcpy(socket->connect_comm, "client", sizeof("client"));
	return socket;
}

static const struct row *handshake(const struct scene *scene, size_t nth)
{
	size_t i;

	for (i = 0; i < scene->report.count; i++)
		if (scene->report.rows[i].type == ROW_HANDSHAKE && !nth--)
			return &scene->report.rows[i];
	return NULL;
}

static const struct row *listener_row(const struct scene *scene)
{
	size_t i;

	for (i = 0; i < scene->report.count; i++)
		if (scene->report.rows[i].type == ROW_LISTENER)
			return &scene->report.rows[i];
	return NULL;
}

static void a_connection_that_nobody_accepts(void **state)
{
	struct scene *scene = *state;
	struct listener_record *listener = add_listener(scene, 'a', 1);
	const struct row *row;

	look_add_owner(&scene->builder, &listener->name, 10, 5, "server");
	add_queued(scene, listener, 77, NOW - 3 * SECOND);
	run(scene);
	row = handshake(scene, 0);
	assert_non_null(row);
	assert_null(handshake(scene, 1));
	assert_string_equal(row->verdict, "not_accepted");
	assert_string_equal(row->path, "/run/a");
	assert_string_equal(row->handshake.stage, "ACCEPT_QUEUE");
	assert_string_equal(row->id, "handshake-4026531840-unix-77");
	assert_true(row->pid == 10 && row->fd == 5 && row->handshake.peer.pid == 50);
	assert_true(row->age_s == 3 && row->age_at_least && !row->since_ns);
	assert_true(row->handshake.bytes_waiting == 3 && row->handshake.syn_queue == NOT_KNOWN);
	assert_non_null(strstr(row->why, "at least 3.0 s, 3 bytes unread; server (pid 10)"));
	row = listener_row(scene);
	assert_string_equal(row->verdict, "not_accepting");
	assert_true(row->listener.drops == NOT_KNOWN && row->listener.half_open == NOT_KNOWN);
	assert_null(strstr(row->why, "half-open"));
}

/* Twin: just now, or of unknown age. */
static void a_young_one_is_no_finding(void **state)
{
	struct scene *scene = *state;
	struct listener_record *listener = add_listener(scene, 'a', 2);

	add_queued(scene, listener, 77, NOW)->flags = SOCKET_UNREAD_CUT;
	add_queued(scene, listener, 78, NOW - SECOND / 2);
	run(scene);
	assert_int_equal(scene->report.count, 0);
}

/* Its client's sleep, and whatever lies behind it. */
static void ages_of_a_queue(void **state)
{
	struct scene *scene = *state;
	struct listener_record *listener, *other;

	look_add_sleeping(&scene->builder, 50, 50, "client", NOW - 9 * SECOND)->syscall = 0;
	look_add_thread_socket(&scene->builder, SOCKET_KIND_UNIX, ESTABLISHED)->name.inode = 78;
	listener = add_listener(scene, 'a', 3);
	add_queued(scene, listener, 77, NOW - 2 * SECOND);
	add_queued(scene, listener, 78, NOW - 2 * SECOND);
	add_queued(scene, listener, 79, NOW - 2 * SECOND);
	other = add_listener(scene, 'b', 1);
	add_queued(scene, other, 80, NOW - 4 * SECOND);
	run(scene);
	assert_true(handshake(scene, 0)->age_s == 9 && handshake(scene, 1)->age_s == 9);
	assert_true(handshake(scene, 2)->age_s == 4 && handshake(scene, 3)->age_s == 2);
}

static struct thread_record *add_connecting(struct scene *scene, __u32 pid)
{
	struct thread_record *thread = look_add_sleeping(&scene->builder, pid, pid, "client", NOW - 9 * SECOND);

	thread->syscall = 42; /* connect */
	look_add_thread_socket(&scene->builder, SOCKET_KIND_UNIX, CLOSE);
	return thread;
}

static void add_waiter(struct scene *scene, const struct listener_record *listener, __u32 pid)
{
	struct socket_record *waiter = look_add_socket(&scene->builder, SOCKET_KIND_UNIX, SYN_SENT);

	waiter->flags = 0;
	waiter->name.inode = waiter->name.cookie = 0;
	waiter->listener_cookie = listener->name.cookie;
	waiter->connect_pid = waiter->connect_tid = pid;
}

static void a_thread_that_waits_for_room(void **state)
{
	struct scene *scene = *state;
	struct listener_record *first, *second;
	const struct row *row;

	add_connecting(scene, 50);
	first = add_listener(scene, 'a', 2);
	second = add_listener(scene, 'b', 2);
	(void)first;
	look_add_owner(&scene->builder, &second->name, 10, 5, "server");
	add_waiter(scene, second, 50);
	run(scene);
	row = handshake(scene, 0);
	assert_null(handshake(scene, 1));
	assert_string_equal(row->verdict, "accept_queue_full");
	assert_string_equal(row->handshake.stage, "CONNECT");
	assert_string_equal(row->handshake.side, "client");
	assert_string_equal(row->path, "/run/b");
	assert_true(row->pid == 50 && row->tid == 50 && row->fd == 3 && row->handshake.peer.pid == 10);
	assert_true(row->age_s == 9 && row->age_at_least == false && row->handshake.accept_queue == 2);
	assert_non_null(strstr(row->why, "connect has been blocked for 9.0 s: no room in the accept queue of /run/b"));
	assert_string_equal(listener_row(scene)->verdict, "accept_queue_full");
	assert_string_equal(listener_row(scene)->path, "/run/b");
}

/* unix_diag does not tell: the only full one of the namespace it must be; of two, either. */
static void without_a_record_of_who_waits(void **state)
{
	struct scene *scene = *state;
	struct listener_record *far;

	add_connecting(scene, 50);
	add_listener(scene, 'a', 2);
	add_listener(scene, 'b', 1);
	far = add_listener(scene, 'c', 2);
	far->name.netns = 1;
	run(scene);
	assert_string_equal(handshake(scene, 0)->path, "/run/a");
}

static void one_of_two_is_not_told(void **state)
{
	struct scene *scene = *state;

	add_connecting(scene, 50);
	add_listener(scene, 'a', 2);
	add_listener(scene, 'b', 2);
	run(scene);
	assert_string_equal(handshake(scene, 0)->verdict, "accept_queue_full");
	assert_null(handshake(scene, 0)->path);
	assert_null(listener_row(scene));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_connection_that_nobody_accepts),
		TEST(a_young_one_is_no_finding),
		TEST(ages_of_a_queue),
		TEST(a_thread_that_waits_for_room),
		TEST(without_a_record_of_who_waits),
		TEST(one_of_two_is_not_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
