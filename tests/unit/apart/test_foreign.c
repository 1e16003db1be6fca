/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Messages between sockstall and the process that reads for it, and the processes that it leaves alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "system/elf_sections.h"
#include "apart/foreign_held.h"
#include "apart/foreign_message.h"
#include "apart/foreign_worker.h"

#define S 1000000000ULL

static struct foreign_request valid(enum foreign_kind kind)
{
	return (struct foreign_request){.kind = kind,
					.pid = 1,
					.tid = 1,
					.fd = kind == FOREIGN_DEBUG ? 20 : 0,
					.size = kind == FOREIGN_DEBUG || kind == FOREIGN_NAMES ? 1 : 8,
					.address = 4096,
					.anchor = 4096};
}

static void what_may_be_asked(void **state)
{
	struct foreign_request request;
	enum foreign_kind kind;

	(void)state;
	for (kind = 0; kind < FOREIGN_KINDS; kind++) {
		request = valid(kind);
		assert_true(foreign_request_is_valid(&request));
		request.size = 0;
		assert_false(foreign_request_is_valid(&request));
		request.size = FOREIGN_ANSWER + 1;
		/* What is handed on as a descriptor is not copied. */
		assert_int_equal(kind == FOREIGN_OPEN, foreign_request_is_valid(&request));
	}
}

#define REFUSED(kind, change)                                     \
	do {                                                      \
		struct foreign_request request = valid(kind);     \
		request.change;                                   \
		assert_false(foreign_request_is_valid(&request)); \
	} while (0)

static void what_may_not(void **state)
{
	(void)state;
	REFUSED(FOREIGN_KINDS, pid = 1);
	REFUSED(~0U, pid = 1);
	REFUSED(FOREIGN_MAPS, pid = 0);
	REFUSED(FOREIGN_MAPS, pid = 1U << 31);
	REFUSED(FOREIGN_MAPS, tid = 0);
	REFUSED(FOREIGN_FDINFO, fd = -1);
	REFUSED(FOREIGN_PROGRAM, address = INT64_MAX);
	REFUSED(FOREIGN_PROGRAM, address = ~0ULL);
	REFUSED(FOREIGN_MEMORY, anchor = 4095);
	REFUSED(FOREIGN_MEMORY, anchor = 4096 + 8);
	REFUSED(FOREIGN_MEMORY, swapped = 2);
	REFUSED(FOREIGN_MEMORY, size = FOREIGN_PIECE);
	REFUSED(FOREIGN_SYSCALL, size = 4096);
	REFUSED(FOREIGN_STATUS, pad = 1);
}

struct asked {
	struct foreign_head head;
	struct foreign_request requests[FOREIGN_BATCH];
};

static void messages_are_whole(void **state)
{
	struct asked asked = {.head = {7, 2}, .requests = {valid(FOREIGN_MAPS), valid(FOREIGN_STATUS)}};
	size_t size = sizeof(asked.head) + 2 * sizeof(asked.requests[0]), i;
	struct foreign_head head;

	(void)state;
	assert_ptr_equal(foreign_requests_check(&asked, size, &head), asked.requests);
	assert_int_equal(head.sequence, 7);
	for (i = 0; i < size; i++)
		assert_null(foreign_requests_check(&asked, i, &head));
	assert_null(foreign_requests_check(&asked, size + 1, &head));
	asked.head.count = 0;
	assert_null(foreign_requests_check(&asked, sizeof(asked.head), &head));
	asked.head.count = FOREIGN_BATCH + 1;
	assert_null(foreign_requests_check(&asked, size, &head));
	asked.head.count = 2;
	asked.requests[1].pid = 0;
	assert_null(foreign_requests_check(&asked, size, &head));
}

static int take(struct foreign_intake *intake, struct foreign_piece head, size_t size)
{
	char bytes[sizeof(head) + FOREIGN_PIECE + 1] = {0};
	struct foreign_piece piece;

	memcpy(bytes, &head, sizeof(head));
	return foreign_piece_take(intake, bytes, sizeof(head) + size, &piece);
}

