/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "make_look.h"
#include "reports/waits/far_names.h"
#include "system/tcp_states.h"

#define NOW (10000 * SECOND)

enum { WEB, DB, OTHER, HOSTS };

/* nginx on web has sent 100 bytes, which postgres on db has got: the places of both in both streams. */
struct scene {
	struct look looks[HOSTS];
	struct look_step steps[HOSTS];
	struct report report;
};

static struct socket_record *add(struct look_builder *builder, const char *local, __u16 local_port, const char *peer,
				 __u16 peer_port)
{
	struct socket_record *socket = look_add_socket(builder, SOCKET_KIND_TCP, STATE_ESTABLISHED);

	look_connect(&socket->name, local, local_port, peer, peer_port);
	socket->flags |= SOCKET_HAS_MORE | SOCKET_FOR_CHAINS;
	return socket;
}

static void streams(struct socket_record *socket, __u32 snd_una, __u32 snd_nxt, __u32 rcv_nxt)
{
	socket->snd_una = snd_una;
	socket->snd_nxt = snd_nxt;
	socket->rcv_nxt = rcv_nxt;
}

static void finish(struct scene *scene, unsigned int host, struct look_builder *builder)
{
	static const char *const names[] = {"web", "db", "other"};
	struct look *look = &scene->looks[host];

	look_finish(builder, look);
	look->host = names[host];
	look->host_at = host;
	look->with_others = true;
	scene->steps[host].look = look;
}

static __u64 add_client(struct scene *scene, const char *peer)
{
	struct look_builder builder;
	struct socket_record *socket;
	__u64 cookie;

	look_begin(&builder, NOW);
	socket = add(&builder, "10.0.0.1", 4000, peer, 5432);
	streams(socket, 1100, 1100, 7000);
	look_add_owner(&builder, &socket->name, 20, 7, "nginx");
	cookie = socket->name.cookie;
	finish(scene, WEB, &builder);
	return cookie;
}

static void add_server(struct scene *scene, unsigned int host, const char *client, __u32 received, __u64 later_ns)
{
	struct look_builder builder;
	struct socket_record *socket;

	look_begin(&builder, NOW)->realtime_ns += later_ns;
	socket = add(&builder, "10.0.0.2", 5432, client, 4000);
	streams(socket, 7000, 7000, received);
	look_add_owner(&builder, &socket->name, 40, 9, "postgres");
	finish(scene, host, &builder);
}

static const char *name_of(struct scene *scene, __u64 cookie)
{
	const struct looks looks = {scene->steps, HOSTS};
	struct row *row = report_add(&scene->report, &scene->looks[WEB], ROW_READER);

	row->cookie = cookie;
	row->peer_addr = "10.0.0.2";
	assert_int_equal(far_names_fill(&scene->report, scene->report.count - 1, &looks), 0);
	return scene->report.rows[scene->report.count - 1].peer_name;
}

static void forget(struct scene *scene)
{
	report_free(&scene->report);
	for (size_t i = 0; i < HOSTS; i++)
		look_free(&scene->looks[i]);
}

static void the_process_on_the_other_host(void **state)
{
	struct scene scene = {0};
	__u64 cookie = add_client(&scene, "10.0.0.2");

	(void)state;
	assert_null(name_of(&scene, cookie));
	add_server(&scene, DB, "10.0.0.1", 1100, SECOND);
	assert_string_equal(name_of(&scene, cookie), "db:postgres/40");
	assert_null(name_of(&scene, cookie + 1));
	forget(&scene);
}

static void through_address_translation(void **state)
{
	struct scene scene = {0};
	__u64 cookie = add_client(&scene, "192.0.2.9");

	(void)state;
	add_server(&scene, DB, "10.0.0.254", 1100, 0);
	assert_string_equal(name_of(&scene, cookie), "db:postgres/40");
	forget(&scene);
}

/* A look that has no connections comes between: those of the last look with all of them hold for a while. */
static void hosts_look_for_chains_at_their_own_times(void **state)
{
	struct scene scene = {0};
	__u64 cookie = add_client(&scene, "10.0.0.2");
	struct look_builder builder;
	struct look without = {.host_at = DB};

	(void)state;
	add_server(&scene, DB, "10.0.0.1", 1100, 0);
	look_begin(&builder, NOW + SECOND);
	look_finish(&builder, &without);
	scene.steps[DB].look = &without;
	assert_null(name_of(&scene, cookie));
	scene.steps[DB].chained = &scene.looks[DB];
	assert_string_equal(name_of(&scene, cookie), "db:postgres/40");
	((struct look_record *)(void *)scene.looks[DB].bytes.data)->realtime_ns -= 60 * SECOND;
	assert_null(name_of(&scene, cookie));
	look_free(&without);
	forget(&scene);
}

/* The same addresses in another network, or a connection before this one. */
static void other_places_in_the_streams(void **state)
{
	struct scene scene = {0};
	__u64 cookie = add_client(&scene, "10.0.0.2");

	(void)state;
	add_server(&scene, DB, "10.0.0.1", 1000, 0);
	assert_null(name_of(&scene, cookie));
	add_server(&scene, OTHER, "10.0.0.1", 1100, 0);
	assert_string_equal(name_of(&scene, cookie), "other:postgres/40");
	forget(&scene);
}

static void in_doubt_nobody(void **state)
{
	struct scene scene = {0};
	__u64 cookie = add_client(&scene, "10.0.0.2");

	(void)state;
	add_server(&scene, DB, "10.0.0.1", 1100, 0);
	add_server(&scene, OTHER, "10.0.0.1", 1100, 0);
	assert_null(name_of(&scene, cookie));
	forget(&scene);
}

static void not_from_another_time(void **state)
{
	struct scene scene = {0};
	__u64 cookie = add_client(&scene, "10.0.0.2");

	(void)state;
	add_server(&scene, DB, "10.0.0.1", 1100, 11 * SECOND);
	assert_null(name_of(&scene, cookie));
	forget(&scene);
}

static void not_over_loopback(void **state)
{
	struct scene scene = {0};
	__u64 cookie = add_client(&scene, "127.0.0.1");

	(void)state;
	add_server(&scene, DB, "10.0.0.1", 1100, 0);
	assert_null(name_of(&scene, cookie));
	forget(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_process_on_the_other_host),
		cmocka_unit_test(through_address_translation),
		cmocka_unit_test(hosts_look_for_chains_at_their_own_times),
		cmocka_unit_test(other_places_in_the_streams),
		cmocka_unit_test(in_doubt_nobody),
		cmocka_unit_test(not_from_another_time),
		cmocka_unit_test(not_over_loopback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
