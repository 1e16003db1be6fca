/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "probe/stacks/frames_text.h"

#include <string.h>

#include "base/text.h"
#include "code/messages/message.h"
#include "code/own.h"
#include "probe/stacks/kernel_symbols.h"

/*
 * Appends the function's name, where that is known, module+offset, and the line. The offset is into the file, as
 * addr2line and objdump count it for a shared object. A function of a language has none.
 */
static int say_frame(struct buffer *text, const struct process_maps *maps, const struct code_frame *frame,
		     const char *name, const char *file)
{
	const char *between = text->size ? NOTE_SEPARATOR : "";
	const struct memory_region *region = memory_map_find(maps->regions, maps->count, frame->address);
	int err = text_printf(text, "%s%.*s", between, (int)frame->name, name);

	if (!err && frame->name && frame->kind == CODE_NATIVE)
		err = text_printf(text, " ");
	if (!err && frame->kind == CODE_NATIVE && !region)
		err = text_printf(text, "0x%llx", frame->address);
	else if (!err && frame->kind == CODE_NATIVE)
		err = text_printf(text, "%.*s+0x%llx", region->name_length ? (int)region->name_length : 11,
				  region->name_length ? region->name : "[anonymous]",
				  frame->address - region->start + region->offset);
	if (!err && frame->file && frame->line)
		err = text_printf(text, " (%.*s:%u)", (int)frame->file, file, frame->line);
	return err;
}

/* As a person names it: handle_request (server.c:88), or server+0x12ab. */
static int say_code(struct buffer *code, const struct memory_region *region, const struct code_frame *frame,
		    const char *name, const char *file)
{
	const char *slash = region ? memrchr(region->name, '/', region->name_length) : NULL;
	int err;

	if (!frame->name && slash)
		return text_printf(code, "%.*s+0x%llx", (int)(region->name + region->name_length - slash - 1),
				   slash + 1, frame->address - region->start + region->offset);
	err = text_printf(code, "%.*s", (int)frame->name, name);
	if (!err && frame->file && frame->line)
		err = text_printf(code, " (%.*s:%u)", (int)frame->file, file, frame->line);
	return err;
}

/*
 * Of languages the answer says it: what is the program's own, else what was installed beside it, else what the language
 * has.
 */
static enum code_frame_kind kind_of(const struct memory_region *region, const struct code_frame *frame,
				    const char *name)
{
	if (frame->kind != CODE_NATIVE)
		return frame->kind;
	return region && region->permissions[2] == 'x' &&
			       code_is_own(region->name, region->name_length, name, frame->name)
		       ? CODE_OWN
		       : CODE_NATIVE;
}

int frames_say_code(struct buffer *code, const struct process_maps *maps, const struct buffer *frames)
{
	struct code_frame frame, best = {.kind = CODE_NATIVE};
	const char *name, *file, *best_name = NULL, *best_file = NULL;
	const struct memory_region *region, *best_region = NULL;
	enum code_frame_kind kind;
	size_t offset = 0;

	while (best.kind != CODE_OWN && code_frame_next(frames->data, frames->size, &offset, &frame, &name, &file)) {
		region = memory_map_find(maps->regions, maps->count, frame.address);
		kind = kind_of(region, &frame, name);
		if (kind <= best.kind)
			continue;
		best_region = frame.kind == CODE_NATIVE ? region : NULL;
		best = frame;
		best.kind = kind;
		best_name = name;
		best_file = file;
	}
	return best_name ? say_code(code, best_region, &best, best_name, best_file) : 0;
}

int frames_say(struct buffer *text, const struct process_maps *maps, const struct buffer *frames)
{
	struct code_frame frame;
	const char *name, *file;
	size_t offset = 0;
	int err = 0;

	while (!err && code_frame_next(frames->data, frames->size, &offset, &frame, &name, &file))
		err = say_frame(text, maps, &frame, name, file);
	return err;
}
