/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "history/adapt.h"
#include "make_look.h"

#define GROWN 16

static struct record_sizes ours;

static int setup(void **state)
{
	(void)state;
	record_sizes_ours(&ours);
	return 0;
}

/* A listener, a process with its cgroup, and an owner. */
static void make_bytes(struct buffer *bytes)
{
	struct listener_record listener = {
		.header = {RECORD_LISTENER, sizeof(listener)},
		.accept_queue = 3,
		.name.cookie = 77,
	};
	char process[sizeof(struct process_record) + 16] = {0};
	struct process_record *head = (void *)process;
	struct owner_record owner = {.header = {RECORD_OWNER, sizeof(owner)}, .pid = 5, .cookie = 77};

	head->header = (struct record_header){RECORD_PROCESS, sizeof(process)};
	head->pid = 5;
	head->cgroup_length = 9;
	memcpy(head->cgroup, "/my.scope", 9);
	assert_int_equal(buffer_append(bytes, &listener, sizeof(listener)), 0);
	assert_int_equal(buffer_append(bytes, process, sizeof(process)), 0);
	assert_int_equal(buffer_append(bytes, &owner, sizeof(owner)), 0);
}

/* The same records as a version writes them whose fixed parts are longer, by bytes of 0xee. */
static void make_longer(struct buffer *bytes, const struct buffer *of, struct record_sizes *sizes)
{
	static const char more[GROWN] = {[0 ... GROWN - 1] = (char)0xee};
	const struct record_header *header;
	struct record_header *grown;
	size_t offset, fixed, at;
	uint32_t type;

	for (offset = 0; offset < of->size; offset += header->size) {
		header = (const void *)(of->data + offset);
		fixed = look_record_size(header->type);
		at = bytes->size;
		assert_int_equal(buffer_append(bytes, header, fixed), 0);
		assert_int_equal(buffer_append(bytes, more, sizeof(more)), 0);
		assert_int_equal(buffer_append(bytes, (const char *)header + fixed, header->size - fixed), 0);
		grown = (void *)(bytes->data + at);
		grown->size += sizeof(more);
	}
	*sizes = ours;
	for (type = 0; type < sizes->types; type++)
		sizes->sizes[type] += sizes->sizes[type] ? GROWN : 0;
}

static void our_own_stay_as_they_are(void **state)
{
	struct buffer in = {0}, out = {0};

	(void)state;
	make_bytes(&in);
	assert_true(record_sizes_valid(&ours));
	assert_int_equal(adapt_look(&out, &in, &ours, SIZE_MAX), 0);
	assert_int_equal(out.size, in.size);
	assert_memory_equal(out.data, in.data, in.size);
	buffer_free(&in);
	buffer_free(&out);
}

static void newer_records_are_cut(void **state)
{
	struct buffer in = {0}, newer = {0}, out = {0};
	struct record_sizes sizes;

	(void)state;
	make_bytes(&in);
	make_longer(&newer, &in, &sizes);
	assert_false(record_sizes_equal(&sizes, &ours));
	assert_int_equal(adapt_look(&out, &newer, &sizes, SIZE_MAX), 0);
	assert_int_equal(out.size, in.size);
	assert_memory_equal(out.data, in.data, in.size);
	buffer_free(&in);
	buffer_free(&newer);
	buffer_free(&out);
}

/* An owner_record of a version that knew only its first half. */
static void older_records_are_filled_up(void **state)
{
	struct record_sizes sizes = ours;
	struct owner_record owner = {.cookie = 99, .pid = 6}, *adapted;
	size_t half = sizeof(owner) / 2 / 8 * 8;
	struct buffer in = {0}, out = {0};

	(void)state;
	memset((char *)&owner + half, 0xee, sizeof(owner) - half);
	owner.header = (struct record_header){RECORD_OWNER, (uint32_t)half};
	sizes.sizes[RECORD_OWNER] = (uint32_t)half;
	assert_int_equal(buffer_append(&in, &owner, half), 0);
	assert_int_equal(adapt_look(&out, &in, &sizes, SIZE_MAX), 0);
	assert_int_equal(out.size, sizeof(owner));
	adapted = (void *)out.data;
	assert_int_equal(adapted->header.size, sizeof(owner));
	assert_memory_equal((char *)adapted + 8, (char *)&owner + 8, half - 8);
	for (size_t i = half; i < sizeof(owner); i++)
		assert_int_equal(out.data[i], 0);
	buffer_free(&in);
	buffer_free(&out);
}

