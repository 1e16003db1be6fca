/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "code/go/pclntab.h"

#include <string.h>

/* Of src/internal/abi/symtab.go and src/runtime/symtab.go. */
#define MAGIC_118 0xfffffff0U
#define MAGIC_120 0xfffffff1U

/* The largest programs have half a million functions; a function's table of lines has some thousand bytes. */
#define FUNCTIONS_MOST 4000000
#define STEPS_MOST     100000
#define PIECE	       256

/* What begins the table, in a program of 64 bits. */
struct head {
	__u32 magic;
	__u8 pad[2];
	__u8 quantum, word;
	__u64 functions, files, text;
	__u64 names_at, units_at, files_at, values_at, table_at;
};

_Static_assert(sizeof(struct head) == 72, "pcHeader");

/* An entry of the table of functions: where its code begins, and where its description is. */
struct entry {
	__u32 code, description;
};

/* The first members of runtime._func, which both versions have. */
struct description {
	__u32 code;
	__s32 name;
	__s32 arguments;
	__u32 defer_return;
	__u32 frames, files, lines; /* tables of values, in bytes from `values` */
	__u32 other_tables;
	__u32 unit;
};

/* ---- The head ---- */

static bool is_inside(const struct pclntab *table, __u64 offset)
{
	return offset >= sizeof(struct head) && offset < table->size;
}

static bool take_head(struct pclntab *table, const struct head *head)
{
	table->text = head->text;
	table->functions = head->functions;
	table->names = head->names_at;
	table->units = head->units_at;
	table->files = head->files_at;
	table->values = head->values_at;
	table->table = head->table_at;
	table->quantum = head->quantum;
	return is_inside(table, table->names) && is_inside(table, table->units) && is_inside(table, table->files) &&
	       is_inside(table, table->values) && is_inside(table, table->table);
}

enum pclntab_state pclntab_open(struct pclntab *table)
{
	struct head head;

	if (table->size < sizeof(head) || !table->read(table->context, 0, &head, sizeof(head)))
		return PCLNTAB_NONE;
	if (head.pad[0] || head.pad[1] || head.word != sizeof(__u64) ||
	    (head.quantum != 1 && head.quantum != 2 && head.quantum != 4))
		return PCLNTAB_NONE;
	if ((head.magic != MAGIC_118 && head.magic != MAGIC_120) || !head.text)
		return PCLNTAB_OTHER;
	if (!head.functions || head.functions > FUNCTIONS_MOST || !take_head(table, &head))
		return PCLNTAB_NONE;
	/* One more than there are functions: the end of the last. */
	return (table->size - table->table) / sizeof(struct entry) > head.functions ? PCLNTAB_KNOWN : PCLNTAB_NONE;
}

static bool read_at(const struct pclntab *table, __u64 base, __u64 offset, void *to, size_t size)
{
	__u64 at = base + offset;

	return at >= base && at < table->size && table->size - at >= size && table->read(table->context, at, to, size);
}

/* ---- Texts ---- */

/* One that does not end in time is cut. */
static bool read_text(const struct pclntab *table, __u64 base, __u64 offset, char text[GO_NAME])
{
	__u64 at = base + offset;
	size_t size;

	if (at < base || at >= table->size)
		return false;
	size = table->size - at < GO_NAME ? (size_t)(table->size - at) : GO_NAME;
	if (!table->read(table->context, at, text, size))
		return false;
	text[size - 1] = '\0';
	return true;
}

/* ---- Values by address ---- */

/* A table's bytes, some at a time. */
struct reader {
	const struct pclntab *table;
	__u64 at; /* of the next piece */
	size_t next, size;
	__u8 bytes[PIECE];
};

static bool fill(struct reader *reader)
{
	const struct pclntab *table = reader->table;

	if (reader->at >= table->size)
		return false;
	reader->size = table->size - reader->at < PIECE ? (size_t)(table->size - reader->at) : PIECE;
	reader->next = 0;
	if (!table->read(table->context, reader->at, reader->bytes, reader->size))
		return false;
	reader->at += reader->size;
	return true;
}

