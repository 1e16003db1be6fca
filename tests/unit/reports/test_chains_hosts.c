/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Chains from host to host: curl and nginx are on web, the application on app, PostgreSQL on db. */
#include "make_chain.h"

#include <math.h>

enum { WEB, APPS, DB, OTHER, HOSTS };

/* What the connection to this port has at the end that asked: the next byte each way. */
#define SENT(port)     ((port)*1000u + 100)
#define RECEIVED(port) ((port)*1000u + 7)

static const char *const names[HOSTS] = {"web", "app", "db", "other"};

struct hosts {
	struct look looks[HOSTS];
	struct look_step steps[HOSTS];
	struct report report;
	struct link links[8];
	size_t count; /* links of the first row */
};

static void asks_from(struct socket_record *socket, const char *to)
{
	__u16 port = socket->name.peer_port;

	look_connect(&socket->name, "10.0.0.1", 4000, to, port);
	socket->flags |= SOCKET_HAS_MORE;
	socket->snd_nxt = socket->snd_una = SENT(port);
	socket->rcv_nxt = RECEIVED(port);
}

static void serves_for(struct socket_record *socket, const char *local)
{
	__u16 port = socket->name.local_port;

	look_connect(&socket->name, local, port, "10.0.0.1", 4000);
	socket->flags |= SOCKET_HAS_MORE;
	socket->snd_nxt = socket->snd_una = RECEIVED(port);
	socket->rcv_nxt = SENT(port);
}

static void finish(struct hosts *hosts, size_t at)
{
	look_finish(&builder, &hosts->looks[at]);
	hosts->looks[at].host = names[at];
	hosts->looks[at].host_at = (unsigned int)at;
	hosts->looks[at].with_others = true;
	hosts->steps[at].look = &hosts->looks[at];
}

static void add_web(struct hosts *hosts, const char *to)
{
	begin();
	reads(CURL, CURL, "curl", 80);
	serves(NGINX, "nginx", 80);
	asks_from(loops(NGINX, "nginx", 81), to);
	finish(hosts, WEB);
}

static void add_app(struct hosts *hosts, const char *local)
{
	begin();
	serves_for(serves(APP, "app", 81), local);
	asks_from(reads(APP, APP, "app", 82), "10.0.0.3");
	builder.thread->threads = 1;
	finish(hosts, APPS);
}

/* Its clocks are others: CLOCK_MONOTONIC by 1000 s, and CLOCK_REALTIME by 100 ms. */
static void add_db(struct hosts *hosts, size_t at)
{
	look_begin(&builder, NOW + 1000 * SECOND)->realtime_ns -= 1000 * SECOND - 100 * MILLISECOND;
	serves_for(serves(POSTGRES, "postgres", 82), "10.0.0.3");
	sleeps(POSTGRES, POSTGRES, "postgres", SYS_clock_nanosleep);
	finish(hosts, at);
}

static void show_hosts(struct hosts *hosts)
{
	const struct looks looks = {hosts->steps, HOSTS};
	struct options options = {
		.scope.command = COMMAND_CHAINS, .scope.min_age_ns = SECOND, .scope.min_age_given = true};
	const char *at;

	assert_int_equal(report_run_all(&hosts->report, &looks, &options.scope), 0);
	at = hosts->report.count ? hosts->report.rows[0].chain.links : NULL;
	while (links_next(&at, &hosts->report.arena, &hosts->links[hosts->count]))
		assert_true(++hosts->count < COUNT_OF(hosts->links));
}

static void hide_hosts(struct hosts *hosts)
{
	report_free(&hosts->report);
	for (size_t i = 0; i < HOSTS; i++)
		look_free(&hosts->looks[i]);
	*hosts = (struct hosts){.count = 0};
}

static void link_is(const struct hosts *hosts, size_t at, const char *host, int64_t pid)
{
	assert_true(at < hosts->count);
	assert_string_equal(hosts->links[at].host, host);
	assert_int_equal(hosts->links[at].pid, pid);
}

static void is_whole(const struct hosts *hosts)
{
	const struct row *row = &hosts->report.rows[0];

	assert_int_equal(hosts->report.count, 1);
	assert_string_equal(row->host, "db");
	assert_string_equal(row->id, "db/chain-40");
	assert_int_equal(row->chain.waiters, 1);
	assert_int_equal(hosts->count, 4);
	link_is(hosts, 0, "web", CURL);
	link_is(hosts, 1, "web", NGINX);
	link_is(hosts, 2, "app", APP);
	link_is(hosts, 3, "db", POSTGRES);
	says(row->why,
	     "curl (pid 10) on web waits for nginx (pid 20), which waits for app (pid 30) on app, which waits for "
	     "postgres (pid 40) on db");
	assert_true(fabs(hosts->links[0].age_s - 5.1) < 0.01);
	assert_true(fabs(hosts->links[2].age_s - 5.1) < 0.01);
}

