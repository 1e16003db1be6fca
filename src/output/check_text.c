/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The sentence of `sockstall check`, and its table: a name, a state, and what that means. See check.h. */
#include <errno.h>
#include <string.h>

#include "base/out.h"
#include "base/text.h"
#include "output/check.h"

#define NAME_WIDTH  30
#define STATE_WIDTH 8
#define BEFORE	    (NAME_WIDTH + 1 + STATE_WIDTH + 1)
#define NARROWEST   (BEFORE + 20) /* with less the terminal breaks the lines as well as could be done here */

struct writing {
	const struct check_list *list;
	struct buffer text;
	size_t width;
	bool all;
};

/* ---- The sentence ---- */

/* "all 29 probes work", "27 of 29 probes work", without those that have nothing to be attached to. */
static int add_probes(struct buffer *text, size_t works, size_t missing)
{
	if (!missing)
		return text_printf(text, "all %zu probes work", works);
	return text_printf(text, "%zu of %zu probes work", works, works + missing);
}

static int add_sentence(struct buffer *text, const struct check_list *list)
{
	size_t missing = check_list_count(list, CHECK_PROBE, CHECK_NO);
	size_t none = check_list_count(list, CHECK_PROBE, CHECK_NONE);
	size_t unprotected = check_list_count(list, CHECK_PROTECTION, CHECK_NO);
	int err = list->broken ? text_add(text, "nothing can run: ") : 0;

	if (!err)
		err = add_probes(text, check_list_count(list, CHECK_PROBE, CHECK_YES), missing);
	if (!err && none)
		err = text_printf(text, " (this kernel has nothing for %zu more)", none);
	if (!err)
		err = missing ? text_printf(text, "; %zu %s missing", missing, missing > 1 ? "are" : "is")
			      : text_add(text, "; nothing is missed");
	if (!err && unprotected)
		err = text_printf(text, "; %zu protection%s missing", unprotected, unprotected > 1 ? "s are" : " is");
	return err ?: buffer_append(text, NULL, 1);
}

static int add_wrapped(struct writing *writing, const char *line)
{
	int err;

	do {
		size_t next, size = text_wrap(line, writing->width, &next);

		err = text_printf(&writing->text, "%.*s\n", (int)size, line);
		line += next;
	} while (!err && *line);
	return err;
}

static int write_sentence(struct writing *writing)
{
	struct buffer line = {0};
	int err = add_sentence(&line, writing->list);

	if (!err)
		err = add_wrapped(writing, line.data);
	buffer_free(&line);
	return err;
}

/* ---- The table ---- */

static int add_row(struct writing *writing, const char *name, const char *state, const char *meaning)
{
	size_t room = writing->width < NARROWEST ? WIDTH_UNLIMITED : writing->width - BEFORE;
	int err;

	do {
		size_t next, size = text_wrap(meaning, room, &next);

		err = text_printf(&writing->text, "%-*s %-*s %.*s\n", NAME_WIDTH, name, STATE_WIDTH, state, (int)size,
				  meaning);
		meaning += next;
		name = state = "";
	} while (!err && *meaning);
	return err;
}

static const char *state_of(const struct check_item *item)
{
	return item->shown ? item->shown : check_state_names[item->state];
}

static const char *purpose_of(const struct check_list *list, const struct check_item *item, struct arena *arena)
{
	if (!list->developer || item->verified == CHECK_NOT_KNOWN)
		return item->purpose;
	return arena_printf(arena, "%-8lld %s", (long long)item->verified, item->purpose);
}

static int add_missing(struct writing *writing, const struct check_item *item)
{
	struct buffer line = {0};
	int err = item->reason ? text_printf(&line, "%s; ", item->reason) : 0;

	if (!err)
		err = text_printf(&line, "without it: %s", item->effect) ?: buffer_append(&line, NULL, 1);
	if (!err)
		err = add_row(writing, "", "", line.data);
	buffer_free(&line);
	return err;
}

static int add_item(struct writing *writing, const struct check_item *item)
{
	struct arena arena = {0};
	int err = add_row(writing, item->name, state_of(item), purpose_of(writing->list, item, &arena));

	arena_free(&arena);
	return err ?: item->state == CHECK_NO && item->effect ? add_missing(writing, item) : 0;
}

static int add_heading(struct writing *writing, enum check_part part)
{
	if (part == CHECK_PROBE)
		return add_row(writing, "PROBE", "KERNEL", "WHAT IT BRINGS");
	if (part == CHECK_RIGHT && writing->all)
		return add_row(writing, "ONCE ATTACHED, FOR", "SYSCALLS", "CAPABILITIES");
	if (part == CHECK_SOURCE && writing->all)
		return add_row(writing, "NAMES FROM", "HERE", "OF WHAT");
	return 0;
}

static int add_table(struct writing *writing)
{
	const struct check_list *list = writing->list;
	bool any = false;
	int err = 0;

	for (size_t i = 0; i < list->count && !err; i++) {
		const struct check_item *item = &list->items[i];

		if (!writing->all && item->state != CHECK_NO)
			continue;
		if (!any || item->part != item[-1].part)
			err = writing->all || !any ? add_heading(writing, item->part) : 0;
		any = true;
		if (!err)
			err = add_item(writing, item);
	}
	return err;
}

/* ---- What helps ---- */

static bool helps(const struct check_item *item, const char *remedy)
{
	return item->state == CHECK_NO && item->remedy && !strcmp(item->remedy, remedy);
}

/* The first of those that it helps, and how many more there are. */
static int add_remedy(struct writing *writing, size_t first)
{
	const struct check_list *list = writing->list;
	const struct check_item *item = &list->items[first];
	struct buffer line = {0};
	size_t more = 0;
	int err;

	for (size_t i = first + 1; i < list->count; i++)
		more += helps(&list->items[i], item->remedy);
	err = text_printf(&line, "for %s", item->name) ?: (more ? text_printf(&line, " and %zu more", more) : 0) ?:
	      text_printf(&line, ": %s", item->remedy) ?: buffer_append(&line, NULL, 1);
	if (!err)
		err = add_wrapped(writing, line.data);
	buffer_free(&line);
	return err;
}

/* Each once, whatever it helps. */
static int add_remedies(struct writing *writing)
{
	const struct check_list *list = writing->list;
	int err = 0;

	for (size_t i = 0; i < list->count && !err; i++) {
		const struct check_item *item = &list->items[i];
		size_t before = 0;

		if (item->state != CHECK_NO || !item->remedy)
			continue;
		while (before < i && !helps(&list->items[before], item->remedy))
			before++;
		err = before == i ? add_remedy(writing, i) : 0;
	}
	return err;
}

int check_write_text(FILE *out, const struct check_list *list, size_t width, bool all)
{
	struct writing writing = {.list = list, .width = width, .all = all};
	int err = list->error ?: write_sentence(&writing) ?: add_table(&writing) ?: add_remedies(&writing);

	if (!err)
		err = out_write(out, &writing.text) ?: out_flush(out);
	buffer_free(&writing.text);
	return err;
}
