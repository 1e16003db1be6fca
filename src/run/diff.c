/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* replay A --diff B: two recordings through the same reports, then side by side. */
#include <errno.h>
#include <string.h>

#include "base/messages.h"
#include "history/diff.h"
#include "options/filter.h"
#include "options/merge.h"
#include "reports/reports.h"
#include "run/run.h"

/* One recording, as far as it can be read. */
struct reading {
	const char *path;
	struct recording *recording;
	struct story story;
	struct options options; /* that it was made with, and what the command line says */
	struct stalls *stalls;
	struct look looks[2];
	size_t look_count;
	bool any_fits; /* some look had somebody whom the filters fit */
	const char *error;
};

static int take_look(struct reading *reading)
{
	const struct look *look = &reading->looks[reading->look_count % 2];
	const struct look *previous = reading->look_count ? &reading->looks[(reading->look_count + 1) % 2] : NULL;
	struct report report = {0};
	int err = report_run(&report, look, previous, &reading->options.scope);

	if (!err)
		err = stalls_update(reading->stalls, &report, look);
	if (!err)
		err = story_look(&reading->story, &report, look);
	report_free(&report);
	reading->any_fits |= filter_fits_look(&reading->options.scope, look);
	reading->look_count++;
	return err;
}

static int take_chunk(struct reading *reading, const struct recording_chunk *chunk, const struct options *given)
{
	if (chunk->type == CHUNK_START) {
		options_merge(&reading->options, &chunk->options, given);
		/* --all shows what has not changed; what is normal is compared with nothing. */
		reading->options.scope.all = false;
	}
	return chunk->type == CHUNK_LOOK ? take_look(reading) : story_record(&reading->story, &chunk->row);
}

static int read_all(struct reading *reading, const struct options *given)
{
	struct recording_chunk chunk;
	int got;

	for (;;) {
		got = recording_next(reading->recording, &chunk, &reading->looks[reading->look_count % 2],
				     &reading->error);
		if (got <= 0)
			return got;
		got = take_chunk(reading, &chunk, given);
		if (got)
			return got;
	}
}

/* Returns 0 or -ENOMEM. `error` says what is wrong with the file; it has been printed. */
static int read_recording(struct reading *reading, const struct options *given)
{
	int err;

	reading->stalls = stalls_new();
	if (!reading->stalls)
		return -ENOMEM;
	err = recording_open(&reading->recording, reading->path, &reading->error);
	if (!err)
		err = read_all(reading, given);
	if (!reading->error)
		return err;
	messages_tell("%s: %s", reading->path, reading->error);
	return 0;
}

static void forget(struct reading *reading)
{
	story_free(&reading->story);
	stalls_free(reading->stalls);
	recording_close(reading->recording);
	look_free(&reading->looks[0]);
	look_free(&reading->looks[1]);
}

/* The second recording's first record and last, with the differences between them. */
static int write_report(const struct emitter_kind *emitter, void *state, const struct story *story,
			const struct report *report)
{
	struct look_record head = {.realtime_ns = story->last_ns};
	struct look look = {.head = &head};
	struct row end = story->end;
	int err = emitter->record(state, &story->start);

	if (!err)
		err = emitter->look(state, report, &look);
	if (err || !story->has_end)
		return err;
	end.end.records = (int64_t)report->count + 2;
	return emitter->record(state, &end);
}

static int emit(const struct reading *after, const struct report *report, const struct sinks *sinks)
{
	const struct emitter_kind *emitter = sinks->json ? &emit_json : sinks->otlp ? &emit_otlp : &emit_table;
	struct options options = after->options;
	void *state = NULL;
	int err;

	options.scope.command = COMMAND_REPLAY;
	err = emitter->open(&state, &options, stdout);
	if (!err)
		err = write_report(emitter, state, &after->story, report);
	if (state)
		emitter->close(state);
	return err;
}

/* Without a look in both there is nothing to compare; and what one report does not show is not gone. */
static bool can_compare(const struct reading *before, const struct reading *after)
{
	if (!before->look_count || !after->look_count) {
		if (!before->error && !after->error)
			messages_tell("%s has no looks to compare", before->look_count ? after->path : before->path);
		return false;
	}
	if (before->options.scope.command == after->options.scope.command)
		return true;
	messages_tell("%s holds %s, %s holds %s: they cannot be compared", before->path,
		      command_names[before->options.scope.command], after->path,
		      command_names[after->options.scope.command]);
	return false;
}

/* Says so. */
static bool fits_nobody(const struct reading *before, const struct reading *after, const struct selection *selection)
{
	bool nobody = options_have_filters(selection) && !before->any_fits && !after->any_fits;

	if (nobody)
		fprintf(stderr, "sockstall: %s, %s: no process in them fits the filters\n", before->path, after->path);
	return nobody;
}

static int compare(const struct reading *before, const struct reading *after, const struct options *options)
{
	struct report report = {0};
	bool worse = false;
	int err = diff_stories(&report, &before->story, &after->story, options->scope.all);

	if (!err)
		err = emit(after, &report, &options->sinks);
	for (size_t i = 0; i < report.count; i++)
		worse |= report.rows[i].stuck;
	report_free(&report);
	if (err && err != -EPIPE) {
		fprintf(stderr, "sockstall: %s\n", strerror(-err));
		return EXIT_BROKE;
	}
	if (before->error || after->error)
		return EXIT_BROKE;
	if (!worse && fits_nobody(before, after, &options->scope.selection))
		return options->sinks.exit_code ? EXIT_NOBODY : EXIT_DONE;
	return options->sinks.exit_code && worse ? EXIT_STUCK : EXIT_DONE;
}

int run_diff(const struct options *options)
{
	struct reading before = {.path = options->replay_file}, after = {.path = options->sinks.diff_file};
	int err = read_recording(&before, options), code = EXIT_BROKE;
	bool unreadable =
		before.error && !before.look_count; /* nothing more to say: the reason would be the other's too */

	row_init(&after.story.end, ROW_END);
	if (!err && !unreadable)
		err = read_recording(&after, options);
	if (err)
		fprintf(stderr, "sockstall: %s\n", strerror(-err));
	else if (can_compare(&before, &after))
		code = compare(&before, &after, options);
	forget(&before);
	forget(&after);
	return code;
}
