/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* `sockstall end`: one stall or connection, shown, and with --yes ended. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "act/act.h"
#include "act/helper.h"
#include "base/messages.h"
#include "base/signals.h"
#include "probe/probe.h"
#include "reports/reports.h"
#include "rights/privileges.h"
#include "rows/report.h"
#include "rows/selector.h"
#include "run/run.h"

struct end_run {
	const struct options *options;
	struct arena arena; /* of the selector's text */
	struct report report; /* where an id was looked up */
	struct row wanted;
	struct act_asker asker;
	int signals;
};

/* Where stderr is not read either, a signal still ends it. */
static void complain(const char *what)
{
	struct messages messages = {0};

	messages_say(&messages, "end: %s", what);
}

/* Everything that is there, whatever its age: what is named is named. */
static int take_look(const struct options *given, struct report *report)
{
	struct options options = *given;
	struct probe *probe = NULL;
	struct look look = {0};
	int err;

	options.scope.command = COMMAND_OVERVIEW;
	options.pace.once = options.scope.all = options.scope.min_age_given = true;
	options.scope.min_age_ns = 0;
	err = probe_open(&probe, &options);
	if (err)
		return err;
	privileges_drop(probe_privileges(probe));
	err = probe_look(probe, &look);
	if (!err)
		err = report_run(report, &look, NULL, &options.scope);
	if (err)
		complain(strerror(-err));
	probe_close(probe);
	look_free(&look);
	return err;
}

/*
 * The id of a loop contains counts of the run that found it stuck: no other run knows it. The thread's wait has an id
 * that is the same in every run.
 */
static const struct row *find_wait_of(struct end_run *ending, const char *loop)
{
	const char *thread;
	size_t i;

	for (i = 0; i < ending->report.count; i++) {
		const struct row *row = &ending->report.rows[i];

		thread = arena_printf(&ending->arena, "-%lld-%lld-", (long long)row->pid, (long long)row->tid);
		if ((row->type == ROW_READER || row->type == ROW_WRITER) && strstr(loop, thread))
			return row;
	}
	return NULL;
}

static void tell_none(struct end_run *ending, const char *id)
{
	const struct row *wait = strncmp(id, "loop-", 5) ? NULL : find_wait_of(ending, id);

	if (wait)
		complain(arena_printf(
			&ending->arena,
			"the id %s is known only to the run that found it; its thread is in %s now: end that", id,
			wait->id));
	else
		complain(arena_printf(&ending->arena, "there is no stall with the id %s any more", id));
}

/* The row with this id; NULL: there is none, and a line says so. */
static const struct row *find_stall(struct end_run *ending)
{
	const char *id = ending->wanted.id;
	size_t i;

	if (take_look(ending->options, &ending->report))
		return NULL;
	for (i = 0; i < ending->report.count; i++)
		if (selector_fits(id, &ending->report.rows[i]))
			return &ending->report.rows[i];
	tell_none(ending, id);
	return NULL;
}

/* -EPIPE: the reader has gone, and wants to know no more. */
static int write_record(const struct options *options, const struct row *row)
{
	const struct emitter_kind *emitter = options->sinks.json ? &emit_json : &emit_lines;
	void *state = NULL;
	int err = emitter->open(&state, options, stdout);

	if (!err)
		err = emitter->record(state, row);
	emitter->close(state);
	return err == -EPIPE ? 0 : err;
}

/* One line at most. The outcome must be known even if its record was not written. */
static void tell_outcome(const struct act_reply *reply, int unwritten)
{
	const struct action_fields *action = &reply->record.action;
	const char *done = act_result_names[ACT_DONE];
	struct messages messages = {0};

	if (unwritten)
		messages_say(&messages, "end: %s; the record of that could not be written: %s",
			     action->error		    ? action->error
			     : strcmp(action->result, done) ? "nothing was done"
							    : done,
			     unwritten == -ECANCELED ? "its reader does not read" : strerror(-unwritten));
	else if (action->error)
		messages_say(&messages, "end: %s", action->error);
	if (reply->unlogged)
		messages_say(&messages, "end: the journal does not accept messages: this is not logged");
}

static int end_it(struct end_run *ending, const struct row *found)
{
	const struct options *options = ending->options;
	struct act_answer answer;
	struct row row = *found;
	int err, unwritten;

	/* The id as it was given: it may have an ending that the row has not. */
	if (ending->wanted.id)
		row.id = ending->wanted.id;
	err = act_ask_plan(&ending->asker, &row, options->ending.how, &options->ending.times, &answer);
	if (!err && options->ending.yes)
		err = act_ask_perform(&ending->asker, options->sinks.force, ending->signals, &answer);
	unwritten = write_record(options, &answer.reply.record);
	tell_outcome(&answer.reply, unwritten);
	act_answer_free(&answer);
	return err || unwritten ? EXIT_BROKE : EXIT_DONE;
}

/* With no more rights than it takes: those of a look for an id, and none where something else is named. */
static int find_and_end(struct end_run *ending)
{
	const struct row *row = &ending->wanted;

	if (ending->wanted.id)
		row = find_stall(ending);
	else
		privileges_drop(PRIVILEGE_TELLS);
	return row ? end_it(ending, row) : EXIT_BROKE;
}

static int run(struct end_run *ending)
{
	const char *error = selector_parse(&ending->wanted, &ending->arena, ending->options->ending.words,
					   ending->options->ending.word_count);
	int code;

	if (error) {
		complain(error);
		return EXIT_USAGE;
	}
	/* So that a probe that is interrupted still puts everything back. */
	ending->signals = signals_open(false);
	if (act_helper_open(&ending->asker)) {
		complain(strerror(EAGAIN));
		return EXIT_BROKE;
	}
	code = find_and_end(ending);
	act_helper_close(&ending->asker);
	return code;
}

int run_end(const struct options *options)
{
	struct end_run ending = {.options = options, .signals = -1};
	int code = run(&ending);

	report_free(&ending.report);
	arena_free(&ending.arena);
	if (ending.signals >= 0)
		close(ending.signals);
	return code;
}