static void answers_come_in_order(void **state)
{
	const struct foreign_request requests[] = {valid(FOREIGN_MAPS), valid(FOREIGN_MEMORY)};
	struct foreign_intake intake = {.requests = requests, .sequence = 7, .count = 2}, begin = intake;

	(void)state;
	assert_int_equal(take(&intake, (struct foreign_piece){7, 0, FOREIGN_MORE, 5}, 5), 0);
	assert_int_equal(intake.next, 0);
	assert_int_equal(take(&intake, (struct foreign_piece){7, 0, FOREIGN_LAST, 3}, 3), 0);
	assert_int_equal(intake.next, 1);
	/* Where it begins, and 8 bytes. */
	assert_int_equal(take(&intake, (struct foreign_piece){7, 1, FOREIGN_LAST, 16}, 16), 0);
	assert_int_equal(take(&intake, (struct foreign_piece){7, 2, FOREIGN_LAST, 0}, 0), -EBADMSG);
	intake = begin;
	assert_int_equal(take(&intake, (struct foreign_piece){7, 0, -EACCES, 0}, 0), 0);
	assert_int_equal(intake.next, 1);
}

static void answers_that_are_none(void **state)
{
	static const struct {
		struct foreign_piece head;
		size_t size;
	} wrong[] = {
		{{6, 0, FOREIGN_LAST, 0}, 0}, /* to another message */
		{{7, 1, FOREIGN_LAST, 0}, 0}, /* to another request */
		{{7, 0, FOREIGN_LAST, 9}, 9}, /* more than was asked for */
		{{7, 0, FOREIGN_LAST, 4}, 5}, /* not as long as it says */
		{{7, 0, FOREIGN_LAST, 5}, 4},
		{{7, 0, FOREIGN_MORE, 0}, 0}, /* it could go on for ever */
		{{7, 0, 2, 1}, 1},
		{{7, 0, -EACCES, 1}, 1},
		{{7, 0, -4096, 0}, 0},
	};
	const struct foreign_request request = valid(FOREIGN_MAPS),
				     large = {FOREIGN_MAPS, 1, 1, .size = FOREIGN_ANSWER};
	struct foreign_intake intake = {.requests = &request, .sequence = 7, .count = 1};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(take(&intake, wrong[i].head, wrong[i].size), -EBADMSG);
	assert_int_equal(intake.next, 0);
	intake.requests = &large;
	assert_int_equal(
		take(&intake, (struct foreign_piece){7, 0, FOREIGN_LAST, FOREIGN_PIECE + 1}, FOREIGN_PIECE + 1),
		-EBADMSG);
}

static void answers_are_not_longer_than_asked(void **state)
{
	const struct foreign_request request = {FOREIGN_MAPS, 1, 1, .size = 2 * FOREIGN_PIECE + 1};
	struct foreign_intake intake = {.requests = &request, .sequence = 1, .count = 1};

	(void)state;
	assert_int_equal(take(&intake, (struct foreign_piece){1, 0, FOREIGN_MORE, FOREIGN_PIECE}, FOREIGN_PIECE), 0);
	assert_int_equal(take(&intake, (struct foreign_piece){1, 0, FOREIGN_MORE, FOREIGN_PIECE}, FOREIGN_PIECE), 0);
	assert_int_equal(take(&intake, (struct foreign_piece){1, 0, FOREIGN_MORE, 2}, 2), -EBADMSG);
	assert_int_equal(take(&intake, (struct foreign_piece){1, 0, FOREIGN_LAST, 1}, 1), 0);
}

static void memory_lies_where_it_was_asked_for(void **state)
{
	const struct foreign_request request = {FOREIGN_MEMORY, 1, 1, .address = 4096, .size = 64};
	__u64 answer[3] = {4096 + 48}, start;
	size_t length;

	(void)state;
	assert_true(foreign_memory_check(&request, answer, sizeof(answer), &start, &length));
	assert_int_equal(start, 4096 + 48);
	assert_int_equal(length, 16);
	assert_false(foreign_memory_check(&request, answer, 7, &start, &length));
	answer[0]++;
	assert_false(foreign_memory_check(&request, answer, sizeof(answer), &start, &length));
	answer[0] = 4095;
	assert_false(foreign_memory_check(&request, answer, sizeof(answer), &start, &length));
	answer[0] = ~0ULL;
	assert_false(foreign_memory_check(&request, answer, sizeof(answer), &start, &length));
}

/* ---- The worker itself ---- */

