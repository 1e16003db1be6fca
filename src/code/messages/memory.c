/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "code/messages/memory.h"

#include <stdint.h>
#include <string.h>

/* Twice as many places as chunks. */
#define PLACES (2 * CODE_CHUNKS_MOST)

/* Reads for one stack: a large one takes some 4,000. A list that leads back to itself takes no chunk, but time. */
#define READS_MOST 16384

struct place {
	__u64 address; /* 0: free. Nobody has memory there. */
	__u32 chunk; /* in bytes */
	bool read; /* else it was asked for in vain */
};

static struct {
	__u64 stack;
	const char *copy;
	size_t size;
	memory_source source;
	size_t asked, needs, reads; /* chunks, round trips */
	__u64 wanted[CODE_CHUNKS];
	size_t wanted_count;
	struct place places[PLACES];
	char bytes[CODE_CHUNKS_MOST][CODE_CHUNK];
	char fresh[CODE_CHUNKS][CODE_CHUNK];
} memory;

void memory_begin(__u64 stack, const char *copy, size_t size, memory_source source)
{
	memory.stack = stack;
	memory.copy = copy;
	memory.size = size;
	memory.source = source;
	memory.asked = memory.needs = memory.reads = memory.wanted_count = 0;
	memset(memory.places, 0, sizeof(memory.places));
}

bool memory_was_asked(void)
{
	return memory.needs;
}

/* ---- Chunks ---- */

/* Where it is, or where it is to be. There is always a free place. */
static struct place *find_place(__u64 address)
{
	size_t at = (size_t)(address / CODE_CHUNK * 0x9e3779b97f4a7c15ULL >> 32) % PLACES; /* 2^64 / golden ratio */

	while (memory.places[at].address && memory.places[at].address != address)
		at = (at + 1) % PLACES;
	return &memory.places[at];
}

static bool is_wanted(__u64 address)
{
	size_t i;

	for (i = 0; i < memory.wanted_count; i++)
		if (memory.wanted[i] == address)
			return true;
	return false;
}

static void want_chunk(__u64 address)
{
	if (!address || address > INT64_MAX - CODE_CHUNK || memory.wanted_count == CODE_CHUNKS ||
	    memory.asked + memory.wanted_count == CODE_CHUNKS_MOST || find_place(address)->address ||
	    is_wanted(address))
		return;
	memory.wanted[memory.wanted_count++] = address;
}

static void keep(size_t number, bool read, const char *bytes)
{
	struct place *place = find_place(memory.wanted[number]);

	*place = (struct place){.address = memory.wanted[number], .chunk = (__u32)memory.asked, .read = read};
	if (read)
		memcpy(memory.bytes[memory.asked], bytes, CODE_CHUNK);
	memory.asked++;
}

static void fetch(void)
{
	__u64 read = 0;
	size_t i, at = 0;

	if (memory.source && memory.wanted_count && memory.needs < CODE_MEMORY_NEEDS) {
		memory.needs++;
		read = memory.source(memory.wanted, memory.wanted_count, memory.fresh[0]);
	}
	for (i = 0; i < memory.wanted_count; i++) {
		keep(i, read >> i & 1, memory.fresh[at]);
		at += read >> i & 1;
	}
	memory.wanted_count = 0;
}

/* NULL: it cannot be read. */
static const char *get_chunk(__u64 address)
{
	const struct place *place = find_place(address);

	if (!place->address) {
		/* There may have been no room for it among those that others want. */
		if (memory.wanted_count == CODE_CHUNKS)
			fetch();
		want_chunk(address);
		fetch();
		place = find_place(address);
	}
	return place->address && place->read ? memory.bytes[place->chunk] : NULL;
}

/* ---- Reading ---- */

static bool is_in_stack(__u64 address, size_t size)
{
	return address >= memory.stack && address - memory.stack <= memory.size &&
	       memory.size - (size_t)(address - memory.stack) >= size;
}

void memory_want(__u64 address, size_t size)
{
	__u64 at = address - address % CODE_CHUNK;

	if (!size || address > INT64_MAX - size || is_in_stack(address, size))
		return;
	for (; at < address + size && memory.wanted_count < CODE_CHUNKS; at += CODE_CHUNK)
		want_chunk(at);
}

bool memory_read(__u64 address, void *to, size_t size)
{
	const char *chunk;
	size_t part, done;

	if (memory.reads++ >= READS_MOST)
		return false;
	if (is_in_stack(address, size)) {
		memcpy(to, memory.copy + (address - memory.stack), size);
		return true;
	}
	if (address < CODE_CHUNK || address > INT64_MAX - size)
		return false;
	memory_want(address, size);
	for (done = 0; done < size; done += part) {
		const size_t into = (size_t)((address + done) % CODE_CHUNK);

		chunk = get_chunk(address + done - into);
		if (!chunk)
			return false;
		part = CODE_CHUNK - into < size - done ? CODE_CHUNK - into : size - done;
		memcpy((char *)to + done, chunk + into, part);
	}
	return true;
}

bool memory_read_word(__u64 address, __u64 *word)
{
	return !(address % sizeof(*word)) && memory_read(address, word, sizeof(*word));
}
