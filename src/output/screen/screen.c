/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the screen knows: see screen.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "output/screen/internal.h"

/* The page that the command is about. Many commands bring threads, too: their page comes first only for `threads`. */
static size_t first_page(enum command command)
{
	size_t page = 0;

	while (page + 1 < screen_page_count &&
	       (!(screen_pages[page].commands & 1u << command) ||
		(screen_pages[page].types == ROW_BIT(ROW_THREAD) && command != COMMAND_THREADS)))
		page++;
	return page;
}

int screen_init(struct screen *screen, const struct options *options)
{
	memset(screen, 0, sizeof(*screen));
	screen->command = options->scope.command;
	screen->replay = options->replay_file;
	screen->read_only = options->ending.read_only;
	screen->all = options->scope.all;
	screen->no_fold = options->sinks.no_fold;
	screen->page = first_page(options->scope.command);
	screen->cache = screen_cache_new();
	return screen->cache ? 0 : -ENOMEM;
}

void screen_free(struct screen *screen)
{
	screen_cache_free(screen->cache);
	history_free(&screen->history);
	arena_free(&screen->action.arena);
	buffer_free(&screen->host);
	buffer_free(&screen->lost);
}

static int take_host(struct screen *screen, const char *host)
{
	/* One behind the other, of a replay of several. */
	if (screen->host.size)
		screen->host.size--;
	return (screen->host.size ? text_add(&screen->host, ", ") : 0) ?: text_printable(&screen->host, host) ?:
	       buffer_append(&screen->host, "", 1);
}

/* Its record comes before the rest of the look. A recording may have a name that this version does not know. */
static int take_lost(struct screen *screen, const struct lost_fields *lost)
{
	const char *what = lost->where ? lost->where : "others"; /* a plural */
	int length = (int)strlen(what) - (lost->count == 1);

	if (lost->count == NOT_KNOWN || lost->count <= 0)
		return 0;
	return text_printf(&screen->lost, "%s%lld %.*s", screen->lost.size ? ", " : "", (long long)lost->count,
			   length > 0 ? length : 0, what);
}

int screen_record(struct screen *screen, const struct row *row)
{
	if (row->type == ROW_LOST)
		return take_lost(screen, &row->lost);
	if (row->type == ROW_END) {
		screen->ended = true;
		screen->paused |= screen->stepping;
		screen->stepping = false;
	}
	if (row->type == ROW_START && row->start.host)
		return take_host(screen, row->start.host);
	return 0;
}

/* The look that is shown stays as long as it is kept. */
int screen_look(struct screen *screen, const struct report *report, const struct look_record *head)
{
	bool lost = screen->lost.size;
	int error = lost ? buffer_append(&screen->lost, "", 1) : 0;

	if (!error)
		error = history_add(&screen->history, report, head, head->has_chains, lost ? screen->lost.data : NULL);
	buffer_reset(&screen->lost);
	screen->looks++;
	if (error)
		return error;
	if (screen->paused)
		screen->back++;
	if (screen->back >= screen->history.count)
		screen->back = screen->history.count - 1;
	screen->paused |= screen->stepping;
	screen->stepping = false;
	return 0;
}

const struct moment *screen_moment(const struct screen *screen)
{
	return history_at(&screen->history, screen->back);
}

/* A reader's or a loop's thread is told more of than a look over all threads can afford. */
void screen_wants(struct screen *screen, struct wants *wants)
{
	*wants = (struct wants){.all = screen->all, .loops = true};
	wants->services = screen_pages[screen->page].types == ROW_BIT(ROW_SERVICE);
	wants->chains = screen_pages[screen->page].on_demand && !screen->replay;
	if (screen->mode == MODE_EVIDENCE && screen->evidence.pid > 0 && screen->evidence.tid > 0) {
		wants->threads_of = (uint32_t)screen->evidence.pid;
		wants->stack_of = (uint32_t)screen->evidence.tid;
	} else if (screen_pages[screen->page].types & ROW_BIT(ROW_THREAD)) {
		wants->threads_of = screen->threads_of;
	}
}

void screen_tell(struct screen *screen, const char *text)
{
	snprintf(screen->told, sizeof(screen->told), "%s", text);
}

bool screen_is_ticking(const struct screen *screen)
{
	return screen->mode == MODE_EVIDENCE && !screen->paused && !screen->back && !screen->ended;
}
