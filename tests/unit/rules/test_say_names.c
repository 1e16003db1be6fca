/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/array.h"
#include "rules/say_names.h"

#define DOCKER	"/system.slice/docker-3f.scope"
#define PODMAN	"/machine.slice/libpod-3f.scope"
#define SERVICE "/system.slice/nginx.service"

static const struct {
	struct names names;
	const char *says;
} cases[] = {
	{{.cgroup = SERVICE, .unit = "nginx.service"}, "systemctl status nginx.service, journalctl -u nginx.service"},
	{{.cgroup = SERVICE, .unit = "getty@tty1.service"},
	 "systemctl status getty@tty1.service, journalctl -u getty@tty1.service"},
	{{.cgroup = "/init.scope", .unit = "init.scope"}, NULL},
	{{.cgroup = "/user.slice/user-1000.slice/user@1000.service/app.service", .unit = "app.service"}, NULL},
	{{.unit = "nginx.service"}, NULL},
	{{.cgroup = SERVICE, .unit = ".service"}, NULL},
	{{.cgroup = SERVICE, .unit = "a\\x2db.service"}, NULL},
	{{.cgroup = SERVICE, .unit = "a$(b).service"}, NULL},
	{{.cgroup = SERVICE, .unit = "a`b`.service"}, NULL},
	{{.cgroup = SERVICE, .unit = "a b.service"}, NULL},
	{{.cgroup = SERVICE, .unit = "a\nb.service"}, NULL},
	{{.cgroup = SERVICE, .unit = "--help.service"}, NULL},
	{{.cgroup = SERVICE, .unit = "gr\xc3\xbcn.service"}, NULL},
	{{.cgroup = DOCKER, .container = "web-1"}, "docker logs web-1"},
	{{.cgroup = "/docker/3f", .container = "web-1"}, "docker logs web-1"},
	{{.cgroup = PODMAN, .container = "web-1"}, "podman logs web-1"},
	{{.cgroup = "/kubepods/3f", .container = "web-1"}, NULL},
	{{.cgroup = DOCKER, .container = "web'1"}, NULL},
	{{.cgroup = DOCKER, .container = ""}, NULL},
	{{.cgroup = DOCKER, .container = "-f"}, NULL},
	{{.pod = "web-0", .namespace = "shop"}, "kubectl -n shop describe pod web-0"},
	{{.pod = "web-0", .namespace = "shop", .container = "api"},
	 "kubectl -n shop describe pod web-0, kubectl -n shop logs web-0 -c api"},
	{{.pod = "web-0", .namespace = "shop", .container = "a|b"}, "kubectl -n shop describe pod web-0"},
	{{.pod = "web-0", .namespace = "sh&op"}, NULL},
	{{.pod = "web-0"}, NULL},
	{{.pod = "web>0", .namespace = "shop", .cgroup = DOCKER, .container = "web-1"}, NULL},
	{{.cgroup = NULL}, NULL},
};

static void commands_of_names(void **state)
{
	struct arena arena = {0};
	const char *says;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++) {
		says = say_names(&arena, &cases[i].names);
		if (cases[i].says && says)
			assert_string_equal(says, cases[i].says);
		else
			assert_ptr_equal(says, cases[i].says);
	}
	arena_free(&arena);
}

static void long_names(void **state)
{
	struct arena arena = {0};
	char name[300];

	(void)state;
	memset(name, 'a', sizeof(name));
	name[253] = '\0';
	assert_non_null(say_names(&arena, &(struct names){.cgroup = DOCKER, .container = name}));
	name[253] = 'a';
	name[254] = '\0';
	assert_null(say_names(&arena, &(struct names){.cgroup = DOCKER, .container = name}));
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_of_names),
		cmocka_unit_test(long_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