static bool read_number(struct reader *reader, __u32 *number)
{
	unsigned int shift;

	*number = 0;
	for (shift = 0; shift < 32; shift += 7) {
		if (reader->next == reader->size && !fill(reader))
			return false;
		*number |= (__u32)(reader->bytes[reader->next] & 0x7f) << shift;
		if (!(reader->bytes[reader->next++] & 0x80))
			return true;
	}
	return false;
}

static __s32 signed_of(__u32 number)
{
	return number & 1 ? (__s32) ~(number >> 1) : (__s32)(number >> 1);
}

/*
 * The value that the function's table, at `offset`, has for the code at `place`. Both are counted from where code
 * begins.
 */
static bool find_value(const struct pclntab *table, __u32 offset, __u64 start, __u64 place, __s64 *value)
{
	struct reader reader = {.table = table, .at = table->values + offset};
	__u64 at = start;
	__u32 change, length;
	unsigned int step;

	if (!offset)
		return false;
	*value = -1;
	for (step = 0; step < STEPS_MOST; step++) {
		if (!read_number(&reader, &change) || (!change && step) || !read_number(&reader, &length))
			return false;
		*value += signed_of(change);
		at += (__u64)length * table->quantum;
		if (place < at)
			return true;
	}
	return false;
}

/* ---- Functions ---- */

static bool read_entry(const struct pclntab *table, __u64 number, struct entry *entry)
{
	return read_at(table, table->table, number * sizeof(*entry), entry, sizeof(*entry));
}

/* The last that begins at the place or before it. */
static bool find_entry(const struct pclntab *table, __u64 place, struct entry *found)
{
	__u64 low = 0, high = table->functions, middle;
	struct entry entry;

	/* What is in its place has the end of all code. */
	if (!read_entry(table, high, &entry) || place >= entry.code)
		return false;
	while (high - low > 1) {
		middle = low + (high - low) / 2;
		if (!read_entry(table, middle, &entry))
			return false;
		if (entry.code <= place)
			low = middle;
		else
			high = middle;
	}
	return read_entry(table, low, found) && found->code <= place;
}

/* Code that was put into the function from another file has that file's lines: none of the function's own. */
static void find_line(const struct pclntab *table, const struct description *description, __u64 place,
		      struct go_function *function)
{
	char path[GO_NAME];
	const char *slash;
	__s64 file, first, line;
	__u32 at;

	if (!find_value(table, description->files, description->code, place, &file) || file < 0 ||
	    !find_value(table, description->files, description->code, description->code, &first) || file != first ||
	    !find_value(table, description->lines, description->code, place, &line) || line <= 0 || line > 100000000 ||
	    !read_at(table, table->units, ((__u64)description->unit + (__u64)file) * sizeof(at), &at, sizeof(at)) ||
	    !read_text(table, table->files, at, path))
		return;
	slash = strrchr(path, '/');
	memmove(function->file, slash ? slash + 1 : path, strlen(slash ? slash + 1 : path) + 1);
	function->line = function->file[0] ? (__u32)line : 0;
}

bool pclntab_find(const struct pclntab *table, __u64 address, struct go_function *function)
{
	__u64 place = address - table->text;
	struct description description;
	struct entry entry;

	*function = (struct go_function){.frame = -1};
	if (address < table->text || !find_entry(table, place, &entry) ||
	    !read_at(table, table->table, entry.description, &description, sizeof(description)) ||
	    description.code != entry.code || description.name <= 0 ||
	    !read_text(table, table->names, (__u64)description.name, function->name) || !function->name[0])
		return false;
	find_line(table, &description, place, function);
	if (!find_value(table, description.frames, description.code, place, &function->frame) || function->frame < 0)
		function->frame = -1;
	return true;
}
