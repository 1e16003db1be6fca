/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "output/html/html.h"

#include "base/text.h"
#include "output/cell.h"
#include "rules/verdict.h"

int html_escape(struct buffer *page, const char *text, size_t size)
{
	int err = 0;

	for (size_t i = 0; i < size && !err; i++) {
		switch (text[i]) {
		case '&':
			err = text_add(page, "&amp;");
			break;
		case '<':
			err = text_add(page, "&lt;");
			break;
		case '>':
			err = text_add(page, "&gt;");
			break;
		case '"':
			err = text_add(page, "&quot;");
			break;
		case '\'':
			err = text_add(page, "&#39;");
			break;
		default:
			err = buffer_append(page, &text[i], 1);
		}
	}
	return err;
}

int html_text(struct buffer *page, const char *raw)
{
	struct buffer text = {0};
	int err = text_printable(&text, raw) ?: html_escape(page, text.data, text.size);

	buffer_free(&text);
	return err;
}

int html_cell(struct buffer *page, const struct column *column, const struct row *row)
{
	struct buffer text = {0};
	int err = cell_add(&text, column, row) ?: html_escape(page, text.data, text.size);

	buffer_free(&text);
	return err;
}

int html_duration(struct buffer *page, uint64_t from_ns, uint64_t to_ns)
{
	return text_duration(page, to_ns > from_ns ? (double)(to_ns - from_ns) / 1e9 : 0);
}

const char *html_severity(int64_t severity)
{
	if (severity >= SEVERITY_STALLED)
		return "bad";
	if (severity >= SEVERITY_UNFINISHED)
		return "waits";
	return severity > SEVERITY_NONE ? "suspect" : "fine";
}

/* Each with a button that page.js shows: without it there is nothing that copies. */
int html_commands(struct buffer *page, const struct row *row)
{
	const char *commands = row_is_finding(row->type) ? row->commands : NULL, *at;
	size_t length;
	int err = 0;

	while (!err && (at = text_line(&commands, &length)))
		err = text_add(page, "<p class=\"command\"><code>") ?: html_escape(page, at, length) ?:
		      text_add(page, "</code> <button type=\"button\" hidden>copy</button></p>");
	return err;
}
