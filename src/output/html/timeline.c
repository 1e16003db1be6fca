/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * One lane for each stall, and for those that are alike, by process. The bars are SVG that is stretched to whatever
 * width there is; all words are outside of it, so that they stay readable on any screen.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/sorted.h"
#include "base/text.h"
#include "output/cell.h"
#include "output/html/html.h"
#include "rows/fold.h"

/* More lanes than anybody reads. The tables go further. */
#define LANES_MOST 400

#define WIDTH	  1000.0 /* units of the drawings */
#define TICKS	  4
#define BEFORE_NS (10 * NS_PER_S) /* of what was before the first look, at least this much is drawn */

/* The moments at the two ends. */
struct axis {
	uint64_t from_ns, to_ns;
	uint64_t first_ns; /* the first look */
};

/* ---- The axis ---- */

static uint64_t earliest_begin(const struct story *story)
{
	uint64_t earliest = story->first_ns;

	for (size_t i = 0; i < story->count; i++) {
		if (life_begin(&story->lives[i]) < earliest)
			earliest = life_begin(&story->lives[i]);
	}
	return earliest;
}

static struct axis make_axis(const struct story *story)
{
	struct axis axis = {.to_ns = story->last_ns, .first_ns = story->first_ns};
	uint64_t span = story->last_ns > story->first_ns ? story->last_ns - story->first_ns : 0;
	uint64_t before = span / 3 > BEFORE_NS ? span / 3 : BEFORE_NS;

	axis.from_ns = earliest_begin(story);
	if (axis.first_ns - axis.from_ns > before)
		axis.from_ns = axis.first_ns - before;
	if (axis.to_ns <= axis.from_ns)
		axis.to_ns = axis.from_ns + 1;
	return axis;
}

static double place(const struct axis *axis, uint64_t moment_ns)
{
	if (moment_ns <= axis->from_ns)
		return 0;
	if (moment_ns >= axis->to_ns)
		return WIDTH;
	return WIDTH * (double)(moment_ns - axis->from_ns) / (double)(axis->to_ns - axis->from_ns);
}

static int add_tick(struct buffer *page, const struct axis *axis, unsigned int i)
{
	uint64_t span = axis->to_ns - axis->from_ns;
	unsigned int digits = span < 10 * NS_PER_S ? 1 : 0;
	struct buffer time = {0};
	int err = text_time(&time, axis->from_ns + span / TICKS * i, digits) ?: buffer_append(&time, "", 1);

	/* "2026-11-23T02:34:31Z": the day stands in the heading. */
	if (!err)
		err = text_printf(page, "<span>%.*s</span>", (int)strcspn(time.data + 11, "Z"), time.data + 11);
	buffer_free(&time);
	return err;
}

static int add_axis(struct buffer *page, const struct axis *axis)
{
	int err = text_add(page, "<div class=\"lane axis\" aria-hidden=\"true\"><span class=\"name\">UTC</span>"
				 "<div class=\"ticks\">");

	for (unsigned int i = 0; i <= TICKS && !err; i++)
		err = add_tick(page, axis, i);
	return err ?: text_add(page, "</div></div>\n");
}

/* ---- A lane ---- */

static int add_bar(struct buffer *page, const struct axis *axis, uint64_t from_ns, uint64_t to_ns, const char *class)
{
	double from = place(axis, from_ns), width = place(axis, to_ns) - from;

	/* A short stall is still a line. */
	if (width < 2)
		width = 2;
	if (from + width > WIDTH)
		from = WIDTH - width;
	return text_add(page, "<rect x=\"") ?: text_number(page, from) ?: text_add(page, "\" y=\"1\" width=\"") ?:
	       text_number(page, width) ?: text_printf(page, "\" height=\"8\" class=\"%s\"/>", class);
}

static int add_phases(struct buffer *page, const struct story *story, const struct life *life, const struct axis *axis)
{
	uint64_t to_ns;
	int err = 0;

	for (size_t i = 0; i < life->phase_count && !err; i++) {
		to_ns = i + 1 < life->phase_count ? life->phases[i + 1].from_ns : life_end(life, story);
		err = add_bar(page, axis, i ? life->phases[i].from_ns : life_begin(life), to_ns,
			      html_severity(life->phases[i].severity));
	}
	return err;
}

struct span {
	uint64_t from_ns, to_ns;
};

static int compare_spans(const void *left, const void *right)
{
	const struct span *a = left, *b = right;

	return COMPARE(a->from_ns, b->from_ns);
}

/* Of a group: when at least one of its stalls was there. */
static int add_spans(struct buffer *page, const struct group *group, const struct axis *axis, struct span *spans)
{
	const char *class = html_severity(group->row.severity);
	struct span span = spans[0];
	int err = 0;

	for (size_t i = 1; i < group->count && !err; i++) {
		if (spans[i].from_ns > span.to_ns) {
			err = add_bar(page, axis, span.from_ns, span.to_ns, class);
			span = spans[i];
		} else if (spans[i].to_ns > span.to_ns) {
			span.to_ns = spans[i].to_ns;
		}
	}
	return err ?: add_bar(page, axis, span.from_ns, span.to_ns, class);
}

static int add_group_bars(struct buffer *page, const struct story *story, const struct group *group,
			  const struct axis *axis)
{
	struct span *spans = calloc(group->count, sizeof(*spans));
	int err = spans ? 0 : -ENOMEM;

	for (size_t i = 0; i < group->count && spans; i++)
		spans[i] = (struct span){life_begin(group->lives[i]), life_end(group->lives[i], story)};
	if (spans) {
		qsort(spans, group->count, sizeof(*spans), compare_spans);
		err = add_spans(page, group, axis, spans);
	}
	free(spans);
	return err;
}

