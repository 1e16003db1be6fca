/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Every thread of a process: what it is in, and since when. */
#include <errno.h>

#include "base/array.h"
#include "reports/fill.h"
#include "reports/now_in.h"
#include "reports/regions.h"
#include "reports/reports.h"
#include "rows/report.h"

/* Bits of task->__state, and the words that /proc/PID/status has for them. From the most telling to the least. */
static const struct {
	__u32 bits;
	const char *name;
} states[] = {
	{0x10, "dead"}, /* EXIT_DEAD */
	{0x20, "zombie"}, /* EXIT_ZOMBIE */
	{0x80, "dead"}, /* TASK_DEAD */
	{0x08, "tracing stop"}, /* __TASK_TRACED */
	{0x04, "stopped"}, /* __TASK_STOPPED */
	{0x40, "parked"}, /* TASK_PARKED */
	{0x400, "idle"}, /* TASK_NOLOAD, with TASK_UNINTERRUPTIBLE */
	{0x02, "disk sleep"}, /* TASK_UNINTERRUPTIBLE */
	{0x01, "sleeping"}, /* TASK_INTERRUPTIBLE */
	{0x1000, "disk sleep"}, /* TASK_RTLOCK_WAIT */
	{0x8000, "disk sleep"}, /* TASK_FROZEN */
};

static const char *state_name(__u32 state)
{
	size_t i;

	for (i = 0; i < COUNT_OF(states); i++) {
		if (state & states[i].bits)
			return states[i].name;
	}
	return "running";
}

/* From CLOCK_BOOTTIME, which goes on in suspend, by this look's clocks. 0: not known. */
static __u64 realtime_of_boottime(const struct look_record *head, __u64 boottime_ns)
{
	if (!boottime_ns || boottime_ns > head->boottime_ns)
		return 0;
	return head->realtime_ns - (head->boottime_ns - boottime_ns);
}

static const char *say_shares(struct arena *arena, __u32 shares)
{
	const char *vm = shares & SHARES_VM ? " vm" : "";
	const char *files = shares & SHARES_FILES ? " files" : "";
	const char *fs = shares & SHARES_FS ? " fs" : "";
	const char *sighand = shares & SHARES_SIGHAND ? " sighand" : "";
	const char *text;

	if (!(shares & SHARES_KNOWN))
		return NULL;
	text = arena_printf(arena, "%s%s%s%s", vm, files, fs, sighand);
	return *text ? text + 1 : text;
}

static void fill_detail(struct row *row, struct arena *arena, const struct detail_record *detail)
{
	row->thread.shares = say_shares(arena, detail->shares);
	if (detail->creator_tid)
		row->thread.creator_tid = detail->creator_tid;
	if (detail->stack_flags & STACK_KNOWN) {
		row->thread.stack_start = arena_printf(arena, "0x%llx", detail->stack_start);
		row->thread.stack_end = arena_printf(arena, "0x%llx", detail->stack_end);
	}
	if (detail->stack_flags & STACK_GUARD_KNOWN)
		row->thread.stack_guard = (int64_t)detail->stack_guard;
	if (detail->stack_flags & STACK_USED_KNOWN)
		row->thread.stack_used = (int64_t)detail->stack_used;
}

static int add_thread(struct report *report, const struct look *look, const struct thread_view *view)
{
	const struct thread_record *thread = view->thread;
	struct row *row = report_add(report, look, ROW_THREAD);
	__u64 asleep_since = look_asleep_since(look, thread);

	if (!row)
		return -ENOMEM;
	fill_thread(row, report, look, thread);
	if (view->detail)
		fill_detail(row, &report->arena, view->detail);
	row->thread.state = state_name(thread->state);
	row->thread.syscall = fill_syscall(report, thread);
	row->thread.now_in = loop_now_in(&report->arena, look, thread, view->socket);
	row->thread.now_s = fill_since(thread->seen_ns, asleep_since);
	if (asleep_since)
		row->age_at_least = !!(thread->flags & THREAD_AT_LEAST);
	row->thread.created_ns = realtime_of_boottime(look->head, thread->start_ns);
	row->thread.cpu_s = fill_seconds(thread->cpu_ns);
	row->thread.switches = thread->voluntary + thread->involuntary;
	row->thread.switches_voluntary = thread->voluntary;
	row->thread.switches_involuntary = thread->involuntary;
	row->thread.kernel_stack = fill_note(report, look, thread->tid, NOTE_KERNEL_STACK);
	return 0;
}

static int run(struct report *report, const struct look *look, const struct look *previous, const struct scope *scope)
{
	size_t i;
	int err = 0;

	(void)previous;
	/* Other commands have details only of the process that a person asked for at the screen. */
	for (i = 0; i < look->threads.count && !err; i++)
		if (scope->command == COMMAND_THREADS || look->threads.items[i].detail)
			err = add_thread(report, look, &look->threads.items[i]);
	return err || !scope->all || scope->command != COMMAND_THREADS ? err : report_regions(report, look);
}

const struct report_kind report_threads = {
	.name = "threads",
	.commands = 1u << COMMAND_OVERVIEW | 1u << COMMAND_HANDSHAKES | 1u << COMMAND_READERS | 1u << COMMAND_EPOLL |
		    1u << COMMAND_THREADS | 1u << COMMAND_WRITERS | 1u << COMMAND_CLOSING | 1u << COMMAND_CHAINS |
		    1u << COMMAND_SERVICES | 1u << COMMAND_LOCKS,
	.run = run,
};
