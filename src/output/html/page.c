/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The page: one file that needs nothing else. Its policy allows the one script and the one style sheet that
 * are in it, by their hashes, and nothing from anywhere: text that would get through as markup could do nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/sorted.h"
#include "base/text.h"
#include "output/html/html.h"
#include "output/summary.h"

/* Made from src/output/html/page.css and page.js. */
static const char style[] =
#include "page.css.inc"
	;
static const char script[] =
#include "page.js.inc"
	;
static const char policy[] = "default-src 'none'; style-src 'sha256-"
#include "page.css.hash"
			     "'; script-src 'sha256-"
#include "page.js.hash"
			     "'; base-uri 'none'; form-action 'none'";

static int add_head(struct buffer *page, const char *host)
{
	return text_add(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
			      "<meta http-equiv=\"Content-Security-Policy\" content=\"") ?:
	       text_add(page, policy) ?:
	       text_add(page, "\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
			      "<meta name=\"referrer\" content=\"no-referrer\">\n<title>sockstall: ") ?:
	       html_text(page, host) ?: text_add(page, "</title>\n<style>") ?: text_add(page, style) ?:
	       text_add(page, "</style>\n</head>\n<body>\n");
}

static int add_span(struct buffer *page, const struct story *story)
{
	if (!story->looks)
		return text_add(page, "<p>No look was recorded.</p>\n");
	return text_add(page, "<p>From <time>") ?: text_time(page, story->first_ns, 0) ?: text_add(page, "</time> for ") ?:
	       html_duration(page, story->first_ns, story->last_ns) ?: text_printf(page, ", %zu look%s", story->looks,
										   story->looks == 1 ? "" : "s") ?:
	       text_add(page, ".</p>\n");
}

/* Everything that the recording's first record says. */
static int add_start(struct buffer *page, const struct row *start)
{
	int err = text_add(page, "<details><summary>how this was recorded</summary><dl>");

	for (size_t i = 0; i < column_count && !err; i++) {
		if (!(columns[i].types & ROW_BIT(ROW_START)) || !column_known(&columns[i], start) ||
		    columns[i].kind == COLUMN_TYPE || columns[i].kind == COLUMN_VERSION)
			continue;
		err = text_printf(page, "<dt>%s</dt><dd>", columns[i].key) ?: html_cell(page, &columns[i], start) ?:
		      text_add(page, "</dd>");
	}
	return err ?: text_add(page, "</dl></details>\n");
}

static int add_warnings(struct buffer *page, const struct story *story, const char *damage)
{
	int err = 0;

	if (damage)
		err = text_add(page, "<p class=\"warning\">The recording is not whole: ") ?: html_text(page, damage) ?:
		      text_add(page, ". This page shows only the part before that.</p>\n");
	if (!err && story->lost)
		err = text_printf(page,
				  "<p class=\"warning\">%llu events or records were lost: something may be missing "
				  "here.</p>\n",
				  (unsigned long long)story->lost);
	if (!err && story->omitted)
		err = text_printf(page,
				  "<p class=\"warning\">%zu stalls are not in this page: there are too many.</p>\n",
				  story->omitted);
	return err;
}

/* ---- The verdicts ---- */

/* Stalls of one type with one verdict. */
struct chip {
	enum row_type type;
	const char *verdict;
	size_t count;
	int64_t severity; /* of the worst */
	size_t place; /* among those that are as bad: in the order in which they were met */
};

static struct chip *find_chip(struct chip *chips, size_t *count, const struct row *row)
{
	size_t i = 0;

	while (i < *count && (chips[i].type != row->type || strcmp(chips[i].verdict, row->verdict)))
		i++;
	if (i == *count)
		chips[(*count)++] = (struct chip){.type = row->type, .verdict = row->verdict, .place = i};
	return &chips[i];
}

static int compare_chips(const void *left, const void *right)
{
	const struct chip *a = left, *b = right;
	int order = COMPARE(b->severity, a->severity);

	return order ? order : COMPARE(a->place, b->place);
}

static size_t collect_chips(struct chip *chips, const struct story *story)
{
	size_t count = 0;

	for (size_t i = 0; i < story->count; i++) {
		const struct row *row = &story->lives[i].row;
		struct chip *chip = row->verdict ? find_chip(chips, &count, row) : NULL;

		if (!chip)
			continue;
		chip->count++;
		if (row->severity > chip->severity)
			chip->severity = row->severity;
	}
	qsort(chips, count, sizeof(*chips), compare_chips);
	return count;
}

static int add_chip(struct buffer *page, const struct chip *chip)
{
	return text_printf(page, "<li><a href=\"#%s\"><b class=\"%s\">%s</b> ", row_type_names[chip->type],
			   html_severity(chip->severity), chip->verdict) ?:
	       summary_count(page, chip->type, chip->count) ?: text_add(page, "</a></li>\n");
}

/* The worst first, as everywhere. There are as many as verdicts, at most. */
static int add_verdicts(struct buffer *page, const struct story *story)
{
	struct chip *chips = calloc(story->count + 1, sizeof(*chips));
	size_t count = chips ? collect_chips(chips, story) : 0;
	int err = chips ? 0 : -ENOMEM;

	if (!err && count)
		err = text_add(page, "<ul class=\"verdicts\">\n");
	for (size_t i = 0; i < count && !err; i++)
		err = add_chip(page, &chips[i]);
	free(chips);
	return err ?: count ? text_add(page, "</ul>\n") : 0;
}

static size_t count_open(const struct story *story)
{
	size_t open = 0;

	for (size_t i = 0; i < story->count; i++)
		open += !story->lives[i].closed_ns;
	return open;
}

static int add_summary(struct buffer *page, const struct story *story)
{
	if (!story->count)
		return story->rest_count ? 0 : text_add(page, "<p class=\"sum\">Nothing was stuck.</p>\n");
	return text_printf(page, "<p class=\"sum\">%zu stall%s, %zu of them not over at the end.</p>\n", story->count,
			   story->count == 1 ? "" : "s", count_open(story))
		       ?: add_verdicts(page, story);
}

static int add_body(struct buffer *page, const struct story *story, const struct groups *groups, const char *damage)
{
	const char *host = story->start.start.host ? story->start.start.host : "this machine";

	return add_head(page, host) ?: text_add(page, "<header><h1>What was stuck on ") ?: html_text(page, host) ?:
	       text_add(page, "</h1>\n") ?: add_span(page, story) ?: add_start(page, &story->start) ?:
	       add_warnings(page, story, damage) ?: add_summary(page, story) ?:
	       text_add(page, "<input id=\"filter\" type=\"search\" placeholder=\"show only what has \xe2\x80\xa6\" "
			      "aria-label=\"show only what has these words\" hidden>\n</header>\n<main>\n") ?:
	       html_causes(page, story, groups) ?: html_timeline(page, story, groups) ?: html_tables(page, story, groups) ?:
	       html_meanings(page, groups) ?:
	       text_add(page, "</main>\n<script>") ?: text_add(page, script) ?:
	       text_add(page, "</script>\n</body>\n</html>\n");
}

int html_page(struct buffer *page, const struct story *story, const char *damage, bool apart)
{
	const struct life **lives = story_sort(story);
	struct groups groups = {0};
	int err = lives ? html_groups(&groups, lives, story->count, apart) : -ENOMEM;

	if (!err)
		err = add_body(page, story, &groups, damage);
	html_groups_free(&groups);
	free(lives);
	return err;
}
