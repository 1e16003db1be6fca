/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Closing the last descriptor of a classic tracepoint waits for RCU grace periods, one tracepoint after
 * the other (perf_trace_event_unreg() under event_mutex): 70 ms each where this was measured. A person who has
 * pressed Ctrl-C should not wait for that. So a child takes copies of those descriptors, and of nothing
 * else, and closes them after sockstall has ended.
 *
 * Detaching the programs waits too (synchronize_rcu_tasks_trace() in perf_event_detach_bpf_prog(), 35 ms
 * each), but those waits can go side by side, one thread each. So the programs are gone when sockstall is.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <linux/close_range.h>
#include <sys/syscall.h>

#include "probe/load/load.h"

#define MAX_EVENTS PROBE_TRACEPOINTS

/* Moves the events to 0 and up (in place of stdin, stdout and stderr), the pipes behind them; closes all else. */
static void hold_only(const int *events, size_t count, int told, int alive)
{
	int high[MAX_EVENTS + 2];
	size_t i;

	/* First out of the way of the places they go to. */
	for (i = 0; i < count; i++)
		high[i] = fcntl(events[i], F_DUPFD, 2 * MAX_EVENTS);
	high[count] = fcntl(told, F_DUPFD, 2 * MAX_EVENTS);
	high[count + 1] = fcntl(alive, F_DUPFD, 2 * MAX_EVENTS);
	for (i = 0; i < count + 2; i++)
		dup2(high[i], (int)i);
	syscall(SYS_close_range, (unsigned int)count + 2, ~0U, 0);
}

/* Tells that it holds the events alone, and lets go of them when the parent has. */
static void child(const int *events, size_t count, int told, int alive)
{
	char byte;

	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	hold_only(events, count, told, alive);
	close((int)count);
	while (read((int)count + 1, &byte, 1) > 0)
		;
	_exit(0);
}

static void hand_over(const int *events, size_t count)
{
	int told[2], alive[2];
	pid_t pid;
	char byte;

	if (pipe2(told, O_CLOEXEC))
		return;
	if (pipe2(alive, O_CLOEXEC)) {
		close(told[0]);
		close(told[1]);
		return;
	}
	pid = fork();
	if (pid == 0)
		child(events, count, told[1], alive[0]);
	close(told[1]);
	close(alive[0]);
	while (pid > 0 && read(told[0], &byte, 1) > 0)
		;
	close(told[0]);
	/* The write end of alive stays open until this process ends: that is what the child waits for. */
}

static void *destroy(void *link)
{
	bpf_link__destroy(link);
	return NULL;
}

void probe_release_tracepoints(const struct probe_tracepoint *tracepoints, size_t count)
{
	pthread_t threads[MAX_EVENTS];
	bool started[MAX_EVENTS];
	int events[MAX_EVENTS];
	size_t i;

	if (!count)
		return;
	for (i = 0; i < count; i++)
		events[i] = tracepoints[i].event;
	hand_over(events, count);
	for (i = 0; i < count; i++) {
		started[i] = !pthread_create(&threads[i], NULL, destroy, tracepoints[i].link);
		if (!started[i])
			bpf_link__destroy(tracepoints[i].link);
	}
	for (i = 0; i < count; i++)
		if (started[i])
			pthread_join(threads[i], NULL);
}
