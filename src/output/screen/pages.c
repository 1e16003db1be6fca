/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The pages: a new one is a line here, and a new kind of finding is on the first one too. */
#include <math.h>

#include "base/array.h"
#include "output/screen/internal.h"

#define BIT(command) (1u << (command))
#define OVERVIEW     BIT(COMMAND_OVERVIEW)
#define LIVE                                                                                                     \
	(OVERVIEW | BIT(COMMAND_HANDSHAKES) | BIT(COMMAND_READERS) | BIT(COMMAND_EPOLL) | BIT(COMMAND_WRITERS) | \
	 BIT(COMMAND_CLOSING) | BIT(COMMAND_SERVICES))
#define FINDINGS                                                                                    \
	(ROW_BIT(ROW_HANDSHAKE) | ROW_BIT(ROW_LISTENER) | ROW_BIT(ROW_READER) | ROW_BIT(ROW_LOOP) | \
	 ROW_BIT(ROW_WRITER) | ROW_BIT(ROW_CLOSING) | ROW_BIT(ROW_CHAIN) | ROW_BIT(ROW_PROCESS) |   \
	 ROW_BIT(ROW_SERVICE) | ROW_BIT(ROW_LOCK))

/* How late a loop is: by its longest lag, or by the one that goes on. */
static double lag(const struct row *row)
{
	double longest = isnan(row->loop.lag_max_s) ? -1 : row->loop.lag_max_s;
	bool away = row->loop.now && row->loop.now[0] != 'w' && !isnan(row->loop.now_s);

	return away && row->loop.now_s > longest ? row->loop.now_s : longest;
}

/* The worst first, as everywhere. A spinning loop has no lag, and would stand below the healthy ones. */
static int compare_loops(const struct row *a, const struct row *b)
{
	double lag_a = lag(a), lag_b = lag(b);

	if (a->type != ROW_LOOP || b->type != ROW_LOOP)
		return 0;
	if (a->severity != b->severity)
		return a->severity < b->severity ? 1 : -1;
	return (lag_a < lag_b) - (lag_a > lag_b);
}

static const char *const of_loops[] = {"lag_max_s", "lag_histogram", "now",    "now_s",
				       "lag_p99_s", "busy_ratio",    "now_in", NULL};
static const char *const of_services[] = {
	"pending", "oldest_pending_s", "last_answer_s", "answers_per_s", "connections", "cause", NULL};
static const char *const of_threads[] = {"state", "now_s", "now_in", "cpu_s", "syscall", "stack_used", NULL};

const struct screen_page screen_pages[] = {
	{"overview", "all", FINDINGS, OVERVIEW, .only_stuck = true},
	{"services", "serve", ROW_BIT(ROW_SERVICE), OVERVIEW | BIT(COMMAND_SERVICES), .favoured = of_services},
	{"handshakes", "hands", ROW_BIT(ROW_HANDSHAKE) | ROW_BIT(ROW_LISTENER), OVERVIEW | BIT(COMMAND_HANDSHAKES),
	 .only_stuck = true},
	{"readers", "read", ROW_BIT(ROW_READER), OVERVIEW | BIT(COMMAND_READERS), .only_stuck = true},
	{"loops", NULL, ROW_BIT(ROW_LOOP), OVERVIEW | BIT(COMMAND_EPOLL), .compare = compare_loops,
	 .favoured = of_loops},
	{"threads", "thr", ROW_BIT(ROW_THREAD), LIVE | BIT(COMMAND_THREADS), .favoured = of_threads},
	{"chains", NULL, ROW_BIT(ROW_CHAIN), OVERVIEW | BIT(COMMAND_CHAINS), .only_stuck = true, .on_demand = true},
	{"locks", "lock", ROW_BIT(ROW_LOCK), OVERVIEW | BIT(COMMAND_LOCKS), .only_stuck = true, .only_if_there = true},
	{"writers", "write", ROW_BIT(ROW_WRITER), OVERVIEW | BIT(COMMAND_WRITERS), .only_stuck = true,
	 .only_if_there = true},
	{"closing", "close", ROW_BIT(ROW_CLOSING), OVERVIEW | BIT(COMMAND_CLOSING), .only_stuck = true,
	 .only_if_there = true},
	{"watches", "watch", ROW_BIT(ROW_WATCH), BIT(COMMAND_EPOLL), .only_if_there = true},
	{"regions", "mem", ROW_BIT(ROW_REGION), BIT(COMMAND_THREADS), .only_if_there = true},
	{"processes", "proc", ROW_BIT(ROW_PROCESS),
	 LIVE | BIT(COMMAND_CHAINS) | BIT(COMMAND_LOCKS) | BIT(COMMAND_THREADS), .only_stuck = true,
	 .only_if_there = true},
};
const size_t screen_page_count = COUNT_OF(screen_pages);

_Static_assert(COUNT_OF(screen_pages) <= SCREEN_PAGES, "there is a place for each page");

static bool is_there(const struct screen *screen, const struct screen_page *page)
{
	const struct moment *moment = screen_moment(screen);

	for (enum row_type type = 0; type < ROW_TYPES && moment; type++) {
		if (page->types & ROW_BIT(type) && moment->total[type])
			return true;
	}
	return false;
}

bool screen_has_page(const struct screen *screen, size_t page)
{
	const struct screen_page *wanted = &screen_pages[page];

	if (page >= screen_page_count || !(wanted->commands & BIT(screen->command)))
		return false;
	/* A recording holds what was wanted then. */
	if (!wanted->only_if_there && !(wanted->on_demand && screen->replay))
		return true;
	return page == screen->page || is_there(screen, wanted);
}

size_t screen_page_of(const struct screen *screen, enum row_type type)
{
	for (size_t page = 0; page < screen_page_count; page++) {
		if (screen_pages[page].types == ROW_BIT(type) && screen_has_page(screen, page))
			return page;
	}
	return SCREEN_PAGES;
}

size_t screen_page_numbered(const struct screen *screen, size_t number)
{
	for (size_t page = 0; page < screen_page_count; page++) {
		if (screen_has_page(screen, page) && !--number)
			return page;
	}
	return SCREEN_PAGES;
}