static __u64 words[1024] = {0x1122334455667788};

/* Asks one thing of it, and puts the whole answer together. */
static ssize_t ask(int socket, const struct foreign_request *request, char *answer)
{
	struct asked asked = {.head = {3, 1}, .requests = {*request}};
	struct foreign_intake intake = {.requests = request, .sequence = 3, .count = 1};
	static char bytes[sizeof(struct foreign_piece) + FOREIGN_PIECE];
	struct foreign_piece piece = {0};
	size_t size = 0;
	ssize_t got;

	assert_true(send(socket, &asked, sizeof(asked.head) + sizeof(*request), MSG_NOSIGNAL) > 0);
	while (!intake.next) {
		got = recv(socket, bytes, sizeof(bytes), 0);
		if (got <= 0)
			return -EPIPE;
		assert_int_equal(foreign_piece_take(&intake, bytes, (size_t)got, &piece), 0);
		memcpy(answer + size, bytes + sizeof(piece), piece.size);
		size += piece.size;
	}
	return piece.status < 0 ? piece.status : (ssize_t)size;
}

static int start_worker(pid_t *child)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	*child = fork();
	if (!*child) {
		close(ends[0]);
		foreign_worker_serve(ends[1]);
		_exit(0);
	}
	close(ends[1]);
	return ends[0];
}

