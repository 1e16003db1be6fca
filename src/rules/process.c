/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "rules/process.h"

#include "base/array.h"
#include "base/wording.h"
#include "rules/verdicts.h"

/* ---- Evidence ---- */

/*
 * The second read comes ten seconds after the first at the earliest (foreign_held.h). One may have waited for a disk,
 * or for a moment in which the process itself was busy with its memory.
 */
static bool did_so_again(const struct unread_record *process)
{
	return process->reads > 1;
}

static bool process_always(const struct unread_record *process)
{
	(void)process;
	return true;
}

/* ---- Why ---- */

static const struct part {
	enum unread_part part;
	const char *name;
	const char *reason; /* who makes such a read wait */
} parts[] = {
	{UNREAD_EPOLL, "epoll descriptors", "a thread of it holds the lock of its epoll descriptor"},
	{UNREAD_MAPS, "mappings", "a thread of it holds the lock of its address space"},
	{UNREAD_MEMORY, "memory", "its address space is locked, or its pages do not come (FUSE, userfaultfd)"},
	{UNREAD_PROGRAM, "program", "the file system of its program does not answer"},
	{UNREAD_PROC, "/proc", "a thread of it is inside an exec that does not end"},
	{UNREAD_CONTAINER, "container", "the file system with the files of its container runtime does not answer"},
};

const char *process_parts(struct arena *arena, const struct unread_record *process)
{
	const char *text = "";
	size_t i;

	for (i = 0; i < COUNT_OF(parts); i++)
		if (process->parts & parts[i].part)
			text = arena_printf(arena, "%s%s%s", text, *text ? ", " : "", parts[i].name);
	return text;
}

/* Of several the first: they are sorted from what is surest. */
static const char *say_reason(const struct unread_record *process)
{
	size_t i;

	for (i = 0; i < COUNT_OF(parts); i++)
		if (process->parts & parts[i].part)
			return parts[i].reason;
	return "it holds them up";
}

static const char *why_unreadable(struct arena *arena, const struct unread_record *process, __u64 now_ns)
{
	return arena_printf(arena,
			    "%s of it by sockstall did not return in time (%s), the first %s ago: most likely "
			    "%s",
			    say_count(arena, process->reads, "reads"), process_parts(arena, process),
			    say_since(arena, now_ns, process->since_ns), say_reason(process));
}

static const char *why_slow(struct arena *arena, const struct unread_record *process, __u64 now_ns)
{
	return arena_printf(arena,
			    "a read of it by sockstall did not return in time (%s), %s ago; sockstall tries again "
			    "after 10 s",
			    process_parts(arena, process), say_since(arena, now_ns, process->since_ns));
}

/* ---- Advice ---- */

static const char *advise_care(struct arena *arena, const struct unread_record *process)
{
	if (process->parts & UNREAD_PROGRAM)
		return arena_printf(arena,
				    "see on which file system its program is: readlink /proc/%u/exe, then findmnt -T",
				    process->pid);
	return arena_printf(
		arena,
		"see whose process it is (stat /proc/%u); tools that read its memory or descriptors, such as "
		"lsof and gdb, may hang",
		process->pid);
}

/* ---- The table ---- */

PROCESS_VERDICTS(VERDICT_OF_RULE)

/* clang-format off */
const struct process_rule process_rules[] = {
	/* evidence        verdict        how bad           why             advice */
	{ did_so_again,    &unreadable,   SEVERITY_SUSPECT, why_unreadable, advise_care },
	{ process_always,  &slow_to_read, SEVERITY_NONE,    why_slow,       NULL },
};
/* clang-format on */

const size_t process_rule_count = COUNT_OF(process_rules);

const struct process_rule *process_verdict(const struct unread_record *process)
{
	const struct process_rule *rule = process_rules;

	while (!rule->applies(process))
		rule++;
	return rule;
}
