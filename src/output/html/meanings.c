/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the verdicts on this page mean, in the words of `sockstall explain`: see html.h. */
#include <string.h>

#include "base/text.h"
#include "output/html/html.h"
#include "rules/known.h"
#include "rules/meanings.h"

int html_verdict(struct buffer *page, const struct row *row)
{
	const struct verdict_meaning *meaning =
		row->verdict ? verdict_meaning(row_type_names[row->type], row->verdict) : NULL;
	int err = text_printf(page, "<b class=\"%s\"", html_severity(row->severity));

	if (!err && meaning)
		err = text_add(page, " title=\"") ?: html_text(page, meaning->meaning) ?: text_add(page, "\"");
	return err ?: text_add(page, ">") ?: html_text(page, row->verdict ?: "-") ?: text_add(page, "</b>");
}

static bool is_on_page(const struct groups *groups, const struct verdict_meaning *meaning)
{
	for (size_t i = 0; i < groups->count; i++) {
		const struct row *row = &groups->items[i].row;

		if (row->verdict && !strcmp(row->verdict, meaning->verdict) &&
		    !strcmp(row_type_names[row->type], meaning->report))
			return true;
	}
	return false;
}

static int add_part(struct buffer *page, const char *title, const char *text)
{
	return text ? text_printf(page, "<dt>%s</dt><dd>", title) ?: html_text(page, text) ?: text_add(page, "</dd>") : 0;
}

static int add_meaning(struct buffer *page, const struct verdict_meaning *meaning)
{
	return text_printf(page, "<details><summary>%s.%s: ", meaning->report, meaning->verdict) ?:
	       html_text(page, meaning->meaning) ?: text_add(page, "</summary><dl>") ?:
	       add_part(page, "evidence", meaning->evidence) ?: add_part(page, "usual cause", meaning->cause) ?:
	       add_part(page, "what to do", meaning->advice) ?:
	       add_part(page, "known for it", known_programs(meaning->report, meaning->verdict)) ?:
	       text_add(page, "</dl></details>\n");
}

int html_meanings(struct buffer *page, const struct groups *groups)
{
	const struct verdict_meaning *meaning;
	bool any = false;
	int err = 0;

	for (size_t i = 0; !err && (meaning = verdict_meaning_at(i)); i++) {
		if (!is_on_page(groups, meaning))
			continue;
		err = (any ? 0 : text_add(page, "<section id=\"meanings\"><h2>What the verdicts mean</h2>\n"))
			      ?: add_meaning(page, meaning);
		any = true;
	}
	return err || !any ? err : text_add(page, "</section>\n");
}
