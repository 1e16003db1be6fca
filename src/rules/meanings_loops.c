/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Meanings of verdicts on event loops. */
#include "base/array.h"
#include "rules/meanings.h"

static const struct verdict_meaning loops[] = {
	{"loop", "blocked_in_read", "the loop is stuck in a blocking read",
	 "Stalled, and asleep in a blocking read; a read of TCP counts also if the loop watches one connection alone. "
	 "The reader "
	 "report has that socket's facts.",
	 "Code in the loop calls a library that reads synchronously.",
	 "Read without blocking (O_NONBLOCK), or outside the loop. See what it waits for: sockstall readers -p PID."},
	{"loop", "stalled", "the loop has not come back to its wait",
	 "It used to come back often, and has been away from its wait for --min-age; now_in says where it is. What began "
	 "before the start is found by its events: two looks a second apart find events of a socket in an epoll instance "
	 "on which no thread has waited meanwhile, whatever the threads do. A poll or select with that instance in its set "
	 "would have returned, so it is another wait; and so is that of a loop within the loop (now_in: a nested event "
	 "loop). Where no wait of the thread was counted and the process has others, the events are what a client waits "
	 "for, and which thread it is is a guess (why says so). One look is enough where the only thread is asleep in "
	 "something that no event ends. Not "
	 "stalled is a loop whose instance other threads serve, one that has closed its epoll instance, and a thread "
	 "that polls one "
	 "connection. Nor is one that watches one connection and no listener, if nothing lies unread there and runtime "
	 "is null: a "
	 "database backend with a long query works for the client that asked. Nor is a worker that watches only a listener "
	 "which others watch, too, and take turns at: unless connections lie in its queue, nobody of them waits, and it "
	 "has been away for a second.",
	 "A long computation or a blocking call in the loop; or it is stopped, or frozen with its cgroup (now_in says "
	 "so).",
	 "See where the thread is: sockstall loops -p PID --stacks. kill -CONT if it is stopped; thaw its cgroup if it "
	 "is frozen."},
	{"loop", "spinning", "its waits return at once, again and again, and nothing is done",
	 "At least 1,000 waits a second that return at once without an event, where at least 5 % of the thread's time is "
	 "spent in them: a scheduler that looks for events in passing works. Or each returns an event that nobody consumes, "
	 "a hang-up, a timer that is not read, EPOLLOUT with nothing to write: no thread sleeps, it calls neither read nor "
	 "write, and for a second the counters of all connections that it watches stand still.",
	 "A timeout of 0, a timer that is always due, or an event that nobody consumes.",
	 "Give the wait a timeout, or find the timer that is always due. Consume the event, or watch it no more."},
	{"loop", "edge_stall", "a lost wake-up: it waits while data or connections lie unread in a socket it watches",
	 "It waits, nothing is on its ready list, and an edge-triggered socket that it watches holds bytes that it was "
	 "told of and has "
	 "not read for a second (10 s if the process has other threads), or is a listener that no other watches and that has "
	 "connections to accept. Not if some watched socket has yet to send: "
	 "then not to read "
	 "may be on purpose. Not in Go, tokio, Netty, nginx and Envoy, nor for sockets watched both ways at once: "
	 "those remember what "
	 "can be read.",
	 "Code that stops reading before EAGAIN.", "Read until EAGAIN, or watch without EPOLLET."},
	{"loop", "select_limit", "select with a descriptor at or above 1024",
	 "An fd_set has no room for such a descriptor.", "More descriptors are open than select can name.",
	 "Use poll or epoll."},
	{"loop", "near_limit", "nine tenths of a limit are used",
	 "Descriptors of its process (RLIMIT_NOFILE), watches of its user (fs.epoll.max_user_watches), or open files "
	 "of the machine "
	 "(fs.file-max).",
	 "Descriptors that are not closed, or a limit that is too low.",
	 "Find what is not closed; raise the limit with prlimit --nofile or sysctl."},
	{"loop", "saturated", "more events come than a wait can return", "Every wait returns max_events.",
	 "More load than the loop takes, or a small maxevents.", "Raise maxevents, or share the load."},
	{"loop", "dead_watches", "it waits for connections that nothing would ever end",
	 "Its wait has no timeout, and connections to other machines that it watches have been idle for 5 minutes, "
	 "with nothing that "
	 "would notice a dead peer: no keepalive, nothing in flight, and no timerfd among its watches.",
	 "Clients that went away without closing.", "Set SO_KEEPALIVE, or close what is idle."},
	{"loop", "ok", "nothing is wrong; only with --all",
	 "None of the above. Rates, lag and wait times of every loop.", NULL, NULL},
};

const struct verdict_meanings loop_meanings = {loops, COUNT_OF(loops)};