/* A recording says how short its records are: they may not grow without end. */
static void growth_is_bounded(void **state)
{
	struct record_header tiny = {RECORD_OWNER, sizeof(tiny)};
	struct record_sizes sizes = ours;
	struct buffer in = {0}, out = {0};
	int i;

	(void)state;
	sizes.sizes[RECORD_OWNER] = sizeof(tiny);
	for (i = 0; i < 100; i++)
		assert_int_equal(buffer_append(&in, &tiny, sizeof(tiny)), 0);
	assert_int_equal(adapt_look(&out, &in, &sizes, 100 * sizeof(struct owner_record)), 0);
	assert_int_equal(out.size, 100 * sizeof(struct owner_record));
	buffer_reset(&out);
	assert_int_equal(adapt_look(&out, &in, &sizes, 50 * sizeof(struct owner_record)), -EBADMSG);
	assert_true(out.size <= 51 * sizeof(struct owner_record));
	buffer_free(&in);
	buffer_free(&out);
}

static void unknown_types_are_left_out(void **state)
{
	struct record_header unknown = {RECORD_TYPES, 24};
	struct record_sizes sizes = ours;
	struct buffer in = {0}, out = {0}, known = {0};

	(void)state;
	sizes.sizes[sizes.types++] = 16; /* and text behind it */
	assert_int_equal(buffer_append(&in, &unknown, sizeof(unknown)), 0);
	assert_int_equal(buffer_append(&in, NULL, 16), 0);
	make_bytes(&in);
	make_bytes(&known);
	assert_int_equal(adapt_look(&out, &in, &sizes, SIZE_MAX), 0);
	assert_int_equal(out.size, known.size);
	assert_memory_equal(out.data, known.data, known.size);
	buffer_free(&in);
	buffer_free(&out);
	buffer_free(&known);
}

static void expect_damage(const void *bytes, size_t size)
{
	struct buffer in = {0}, out = {0};

	assert_int_equal(buffer_append(&in, bytes, size), 0);
	assert_int_equal(adapt_look(&out, &in, &ours, SIZE_MAX), -EBADMSG);
	buffer_free(&in);
	buffer_free(&out);
}

static void damage_is_noticed(void **state)
{
	char bytes[sizeof(struct owner_record) + 8] = {0};
	struct record_header *header = (void *)bytes;
	size_t size = sizeof(struct owner_record);

	(void)state;
	expect_damage(bytes, 4); /* no whole header */
	*header = (struct record_header){RECORD_OWNER, 0};
	expect_damage(bytes, size);
	*header = (struct record_header){RECORD_OWNER, (uint32_t)size - 8};
	expect_damage(bytes, size);
	*header = (struct record_header){RECORD_OWNER, (uint32_t)size + 8}; /* no text belongs there */
	expect_damage(bytes, sizeof(bytes));
	*header = (struct record_header){RECORD_OWNER, (uint32_t)size + 16}; /* more than there is */
	expect_damage(bytes, sizeof(bytes));
	*header = (struct record_header){RECORD_NOTE, sizeof(struct note_record) + 4};
	expect_damage(bytes, sizeof(bytes));
	*header = (struct record_header){RECORD_TYPES, (uint32_t)size};
	expect_damage(bytes, size);
	*header = (struct record_header){UINT32_MAX, (uint32_t)size};
	expect_damage(bytes, size);
}

static void sizes_that_no_record_has(void **state)
{
	static const uint32_t sizes[] = {4, 12, 65544, UINT32_MAX};
	struct record_sizes theirs;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		theirs = ours;
		theirs.sizes[RECORD_OWNER] = sizes[i];
		assert_false(record_sizes_valid(&theirs));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_own_stay_as_they_are),    cmocka_unit_test(newer_records_are_cut),
		cmocka_unit_test(older_records_are_filled_up), cmocka_unit_test(growth_is_bounded),
		cmocka_unit_test(unknown_types_are_left_out),  cmocka_unit_test(damage_is_noticed),
		cmocka_unit_test(sizes_that_no_record_has),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
