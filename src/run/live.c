/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A live run: probe, look, report, wait, until the end. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "act/reactions.h"
#include "base/clock.h"
#include "base/messages.h"
#include "base/out.h"
#include "base/patience.h"
#include "base/signals.h"
#include "look/loop_rates.h"
#include "options/missing.h"
#include "probe/probe.h"
#include "reports/reports.h"
#include "rights/privileges.h"
#include "run/apart.h"
#include "run/begin.h"
#include "run/run.h"
#include "system/netns.h"

/* With --once, the waits of loops are counted for this long before the look, so that one that spins is seen. */
#define ONCE_WATCH_NS (50 * NS_PER_MS)

/* Writing that takes this long waits for someone. */
#define UNREAD_NS NS_PER_S

#define PIECE_NS   (50 * NS_PER_MS)
#define SOONEST_NS (200 * NS_PER_MS)

/* Looking for what filters ask for and nobody is yet may take this part of the time. */
#define MISSING_DIVISOR 100

struct live {
	struct options options;
	struct probe *probe;
	struct session session;
	struct arena arena; /* texts of the start record */
	struct row start;
	struct run_apart apart;
	struct reactions *reactions; /* NULL: none */
	int signals; /* signalfd of SIGINT, SIGTERM, SIGHUP, and with --flight of SIGUSR1 */
	__u64 deadline_ns; /* CLOCK_MONOTONIC; 0: none */
	__u64 look_for_ns; /* CLOCK_MONOTONIC: when to look again for whom the filters fit */
	int attend_error; /* a negative errno, with which attending to a person ended a look; 0: none */
	bool stop;
};

/* Whether the signal that came was to dump, and not to end. */
static bool took_dump_signal(struct live *live)
{
	if (!live->options.reacting.flight_ns || signals_take(live->signals) != SIGUSR1)
		return false;
	reactions_dump(live->reactions);
	return true;
}

/* Waits until the moment, or until asked to end, or until the reader of a pipe has gone: poll() tells that without a write. */
static void sleep_until(struct live *live, __u64 moment_ns)
{
	struct pollfd wakers[] = {
		{.fd = live->signals, .events = POLLIN},
		{.fd = STDOUT_FILENO, .events = 0},
	};
	struct timespec left;
	__u64 now, ns;

	do {
		now = clock_ns(CLOCK_MONOTONIC);
		ns = moment_ns > now ? moment_ns - now : 0;
		left.tv_sec = (time_t)(ns / NS_PER_S);
		left.tv_nsec = (long)(ns % NS_PER_S);
		if (ppoll(wakers, 2, &left, NULL) <= 0)
			return;
	} while (wakers[0].revents && took_dump_signal(live));
	live->stop = true;
}

/*
 * A screen reads keys too, so the wait is cut into pieces that are short enough for a signal. A person's request leads
 * to a look at once, but not too soon after the last one.
 */
static int wait_for_person(struct live *live, __u64 moment_ns)
{
	__u64 now = clock_ns(CLOCK_MONOTONIC), soonest = now + SOONEST_NS;

	while (!live->stop && (now = clock_ns(CLOCK_MONOTONIC)) < moment_ns) {
		__u64 left = moment_ns - now;
		int answer =
			live->session.emitter->wait(live->session.emitter_state, left < PIECE_NS ? left : PIECE_NS);

		if (answer < 0)
			return answer;
		if (answer == EMITTER_QUIT || (signals_came(live->signals) && !took_dump_signal(live)))
			live->stop = true;
		if (answer == EMITTER_NEXT_LOOK && moment_ns > soonest)
			moment_ns = soonest;
	}
	return 0;
}

static int wait_for_next(struct live *live, __u64 moment_ns)
{
	if (live->session.emitter->wait)
		return wait_for_person(live, moment_ns);
	sleep_until(live, moment_ns);
	return 0;
}

/* For begin_at_clock(). */
static int wait_a_while(void *context, __u64 moment_ns)
{
	struct live *live = context;
	int err = 0;

	if (live->session.emitter)
		err = wait_for_next(live, moment_ns);
	else
		sleep_until(live, moment_ns);
	return err ? err : live->stop;
}

static const char *join_arguments(struct arena *arena, int argc, char **argv)
{
	const char *joined = "";
	int i;

	for (i = 1; i < argc; i++)
		joined = arena_printf(arena, "%s%s%s", joined, i > 1 ? " " : "", argv[i]);
	return joined;
}

