/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "system/btf_subset.h"

#include <errno.h>
#include <linux/btf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * The header that every kernel's BTF has. Headers of Linux 7 and later name more (layout_off), which is not needed
 * here.
 */
#define HEADER_SIZE (offsetof(struct btf_header, str_len) + sizeof(__u32))

/* The whole, checked as far as it has been walked. */
struct whole {
	const char *types, *strings;
	size_t types_size, strings_size;
	__u32 *offsets; /* of types, by id; there is none with id 0, which is void */
	__u32 count; /* the highest id */
};

/* The wanted types, by name: open addressing, at most half full. */
struct names {
	struct btf_wanted **slots;
	size_t mask;
};

struct subset {
	const struct whole *whole;
	__u32 *new_ids; /* by id in the whole; 0: not in the subset */
	struct buffer order; /* of __u32: ids in the whole, in the order of the new ones */
	struct buffer types, strings;
};

/* ---- The whole ---- */

/* With what belongs to it; 0: of no known kind. */
static size_t type_size(const struct btf_type *type)
{
	size_t parts = BTF_INFO_VLEN(type->info);

	switch (BTF_INFO_KIND(type->info)) {
	case BTF_KIND_FWD:
	case BTF_KIND_CONST:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_PTR:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPE_TAG:
		return sizeof(*type);
	case BTF_KIND_INT:
		return sizeof(*type) + sizeof(__u32);
	case BTF_KIND_ENUM:
		return sizeof(*type) + parts * sizeof(struct btf_enum);
	case BTF_KIND_ENUM64:
		return sizeof(*type) + parts * sizeof(struct btf_enum64);
	case BTF_KIND_ARRAY:
		return sizeof(*type) + sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return sizeof(*type) + parts * sizeof(struct btf_member);
	case BTF_KIND_FUNC_PROTO:
		return sizeof(*type) + parts * sizeof(struct btf_param);
	case BTF_KIND_VAR:
		return sizeof(*type) + sizeof(struct btf_var);
	case BTF_KIND_DATASEC:
		return sizeof(*type) + parts * sizeof(struct btf_var_secinfo);
	case BTF_KIND_DECL_TAG:
		return sizeof(*type) + sizeof(struct btf_decl_tag);
	default:
		return 0;
	}
}

/* Finds the two sections, and makes sure that every text in the second has an end. */
static int open_whole(struct whole *whole, const char *bytes, size_t size)
{
	struct btf_header header;

	if (size < HEADER_SIZE)
		return -EINVAL;
	memcpy(&header, bytes, HEADER_SIZE);
	if (header.magic != BTF_MAGIC || header.hdr_len < HEADER_SIZE || header.hdr_len > size || header.hdr_len % 4 ||
	    header.type_off % 4)
		return -EINVAL;
	bytes += header.hdr_len;
	size -= header.hdr_len;
	if ((__u64)header.type_off + header.type_len > size || (__u64)header.str_off + header.str_len > size ||
	    !header.str_len || bytes[header.str_off + header.str_len - 1])
		return -EINVAL;
	whole->types = bytes + header.type_off;
	whole->types_size = header.type_len;
	whole->strings = bytes + header.str_off;
	whole->strings_size = header.str_len;
	return 0;
}

static const struct btf_type *type_at(const struct whole *whole, size_t offset)
{
	return (const void *)(whole->types + offset);
}

/* ---- Names ---- */

/* FNV-1a */
static size_t hash_of(const char *name)
{
	__u32 hash = 0x811c9dc5;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 0x01000193;
	return hash;
}

static int index_names(struct names *names, struct btf_wanted *wanted, size_t count)
{
	size_t i, at, slots = 16;

	while (slots < 2 * count)
		slots *= 2;
	names->slots = calloc(slots, sizeof(struct btf_wanted *));
	names->mask = slots - 1;
	if (!names->slots)
		return -ENOMEM;
	for (i = 0; i < count; i++) {
		wanted[i].id = 0;
		for (at = hash_of(wanted[i].name) & names->mask; names->slots[at]; at = (at + 1) & names->mask)
			;
		names->slots[at] = &wanted[i];
	}
	return 0;
}

/* Notes the id where it was asked for; returns whether the type is wanted in the subset. */
static bool is_wanted(const struct names *names, const char *name, __u32 kind, __u32 id)
{
	struct btf_wanted *wanted;
	bool in_subset = false;
	size_t at;

	for (at = hash_of(name) & names->mask; (wanted = names->slots[at]); at = (at + 1) & names->mask) {
		if (strcmp(wanted->name, name))
			continue;
		in_subset |= !wanted->kind && kind != BTF_KIND_FUNC;
		if (wanted->kind == kind && !wanted->id)
			wanted->id = id;
	}
	return in_subset;
}

/* Other kinds have no name, or nobody asks for them by it. */
static bool is_named(__u32 kind)
{
	return kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION || kind == BTF_KIND_ENUM || kind == BTF_KIND_ENUM64 ||
	       kind == BTF_KIND_TYPEDEF || kind == BTF_KIND_FUNC;
}

/* ---- The subset ---- */

/* Returns its new id through *id, which it may be given here. */
static int include(struct subset *subset, __u32 *id)
{
	__u32 old = *id, *new_id;

	if (old > subset->whole->count)
		return -EINVAL;
	new_id = &subset->new_ids[old];
	if (old && !*new_id) {
		*new_id = (__u32)(subset->order.size / sizeof(old)) + 1;
		if (buffer_append(&subset->order, &old, sizeof(old)))
			return -ENOMEM;
	}
	*id = *new_id;
	return 0;
}

