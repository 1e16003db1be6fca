/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* From looks to records: see run.h. Pure but for what the emitters write. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/out.h"
#include "options/filter.h"
#include "reports/reports.h"
#include "rows/causes.h"
#include "rows/fold.h"
#include "run/run.h"

static const char *const lost_names[] = {
	[LOST_EVENTS] = "events",
	[LOST_SOCKETS] = "sockets",
	[LOST_THREADS] = "threads",
	[LOST_OWNERS] = "owners",
	[LOST_NETNS] = "network namespaces",
	[LOST_LOOPS] = "loop counters",
	[LOST_RECORDS] = "records",
	[LOST_LOOKS] = "looks",
	[LOST_NOTES] = "notes",
	[LOST_REGIONS] = "regions",
	[LOST_WATCHES] = "watches",
	[LOST_PROCESSES] = "processes",
	[LOST_SERVICES] = "services",
};

bool session_is_interactive(const struct options *options, FILE *out)
{
	return !options->sinks.json && !options->sinks.otlp && !options->pace.once && !options->sinks.textfile &&
	       isatty(fileno(out));
}

static const struct emitter_kind *choose_emitter(const struct options *options, bool terminal)
{
	if (options->sinks.textfile)
		return &emit_metrics;
	if (terminal)
		return &emit_screen;
	if (options->sinks.json)
		return &emit_json;
	if (options->sinks.otlp)
		return &emit_otlp;
	if (options->pace.once)
		return &emit_table;
	/* Threads and watches have no events: there each look is a table. */
	return options->scope.command == COMMAND_THREADS || options->scope.watches ? &emit_table : &emit_lines;
}

/*
 * Tables and lines are read by a person. A stream of JSON has a life for each stall, with an id that opens and closes:
 * there and for all that is made of lives (metrics, a page, a trace) they stay apart.
 */
static bool folds(const struct session *session)
{
	const struct options *options = session->options;
	bool writes_json = session->emitter == &emit_json || session->emitter == &emit_otlp;

	if (options->scope.all || options->sinks.no_fold)
		return false;
	if (options->scope.command == COMMAND_THREADS && options->scope.verbose)
		return false;
	return session->emitter == &emit_table || session->emitter == &emit_lines ||
	       (writes_json && (options->pace.once || options->sinks.was_folded));
}

static int open_emitter(struct session *session, FILE *out, bool terminal)
{
	if (!session->emitter)
		session->emitter = choose_emitter(session->options, terminal);
	session->folds = folds(session);
	return session->emitter->open(&session->emitter_state, session->options, out);
}

int session_open(struct session *session, const struct options *options, FILE *out)
{
	static const struct look nothing;
	int err;

	session->options = options;
	session->wanted = options->scope;
	if (!session->hosts) {
		session->hosts = &session->own;
		session->host_count = 1;
	}
	/* Without a filter for processes or namespaces nobody is missing. */
	session->any_fits |= filter_fits_look(&options->scope, &nothing);
	session->stalls = stalls_new();
	if (!session->stalls)
		return -ENOMEM;
	err = open_emitter(session, out, session_is_interactive(options, out));
	if (err != -ENOTTY)
		return err;
	session->emitter = NULL;
	/* One file copied to a small machine finds no terminfo there, or a TERM that no one described. */
	fputs("sockstall: cannot draw on this terminal (is TERM right, is terminfo here?): text lines follow\n",
	      stderr);
	return open_emitter(session, out, false);
}

static int write_record(struct session *session, const struct row *row)
{
	session->records++;
	return session->emitter->record(session->emitter_state, row);
}

int session_start(struct session *session, const struct row *start)
{
	int err = 0;

	session->own.name = start->start.host;
	if (session->recording)
		err = recording_write_start(session->recording, start, session->options);
	return err ? err : write_record(session, start);
}

struct look *session_next_look(struct session *session)
{
	return session_host_next_look(&session->own);
}