static void fill_start(struct live *live, struct row *row, int argc, char **argv)
{
	struct utsname name;

	row_init(row, ROW_START);
	uname(&name);
	row->time_ns = clock_ns(CLOCK_REALTIME);
	row->start.version = SOCKSTALL_VERSION;
	row->start.kernel = arena_printf(&live->arena, "%s", name.release);
	row->start.host = arena_printf(&live->arena, "%s", live->options.sinks.host ?: name.nodename);
	row->start.command = command_in_records(live->options.scope.command);
	row->start.arguments = join_arguments(&live->arena, argc, argv);
	row->start.interval_s = (double)live->options.pace.interval_ns / 1e9;
	row->start.probes_used = probe_used(live->probe);
	row->start.probes_missing = probe_missing(live->probe);
}

static void fill_end(struct live *live, struct row *row)
{
	row_init(row, ROW_END);
	row->time_ns = clock_ns(CLOCK_REALTIME);
	row->end.looks = (int64_t)live->session.look_count;
	row->end.records = (int64_t)live->session.records;
	row->end.lost = (int64_t)live->session.lost;
	row->end.cpu_s = (double)clock_ns(CLOCK_PROCESS_CPUTIME_ID) / 1e9;
	row->end.nobody = !live->session.any_fits;
}

/*
 * Where what it writes to is not read (a stopped pager), it waits there: nothing piles up meanwhile, in memory or in the
 * kernel. How many looks were due is told by the next one.
 */
static int write_look(struct live *live)
{
	__u64 began = clock_ns(CLOCK_MONOTONIC), interval = probe_interval(live->probe), took;
	int err = session_look(&live->session);

	took = clock_ns(CLOCK_MONOTONIC) - began;
	if (took >= UNREAD_NS && took >= 2 * interval)
		probe_missed(live->probe, took / interval);
	return err;
}

/* Whether a person wants the end: see probe_attend(). */
static bool attend(void *context)
{
	struct live *live = context;
	int err = session_attend(&live->session);

	if (err && err != -ECANCELED)
		live->attend_error = err;
	return err != 0;
}

static int may_have_chains(void *context, const struct look *look)
{
	struct live *live = context;

	return report_may_have_chains(look, NULL, &live->options.scope);
}

/* Nobody fitted when the run began: whoever came since may be at rest, and in no look. */
static void look_for_missing(struct live *live, bool last)
{
	__u64 now = clock_ns(CLOCK_MONOTONIC);

	if (live->session.any_fits || (now < live->look_for_ns && !last))
		return;
	live->session.any_fits = asked_for_is_there(&live->options.scope);
	live->look_for_ns = now + MISSING_DIVISOR * (clock_ns(CLOCK_MONOTONIC) - now);
}

static int take_look(struct live *live)
{
	struct wants wants;
	int err;

	session_wants(&live->session, &wants);
	probe_want(live->probe, &wants);
	err = probe_look(live->probe, session_next_look(&live->session));
	if (live->attend_error)
		return live->attend_error;
	return err ? err : write_look(live);
}

static bool compares_looks(enum command command)
{
	return command == COMMAND_OVERVIEW || command == COMMAND_EPOLL || command == COMMAND_SERVICES;
}

/* A second look in place of the first, where that left something open; or after it, where their difference tells. */
static int look_again(struct live *live, struct look *first)
{
	bool compares = compares_looks(live->options.scope.command) && look_has_throttled(first);
	__u64 undecided_ns = probe_undecided(live->probe);

	if (compares && undecided_ns < NS_PER_S)
		undecided_ns = NS_PER_S;
	if (!undecided_ns)
		return 0;
	sleep_until(live, clock_ns(CLOCK_MONOTONIC) + undecided_ns);
	if (live->stop)
		return 0;
	probe_replace(live->probe, first);
	if (compares)
		session_keep_look(&live->session);
	return probe_look(live->probe, session_next_look(&live->session));
}

static int look_once(struct live *live)
{
	struct look *look = session_next_look(&live->session);
	int err;

	if (probe_counting_since(live->probe))
		sleep_until(live, probe_counting_since(live->probe) + ONCE_WATCH_NS);
	if (live->stop)
		return 0;
	err = probe_look(live->probe, look) ?: look_again(live, look);
	return err ? err : session_look(&live->session);
}

