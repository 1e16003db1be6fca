/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Plans, and that what has changed since is not touched: on sockets of this very process. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "act/act.h"
#include "options/options.h"
#include "system/address.h"
#include "system/process.h"
#include "system/tcp_states.h"

struct pair {
	int client, server;
};

static struct pair make_pair(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	struct pair pair = {.client = socket(AF_INET, SOCK_STREAM, 0)};

	assert_int_equal(bind(listener, (void *)&address, size), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (void *)&address, &size), 0);
	assert_int_equal(connect(pair.client, (void *)&address, size), 0);
	pair.server = accept(listener, NULL, NULL);
	assert_true(pair.server >= 0);
	close(listener);
	return pair;
}

static void close_pair(struct pair *pair)
{
	close(pair->client);
	close(pair->server);
}

static struct row row_of(int fd)
{
	struct row row;

	row_init(&row, ROW_READER);
	row.pid = getpid();
	row.fd = fd;
	return row;
}

static bool is_connected(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN;
}

static void plan(struct act *act, int fd, enum act_how how)
{
	struct row row = row_of(fd);

	assert_int_equal(act_plan(act, &row, how, NULL), 0);
	assert_int_equal(act->result, ACT_PLANNED);
	assert_null(act->error);
}

static void assert_changed(struct act *act, const char *part)
{
	assert_int_equal(act_perform(act), -ESTALE);
	assert_int_equal(act->result, ACT_CHANGED);
	assert_non_null(strstr(act->error, part));
	act_close(act);
}

static void does_what_it_planned(void **state)
{
	struct pair pair = make_pair(), twin = make_pair();
	struct act act;
	char byte;

	(void)state;
	plan(&act, pair.client, ACT_SHUTDOWN);
	assert_true(is_connected(pair.client));
	assert_int_equal(act_perform(&act), 0);
	assert_int_equal(act.result, ACT_DONE);
	assert_int_equal(recv(pair.client, &byte, 1, 0), 0);
	assert_true(is_connected(twin.client));
	act_close(&act);
	close_pair(&pair);
	close_pair(&twin);
}

static void leaves_another_socket_at_the_same_number(void **state)
{
	struct pair pair = make_pair(), other = make_pair();
	struct act act;

	(void)state;
	plan(&act, pair.client, ACT_SHUTDOWN);
	assert_int_equal(dup2(other.client, pair.client), pair.client);
	assert_changed(&act, "another socket");
	assert_true(is_connected(pair.client));
	close_pair(&pair);
	close_pair(&other);
}

static void leaves_a_closed_descriptor(void **state)
{
	struct pair pair = make_pair();
	struct act act;

	(void)state;
	plan(&act, pair.client, ACT_SHUTDOWN);
	close(pair.client);
	assert_changed(&act, "closed");
	close(pair.server);
}

static void leaves_another_process(void **state)
{
	struct pair pair = make_pair();
	struct act act;

	(void)state;
	plan(&act, pair.client, ACT_SHUTDOWN);
	act.target.start_ticks++;
	assert_changed(&act, "has ended");
	assert_true(is_connected(pair.client));
	close_pair(&pair);
}

static void leaves_what_has_been_answered(void **state)
{
	struct pair pair = make_pair();
	struct act act;

	(void)state;
	plan(&act, pair.client, ACT_SHUTDOWN);
	assert_int_equal(send(pair.server, "x", 1, 0), 1);
	assert_changed(&act, "sent something");
	close_pair(&pair);
}

static void leaves_another_state(void **state)
{
	struct pair pair = make_pair();
	struct act act;

	(void)state;
	plan(&act, pair.client, ACT_SHUTDOWN);
	shutdown(pair.server, SHUT_WR);
	assert_changed(&act, "from ESTABLISHED to CLOSE_WAIT");
	close_pair(&pair);
}

static void does_not_plan_for_another_process(void **state)
{
	struct pair pair = make_pair();
	struct row row = row_of(pair.client);
	struct act act;
	char comm[16];
	__u64 ticks;

	(void)state;
	assert_int_equal(process_start((__u32)getpid(), &ticks, comm), 0);
	row.process_start_ns = ticks * 10000000 + 5;
	assert_int_equal(act_plan(&act, &row, ACT_SHUTDOWN, NULL), 0);
	act_close(&act);
	row.process_start_ns += 10000000;
	assert_int_equal(act_plan(&act, &row, ACT_SHUTDOWN, NULL), -ESRCH);
	assert_int_equal(act.result, ACT_CHANGED);
	act_close(&act);
	close_pair(&pair);
}