void session_wants(struct session *session, struct wants *wants)
{
	memset(wants, 0, sizeof(*wants));
	if (session->emitter->wants)
		session->emitter->wants(session->emitter_state, wants);
	session->wanted.all = session->options->scope.all || wants->all;
	session->wanted.healthy_loops = wants->loops;
	session->wanted.chains = wants->chains;
	wants->causes = session->may_have_chains;
	session->wanted.healthy_services = wants->services;
}

/* It chooses when such a read comes back: foreign.h. */
static void fill_lost_process(struct row *row, struct arena *arena, const struct look *look,
			      const struct lost_record *lost)
{
	const char *comm = look_process_comm(look, lost->pid);

	row->why = lost->pid ? "it could not be looked at in time: reads of its memory, its program or /proc did not "
			       "come back"
			     : "more processes that could not be looked at in time";
	if (lost->pid)
		row->pid = lost->pid;
	if (comm)
		row->comm = look_comm(arena, comm);
}

static int write_losses_of(struct session *session, const struct look *look)
{
	struct arena arena = {0};
	struct row row;
	size_t i;
	int err = 0;

	for (i = 0; i < look->lost.count && !err; i++) {
		const struct lost_record *lost = look->lost.items[i];

		if (!filter_tells_lost(&session->wanted, look, lost))
			continue;
		row_init(&row, ROW_LOST);
		row.time_ns = look->head->realtime_ns;
		row.host = look->host;
		row.lost.where = lost->where < COUNT_OF(lost_names) ? lost_names[lost->where] : NULL;
		row.lost.count = (int64_t)lost->count;
		if (lost->where == LOST_PROCESSES)
			fill_lost_process(&row, &arena, look, lost);
		session->lost += lost->count;
		err = write_record(session, &row);
	}
	arena_free(&arena);
	return err;
}

static int write_losses(struct session *session)
{
	int err = 0;

	for (size_t i = 0; i < session->host_count && !err; i++)
		if (session->hosts[i].is_new)
			err = write_losses_of(session, session_host_look(&session->hosts[i]));
	return err;
}

/* The same rule as the emitters': what changed, and with --all everything. */
static void count_records(struct session *session, const struct report *report)
{
	size_t i;

	for (i = 0; i < report->count; i++) {
		const struct row *row = &report->rows[i];

		if (row_is_told(row, session->options->scope.all))
			session->records++;
		session->any_stuck |= row->stuck && row->event != STALL_CLOSE;
	}
}

static int write_rows(struct session *session, const struct report *report, const struct look *look)
{
	count_records(session, report);
	return session->emitter->look(session->emitter_state, report, look);
}

static int write_folded(struct session *session, const struct report *report, const struct look *look)
{
	const struct row **rows = calloc(report->count + 1, sizeof(*rows));
	const struct fold_how how = {.by_event = session->emitter != &emit_table};
	struct folded folded = {0};
	int err = rows ? 0 : -ENOMEM;

	for (size_t i = 0; i < report->count && rows; i++)
		rows[i] = &report->rows[i];
	if (!err)
		err = fold_rows(&folded, rows, report->count, &how);
	if (session->wanted.command == COMMAND_THREADS)
		fold_largest_first(&folded);
	if (!err) {
		const struct report shown = {.rows = folded.rows, .count = folded.count};

		err = write_rows(session, &shown, look);
	}
	folded_free(&folded);
	free(rows);
	return err;
}

int session_attend(const struct session *session)
{
	int answer = session->emitter->attend ? session->emitter->attend(session->emitter_state) : EMITTER_GO_ON;

	return answer == EMITTER_QUIT ? -ECANCELED : answer < 0 ? answer : 0;
}

/* The look is there: whoever wants the end is shown it first. */
static int attend(const struct session *session)
{
	int err = session_attend(session);

	return err == -ECANCELED ? 0 : err;
}

/* Whether the next look should have chains. */
static int note_causes(struct session *session, const struct report *report, const struct look *look,
		       const struct look *previous)
{
	const struct scope *scope = &session->wanted;
	int found = 0;

	if (!scope->causes || session->options->pace.once)
		return 0;
	for (size_t i = 0; i < report->count && !found; i++)
		found = report->rows[i].event != STALL_CLOSE && row_may_have_chain(&report->rows[i]);
	/* A process that the filters leave out may wait for one that they keep, or make it wait. */
	if (!found && filter_asked(&scope->selection))
		found = report_may_have_chains(look, previous, scope);
	session->may_have_chains = found > 0;
	return found < 0 ? found : 0;
}

