/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The keys. The man page has the same list: tests/e2e/test_interactive.py checks it. */
#include "base/array.h"
#include "base/text.h"
#include "output/screen/internal.h"

static const struct {
	const char *keys, *text;
} helps[] = {
	{"1 to 9, Tab, Shift-Tab", "another page"},
	{"up, down, PgUp, PgDn", "select a row, and stay with it (k, j)"},
	{"Home, End", "the first row, the last (g, G)"},
	{"Enter", "the row, then its cause; of ×N rows: each"},
	{"t, c", "its process's threads; its chains"},
	{"/", "only rows with this text; Esc: all rows"},
	{"F3, n, N", "search; the next match, the one before"},
	{"<, >, r", "sort by another column; reverse the order"},
	{"a", "show everything, or only what is stuck"},
	{"space", "pause, or go on from now"},
	{"[, ], {, }", "a look back, a look on; ten (left, right)"},
	{"e", "end what is stuck: shown first, done after y"},
	{"w, z, Ctrl-L", "write it to a file; local time; draw it anew"},
	{"?", "this help (h, F1); F4 F6 F9 F10: as htop"},
	{"q", "quit (Ctrl-C); Ctrl-Z: the shell, fg: back"},
};

/* The words in the title for a look that is incomplete. */
static const char *const losses[] = {
	"lost this look: what this look left out, by name:",
	"sockets, threads, watches, regions, owners: more than one look has room for",
	"notes: a path, a child, a stack or a connect that was not read in time",
	"network namespaces: not entered; events, loop counters: no memory for them",
	"looks: the output was not read; processes: reads of them did not come back",
};

#define INDENT	   2
#define KEYS_WIDTH 26

static int add_losses(struct lines *lines, size_t width)
{
	int error = 0;

	for (size_t i = 0; i < COUNT_OF(losses) && !error; i++)
		error = screen_add_line(lines, LINE_PLAIN, losses[i], width);
	return error;
}

static int add_help(struct lines *lines, struct buffer *text, const char *keys, const char *means, size_t width)
{
	size_t used = text_width(keys) + INDENT;

	buffer_reset(text);
	return text_spaces(text, INDENT) ?: text_printable(text, keys) ?:
	       text_spaces(text, KEYS_WIDTH > used ? KEYS_WIDTH - used : 1) ?: text_add(text, means) ?:
	       buffer_append(text, "", 1) ?: screen_add_line(lines, LINE_PLAIN, text->data, width);
}

/* How one gets back is there at any height. */
int screen_add_help(struct lines *lines, size_t width, size_t height)
{
	size_t start = lines_count(lines);
	struct buffer text = {0};
	int error = screen_add_line(lines, LINE_TITLE, "sockstall: keys", width) ?: lines_add(lines, LINE_PLAIN, "");

	for (size_t i = 0; i < COUNT_OF(helps) && !error; i++)
		error = add_help(lines, &text, helps[i].keys, helps[i].text, width);
	buffer_free(&text);
	if (!error)
		error = lines_add(lines, LINE_PLAIN, "") ?:
			screen_add_line(lines, LINE_PLAIN,
					"The JSON records hold everything shown here, under the names in the evidence.", width) ?:
			add_losses(lines, width);
	lines_cut(lines, start + (height ? height - 1 : 0));
	return error ?: screen_add_line(lines, LINE_FOOT, "any key: back", width);
}