static void a_worker_reads(void **state)
{
	static char answer[FOREIGN_ANSWER];
	struct foreign_request request = {FOREIGN_MAPS, (__u32)getpid(), (__u32)getpid(), .size = FOREIGN_ANSWER};
	__u64 start;
	size_t length;
	ssize_t got;
	pid_t child;
	int socket = start_worker(&child);

	(void)state;
	got = ask(socket, &request, answer);
	assert_true(got > 100 && answer[got - 1] == '\n');
	/* Not more than was asked for. */
	request.size = 100;
	assert_int_equal(ask(socket, &request, answer), 100);
	request.kind = FOREIGN_PROGRAM;
	assert_int_equal(ask(socket, &request, answer), 100);
	assert_memory_equal(answer, "\177ELF", 4);
	request = (struct foreign_request){FOREIGN_MEMORY,	  request.pid,
					   request.tid,		  .address = (uintptr_t)words,
					   .size = sizeof(words), .anchor = (uintptr_t)words};
	got = ask(socket, &request, answer);
	assert_true(got >= 16 && foreign_memory_check(&request, answer, (size_t)got, &start, &length));
	assert_int_equal(start, (uintptr_t)words);
	assert_memory_equal(answer + 8, words, 8);
	request.address = request.anchor = 4096;
	assert_int_equal(ask(socket, &request, answer), -EFAULT);
	request.kind = FOREIGN_FDINFO;
	request.fd = 9999;
	assert_int_equal(ask(socket, &request, answer), -ENOENT);
	close(socket);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void a_worker_ends_at_what_is_no_message(void **state)
{
	struct foreign_request request = {FOREIGN_KINDS, 1, 1, .size = 1};
	pid_t child;
	int socket = start_worker(&child);
	char answer[1];

	(void)state;
	assert_int_equal(ask(socket, &request, answer), -EPIPE);
	close(socket);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

/* ---- Who is left alone ---- */

static void longer_each_time(void **state)
{
	struct held_processes held = {0};
	__u64 now = 100 * S, alone = 10 * S;
	int i;

	(void)state;
	assert_false(held_is(&held, 5, 1, now));
	for (i = 0; i < 10; i++) {
		held_note(&held, 5, 1, now, FOREIGN_MAPS, true);
		assert_true(held_is(&held, 5, 1, now + alone - 1));
		assert_false(held_is(&held, 5, 1, now + alone));
		now += alone;
		alone = 2 * alone < 600 * S ? 2 * alone : 600 * S;
	}
	assert_false(held_is(&held, 5, 2, now - 1)); /* another process with that id */
	assert_int_equal(held.count, 1);
}

static void only_so_many(void **state)
{
	struct held_processes held = {0};
	__u32 pid;

	(void)state;
	for (pid = 1; pid <= HELD_MOST + 1; pid++)
		held_note(&held, pid, 1, pid * S, FOREIGN_MAPS, true);
	assert_int_equal(held.count, HELD_MOST);
	assert_false(held_is(&held, 1, 1, 2 * S));
	assert_true(held_is(&held, 2, 1, 2 * S));
	assert_true(held_is(&held, HELD_MOST + 1, 1, (HELD_MOST + 2) * S));
}

/* At these looks a read was tried, and slept or not: how many came one after the other? */
static void reads_in_a_row(void **state)
{
	struct held_processes held = {0};
	const struct held_process *one = &held.items[0];

	(void)state;
	held_begin(&held, 100 * S);
	held_note(&held, 5, 1, 100 * S, FOREIGN_MAPS, true);
	held_note(&held, 5, 1, 101 * S, FOREIGN_FDINFO, true); /* of the same look */
	assert_true(held_is_unread(&held, one));
	assert_int_equal(one->reads, 1);
	assert_true(one->since_ns == 100 * S);
	assert_int_equal(one->kinds, 1u << FOREIGN_MAPS | 1u << FOREIGN_FDINFO);
	held_begin(&held, 110 * S);
	assert_true(held_is_unread(&held, one)); /* left alone, twice as long */
	held_begin(&held, 120 * S); /* due, but this look has no time for it */
	assert_true(held_is_unread(&held, one));
	held_begin(&held, 122 * S);
	held_note(&held, 5, 1, 122 * S, FOREIGN_MAPS, true); /* asked again, and it slept */
	assert_true(held_is_unread(&held, one));
	assert_int_equal(one->reads, 2);
	assert_true(one->since_ns == 100 * S);
	held_begin(&held, 200 * S); /* asked again, and it came back */
	assert_false(held_is_unread(&held, one));
	held_begin(&held, 201 * S);
	held_note(&held, 5, 1, 201 * S, FOREIGN_MAPS, true);
	assert_int_equal(one->reads, 1);
	assert_true(one->since_ns == 201 * S);
}

/* It only got no CPU. */
static void a_busy_machine_is_no_evidence(void **state)
{
	struct held_processes held = {0};

	(void)state;
	held_begin(&held, 100 * S);
	held_note(&held, 5, 1, 100 * S, FOREIGN_MAPS, false);
	assert_true(held_is(&held, 5, 1, 101 * S));
	assert_false(held_is_unread(&held, &held.items[0]));
}

/* ---- Programs ---- */

static void what_is_no_elf_file(void **state)
{
	char head[64] = "\177ELF\2";
	struct elf_piece piece;

	(void)state;
	assert_false(elf_find_table(head, sizeof(head), &piece)); /* no section, none of the right size */
	assert_false(elf_find_table(head, 63, &piece));
	head[58] = 64;
	head[60] = 2;
	assert_true(elf_find_table(head, sizeof(head), &piece));
	assert_int_equal(piece.size, 128);
	head[61] = 2 + 1; /* 770 of them */
	assert_false(elf_find_table(head, sizeof(head), &piece));
	head[61] = 0;
	head[62] = 2; /* names in a section that is not there */
	assert_false(elf_find_names(head, (char[128]){0}, 128, &piece));
	head[62] = 1;
	assert_false(elf_find_names(head, (char[128]){0}, 128, &piece)); /* of no length */
	assert_false(elf_is_go((char[64]){200}, 64, ".go.buildinfo", 14));
	assert_false(elf_is_go((char[64]){0}, 64, ".go.buildinfo", 13)); /* its end is cut off */
	assert_true(elf_is_go((char[64]){0}, 64, ".go.buildinfo", 14));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_may_be_asked),
		cmocka_unit_test(what_may_not),
		cmocka_unit_test(messages_are_whole),
		cmocka_unit_test(answers_come_in_order),
		cmocka_unit_test(answers_that_are_none),
		cmocka_unit_test(answers_are_not_longer_than_asked),
		cmocka_unit_test(memory_lies_where_it_was_asked_for),
		cmocka_unit_test(a_worker_reads),
		cmocka_unit_test(a_worker_ends_at_what_is_no_message),
		cmocka_unit_test(longer_each_time),
		cmocka_unit_test(only_so_many),
		cmocka_unit_test(reads_in_a_row),
		cmocka_unit_test(a_busy_machine_is_no_evidence),
		cmocka_unit_test(what_is_no_elf_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