/* *before: bytes that the report may point into. */
static int complete(struct session *session, struct report *report, struct look *look, struct buffer *before)
{
	struct buffer records = {0};
	int err = session->complete ? session->complete(session->complete_context, report, look, &records) : 0;

	if (!err && records.size)
		err = look_extend(look, &records, before);
	if (!err && records.size)
		report_titles(report, 0, look);
	buffer_free(&records);
	return err;
}

static int report_looks(struct session *session, const struct looks *looks, struct look *look)
{
	const struct look *previous = looks->items[look->host_at].previous;
	struct report report = {0};
	struct buffer before = {0};
	int err = attend(session);

	if (!err)
		err = report_run_all(&report, looks, &session->wanted);
	if (!err)
		err = complete(session, &report, look, &before);
	if (!err && session->recording)
		err = recording_write_look(session->recording, look);
	if (!err)
		err = write_losses(session);
	if (!err)
		err = attend(session);
	if (!err)
		err = stalls_update_all(session->stalls, &report, looks);
	if (!err)
		err = note_causes(session, &report, look, previous);
	if (!err && session->wanted.command == COMMAND_OVERVIEW)
		err = causes_sort(&report);
	if (!err) {
		err = (session->folds ? write_folded : write_rows)(session, &report, look);
		if (session->watch)
			session->watch(session->watch_context, &report, look);
	}
	report_free(&report);
	buffer_free(&before);
	return err;
}

static void note_fits(struct session *session, const struct looks *looks)
{
	for (size_t i = 0; i < looks->count && !session->any_fits; i++)
		if (looks->items[i].look)
			session->any_fits = filter_fits_look(&session->options->scope, looks->items[i].look);
}

int session_look_at_all(struct session *session)
{
	struct look_step *steps = calloc(session->host_count, sizeof(*steps));
	const struct looks looks = {steps, session->host_count};
	int err = steps ? 0 : -ENOMEM;

	if (!err) {
		session_hosts_look(session, steps);
		err = report_looks(session, &looks, session_hosts_newest(session));
	}
	if (!err)
		note_fits(session, &looks);
	for (size_t i = 0; i < session->host_count; i++)
		session->hosts[i].is_new = false;
	free(steps);
	session->look_count++;
	return err;
}

int session_look(struct session *session)
{
	session_host_took(&session->own);
	return session_look_at_all(session);
}

int session_end(struct session *session, const struct row *end)
{
	struct row row = *end;
	int err = 0;

	if (!row.host)
		row.host = session->own.name;
	if (session->recording)
		err = recording_write_end(session->recording, end);
	return err ? err : write_record(session, &row);
}

int session_finish(struct session *session, const char *damage)
{
	if (!session->emitter || !session->emitter_state || !session->emitter->finish)
		return 0;
	return session->emitter->finish(session->emitter_state, damage);
}

void session_close(struct session *session)
{
	if (session->emitter && session->emitter_state)
		session->emitter->close(session->emitter_state);
	stalls_free(session->stalls);
	look_free(&session->own.looks[0]);
	look_free(&session->own.looks[1]);
}

int exit_code_of(int err)
{
	if (!err || err == -EPIPE)
		return EXIT_DONE;
	fprintf(stderr, "sockstall: %s%s\n", out_error() == err ? OUT_FAILED : "", strerror(-err));
	return EXIT_BROKE;
}

int session_exit_code(const struct session *session, int err)
{
	if (err == EMITTER_TOLD)
		return EXIT_BROKE;
	if (exit_code_of(err) != EXIT_DONE)
		return EXIT_BROKE;
	if (!session->options->sinks.exit_code)
		return EXIT_DONE;
	if (session->any_stuck)
		return EXIT_STUCK;
	return session->any_fits ? EXIT_DONE : EXIT_NOBODY;
}
