/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "make_look.h"
#include "reports/waits/holders.h"

/* What a process does. */
enum does {
	RUNS,
	STOPPED,
	LOOKS_AFTER, /* waits for its children */
	UNSEEN, /* none of its threads is in the look */
};

struct process {
	__u32 pid;
	enum does does;
	const char *comm; /* NULL: "server" */
	__u32 flags; /* enum owner_flag */
};

static const struct {
	struct process processes[4];
	__u32 except;
	bool stopped_first;
	__u32 chosen, count;
	bool alone;
} cases[] = {
	{{{0}}, 0, false, 0, 0, false},
	{{{10, RUNS, NULL, 0}}, 0, false, 10, 1, true},
	{{{10, UNSEEN, NULL, 0}}, 0, false, 10, 1, true},
	{{{10, RUNS, NULL, 0}, {11, RUNS, NULL, 0}}, 0, false, 10, 2, false},
	/* A master that waits for its children is not the one that is waited for. */
	{{{10, LOOKS_AFTER, NULL, 0}, {11, RUNS, NULL, 0}}, 0, false, 11, 2, true},
	{{{10, LOOKS_AFTER, NULL, 0}, {11, RUNS, NULL, 0}, {12, RUNS, NULL, 0}}, 0, false, 11, 3, false},
	{{{10, LOOKS_AFTER, NULL, 0}}, 0, false, 10, 1, true},
	/* Nor is one whose children have the listener, whatever it does at this moment. */
	{{{10, RUNS, NULL, OWNER_HAS_FORKED}, {11, RUNS, NULL, OWNER_FORKED}}, 0, true, 11, 2, true},
	{{{10, RUNS, NULL, OWNER_HAS_FORKED}, {11, LOOKS_AFTER, NULL, OWNER_FORKED}}, 0, true, 11, 2, true},
	/* A stopped one: of one connection another holder may go on; at an accept queue anybody would do. */
	{{{10, STOPPED, NULL, 0}, {11, RUNS, NULL, 0}}, 0, false, 11, 2, false},
	{{{10, RUNS, NULL, 0}, {11, STOPPED, NULL, 0}}, 0, true, 11, 2, false},
	{{{10, LOOKS_AFTER, NULL, 0}, {11, STOPPED, NULL, 0}}, 0, false, 11, 2, true},
	/* The waiting thread is not the one that is waited for. */
	{{{10, RUNS, NULL, 0}, {11, RUNS, NULL, 0}}, 10, false, 11, 1, true},
	{{{10, RUNS, NULL, 0}}, 10, false, 0, 0, false},
	/* The service manager only where nobody else is there. */
	{{{1, RUNS, "systemd", 0}, {11, LOOKS_AFTER, NULL, 0}}, 0, false, 11, 1, true},
	{{{1, RUNS, "systemd", 0}}, 0, false, 1, 1, true},
};

static void add_process(struct look_builder *builder, const struct process *process)
{
	const char *comm = process->comm ? process->comm : "server";
	struct thread_record *thread;

	if (process->does == UNSEEN)
		return;
	if (process->does != LOOKS_AFTER) {
		thread = look_add_thread(builder, process->pid, process->pid, comm);
		thread->flags |= process->does == STOPPED ? THREAD_STOPPED : 0;
		return;
	}
	thread = look_add_sleeping(builder, process->pid, process->pid, comm, 50 * SECOND);
	thread->syscall = SYS_wait4;
}

static void the_one_that_is_waited_for(void **state)
{
	static const struct socket_name name = {.cookie = 7, .inode = 8};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct process *process = cases[i].processes;
		const struct owner_record *const *owners;
		struct processes processes = {0};
		struct look_builder builder;
		struct look look = {0};
		struct holder holder;
		size_t count = 0;

		look_begin(&builder, 100 * SECOND);
		for (; process->pid; process++) {
			add_process(&builder, process);
			look_add_owner(&builder, &name, process->pid, 3, process->comm ? process->comm : "server")
				->flags = process->flags;
			look_add_owner(&builder, &name, process->pid, 4, process->comm ? process->comm : "server");
		}
		look_finish(&builder, &look);
		assert_int_equal(processes_collect(&processes, &look), 0);
		owners = look_owners(&look, name.cookie, &count);
		holder = holders_choose(&processes, owners, count, cases[i].except, cases[i].stopped_first);
		if ((holder.owner ? holder.owner->pid : 0) != cases[i].chosen || holder.count != cases[i].count ||
		    (holder.owner && holder.alone != cases[i].alone))
			fail_msg("case %zu: pid %u of %u, alone %d", i, holder.owner ? holder.owner->pid : 0,
				 holder.count, holder.alone);
		processes_free(&processes);
		look_free(&look);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(the_one_that_is_waited_for)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
