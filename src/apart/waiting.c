/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "apart/waiting.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

/* Between two looks at signals, and at what the process does. */
#define SLICE_MS 5

/* Whether it would go on if it had a CPU. Its own parent's child: /proc/PID/stat waits for nobody. */
static bool is_running(pid_t process)
{
	char path[32], text[512], *end;
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", process);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[got > 0 ? got : 0] = '\0';
	end = strrchr(text, ')');
	return end && end[1] == ' ' && end[2] == 'R';
}

static bool is_readable(int fd, int ms)
{
	struct pollfd waker = {.fd = fd, .events = POLLIN};

	return poll(&waker, 1, ms) > 0;
}

bool apart_wait_has_time(const struct apart_wait *wait)
{
	return wait->slept_ns < wait->all_ns && wait->busy_ns < wait->most_busy_ns;
}

/* A slice counts as no more than two, however late sockstall itself got a CPU again. */
int apart_wait_for(struct apart_wait *wait, int fd, pid_t process)
{
	__u64 slept = 0, slice, before = clock_ns(CLOCK_MONOTONIC), now;

	wait->slept = false;
	while (!is_readable(fd, SLICE_MS)) {
		if (wait->asked_to_end())
			return -ECANCELED;
		now = clock_ns(CLOCK_MONOTONIC);
		slice = now - before < 2 * SLICE_MS * NS_PER_MS ? now - before : 2 * SLICE_MS * NS_PER_MS;
		before = now;
		if (is_running(process)) {
			wait->busy_ns += slice;
		} else {
			slept += slice;
			wait->slept_ns += slice;
		}
		wait->slept = slept >= wait->once_ns;
		if (wait->slept || !apart_wait_has_time(wait))
			return is_readable(fd, 0);
	}
	return 1;
}