static int take_name(struct subset *subset, __u32 *offset)
{
	const struct whole *whole = subset->whole;
	const char *name = whole->strings + *offset;

	if (*offset >= whole->strings_size)
		return -EINVAL;
	*offset = *name ? (__u32)subset->strings.size : 0;
	return *name ? buffer_append(&subset->strings, name, strlen(name) + 1) : 0;
}

static int take_members(struct subset *subset, struct btf_member *member, size_t count)
{
	int err = 0;

	for (; count && !err; count--, member++)
		err = take_name(subset, &member->name_off) ?: include(subset, &member->type);
	return err;
}

static int take_values(struct subset *subset, char *value, size_t size, size_t count)
{
	int err = 0;

	/* The name stands first in both kinds of values. */
	for (; count && !err; count--, value += size)
		err = take_name(subset, (__u32 *)(void *)value);
	return err;
}

static int take_array(struct subset *subset, struct btf_array *array)
{
	return include(subset, &array->type) ?: include(subset, &array->index_type);
}

/* Names and types in the copy, which is complete but for them, become those of the subset. */
static int adapt(struct subset *subset, struct btf_type *type)
{
	__u32 parts = BTF_INFO_VLEN(type->info);
	void *part = type + 1;
	int err = take_name(subset, &type->name_off);

	if (err)
		return err;
	switch (BTF_INFO_KIND(type->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_FLOAT:
	case BTF_KIND_FWD:
		return 0;
	case BTF_KIND_PTR:
		type->type = 0;
		return 0;
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_CONST:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		return include(subset, &type->type);
	case BTF_KIND_ARRAY:
		return take_array(subset, part);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return take_members(subset, part, parts);
	case BTF_KIND_ENUM:
		return take_values(subset, part, sizeof(struct btf_enum), parts);
	case BTF_KIND_ENUM64:
		return take_values(subset, part, sizeof(struct btf_enum64), parts);
	case BTF_KIND_FUNC_PROTO: /* behind a typedef; what it takes and returns is not asked for */
		type->info = BTF_KIND_FUNC_PROTO << 24;
		type->type = 0;
		return 0;
	default:
		return -EINVAL; /* nothing has a member of such a kind */
	}
}

static int take_type(struct subset *subset, __u32 id)
{
	const struct btf_type *type = type_at(subset->whole, subset->whole->offsets[id]);
	size_t size = BTF_INFO_KIND(type->info) == BTF_KIND_FUNC_PROTO ? sizeof(*type) : type_size(type);
	size_t offset = subset->types.size;
	int err = buffer_append(&subset->types, type, size);

	return err ? err : adapt(subset, (void *)(subset->types.data + offset));
}

/* A wanted type brings in its parts. */
static int take_all(struct subset *subset)
{
	size_t i;
	int err = 0;

	for (i = 0; i < subset->order.size / sizeof(__u32) && !err; i++)
		err = take_type(subset, ((const __u32 *)(const void *)subset->order.data)[i]);
	return err;
}

/* Walks over all types: where each is, and which of them are wanted. */
static int choose(struct subset *subset, struct whole *whole, const struct names *names)
{
	size_t offset = 0, size;
	int err = 0;

	for (; offset + sizeof(struct btf_type) <= whole->types_size && !err; offset += size) {
		const struct btf_type *type = type_at(whole, offset);
		__u32 kind = BTF_INFO_KIND(type->info), id = ++whole->count;

		size = type_size(type);
		if (!size || size > whole->types_size - offset || type->name_off >= whole->strings_size)
			return -EINVAL;
		whole->offsets[id] = (__u32)offset;
		if (is_named(kind) && is_wanted(names, whole->strings + type->name_off, kind, id))
			err = include(subset, &id);
	}
	return err ? err : offset == whole->types_size ? 0 : -EINVAL;
}

static int append_all(const struct subset *subset, struct buffer *out)
{
	struct btf_header header = {
		.magic = BTF_MAGIC,
		.version = BTF_VERSION,
		.hdr_len = HEADER_SIZE,
		.type_len = (__u32)subset->types.size,
		.str_off = (__u32)subset->types.size,
		.str_len = (__u32)subset->strings.size,
	};

	return buffer_append(out, &header, HEADER_SIZE) ?:
	       buffer_append(out, subset->types.data, subset->types.size) ?:
	       buffer_append(out, subset->strings.data, subset->strings.size);
}

static int make(struct subset *subset, struct whole *whole, const struct names *names)
{
	size_t most = whole->types_size / sizeof(struct btf_type) + 1;

	whole->offsets = calloc(most, sizeof(*whole->offsets));
	subset->new_ids = calloc(most, sizeof(*subset->new_ids));
	if (!whole->offsets || !subset->new_ids)
		return -ENOMEM;
	/* The text at offset 0 is empty. */
	return buffer_append(&subset->strings, "", 1) ?: choose(subset, whole, names) ?: take_all(subset);
}

int btf_subset(struct buffer *out, const void *bytes, size_t size, struct btf_wanted *wanted, size_t count)
{
	struct whole whole = {0};
	struct subset subset = {.whole = &whole};
	struct names names = {0};
	int err = open_whole(&whole, bytes, size) ?: index_names(&names, wanted, count) ?: make(&subset, &whole, &names) ?:
		  append_all(&subset, out);

	free(names.slots);
	free(whole.offsets);
	free(subset.new_ids);
	buffer_free(&subset.order);
	buffer_free(&subset.types);
	buffer_free(&subset.strings);
	return err;
}
