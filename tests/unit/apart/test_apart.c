/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Processes that are set apart: what is said to them, what they can do with files, and files that are replaced. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "act/message.h"
#include "apart/apart.h"
#include "base/dump_file.h"
#include "rights/landlock.h"
#include "base/open_file.h"
#include "base/replaced_file.h"

static char folder[] = "/tmp/sockstall-apart-XXXXXX";

static char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

/* ---- apart.h ---- */

static void answer_once(int fd, void *context)
{
	char text[16];
	int got_fd;
	ssize_t got = apart_receive(fd, text, sizeof(text), &got_fd);

	if (got == 2 && got_fd >= 0)
		apart_send(fd, context, strlen(context), got_fd);
}

static void a_descriptor_goes_there_and_back(void **state)
{
	struct apart apart;
	char text[16] = "", small[2];
	int fd, back;

	(void)state;
	assert_int_equal(apart_start(&apart, "test", answer_once, "hello"), 0);
	fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	assert_int_equal(apart_send(apart.fd, "hi", 2, fd), 0);
	assert_int_equal(apart_receive(apart.fd, text, sizeof(text), &back), 5);
	assert_string_equal(text, "hello");
	assert_true(back >= 0 && back != fd);
	assert_int_equal(read(back, small, 1), 1);
	assert_int_equal(apart_receive(apart.fd, text, sizeof(text), &back), 0);
	close(fd);
	apart_end(&apart);
	apart_end(&apart);
	assert_int_equal(apart.pid, 0);
}

static void what_is_too_long_is_refused(void **state)
{
	struct apart apart;
	char text[3];
	int back;

	(void)state;
	assert_int_equal(apart_start(&apart, "test", answer_once, "hello"), 0);
	assert_int_equal(apart_send(apart.fd, "hi", 2, STDERR_FILENO), 0);
	assert_int_equal(apart_receive(apart.fd, text, sizeof(text), &back), -EMSGSIZE);
	assert_int_equal(back, -1);
	apart_end(&apart);
}

/* ---- act/message.h ---- */

static struct act_request a_request(void)
{
	struct act_request request = {.ask = ACT_ASK_PLAN, .how = ACT_PROBE, .times = ACT_TIMES_DEFAULT, .plan = 7};

	row_init(&request.row, ROW_HANDSHAKE);
	request.row.pid = 12;
	request.row.fd = 3;
	request.row.cookie = 77;
	request.row.handshake.side = "client";
	request.row.netns_name = "blue";
	return request;
}

static int through(struct act_request *got, struct arena *arena, const struct act_request *request)
{
	struct buffer bytes = {0};
	int err = act_request_pack(&bytes, request);

	if (!err)
		err = act_request_unpack(got, arena, bytes.data, bytes.size);
	buffer_free(&bytes);
	return err;
}

static void a_request_arrives(void **state)
{
	struct act_request request = a_request(), got;
	struct arena arena = {0};

	(void)state;
	assert_int_equal(through(&got, &arena, &request), 0);
	assert_true(got.ask == ACT_ASK_PLAN && got.how == ACT_PROBE && got.plan == 7 && got.row.type == ROW_HANDSHAKE);
	assert_true(got.row.pid == 12 && got.row.fd == 3 && got.row.tid == NOT_KNOWN && !got.row.local_addr);
	assert_true(got.row.cookie == 77);
	assert_string_equal(got.row.handshake.side, "client");
	arena_free(&arena);
}

static void a_request_that_makes_no_sense_is_refused(void **state)
{
	struct act_request requests[6], got;
	struct arena arena = {0};
	struct buffer bytes = {0};
	size_t i;

	(void)state;
	for (i = 0; i < 6; i++)
		requests[i] = a_request();
	requests[0].row.pid = -1;
	requests[1].row.pid = 5000000;
	requests[2].row.tid = 0;
	requests[3].row.netns_name = "../../proc/1/ns/net";
	requests[4].row.peer_port = 65536;
	requests[5].row.fd = -2;
	for (i = 0; i < 6; i++)
		assert_int_equal(through(&got, &arena, &requests[i]), -EBADMSG);
	requests[0] = a_request();
	assert_int_equal(act_request_pack(&bytes, &requests[0]), 0);
	for (i = 0; i < bytes.size; i++)
		assert_int_equal(act_request_unpack(&got, &arena, bytes.data, i), -EBADMSG);
	bytes.data[0] = (char)ACT_ASKS;
	assert_int_equal(act_request_unpack(&got, &arena, bytes.data, bytes.size), -EBADMSG);
	buffer_free(&bytes);
	arena_free(&arena);
}

static void a_reply_arrives(void **state)
{
	struct act_reply reply = {.plan = 3, .err = -ESTALE, .unlogged = true}, got;
	struct buffer bytes = {0};
	struct arena arena = {0};

	(void)state;
	row_init(&reply.record, ROW_ACTION);
	reply.record.action.error = "gone";
	reply.record.action.answer_s = 0.25;
	reply.record.comm = "a\nb";
	assert_int_equal(act_reply_pack(&bytes, &reply), 0);
	assert_int_equal(act_reply_unpack(&got, &arena, bytes.data, bytes.size), 0);
	assert_true(got.plan == 3 && got.err == -ESTALE && got.unlogged && got.record.action.answer_s == 0.25);
	assert_string_equal(got.record.action.error, "gone");
	assert_string_equal(got.record.comm, "a\nb");
	buffer_free(&bytes);
	arena_free(&arena);
}