/* ---- Without sockets: what is chosen, and what is said ---- */

static struct act of(__u8 tcp_state, bool held, bool can_destroy)
{
	struct act act = {.pidfd = -1, .diag = -1, .copy = -1, .times = ACT_TIMES_DEFAULT};

	act.target.socket.name.kind = SOCKET_KIND_TCP;
	act.target.socket.name.state = tcp_state;
	act.target.socket.name.inode = held ? 7 : 0;
	act.target.socket.has_info = true;
	act.target.held = held;
	act.target.can_destroy = can_destroy;
	strcpy(act.target.comm, "a\x1b[2J");
	return act;
}

static void assert_plan(struct act act, enum act_how how, enum act_how chosen, const char *follows)
{
	assert_int_equal(act_describe(&act, how), 0);
	assert_int_equal(act.how, chosen);
	assert_non_null(strstr(act.follows, follows));
	assert_null(strchr(act.what, '\x1b'));
	act_close(&act);
}

static void assert_no_plan(struct act act, enum act_how how, const char *error)
{
	assert_int_equal(act_describe(&act, how), -EOPNOTSUPP);
	assert_int_equal(act.result, ACT_FAILED);
	assert_non_null(strstr(act.error, error));
	act_close(&act);
}

static void chooses_by_what_is_there(void **state)
{
	struct act half_open = of(STATE_SYN_RECV, false, true), unix_socket = of(0, true, false);
	struct act orphan = of(STATE_FIN_WAIT2, false, true), writer = of(STATE_ESTABLISHED, true, true);

	(void)state;
	half_open.target.half_open = true;
	unix_socket.target.socket.name.kind = SOCKET_KIND_UNIX;
	assert_plan(of(STATE_ESTABLISHED, true, true), ACT_CHOOSE, ACT_DESTROY, "ECONNABORTED; the peer gets a RST");
	assert_plan(of(STATE_ESTABLISHED, true, false), ACT_CHOOSE, ACT_SHUTDOWN, "end-of-file");
	assert_plan(of(STATE_ESTABLISHED, false, true), ACT_CHOOSE, ACT_DESTROY, "accept queue");
	assert_plan(of(STATE_SYN_SENT, true, true), ACT_CHOOSE, ACT_DESTROY, "connect ends");
	assert_plan(of(STATE_LAST_ACK, true, true), ACT_CHOOSE, ACT_DESTROY, "the peer gets nothing");
	orphan.target.orphan = orphan.target.ends_orphans = true;
	assert_plan(orphan, ACT_CHOOSE, ACT_DESTROY, "no process is informed; the peer gets a RST");
	writer.target.writing = true;
	assert_plan(writer, ACT_CHOOSE, ACT_DESTROY, "its write ends with ECONNABORTED");
	assert_plan(half_open, ACT_CHOOSE, ACT_DESTROY, "without a RST");
	assert_plan(unix_socket, ACT_CHOOSE, ACT_SHUTDOWN, "EPIPE");
	assert_plan(of(STATE_ESTABLISHED, true, true), ACT_KEEPALIVE, ACT_KEEPALIVE, "after 25 s at most");
}

static void refuses_what_cannot_be(void **state)
{
	struct act half_open = of(STATE_SYN_RECV, false, true), udp = of(0, true, true);
	struct act orphan = of(STATE_FIN_WAIT1, false, true), remains = of(STATE_FIN_WAIT2, false, true);
	struct act writer = of(STATE_ESTABLISHED, true, false);

	(void)state;
	half_open.target.half_open = true;
	udp.target.socket.name.kind = SOCKET_KIND_UDP;
	assert_no_plan(of(STATE_ESTABLISHED, true, false), ACT_DESTROY, "CONFIG_INET_DIAG_DESTROY");
	assert_no_plan(of(STATE_SYN_SENT, true, false), ACT_CHOOSE, "CONFIG_INET_DIAG_DESTROY");
	orphan.target.orphan = true;
	assert_no_plan(orphan, ACT_CHOOSE, "6.11");
	remains.target.socket.has_info = false;
	assert_no_plan(remains, ACT_CHOOSE, "it is already over");
	writer.target.writing = true;
	assert_no_plan(writer, ACT_CHOOSE, "blocked in a write");
	assert_no_plan(of(STATE_TIME_WAIT, false, true), ACT_CHOOSE, "it is already over");
	assert_no_plan(of(STATE_LISTEN, true, true), ACT_DESTROY, "listener");
	assert_no_plan(of(STATE_ESTABLISHED, false, true), ACT_SHUTDOWN, "only --how destroy");
	assert_no_plan(of(STATE_SYN_SENT, true, true), ACT_PROBE, "not connected");
	assert_no_plan(half_open, ACT_KEEPALIVE, "only --how destroy");
	assert_no_plan(udp, ACT_CHOOSE, "no safe way");
}

