/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The subset of a kernel's types. An even first byte: the rest is a file of BTF as it is. Odd: the rest is types and
 * texts that get a true header, each type a true kind and length, which no fuzzer would guess often enough. What comes
 * out must be BTF with types that name only each other, in which the same is found again.
 */
#include <linux/btf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "system/btf_subset.h"

static const struct btf_wanted all_wanted[] = {
	{.name = "s"},
	{.name = "u"},
	{.name = "e"},
	{.name = "t"},
	{.name = "s", .kind = BTF_KIND_STRUCT},
	{.name = "f", .kind = BTF_KIND_FUNC},
	{.name = "x"},
	{.name = ""},
};

#define WANTED (sizeof(all_wanted) / sizeof(all_wanted[0]))

static void fail(const char *what)
{
	fprintf(stderr, "the subset: %s\n", what);
	abort();
}

/* ---- Making ---- */

struct input {
	const uint8_t *at, *end;
};

static uint32_t take(struct input *input, size_t size)
{
	uint32_t value = 0;

	while (size-- && input->at < input->end)
		value = value << 8 | *input->at++;
	return value;
}

/* Texts of one letter, so that names are met; the last of them has none. */
static const char texts[] = "\0s\0u\0e\0t\0f\0x\0member";

static uint32_t take_name(struct input *input)
{
	uint32_t offset = take(input, 1);

	/* Now and then one that is out of bounds, or in the middle. */
	return offset == 255 ? offset : offset % sizeof(texts);
}

static size_t words_of(uint32_t kind, uint32_t parts)
{
	static const unsigned char words[NR_BTF_KINDS] = {
		[BTF_KIND_STRUCT] = 3, [BTF_KIND_UNION] = 3,	  [BTF_KIND_ENUM] = 2,
		[BTF_KIND_ENUM64] = 3, [BTF_KIND_FUNC_PROTO] = 2, [BTF_KIND_DATASEC] = 3,
	};

	if (kind == BTF_KIND_ARRAY)
		return 3;
	if (kind == BTF_KIND_INT || kind == BTF_KIND_VAR || kind == BTF_KIND_DECL_TAG)
		return 1;
	return (size_t)words[kind] * parts;
}

static void make_type(struct buffer *types, struct input *input)
{
	uint32_t kind = take(input, 1) % NR_BTF_KINDS, parts = take(input, 1) % 6, word;
	struct btf_type type = {.name_off = take_name(input), .info = kind << 24 | parts, .type = take(input, 1)};
	size_t i;

	buffer_append(types, &type, sizeof(type));
	for (i = 0; i < words_of(kind, parts); i++) {
		word = i % 3 && (kind != BTF_KIND_ENUM || i % 2) ? take(input, 1) : take_name(input);
		buffer_append(types, &word, sizeof(word));
	}
}

static void make_whole(struct buffer *whole, struct input *input)
{
	struct buffer types = {0};
	struct btf_header header = {.magic = BTF_MAGIC, .version = BTF_VERSION, .hdr_len = sizeof(header)};

	while (input->at < input->end)
		make_type(&types, input);
	header.type_len = header.str_off = (uint32_t)types.size;
	header.str_len = sizeof(texts);
	buffer_append(whole, &header, sizeof(header));
	buffer_append(whole, types.data, types.size);
	buffer_append(whole, texts, sizeof(texts));
	buffer_free(&types);
}

/* ---- Checking ---- */

/* The subset of a subset, for the same names, is that subset in another order: of the same size, and as many are found.
 */
static void check_again(const struct buffer *subset)
{
	struct btf_wanted wanted[WANTED];
	struct buffer again = {0};

	memcpy(wanted, all_wanted, sizeof(wanted));
	if (btf_subset(&again, subset->data, subset->size, wanted, WANTED))
		fail("is no BTF");
	if (again.size > subset->size)
		fail("grows when it is taken again");
	buffer_free(&again);
}

static void check(const void *bytes, size_t size)
{
	struct btf_wanted wanted[WANTED];
	struct buffer subset = {0};
	void *copy = malloc(size + !size); /* aligned, and with an end that is watched */
	int err;

	memcpy(copy, bytes, size);
	memcpy(wanted, all_wanted, sizeof(wanted));
	err = btf_subset(&subset, copy, size, wanted, WANTED);
	free(copy);
	if (!err)
		check_again(&subset);
	buffer_free(&subset);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data + 1, data + size};
	struct buffer whole = {0};

	if (!size)
		return 0;
	if (data[0] % 2 == 0) {
		check(data + 1, size - 1);
		return 0;
	}
	make_whole(&whole, &input);
	check(whole.data, whole.size);
	buffer_free(&whole);
	return 0;
}
