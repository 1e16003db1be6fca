// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Stacks as text. The kernel's come from the stack scan and /proc/kallsyms. The kernel does not walk another
 * thread's user stack for BPF, so that is done here: from the frame pointer at which the thread entered the kernel,
 * through its memory. Code built without frame pointers is left out of it.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include <bpf/bpf.h>

#include "base/sorted.h"
#include "base/text.h"
#include "look/records.h"
#include "probe/internal.h"
#include "probe/notes.h"
#include "stack_sample.h"

#define SEPARATOR " < "

/* ---- Kernel symbols ---- */

struct symbol {
	__u64 address;
	size_t name; /* in names */
};

static int compare_symbols(const void *left, const void *right)
{
	__u64 a = ((const struct symbol *)left)->address, b = ((const struct symbol *)right)->address;

	return a < b ? -1 : a > b;
}

static int add_symbol(struct probe_symbols *symbols, __u64 address, const char *name)
{
	struct symbol symbol = { .address = address, .name = symbols->names.size };
	int err = buffer_append(&symbols->names, name, strlen(name) + 1);

	return err ? err : buffer_append(&symbols->items, &symbol, sizeof(symbol));
}

static int read_symbols(struct probe_symbols *symbols)
{
	char line[600], name[512], type;
	unsigned long long address;
	FILE *file;
	int err = 0;

	symbols->read = true;
	file = fopen("/proc/kallsyms", "re");
	if (!file)
		return 0;
	while (!err && fgets(line, sizeof(line), file))
		if (sscanf(line, "%llx %c %511s", &address, &type, name) == 3 && address && strchr("tTwW", type))
			err = add_symbol(symbols, address, name);
	fclose(file);
	if (!err && symbols->items.size)
		qsort(symbols->items.data, symbols->items.size / sizeof(struct symbol), sizeof(struct symbol),
		      compare_symbols);
	return err;
}

/* The function that holds the address, or NULL. */
static const char *find_symbol(const struct probe_symbols *symbols, __u64 address)
{
	const struct symbol *items = (const void *)symbols->items.data;
	size_t after = LOWER_BOUND(symbols->items.size / sizeof(*items), at, items[at].address <= address);

	return after ? symbols->names.data + items[after - 1].name : NULL;
}

static int say_kernel_stack(const struct probe_symbols *symbols, const struct stack_sample *sample,
			    struct buffer *text)
{
	const char *name;
	__u32 i;
	int err = 0;

	for (i = 0; i < sample->frames && i < STACK_FRAMES && sample->kernel[i] && !err; i++) {
		name = find_symbol(symbols, sample->kernel[i]);
		if (name)
			err = text_printf(text, "%s%s", i ? SEPARATOR : "", name);
		else
			err = text_printf(text, "%s0x%llx", i ? SEPARATOR : "", sample->kernel[i]);
	}
	return err;
}

/* ---- User stacks ---- */

/* Appends module+offset: the offset into the file, as addr2line and objdump count it for a shared object. */
static int say_user_address(struct buffer *text, __u32 pid, __u64 address)
{
	const char *between = text->size ? SEPARATOR : "";
	char name[64], line[PATH_MAX + 128], path[PATH_MAX];
	unsigned long long start, end, offset;
	FILE *file;
	int got, err = -ENOENT;

	snprintf(name, sizeof(name), "/proc/%u/maps", pid);
	file = fopen(name, "re");
	while (file && err == -ENOENT && fgets(line, sizeof(line), file)) {
		got = sscanf(line, "%llx-%llx %*s %llx %*s %*s %4095[^\n]", &start, &end, &offset, path);
		if (got < 3 || address < start || address >= end)
			continue;
		err = text_printf(text, "%s%s+0x%llx", between, got == 4 ? path : "[anonymous]",
				  address - start + offset);
	}
	if (file)
		fclose(file);
	return err == -ENOENT ? text_printf(text, "%s0x%llx", between, address) : err;
}

/* A frame: where the caller's frame is, and where it goes on. */
static bool read_frame(__u32 pid, __u64 address, __u64 frame[2])
{
	struct iovec to = { frame, 2 * sizeof(*frame) }, from = { (void *)address, 2 * sizeof(*frame) };

	return address && !(address % sizeof(*frame)) &&
	       process_vm_readv((pid_t)pid, &to, 1, &from, 1, 0) == 2 * sizeof(*frame);
}

/* Frames lie one above the other: what does not is none, and would go round in circles. */
static int say_user_stack(const struct thread_record *thread, const struct stack_sample *sample, struct buffer *text)
{
	__u64 at = sample->user_fp, above = sample->user_sp, frame[2];
	int i, err = sample->user_ip ? say_user_address(text, thread->pid, sample->user_ip) : 0;

	for (i = 1; i < STACK_FRAMES && !err && at >= above; i++) {
		if (!read_frame(thread->pid, at, frame) || !frame[1])
			break;
		err = say_user_address(text, thread->pid, frame[1]);
		above = at + sizeof(frame);
		at = frame[0];
	}
	return err;
}

/* ---- Notes ---- */

static int add_note(struct buffer *notes, const struct thread_record *thread, __u32 kind, struct buffer *text)
{
	int err = buffer_append(text, NULL, 1);

	if (!err)
		err = record_add_note(notes, thread, kind, text->data);
	buffer_reset(text);
	return err;
}

static int add_sample(struct probe *probe, struct buffer *notes, const struct thread_record *thread,
		      const struct stack_sample *sample)
{
	struct buffer text = { 0 };
	int err = say_kernel_stack(&probe->symbols, sample, &text);

	if (!err)
		err = add_note(notes, thread, NOTE_KERNEL_STACK, &text);
	if (!err && (probe->options.stacks || thread->tid == probe->wants.stack_of))
		err = say_user_stack(thread, sample, &text);
	if (!err && text.size)
		err = add_note(notes, thread, NOTE_USER_STACK, &text);
	buffer_free(&text);
	return err;
}

static const struct thread_record *find_thread(const struct thread_record *const *threads, size_t count,
					       const struct stack_sample *sample)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (threads[i]->tid == sample->tid && threads[i]->start_ns == sample->start_ns)
			return threads[i];
	return NULL;
}

static int add_samples(struct probe *probe, struct buffer *notes, const struct thread_record *const *threads,
		       size_t count, const struct buffer *samples)
{
	const struct thread_record *thread;
	struct record_header *header;
	size_t offset = 0;
	int err = 0;

	while (!err && (header = record_next(samples, &offset))) {
		thread = find_thread(threads, count, (const void *)header);
		if (thread)
			err = add_sample(probe, notes, thread, (const void *)header);
	}
	return err;
}

int probe_stacks_add(struct probe *probe, struct buffer *notes, const struct thread_record *const *threads,
		     size_t count)
{
	int map = bpf_map__fd(probe->skeleton->maps.wanted_stacks);
	struct buffer samples = { 0 };
	__u8 yes = 1;
	size_t i;
	int err = probe->symbols.read ? 0 : read_symbols(&probe->symbols);

	for (i = 0; i < count; i++)
		bpf_map_update_elem(map, &threads[i]->tid, &yes, BPF_ANY);
	if (!err)
		err = probe_read_iter(probe->stack_iter, &samples, &probe->lost_threads);
	for (i = 0; i < count; i++)
		bpf_map_delete_elem(map, &threads[i]->tid);
	if (!err)
		err = add_samples(probe, notes, threads, count, &samples);
	buffer_free(&samples);
	return err;
}

void probe_symbols_free(struct probe_symbols *symbols)
{
	buffer_free(&symbols->items);
	buffer_free(&symbols->names);
}
