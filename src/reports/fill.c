/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "reports/fill.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <sys/socket.h>

#include "base/array.h"
#include "base/text.h"
#include "base/wording.h"
#include "look/timers.h"
#include "system/address.h"
#include "system/cgroup.h"
#include "system/unit.h"

/* Characters of a command line. */
#define TITLE_MOST 120

double fill_seconds(__u64 ns)
{
	return ns == TIMERS_NEVER ? NAN : (double)ns / 1e9;
}

double fill_until(__u64 now_ns, __u64 then_ns)
{
	if (then_ns == TIMERS_NEVER)
		return NAN;
	return then_ns > now_ns ? fill_seconds(then_ns - now_ns) : 0;
}

double fill_since(__u64 now_ns, __u64 then_ns)
{
	if (!then_ns)
		return NAN;
	return now_ns > then_ns ? fill_seconds(now_ns - then_ns) : 0;
}

void fill_age(struct row *row, const struct look *look, __u64 now_ns, __u64 since_ns)
{
	row->since_ns = look_realtime(look, since_ns);
	row->age_s = fill_since(now_ns, since_ns);
	if (since_ns)
		row->age_at_least = false;
}

void fill_least_age(struct row *row, __u64 least_ns)
{
	row->since_ns = 0;
	row->age_s = fill_seconds(least_ns);
	row->age_at_least = true;
}

void fill_sleep(struct row *row, const struct look *look, const struct thread_record *thread, __u64 since_ns)
{
	__u64 now_ns = look->head->seen_ns;

	fill_age(row, look, now_ns, since_ns);
	if (since_ns && thread->flags & THREAD_AT_LEAST)
		fill_least_age(row, now_ns > since_ns ? now_ns - since_ns : 0);
}

static const char *fill_name(struct report *report, const struct look *look, __u32 pid, enum process_name name)
{
	const char *text = look_process_name(look, pid, name);

	return text ? arena_printf(&report->arena, "%s", text) : NULL;
}

static void fill_names(struct row *row, struct report *report, const struct look *look, __u32 pid)
{
	row->unit = unit_of(&report->arena, row->cgroup);
	if (!row->container)
		return;
	row->pod = fill_name(report, look, pid, PROCESS_POD);
	row->namespace = fill_name(report, look, pid, PROCESS_NAMESPACE);
	row->container_name = fill_name(report, look, pid, PROCESS_CONTAINER);
	row->image = fill_name(report, look, pid, PROCESS_IMAGE);
}

void fill_process(struct row *row, struct report *report, const struct look *look, __u32 pid, const char comm[16])
{
	const char *cgroup;

	row->pid = pid;
	row->comm = row->process_comm = look_comm(&report->arena, comm);
	cgroup = look_cgroup(look, pid);
	if (cgroup)
		row->cgroup = arena_printf(&report->arena, "%s", cgroup);
	row->container = container_id(&report->arena, row->cgroup);
	fill_names(row, report, look, pid);
}

void fill_title(struct row *row, struct report *report, const struct look *look)
{
	const char *title = row->pid == NOT_KNOWN ? NULL : look_note(look, (__u32)row->pid, NOTE_TITLE);

	if (title && !row->title)
		row->title = arena_printf(&report->arena, "%.*s", (int)text_prefix(title, TITLE_MOST), title);
}

/* A line for each frame. */
static const char *copy_stack(struct report *report, const char *note)
{
	char *copy = note ? arena_alloc(&report->arena, strlen(note) + 1) : NULL, *to = copy;

	while (copy && *note) {
		bool ends = !strncmp(note, NOTE_SEPARATOR, strlen(NOTE_SEPARATOR));

		*to++ = ends ? '\n' : *note == '\n' ? ' ' : *note;
		note += ends ? strlen(NOTE_SEPARATOR) : 1;
	}
	if (copy)
		*to = '\0';
	return copy;
}

/* A function's name is the program's own: it must not look like another part of the sentence. */
static const char *code_as_part(const struct row *row, struct report *report)
{
	char *copy = arena_alloc(&report->arena, strlen(row->code) + 1);

	for (size_t i = 0; copy && row->code[i]; i++)
		copy[i] = row->code[i] == ';' ? ',' : row->code[i];
	return copy ?: "";
}

