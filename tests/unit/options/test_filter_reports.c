/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A filter matches any process, thread, holder, link or watched socket that a finding is about; each with its twin. */
#include "make_chain.h"

#include "options/filter.h"

#define FAR_NETNS 4026532000u

struct filtered {
	struct look look;
	struct report report;
	struct options options;
};

/* The report of the look, by the words of a command line. */
static void report_by(struct filtered *filtered, const char *words)
{
	char text[256], *rest = text, *argv[32] = {(char *)"sockstall"};
	int argc = 1;

	snprintf(text, sizeof(text), "%s", words);
	while ((argv[argc] = strsep(&rest, " ")))
		argc++;
	assert_int_equal(options_parse(&filtered->options, argc, argv), 0);
	filtered->report = (struct report){0};
	assert_int_equal(report_run(&filtered->report, &filtered->look, NULL, &filtered->options.scope), 0);
}

static void forget(struct filtered *filtered)
{
	report_free(&filtered->report);
	options_free(&filtered->options);
}

/* The report has so many findings, all of them stuck. */
static void shows(struct filtered *filtered, const char *words, size_t count)
{
	size_t i;

	report_by(filtered, words);
	if (filtered->report.count != count)
		fail_msg("%s: %zu findings, not %zu", words, filtered->report.count, count);
	for (i = 0; i < count; i++)
		assert_true(filtered->report.rows[i].stuck);
	forget(filtered);
}

static void all_show(struct filtered *filtered, const char *command, const char *const *filters, size_t count)
{
	char words[256];

	while (*filters) {
		snprintf(words, sizeof(words), "%s %s", command, *filters++);
		shows(filtered, words, count);
	}
}

#define ALL_SHOW(filtered, command, count, ...) \
	all_show(filtered, command, (const char *const[]){__VA_ARGS__, NULL}, count)

/* ---- Chains ---- */

static void any_link_counts(void **state)
{
	struct filtered filtered = {0};

	(void)state;
	all_wait();
	builder.thread->netns = FAR_NETNS;
	memcpy(builder.thread->comm, "pool-1", 7);
	sleeps(POSTGRES, POSTGRES, "postgres", SYS_clock_nanosleep);
	look_add_process(&builder, CURL, "/user.slice");
	look_add_process(&builder, NGINX, "/web.slice/nginx");
	look_add_process(&builder, POSTGRES, "/db.slice");
	look_finish(&builder, &filtered.look);
	ALL_SHOW(&filtered, "chains", 1, "-m 1s", "-p 10", "-p 20", "-p 30", "-p 40", "-p 7,20", "-c curl", "-c nginx",
		 "-c app", "-c pool-1", "-c postgres", "--port 80", "--port 4080", "--port 81", "--port 82",
		 "--port 4082", "--peer 10.0.0.1", "--netns 4026531840", "--netns 4026532000", "--cgroup /user.slice",
		 "--cgroup /web.slice", "--cgroup /db.slice", "-p 10 --port 82", "-c curl --cgroup /db.slice");
	ALL_SHOW(&filtered, "chains", 0, "-p 41", "-c cur", "--port 83", "--peer 10.0.0.2", "--netns 4026532001",
		 "--cgroup /web.slice/ng", "-p 10 --port 83", "-p 41 -c curl");
	look_free(&filtered.look);
}

/* The chain that is shown names the process that was asked for. The other waiters are counted as before. */
static void the_chain_through_it_is_shown(void **state)
{
	static const struct {
		const char *words, *why;
	} cases[] = {
		{"chains", "curl (pid 10) waits for nginx (pid 20)"},
		{"chains -p 50", "wget (pid 50) waits for app (pid 30)"},
		{"chains -c wget", "wget (pid 50) waits for app (pid 30)"},
		{"chains -p 20", "curl (pid 10) waits for nginx (pid 20)"},
	};
	struct filtered filtered = {0};
	size_t i;

	(void)state;
	front();
	reads(50, 50, "wget", 85);
	serves(APP, "app", 85);
	sleeps(APP, APP, "app", SYS_clock_nanosleep);
	look_finish(&builder, &filtered.look);
	for (i = 0; i < COUNT_OF(cases); i++) {
		report_by(&filtered, cases[i].words);
		assert_int_equal(filtered.report.count, 1);
		assert_int_equal(filtered.report.rows[0].chain.waiters, 2);
		assert_string_equal(filtered.report.rows[0].id, "chain-30");
		says(filtered.report.rows[0].why, cases[i].why);
		forget(&filtered);
	}
	look_free(&filtered.look);
}

