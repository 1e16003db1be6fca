/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <linux/btf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "system/btf_subset.h"

/* BTF as it is being made, and as it is read: types, and texts of which the first is empty. */
struct made {
	struct buffer types, strings;
	__u32 count;
};

static __u32 text(struct made *made, const char *name)
{
	__u32 offset = (__u32)made->strings.size;

	assert_false(buffer_append(&made->strings, name, strlen(name) + 1));
	return offset;
}

static __u32 add(struct made *made, __u32 kind, const char *name, __u32 of, const void *parts, size_t size, __u32 count)
{
	struct btf_type type = {.info = kind << 24 | count, .type = of};

	if (!made->strings.size)
		text(made, "");
	type.name_off = name ? text(made, name) : 0;
	assert_false(buffer_append(&made->types, &type, sizeof(type)));
	assert_false(buffer_append(&made->types, parts, size));
	return ++made->count;
}

static __u32 add_int(struct made *made, const char *name)
{
	__u32 bits = 32;

	return add(made, BTF_KIND_INT, name, 4, &bits, sizeof(bits), 0);
}

/* A structure of these members, named a, b, … */
static __u32 add_struct(struct made *made, const char *name, const __u32 *types, __u32 count)
{
	struct btf_member members[4];
	char letter[2] = "a";
	__u32 i;

	if (!made->strings.size)
		text(made, "");
	for (i = 0; i < count; i++, letter[0]++)
		members[i] = (struct btf_member){text(made, letter), types[i], i * 32};
	return add(made, BTF_KIND_STRUCT, name, 4 * count, members, count * sizeof(*members), count);
}

/* That of all kernels; newer ones append to it. */
#define OLD_HEADER 24

static void complete_with(struct made *made, struct buffer *bytes, __u32 header_size)
{
	static const char more[16];
	struct btf_header header = {
		.magic = BTF_MAGIC,
		.version = BTF_VERSION,
		.hdr_len = header_size,
		.type_len = (__u32)made->types.size,
		.str_off = (__u32)made->types.size,
		.str_len = (__u32)made->strings.size,
	};

	assert_in_range(header_size, OLD_HEADER, OLD_HEADER + sizeof(more));
	assert_false(buffer_append(bytes, &header, OLD_HEADER));
	assert_false(buffer_append(bytes, more, header_size - OLD_HEADER));
	assert_false(buffer_append(bytes, made->types.data, made->types.size));
	assert_false(buffer_append(bytes, made->strings.data, made->strings.size));
	buffer_free(&made->types);
	buffer_free(&made->strings);
}

static void complete(struct made *made, struct buffer *bytes)
{
	complete_with(made, bytes, OLD_HEADER);
}

/* ---- Reading it back ---- */

static const struct btf_header *header_of(const struct buffer *bytes)
{
	return (const void *)bytes->data;
}

static const char *name_at(const struct buffer *bytes, __u32 offset)
{
	const struct btf_header *header = header_of(bytes);

	assert_true(offset < header->str_len);
	return bytes->data + header->hdr_len + header->str_off + offset;
}

static size_t size_of(const struct btf_type *type)
{
	switch (BTF_INFO_KIND(type->info)) {
	case BTF_KIND_INT:
		return sizeof(*type) + sizeof(__u32);
	case BTF_KIND_ARRAY:
		return sizeof(*type) + sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
		return sizeof(*type) + BTF_INFO_VLEN(type->info) * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return sizeof(*type) + BTF_INFO_VLEN(type->info) * sizeof(struct btf_enum);
	default:
		return sizeof(*type);
	}
}

static const struct btf_type *type_of(const struct buffer *bytes, __u32 id)
{
	const struct btf_header *header = header_of(bytes);
	size_t at = header->hdr_len + header->type_off;

	assert_int_not_equal(id, 0);
	for (; --id; at += size_of((const void *)(bytes->data + at)))
		;
	assert_true(at < header->hdr_len + header->type_len);
	return (const void *)(bytes->data + at);
}

static __u32 count_types(const struct buffer *bytes)
{
	const struct btf_header *header = header_of(bytes);
	size_t at = 0;
	__u32 count = 0;

	for (; at < header->type_len; count++)
		at += size_of((const void *)(bytes->data + header->hdr_len + at));
	assert_int_equal(at, header->type_len);
	return count;
}

