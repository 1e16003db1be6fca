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

#include "system/netns.h"

static void names_are_told_from_inodes(void **state)
{
	char longest[300];

	(void)state;
	assert_true(netns_is_name("blue"));
	assert_true(netns_is_name("cni-0a1b"));
	assert_true(netns_is_name("12ab"));
	assert_false(netns_is_name("4026531840"));
	assert_false(netns_is_name(""));
	assert_false(netns_is_name("."));
	assert_false(netns_is_name(".."));
	assert_false(netns_is_name("-x"));
	assert_false(netns_is_name("a/b"));
	memset(longest, 'a', sizeof(longest));
	longest[255] = '\0';
	assert_true(netns_is_name(longest));
	longest[255] = 'a';
	longest[256] = '\0';
	assert_false(netns_is_name(longest));
}

static void a_descriptor_gives_its_inode(void **state)
{
	__u32 inode = 0;
	struct stat st;

	(void)state;
	assert_int_equal(stat("/proc/self/ns/net", &st), 0);
	assert_int_equal(netns_take_inode(netns_open_own(), &inode), 0);
	assert_int_equal(inode, st.st_ino);
	assert_int_equal(netns_take_inode(-ENOENT, &inode), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_told_from_inodes),
		cmocka_unit_test(a_descriptor_gives_its_inode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
