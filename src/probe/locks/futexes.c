/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The locks that threads sleep in: for a futex the bytes around its word, which foreign.h's worker reads. Where they
 * name an owner they are read again, after what the thread is in: an owner counts only if the thread still waits for
 * the same, and the bytes say the same twice. Pages that are not there are not read.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/sorted.h"
#include "look/records.h"
#include "probe/internal.h"
#include "probe/locks/holder.h"
#include "system/futex_owner.h"

/* Threads in locks that one look finds out about. */
#define CASES_MOST 8192

/* Asked at once: two questions a case, when it is confirmed. */
#define ASKED_AT_ONCE 32

/* Shorter waits are left out, unless all threads of a process are shown. */
#define SLEPT_NS 100000000ULL

struct lock_case {
	const struct thread_record *thread;
	struct futex_wait wait;
	struct futex_owner owner;
	__u32 asks_as; /* a thread of the process, the same for all of it: then its pages are looked up in one file */
	bool read; /* the word was there to be read */
};

struct lock_cases {
	struct lock_case *items; /* sorted by process and address */
	size_t count, capacity;
};

/* ---- Which threads ---- */

/* By the records alone: whoever has been asleep for a moment only is no stall. */
static bool has_slept(const struct probe *probe, const struct thread_record *thread)
{
	__s64 slept =
		(__s64)thread->seen_ns - (__s64)(thread->last_arrival + thread->slice_ns) - probe->clock.offset_ns;

	return probe->scope.command == COMMAND_THREADS || thread->flags & THREAD_HAS_DETAIL || slept >= (__s64)SLEPT_NS;
}

static bool is_in_futex(const struct probe *probe, const struct thread_record *thread)
{
	const struct futex_wait wait = {thread->args[0], (__u32)thread->args[1], (__u32)thread->args[2]};

	return thread->flags & (THREAD_SLEEPING | THREAD_STOPPED) && !strcmp(thread->syscall_name, "futex") &&
	       futex_is_wait(&wait) && wait.address >= FUTEX_BEFORE && !(wait.address % sizeof(__u32)) &&
	       wait.address < 1ULL << 62 && has_slept(probe, thread);
}

static int add_case(struct lock_cases *cases, const struct thread_record *thread)
{
	struct lock_case *items = array_grow(cases->items, cases->count, &cases->capacity, 64, sizeof(*items));

	if (!items)
		return -ENOMEM;
	cases->items = items;
	cases->items[cases->count++] = (struct lock_case){
		.thread = thread,
		.wait = {thread->args[0], (__u32)thread->args[1], (__u32)thread->args[2]},
		.owner = {.kind = LOCK_NO_OWNER},
		.asks_as = thread->tid,
	};
	return 0;
}

static int compare_cases(const void *left, const void *right)
{
	const struct lock_case *a = left, *b = right;
	int order = COMPARE(a->thread->pid, b->thread->pid);

	if (!order)
		order = COMPARE(a->wait.address, b->wait.address);
	return order ? order : COMPARE(a->thread->tid, b->thread->tid);
}

static int collect(struct lock_cases *cases, struct probe *probe, const struct buffer *buffer)
{
	const struct record_header *header;
	size_t offset = 0, i;
	int err = 0;

	while (!err && (header = record_next(buffer, &offset))) {
		const struct thread_record *thread = (const void *)header;

		if (header->type != RECORD_THREAD || !is_in_futex(probe, thread))
			continue;
		if (cases->count == CASES_MOST)
			probe->losses.count[LOST_NOTES]++;
		else
			err = add_case(cases, thread);
	}
	if (cases->count)
		qsort(cases->items, cases->count, sizeof(*cases->items), compare_cases);
	for (i = 1; i < cases->count; i++)
		if (cases->items[i].thread->pid == cases->items[i - 1].thread->pid)
			cases->items[i].asks_as = cases->items[i - 1].asks_as;
	return err;
}

/* ---- Reading ---- */

static bool is_same_word(const struct lock_case *a, const struct lock_case *b)
{
	return a->thread->pid == b->thread->pid && a->wait.address == b->wait.address;
}

static void ask_memory(struct foreign_question *question, const struct lock_case *lock)
{
	*question = (struct foreign_question){
		.request = {.kind = FOREIGN_MEMORY,
			    .pid = lock->thread->pid,
			    .tid = lock->asks_as,
			    .address = lock->wait.address - FUTEX_BEFORE,
			    .size = FUTEX_BYTES,
			    .anchor = lock->wait.address,
			    .swapped = 1},
		.process_start_ns = lock->thread->process_start_ns,
	};
}

static void ask_call(struct foreign_question *question, const struct lock_case *lock)
{
	*question = (struct foreign_question){
		.request = {.kind = FOREIGN_SYSCALL, .pid = lock->thread->pid, .tid = lock->thread->tid, .size = 256},
		.process_start_ns = lock->thread->process_start_ns,
	};
}

/* False: there is nothing to be read. */
static bool judge(struct futex_owner *owner, const struct lock_case *lock, const struct foreign_question *question,
		  const struct buffer *answers)
{
	struct futex_memory memory;

	if (question->err || !foreign_memory_check(&question->request, answers->data + question->at, question->size,
						   &memory.start, &memory.length))
		return false;
	memory.bytes = answers->data + question->at + sizeof(memory.start);
	*owner = futex_owner_find(&lock->wait, &memory);
	return true;
}

