/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Runs of sockstall, live and from a recording. Each returns the exit code (see sockstall(8)). */
#ifndef SOCKSTALL_RUN_RUN_H
#define SOCKSTALL_RUN_RUN_H

#include "history/recording.h"
#include "history/stalls.h"
#include "options/options.h"
#include "output/emit.h"

enum exit_code {
	EXIT_DONE = 0,
	EXIT_BROKE = 1,
	EXIT_USAGE = 2,
	EXIT_NOBODY = 3,
	EXIT_STUCK = 10,
};

/*
 * How a run ends that had this error, or 0: EXIT_DONE, also where the reader has gone; or EXIT_BROKE after one line on
 * stderr.
 */
int exit_code_of(int err);

/* A host that looks are taken on: in a live run the own one, in a replay that of each recording. */
struct session_host {
	const char *name; /* by its `start` record; NULL: not known */
	struct look looks[2]; /* this one and the one before, in turn */
	struct look chained; /* of several hosts: the last one with chains that is no more among these */
	size_t look_count;
	bool is_new; /* the last of them has not been reported on */
};

/* The common part of a live run and a replay: looks in, records out. */
struct session {
	const struct options *options;
	struct scope wanted; /* its scope, and what a person at the screen wants on top of it */
	const struct emitter_kind *emitter; /* NULL before session_open(): as the options say */
	void *emitter_state;
	struct stalls *stalls;
	struct recording *recording; /* NULL: none */
	struct session_host own; /* the host, where there is one */
	struct session_host *hosts; /* of several, the caller's; NULL until session_open(): the own */
	size_t host_count;
	size_t look_count; /* times that it reported */
	size_t records; /* written, `start` included */
	__u64 lost;
	bool any_stuck;
	bool may_have_chains; /* the last look had something that may be part of one, or one of them is open */
	bool any_fits; /* some look had somebody whom the filters fit, or it is known otherwise */
	bool folds; /* the emitter is given rows that are alike as one */
	bool own_filters; /* of a replay: they are not those of the live run */
	/*
	 * Reads what is to be said of the processes of a report beside what the look has: records for it. NULL: there
	 * is nobody to ask. Returns 0 or a negative errno.
	 */
	int (*complete)(void *context, const struct report *report, const struct look *look, struct buffer *records);
	void *complete_context;
	/* Called for each report when it has been written; NULL: nobody. */
	void (*watch)(void *context, const struct report *report, const struct look *look);
	void *watch_context;
};

/* A person at a terminal sees it, and can ask for more. */
bool session_is_interactive(const struct options *options, FILE *out);

/* Returns 0 or a negative errno. */
int session_open(struct session *session, const struct options *options, FILE *out);
int session_start(struct session *session, const struct row *start);

/* The look to fill next, of the only host. */
struct look *session_next_look(struct session *session);

/* That one has been filled: the one before, for the look that follows. It is not reported. */
void session_keep_look(struct session *session);

/* The same of one host of several, and that it has been filled. What a host holds is the caller's to free. */
struct look *session_host_next_look(struct session_host *host);
void session_host_took(struct session_host *host);
/* Before the next look takes the place of one with chains. */
void session_host_keep_chained(struct session_host *host);
void session_host_free(struct session_host *host);

/*
 * The last look of a host, or NULL; the latest of those of all hosts; and each with the one before, as reports take
 * them.
 */
struct look *session_host_look(struct session_host *host);
struct look *session_hosts_newest(struct session *session);
void session_hosts_look(struct session *session, struct look_step *steps);

/* Data that the next look should hold beside what the options ask for. */
void session_wants(struct session *session, struct wants *wants);

/*
 * Attends to whoever is at the screen, if anybody is. Returns 0, -ECANCELED if they want the end, or another negative
 * errno.
 */
int session_attend(const struct session *session);

/*
 * Reports on the look that session_next_look() gave and that has been filled; of several hosts, on the last look of
 * each.
 */
int session_look(struct session *session);
int session_look_at_all(struct session *session);
int session_end(struct session *session, const struct row *end);

/* For what is written after all looks. damage: what is wrong with the recording that is replayed, or NULL. */
int session_finish(struct session *session, const char *damage);
void session_close(struct session *session);

/* `err` of a session function; 0 for a reader that went away. */
int session_exit_code(const struct session *session, int err);

struct probe;

/* Has the session's reports completed with command lines: see probe_titles_read(). */
void titles_follow(struct session *session, struct probe *probe);

int run_live(const struct options *options, int argc, char **argv);

/* replay A --diff B */
int run_diff(const struct options *options);
int run_replay(const struct options *options);
int run_end(const struct options *options);
int run_check(const struct options *options);

#endif
