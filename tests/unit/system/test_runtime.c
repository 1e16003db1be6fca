/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Whose runtime a process is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "system/runtime.h"

static const struct {
	const char *executable;
	const char *mappings[3];
	const char *threads[2];
	bool go;
	const char *runtime; /* NULL: not sure */
} cases[] = {
	{"/usr/bin/node", {0}, {0}, false, "libuv"},
	{"/opt/node-v20/bin/node (deleted)", {0}, {0}, false, "libuv"},
	{"/usr/bin/nodejs18", {0}, {0}, false, "libuv"},
	{"/usr/local/bin/server", {0}, {0}, true, "go"},
	{"/usr/sbin/nginx", {0}, {0}, false, "nginx"},
	{"/usr/bin/redis-server", {0}, {0}, false, "redis"},
	{"/usr/bin/valkey-server", {0}, {0}, false, "redis"},
	{"/usr/sbin/haproxy", {0}, {0}, false, "haproxy"},
	{"/usr/local/bin/envoy", {0}, {0}, false, "envoy"},
	{"/usr/bin/memcached", {"/usr/lib/x86_64-linux-gnu/libevent-2.1.so.7.0.1"}, {0}, false, "libevent"},
	{"/usr/bin/x", {"/usr/lib/libev.so.4.0.0"}, {0}, false, "libev"},
	{"/usr/bin/x", {"/usr/lib/libuv.so.1.0.0"}, {0}, false, "libuv"},
	{"/usr/bin/x", {"/usr/lib/libuv.so.1.0.0", "/usr/lib/libev.so.4"}, {0}, false, NULL},
	{"/usr/bin/python3.11", {0}, {0}, false, NULL},
	{"/usr/bin/python3.11", {"/usr/lib/python3.11/lib-dynload/_asyncio.cpython-311.so"}, {0}, false, "asyncio"},
	{"/usr/bin/python3.11", {"/x/_asyncio.cpython-311.so", "/x/uvloop/loop.cpython-311.so"}, {0}, false, "uvloop"},
	{"/usr/bin/python3.11", {"/x/_asyncio.cpython-311.so", "/x/gevent/_x.so"}, {0}, false, NULL},
	{"/usr/bin/python3.11",
	 {"/x/_asyncio.c.so", "/x/zope/interface/_zope_interface_coptimizations.c.so"},
	 {0},
	 false,
	 NULL},
	{"/usr/bin/python3.11", {"/x/_asyncio.c.so", "/x/greenlet/_greenlet.c.so"}, {0}, false, NULL},
	{"/usr/bin/python3", {"/usr/lib/libuv.so.1"}, {0}, false, NULL},
	{"/usr/lib/jvm/bin/java", {"/usr/lib/jvm/lib/libnio.so"}, {0}, false, "nio"},
	{"/usr/lib/jvm/bin/java", {"/usr/lib/jvm/lib/libnio.so"}, {"nioEventLoopGro"}, false, "netty"},
	{"/usr/lib/jvm/bin/java", {0}, {"main"}, false, NULL},
	{"/usr/bin/proxy", {0}, {"tokio-runtime-w"}, false, "tokio"},
	{"/usr/bin/proxy", {0}, {"worker"}, false, NULL},
	/* Names that only look like one. */
	{"/usr/bin/node-exporter", {0}, {0}, false, NULL},
	{"/usr/bin/mynginx", {0}, {0}, false, NULL},
	{"/usr/bin/javac", {"/usr/lib/jvm/lib/libnio.so"}, {0}, false, NULL},
	{"/usr/bin/x", {"/usr/lib/libevdev.so.2"}, {0}, false, NULL},
	{"", {0}, {0}, false, NULL},
	{NULL, {0}, {0}, false, NULL},
};

static void test_runtimes(void **state)
{
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct runtime_facts facts = {.executable = cases[i].executable, .go = cases[i].go};
		const char *runtime;

		for (j = 0; j < 3 && cases[i].mappings[j]; j++)
			runtime_mapping(&facts, cases[i].mappings[j]);
		for (j = 0; j < 2 && cases[i].threads[j]; j++)
			runtime_thread(&facts, cases[i].threads[j]);
		runtime = runtime_of(&facts);
		if (!cases[i].runtime) {
			if (runtime)
				fail_msg("case %zu: %s", i, runtime);
			continue;
		}
		if (!runtime)
			fail_msg("case %zu: nothing", i);
		assert_string_equal(runtime, cases[i].runtime);
	}
}

/* asyncio that is loaded says nothing about a loop around poll; nginx can be told to use poll. */
static void test_loops_beside_it(void **state)
{
	(void)state;
	assert_true(runtime_fits("asyncio", true));
	assert_false(runtime_fits("asyncio", false));
	assert_true(runtime_fits("nginx", false));
	assert_true(runtime_fits("libevent", false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_runtimes), cmocka_unit_test(test_loops_beside_it)};

	return cmocka_run_group_tests_name("runtime", tests, NULL, NULL);
}
