/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which message counts as the kernel's answer; and messages with wrong lengths. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "system/netlink.h"
#include "system/netlink_answer.h"
#include "system/diag.h"
#include "system/diag_ask.h"

#define PORT 100
#define SEQ  7

struct message {
	struct nlmsghdr header;
	int error;
	char rest[60];
};

static struct message make(__u16 type, size_t size)
{
	return (struct message){.header = {.nlmsg_len = (__u32)(sizeof(struct nlmsghdr) + size),
					   .nlmsg_type = type,
					   .nlmsg_pid = PORT,
					   .nlmsg_seq = SEQ}};
}

static int count(void *context, const struct nlmsghdr *header)
{
	(void)header;
	++*(int *)context;
	return 0;
}

static int take(struct netlink_answer *answer, const void *bytes, size_t size, int *seen)
{
	*seen = 0;
	*answer = (struct netlink_answer){
		.port = PORT, .seq = SEQ, .type = SOCK_DIAG_BY_FAMILY, .each = count, .context = seen};
	return netlink_answer_take(answer, bytes, size);
}

static void only_the_answer_to_the_question_counts(void **state)
{
	struct message good = make(SOCK_DIAG_BY_FAMILY, 56), port = good, seq = good, type = good;
	struct netlink_answer answer;
	int seen;

	(void)state;
	port.header.nlmsg_pid++;
	seq.header.nlmsg_seq--;
	type.header.nlmsg_type++;
	assert_int_equal(take(&answer, &good, good.header.nlmsg_len, &seen), 0);
	assert_true(answer.done && seen == 1);
	assert_int_equal(take(&answer, &port, good.header.nlmsg_len, &seen), 0);
	assert_true(!answer.done && !seen);
	assert_int_equal(take(&answer, &seq, good.header.nlmsg_len, &seen), 0);
	assert_true(!answer.done && !seen);
	assert_int_equal(take(&answer, &type, good.header.nlmsg_len, &seen), 0);
	assert_true(!answer.done && !seen);
}

static void lengths_are_checked(void **state)
{
	struct message good = make(SOCK_DIAG_BY_FAMILY, 56);
	struct netlink_answer answer;
	int seen;

	(void)state;
	assert_int_equal(take(&answer, &good, good.header.nlmsg_len - 1, &seen), -EBADMSG);
	assert_int_equal(take(&answer, &good, sizeof(good.header) - 1, &seen), -EBADMSG);
	good.header.nlmsg_len = 3;
	assert_int_equal(take(&answer, &good, sizeof(good), &seen), -EBADMSG);
	assert_int_equal(seen, 0);
	good.header.nlmsg_len = UINT32_MAX;
	assert_int_equal(take(&answer, &good, sizeof(good), &seen), -EBADMSG);
}

static void errors_are_taken_with_their_length(void **state)
{
	struct message error = make(NLMSG_ERROR, sizeof(struct nlmsgerr));
	struct netlink_answer answer;
	int seen;

	(void)state;
	error.error = -ENOENT;
	assert_int_equal(take(&answer, &error, error.header.nlmsg_len, &seen), -ENOENT);
	assert_true(answer.done);
	error.error = 5; /* the kernel's are negative: a caller would go on as after a success */
	assert_int_equal(take(&answer, &error, error.header.nlmsg_len, &seen), -EBADMSG);
	error = make(NLMSG_ERROR, 0);
	assert_int_equal(take(&answer, &error, error.header.nlmsg_len, &seen), -EBADMSG);
	error.header.nlmsg_pid++;
	assert_int_equal(take(&answer, &error, error.header.nlmsg_len, &seen), 0);
	assert_false(answer.done);
}

static void a_dump_may_end_with_an_error(void **state)
{
	struct message done = make(NLMSG_DONE, sizeof(int));
	struct netlink_answer answer;
	int seen;

	(void)state;
	assert_int_equal(take(&answer, &done, done.header.nlmsg_len, &seen), 0);
	assert_true(answer.done);
	done.error = -ENOMEM;
	assert_int_equal(take(&answer, &done, done.header.nlmsg_len, &seen), -ENOMEM);
}

static void a_short_message_is_no_socket(void **state)
{
	struct message message = make(SOCK_DIAG_BY_FAMILY, sizeof(struct inet_diag_msg) - 1);
	struct diag_socket socket;

	(void)state;
	assert_false(diag_take(&socket, &message.header));
}

