/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "code/python/python.h"

#include <string.h>

#include "base/array.h"
#include "code/messages/memory.h"

/* Frames that are read: ends of calls are among them. */
#define FRAMES_MOST (2 * CODE_FRAMES)

/* What is asked for of a text at once: most are shorter. */
#define TEXT_AT_ONCE 256

bool python_is_known(__u32 version)
{
	return PYTHON_OF(version) >= PYTHON_3_11 && PYTHON_OF(version) <= PYTHON_3_13;
}

/*
 * The first is in no stripped interpreter, the others are what calls it. A compiler's part of a function has a dot
 * behind the name.
 */
bool python_takes_lock(const char *symbol)
{
	static const char *const names[] = {"take_gil", "PyEval_RestoreThread", "PyEval_AcquireThread"};
	size_t i, length;

	for (i = 0; i < COUNT_OF(names); i++) {
		length = strlen(names[i]);
		if (!strncmp(symbol, names[i], length) && (!symbol[length] || symbol[length] == '.'))
			return true;
	}
	return false;
}

/* ---- Names ---- */

const char *python_file_name(const char *path)
{
	const char *slash = strrchr(path, '/'), *before;

	if (!slash || !slash[1])
		return path;
	if (strncmp(slash + 1, "__", 2) != 0)
		return slash + 1;
	before = memrchr(path, '/', (size_t)(slash - path));
	return before ? before + 1 : path;
}

enum code_frame_kind python_kind(const char *path, const char *name)
{
	static const char *const installed[] = {"/site-packages/", "/dist-packages/"};
	static const char *const library[] = {"/lib/python3", "/lib64/python3", "<frozen "};
	size_t i;

	for (i = 0; i < COUNT_OF(installed); i++)
		if (strstr(path, installed[i]))
			return CODE_INSTALLED;
	for (i = 0; i < COUNT_OF(library); i++)
		if (strstr(path, library[i]))
			return CODE_OF_LANGUAGE;
	/* What pip makes to start a package. */
	return strstr(path, "/bin/") && !strcmp(name, "<module>") ? CODE_INSTALLED : CODE_OWN;
}

/* ---- Frames ---- */

/* Returns how many; *ended: the last one has none before it. */
static size_t read_frames(const struct python *python, __u64 at, struct python_memory_frame frames[FRAMES_MOST],
			  bool *ended)
{
	size_t count = 0;

	*ended = false;
	while (count < FRAMES_MOST && python_frame_read(python, at, &frames[count])) {
		at = frames[count++].previous;
		*ended = !at;
		if (!at)
			break;
	}
	return count;
}

static void want_codes(const struct python *python, const struct python_memory_frame *frames, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (frames[i].function)
			memory_want(frames[i].code, python->layout.code_size);
}

/* Returns of how many frames the code could be read, one after another. */
static size_t read_codes(const struct python *python, const struct python_memory_frame *frames, size_t count,
			 struct python_code codes[FRAMES_MOST])
{
	size_t i;

	want_codes(python, frames, count);
	for (i = 0; i < count; i++)
		if (frames[i].function && !python_code_read(python, frames[i].code, &codes[i]))
			break;
	count = i;
	for (i = 0; i < count; i++) {
		if (!frames[i].function)
			continue;
		memory_want(codes[i].name, TEXT_AT_ONCE);
		memory_want(codes[i].file, TEXT_AT_ONCE);
		memory_want(codes[i].lines, TEXT_AT_ONCE);
	}
	return count;
}

static bool read_function(const struct python *python, const struct python_code *code, __u64 instruction,
			  struct python_function *function)
{
	char path[CODE_TEXT + 1];
	const char *file;
	size_t size = python_text_read(python, code->name, function->name, CODE_TEXT);

	function->name[size] = '\0';
	path[python_text_read(python, code->file, path, CODE_TEXT)] = '\0';
	if (!size)
		return false;
	file = python_file_name(path);
	memcpy(function->file, file, strlen(file) + 1);
	function->line = python_code_line(python, code, instruction);
	/* Of which file it is cannot be read: then it is not said to be the program's own. */
	function->kind = path[0] ? python_kind(path, function->name) : CODE_OF_LANGUAGE;
	return true;
}

/* The end of a call, for the function before it where it has no frame of its own. */
static void end_call(struct python_function *functions, size_t *count, size_t room)
{
	if (*count && !functions[*count - 1].last)
		functions[*count - 1].last = true;
	else if (*count < room)
		functions[(*count)++] = (struct python_function){.last = true};
}

size_t python_read(struct python *python, const struct python_stack *stack, struct python_function *functions,
		   size_t room, bool *whole)
{
	struct python_memory_frame frames[FRAMES_MOST];
	struct python_code codes[FRAMES_MOST];
	size_t i, found, readable, count = 0;
	__u64 innermost;

	*whole = false;
	if (!python_layout_get(&python->layout, python->version, python->runtime))
		return 0;
	innermost = python_thread_find(python, stack);
	found = innermost ? read_frames(python, innermost, frames, whole) : 0;
	readable = read_codes(python, frames, found, codes);
	*whole &= readable == found;
	for (i = 0; i < readable && count < room; i++) {
		if (frames[i].function) {
			functions[count] = (struct python_function){0};
			if (!read_function(python, &codes[i], frames[i].instruction, &functions[count]))
				break;
			functions[count++].last = frames[i].entry;
		} else
			end_call(functions, &count, room);
	}
	*whole &= i == found;
	return count;
}