/* ---- landlock.h ---- */

static int try_to_make(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	return fd < 0 ? errno : 0;
}

/* Bits: what went otherwise than it should. */
static int write_below(void)
{
	int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC), missing = -ENOENT, wrong = 0;

	if (landlock_write_below((int[]){fd, missing}, 2))
		return 1;
	wrong |= try_to_make(path_of("inside")) ? 2 : 0;
	wrong |= try_to_make("/tmp/sockstall-outside") != EACCES ? 4 : 0;
	wrong |= open("/etc/hostname", O_RDONLY | O_CLOEXEC) >= 0 ? 8 : 0;
	wrong |= rename(path_of("inside"), "/tmp/sockstall-outside") == 0 ? 16 : 0;
	return wrong | (unlink(path_of("inside")) ? 32 : 0);
}

static int only_read(void)
{
	int wrong = landlock_only_read() ? 1 : 0;

	wrong |= open("/proc/self/status", O_RDONLY | O_CLOEXEC) < 0 ? 2 : 0;
	return wrong | (try_to_make(path_of("inside")) != EACCES ? 4 : 0);
}

static int in_child(int (*call)(void))
{
	pid_t pid = fork();
	int status = -1;

	if (!pid)
		_exit(call());
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void files_are_written_below_the_folders_alone(void **state)
{
	(void)state;
	if (!landlock_abi())
		skip();
	assert_int_equal(in_child(write_below), 0);
	assert_int_equal(in_child(only_read), 0);
}

/* ---- Files ---- */

static void only_a_regular_file_is_replaced(void **state)
{
	struct stat before, after;
	int fd = replaced_file_create(path_of("one"));

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &before), 0);
	close(fd);
	fd = replaced_file_create(path_of("one"));
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &after), 0);
	assert_true(before.st_ino != after.st_ino && (after.st_mode & 07777) == 0600);
	assert_int_equal(stat(path_of("one"), &before), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	close(fd);
	unlink(path_of("one"));
	assert_int_equal(symlink("nowhere", path_of("one")), 0);
	assert_int_equal(replaced_file_create(path_of("one")), -ELOOP);
	unlink(path_of("one"));
	assert_int_equal(mkfifo(path_of("one"), 0600), 0);
	assert_int_equal(replaced_file_create(path_of("one")), -EEXIST);
	unlink(path_of("one"));
}

static void only_a_regular_file_is_opened(void **state)
{
	int fd;

	(void)state;
	assert_int_equal(open_file("/dev/null"), -EINVAL);
	assert_int_equal(open_file(folder), -EINVAL);
	assert_int_equal(mkfifo(path_of("pipe"), 0600), 0);
	assert_int_equal(open_file(path_of("pipe")), -EINVAL);
	unlink(path_of("pipe"));
	assert_int_equal(symlink("/dev/zero", path_of("link")), 0);
	assert_int_equal(open_file(path_of("link")), -EINVAL);
	unlink(path_of("link"));
	assert_int_equal(symlink("/proc/self/ns/net", path_of("link")), 0);
	fd = open_file(path_of("link"));
	assert_true(fd >= 0);
	close(fd);
	unlink(path_of("link"));
}

static void a_dump_takes_a_name_that_is_free(void **state)
{
	struct dump_folder dump_folder;
	struct dump_file file = {.fd = -1};
	char wanted[128];

	(void)state;
	snprintf(wanted, sizeof(wanted), "%s/looks", folder);
	dump_folder_open(&dump_folder, wanted, ".rec");
	assert_int_equal(symlink("elsewhere", wanted), 0);
	assert_int_equal(dump_file_open(&file, &dump_folder), 0);
	assert_string_equal(file.path + strlen(wanted), ".1");
	dump_file_close(&file, false);
	assert_int_equal(access(path_of("looks.1"), F_OK), -1);
	dump_folder_close(&dump_folder);
	unlink(wanted);
	dump_folder_open(&dump_folder, "/nonexistent/looks", ".rec");
	assert_int_equal(dump_file_open(&file, &dump_folder), -ENOENT);
	assert_string_equal(file.path, "/nonexistent/looks");
	dump_file_close(&file, true);
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_descriptor_goes_there_and_back),
		cmocka_unit_test(what_is_too_long_is_refused),
		cmocka_unit_test(a_request_arrives),
		cmocka_unit_test(a_request_that_makes_no_sense_is_refused),
		cmocka_unit_test(a_reply_arrives),
		cmocka_unit_test(files_are_written_below_the_folders_alone),
		cmocka_unit_test(only_a_regular_file_is_replaced),
		cmocka_unit_test(only_a_regular_file_is_opened),
		cmocka_unit_test(a_dump_takes_a_name_that_is_free),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