static const struct btf_type *find(const struct buffer *bytes, const char *name)
{
	__u32 id, count = count_types(bytes);

	for (id = 1; id <= count; id++)
		if (!strcmp(name_at(bytes, type_of(bytes, id)->name_off), name))
			return type_of(bytes, id);
	return NULL;
}

static const struct btf_member *member(const struct btf_type *type, __u32 place)
{
	return (const struct btf_member *)(const void *)(type + 1) + place;
}

/* ---- Tests ---- */

/* struct task { int a; struct inner b; struct other *c; }, and things that nobody asks for. */
static __u32 make_tasks(struct buffer *bytes)
{
	struct made made = {0};
	__u32 number = add_int(&made, "int"), letter = add_int(&made, "unwanted"), inner, other, pointer, target;
	struct btf_array array = {.nelems = 7, .index_type = number};

	array.type = add_struct(&made, "inner", &number, 1);
	inner = add(&made, BTF_KIND_ARRAY, NULL, 0, &array, sizeof(array), 0);
	other = add_struct(&made, "other", &letter, 1);
	pointer = add(&made, BTF_KIND_PTR, NULL, other, NULL, 0, 0);
	add_struct(&made, "task", (const __u32[]){number, inner, pointer}, 3);
	/* A function and a structure of one name. */
	add_struct(&made, "walk", &number, 1);
	target = add(&made, BTF_KIND_FUNC, "walk", number, NULL, 0, 0);
	complete(&made, bytes);
	return target;
}

static void what_is_embedded_comes_with_it(void **state)
{
	struct btf_wanted wanted[] = {{.name = "task"}, {.name = "absent"}};
	struct buffer bytes = {0}, subset = {0};
	const struct btf_type *task, *array;

	(void)state;
	make_tasks(&bytes);
	assert_int_equal(btf_subset(&subset, bytes.data, bytes.size, wanted, 2), 0);
	assert_int_equal(count_types(&subset), 5); /* task, int, the array, inner, the pointer */
	task = find(&subset, "task");
	assert_non_null(task);
	assert_int_equal(task->size, 12);
	assert_string_equal(name_at(&subset, member(task, 2)->name_off), "c");
	assert_int_equal(member(task, 2)->offset, 64);
	assert_ptr_equal(type_of(&subset, member(task, 0)->type), find(&subset, "int"));
	array = type_of(&subset, member(task, 1)->type);
	assert_int_equal(BTF_INFO_KIND(array->info), BTF_KIND_ARRAY);
	assert_int_equal(((const struct btf_array *)(const void *)(array + 1))->nelems, 7);
	assert_ptr_equal(type_of(&subset, ((const struct btf_array *)(const void *)(array + 1))->type),
			 find(&subset, "inner"));
	buffer_free(&bytes);
	buffer_free(&subset);
}

static void a_pointer_leads_nowhere(void **state)
{
	struct btf_wanted wanted[] = {{.name = "task"}};
	struct buffer bytes = {0}, subset = {0};
	const struct btf_type *pointer;

	(void)state;
	make_tasks(&bytes);
	assert_int_equal(btf_subset(&subset, bytes.data, bytes.size, wanted, 1), 0);
	pointer = type_of(&subset, member(find(&subset, "task"), 2)->type);
	assert_int_equal(BTF_INFO_KIND(pointer->info), BTF_KIND_PTR);
	assert_int_equal(pointer->type, 0);
	assert_null(find(&subset, "other"));
	assert_null(find(&subset, "unwanted"));
	buffer_free(&bytes);
	buffer_free(&subset);
}

static void ids_are_those_of_the_whole(void **state)
{
	struct btf_wanted wanted[] = {
		{.name = "walk", .kind = BTF_KIND_FUNC},
		{.name = "task", .kind = BTF_KIND_FUNC},
		{.name = "gone", .kind = BTF_KIND_TYPEDEF, .id = 5},
	};
	struct buffer bytes = {0}, subset = {0};
	__u32 target;

	(void)state;
	target = make_tasks(&bytes);
	assert_int_equal(btf_subset(&subset, bytes.data, bytes.size, wanted, 3), 0);
	assert_int_equal(wanted[0].id, target);
	assert_int_equal(wanted[1].id, 0);
	assert_int_equal(wanted[2].id, 0);
	assert_int_equal(count_types(&subset), 0);
	buffer_free(&bytes);
	buffer_free(&subset);
}

