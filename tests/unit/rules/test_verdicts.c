/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Verdicts: each is listed, classified, given by a rule, and a value of its column. */
#include "sample.h"

#include "rows/column.h"
#include "rules/chain.h"
#include "rules/closing.h"
#include "rules/held.h"
#include "rules/listener.h"
#include "rules/lock.h"
#include "rules/loop.h"
#include "rules/reader.h"
#include "rules/service.h"
#include "rules/verdicts.h"
#include "rules/wait.h"
#include "rules/writer.h"

#define OF_FAULTS (IS_NORMAL | IS_FAULT)
#define OF_WAITS \
	(OWES_NOTHING | OWES_REPLY | OWES_REST | OWES_REQUEST | OWES_READ | OWES_LOCK | NOT_REACHED | PEER_IS_DEAD)
#define OF_ENDS                                                                                          \
	(END_IS_DEADLOCK | END_IS_STUCK | END_IS_QUEUE | END_IS_BLOCKED | END_IS_RUNNING | END_IS_IDLE | \
	 END_IS_REMOTE | END_IS_UNKNOWN)

#define ROW_OF_LIST(name_, is_) {.name = #name_, .is = (is_)},
#define RULES_OF(kind) \
	.rule_size = sizeof(kind##_rules[0]), .count = &kind##_rule_count, .verdicts = &kind##_rules[0].verdict

static const struct verdict handshakes[] = {HANDSHAKE_VERDICTS(ROW_OF_LIST){NULL}};
static const struct verdict listeners[] = {LISTENER_VERDICTS(ROW_OF_LIST){NULL}};
static const struct verdict readers[] = {READER_VERDICTS(ROW_OF_LIST){NULL}};
static const struct verdict writers[] = {WRITER_VERDICTS(ROW_OF_LIST){NULL}};
static const struct verdict waits[] = {WAIT_VERDICTS(ROW_OF_LIST){NULL}};
static const struct verdict held[] = {HELD_VERDICTS(ROW_OF_LIST){NULL}};
static const struct verdict closings[] = {CLOSING_VERDICTS(ROW_OF_LIST){NULL}};
static const struct verdict chains[] = {CHAIN_VERDICTS(ROW_OF_LIST){NULL}};
static const struct verdict services[] = {SERVICE_VERDICTS(ROW_OF_LIST){NULL}};
static const struct verdict locks[] = {LOCK_VERDICTS(ROW_OF_LIST){NULL}};
static const struct verdict loops[] = {LOOP_VERDICTS(ROW_OF_LIST){NULL}};

static const struct kind {
	const struct verdict *list;
	unsigned int allowed; /* properties: each verdict has exactly one of them */
	enum row_type type; /* whose column lists them; ROW_TYPES: none does */
	const struct verdict *const *verdicts; /* of the first rule */
	size_t rule_size;
	const size_t *count;
} kinds[] = {
	{handshakes, OF_FAULTS, ROW_HANDSHAKE, RULES_OF(handshake)},
	{listeners, OF_FAULTS | IS_ATTACK, ROW_LISTENER, RULES_OF(listener)},
	{readers, OF_WAITS, ROW_READER, RULES_OF(reader)},
	{writers, OF_WAITS, ROW_WRITER, RULES_OF(writer)},
	{waits, OF_WAITS, ROW_TYPES, RULES_OF(wait)},
	{held, OF_WAITS, ROW_TYPES, RULES_OF(held)},
	{closings, OF_FAULTS, ROW_CLOSING, RULES_OF(closing)},
	{chains, OF_ENDS, ROW_CHAIN, RULES_OF(chain)},
	{services, OF_FAULTS, ROW_SERVICE, RULES_OF(service)},
	{loops, OF_FAULTS, ROW_LOOP, RULES_OF(loop)},
	{locks, OF_FAULTS, ROW_LOCK, RULES_OF(lock)},
};

static const struct verdict *verdict_of_rule(const struct kind *kind, size_t rule)
{
	return *(const struct verdict *const *)((const char *)kind->verdicts + rule * kind->rule_size);
}

static void each_has_exactly_one_property(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		for (const struct verdict *verdict = kinds[i].list; verdict->name; verdict++)
			if (verdict->is & ~kinds[i].allowed || __builtin_popcount(verdict->is) != 1)
				fail_msg("%s: one property of its kind, not %#x", verdict->name, verdict->is);
}

static bool is_given(const struct kind *kind, const struct verdict *verdict)
{
	for (size_t i = 0; i < *kind->count; i++)
		if (!strcmp(verdict_of_rule(kind, i)->name, verdict->name))
			return verdict_of_rule(kind, i)->is == verdict->is;
	return false;
}

static void each_is_given_by_a_rule(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		for (const struct verdict *verdict = kinds[i].list; verdict->name; verdict++)
			if (!is_given(&kinds[i], verdict))
				fail_msg("no rule gives %s", verdict->name);
}

static bool is_listed(const char *const *names, const char *name)
{
	for (; *names; names++)
		if (!strcmp(*names, name))
			return true;
	return false;
}

static void each_rule_gives_a_value_of_the_column(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		if (kinds[i].type == ROW_TYPES)
			continue;
		const struct column *column = column_find("verdict", kinds[i].type);

		assert_non_null(column);
		for (size_t rule = 0; rule < *kinds[i].count; rule++)
			if (!is_listed(column->values, verdict_of_rule(&kinds[i], rule)->name))
				fail_msg("%s is no value", verdict_of_rule(&kinds[i], rule)->name);
	}
}

