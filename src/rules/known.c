/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "rules/known.h"

#include <string.h>

#include "base/array.h"

#define FIXED_WORKERS                                                                                             \
	"Servers with a fixed number of workers, when all are busy: php-fpm, gunicorn with sync workers, Apache " \
	"prefork, uWSGI, unicorn."
#define ONE_LOOP                                                                                               \
	"Servers with one loop, when it computes or blocks: Node in execSync, Redis in a Lua script or KEYS, " \
	"Python asyncio in a synchronous call."

static const struct known {
	const char *report, *verdict, *programs;
} known[] = {
	{"handshake", "accept_queue_full", FIXED_WORKERS},
	{"handshake", "not_accepted", FIXED_WORKERS " " ONE_LOOP},
	{"handshake", "deferred",
	 "Servers that set TCP_DEFER_ACCEPT: nginx (listen … deferred), Apache (AcceptFilter), HAProxy (defer-accept)."},
	{"listener", "accept_queue_full", FIXED_WORKERS},
	{"listener", "not_accepting", FIXED_WORKERS " " ONE_LOOP},
	{"reader", "awaiting_reply",
	 "Clients that set no timeout by themselves: libpq and psql, PostgreSQL's JDBC driver (socketTimeout), MySQL "
	 "Connector/J (socketTimeout), Python requests (timeout=)."},
	{"reader", "no_request",
	 "Browsers open spare connections in advance. Load balancers connect to see whether a port is open. A gunicorn "
	 "sync worker and an Apache prefork child serve nobody else meanwhile."},
	{"reader", "maybe_dead", "Redis with tcp-keepalive 0, and servers that never set SO_KEEPALIVE."},
	{"writer", "window_zero",
	 "curl or pg_dump into a pipe whose reader is stopped or slow. Servers that send to a subscriber that has "
	 "stopped reading: Redis, NATS, rsyslog."},
	{"writer", "not_read",
	 "Programs that call syslog(3) while rsyslog or journald is stuck. nginx and Apache with a log in a pipe (rotatelogs, "
	 "a shipper). Parents that wait for a child before they read its output (Python subprocess with wait and PIPE)."},
	{"closing", "not_closed",
	 "Pools that look at a connection only when it is used next: Apache HttpClient for Java, Python requests "
	 "sessions. Programs that leak descriptors."},
	{"loop", "stalled",
	 "Node: execSync, fs.*Sync, large JSON, a regular expression that backtracks. Python asyncio: time.sleep, "
	 "requests, a synchronous database driver. Redis: KEYS, Lua, DEL of a large key. nginx: reads from a slow disk."},
	{"loop", "blocked_in_read", "Python asyncio, tornado and Twisted that call requests or a database driver."},
	{"loop", "spinning", "Loops that leave EPOLLOUT on with nothing to write, or do not close on EPOLLHUP."},
	{"loop", "select_limit",
	 "Programs that use c-ares with ares_fds(), old net-snmp, or FD_SET in their own code."},
	{"loop", "near_limit", "nginx, HAProxy and Redis with more connections than RLIMIT_NOFILE was planned for."},
	{"loop", "edge_stall", "Hand-written loops with EPOLLET that do not read until EAGAIN."},
	{"chain", "deadlock",
	 "Services with a fixed pool each that call one another: gunicorn, Puma, Tomcat. Servers with one thread that call "
	 "themselves: PHP's built-in server, wsgiref."},
};

const size_t known_programs_count = COUNT_OF(known);

bool known_to_wait(const char *comm)
{
	static const char *const servers[] = {"redis-server", "valkey-server", "keydb-server", "beanstalkd"};

	for (size_t i = 0; i < COUNT_OF(servers); i++) {
		if (!strncmp(comm, servers[i], 16))
			return true;
	}
	return false;
}

const char *known_programs(const char *report, const char *verdict)
{
	for (size_t i = 0; i < COUNT_OF(known); i++) {
		if (!strcmp(known[i].report, report) && !strcmp(known[i].verdict, verdict))
			return known[i].programs;
	}
	return NULL;
}
