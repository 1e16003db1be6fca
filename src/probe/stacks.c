/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stacks as text. The kernel's come from the stack scan and /proc/kallsyms. The kernel does not walk another thread's
 * user stack for BPF, so this file does: it follows frame pointers, from the one with which the thread entered the
 * kernel, through memory that foreign.h's worker reads. Code built without frame pointers is missing, and only the program
 * itself has names of functions.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "base/sorted.h"
#include "base/text.h"
#include "look/records.h"
#include "probe/internal.h"
#include "probe/maps.h"
#include "probe/notes.h"
#include "probe/program_names.h"
#include "stack_sample.h"

#define SEPARATOR " < "

/* ---- Kernel symbols ---- */

/* Functions of the kernel by address; read when first needed. */
struct symbol_cache {
	struct buffer items, names;
	bool read;
};

struct symbol {
	__u64 address;
	size_t name; /* in names */
};

static int compare_symbols(const void *left, const void *right)
{
	__u64 a = ((const struct symbol *)left)->address, b = ((const struct symbol *)right)->address;

	return a < b ? -1 : a > b;
}

static int add_symbol(struct symbol_cache *symbols, __u64 address, const char *name)
{
	struct symbol symbol = {.address = address, .name = symbols->names.size};
	int err = buffer_append(&symbols->names, name, strlen(name) + 1);

	return err ? err : buffer_append(&symbols->items, &symbol, sizeof(symbol));
}

static int read_symbols(struct symbol_cache *symbols)
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
static const char *find_symbol(const struct symbol_cache *symbols, __u64 address)
{
	const struct symbol *items = (const void *)symbols->items.data;
	size_t after = LOWER_BOUND(symbols->items.size / sizeof(*items), at, items[at].address <= address);

	return after ? symbols->names.data + items[after - 1].name : NULL;
}

static int say_kernel_stack(const struct symbol_cache *symbols, const struct stack_sample *sample, struct buffer *text)
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

/* Bytes of a stack that are read at once; and how often, of one thread's. */
#define STACK_PIECE 16384
#define PIECES_MOST 8

/* Threads that are asked about at once. */
#define WALKS_AT_ONCE 64

/* A thread's way from frame to frame: each says where the caller's is, and where that goes on. */
struct walk {
	const struct thread_record *thread;
	const struct stack_sample *sample;
	__u64 at, above; /* the next frame, and what it must lie above */
	__u64 frames[STACK_FRAMES];
	int count;
	bool done;
};

static void begin_walk(struct walk *walk, const struct thread_record *thread, const struct stack_sample *sample)
{
	*walk = (struct walk){.thread = thread,
			      .sample = sample,
			      .at = sample->user_fp,
			      .above = sample->user_sp,
			      .done = !sample->user_ip};
	if (sample->user_ip)
		walk->frames[walk->count++] = sample->user_ip;
}

/* Frames lie one above the other: what does not is none, and would go round in circles. */
static bool has_next(const struct walk *walk)
{
	return walk->count < STACK_FRAMES && walk->at && walk->at >= walk->above && !(walk->at % sizeof(walk->at));
}

/* As far as the piece of its stack goes. Not even one frame of it: the rest cannot be read. */
static void walk_on(struct walk *walk, const char *bytes, __u64 start, size_t length)
{
	__u64 frame[2];
	int before = walk->count;

	while (!walk->done && walk->at >= start && walk->at - start <= length &&
	       length - (walk->at - start) >= sizeof(frame)) {
		memcpy(frame, bytes + (walk->at - start), sizeof(frame));
		walk->done = !frame[1];
		if (walk->done)
			break;
		walk->frames[walk->count++] = frame[1];
		walk->above = walk->at + sizeof(frame);
		walk->at = frame[0];
		walk->done = !has_next(walk);
	}
	walk->done |= walk->count == before;
}

static void ask_piece(struct foreign_question *question, const struct walk *walk)
{
	*question = (struct foreign_question){
		.request = {.kind = FOREIGN_MEMORY,
			    .pid = walk->thread->pid,
			    .tid = walk->thread->tid,
			    .address = walk->at,
			    .size = STACK_PIECE,
			    .anchor = walk->at,
			    .swapped = 1},
		.process_start_ns = walk->thread->process_start_ns,
	};
}

static void take_piece(struct walk *walk, const struct foreign_question *question, const struct buffer *answers)
{
	size_t length;
	__u64 start;

	if (!question->err &&
	    foreign_memory_check(&question->request, answers->data + question->at, question->size, &start, &length))
		walk_on(walk, answers->data + question->at + sizeof(start), start, length);
	else
		walk->done = true;
}

/* One piece of the stack of each thread that has not come to its end. Returns how many there were; or a negative errno.
 */
static int read_pieces(struct probe *probe, struct walk *walks, size_t count)
{
	struct foreign_question questions[WALKS_AT_ONCE];
	struct walk *of[WALKS_AT_ONCE];
	struct buffer answers = {0};
	size_t i, asked = 0;
	int err;

	for (i = 0; i < count; i++) {
		if (walks[i].done || !has_next(&walks[i]))
			continue;
		of[asked] = &walks[i];
		ask_piece(&questions[asked++], &walks[i]);
	}
	err = foreign_ask(probe->foreign, questions, asked, &answers);
	for (i = 0; i < asked && !err; i++)
		take_piece(of[i], &questions[i], &answers);
	buffer_free(&answers);
	return err ? err : (int)asked;
}