/* Where it is: the connection, or else what type of thing it is. */
static int add_where(struct buffer *page, const struct row *row)
{
	const struct column *local = column_find("local_addr", row->type), *peer = column_find("peer_addr", row->type);
	int err = text_printf(page, "%s ", row_type_names[row->type]);

	if (!err && fold_count(row) > 1)
		err = text_printf(page, "\xc3\x97%zu ", fold_count(row));
	if (!err && local && row->local_addr && cell_known(local, row))
		err = html_cell(page, local, row);
	if (!err && peer && row->peer_addr && cell_known(peer, row))
		err = text_add(page, " \xe2\x80\x93 ") ?: html_cell(page, peer, row);
	return err;
}

static int add_bars(struct buffer *page, const struct story *story, const struct group *group, const struct axis *axis)
{
	int err = text_add(page, "<svg viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">");

	/* The time before the first look is drawn from what the kernel tells of it. */
	if (!err && axis->first_ns > axis->from_ns)
		err = add_bar(page, axis, axis->from_ns, axis->first_ns, "before");
	if (!err)
		err = group->count > 1 ? add_group_bars(page, story, group, axis)
				       : add_phases(page, story, group->lives[0], axis);
	return err ?: text_add(page, "</svg>");
}

static int add_verdicts(struct buffer *page, const struct life *life)
{
	int err = 0;

	for (size_t i = 0; i < life->phase_count && !err; i++) {
		if (life->phases[i].verdict)
			err = (i ? text_add(page, ", then ") : 0) ?: html_text(page, life->phases[i].verdict);
	}
	return err;
}

/* From the first of them to the last. */
static int add_duration(struct buffer *page, const struct story *story, const struct group *group)
{
	uint64_t from_ns = life_begin(group->lives[0]), to_ns = life_end(group->lives[0], story);

	for (size_t i = 1; i < group->count; i++) {
		const struct life *life = group->lives[i];

		from_ns = life_begin(life) < from_ns ? life_begin(life) : from_ns;
		to_ns = life_end(life, story) > to_ns ? life_end(life, story) : to_ns;
	}
	return html_duration(page, from_ns, to_ns);
}

static int add_lane(struct buffer *page, const struct story *story, const struct group *group, const struct axis *axis)
{
	const struct life *life = group->lives[0];

	return text_printf(page, "<a class=\"lane\" href=\"#stall-%zu\"><span class=\"name\">",
			   (size_t)(life - story->lives)) ?:
	       add_where(page, &group->row) ?: text_add(page, "</span>") ?: add_bars(page, story, group, axis) ?:
	       text_add(page, "<span class=\"what\">") ?:
	       (group->count > 1 ? html_text(page, group->row.verdict ?: "-") : add_verdicts(page, life)) ?:
	       text_add(page, ", ") ?: add_duration(page, story, group) ?:
	       text_add(page, life->closed_ns ? "</span></a>\n" : ", not over</span></a>\n");
}

/* ---- Sections ---- */

/* A page of several processes: each has a section of its own. */
static bool is_of_many(const struct group *group)
{
	return fold_differs(&group->row, offsetof(struct row, pid));
}

static bool same_process(const struct group *a, const struct group *b)
{
	if (is_of_many(a) || is_of_many(b))
		return a == b;
	return a->row.host_at == b->row.host_at && a->row.pid == b->row.pid &&
	       !strcmp(a->row.comm ? a->row.comm : "", b->row.comm ? b->row.comm : "");
}

static int add_heading(struct buffer *page, const struct group *group)
{
	const struct row *row = is_of_many(group) ? &group->row : &group->lives[0]->row;
	const struct column *comm = column_find("comm", row->type);

	if (!comm || (!row->comm && row->pid == NOT_KNOWN))
		return text_add(page, "<h3>no process is known</h3>\n");
	return text_add(page, "<h3>") ?: html_cell(page, comm, row) ?: text_add(page, "</h3>\n");
}

/* All of the groups from this one on that are of its process, and are not yet there. */
static int add_section(struct buffer *page, const struct story *story, const struct groups *groups, size_t from,
		       const struct axis *axis, bool *done)
{
	int err = text_add(page, "<section class=\"process\">") ?: add_heading(page, &groups->items[from]);

	for (size_t i = from; i < groups->count && i < LANES_MOST && !err; i++) {
		if (done[i] || !same_process(&groups->items[i], &groups->items[from]))
			continue;
		done[i] = true;
		err = add_lane(page, story, &groups->items[i], axis);
	}
	return err ?: text_add(page, "</section>\n");
}

static int add_sections(struct buffer *page, const struct story *story, const struct groups *groups,
			const struct axis *axis)
{
	bool done[LANES_MOST] = {false};
	int err = 0;

	for (size_t i = 0; i < groups->count && i < LANES_MOST && !err; i++) {
		if (!done[i])
			err = add_section(page, story, groups, i, axis, done);
	}
	if (!err && groups->count > LANES_MOST)
		err = text_printf(page, "<p>The %d worst are drawn; %zu more are in the recording.</p>\n", LANES_MOST,
				  groups->count - LANES_MOST);
	return err;
}

int html_timeline(struct buffer *page, const struct story *story, const struct groups *groups)
{
	struct axis axis = make_axis(story);

	if (!story->count)
		return 0;
	return text_add(page, "<section id=\"timeline\"><h2>When</h2>\n") ?: add_axis(page, &axis) ?:
	       add_sections(page, story, groups, &axis) ?: text_add(page, "</section>\n");
}
