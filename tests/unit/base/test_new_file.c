/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/new_file.h"

static char path[] = "/tmp/sockstall-new-XXXXXX";
static int folder;

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(path))
		return -1;
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return folder < 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlinkat(folder, "file", 0);
	unlinkat(folder, "link", 0);
	unlinkat(folder, "other", 0);
	close(folder);
	return rmdir(path); /* nothing else was left behind */
}

static int write_file(const char *name, const char *text, bool replace)
{
	struct new_file file;
	int err = new_file_open_at(&file, folder, name, 0640);

	if (err)
		return err;
	fputs(text, file.stream);
	return new_file_commit(&file, replace);
}

static const char *content(const char *name)
{
	static char text[64];
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	ssize_t size = read(fd, text, sizeof(text) - 1);

	close(fd);
	text[size > 0 ? size : 0] = '\0';
	return text;
}

static void it_is_there_when_it_is_whole(void **state)
{
	struct new_file file;
	struct stat st;

	(void)state;
	assert_int_equal(new_file_open_at(&file, folder, "file", 0640), 0);
	fputs("all of it", file.stream);
	assert_int_equal(faccessat(folder, "file", F_OK, 0), -1);
	assert_int_equal(new_file_commit(&file, false), 0);
	assert_string_equal(content("file"), "all of it");
	assert_int_equal(fstatat(folder, "file", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
}

static void one_that_is_there_is_kept(void **state)
{
	(void)state;
	assert_int_equal(write_file("file", "another", false), -EEXIST);
	assert_string_equal(content("file"), "all of it");
	assert_int_equal(write_file("file", "another", true), 0);
	assert_string_equal(content("file"), "another");
}

/* Whoever put it there wants something else to be overwritten. */
static void links_are_not_followed(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(write_file("other", "mine", true), 0);
	assert_int_equal(symlinkat("other", folder, "link"), 0);
	assert_int_equal(write_file("link", "theirs", false), -EEXIST);
	assert_int_equal(write_file("link", "theirs", true), 0);
	assert_string_equal(content("other"), "mine");
	assert_int_equal(fstatat(folder, "link", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISREG(st.st_mode));
}

static void what_is_dropped_leaves_nothing(void **state)
{
	struct new_file file;

	(void)state;
	assert_int_equal(new_file_open_at(&file, folder, "gone", 0600), 0);
	new_file_drop(&file);
	new_file_drop(&file);
	assert_int_equal(faccessat(folder, "gone", F_OK, 0), -1);
	assert_int_equal(new_file_open_at(&file, folder, "", 0600), -EISDIR);
	new_file_drop(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_there_when_it_is_whole),
		cmocka_unit_test(one_that_is_there_is_kept),
		cmocka_unit_test(links_are_not_followed),
		cmocka_unit_test(what_is_dropped_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