static const struct verdict *listed(const struct verdict *list, const char *name)
{
	for (; list->name; list++)
		if (!strcmp(list->name, name))
			return list;
	return NULL;
}

/* A wait that an event loop or connect() is judged by says the same as a reader's or writer's of that name. */
static void a_name_of_a_wait_means_the_same_everywhere(void **state)
{
	(void)state;
	for (const struct verdict *wait = waits; wait->name; wait++) {
		const struct verdict *reader = listed(readers, wait->name), *writer = listed(writers, wait->name);

		assert_true(reader || writer || wait->is == OWES_LOCK);
		assert_true(!reader || reader->is == wait->is);
		assert_true(!writer || writer->is == wait->is);
	}
}

#define NORMAL_IS_NOT_STUCK(kind)                      \
	for (size_t i = 0; i < kind##_rule_count; i++) \
	assert_int_equal(!(kind##_rules[i].verdict->is & IS_NORMAL), severity_is_stuck(kind##_rules[i].severity))

static void normal_is_what_is_not_stuck(void **state)
{
	(void)state;
	NORMAL_IS_NOT_STUCK(handshake);
	NORMAL_IS_NOT_STUCK(listener);
	NORMAL_IS_NOT_STUCK(closing);
	NORMAL_IS_NOT_STUCK(service);
	NORMAL_IS_NOT_STUCK(loop);
	NORMAL_IS_NOT_STUCK(lock);
}

#define OWED_IS_STUCK(kind)                                        \
	for (size_t i = 0; i < kind##_rule_count; i++)             \
		if (!(kind##_rules[i].verdict->is & OWES_NOTHING)) \
	assert_true(severity_is_stuck(kind##_rules[i].severity))

static void what_is_owed_is_stuck(void **state)
{
	(void)state;
	OWED_IS_STUCK(reader);
	OWED_IS_STUCK(writer);
	OWED_IS_STUCK(wait);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_has_exactly_one_property),
		cmocka_unit_test(each_is_given_by_a_rule),
		cmocka_unit_test(each_rule_gives_a_value_of_the_column),
		cmocka_unit_test(a_name_of_a_wait_means_the_same_everywhere),
		cmocka_unit_test(normal_is_what_is_not_stuck),
		cmocka_unit_test(what_is_owed_is_stuck),
	};

	return cmocka_run_group_tests_name("verdicts", tests, NULL, NULL);
}
