/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A replay of recordings of several hosts as one. Their looks are put together by the wall clock: those that are nearer
 * to each other than half an interval are one step. A host that has no look in a step is taken to be as it last was.
 * Each host is judged by its own looks; lives of stalls are kept for all together.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/messages.h"
#include "base/signals.h"
#include "options/merge.h"
#include "run/replay.h"

/* Recordings of one look each belong together if no more than this lies between them. */
#define ONCE_INTERVAL_NS (10 * NS_PER_S)

/* One recording. */
struct source {
	const char *path, *error; /* error: what is wrong with it */
	struct recording *recording;
	struct recording_chunk chunk; /* the last that was read */
	struct row start;
	struct look ahead; /* the next look, */
	bool has_ahead; /* if there is one */
	bool ended; /* chunk is its end */
	__u64 interval_ns;
	struct session_host *host;
};

struct replay_hosts {
	struct session session;
	struct session_host *hosts;
	struct source *sources;
	size_t count;
	struct options merged;
	struct arena names;
	int signals;
};

/* Returns 0 or a negative errno. What is wrong with the file has been told. */
static int read_ahead(struct source *source)
{
	int got = recording_next(source->recording, &source->chunk, &source->ahead, &source->error);

	source->has_ahead = got > 0 && source->chunk.type == CHUNK_LOOK;
	source->ended = got > 0 && source->chunk.type == CHUNK_END;
	if (got < 0 && source->error) {
		messages_tell("%s: %s", source->path, source->error);
		return 0;
	}
	return got < 0 ? got : 0;
}

/* ---- Beginning ---- */

/* The file's name without folders and ending. */
static const char *name_of_file(struct arena *arena, const char *path)
{
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path, *dot = strrchr(base, '.');

	return arena_printf(arena, "%.*s", (int)(dot && dot > base ? dot - base : (long)strlen(base)), base);
}

static bool is_taken(const struct replay_hosts *replay, size_t before, const char *name)
{
	for (size_t i = 0; i < before; i++)
		if (!strcmp(replay->hosts[i].name, name))
			return true;
	return false;
}

/* The name in the recording, or else that of the file; a number follows where another recording has it. */
static const char *choose_name(struct replay_hosts *replay, size_t i)
{
	const char *recorded = replay->sources[i].start.start.host, *first, *name;

	first = recorded && *recorded ? recorded : name_of_file(&replay->names, replay->sources[i].path);
	name = first;
	for (size_t number = 2; is_taken(replay, i, name); number++)
		name = arena_printf(&replay->names, "%s#%zu", first, number);
	return name;
}

static int open_source(struct source *source, const char *path)
{
	int err, got;

	source->path = path;
	err = recording_open(&source->recording, path, &source->error);
	got = err ? err : recording_next(source->recording, &source->chunk, &source->ahead, &source->error);
	if (source->error)
		messages_tell("%s: %s", path, source->error);
	return got < 0 ? got : 0;
}

static void take_start(struct replay_hosts *replay, size_t i)
{
	struct source *source = &replay->sources[i];
	const struct pace *pace = &source->chunk.options.pace;

	source->start = source->chunk.row;
	source->interval_ns = pace->once ? ONCE_INTERVAL_NS : pace->interval_ns;
	source->host = &replay->hosts[i];
	source->host->name = choose_name(replay, i);
	source->start.start.host = source->host->name;
}

/* How it is shown is as the first recording was; filters are those of the command line alone. */
static void merge(struct replay_hosts *replay, const struct options *given)
{
	options_merge(&replay->merged, &replay->sources[0].chunk.options, given);
	replay->merged.scope.selection = given->scope.selection;
}

static int open_all(struct replay_hosts *replay, const struct options *options)
{
	int err = 0;

	replay->hosts = calloc(options->replay_count, sizeof(*replay->hosts));
	replay->sources = calloc(options->replay_count, sizeof(*replay->sources));
	if (!replay->hosts || !replay->sources)
		return -ENOMEM;
	for (size_t i = 0; i < options->replay_count && !err; i++) {
		replay->count++;
		err = open_source(&replay->sources[i], options->replay_files[i]);
		if (!err)
			take_start(replay, i);
	}
	return err;
}

