/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/patience.h"

#define SIZE (256 * 1024)

static int ends[2];

static int open_pipe(void **state)
{
	(void)state;
	return pipe(ends);
}

static int close_pipe(void **state)
{
	(void)state;
	close(ends[0]);
	if (ends[1] >= 0)
		close(ends[1]);
	return 0;
}

/* Lines of 100 bytes. */
static char *make_lines(size_t size)
{
	char *bytes = malloc(size);

	memset(bytes, 'x', size);
	for (size_t at = 99; at < size; at += 100)
		bytes[at] = '\n';
	return bytes;
}

static void *read_all(void *context)
{
	char *bytes = context;
	size_t size = 0;
	ssize_t got;

	while ((got = read(ends[0], bytes + size, SIZE - size)) > 0)
		size += (size_t)got;
	return (void *)size;
}

/* More than a pipe holds, to somebody who reads. */
static void all_of_it_arrives(void **state)
{
	char *sent = make_lines(SIZE), *received = calloc(1, SIZE);
	pthread_t reader;
	void *size;

	(void)state;
	assert_int_equal(pthread_create(&reader, NULL, read_all, received), 0);
	assert_int_equal(patience_write(ends[1], sent, SIZE), 0);
	close(ends[1]);
	ends[1] = -1;
	pthread_join(reader, &size);
	assert_int_equal((size_t)size, SIZE);
	assert_memory_equal(sent, received, SIZE);
	free(sent);
	free(received);
}

static void *read_later(void *context)
{
	static char bytes[SIZE];

	poll(NULL, 0, 200);
	(void)context;
	return read_all(bytes);
}

/* Another process that shares the pipe has set O_NONBLOCK on it. */
static void a_descriptor_that_does_not_wait(void **state)
{
	char *sent = make_lines(SIZE);
	pthread_t reader;
	void *size;

	(void)state;
	assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(pthread_create(&reader, NULL, read_later, NULL), 0);
	assert_int_equal(patience_write(ends[1], sent, SIZE), 0);
	close(ends[1]);
	ends[1] = -1;
	pthread_join(reader, &size);
	assert_int_equal((size_t)size, SIZE);
	free(sent);
}

static void nobody_is_there(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	close(ends[0]);
	ends[0] = open("/dev/null", O_RDONLY);
	assert_int_equal(patience_write(ends[1], "lost\n", 5), -EPIPE);
}

/*
 * Nobody reads, and a signal asks for the end: what was written ends with a whole line. Last: patience is over after
 * it.
 */
static void given_up_when_asked_to_end(void **state)
{
	char *sent = make_lines(SIZE), *received = malloc(SIZE);
	sigset_t asked;
	ssize_t got;

	(void)state;
	sigemptyset(&asked);
	sigaddset(&asked, SIGTERM);
	assert_int_equal(sigprocmask(SIG_BLOCK, &asked, NULL), 0);
	assert_int_equal(kill(getpid(), SIGTERM), 0);
	assert_int_equal(patience_write(ends[1], sent, SIZE), -ECANCELED);
	got = read(ends[0], received, SIZE);
	assert_true(got > 0 && got < SIZE);
	assert_int_equal(received[got - 1], '\n');
	free(sent);
	free(received);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_pipe, close_pipe)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_of_it_arrives),
		TEST(a_descriptor_that_does_not_wait),
		TEST(nobody_is_there),
		TEST(given_up_when_asked_to_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
