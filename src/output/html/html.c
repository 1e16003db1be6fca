/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "output/html/html.h"

#include "base/text.h"
#include "output/advice.h"
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
	static const char *const classes[] = {[INK_BAD] = "bad", [INK_WAITS] = "waits", [INK_SUSPECT] = "suspect"};
	const struct row row = {.severity = severity};

	return severity > SEVERITY_NONE ? classes[cell_ink(&row)] : "fine";
}

/* A command has a button that page.js shows: without it there is nothing that copies. */
static int add_part(void *data, const char *text, size_t length, bool is_command)
{
	struct buffer *page = data, raw = {0};
	int err = buffer_append(&raw, text, length) ?: buffer_append(&raw, "", 1) ?:
		  text_add(page, is_command ? "<p class=\"command\"><code>" : "<p class=\"advice\">") ?:
		  html_text(page, raw.data) ?:
		  text_add(page, is_command ? "</code> <button type=\"button\" hidden>copy</button></p>" : "</p>");

	buffer_free(&raw);
	return err;
}

int html_advice(struct buffer *page, const struct row *row)
{
	return row_is_finding(row->type) ? advice_parts(row->advice, row->commands, add_part, page) : 0;
}
