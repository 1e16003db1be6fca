// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* A replay: the looks of a recording through the same reports and emitters as a live run. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "new_file.h"
#include "run.h"

/* What the command line says goes before what the recording was made with. */
static void merge_options(struct options *merged, const struct options *recorded, const struct options *given)
{
	*merged = *recorded;
	if (given->command_given)
		merged->command = given->command;
	merged->json = given->json;
	merged->once = given->once;
	merged->no_color = given->no_color;
	merged->exit_code = given->exit_code;
	merged->record_file = NULL;
	merged->ready_fd = -1;
	merged->all |= given->all;
	merged->watches |= given->watches;
	if (given->min_age_given)
		merged->min_age_ns = given->min_age_ns, merged->min_age_given = true;
	if (given->pid_count)
		merged->pids = given->pids, merged->pid_count = given->pid_count;
	if (given->comm)
		merged->comm = given->comm;
	if (given->port_count)
		merged->ports = given->ports, merged->port_count = given->port_count;
	if (given->peer_given)
		merged->peer_given = true, merged->peer = given->peer, merged->peer_bits = given->peer_bits;
	if (given->netns != NETNS_ALL)
		merged->netns = given->netns, merged->netns_inode = given->netns_inode;
	if (given->cgroup)
		merged->cgroup = given->cgroup;
}

static int replay_chunk(struct session *session, const struct recording_chunk *chunk)
{
	switch (chunk->type) {
	case CHUNK_START:
		return session_start(session, &chunk->row);
	case CHUNK_LOOK:
		return session_look(session);
	case CHUNK_END:
		return session_end(session, &chunk->row);
	}
	return 0;
}

/* Between two looks of a replay on a screen, so that a person can follow it. */
static int pace(const struct session *session)
{
	if (!session->emitter->wait || !session->look_count)
		return 0;
	return session->emitter->wait(session->emitter_state, session->options->interval_ns);
}

static int replay_rest(struct session *session, struct recording *recording, const char **error)
{
	struct recording_chunk chunk;
	int got;

	for (;;) {
		got = recording_next(recording, &chunk, session_next_look(session), error);
		if (got <= 0)
			return got;
		got = replay_chunk(session, &chunk);
		if (got)
			return got;
		if (chunk.type == CHUNK_LOOK && pace(session) > 0)
			return 0;
	}
}

static int replay(struct session *session, struct options *merged, struct recording *recording,
		  const struct options *given, FILE *out, const char **error)
{
	struct recording_chunk chunk;
	int got = recording_next(recording, &chunk, session_next_look(session), error);

	if (got <= 0)
		return got;
	merge_options(merged, &chunk.options, given);
	got = session_open(session, merged, out);
	if (!got)
		got = replay_chunk(session, &chunk);
	return got ? got : replay_rest(session, recording, error);
}

/* A recording through one emitter; NULL: the one that the options ask for. *damage: what is wrong with it, or NULL. */
static int replay_through(const struct options *options, const struct emitter_kind *emitter, FILE *out,
			  const char **damage)
{
	struct session session = {.options = options, .emitter = emitter};
	struct recording *recording = NULL;
	struct options merged;
	const char *error = NULL;
	int err = recording_open(&recording, options->replay_file, &error), finished;

	if (!err)
		err = replay(&session, &merged, recording, options, out, &error);
	*damage = error;
	if (!err || error) {
		finished = session_finish(&session, error);
		err = finished ? finished : err;
	}
	session_close(&session);
	recording_close(recording);
	if (error) {
		fprintf(stderr, "sockstall: %s: %s\n", options->replay_file, error);
		return EXIT_BROKE;
	}
	return session_exit_code(&session, err);
}

/* What is left of a damaged recording is worth a page, too; where nothing is, there is none. */
static int replay_to_file(const struct options *options, const struct emitter_kind *emitter, const char *path)
{
	struct new_file file;
	const char *damage;
	int err = new_file_open(&file, path, 0600), code;

	if (err) {
		fprintf(stderr, "sockstall: cannot write to %s: %s\n", path, strerror(-err));
		return EXIT_BROKE;
	}
	code = replay_through(options, emitter, file.stream, &damage);
	if (code == EXIT_BROKE && (!damage || !ftell(file.stream))) {
		new_file_drop(&file);
		return code;
	}
	err = new_file_commit(&file, options->force);
	if (!err)
		return code;
	fprintf(stderr, "sockstall: cannot write to %s: %s%s\n", path, strerror(-err),
		err == -EEXIST ? " (--force replaces it)" : "");
	return EXIT_BROKE;
}

int run_replay(const struct options *options)
{
	const char *damage;

	if (options->html_file)
		return replay_to_file(options, &emit_html, options->html_file);
	return replay_through(options, NULL, stdout, &damage);
}
