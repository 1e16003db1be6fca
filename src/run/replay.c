/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A replay: the looks of a recording through the same reports and emitters as a live run. */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "apart/files.h"
#include "base/clock.h"
#include "base/messages.h"
#include "base/signals.h"
#include "options/merge.h"
#include "run/replay.h"

static int replay_chunk(struct session *session, const struct recording_chunk *chunk)
{
	switch (chunk->type) {
	case CHUNK_START:
		return session_start(session, &chunk->row);
	case CHUNK_LOOK:
		return session_look(session);
	case CHUNK_END:
		if (!session->own_filters)
			session->any_fits = !chunk->row.end.nobody;
		return session_end(session, &chunk->row);
	}
	return 0;
}

#define PIECE_NS 50000000ULL

int replay_pace(const struct session *session, int signals, bool last)
{
	__u64 due = clock_ns(CLOCK_MONOTONIC) + session->options->pace.interval_ns;
	int answer = session->emitter->wait ? EMITTER_PAUSED : EMITTER_GO_ON;

	while (answer == EMITTER_PAUSED || (session->emitter->wait && (last || clock_ns(CLOCK_MONOTONIC) < due))) {
		answer = session->emitter->wait(session->emitter_state, PIECE_NS);
		if (answer < 0)
			return answer;
		if (answer == EMITTER_QUIT || signals_came(signals))
			return 1;
		if (answer == EMITTER_NEXT_LOOK && !last)
			return 0;
	}
	return 0;
}

static int replay_rest(struct session *session, struct recording *recording, int signals, const char **error)
{
	struct recording_chunk chunk;
	bool ended = false;
	int got;

	for (;;) {
		got = recording_next(recording, &chunk, session_next_look(session), error);
		/* One that was cut off has no end: what there is of it can be looked at all the same. */
		if (got <= 0 && !ended)
			replay_pace(session, signals, true);
		if (got <= 0)
			return got;
		got = replay_chunk(session, &chunk);
		if (got)
			return got;
		ended = chunk.type == CHUNK_END;
		if (chunk.type == CHUNK_LOOK || chunk.type == CHUNK_END)
			got = replay_pace(session, signals, chunk.type == CHUNK_END);
		if (got)
			return got < 0 ? got : 0;
	}
}

static int replay(struct session *session, struct options *merged, struct recording *recording,
		  const struct options *given, FILE *out, const char **error)
{
	struct recording_chunk chunk;
	struct wants wants;
	int signals, got = recording_next(recording, &chunk, session_next_look(session), error);

	if (got <= 0)
		return got;
	options_merge(merged, &chunk.options, given);
	session->own_filters = options_have_filters(&given->scope.selection);
	session->any_fits = !session->own_filters;
	got = session_open(session, merged, out);
	if (got)
		return got;
	/* Only a person can change what the session wants: without one it is asked once. */
	if (!session->emitter->wait)
		session_wants(session, &wants);
	signals = session->emitter->wait ? signals_open(false) : -1;
	got = replay_chunk(session, &chunk);
	if (!got)
		got = replay_rest(session, recording, signals, error);
	if (signals >= 0)
		close(signals);
	return got;
}

/* A recording through one emitter; NULL: the one that the options ask for. */
static int replay_one(const struct options *options, const struct emitter_kind *emitter, FILE *out,
		      struct outcome *outcome)
{
	struct session session = {.options = options, .emitter = emitter};
	struct recording *recording = NULL;
	struct options merged;
	const char *error = NULL;
	int err = recording_open(&recording, options->replay_file, &error), finished;

	if (!err)
		err = replay(&session, &merged, recording, options, out, &error);
	outcome->damage = error;
	outcome->nobody |= !error && session.look_count && !session.any_fits;
	if (!err || error) {
		finished = session_finish(&session, error);
		err = finished ? finished : err;
	}
	session_close(&session);
	recording_close(recording);
	if (error) {
		messages_tell("%s: %s", options->replay_file, error);
		return EXIT_BROKE;
	}
	return session_exit_code(&session, err);
}

static int replay_through(const struct options *options, const struct emitter_kind *emitter, FILE *out,
			  struct outcome *outcome)
{
	return (options->replay_count > 1 ? replay_hosts : replay_one)(options, emitter, out, outcome);
}

static int tell_unwritten(const char *path, int err)
{
	messages_tell("cannot write to %s: %s%s", path, strerror(-err), err == -EEXIST ? " (--force replaces it)" : "");
	return EXIT_BROKE;
}

/* Even the rest of a damaged recording is worth a page; if nothing is left, there is no page. */
static int replay_to_file(const struct options *options, const struct emitter_kind *emitter, enum file_place place,
			  const char *path, struct outcome *outcome)
{
	FILE *stream;
	int err = files_make(options->helpers.files, place, &stream, NULL, 0), code;

	if (err)
		return tell_unwritten(path, err);
	code = replay_through(options, emitter, stream, outcome);
	if (code == EXIT_BROKE && (!outcome->damage || !ftell(stream))) {
		files_drop(options->helpers.files, stream);
		return code;
	}
	err = files_commit(options->helpers.files, stream, options->sinks.force);
	return err ? tell_unwritten(path, err) : code;
}

int run_replay(const struct options *options)
{
	struct outcome outcome = {.damage = NULL};
	int code = EXIT_DONE;

	if (options->sinks.diff_file)
		return run_diff(options);
	if (options->sinks.html_file)
		code = replay_to_file(options, &emit_html, FILE_HTML, options->sinks.html_file, &outcome);
	if (options->sinks.trace_file && code != EXIT_BROKE)
		code = replay_to_file(options, &emit_trace, FILE_TRACE, options->sinks.trace_file, &outcome);
	if (!options->sinks.html_file && !options->sinks.trace_file)
		code = replay_through(options, NULL, stdout, &outcome);
	if (outcome.nobody)
		fprintf(stderr, "sockstall: %s%s: no process in it fits the filters%s\n", options->replay_file,
			options->replay_count > 1 ? " and the others" : "",
			" (it has only those that waited, or whose sockets did)");
	return code;
}