/* The chain names one of the processes that share its end. */
static void any_holder_of_the_end_counts(void **state)
{
	struct socket_record *served;
	struct filtered filtered = {0};

	(void)state;
	begin();
	reads(CURL, CURL, "curl", 80);
	served = serves(NGINX, "nginx", 80);
	look_add_owner(&builder, &served->name, NGINX + 1, 6, "worker");
	look_add_process(&builder, NGINX + 1, "/worker");
	sleeps(NGINX, NGINX, "nginx", SYS_clock_nanosleep);
	sleeps(NGINX + 1, NGINX + 1, "worker", SYS_clock_nanosleep);
	look_finish(&builder, &filtered.look);
	ALL_SHOW(&filtered, "chains", 1, "-p 20", "-p 21", "-c worker", "--cgroup /worker");
	ALL_SHOW(&filtered, "chains", 0, "-p 22", "-c work");
	look_free(&filtered.look);
}

/* ---- Handshakes ---- */

static struct listener_record *shared_listener(void)
{
	struct listener_record *listener = look_add_listener(&builder, HERE, 80);

	look_add_owner(&builder, &listener->name, NGINX, 5, "master");
	look_add_owner(&builder, &listener->name, NGINX + 1, 5, "worker");
	look_add_owner(&builder, &listener->name, NGINX + 2, 5, "worker");
	look_add_process(&builder, NGINX + 2, "/last");
	return listener;
}

static void half_open(const struct listener_record *listener, __u16 count)
{
	__u16 i;

	for (i = 0; i < count; i++)
		look_add_request(&builder, listener, "10.0.0.9", 5000 + i, NOW - 4 * SECOND)->num_timeout = 2;
}

static void any_holder_of_a_listener_counts(void **state)
{
	struct listener_record *listener;
	struct filtered filtered = {0};

	(void)state;
	begin();
	listener = shared_listener();
	half_open(listener, 1);
	listener->syn_queue = 1;
	look_finish(&builder, &filtered.look);
	ALL_SHOW(&filtered, "handshakes", 1, "-p 20", "-p 21", "-p 22", "-c master", "-c worker", "--cgroup /last",
		 "--port 80", "--port 5000", "--peer 10.0.0.9");
	ALL_SHOW(&filtered, "handshakes", 0, "-p 23", "-c work", "--cgroup /las", "--port 5001", "--peer 10.0.0.8");
	look_free(&filtered.look);
}

/* One finding stands for many connections; by one of these connections it is asked for that one alone. */
static void a_port_of_a_client_is_not_folded(void **state)
{
	struct listener_record *listener;
	struct filtered filtered = {0};

	(void)state;
	begin();
	listener = shared_listener();
	listener->syn_queue = 150;
	half_open(listener, 150);
	look_finish(&builder, &filtered.look);
	ALL_SHOW(&filtered, "handshakes", 1, "--port 80", "--port 5149", "-p 22 --port 5149");
	ALL_SHOW(&filtered, "handshakes", 0, "--port 5150", "-p 23 --port 5149");
	look_free(&filtered.look);
}

/* ---- Closing ---- */

static struct socket_record *close_wait(__u16 port)
{
	struct socket_record *socket = look_add_socket(&builder, SOCKET_KIND_TCP, 8 /* TCP_CLOSE_WAIT */);

	look_connect(&socket->name, HERE, 80, port < 6000 ? "10.0.0.9" : "10.0.0.8", port);
	socket->flags = SOCKET_ACCEPTED | SOCKET_EOF_READ;
	socket->bytes_received = 101;
	socket->bytes_sent = 200;
	socket->last_received_ns = NOW - 90 * SECOND;
	socket->last_sent_ns = NOW - 80 * SECOND;
	socket->last_ack_ns = NOW - 70 * SECOND;
	look_add_owner(&builder, &socket->name, NGINX, 6, "nginx");
	look_add_owner(&builder, &socket->name, NGINX + 1, 6, "worker");
	return socket;
}

/* A filter also finds one connection among more than a hundred that are folded. */
static void any_holder_and_any_of_many_counts(void **state)
{
	struct filtered filtered = {0};
	__u16 i;

	(void)state;
	begin();
	for (i = 0; i < 150; i++)
		close_wait(5000 + i);
	close_wait(6000);
	look_finish(&builder, &filtered.look);
	ALL_SHOW(&filtered, "closing", 1, "-p 20", "-p 21", "-c worker", "--port 80", "--port 5149", "--port 6000",
		 "--peer 10.0.0.8", "--peer 10.0.0.9", "-p 21 --peer 10.0.0.8");
	ALL_SHOW(&filtered, "closing", 0, "-p 22", "--port 5150", "--peer 10.0.0.7", "--peer 10.0.0.8 --port 5000");
	shows(&filtered, "closing --port 5000-5009", 10);
	report_by(&filtered, "closing --peer 10.0.0.9 --port 5000-5120");
	assert_int_equal(filtered.report.count, 1);
	assert_int_equal(filtered.report.rows[0].closing.connections, 121);
	forget(&filtered);
	look_free(&filtered.look);
}