/* Cases of one word stand together, and it is read once for all. */
static void judge_word(struct lock_case *first, const struct lock_case *end, const struct foreign_question *question,
		       const struct buffer *answers)
{
	struct lock_case *lock;

	for (lock = first; lock < end && is_same_word(lock, first); lock++)
		lock->read = judge(&lock->owner, lock, question, answers);
}

static int read_words(struct probe *probe, struct lock_cases *cases)
{
	struct foreign_question questions[ASKED_AT_ONCE];
	struct lock_case *of[ASKED_AT_ONCE];
	struct buffer answers = {0};
	size_t at = 0, asked, i;
	int err = 0;

	while (at < cases->count && !err) {
		for (asked = 0; at < cases->count && asked < ASKED_AT_ONCE; at++) {
			if (at && is_same_word(&cases->items[at], &cases->items[at - 1]))
				continue;
			of[asked] = &cases->items[at];
			ask_memory(&questions[asked++], &cases->items[at]);
		}
		err = foreign_ask(probe->foreign, questions, asked, &answers);
		for (i = 0; i < asked && !err; i++)
			judge_word(of[i], cases->items + cases->count, &questions[i], &answers);
		buffer_reset(&answers);
	}
	buffer_free(&answers);
	return err;
}

/* ---- Once more ---- */

/* The text of /proc/PID/task/TID/syscall, which is of this moment, names the same call with the same arguments. */
static bool is_same_call(const struct lock_case *lock, const struct foreign_question *question,
			 const struct buffer *answers)
{
	unsigned long long address = 0, operation = 0, value = 0;
	char line[128];
	int number = -1;

	if (question->err)
		return false;
	snprintf(line, sizeof(line), "%.*s", (int)(question->size < sizeof(line) ? question->size : sizeof(line) - 1),
		 answers->data + question->at);
	return sscanf(line, "%d 0x%llx 0x%llx 0x%llx", &number, &address, &operation, &value) == 4 &&
	       number == lock->thread->syscall && address == lock->wait.address &&
	       (__u32)operation == lock->wait.operation && (__u32)value == lock->wait.value;
}

static bool is_same_owner(const struct futex_owner *a, const struct futex_owner *b)
{
	return a->kind == b->kind && a->tid == b->tid && a->readers == b->readers && a->shared == b->shared;
}

static void confirm(struct lock_case *lock, const struct foreign_question *questions, const struct buffer *answers)
{
	struct futex_owner again;

	lock->read = is_same_call(lock, &questions[0], answers) && judge(&again, lock, &questions[1], answers) &&
		     is_same_owner(&lock->owner, &again);
}

static int confirm_owners(struct probe *probe, struct lock_cases *cases)
{
	struct foreign_question questions[2 * ASKED_AT_ONCE];
	struct lock_case *of[ASKED_AT_ONCE];
	struct buffer answers = {0};
	size_t at = 0, asked, i;
	int err = 0;

	while (at < cases->count && !err) {
		for (asked = 0; at < cases->count && asked < ASKED_AT_ONCE; at++) {
			struct lock_case *lock = &cases->items[at];

			if (!lock->read || lock->owner.kind == LOCK_NO_OWNER)
				continue;
			ask_call(&questions[2 * asked], lock);
			ask_memory(&questions[2 * asked + 1], lock);
			of[asked++] = lock;
		}
		err = foreign_ask(probe->foreign, questions, 2 * asked, &answers);
		for (i = 0; i < asked && !err; i++)
			confirm(of[i], &questions[2 * i], &answers);
		buffer_reset(&answers);
	}
	buffer_free(&answers);
	return err;
}

/* ---- Records ---- */

static int add_record(struct probe *probe, struct inner_threads *threads, struct buffer *records,
		      const struct lock_case *lock)
{
	const struct futex_owner *owner = &lock->owner;
	struct lock_holder holder = {.tid = 0};
	struct lock_record record = {
		.header = {.type = RECORD_LOCK},
		.address = owner->address,
		.kind = owner->kind,
		.flags = lock->thread->args[3] ? LOCK_TIMED : 0,
		.readers = owner->readers,
		.pid = lock->thread->pid,
		.tid = lock->thread->tid,
	};
	int err = owner->tid ? lock_holder_find(probe, threads, lock->thread, owner->tid, lock->wait.address,
						owner->shared, &holder)
			     : 0;

	/* Which thread would end is all that a join is known by. */
	if (record.kind == LOCK_JOIN && holder.pid != lock->thread->pid)
		record.kind = LOCK_NO_OWNER;
	else {
		record.holder_pid = holder.pid;
		record.holder_tid = holder.tid;
		memcpy(record.holder_comm, holder.comm, sizeof(record.holder_comm));
	}
	return err ? err : record_add_text(records, &record, sizeof(record), "", 0);
}

int probe_locks_add(struct probe *probe, struct buffer *buffer)
{
	struct inner_threads threads = {.pid = 0};
	struct lock_cases cases = {.count = 0};
	struct buffer records = {0};
	size_t i;
	int err = collect(&cases, probe, buffer);

	if (!err)
		err = read_words(probe, &cases);
	if (!err)
		err = confirm_owners(probe, &cases);
	for (i = 0; i < cases.count && !err; i++)
		if (cases.items[i].read)
			err = add_record(probe, &threads, &records, &cases.items[i]);
	if (!err)
		err = probe_file_locks_add(probe, buffer, &records);
	if (!err)
		err = buffer_append(buffer, records.data, records.size);
	buffer_free(&threads.items);
	buffer_free(&records);
	free(cases.items);
	return err;
}
