/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "output/explain.h"

#include <stdbool.h>
#include <string.h>

#include "base/out.h"
#include "base/text.h"
#include "rules/known.h"
#include "rules/meanings.h"

#define NAME_WIDTH 22
#define INDENT	   4
#define NARROWEST  40 /* with less the terminal breaks the lines as well as could be done here */

static size_t room_of(size_t width, size_t before)
{
	return width == WIDTH_UNLIMITED || width < NARROWEST ? WIDTH_UNLIMITED : width - before;
}

/* The first line begins with `first`, and all that follow with as many spaces as `before` says. */
static int add_wrapped(struct buffer *out, const char *first, const char *text, size_t before, size_t width)
{
	int err;

	do {
		size_t next, size = text_wrap(text, room_of(width, before), &next);

		err = text_printf(out, "%-*s%.*s\n", (int)before, first, (int)size, text);
		text += next;
		first = "";
	} while (!err && *text);
	return err;
}

/* ---- One verdict ---- */

static int add_part(struct buffer *out, const char *title, const char *text, size_t width)
{
	if (!text)
		return 0;
	return text_printf(out, "  %s\n", title) ?: add_wrapped(out, "", text, INDENT, width);
}

static int add_explanation(struct buffer *out, const struct verdict_meaning *item, size_t width)
{
	struct buffer title = {0};
	int err = text_printf(&title, "%s.%s: %s", item->report, item->verdict, item->meaning)
			  ?: buffer_append(&title, NULL, 1);

	if (!err)
		err = add_wrapped(out, "", title.data, 0, width) ?:
		      add_part(out, "evidence", item->evidence, width) ?:
		      add_part(out, "usual cause", item->cause, width) ?:
		      add_part(out, "what to do", item->advice, width) ?:
		      add_part(out, "known for it", known_programs(item->report, item->verdict), width);
	buffer_free(&title);
	return err;
}

static int add_explanations(struct buffer *out, const char *word, size_t width)
{
	const struct verdict_meaning *item;
	bool any = false;
	int err = 0;

	for (size_t i = 0; !err && (item = verdict_meaning_at(i)); i++) {
		if (!verdict_meaning_is(item, word))
			continue;
		err = any ? text_add(out, "\n") : 0;
		if (!err)
			err = add_explanation(out, item, width);
		any = true;
	}
	return err;
}

/* ---- All of them ---- */

static int add_entry(struct buffer *out, const struct verdict_meaning *item, size_t width)
{
	char name[NAME_WIDTH + 1];

	snprintf(name, sizeof(name), "  %s", item->verdict);
	return add_wrapped(out, name, item->meaning, NAME_WIDTH, width);
}

static int add_list(struct buffer *out, size_t width)
{
	const struct verdict_meaning *item;
	const char *report = "";
	int err = 0;

	for (size_t i = 0; !err && (item = verdict_meaning_at(i)); i++) {
		if (strcmp(report, item->report) != 0)
			err = text_printf(out, "%s%s\n", *report ? "\n" : "", item->report);
		report = item->report;
		if (!err)
			err = add_entry(out, item, width);
	}
	return err;
}

int explain_write(FILE *out, const char *word, size_t width)
{
	struct buffer text = {0};
	int err = word ? add_explanations(&text, word, width) : add_list(&text, width);

	if (!err)
		err = out_write(out, &text) ?: out_flush(out);
	buffer_free(&text);
	return err;
}