/* ---- Readers and loops ---- */

/* A descriptor may come from another namespace than its thread is in. */
static void both_namespaces_of_a_reader_count(void **state)
{
	struct filtered filtered = {0};

	(void)state;
	begin();
	reads(CURL, CURL, "curl", 80);
	builder.thread->netns = FAR_NETNS;
	look_finish(&builder, &filtered.look);
	ALL_SHOW(&filtered, "readers", 1, "--netns 4026531840", "--netns 4026532000", "--netns 1 --netns 4026532000");
	ALL_SHOW(&filtered, "readers", 0, "--netns 1", "--netns 1 --netns 4026532001");
	look_free(&filtered.look);
}

/* A stalled loop does not serve the sockets that it watches. */
static void what_a_loop_watches_counts(void **state)
{
	struct instance_record *instance;
	struct loop_record *loop;
	struct filtered filtered = {0};

	(void)state;
	begin();
	look_add_sleeping(&builder, NGINX, NGINX, "nginx", NOW - 3 * SECOND)->syscall = SYS_clock_nanosleep;
	loop = look_add_loop(&builder);
	loop->waits = 1000;
	loop->returned_ns = NOW - 3 * SECOND;
	instance = look_add_instance(&builder, NGINX, loop->epoll_fd);
	look_add_watch_socket(&builder, look_add_watch(&builder, instance, 7), SOCKET_KIND_TCP, 1)->name.netns =
		FAR_NETNS;
	look_finish(&builder, &filtered.look);
	ALL_SHOW(&filtered, "epoll --exit-code", 1, "-p 20", "-c nginx", "--port 80", "--peer 10.0.0.2",
		 "--netns 4026531840", "--netns 4026532000");
	ALL_SHOW(&filtered, "epoll --exit-code", 0, "-p 21", "--port 81", "--peer 10.0.0.3", "--netns 4026532001");
	look_free(&filtered.look);
}

/* ---- Whether anybody is meant ---- */

static void fits_a_look(void **state)
{
	static const struct {
		const char *words;
		bool fits;
	} cases[] = {
		{"readers", true},
		{"readers -p 10", true},
		{"readers -p 20 --port 1", true},
		{"readers -c pool-1", true},
		{"readers -c nginx,typo", true},
		{"readers -c nginx --cgroup /web.slice", true},
		{"readers --port 1 --peer 1.2.3.4", true}, /* sockets come and go */
		{"readers --netns 4026531840", true},
		{"readers --netns 4026532000", true},
		{"readers -p 11", false},
		{"readers -c typo", false},
		{"readers -p 10 -c nginx", false}, /* each is there, but not together */
		{"readers -c curl --cgroup /web.slice", false},
		{"chains -p 10 -c nginx", true}, /* links of one chain may fit them */
		{"chains -p 10 -c typo", false},
		{"readers --cgroup /web", false},
		{"readers --netns 1", false},
		{"readers -p 10 --netns 1", false},
	};
	struct filtered filtered = {0};
	struct socket_record *served;
	size_t i;

	(void)state;
	begin();
	sleeps(CURL, CURL, "curl", SYS_clock_nanosleep);
	memcpy(builder.thread->comm, "pool-1", 7);
	served = serves(NGINX, "nginx", 80);
	served->name.state = 1;
	look_add_process(&builder, NGINX, "/web.slice");
	look_add_netns(&builder, FAR_NETNS, "far");
	look_finish(&builder, &filtered.look);
	for (i = 0; i < COUNT_OF(cases); i++) {
		report_by(&filtered, cases[i].words);
		if (filter_fits_look(&filtered.options.scope, &filtered.look) != cases[i].fits)
			fail_msg("%s", cases[i].words);
		forget(&filtered);
	}
	look_free(&filtered.look);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_link_counts),
		cmocka_unit_test(the_chain_through_it_is_shown),
		cmocka_unit_test(any_holder_of_the_end_counts),
		cmocka_unit_test(any_holder_of_a_listener_counts),
		cmocka_unit_test(a_port_of_a_client_is_not_folded),
		cmocka_unit_test(any_holder_and_any_of_many_counts),
		cmocka_unit_test(both_namespaces_of_a_reader_count),
		cmocka_unit_test(what_a_loop_watches_counts),
		cmocka_unit_test(fits_a_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