/* Looks are due at multiples of the interval; one that is missed is left out, not made up for. */
static int look_until_stopped(struct live *live)
{
	__u64 due = clock_ns(CLOCK_MONOTONIC), now;
	int err = 0;

	while (!live->stop && !err) {
		err = take_look(live);
		look_for_missing(live, false);
		now = clock_ns(CLOCK_MONOTONIC);
		if (live->deadline_ns && now >= live->deadline_ns)
			break;
		/* A look that a person asked for comes on top of the others. */
		if (due <= now)
			due += probe_interval(live->probe);
		if (due < now)
			due = now + probe_interval(live->probe);
		if (live->deadline_ns && due > live->deadline_ns)
			due = live->deadline_ns;
		if (!err)
			err = wait_for_next(live, due);
	}
	return err;
}

/* Without them a look is as it was before there were any. */
static int open_reactions(struct live *live)
{
	bool hold = live->session.emitter == &emit_screen;
	int err = reactions_open(&live->reactions, &live->options, &live->start, live->apart.exec, hold);

	if (!err && live->reactions) {
		live->session.watch = reactions_look;
		live->session.watch_context = live->reactions;
	}
	return err;
}

/* The recording is closed with its end also where the reader of stdout has gone. */
static int run_session(struct live *live, int argc, char **argv)
{
	struct row row;
	int err, end;

	fill_start(live, &live->start, argc, argv);
	err = open_reactions(live);
	if (!err)
		err = session_start(&live->session, &live->start);
	if (!err)
		err = live->options.pace.once ? look_once(live) : look_until_stopped(live);
	if (err == -ECANCELED)
		err = 0; /* asked to end in the middle of a look, or of writing: half of one is none */
	look_for_missing(live, true);
	fill_end(live, &row);
	end = session_end(&live->session, &row);
	return err ? err : end == -ECANCELED ? 0 : end;
}

static int open_recording(struct live *live)
{
	const char *path = live->options.sinks.record_file;
	int err;

	if (!path)
		return 0;
	err = recording_create(&live->session.recording, path, live->options.sinks.force);
	if (err)
		messages_tell("cannot record to %s: %s%s", path, strerror(-err),
			      err == -EEXIST && !live->options.sinks.force ? " (--force replaces it)" : "");
	return err;
}

static int close_recording(struct live *live, int err)
{
	int closed = recording_close(live->session.recording);

	return err ? err : closed;
}

static int run_opened(struct live *live, int argc, char **argv)
{
	const struct options *options = &live->options;
	int err = session_open(&live->session, options, stdout);

	if (!err) {
		if (live->session.emitter->attend)
			probe_attend(attend, live);
		if (options->scope.causes)
			probe_follow(live->probe, may_have_chains, live);
		titles_follow(&live->session, live->probe);
		privileges_drop(begin_privileges(options) | probe_privileges(live->probe));
		begin_tell_ready(&options->sinks);
		err = begin_at_clock(options->pace.at_ns, 0, wait_a_while, live);
		if (options->pace.duration_ns)
			live->deadline_ns = clock_ns(CLOCK_MONOTONIC) + options->pace.duration_ns;
		err = err < 0 ? err : run_session(live, argc, argv);
	}
	session_close(&live->session);
	end_tell_unread();
	reactions_close(live->reactions);
	return session_exit_code(&live->session, close_recording(live, err));
}

static int run_with_namespaces(struct live *live, int argc, char **argv)
{
	struct options *options = &live->options;
	int code = EXIT_BROKE;

	live->session.any_fits = asked_for_say_missing(&options->scope);
	options->scope.interactive = session_is_interactive(options, stdout);
	options->scope.causes = scope_has_causes(&options->scope);
	/* The same looks as the overview, counted. */
	if (options->scope.command == COMMAND_METRICS)
		options->scope.command = COMMAND_OVERVIEW;
	live->signals = signals_open(options->reacting.flight_ns);
	if (live->signals < 0) {
		fprintf(stderr, "sockstall: signals: %s\n", strerror(-live->signals));
		return EXIT_BROKE;
	}
	if (begin_at_clock(options->pace.at_ns, BEGIN_ATTACH_NS, wait_a_while, live))
		code = EXIT_DONE;
	else if (!run_apart_open(&live->apart, options) && !probe_open(&live->probe, options) && !open_recording(live))
		code = run_opened(live, argc, argv);
	probe_close(live->probe);
	run_apart_close(&live->apart);
	arena_free(&live->arena);
	close(live->signals);
	return code;
}

int run_live(const struct options *options, int argc, char **argv)
{
	struct live live = {.options = *options, .apart = RUN_APART_NONE};
	int code = asked_for_find_namespaces(&live.options.scope.selection) ? EXIT_BROKE
									    : run_with_namespaces(&live, argc, argv);

	free(live.options.scope.selection.netns_inodes);
	return code;
}
