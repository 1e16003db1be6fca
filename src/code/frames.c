/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "code/frames.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "code/jit/jit.h"
#include "code/messages/memory.h"
#include "code/python/detect.h"
#include "code/space.h"
#include "code/symbols.h"
#include "code/worker.h"

/* One stack's. */
static struct {
	const Dwfl_Module *interpreter; /* whose frames are replaced; NULL: there is none, or it cannot be read */
	char note[64]; /* of its first frame that runs functions; "": nothing is to be said */
	struct python_function functions[CODE_FRAMES];
	size_t count, next;
	bool whole; /* these are all that the thread has */
	const struct native_frame *lock; /* the one that waits for the interpreter's lock; NULL: none does */
} merge;

/* ---- Python ---- */

/* Compilers split functions, and give the parts names with a dot. */
static bool runs_functions(const struct native_frame *frame)
{
	const size_t length = strlen(PYTHON_EVAL);

	return frame->name && !strncmp(frame->name, PYTHON_EVAL, length) &&
	       (!frame->name[length] || frame->name[length] == '.');
}

static const struct native_frame *find_eval(const struct native_frame *frames, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (frames[i].module && runs_functions(&frames[i]))
			return &frames[i];
	return NULL;
}

static size_t count_evals(const struct native_frame *frames, size_t count, const Dwfl_Module *module)
{
	size_t i, found = 0;

	for (i = 0; i < count; i++)
		found += frames[i].module == module && runs_functions(&frames[i]);
	return found;
}

static size_t count_calls(void)
{
	size_t i, found = 0;

	for (i = 0; i < merge.count; i++)
		found += merge.functions[i].last;
	return found;
}

/*
 * The innermost frame of the interpreter that has a name, where a condition variable is waited for inside of it. NULL:
 * none is.
 */
static const struct native_frame *find_lock(const struct native_frame *frames, size_t count, const Dwfl_Module *module)
{
	bool sleeps = false;
	size_t i;

	for (i = 0; i < count; i++) {
		if (!frames[i].name)
			continue;
		if (frames[i].module == module)
			return sleeps && python_takes_lock(frames[i].name) ? &frames[i] : NULL;
		sleeps |= strstr(frames[i].name, "pthread_cond_") != NULL;
	}
	return NULL;
}

static struct python *python_of(Dwfl_Module *module)
{
	struct space_file *file = space_file_of(module);

	if (!file)
		return NULL;
	if (!file->sought)
		file->python = python_detect(module);
	file->sought = true;
	return file->python;
}

static void note_unknown(const struct python *python)
{
	if (python->version)
		snprintf(merge.note, sizeof(merge.note), "python %u.%u: not known", python->version >> 24,
			 python->version >> 16 & 255);
	else
		snprintf(merge.note, sizeof(merge.note), "python before 3.11: not known");
}

/* Where the native stack shows more calls than the memory, one of the two is of something else. */
static void read_python(const struct code_request *request, const char *stack, const struct native_frame *frames,
			size_t count)
{
	const struct native_frame *eval = find_eval(frames, count);
	const struct python_stack copied = {request->stack, request->stack_size, request->thread};
	struct python *python = eval ? python_of(eval->module) : NULL;

	merge.interpreter = NULL;
	merge.lock = NULL;
	merge.note[0] = '\0';
	merge.next = merge.count = 0;
	if (python && !python_is_known(python->version))
		note_unknown(python);
	if (!python || merge.note[0] || !request->memory)
		return;
	memory_begin(request->stack, stack, request->stack_size, code_worker_memory);
	merge.count = python_read(python, &copied, merge.functions, CODE_FRAMES, &merge.whole);
	if (merge.count && (!merge.whole || count_calls() >= count_evals(frames, count, eval->module)))
		merge.interpreter = eval->module;
	if (merge.interpreter)
		merge.lock = find_lock(frames, count, merge.interpreter);
}

static void add_function(const struct python_function *function)
{
	const struct code_frame frame = {.line = function->line, .kind = function->kind};

	code_worker_add(&frame, function->name, function->file);
}

/* Those of one call. */
static void add_call(void)
{
	bool last = false;

	while (!last && merge.next < merge.count) {
		const struct python_function *function = &merge.functions[merge.next++];

		if (function->name[0])
			add_function(function);
		last = function->last;
	}
}

/* ---- Code in no file ---- */

static bool is_in_no_file(const struct native_frame *frame)
{
	return !frame->module;
}

/* In the order of the frames. */
static void read_names(const struct native_frame *frames, size_t count, struct perf_name names[CODE_FRAMES],
		       bool (*has_time)(void))
{
	size_t i, wanted = 0;
	int fd;

	for (i = 0; i < count; i++)
		if (is_in_no_file(&frames[i]))
			names[wanted++] = (struct perf_name){.address = frames[i].address - frames[i].called};
	fd = wanted ? code_worker_need(CODE_NEEDS_NAMES, 0, NULL, 0) : -1;
	if (fd < 0)
		return;
	jit_read(fd, names, wanted, has_time);
	close(fd);
}

static void add_made(const struct native_frame *frame, char *name)
{
	struct perf_function function;
	struct code_frame made = {.address = frame->address};

	perf_function_read(&function, name);
	made.line = function.line;
	made.kind = function.kind;
	code_worker_add(&made, function.name, function.file);
}

/* ---- All frames ---- */

/* Whether functions stand for it. Beyond those that could be read, native frames are all that there is. */
static bool is_replaced(const struct native_frame *frame)
{
	if (!merge.interpreter || frame->module != merge.interpreter || (merge.next == merge.count && !merge.whole))
		return false;
	if (frame == merge.lock)
		code_worker_add(&(const struct code_frame){.kind = CODE_OF_LANGUAGE}, "waits for the GIL", NULL);
	if (runs_functions(frame))
		add_call();
	return true;
}

static void add_native(const struct native_frame *frame)
{
	const struct code_frame native = {.address = frame->address,
					  .line = frame->file && frame->line > 0 ? (__u32)frame->line : 0};
	char *made = NULL, noted[CODE_TEXT];
	const char *name = frame->name ? symbol_plain(frame->name, &made) : NULL;

	if (name && merge.note[0] && runs_functions(frame)) {
		snprintf(noted, sizeof(noted), "%s (%s)", name, merge.note);
		merge.note[0] = '\0';
		name = noted;
	}
	code_worker_add(&native, name, frame->file);
	free(made);
}

void frames_add(const struct code_request *request, const char *stack, const struct native_frame *frames, size_t count,
		bool (*has_time)(void))
{
	static struct perf_name names[CODE_FRAMES];
	size_t i, made = 0;

	read_python(request, stack, frames, count);
	memset(names, 0, sizeof(names));
	if (request->memory)
		read_names(frames, count, names, has_time);
	for (i = 0; i < count; i++) {
		if (is_in_no_file(&frames[i]))
			add_made(&frames[i], names[made++].name);
		else if (!is_replaced(&frames[i]))
			add_native(&frames[i]);
	}
	/* Where the native frames are cut off. */
	while (merge.interpreter && merge.next < merge.count)
		add_call();
}