static void say_code(struct row *row, struct report *report)
{
	const char *code;

	/* Of those that wait for one another none is the one. */
	if (!row->stuck || !row->code || !row->why || (row->type == ROW_CHAIN && row->chain.cycle))
		return;
	code = code_as_part(row, report);
	switch (row->type) {
	case ROW_CHAIN: /* the last part of the sentence is about its end, whose thread this is, and stays one part */
		row->why = arena_printf(&report->arena, "%s, in %s", row->why, code);
		break;
	case ROW_LOCK: /* the sentence is about two threads */
		row->why = arena_printf(&report->arena, "%s; thread %" PRId64 " is in %s", row->why, row->tid, code);
		break;
	default:
		row->why = arena_printf(&report->arena, "%s; in %s", row->why, code);
	}
}

void fill_code(struct row *row, struct report *report, const struct look *look)
{
	if (row->tid != NOT_KNOWN && !row->code) {
		row->code = fill_note(report, look, (__u32)row->tid, NOTE_CODE);
		say_code(row, report);
	}
	if (row->tid != NOT_KNOWN && !row->user_stack)
		row->user_stack = copy_stack(report, look_note(look, (__u32)row->tid, NOTE_USER_STACK));
}

void fill_thread(struct row *row, struct report *report, const struct look *look, const struct thread_record *thread)
{
	fill_process(row, report, look, thread->pid, thread->process_comm);
	row->comm = look_comm(&report->arena, thread->comm);
	row->tid = thread->tid;
	row->netns = thread->netns;
	row->process_start_ns = thread->process_start_ns;
}

/* A mapped address is shown as IPv4, and then the family has to go with it. */
static const char *family_of(const struct socket_name *name)
{
	if (name->family == AF_INET)
		return "inet";
	if (name->family == AF_INET6)
		return address_is_ipv4(name->local_addr) ? "inet" : "inet6";
	return name->family == AF_UNIX ? "unix" : NULL;
}

void fill_socket(struct row *row, struct report *report, const struct socket_name *name)
{
	row->family = family_of(name);
	row->cookie = name->cookie;
	if (name->netns)
		row->netns = name->netns;
	if (name->family != AF_INET && name->family != AF_INET6)
		return;
	row->local_addr = say_address(&report->arena, name->local_addr);
	row->local_port = name->local_port;
	row->peer_addr = say_address(&report->arena, name->peer_addr);
	row->has_peer = true;
	memcpy(&row->peer, name->peer_addr, sizeof(row->peer));
	row->peer_port = name->peer_port;
}

const char *fill_kind(const struct socket_record *socket)
{
	static const char *const kinds[] = {
		[SOCKET_KIND_TCP] = "tcp",   [SOCKET_KIND_UDP] = "udp",	 [SOCKET_KIND_UNIX] = "unix",
		[SOCKET_KIND_PIPE] = "pipe", [SOCKET_KIND_OTHER] = NULL,
	};

	return socket->name.kind < COUNT_OF(kinds) ? kinds[socket->name.kind] : NULL;
}

void fill_unix_peer(struct peer_fields *peer, struct report *report, const struct look *look,
		    const struct socket_record *socket)
{
	const struct owner_record *owner = NULL;

	if (socket->name.kind == SOCKET_KIND_UNIX)
		owner = look_owner_of_inode(look, socket->peer_inode);
	fill_receiver(peer, report, owner);
}

void fill_receiver(struct peer_fields *peer, struct report *report, const struct owner_record *owner)
{
	if (!owner)
		return;
	peer->pid = owner->pid;
	peer->comm = look_comm(&report->arena, owner->comm);
}

const char *fill_note(struct report *report, const struct look *look, __u32 tid, __u32 kind)
{
	const char *note = look_note(look, tid, kind);

	return note ? arena_printf(&report->arena, "%s", note) : NULL;
}

const char *fill_syscall(struct report *report, const struct thread_record *thread)
{
	const char *name = look_syscall(thread);

	return name ? arena_printf(&report->arena, "%s", name) : NULL;
}
