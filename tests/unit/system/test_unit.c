/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "system/unit.h"

static const struct {
	const char *cgroup, *unit;
} cases[] = {
	{"/system.slice/nginx.service", "nginx.service"},
	{"/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service"},
	{"/init.scope", "init.scope"},
	{"/system.slice/postgresql@15-main.service/worker", "postgresql@15-main.service"},
	{"/user.slice/user-1000.slice/session-2.scope", "session-2.scope"},
	{"/user.slice/user-1000.slice/user@1000.service/app.slice/app-web.service", "app-web.service"},
	{"/user.slice/user-1000.slice/user@1000.service/init.scope", "init.scope"},
	{"/user.slice/user-1000.slice/user@1000.service", "user@1000.service"},
	{"/user.slice/user-1000.slice/user@1000.service/app.slice/other", "user@1000.service"},
	{"/system.slice/_cpu.service", "cpu.service"},
	{"/system.slice/docker-3f9a.scope/system.slice/nginx.service", "docker-3f9a.scope"},
	{"/docker/3f9a", NULL},
	{"/system.slice", NULL},
	{"/", NULL},
	{"", NULL},
	{NULL, NULL},
	{"/.service", NULL},
	{"/.slice/a.service", NULL},
	{"///system.slice//a.service///", "a.service"},
	{"/system.slice/user@.service/a.service", "user@.service"},
	{"/system.slice/_", NULL},
};

static void finds_the_unit(void **state)
{
	struct arena arena = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *unit = unit_of(&arena, cases[i].cgroup);

		if (!cases[i].unit) {
			assert_null(unit);
			continue;
		}
		assert_non_null(unit);
		assert_string_equal(unit, cases[i].unit);
		assert_true(unit_is(cases[i].unit, cases[i].cgroup));
	}
	arena_free(&arena);
}

static void takes_a_name_as_systemctl_does(void **state)
{
	(void)state;
	assert_true(unit_is("nginx", "/system.slice/nginx.service"));
	assert_true(unit_is("nginx.service", "/system.slice/nginx.service"));
	assert_true(unit_is("session-2.scope", "/user.slice/session-2.scope"));
	assert_false(unit_is("session-2", "/user.slice/session-2.scope"));
	assert_false(unit_is("ngin", "/system.slice/nginx.service"));
	assert_false(unit_is("nginx.service.service", "/system.slice/nginx.service"));
	assert_false(unit_is("nginx.service", "/system.slice/nginx.service.service"));
	assert_false(unit_is("nginx", "/docker/nginx"));
	assert_false(unit_is("nginx", NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_unit),
		cmocka_unit_test(takes_a_name_as_systemctl_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
