/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "probe/stacks/supply.h"

#include <errno.h>
#include <string.h>

#include "code/own.h"

/* ---- Files ---- */

static bool is_same_file(const struct memory_region *a, const struct memory_region *b)
{
	return a->inode == b->inode && a->name_length == b->name_length && !memcmp(a->name, b->name, a->name_length);
}

/* A file that has code is mapped in parts, one behind the other, the first from the file's beginning. */
void told_find_modules(struct told *told)
{
	const struct memory_region *regions = told->maps->regions, *first;
	size_t i, after;
	bool code;

	told->count = 0;
	for (i = 0; i < told->maps->count && told->count < CODE_MODULES; i = after) {
		first = &regions[i];
		code = false;
		for (after = i; after < told->maps->count && is_same_file(first, &regions[after]); after++)
			code |= regions[after].permissions[2] == 'x';
		/* What is read while it changes may be in disorder. */
		if (!code || !first->inode || first->offset ||
		    (told->count && first->start < told->modules[told->count - 1].end))
			continue;
		told->regions[told->count] = i;
		told->modules[told->count++] = (struct code_module){
			.start = first->start,
			.end = regions[after - 1].end,
			.inode = first->inode,
			.own = code_file_is_own(first->name, first->name_length),
		};
	}
}

/* The number was checked, so there are modules: where the process's files are not known there are none. */
static void ask_module(const struct told *told, __u32 module, struct foreign_request *request)
{
	const struct memory_region *region = &told->maps->regions[told->regions[module]];

	request->kind = FOREIGN_OPEN;
	request->address = region->start;
	request->size = region->end - region->start;
	request->anchor = region->inode;
}

static void ask_debug(const struct code_answer *need, const __u8 *build_id, struct foreign_request *request)
{
	request->kind = FOREIGN_DEBUG;
	request->fd = (int)need->count;
	request->size = 1;
	memcpy(request->container, build_id, need->count);
}

/* They are of this moment, as memory is: they count only if the thread has not gone on meanwhile. */
static void ask_names(struct told *told, struct foreign_request *request)
{
	told->gave_memory = true;
	request->kind = FOREIGN_NAMES;
	request->fd = (int)told->thread->inner_pid;
	request->size = 1;
}

int told_file(void *context, const struct code_answer *need, const __u8 *build_id)
{
	struct told *told = context;
	struct foreign_question question = {
		.request = {.pid = told->thread->pid, .tid = told->thread->tid},
		.process_start_ns = told->thread->process_start_ns,
	};
	struct buffer none = {0};
	int err;

	if (need->kind == CODE_NEEDS_NAMES && !told->thread->inner_pid)
		return -ENOENT;
	if (need->kind == CODE_NEEDS_NAMES)
		ask_names(told, &question.request);
	else if (need->kind == CODE_NEEDS_DEBUG)
		ask_debug(need, build_id, &question.request);
	else
		ask_module(told, need->module, &question.request);
	err = foreign_ask_one(told->probe->foreign, &question, &none);
	buffer_free(&none);
	if (err || question.err)
		return err ? err : question.err;
	return question.fd;
}

/* ---- Memory ---- */

static void ask_chunk(const struct told *told, struct foreign_question *question, __u64 address)
{
	*question = (struct foreign_question){
		.request = {.kind = FOREIGN_MEMORY,
			    .pid = told->thread->pid,
			    .tid = told->thread->tid,
			    .address = address,
			    .size = CODE_CHUNK,
			    .anchor = address,
			    .swapped = 1},
		.process_start_ns = told->thread->process_start_ns,
	};
}

/* A chunk lies in one page: all of it can be read, or nothing. */
static bool take_chunk(const struct foreign_question *question, const struct buffer *answers, char *bytes)
{
	const char *answer = answers->data + question->at;
	__u64 start;
	size_t length;

	if (question->err || !foreign_memory_check(&question->request, answer, question->size, &start, &length) ||
	    start != question->request.address || length != CODE_CHUNK)
		return false;
	memcpy(bytes, answer + sizeof(start), CODE_CHUNK);
	return true;
}

int told_memory(void *context, const __u64 *addresses, size_t count, __u64 *read, char *bytes)
{
	struct foreign_question questions[CODE_CHUNKS];
	struct told *told = context;
	struct buffer answers = {0};
	size_t i, taken = 0;
	int err;

	told->gave_memory = true;
	*read = 0;
	for (i = 0; i < count; i++)
		ask_chunk(told, &questions[i], addresses[i]);
	err = foreign_ask(told->probe->foreign, questions, count, &answers);
	for (i = 0; i < count && !err; i++)
		if (take_chunk(&questions[i], &answers, bytes + taken * CODE_CHUNK)) {
			*read |= 1ULL << i;
			taken++;
		}
	buffer_free(&answers);
	return err;
}
