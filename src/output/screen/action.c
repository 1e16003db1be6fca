/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Ending a row: what would be done and what will follow, in the words of the `action` record, and the question. */
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "output/cell.h"
#include "output/screen/internal.h"

#define INDENT 2

static bool is_planned(const struct screen *screen)
{
	return screen->action.record.action.result && !strcmp(screen->action.record.action.result, "planned");
}

/* Where one way does not lead there, the reason may name others. */
static bool has_ways(const struct screen *screen)
{
	const char *error = screen->action.record.action.error;

	if (screen->action.performed || screen->action.acting)
		return false;
	return is_planned(screen) || (error && strstr(error, "--how "));
}

const struct row *screen_target(const struct screen *screen)
{
	const struct moment *when;

	return screen->mode == MODE_EVIDENCE || (screen->mode == MODE_ACTION && screen->before == MODE_EVIDENCE)
		       ? screen_evidence_row(screen, &when)
		       : screen_selected_row(screen);
}

int screen_show_action(struct screen *screen, const struct row *record, bool performed)
{
	struct arena arena = {0};
	struct row copy = *record;
	int error = row_own_texts(&copy, &arena);

	if (error) {
		arena_free(&arena);
		return error;
	}
	arena_free(&screen->action.arena);
	screen->action.arena = arena;
	screen->action.record = copy;
	screen->action.performed = performed;
	screen->action.acting = false;
	if (screen->mode != MODE_ACTION)
		screen->before = screen->mode;
	screen->mode = MODE_ACTION;
	return 0;
}

/* If this would end the user's own session, require 'Y' instead of 'y'. */
static uint32_t yes(const struct screen *screen)
{
	return screen->action.record.action.warning ? 'Y' : 'y';
}

/* A key that is neither a way nor the one word for yes goes back. */
enum screen_answer screen_action_key(struct screen *screen, uint32_t key)
{
	if (key == yes(screen) && is_planned(screen)) {
		screen->action.acting = true;
		return SCREEN_PERFORM;
	}
	if (has_ways(screen) && (key == 'd' || key == 's' || key == 'k' || key == 'p')) {
		screen->action.how = (char)key;
		return SCREEN_PLAN;
	}
	screen->mode = screen->before;
	return SCREEN_NEXT_LOOK;
}

static int add_heading(const struct screen *screen, struct lines *lines, size_t width)
{
	const struct row *action = &screen->action.record;
	struct buffer text = {0};
	const char *state = is_planned(screen)		? "nothing is done yet"
			    : !screen->action.performed ? "it cannot be ended"
							: action->action.result;
	int error = text_add(&text, state);

	if (!error && action->action.how)
		error = text_add(&text, ": ") ?: cell_add_key(&text, "how", action);

	if (!error)
		error = buffer_append(&text, "", 1) ?: screen_add_line(lines, LINE_HEADING, text.data, width);
	buffer_free(&text);
	return error;
}

static int add_field(const struct row *action, struct lines *lines, const char *key, size_t width)
{
	const struct column *column = column_find(key, ROW_ACTION);
	struct buffer text = {0};
	int error;

	if (!column || !column_known(column, action))
		return 0;
	error = text_printf(&text, "%s: ", key) ?: cell_add(&text, column, action) ?: buffer_append(&text, "", 1) ?:
		lines_add_wrapped(lines, text.data, INDENT, INDENT, width);
	buffer_free(&text);
	return error;
}

/* The one that does it comes first, and the one that does not is the last to go. */
static int add_foot(const struct screen *screen, struct lines *lines, size_t width)
{
	bool planned = is_planned(screen), over = screen->action.acting || screen->action.performed;
	const struct hint keys[] = {
		{planned && !over ? 1 : HINT_NEVER,
		 screen->action.record.action.warning ? "Y: do it anyway" : "y: do it"},
		{has_ways(screen) ? 3 : HINT_NEVER, "d destroy  s shutdown  k keepalive  p probe"},
		{2, screen->action.acting      ? "doing it; if that takes long, any key stops waiting"
		    : screen->action.performed ? "any key: back"
		    : planned		       ? "other keys: leave it"
		    : has_ways(screen)	       ? "other keys: back"
					       : "any key: back"},
	};

	return screen_add_foot(lines, "", keys, COUNT_OF(keys), width);
}

/* On a small screen rather a part of the sentences than the question is missing. */
int screen_add_action(const struct screen *screen, struct lines *lines, size_t width, size_t height)
{
	size_t last = lines_count(lines) + height - 1;
	static const char *const keys[] = {"what",
					   "follows",
					   "warning",
					   "error",
					   "peer",
					   "answer_s",
					   "keepalive_time_s",
					   "keepalive_interval_s",
					   "keepalive_probes"};
	int error = add_heading(screen, lines, width);

	for (size_t i = 0; i < COUNT_OF(keys) && !error; i++)
		error = add_field(&screen->action.record, lines, keys[i], width);
	if (!error)
		error = lines_add(lines, LINE_PLAIN, "");
	if (!error && lines_count(lines) > last)
		lines_cut(lines, last);
	return error ?: add_foot(screen, lines, width);
}
