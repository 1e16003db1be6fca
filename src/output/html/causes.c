/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Causes above everything else, each with what hangs on it: see html.h. */
#include <errno.h>
#include <stdlib.h>

#include "base/text.h"
#include "output/cause_text.h"
#include "output/html/html.h"

#define CAUSES_MOST  50
#define MEMBERS_MOST 10

static const struct group *group_of(const struct row *row)
{
	return (const struct group *)((const char *)row - offsetof(struct group, row));
}

/* Escaped, and a link to where all of it is told. */
static int add_link(struct buffer *page, const struct story *story, const struct row *row, const struct buffer *text)
{
	const struct group *group = group_of(row);

	return text_printf(page, "<a href=\"#stall-%zu\">", (size_t)(group->lives[0] - story->lives)) ?:
	       html_escape(page, text->data, text->size) ?: text_add(page, "</a>") ?:
	       (group->lives[0]->closed_ns ? text_add(page, " (over)") : 0);
}

static int add_who(struct buffer *page, const struct story *story, const struct cause *cause)
{
	const struct row *row = cause->items[0];
	struct buffer text = {0};
	int err = cause_who(&text, cause) ?:
		  html_verdict(page, row) ?: text_add(page, " ") ?: add_link(page, story, row, &text);

	buffer_free(&text);
	return err;
}

static int add_sentences(struct buffer *page, const struct row *row)
{
	struct buffer why = {0};
	int err = cause_why(&why, row) ?: buffer_append(&why, "", 1) ?: text_add(page, "<p class=\"why\">") ?:
		  html_text(page, why.data) ?: text_add(page, "</p>");

	buffer_free(&why);
	return err ?: html_advice(page, row);
}

static int add_member(struct buffer *page, const struct story *story, const struct row *row)
{
	struct buffer text = {0};
	int err = cause_member(&text, row) ?: text_add(page, "<li>") ?: add_link(page, story, row, &text) ?:
		  text_add(page, "</li>");

	buffer_free(&text);
	return err;
}

static int add_members(struct buffer *page, const struct story *story, const struct cause *cause)
{
	int err = cause->count > 1 ? text_add(page, "<ul>") : 0;

	for (size_t i = 1; i < cause->count && i <= MEMBERS_MOST && !err; i++)
		err = add_member(page, story, cause->items[i]);
	if (!err && cause->count > MEMBERS_MOST + 1)
		err = text_printf(page, "<li>and %zu more</li>", cause->count - 1 - MEMBERS_MOST);
	return err ?: cause->count > 1 ? text_add(page, "</ul>") : 0;
}

static int add_cause(struct buffer *page, const struct story *story, const struct cause *cause)
{
	return text_add(page, "<li>") ?: add_who(page, story, cause) ?: add_sentences(page, cause->items[0]) ?:
	       add_members(page, story, cause) ?: text_add(page, "</li>\n");
}

static int add_causes(struct buffer *page, const struct story *story, const struct causes *causes)
{
	int err = causes->cause_count
			  ? text_printf(page, "<section class=\"causes\" id=\"causes\"><h2>%zu cause%s</h2>\n<ol>\n",
					causes->cause_count, causes->cause_count == 1 ? "" : "s")
			  : 0;

	for (size_t i = 0; i < causes->cause_count && i < CAUSES_MOST && !err; i++)
		err = add_cause(page, story, &causes->items[i]);
	if (!err && causes->cause_count > CAUSES_MOST)
		err = text_printf(page, "<li>and %zu more</li>\n", causes->cause_count - CAUSES_MOST);
	return err ?: causes->cause_count ? text_add(page, "</ol></section>\n") : 0;
}

int html_causes(struct buffer *page, const struct story *story, const struct groups *groups)
{
	const struct row **rows = calloc(groups->count + 1, sizeof(*rows));
	struct causes causes = {0};
	int err = rows ? 0 : -ENOMEM;

	for (size_t i = 0; i < groups->count && rows; i++)
		rows[i] = &groups->items[i].row;
	if (!err)
		err = causes_collect(&causes, rows, groups->count) ?: add_causes(page, story, &causes);
	causes_free(&causes);
	free(rows);
	return err;
}