static void all_types_of_a_name_are_there(void **state)
{
	struct btf_wanted wanted[] = {{.name = "twice"}, {.name = "twice", .kind = BTF_KIND_ENUM}};
	const struct btf_enum value = {.val = 175};
	struct buffer bytes = {0}, subset = {0};
	struct made made = {0};
	const struct btf_type *last;
	__u32 number = add_int(&made, "int"), id;
	struct btf_enum named = value;

	(void)state;
	add_struct(&made, "twice", &number, 1);
	add_struct(&made, "twice", (const __u32[]){number, number}, 2);
	named.name_off = text(&made, "VALUE");
	id = add(&made, BTF_KIND_ENUM, "twice", 4, &named, sizeof(named), 1);
	complete(&made, &bytes);
	assert_int_equal(btf_subset(&subset, bytes.data, bytes.size, wanted, 2), 0);
	assert_int_equal(count_types(&subset), 4);
	assert_int_equal(wanted[1].id, id);
	last = type_of(&subset, 3);
	assert_int_equal(BTF_INFO_KIND(last->info), BTF_KIND_ENUM);
	assert_string_equal(name_at(&subset, ((const struct btf_enum *)(const void *)(last + 1))->name_off), "VALUE");
	assert_int_equal(((const struct btf_enum *)(const void *)(last + 1))->val, 175);
	buffer_free(&bytes);
	buffer_free(&subset);
}

/* Cut off anywhere, or with any byte other than it was, it is refused or gives a subset; nothing is read beyond it. */
static void what_is_damaged(void **state)
{
	struct btf_wanted wanted[] = {{.name = "task"}, {.name = "walk", .kind = BTF_KIND_FUNC}};
	struct buffer bytes = {0}, subset = {0};
	size_t i;
	char *copy;

	(void)state;
	make_tasks(&bytes);
	for (i = 0; i < bytes.size; i++) {
		copy = malloc(i ? i : 1); /* of just that size: a sanitizer sees what reads on */
		assert_non_null(copy);
		memcpy(copy, bytes.data, i);
		assert_int_equal(btf_subset(&subset, copy, i, wanted, 2), -EINVAL);
		free(copy);
	}
	copy = malloc(bytes.size);
	assert_non_null(copy);
	for (i = 0; i < bytes.size; i++) {
		int err;

		memcpy(copy, bytes.data, bytes.size);
		copy[i] ^= 0x55;
		buffer_reset(&subset);
		err = btf_subset(&subset, copy, bytes.size, wanted, 2);
		assert_true(!err || err == -EINVAL);
	}
	free(copy);
	buffer_free(&bytes);
	buffer_free(&subset);
}

static void a_member_of_no_type(void **state)
{
	struct btf_wanted wanted[] = {{.name = "task"}};
	struct buffer bytes = {0}, subset = {0};
	struct made made = {0};
	const __u32 beyond = 99;

	(void)state;
	add_struct(&made, "task", &beyond, 1);
	complete(&made, &bytes);
	assert_int_equal(btf_subset(&subset, bytes.data, bytes.size, wanted, 1), -EINVAL);
	buffer_free(&bytes);
	buffer_free(&subset);
}

/* Program and kernel may have been built with headers of other lengths. */
static void headers_of_all_lengths(void **state)
{
	struct btf_wanted wanted[] = {{.name = "task"}};
	struct buffer bytes = {0}, subset = {0};
	__u32 size, number;

	(void)state;
	for (size = OLD_HEADER; size <= OLD_HEADER + 16; size += 4) {
		struct made made = {0};

		number = add_int(&made, "int");
		add_struct(&made, "task", &number, 1);
		buffer_reset(&bytes);
		buffer_reset(&subset);
		complete_with(&made, &bytes, size);
		assert_int_equal(btf_subset(&subset, bytes.data, bytes.size, wanted, 1), 0);
		assert_int_equal(header_of(&subset)->hdr_len, OLD_HEADER);
		assert_non_null(find(&subset, "task"));
	}
	assert_int_equal(btf_subset(&subset, bytes.data, OLD_HEADER - 1, wanted, 1), -EINVAL);
	buffer_free(&bytes);
	buffer_free(&subset);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_embedded_comes_with_it),
		cmocka_unit_test(a_pointer_leads_nowhere),
		cmocka_unit_test(ids_are_those_of_the_whole),
		cmocka_unit_test(all_types_of_a_name_are_there),
		cmocka_unit_test(what_is_damaged),
		cmocka_unit_test(a_member_of_no_type),
		cmocka_unit_test(headers_of_all_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
