/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "reports/regions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "reports/fill.h"

/* A thread whose stack is known. */
struct stack {
	const struct thread_view *view;
	__u64 guard, start, end; /* from guard to start is the guard, if any */
};

/* The process whose regions are being added. */
struct address_space {
	struct report *report;
	const struct look *look;
	const struct region_record *const *regions;
	size_t region_count;
	const struct thread_view *leader; /* or another of its threads */
	struct stack *stacks; /* by start */
	size_t stack_count, passed;
};

static bool is_executable(const struct region_record *region)
{
	return region->permissions[2] == 'x';
}

/* The pieces of one file lie side by side; how many there are is not ours to bound. */
#define NEIGHBOURS 8

/* A file that is also mapped to be executed is a program: its other mappings are data. */
static bool is_of_program(const struct address_space *space, size_t at)
{
	const struct region_record *const *regions = space->regions;
	size_t i = at > NEIGHBOURS ? at - NEIGHBOURS : 0;

	for (; i < space->region_count && i <= at + NEIGHBOURS; i++)
		if (is_executable(regions[i]) && regions[i]->inode == regions[at]->inode &&
		    !strcmp(regions[i]->name, regions[at]->name))
			return true;
	return false;
}

/* Memory without a file right behind a program's writable data: what that has no bytes for in the file. */
static bool is_bss(const struct address_space *space, size_t at)
{
	const struct region_record *region = space->regions[at], *before = at ? space->regions[at - 1] : NULL;

	return before && !region->name[0] && before->end == region->start && before->inode &&
	       before->permissions[1] == 'w' && is_of_program(space, at - 1);
}

static const char *kind_of(const struct address_space *space, size_t at)
{
	const struct region_record *region = space->regions[at];

	if (!strncmp(region->name, "[v", 2)) /* [vdso], [vvar], [vsyscall] */
		return "kernel";
	if (!strcmp(region->name, "[heap]"))
		return "heap";
	if (!strcmp(region->name, "[stack]"))
		return "stack";
	if (is_executable(region))
		return "code";
	if (region->inode && region->permissions[3] == 'p' && is_of_program(space, at))
		return "data";
	if (is_bss(space, at))
		return "data";
	return "mapping";
}

static int add_piece(const struct address_space *space, const struct region_record *region, const char *kind,
		     __u64 start, __u64 end, const struct thread_view *owner)
{
	struct arena *arena = &space->report->arena;
	struct row *row;

	if (start >= end)
		return 0;
	row = report_add(space->report, space->look, ROW_REGION);
	if (!row)
		return -ENOMEM;
	fill_thread(row, space->report, space->look, (owner ? owner : space->leader)->thread);
	row->comm = row->process_comm;
	if (owner)
		row->comm = look_comm(arena, owner->thread->comm);
	else
		row->tid = NOT_KNOWN;
	row->order = start;
	row->region.kind = kind;
	row->region.start = arena_printf(arena, "0x%llx", start);
	row->region.end = arena_printf(arena, "0x%llx", end);
	row->region.bytes = (int64_t)(end - start);
	row->region.permissions = arena_printf(arena, "%.4s", region->permissions);
	if (region->name[0])
		row->region.path = arena_printf(arena, "%s", region->name);
	return 0;
}

static __u64 larger(__u64 a, __u64 b)
{
	return a > b ? a : b;
}

static __u64 smaller(__u64 a, __u64 b)
{
	return a < b ? a : b;
}

/* A region on its way into the report. */
struct cut {
	const struct region_record *region;
	const char *kind; /* of what is no stack */
	__u64 at; /* what lies below has been added */
};

/* The part of [start, end) that the region has and that is not yet added, and what is left below it. */
static int add_part(const struct address_space *space, struct cut *cut, const char *kind, __u64 start, __u64 end,
		    const struct stack *stack)
{
	__u64 below = cut->at;
	int err;

	start = larger(start, below);
	end = smaller(end, cut->region->end);
	if (start >= end)
		return 0;
	cut->at = end;
	err = add_piece(space, cut->region, cut->kind, below, start, NULL);
	return err ? err : add_piece(space, cut->region, kind, start, end, stack->view);
}

/* Stacks are in order: those that end below this region do not matter for the next either. */
static int add_region(struct address_space *space, size_t at)
{
	const struct region_record *region = space->regions[at];
	struct cut cut = {.region = region, .kind = kind_of(space, at), .at = region->start};
	size_t i;
	int err = 0;

	while (space->passed < space->stack_count && space->stacks[space->passed].end <= region->start)
		space->passed++;
	for (i = space->passed; i < space->stack_count && !err; i++) {
		const struct stack *stack = &space->stacks[i];

		err = add_part(space, &cut, "guard", stack->guard, stack->start, stack);
		if (!err)
			err = add_part(space, &cut, "stack", stack->start, stack->end, stack);
		if (stack->start >= region->end)
			break;
	}
	return err ? err : add_piece(space, region, cut.kind, cut.at, region->end, NULL);
}

static int compare_stacks(const void *left, const void *right)
{
	const struct stack *a = left, *b = right;
	int order = (a->start > b->start) - (a->start < b->start);

	return order ? order : (a->view > b->view) - (a->view < b->view);
}

/* Finds the threads of the process; returns how many, or -ENOMEM. */
static int find_stacks(struct address_space *space, __u32 pid)
{
	const struct look *look = space->look;
	size_t i;

	space->stacks = calloc(look->threads.count + 1, sizeof(*space->stacks));
	if (!space->stacks)
		return -ENOMEM;
	for (i = 0; i < look->threads.count; i++) {
		const struct thread_view *view = &look->threads.items[i];
		const struct detail_record *detail = view->detail;

		if (view->thread->pid != pid)
			continue;
		if (!space->leader)
			space->leader = view;
		if (!detail || !(detail->stack_flags & STACK_KNOWN) || detail->stack_guard > detail->stack_start)
			continue;
		space->stacks[space->stack_count++] = (struct stack){
			.view = view,
			.guard = detail->stack_start - detail->stack_guard,
			.start = detail->stack_start,
			.end = detail->stack_end,
		};
	}
	qsort(space->stacks, space->stack_count, sizeof(*space->stacks), compare_stacks);
	return 0;
}

static int add_space(struct address_space *space)
{
	size_t i;
	int err = find_stacks(space, space->regions[0]->pid);

	/* A region comes with its process's threads, but a recording may say anything. */
	for (i = 0; i < space->region_count && !err && space->leader; i++)
		err = add_region(space, i);
	free(space->stacks);
	return err;
}

int report_regions(struct report *report, const struct look *look)
{
	const struct region_record *const *regions = look->regions.items;
	size_t i, count;
	int err = 0;

	for (i = 0; i < look->regions.count && !err; i += count) {
		struct address_space space = {.report = report, .look = look, .regions = regions + i};

		for (count = 1; i + count < look->regions.count && regions[i + count]->pid == regions[i]->pid;)
			count++;
		space.region_count = count;
		err = add_space(&space);
	}
	return err;
}
