/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "look/owners.h"
#include "make_look.h"

static const struct socket_name name = {.cookie = 7, .inode = 8};

struct sharer {
	__u32 pid;
	const char *comm;
	__u32 flags; /* enum owner_flag */
};

/* Holders of a socket, and the owner that follows from them. */
static const struct {
	struct sharer sharers[7];
	__u32 main; /* 0: nobody */
	const char *say, *pids;
} cases[] = {
	{{{0}}, 0, NULL, NULL},
	{{{10, "nginx", 0}}, 10, "nginx (pid 10)", "10"},
	{{{10, "nginx", 0}, {10, "nginx", 0}}, 10, "nginx (pid 10)", "10"}, /* by two descriptors */
	{{{10, "nginx", 0}, {11, "worker", 0}}, 10, "nginx (pid 10), which shares it with worker (pid 11),", "10,11"},
	{{{10, "a", 0}, {11, "b", 0}, {12, "c", 0}},
	 10,
	 "a (pid 10), which shares it with b (pid 11) and c (pid 12),",
	 "10,11,12"},
	{{{10, "a", 0}, {11, "b", 0}, {12, "c", 0}, {13, "d", 0}, {14, "e", 0}, {15, "f", 0}},
	 10,
	 "a (pid 10), which shares it with b (pid 11), c (pid 12), d (pid 13) and 2 more,",
	 "10,11,12,13"},
	/* Socket activation: the manager keeps what it has handed over. */
	{{{1, "systemd", 0}, {20, "sshd", 0}}, 20, "sshd (pid 20), which shares it with systemd (pid 1),", "20"},
	{{{9, "systemd", 0}, {20, "app", 0}}, 20, "app (pid 20), which shares it with systemd (pid 9),", "20"},
	{{{1, "systemd", 0}}, 1, "systemd (pid 1)", NULL},
	/* A prefork server: workers accept, and their master does not, whatever it does. */
	{{{10, "gunicorn", OWNER_HAS_FORKED}, {11, "gunicorn", OWNER_FORKED}, {12, "gunicorn", OWNER_FORKED}},
	 11,
	 "gunicorn (pid 11), which shares it with gunicorn (pid 10) and gunicorn (pid 12),",
	 "11,10,12"},
	{{{1, "systemd", 0}, {10, "unicorn", OWNER_HAS_FORKED}, {9, "unicorn", OWNER_FORKED}}, 9, NULL, "9,10"},
	{{{1, "systemd", 0}, {10, "unicorn", OWNER_HAS_FORKED}}, 10, NULL, "10"},
	/* In a container the first process may be the server itself. */
	{{{1, "server", 0}}, 1, "server (pid 1)", "1"},
	{{{1, "server", 0}, {5, "child", 0}}, 5, "child (pid 5), which shares it with server (pid 1),", "5"},
};

static void sharers_in_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct sharer *sharer = cases[i].sharers;
		const struct owner_record *owner;
		struct look_builder builder;
		struct arena arena = {0};
		struct look look = {0};
		const char *text;

		look_begin(&builder, 100 * SECOND);
		for (int fd = 3; sharer->pid; sharer++)
			look_add_owner(&builder, &name, sharer->pid, fd++, sharer->comm)->flags = sharer->flags;
		look_finish(&builder, &look);
		owner = owners_main(&look, name.cookie);
		assert_int_equal(owner ? owner->pid : 0, cases[i].main);
		text = owners_say(&arena, &look, name.cookie);
		if (cases[i].say || !cases[i].main)
			assert_string_equal(text ? text : "-", cases[i].say ? cases[i].say : "-");
		text = owners_pids(&arena, &look, name.cookie);
		assert_string_equal(text ? text : "-", cases[i].pids ? cases[i].pids : "-");
		assert_null(owners_main(&look, 0)); /* a cookie that is not known is nobody's */
		arena_free(&arena);
		look_free(&look);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(sharers_in_words)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
