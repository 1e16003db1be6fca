/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Meanings of verdicts on event loops. */
#include "base/array.h"
#include "rules/meanings.h"

static const struct verdict_meaning loops[] = {
	{"loop", "blocked_in_read", "the loop is stuck in a blocking read",
	 "Stalled, and asleep in a blocking read; a read of TCP counts also if the loop watches one connection alone. "
	 "The reader report has that socket's facts.",
	 "Code in the loop calls a library that reads synchronously.",
	 "Read without blocking (O_NONBLOCK), or outside the loop. See what it waits for: sockstall readers -p PID."},
	{"loop", "stalled", "the loop has not come back to its wait",
	 "It used to come back often, and has been away from its wait for --min-age; now_in says where it is. A stall from "
	 "before the start is found by its events: two looks a second apart find events of a socket in an epoll instance, "
	 "and no thread has waited on that instance in between. A poll or select with that instance in its set would have "
	 "returned, so it is another wait; so is the wait of a loop within the loop (now_in: a nested event loop). If no "
	 "wait of the thread was counted and the process has other threads, it is a guess which thread should serve the "
	 "events (why says so). One look is enough if the only thread is asleep in something that no event ends. Some "
	 "loops are away and not stalled: other threads serve their instance; or they have closed it; or the thread polls "
	 "one connection. A loop that watches one connection and no listener is not stalled either, if nothing is unread "
	 "there and runtime is null: a database backend with a long query works for the client that asked. A worker that "
	 "shares its listener with others is stalled only if connections wait in the queue, no worker waits for them, and "
	 "it has been away for a second.",
	 "A long computation or a blocking call in the loop; or it is stopped, or frozen with its cgroup (now_in says "
	 "so).",
	 "See where the thread is: sockstall loops -p PID --stacks. kill -CONT if it is stopped; thaw its cgroup if it "
	 "is frozen."},
	{"loop", "spinning", "its waits return at once, again and again, and nothing is done",
	 "At least 1,000 waits a second return at once without an event, and take at least 5 % of the thread's time (less "
	 "is a scheduler that checks for events in passing). Or each returns an event that nobody handles: a hang-up, a "
	 "timer that is not read, EPOLLOUT with nothing to write. Then the thread does not sleep, it calls neither read nor "
	 "write, and for a second the counters of all connections that it watches stand still.",
	 "A timeout of 0, a timer that is always due, or an event that nobody handles.",
	 "Give the wait a timeout, or find the timer that is always due. Handle the event, or stop watching its descriptor."},
	{"loop", "throttled", "its cgroup's CPU quota keeps it from running",
	 "Its cgroup, or one of the three above that, has a CPU quota (cpu.max; cpu.cfs_quota_us with cgroup v1). For at least 30 % of "
	 "the time since the look before the thread was ready to run and not on a CPU, while the cgroup was throttled (throttled_usec "
	 "of cpu.stat). Waiting for a CPU on a busy machine is not this.",
	 "A quota that is too low for the load, or other processes in the cgroup that use it up.",
	 "Raise cpu.max, or run less in the cgroup."},
	{"loop", "edge_stall", "a lost wake-up: it waits while data or connections lie unread in a socket it watches",
	 "It waits, nothing is on its ready list, and an edge-triggered socket that it watches holds bytes whose event it "
	 "got, and that it has not read for a second (10 s if the process has other threads). Or the socket is a listener "
	 "that no other loop watches, with connections to accept. Not reported if some watched socket still has data to "
	 "send: then the program may not read on purpose. Not reported for Go, tokio, Netty, nginx and Envoy, nor for "
	 "sockets watched both ways at once: those remember what can be read.",
	 "Code that stops reading before EAGAIN.", "Read until EAGAIN, or watch without EPOLLET."},
	{"loop", "select_limit", "select with a descriptor at or above 1024",
	 "An fd_set has no room for such a descriptor.", "More descriptors are open than select can name.",
	 "Use poll or epoll."},
	{"loop", "near_limit", "nine tenths of a limit are used",
	 "Descriptors of its process (RLIMIT_NOFILE), watches of its user (fs.epoll.max_user_watches), or open files "
	 "of the machine (fs.file-max).",
	 "Descriptors that are not closed, or a limit that is too low.",
	 "Find what is not closed; raise the limit with prlimit --nofile or sysctl."},
	{"loop", "saturated", "more events come than a wait can return", "Every wait returns max_events.",
	 "More load than the loop takes, or a small maxevents.", "Raise maxevents, or share the load."},
	{"loop", "dead_watches", "it waits for connections that nothing would ever end",
	 "Its wait has no timeout, and connections to other machines that it watches have been idle for 5 minutes, "
	 "with nothing that would notice a dead peer: no keepalive, nothing in flight, and no timerfd among its watches.",
	 "Clients that went away without closing.", "Set SO_KEEPALIVE, or close what is idle."},
	{"loop", "ok", "nothing is wrong; only with --all",
	 "None of the above. Rates, lag and wait times of every loop.", NULL, NULL},
};

const struct verdict_meanings loop_meanings = {loops, COUNT_OF(loops)};
