/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Messages between sockstall and the process that unwinds stacks: what is taken, and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "code/messages/message.h"

struct asked {
	struct code_request head;
	struct code_module modules[2];
	char stack[16];
};

static struct asked asked(void)
{
	return (struct asked){.head = {.stack = 4096, .stack_size = 16, .modules = 2},
			      .modules = {{0x1000, 0x2000, 7}, {0x2000, 0x3000, 8}}};
}

static bool is_taken(const struct asked *asked, size_t size)
{
	const struct code_module *modules;
	struct code_request head;
	const char *stack;

	return code_request_check(asked, size, &head, &modules, &stack);
}

static void requests(void **state)
{
	const struct code_module *modules;
	struct asked request = asked();
	struct code_request head;
	const char *stack;

	(void)state;
	assert_true(code_request_check(&request, sizeof(request), &head, &modules, &stack));
	assert_ptr_equal(modules, request.modules);
	assert_ptr_equal(stack, request.stack);
	assert_false(is_taken(&request, sizeof(request) - 1));
	assert_false(is_taken(&request, sizeof(request.head) - 1));
	request.head.stack = UINT64_MAX - 15;
	assert_false(is_taken(&request, sizeof(request)));
	request = asked();
	request.modules[1].start = 0x1fff;
	assert_false(is_taken(&request, sizeof(request)));
	request = asked();
	request.modules[0].end = request.modules[0].start;
	assert_false(is_taken(&request, sizeof(request)));
	request = asked();
	request.head.modules = CODE_MODULES + 1;
	assert_false(is_taken(&request, sizeof(request)));
	request.head.modules = UINT32_MAX;
	assert_false(is_taken(&request, sizeof(request)));
}

struct answer {
	struct code_answer head;
	char bytes[64];
};

static bool is_answer(const struct answer *answer, size_t bytes)
{
	struct code_answer head;

	return code_answer_check(answer, sizeof(answer->head) + bytes, 5, 3, &head);
}

static void frames(void **state)
{
	const struct code_frame sent = {.address = 9, .line = 88, .name = 3, .file = 2};
	struct answer answer = {.head = {.sequence = 5, .kind = CODE_DONE, .count = 1}};
	size_t size = sizeof(sent) + 5, offset = 0;
	const char *name, *file;
	struct code_frame frame;

	(void)state;
	memcpy(answer.bytes, &sent, sizeof(sent));
	memcpy(answer.bytes + sizeof(sent), "foocc", 5);
	assert_true(is_answer(&answer, size));
	assert_false(is_answer(&answer, size - 1));
	assert_false(is_answer(&answer, size + 1));
	assert_true(code_frame_next(answer.bytes, size, &offset, &frame, &name, &file));
	assert_memory_equal(name, "foo", 3);
	assert_memory_equal(file, "cc", 2);
	assert_int_equal(frame.line, 88);
	assert_false(code_frame_next(answer.bytes, size, &offset, &frame, &name, &file));
	answer.head.count = 2;
	assert_false(is_answer(&answer, size));
	answer.head.count = CODE_FRAMES + 1;
	assert_false(is_answer(&answer, size));
	answer.head.count = 1;
	frame = sent;
	frame.kind = CODE_FRAME_KINDS;
	memcpy(answer.bytes, &frame, sizeof(frame));
	assert_false(is_answer(&answer, size));
	memcpy(answer.bytes, &sent, sizeof(sent));
	answer.head.sequence = 4;
	assert_false(is_answer(&answer, size));
}

static void needs(void **state)
{
	struct answer answer = {.head = {.sequence = 5, .kind = CODE_NEEDS_FILE, .module = 2}};

	(void)state;
	assert_true(is_answer(&answer, 0));
	assert_false(is_answer(&answer, 1));
	answer.head.module = 3;
	assert_false(is_answer(&answer, 0));
	answer.head = (struct code_answer){.sequence = 5, .kind = CODE_NEEDS_DEBUG, .module = 2, .count = 20};
	assert_true(is_answer(&answer, 20));
	assert_false(is_answer(&answer, 19));
	answer.head.count = CODE_BUILD_ID_MOST + 1;
	assert_false(is_answer(&answer, CODE_BUILD_ID_MOST + 1));
	answer.head = (struct code_answer){.sequence = 5, .kind = CODE_NEEDS_NAMES};
	assert_true(is_answer(&answer, 0));
	answer.head.module = 1;
	assert_false(is_answer(&answer, 0));
	answer.head = (struct code_answer){.sequence = 5, .kind = CODE_KINDS};
	assert_false(is_answer(&answer, 0));
}

static void needs_memory(void **state)
{
	struct answer answer = {.head = {.sequence = 5, .kind = CODE_NEEDS_MEMORY, .count = 2}};
	__u64 addresses[] = {CODE_CHUNK, 1ULL << 46};

	(void)state;
	memcpy(answer.bytes, addresses, sizeof(addresses));
	assert_true(is_answer(&answer, sizeof(addresses)));
	assert_false(is_answer(&answer, sizeof(addresses) - 1));
	answer.head.module = 1;
	assert_false(is_answer(&answer, sizeof(addresses)));
	answer.head.module = 0;
	addresses[1]++;
	memcpy(answer.bytes, addresses, sizeof(addresses));
	assert_false(is_answer(&answer, sizeof(addresses)));
	addresses[1] = 1ULL << 63;
	memcpy(answer.bytes, addresses, sizeof(addresses));
	assert_false(is_answer(&answer, sizeof(addresses)));
	answer.head.count = 0;
	assert_false(is_answer(&answer, 0));
	answer.head.count = CODE_CHUNKS + 1;
	assert_false(is_answer(&answer, sizeof(addresses)));
}

static void memory(void **state)
{
	struct {
		struct code_memory_reply head;
		char bytes[2 * CODE_CHUNK];
	} reply = {.head = {.head = {.sequence = 5}, .read = 5}};
	struct code_memory_reply head;

	(void)state;
	assert_int_equal(code_memory_reply_check(&reply, sizeof(reply), 5, 3, &head), 2);
	assert_int_equal(code_memory_reply_check(&reply, sizeof(reply), 5, CODE_CHUNKS, &head), 2);
	assert_int_equal(code_memory_reply_check(&reply, sizeof(reply), 5, 2, &head), -1);
	assert_int_equal(code_memory_reply_check(&reply, sizeof(reply) - 1, 5, 3, &head), -1);
	assert_int_equal(code_memory_reply_check(&reply, sizeof(reply), 4, 3, &head), -1);
	assert_int_equal(code_memory_reply_check(&reply, 8, 5, 3, &head), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),	cmocka_unit_test(frames), cmocka_unit_test(needs),
		cmocka_unit_test(needs_memory), cmocka_unit_test(memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
