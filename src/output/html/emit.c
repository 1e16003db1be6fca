/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* One page about a whole recording: see html.h. */
#include <errno.h>
#include <stdlib.h>

#include "base/out.h"
#include "output/emit.h"
#include "output/html/html.h"

struct html_emitter {
	FILE *out;
	bool apart; /* nothing is folded */
	struct story story;
};

static int html_open(void **state, const struct options *options, FILE *out)
{
	struct html_emitter *html = calloc(1, sizeof(*html));

	if (!html)
		return -ENOMEM;
	html->apart = options->sinks.no_fold || options->scope.all;
	row_init(&html->story.start, ROW_START);
	html->out = out;
	*state = html;
	return 0;
}

static int html_record(void *state, const struct row *row)
{
	struct html_emitter *html = state;

	return story_record(&html->story, row);
}

static int html_look(void *state, const struct report *report, const struct look *look)
{
	struct html_emitter *html = state;

	return story_look(&html->story, report, look);
}

static int html_finish(void *state, const char *damage)
{
	struct html_emitter *html = state;
	struct buffer page = {0};
	int err = html_page(&page, &html->story, damage, html->apart) ?: out_write(html->out, &page) ?: out_flush(html->out);

	buffer_free(&page);
	return err;
}

static void html_close(void *state)
{
	struct html_emitter *html = state;

	if (!html)
		return;
	story_free(&html->story);
	free(html);
}

const struct emitter_kind emit_html = {
	.name = "html",
	.open = html_open,
	.record = html_record,
	.look = html_look,
	.finish = html_finish,
	.close = html_close,
};
