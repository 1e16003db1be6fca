/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "act/reactions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "act/exec.h"
#include "act/trigger.h"
#include "base/wording.h"
#include "history/flight.h"

struct reactions {
	const struct options *options;
	const struct row *start;
	struct messages messages;
	struct trigger on_stall, dump_on;
	struct exec *exec; /* NULL: none */
	struct flight flight;
	unsigned int files; /* dumped; */
	bool told_reach;
	uint64_t dumped_ns, seen_ns; /* the last one, and the last look; 0: none */
	const struct row *cause; /* during a look: what met --dump-on; NULL: nothing */
};

int reactions_open(struct reactions **reactions, const struct options *options, const struct row *start,
		   struct exec *exec, bool hold)
{
	struct reactions *fresh;

	*reactions = NULL;
	if (!exec && !options->reacting.flight_ns)
		return 0;
	fresh = calloc(1, sizeof(*fresh));
	if (!fresh)
		return -ENOMEM;
	*reactions = fresh;
	fresh->options = options;
	fresh->start = start;
	fresh->exec = exec;
	fresh->messages.hold = hold;
	fresh->on_stall.condition = &options->reacting.on_stall;
	fresh->dump_on.condition = &options->reacting.dump_on;
	fresh->flight.keep_ns = options->reacting.flight_ns;
	fresh->flight.most_bytes = FLIGHT_BYTES;
	return 0;
}

static void run_command(void *context, const struct row *row)
{
	struct reactions *reactions = context;

	exec_run(reactions->exec, row, &reactions->messages);
}

/* ---- Dumps ---- */

static void note_cause(void *context, const struct row *row)
{
	struct reactions *reactions = context;

	if (!reactions->cause)
		reactions->cause = row;
}

static void dump(struct reactions *reactions, const char *cause)
{
	struct messages *messages = &reactions->messages;
	char path[4096];
	size_t looks;
	int err;

	if (reactions->files == FLIGHT_FILES) {
		messages_say(messages, "--flight: %s, but one run writes at most %d recordings", cause, FLIGHT_FILES);
		return;
	}
	err = flight_dump(&reactions->flight, reactions->start, reactions->options, path, sizeof(path));
	if (err) {
		messages_say(messages, "--flight: cannot write %s: %s", path, strerror(-err));
		return;
	}
	reactions->files++;
	looks = flight_looks(&reactions->flight);
	messages_say(messages, "--flight: %s: %zu look%s of %.1f s %s in %s", cause, looks, looks == 1 ? "" : "s",
		     (double)flight_span(&reactions->flight) / 1e9, looks == 1 ? "is" : "are", path);
}

/* One more within the time that is kept would hold the same looks over again. */
static bool is_due(const struct reactions *reactions)
{
	return reactions->cause &&
	       (!reactions->dumped_ns || reactions->seen_ns - reactions->dumped_ns >= reactions->flight.keep_ns);
}

/* Once the first looks are there: how far back it will reach is not known before. */
static void tell_reach(struct reactions *reactions)
{
	const struct flight *flight = &reactions->flight;
	uint64_t reach = flight_reach(flight);
	struct arena arena = {0};

	if (!reach || reactions->told_reach)
		return;
	reactions->told_reach = true;
	messages_say(&reactions->messages, "--flight: %u MiB will reach about %s back%s%s (%zu KiB a look)",
		     FLIGHT_BYTES >> 20, say_duration(&arena, reach), reach < flight->keep_ns ? ", not " : "",
		     reach < flight->keep_ns ? say_duration(&arena, flight->keep_ns) : "",
		     (flight->bytes / flight_looks(flight) + 1023) / 1024);
	arena_free(&arena);
}

static void look_back(struct reactions *reactions, const struct report *report, const struct look *look)
{
	int err = flight_keep(&reactions->flight, look);

	reactions->seen_ns = look->head->seen_ns;
	reactions->cause = NULL;
	tell_reach(reactions);
	if (!err)
		err = trigger_look(&reactions->dump_on, report, note_cause, reactions);
	if (err)
		messages_say(&reactions->messages, "--flight: %s", strerror(-err));
	if (!is_due(reactions))
		return;
	reactions->dumped_ns = reactions->seen_ns;
	dump(reactions, reactions->cause->id);
}

void reactions_look(void *context, const struct report *report, const struct look *look)
{
	struct reactions *reactions = context;

	if (!reactions)
		return;
	if (reactions->flight.keep_ns)
		look_back(reactions, report, look);
	if (!reactions->exec)
		return;
	if (trigger_look(&reactions->on_stall, report, run_command, reactions))
		messages_say(&reactions->messages, "--on-stall: %s", strerror(ENOMEM));
}

void reactions_dump(struct reactions *reactions)
{
	if (reactions && reactions->flight.keep_ns)
		dump(reactions, "SIGUSR1");
}

void reactions_close(struct reactions *reactions)
{
	if (!reactions)
		return;
	trigger_free(&reactions->on_stall);
	trigger_free(&reactions->dump_on);
	flight_free(&reactions->flight);
	messages_end(&reactions->messages);
	free(reactions);
}
