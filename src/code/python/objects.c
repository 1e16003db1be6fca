/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "code/python/objects.h"

#include <string.h>

#include "code/messages/memory.h"
#include "code/python/lines.h"

/*
 * Of a table of lines no more is read: some 3,000 instructions. An entry for one takes this much at most, where columns
 * are small.
 */
#define LINES_MOST 16384
#define ENTRY_MOST 12

/* Characters of a text that are read. Python has none that is longer than memory. */
#define CHARACTERS_MOST 1024
#define LENGTH_MOST	(1ULL << 40)

static bool has_type(const struct python *python, __u64 address, __u64 type)
{
	__u64 found;

	return address && !(address % sizeof(__u64)) &&
	       memory_read_word(address + python->layout.object_type, &found) && found == type;
}

bool python_code_read(const struct python *python, __u64 address, struct python_code *code)
{
	const struct python_layout *layout = &python->layout;

	if (!has_type(python, address, python->code_type))
		return false;
	*code = (struct python_code){.address = address};
	return memory_read(address + layout->code_first_line, &code->first_line, sizeof(code->first_line)) &&
	       memory_read_word(address + layout->code_file, &code->file) &&
	       memory_read_word(address + layout->code_name, &code->name) &&
	       memory_read_word(address + layout->code_lines, &code->lines);
}

/* ---- Texts ---- */

/* PyASCIIObject.state: two bits whether it is interned, then: */
#define TEXT_WIDTH(state)   ((state) >> 2 & 7)
#define TEXT_COMPACT(state) ((state) >> 5 & 1)
#define TEXT_ASCII(state)   ((state) >> 6 & 1)

static size_t put_character(__u32 value, char to[4])
{
	if (value < 0x20 || (value >= 0x7f && value < 0xa0) || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
		value = '?';
	if (value < 0x80) {
		to[0] = (char)value;
		return 1;
	}
	if (value < 0x800) {
		to[0] = (char)(0xc0 | value >> 6);
		to[1] = (char)(0x80 | (value & 0x3f));
		return 2;
	}
	if (value < 0x10000) {
		to[0] = (char)(0xe0 | value >> 12);
		to[1] = (char)(0x80 | (value >> 6 & 0x3f));
		to[2] = (char)(0x80 | (value & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | value >> 18);
	to[1] = (char)(0x80 | (value >> 12 & 0x3f));
	to[2] = (char)(0x80 | (value >> 6 & 0x3f));
	to[3] = (char)(0x80 | (value & 0x3f));
	return 4;
}

static __u32 character_at(const unsigned char *text, size_t width, size_t index)
{
	__u32 four;
	__u16 two;

	if (width == 1)
		return text[index];
	if (width == 2) {
		memcpy(&two, text + index * width, sizeof(two));
		return two;
	}
	memcpy(&four, text + index * width, sizeof(four));
	return four;
}

/* From the end on, as far as there is room: the end of a path, or of a qualified name, says the most. */
static size_t put_text(const unsigned char *text, size_t width, size_t count, char *to, size_t room)
{
	size_t from = count, size = 0, used = 0;
	char one[4];

	while (from && size + put_character(character_at(text, width, from - 1), one) <= room)
		size += put_character(character_at(text, width, --from), one);
	for (; from < count; from++) {
		const size_t length = put_character(character_at(text, width, from), one);

		memcpy(to + used, one, length);
		used += length;
	}
	return used;
}

size_t python_text_read(const struct python *python, __u64 address, char *to, size_t room)
{
	const struct python_layout *layout = &python->layout;
	unsigned char text[CHARACTERS_MOST * 4];
	__u64 length, at;
	__u32 state;
	size_t width, count;

	if (!has_type(python, address, python->text_type) ||
	    !memory_read_word(address + layout->text_length, &length) ||
	    !memory_read(address + layout->text_state, &state, sizeof(state)) || !TEXT_COMPACT(state) || !length ||
	    length > LENGTH_MOST)
		return 0;
	width = TEXT_WIDTH(state);
	if ((width != 1 && width != 2 && width != 4) || (TEXT_ASCII(state) && width != 1))
		return 0;
	at = address + (TEXT_ASCII(state) ? layout->ascii_text : layout->other_text);
	count = length < CHARACTERS_MOST ? (size_t)length : CHARACTERS_MOST;
	if (!memory_read(at + (length - count) * width, text, count * width))
		return 0;
	return put_text(text, width, count, to, room);
}

/* ---- Lines ---- */

__u32 python_code_line(const struct python *python, const struct python_code *code, __u64 instruction)
{
	const __u64 first = code->address + python->layout.code_instructions;
	const __u64 offset = instruction > first ? instruction - first : 0;
	unsigned char table[LINES_MOST];
	__u64 size;

	/* It is about to begin. */
	if (instruction < first)
		return code->first_line;
	if (!has_type(python, code->lines, python->bytes_type) ||
	    !memory_read_word(code->lines + python->layout.object_size, &size) || !size)
		return 0;
	if (size > sizeof(table))
		size = sizeof(table);
	if (offset < sizeof(table) && size / ENTRY_MOST > offset / 2 + 1)
		size = (offset / 2 + 1) * ENTRY_MOST;
	if (!memory_read(code->lines + python->layout.bytes_text, table, (size_t)size))
		return 0;
	return python_line(table, (size_t)size, code->first_line, offset);
}