static void from_host_to_host(void **state)
{
	struct hosts hosts = {.count = 0};

	(void)state;
	add_web(&hosts, "10.0.0.2");
	add_app(&hosts, "10.0.0.2");
	add_db(&hosts, DB);
	show_hosts(&hosts);
	is_whole(&hosts);
	/* All waits on the way hang on it, wherever they are. */
	assert_int_equal(hosts.report.wait_count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(hosts.report.waits[i].chain, "db/chain-40");
	hide_hosts(&hosts);
}

static void through_address_translation(void **state)
{
	struct hosts hosts = {.count = 0};

	(void)state;
	add_web(&hosts, "192.0.2.9");
	add_app(&hosts, "10.0.0.2");
	add_db(&hosts, DB);
	show_hosts(&hosts);
	is_whole(&hosts);
	hide_hosts(&hosts);
}

static void an_end_that_may_be_on_either_of_two_hosts(void **state)
{
	struct hosts hosts = {.count = 0};

	(void)state;
	add_web(&hosts, "10.0.0.2");
	add_app(&hosts, "10.0.0.2");
	add_db(&hosts, DB);
	add_db(&hosts, OTHER);
	show_hosts(&hosts);
	assert_int_equal(hosts.report.count, 1);
	assert_string_equal(hosts.report.rows[0].host, "app");
	assert_string_equal(hosts.report.rows[0].verdict, "remote");
	link_is(&hosts, 0, "web", CURL);
	link_is(&hosts, 2, "app", APP);
	hide_hosts(&hosts);
}

/* The application is asked by nobody that is known, and so it goes round. */
static void in_a_circle_over_two_hosts(void **state)
{
	struct hosts hosts = {.count = 0};

	(void)state;
	begin();
	asks_from(reads(NGINX, NGINX, "nginx", 81), "10.0.0.2");
	builder.thread->threads = 1;
	serves_for(serves(NGINX, "nginx", 82), "10.0.0.3");
	finish(&hosts, WEB);
	add_app(&hosts, "10.0.0.2");
	show_hosts(&hosts);
	for (size_t i = 0; i < hosts.report.count; i++)
		assert_string_equal(hosts.report.rows[i].verdict, "remote");
	hide_hosts(&hosts);
}

/* From web to app, and there the application asks nginx' neighbour on web. */
static void back_to_the_first_host(void **state)
{
	struct hosts hosts = {.count = 0};

	(void)state;
	begin();
	asks_from(loops(NGINX, "nginx", 81), "10.0.0.2");
	serves_for(serves(POSTGRES, "postgres", 82), "10.0.0.3");
	sleeps(POSTGRES, POSTGRES, "postgres", SYS_clock_nanosleep);
	finish(&hosts, WEB);
	add_app(&hosts, "10.0.0.2");
	show_hosts(&hosts);
	assert_int_equal(hosts.report.count, 1);
	assert_string_equal(hosts.report.rows[0].host, "web");
	assert_int_equal(hosts.report.rows[0].pid, POSTGRES);
	assert_int_equal(hosts.count, 3);
	link_is(&hosts, 0, "web", NGINX);
	link_is(&hosts, 1, "app", APP);
	link_is(&hosts, 2, "web", POSTGRES);
	hide_hosts(&hosts);
}

/* Its look is of another time: who has the end there now says nothing. */
static void a_look_of_another_time(void **state)
{
	struct hosts hosts = {.count = 0};

	(void)state;
	add_web(&hosts, "10.0.0.2");
	add_app(&hosts, "10.0.0.2");
	look_begin(&builder, NOW + 60 * SECOND);
	serves_for(serves(POSTGRES, "postgres", 82), "10.0.0.3");
	finish(&hosts, DB);
	show_hosts(&hosts);
	assert_int_equal(hosts.report.count, 1);
	assert_string_equal(hosts.report.rows[0].host, "app");
	hide_hosts(&hosts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_host_to_host),
		cmocka_unit_test(through_address_translation),
		cmocka_unit_test(an_end_that_may_be_on_either_of_two_hosts),
		cmocka_unit_test(in_a_circle_over_two_hosts),
		cmocka_unit_test(back_to_the_first_host),
		cmocka_unit_test(a_look_of_another_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
