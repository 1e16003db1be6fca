/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The links of a chain as one text: what goes in comes out again, whatever is in it. */
#include "sample.h"

#include <math.h>

#include "rows/links.h"

static struct link unknown(void)
{
	return (struct link){.pid = NOT_KNOWN,
			     .tid = NOT_KNOWN,
			     .fd = NOT_KNOWN,
			     .netns = NOT_KNOWN,
			     .local_port = NOT_KNOWN,
			     .peer_port = NOT_KNOWN,
			     .age_s = NAN};
}

static struct link known(void)
{
	return (struct link){
		.pid = 20,
		.tid = 21,
		.comm = "nginx",
		.fd = 0,
		.netns = 4026531840,
		.local_addr = "10.0.0.1",
		.local_port = 4000,
		.peer_addr = "2001:db8::1",
		.peer_port = 65535,
		.in = "recvfrom 10.0.0.1:4000 -> 10.0.0.2:80",
		.verdict = "awaiting_reply",
		.age_s = 31.25,
	};
}

static void same_text(const char *found, const char *expected)
{
	if (expected)
		assert_string_equal(found, expected);
	else
		assert_null(found);
}

static void same(const struct link *found, const struct link *expected)
{
	assert_true(found->pid == expected->pid);
	assert_true(found->tid == expected->tid);
	same_text(found->comm, expected->comm);
	assert_true(found->fd == expected->fd);
	assert_true(found->netns == expected->netns);
	same_text(found->local_addr, expected->local_addr);
	assert_true(found->local_port == expected->local_port);
	same_text(found->peer_addr, expected->peer_addr);
	assert_true(found->peer_port == expected->peer_port);
	same_text(found->in, expected->in);
	same_text(found->verdict, expected->verdict);
	assert_true(isnan(found->age_s) == isnan(expected->age_s));
	assert_true(isnan(found->age_s) || fabs(found->age_s - expected->age_s) < 1e-6);
}

static void one_by_one(void **state)
{
	struct link links[] = {known(), unknown(), known(), unknown(), known()}, found;
	struct arena arena = {0};
	const char *text = NULL, *at;
	size_t i;

	(void)state;
	links[2].age_s = 0;
	links[3].comm = "";
	links[4].age_s = 123456.000001;
	for (i = 0; i < COUNT_OF(links); i++)
		text = links_add(&arena, text, &links[i]);
	at = text;
	for (i = 0; i < COUNT_OF(links); i++) {
		assert_true(links_next(&at, &arena, &found));
		same(&found, &links[i]);
	}
	assert_false(links_next(&at, &arena, &found));
	assert_false(links_next(&at, &arena, &found));
	arena_free(&arena);
}

static void none(void **state)
{
	const char *empty = "", *missing = NULL;
	struct arena arena = {0};
	struct link link;

	(void)state;
	assert_false(links_next(&missing, &arena, &link));
	assert_false(links_next(&empty, &arena, &link));
	arena_free(&arena);
}

/* A process names itself: with what stands between fields and links, and with the sign for what is not known. */
static void hostile_names(void **state)
{
	static const char *const names[] = {
		HOSTILE, "\t\t\t", "\n", "\\", "\\-", "\\t", "\\\\n", "a\\", "-", "\xff\xfe\x01", "\\-\t\\-\n\\-",
	};
	struct arena arena = {0};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(names); i++) {
		struct link first = known(), second = unknown(), found;
		const char *text;

		first.comm = first.in = first.verdict = names[i];
		text = links_add(&arena, links_add(&arena, NULL, &first), &second);
		assert_true(links_next(&text, &arena, &found));
		same(&found, &first);
		assert_true(links_next(&text, &arena, &found));
		same(&found, &second);
		assert_false(links_next(&text, &arena, &found));
	}
	arena_free(&arena);
}

/* A line for each, however often it is added to: no field of one runs into the next. */
static void fields_and_lines(void **state)
{
	struct arena arena = {0};
	struct link link = known();
	const char *text = NULL;
	size_t i, tabs = 0, lines = 0;

	(void)state;
	link.comm = HOSTILE;
	for (i = 0; i < 64; i++)
		text = links_add(&arena, text, &link);
	for (; *text; text++) {
		tabs += *text == '\t';
		lines += *text == '\n';
	}
	assert_int_equal(lines, 64);
	assert_int_equal(tabs, 64 * (link_field_count - 1));
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_by_one),
		cmocka_unit_test(none),
		cmocka_unit_test(hostile_names),
		cmocka_unit_test(fields_and_lines),
	};

	return cmocka_run_group_tests_name("links", tests, NULL, NULL);
}