static int begin(struct replay_hosts *replay, const struct options *given, FILE *out)
{
	struct session *session = &replay->session;
	struct wants wants;
	int err;

	merge(replay, given);
	session->hosts = replay->hosts;
	session->host_count = replay->count;
	session->own_filters = true;
	err = session_open(session, &replay->merged, out);
	if (err)
		return err;
	if (!session->emitter->wait)
		session_wants(session, &wants);
	replay->signals = session->emitter->wait ? signals_open(false) : -1;
	for (size_t i = 0; i < replay->count && !err; i++)
		err = session_start(session, &replay->sources[i].start);
	for (size_t i = 0; i < replay->count && !err; i++)
		err = read_ahead(&replay->sources[i]);
	return err;
}

/* ---- Steps ---- */

static __u64 time_of(const struct source *source)
{
	return source->ahead.head->realtime_ns;
}

/* The earliest look that is next; NULL: there is none. */
static struct source *earliest(const struct replay_hosts *replay)
{
	struct source *found = NULL;

	for (size_t i = 0; i < replay->count; i++) {
		struct source *source = &replay->sources[i];

		if (source->has_ahead && (!found || time_of(source) < time_of(found)))
			found = source;
	}
	return found;
}

static __u64 shortest_interval(const struct replay_hosts *replay)
{
	__u64 shortest = ~0ULL;

	for (size_t i = 0; i < replay->count; i++)
		if (replay->sources[i].interval_ns < shortest)
			shortest = replay->sources[i].interval_ns;
	return shortest;
}

static int advance(struct source *source)
{
	struct look *next, taken;

	session_host_keep_chained(source->host);
	next = session_host_next_look(source->host);
	taken = *next;
	*next = source->ahead;
	source->ahead = taken;
	session_host_took(source->host);
	return read_ahead(source);
}

/*
 * Takes all looks of the next step, the earliest at least: times may be any that a file has. Returns 1, 0 where there
 * is none, or a negative errno.
 */
static int take_step(struct replay_hosts *replay)
{
	const struct source *first = earliest(replay);
	__u64 begin, most;
	int err = 0;

	if (!first)
		return 0;
	begin = time_of(first);
	most = shortest_interval(replay) / 2;
	for (size_t i = 0; i < replay->count && !err; i++)
		if (replay->sources[i].has_ahead && time_of(&replay->sources[i]) - begin <= most)
			err = advance(&replay->sources[i]);
	return err ? err : 1;
}

static int write_ends(struct replay_hosts *replay)
{
	int err = 0;

	for (size_t i = 0; i < replay->count && !err; i++) {
		struct source *source = &replay->sources[i];

		if (!source->ended)
			continue;
		source->chunk.row.host = source->host->name;
		err = session_end(&replay->session, &source->chunk.row);
	}
	return err;
}

static int run_steps(struct replay_hosts *replay)
{
	int got;

	while ((got = take_step(replay)) > 0) {
		got = session_look_at_all(&replay->session);
		if (!got)
			got = replay_pace(&replay->session, replay->signals, !earliest(replay));
		if (got)
			return got < 0 ? got : 0;
	}
	return got ? got : write_ends(replay);
}

static void close_all(struct replay_hosts *replay)
{
	session_close(&replay->session);
	for (size_t i = 0; i < replay->count; i++) {
		recording_close(replay->sources[i].recording);
		look_free(&replay->sources[i].ahead);
		session_host_free(&replay->hosts[i]);
	}
	free(replay->hosts);
	free(replay->sources);
	arena_free(&replay->names);
	if (replay->signals >= 0)
		close(replay->signals);
}

static const char *damage_of(const struct replay_hosts *replay)
{
	for (size_t i = 0; i < replay->count; i++)
		if (replay->sources[i].error)
			return replay->sources[i].error;
	return NULL;
}

int replay_hosts(const struct options *options, const struct emitter_kind *emitter, FILE *out, struct outcome *outcome)
{
	struct replay_hosts replay = {.session = {.options = options, .emitter = emitter}, .signals = -1};
	int err = open_all(&replay, options), finished;
	bool opened = !err;

	if (!err)
		err = begin(&replay, options, out);
	if (!err)
		err = run_steps(&replay);
	outcome->damage = damage_of(&replay);
	outcome->nobody |= !outcome->damage && replay.session.look_count && !replay.session.any_fits;
	if (opened && !err) {
		finished = session_finish(&replay.session, outcome->damage);
		err = finished ? finished : err;
	}
	err = outcome->damage ? EXIT_BROKE : session_exit_code(&replay.session, err);
	close_all(&replay);
	return err;
}