/*
 * Appends module+offset, and before it the function's name where that is known. The offset is into the file, as addr2line and objdump
 * count it for a shared object. A call may be the last that a function does: what it returns to is behind it, and `called` is 1.
 */
static int say_user_address(struct buffer *text, const struct process_maps *maps, const struct program_names *names,
			    __u64 address, __u64 called)
{
	const char *between = text->size ? SEPARATOR : "", *name;
	const struct memory_region *region = memory_map_find(maps->regions, maps->count, address);
	size_t length = 0;
	__u64 offset;

	if (!region)
		return text_printf(text, "%s0x%llx", between, address);
	offset = address - region->start + region->offset;
	name = program_names_find(names, region->name, region->name_length, offset - called, &length);
	return text_printf(text, "%s%.*s%s%.*s+0x%llx", between, (int)length, name ? name : "", name ? " " : "",
			   region->name_length ? (int)region->name_length : 11,
			   region->name_length ? region->name : "[anonymous]", offset);
}

static int say_user_stack(struct probe *probe, const struct walk *walk, struct program_names *names,
			  struct buffer *text)
{
	const struct process_maps *maps;
	int i, err;

	if (!walk->count)
		return 0;
	err = program_names_read(probe, names, walk->thread);
	if (!err)
		err = probe_maps_get(probe, walk->thread->pid, walk->thread->tid, walk->thread->process_start_ns,
				     &maps);
	for (i = 0; i < walk->count && !err; i++)
		err = say_user_address(text, maps, names, walk->frames[i], i > 0);
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

/* The kernel's part of it, and the program's. */
static int add_both(struct probe *probe, struct buffer *notes, const struct walk *walk, struct program_names *names)
{
	struct buffer text = {0};
	int err = say_kernel_stack(probe->symbols, walk->sample, &text);

	if (!err)
		err = add_note(notes, walk->thread, NOTE_KERNEL_STACK, &text);
	if (!err && (probe->scope.stacks || walk->thread->tid == probe->wants.stack_of))
		err = say_user_stack(probe, walk, names, &text);
	if (!err && text.size)
		err = add_note(notes, walk->thread, NOTE_USER_STACK, &text);
	buffer_free(&text);
	return err;
}

/* At most WALKS_AT_ONCE of them. */
static int add_walks(struct probe *probe, struct buffer *notes, struct walk *walks, size_t count,
		     struct program_names *names)
{
	int pieces = PIECES_MOST, asked = 1;
	size_t i;
	int err = 0;

	while (asked > 0 && pieces--)
		asked = read_pieces(probe, walks, count);
	err = asked < 0 ? asked : 0;
	for (i = 0; i < count && !err; i++)
		err = probe_is_asked_to_end() ? -ECANCELED : add_both(probe, notes, &walks[i], names);
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
	struct walk walks[WALKS_AT_ONCE];
	struct record_header *header;
	struct program_names names = {.pid = 0};
	size_t offset = 0, ready = 0;
	int err = 0;

	while (!err && (header = record_next(samples, &offset))) {
		thread = find_thread(threads, count, (const void *)header);
		if (!thread)
			continue;
		begin_walk(&walks[ready++], thread, (const void *)header);
		/* Its own stack is told where it was asked for. */
		walks[ready - 1].done |= !probe->scope.stacks && thread->tid != probe->wants.stack_of;
		if (ready < WALKS_AT_ONCE)
			continue;
		err = add_walks(probe, notes, walks, ready, &names);
		ready = 0;
	}
	if (!err && ready)
		err = add_walks(probe, notes, walks, ready, &names);
	program_names_free(&names);
	return err;
}

int probe_stacks_add(struct probe *probe, struct buffer *notes, const struct thread_record *const *threads,
		     size_t count)
{
	int map = bpf_map__fd(probe->attached.skeleton->maps.wanted_stacks);
	struct buffer samples = {0};
	__u8 yes = 1;
	size_t i;
	int err = probe->symbols->read ? 0 : read_symbols(probe->symbols);

	for (i = 0; i < count; i++)
		bpf_map_update_elem(map, &threads[i]->tid, &yes, BPF_ANY);
	if (!err)
		err = probe_read_iter(probe->attached.stack_iter, &samples, &probe->losses.count[LOST_THREADS]);
	for (i = 0; i < count; i++)
		bpf_map_delete_elem(map, &threads[i]->tid);
	if (!err)
		err = add_samples(probe, notes, threads, count, &samples);
	buffer_free(&samples);
	return err;
}

struct symbol_cache *probe_symbols_new(void)
{
	return calloc(1, sizeof(struct symbol_cache));
}

void probe_symbols_free(struct symbol_cache *symbols)
{
	if (!symbols)
		return;
	buffer_free(&symbols->items);
	buffer_free(&symbols->names);
	free(symbols);
}
