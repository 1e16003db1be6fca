/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "look/signs.h"
#include "look/spoken.h"
#include "socket_record.h"
#include "system/tcp_states.h"

#define SECOND 1000000000ULL
#define TICK   4000000ULL

/* Both spoke at 10 s, the peer last. */
static struct socket_record connection(__u64 inode)
{
	return (struct socket_record){
		.header = {RECORD_SOCKET, sizeof(struct socket_record)},
		.name = {.kind = SOCKET_KIND_TCP, .state = STATE_ESTABLISHED, .inode = inode},
		.bytes_sent = 10,
		.bytes_received = 20,
		.last_sent_ns = 10 * SECOND,
		.last_received_ns = 10 * SECOND,
		.last_ack_ns = 10 * SECOND,
		.delivered_ns = 10 * SECOND,
	};
}

static void probe_is_answered(struct socket_record *socket)
{
	socket->last_ack_ns = 13 * SECOND;
	socket->acked_after_received = 1;
}

/* One look. */
static void look(struct spoken_looks *looks, struct socket_record *sockets, size_t count)
{
	struct buffer buffer = {0};
	size_t i;

	assert_int_equal(buffer_append(&buffer, sockets, count * sizeof(*sockets)), 0);
	assert_int_equal(spoken_write(looks, &buffer, TICK), 0);
	for (i = 0; i < count; i++)
		sockets[i] = ((struct socket_record *)(void *)buffer.data)[i];
	buffer_free(&buffer);
}

static void test_probe_answered_since(void **state)
{
	struct spoken_looks looks = {0};
	struct socket_record sockets[] = {connection(9), connection(5)};
	struct socket_record late = connection(7);

	(void)state;
	look(&looks, sockets, 2);
	assert_int_equal(sockets[0].spoke_last, SPEAKER_PEER);
	probe_is_answered(&sockets[0]);
	probe_is_answered(&sockets[1]);
	look(&looks, sockets, 2);
	assert_int_equal(sockets[0].spoke_last, SPEAKER_PEER);
	assert_int_equal(reader_speaker(&sockets[1], TICK), SPEAKER_PEER);

	/* No look saw that one before its probe was answered. */
	probe_is_answered(&late);
	look(&looks, &late, 1);
	assert_int_equal(late.spoke_last, 0);
	assert_int_equal(reader_speaker(&late, TICK), SPEAKER_UNKNOWN);
	spoken_free(&looks);
}

static void test_more_was_said(void **state)
{
	struct spoken_looks looks = {0};
	struct socket_record socket = connection(9);

	(void)state;
	look(&looks, &socket, 1);
	socket.bytes_sent += 5;
	probe_is_answered(&socket);
	look(&looks, &socket, 1);
	assert_int_equal(socket.spoke_last, 0);
	assert_int_equal(socket.peer_repeats, 0);
	spoken_free(&looks);
}

static void peer_speaks(struct socket_record *socket, __u64 at)
{
	socket->bytes_received += 7;
	socket->last_received_ns = at;
}

static void test_peer_repeats(void **state)
{
	struct spoken_looks looks = {0};
	struct socket_record socket = connection(9);
	int i;

	(void)state;
	look(&looks, &socket, 1);
	assert_int_equal(socket.peer_repeats, 0);
	peer_speaks(&socket, 14 * SECOND);
	look(&looks, &socket, 1);
	assert_int_equal(socket.peer_repeats, 1);
	assert_int_equal(socket.peer_silence_ns, 4 * SECOND);
	peer_speaks(&socket, 16 * SECOND);
	/* Meanwhile its thread is somewhere else. */
	for (i = 0; i < 5; i++)
		look(&looks, NULL, 0);
	look(&looks, &socket, 1);
	assert_int_equal(socket.peer_repeats, 2);
	assert_int_equal(socket.peer_silence_ns, 4 * SECOND);

	/* Data that comes after ours may answer it. */
	socket.bytes_sent++;
	socket.last_sent_ns = 20 * SECOND;
	peer_speaks(&socket, 21 * SECOND);
	look(&looks, &socket, 1);
	assert_int_equal(socket.peer_repeats, 2);
	spoken_free(&looks);
}

static void test_inode_of_another(void **state)
{
	struct spoken_looks looks = {0};
	struct socket_record socket = connection(9), other = connection(9);

	(void)state;
	look(&looks, &socket, 1);
	other.bytes_sent = 1;
	probe_is_answered(&other);
	look(&looks, &other, 1);
	assert_int_equal(other.spoke_last, 0);
	spoken_free(&looks);
}

/* A connection that no look has seen for long is forgotten. */
static void test_forgets(void **state)
{
	struct spoken_looks looks = {0};
	struct socket_record socket = connection(9);
	int i;

	(void)state;
	look(&looks, &socket, 1);
	assert_int_equal(looks.count, 1);
	for (i = 0; i < 100; i++)
		look(&looks, NULL, 0);
	assert_int_equal(looks.count, 0);
	spoken_free(&looks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probe_answered_since),
		cmocka_unit_test(test_more_was_said),
		cmocka_unit_test(test_peer_repeats),
		cmocka_unit_test(test_inode_of_another),
		cmocka_unit_test(test_forgets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