/* A listener's answer, with one attribute that has `size` bytes. */
struct unix_answer {
	struct nlmsghdr header;
	struct unix_diag_msg body;
	struct rtattr attribute;
	char bytes[120];
};

static struct unix_answer unix_answer(__u16 type, const void *bytes, size_t size)
{
	struct unix_answer answer = {
		.header = {.nlmsg_len = (__u32)(NLMSG_LENGTH(sizeof(struct unix_diag_msg)) + RTA_SPACE(size))},
		.body = {.udiag_family = AF_UNIX, .udiag_type = SOCK_STREAM, .udiag_ino = 7, .udiag_cookie = {1, 2}},
		.attribute = {.rta_len = (unsigned short)RTA_LENGTH(size), .rta_type = type},
	};

	memcpy(answer.bytes, bytes, size);
	return answer;
}

static void a_unix_listener_is_taken(void **state)
{
	static const __u32 clients[] = {11, 12, 0};
	struct unix_diag_rqlen lengths = {3, 5};
	struct unix_answer answer = unix_answer(UNIX_DIAG_RQLEN, &lengths, sizeof(lengths));
	struct diag_unix found;

	(void)state;
	assert_true(diag_unix_take(&found, &answer.header));
	assert_true(found.inode == 7 && found.cookie == (2ULL << 32 | 1) && found.type == SOCK_STREAM);
	assert_true(found.queued == 3 && found.limit == 5);
	answer = unix_answer(UNIX_DIAG_ICONS, clients, sizeof(clients));
	assert_true(diag_unix_take(&found, &answer.header));
	assert_true(found.client_count == 3 && found.clients[1] == 12);
	answer = unix_answer(UNIX_DIAG_NAME, "\0name", 5);
	assert_true(diag_unix_take(&found, &answer.header));
	assert_true(found.path_length == 5 && !memcmp(found.path, "\0name", 5));
}

static void a_unix_listener_with_wrong_lengths(void **state)
{
	static const char bytes[116];
	struct unix_answer answer = unix_answer(UNIX_DIAG_NAME, bytes, 109);
	struct diag_unix found;

	(void)state;
	assert_true(diag_unix_take(&found, &answer.header));
	assert_int_equal(found.path_length, 0);
	answer = unix_answer(UNIX_DIAG_RQLEN, bytes, 7);
	assert_true(diag_unix_take(&found, &answer.header));
	assert_int_equal(found.limit, 0);
	answer = unix_answer(UNIX_DIAG_ICONS, bytes, 116);
	answer.attribute.rta_len = 2000; /* longer than the message */
	assert_true(diag_unix_take(&found, &answer.header));
	assert_int_equal(found.client_count, 0);
	answer.header.nlmsg_len = NLMSG_LENGTH(sizeof(struct unix_diag_msg)) - 1;
	assert_false(diag_unix_take(&found, &answer.header));
}

/* Nobody but the kernel: a socket of ours that sends to it is refused. */
static void nobody_else_can_send(void **state)
{
	int fd = netlink_open(NETLINK_SOCK_DIAG), other = socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
	struct message message = make(SOCK_DIAG_BY_FAMILY, 56);
	struct sockaddr_nl to = {0};
	socklen_t size = sizeof(to);

	(void)state;
	assert_true(fd >= 0 && other >= 0);
	assert_int_equal(getsockname(fd, (void *)&to, &size), 0);
	assert_int_not_equal(to.nl_pid, 0);
	assert_int_equal(sendto(other, &message, message.header.nlmsg_len, 0, (void *)&to, sizeof(to)), -1);
	assert_true(errno == ECONNREFUSED || errno == EPERM);
	close(other);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_answer_to_the_question_counts),
		cmocka_unit_test(lengths_are_checked),
		cmocka_unit_test(errors_are_taken_with_their_length),
		cmocka_unit_test(a_dump_may_end_with_an_error),
		cmocka_unit_test(a_short_message_is_no_socket),
		cmocka_unit_test(a_unix_listener_is_taken),
		cmocka_unit_test(a_unix_listener_with_wrong_lengths),
		cmocka_unit_test(nobody_else_can_send),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