static struct socket_name name_of(const char *local, __u16 local_port, const char *peer, __u16 peer_port)
{
	struct socket_name name = {.kind = SOCKET_KIND_TCP, .local_port = local_port, .peer_port = peer_port};
	struct in6_addr address;

	assert_true(address_parse(local, &address));
	memcpy(name.local_addr, &address, 16);
	assert_true(address_parse(peer, &address));
	memcpy(name.peer_addr, &address, 16);
	return name;
}

static void knows_the_connection_of_ssh(void **state)
{
	static const char text[] = "192.0.2.1 50000 10.0.0.1 22", text6[] = "fe80::1%eth0 50000 fe80::2%eth0 22";
	static const char *const others[] = {
		"",
		"192.0.2.1 50000",
		"192.0.2.1 50001 10.0.0.1 22",
		"192.0.2.1 50000 10.0.0.1 2222",
		"192.0.2.2 50000 10.0.0.1 22",
		"x 50000 y 22",
		"192.0.2.1 115536 10.0.0.1 22",
	};
	struct socket_name name = name_of("10.0.0.1", 22, "192.0.2.1", 50000);
	struct socket_name other_end = name_of("192.0.2.1", 50000, "10.0.0.1", 22);
	struct socket_name name6 = name_of("fe80::2", 22, "fe80::1", 50000);
	size_t i;

	(void)state;
	assert_true(act_is_ssh_connection(&name, text));
	assert_true(act_is_ssh_connection(&other_end, text));
	assert_true(act_is_ssh_connection(&name6, text6));
	assert_false(act_is_ssh_connection(&name6, text));
	assert_false(act_is_ssh_connection(&name, NULL));
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(act_is_ssh_connection(&name, others[i]));
}

static void reads_the_start_of_a_process(void **state)
{
	char comm[16];
	__u64 ticks;

	(void)state;
	assert_int_equal(process_start_parse("5 (a) b)) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 2200 23",
					     &ticks, comm),
			 0);
	assert_int_equal(ticks, 2200);
	assert_string_equal(comm, "a) b)");
	assert_int_equal(process_start_parse("5 (a) S 4 5 6", &ticks, comm), -EBADMSG);
	assert_int_equal(process_start_parse("", &ticks, comm), -EBADMSG);
	assert_int_equal(process_start_parse(") (", &ticks, comm), -EBADMSG);
}

static void knows_a_process_that_ends(void **state)
{
	(void)state;
	/* A zombie, and a sleeper (Linux 6.18): PF_EXITING is 4. */
	assert_true(process_is_ending_parse("5 (a) b)) Z 4 5 6 0 -1 4228108 1 2"));
	assert_false(process_is_ending_parse("5 (a) S 4 5 6 0 -1 4194304 1 2"));
	assert_false(process_is_ending_parse("5 (a 4) Z 4 5 6"));
	assert_false(process_is_ending_parse(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(does_what_it_planned),
		cmocka_unit_test(leaves_another_socket_at_the_same_number),
		cmocka_unit_test(leaves_a_closed_descriptor),
		cmocka_unit_test(leaves_another_process),
		cmocka_unit_test(leaves_what_has_been_answered),
		cmocka_unit_test(leaves_another_state),
		cmocka_unit_test(does_not_plan_for_another_process),
		cmocka_unit_test(chooses_by_what_is_there),
		cmocka_unit_test(refuses_what_cannot_be),
		cmocka_unit_test(knows_the_connection_of_ssh),
		cmocka_unit_test(reads_the_start_of_a_process),
		cmocka_unit_test(knows_a_process_that_ends),
	};

	return cmocka_run_group_tests_name("act", tests, NULL, NULL);
}
