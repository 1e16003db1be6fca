/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What sockstall gives to a process that unwinds and has been taken over: this program's own function is in the place
 * of that process's.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "code/unwinder.h"
#include "code/worker.h"

/* What the process asks for, whatever it was told. */
enum { ASKS_NAMES = 1, ASKS_NAMES_FOR_EVER };

static int gave_names, gave_memory;

void code_worker_serve(int socket)
{
	static char asked[CODE_REQUEST_MAX];
	const struct code_request *request = (const void *)asked;
	struct code_answer need = {.kind = CODE_NEEDS_NAMES};
	struct code_reply reply;

	while (recv(socket, asked, sizeof(asked), 0) > 0) {
		need.sequence = request->sequence;
		need.kind = CODE_NEEDS_NAMES;
		do {
			if (send(socket, &need, sizeof(need), MSG_NOSIGNAL) < 0 ||
			    recv(socket, &reply, sizeof(reply), 0) <= 0)
				_exit(0);
		} while (request->thread == ASKS_NAMES_FOR_EVER);
		need.kind = CODE_DONE;
		send(socket, &need, sizeof(need), MSG_NOSIGNAL);
	}
}

static bool goes_on(void)
{
	return false;
}

static int give_file(void *context, const struct code_answer *need, const __u8 *build_id)
{
	(void)context, (void)build_id;
	assert_int_equal(need->kind, CODE_NEEDS_NAMES);
	gave_names++;
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static int give_memory(void *context, const __u64 *addresses, size_t count, __u64 *read, char *bytes)
{
	(void)context, (void)addresses, (void)count, (void)bytes;
	gave_memory++;
	*read = 0;
	return 0;
}

/* Another process each time: who breaks the worker is not asked about again at once. */
static int ask(struct unwinder *unwinder, unsigned int what, bool memory)
{
	static __u32 pid = 1000;
	const struct code_supply supply = {.file = give_file, .memory = memory ? give_memory : NULL};
	struct code_request request = {.pid = pid++, .stack = 0x1000, .stack_size = 8, .thread = what};
	struct buffer frames = {0};
	int err;

	gave_names = gave_memory = 0;
	unwinder_begin(unwinder);
	err = unwinder_ask(unwinder, &request, NULL, "12345678", &supply, &frames);
	assert_int_equal(frames.size, 0);
	buffer_free(&frames);
	return err;
}

static int begin(void **state)
{
	return unwinder_open((struct unwinder **)state, goes_on);
}

static int end(void **state)
{
	unwinder_close(*state);
	return 0;
}

static void names_are_given(void **state)
{
	assert_int_equal(ask(*state, ASKS_NAMES, true), 0);
	assert_int_equal(gave_names, 1);
	assert_null(unwinder_take_end(*state));
}

/* Those of this moment are not asked for where none is allowed: it is taken for what it is, and ended. */
static void not_where_there_is_no_memory(void **state)
{
	assert_int_equal(ask(*state, ASKS_NAMES, false), -EAGAIN);
	assert_int_equal(gave_names, 0);
	assert_non_null(unwinder_take_end(*state));
}

static void not_for_ever(void **state)
{
	assert_int_equal(ask(*state, ASKS_NAMES_FOR_EVER, true), -EAGAIN);
	assert_in_range(gave_names, 2, 1000);
	assert_int_equal(gave_memory, 0);
	assert_non_null(unwinder_take_end(*state));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(names_are_given, begin, end),
		cmocka_unit_test_setup_teardown(not_where_there_is_no_memory, begin, end),
		cmocka_unit_test_setup_teardown(not_for_ever, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
