/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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

#include "base/folder.h"
#include "base/new_file.h"

static char base[] = "/tmp/sockstall-folder-XXXXXX";

static const char *in_base(const char *name)
{
	static char paths[4][PATH_MAX];
	static unsigned int next;
	char *path = paths[next++ % 4];

	snprintf(path, PATH_MAX, "%s/%s", base, name);
	return path;
}

static int set_up(void **state)
{
	(void)state;
	return !mkdtemp(base) || mkdir(in_base("a"), 0700) || mkdir(in_base("a/b"), 0700) ||
	       symlink("a", in_base("link")) || symlink(in_base("a/b"), in_base("far")) ||
	       symlink("loop", in_base("loop")) || symlink("../a/b", in_base("a/back")) ||
	       mkfifo(in_base("file"), 0600);
}

static int tear_down(void **state)
{
	static const char *const names[] = {"link", "far", "loop", "a/back", "file", "a/b/new", "a/b", "a", ""};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		remove(in_base(names[i]));
	return 0;
}

static bool is_same(int fd, const char *path)
{
	struct stat have, want;
	bool same = fd >= 0 && !fstat(fd, &have) && !stat(path, &want) && have.st_ino == want.st_ino &&
		    have.st_dev == want.st_dev;

	if (fd >= 0)
		close(fd);
	return same;
}

static void it_is_the_folder_that_open_finds(void **state)
{
	static const char *const paths[] = {"a",      "a/",  "a//b/",  "a/./b/..",	   "link",
					    "link/b", "far", "a/back", "far/../../link/b", "."};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		assert_true(is_same(folder_open(in_base(paths[i])), in_base(paths[i])));
		assert_true(is_same(folder_open_trusted(in_base(paths[i])), in_base(paths[i])));
	}
	assert_true(is_same(folder_open_trusted("/"), "/"));
	assert_true(is_same(folder_open_trusted("//tmp/.."), "/"));
	assert_true(is_same(folder_open_trusted("."), "."));
}

static void errors_are_those_of_open(void **state)
{
	static const char *const paths[] = {"none", "a/none/b", "file", "file/x", "loop", "link/file"};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		assert_true(folder_open(in_base(paths[i])) < 0);
		assert_int_equal(folder_open_trusted(in_base(paths[i])), folder_open(in_base(paths[i])));
	}
	assert_int_equal(folder_open_trusted(""), -ENOENT);
	assert_int_equal(folder_open(""), -ENOENT);
}

static void links_of_others_are_refused(void **state)
{
	(void)state;
	if (geteuid() || lchown(in_base("link"), 65534, 65534))
		skip();
	assert_true(is_same(folder_open(in_base("link/b")), in_base("a/b")));
	assert_int_equal(folder_open_trusted(in_base("link/b")), -ELOOP);
	assert_int_equal(folder_open_trusted(in_base("link")), -ELOOP);
	assert_int_equal(lchown(in_base("link"), 0, 0), 0);
}

static void a_path_is_taken_apart(void **state)
{
	(void)state;
	assert_string_equal(folder_name_in("a/b"), "b");
	assert_string_equal(folder_name_in("b"), "b");
	assert_string_equal(folder_name_in("/b"), "b");
	assert_string_equal(folder_name_in("b/"), "");
	assert_true(is_same(folder_open_of(in_base("a/b")), in_base("a")));
	assert_true(is_same(folder_open_of("b"), "."));
	assert_true(is_same(folder_open_of("/b"), "/"));
	assert_int_equal(folder_open_of(in_base("none/b")), -ENOENT);
}

/* The folder is moved away, and another is in its place: the file is where the folder is. */
static void a_file_is_made_in_the_folder_that_was_opened(void **state)
{
	int folder = folder_open(in_base("a/b"));
	struct new_file file;

	(void)state;
	assert_true(folder >= 0);
	assert_int_equal(rename(in_base("a/b"), in_base("a/c")), 0);
	assert_int_equal(mkdir(in_base("a/b"), 0700), 0);
	assert_int_equal(new_file_open_at(&file, folder, "new", 0600), 0);
	assert_int_equal(new_file_commit(&file, false), 0);
	assert_int_equal(access(in_base("a/b/new"), F_OK), -1);
	assert_int_equal(new_file_open_at(&file, folder, "new", 0600), 0);
	assert_int_equal(new_file_commit(&file, false), -EEXIST);
	assert_int_equal(new_file_open_at(&file, folder, "", 0600), -EISDIR);
	assert_int_equal(rmdir(in_base("a/b")), 0);
	assert_int_equal(rename(in_base("a/c"), in_base("a/b")), 0);
	assert_int_equal(access(in_base("a/b/new"), F_OK), 0);
	assert_true(is_same(folder, in_base("a/b"))); /* still open: it is not the file's */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_the_folder_that_open_finds),
		cmocka_unit_test(errors_are_those_of_open),
		cmocka_unit_test(links_of_others_are_refused),
		cmocka_unit_test(a_path_is_taken_apart),
		cmocka_unit_test(a_file_is_made_in_the_folder_that_was_opened),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
