/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "system/runtime.h"

#include <stddef.h>
#include <string.h>

#include "base/array.h"

/* What was seen. */
enum {
	LIBUV = 1 << 0,
	LIBEVENT = 1 << 1,
	LIBEV = 1 << 2,
	UVLOOP = 1 << 3,
	ASYNCIO = 1 << 4,
	GEVENT = 1 << 5,
	JAVA_NIO = 1 << 6,
	NETTY = 1 << 7,
	TOKIO = 1 << 8,
	GUEST_LOOP = 1 << 9, /* what Twisted and eventlet load, and asyncio programs may, too */
};

/* Part of a path; a library's name goes on with its version. */
static const struct {
	const char *part;
	unsigned int means;
} mappings[] = {
	{"/libuv.so", LIBUV},	      {"/libevent-2", LIBEVENT}, {"/libevent.so", LIBEVENT},
	{"/libevent_core", LIBEVENT}, {"/libev.so", LIBEV},	 {"/uvloop/loop", UVLOOP},
	{"/_asyncio.", ASYNCIO},      {"/gevent/", GEVENT},	 {"/zope/interface/", GUEST_LOOP},
	{"/greenlet/", GUEST_LOOP},   {"/libnio.so", JAVA_NIO},	 {"/libnetty_transport_native_epoll", NETTY},
};

/* The beginning of a name: the kernel keeps 15 bytes of it. */
static const struct {
	const char *start;
	unsigned int means;
} threads[] = {
	{"tokio-runtime-w", TOKIO}, {"tokio-rt-worker", TOKIO}, {"nioEventLoopGro", NETTY},
	{"epollEventLoopG", NETTY}, {"multiThreadIoEv", NETTY}, {"netty-", NETTY},
};

/* Programs that are, or bring along, one event loop. */
static const struct {
	const char *name, *runtime;
} programs[] = {
	{"node", "libuv"},	    {"nodejs", "libuv"},	 {"nginx", "nginx"},
	{"openresty", "nginx"},	    {"redis-server", "redis"},	 {"redis-check-rdb", "redis"},
	{"valkey-server", "redis"}, {"redis-sentinel", "redis"}, {"haproxy", "haproxy"},
	{"envoy", "envoy"},
};

void runtime_mapping(struct runtime_facts *facts, const char *path)
{
	size_t i;

	for (i = 0; i < COUNT_OF(mappings); i++) {
		if (strstr(path, mappings[i].part))
			facts->seen |= mappings[i].means;
	}
}

void runtime_thread(struct runtime_facts *facts, const char *name)
{
	size_t i;

	for (i = 0; i < COUNT_OF(threads); i++) {
		if (!strncmp(name, threads[i].start, strlen(threads[i].start)))
			facts->seen |= threads[i].means;
	}
}

/* How long the name of a program is without the version behind it: python3.11, node18. */
static size_t name_length(const char *name)
{
	size_t length = strcspn(name, " "); /* " (deleted)" */

	while (length && strchr("0123456789.", name[length - 1]))
		length--;
	return length;
}

static bool is_program(const char *name, const char *program)
{
	return name_length(name) == strlen(program) && !strncmp(name, program, strlen(program));
}

static const char *of_program(const char *name)
{
	size_t i;

	for (i = 0; i < COUNT_OF(programs); i++) {
		if (is_program(name, programs[i].name))
			return programs[i].runtime;
	}
	return NULL;
}

/*
 * Two event loops in one interpreter: which one a thread runs cannot be told from here. Twisted and eventlet import
 * asyncio, and mostly run their own.
 */
static const char *of_python(unsigned int seen)
{
	if (seen & GEVENT)
		return NULL;
	if (seen & UVLOOP)
		return "uvloop";
	return seen & ASYNCIO && !(seen & GUEST_LOOP) ? "asyncio" : NULL;
}

static const char *of_java(unsigned int seen)
{
	if (seen & NETTY)
		return "netty";
	return seen & JAVA_NIO ? "nio" : NULL;
}

static const char *of_libraries(unsigned int seen)
{
	if (seen & TOKIO)
		return "tokio";
	switch (seen & (LIBUV | LIBEVENT | LIBEV)) {
	case LIBUV:
		return "libuv";
	case LIBEVENT:
		return "libevent";
	case LIBEV:
		return "libev";
	}
	return NULL;
}

const char *runtime_of(const struct runtime_facts *facts)
{
	const char *slash = facts->executable ? strrchr(facts->executable, '/') : NULL;
	const char *name = slash ? slash + 1 : facts->executable ? facts->executable : "";
	const char *program = of_program(name);

	if (facts->go)
		return "go";
	if (program)
		return program;
	if (is_program(name, "python") || is_program(name, "pypy"))
		return of_python(facts->seen);
	if (is_program(name, "java"))
		return of_java(facts->seen);
	return of_libraries(facts->seen);
}

bool runtime_fits(const char *runtime, bool epoll)
{
	/* These wait with epoll wherever there is one. */
	static const char *const guests[] = {"asyncio", "uvloop", "libuv", "tokio", "nio", "netty", "go"};
	size_t i;

	for (i = 0; i < COUNT_OF(guests); i++) {
		if (!strcmp(runtime, guests[i]))
			return epoll;
	}
	return true;
}

bool runtime_remembers_ready(const char *runtime)
{
	static const char *const names[] = {"go", "tokio", "netty", "nginx", "envoy"};
	size_t i;

	for (i = 0; i < COUNT_OF(names); i++) {
		if (!strcmp(runtime, names[i]))
			return true;
	}
	return false;
}
