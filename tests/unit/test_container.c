/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "container.h"

#define A "3f9a0c1be7d24f5586a1b0c2d3e4f5061728394a5b6c7d8e9f00112233445566"
#define B "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const struct {
	const char *cgroup;
	const char *id;
} cases[] = {
	/* Docker: cgroupfs, systemd, and with systemd inside */
	{"/docker/" A, A},
	{"/system.slice/docker-" A ".scope", A},
	{"/docker/" A "/system.slice/nginx.service", A},
	/* containerd below Kubernetes: systemd, cgroupfs, and the one set to the other */
	{"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod5f3c.slice/cri-containerd-" A ".scope", A},
	{"/kubepods/burstable/pod5f3cf6a2-0a67-4c4f-9d46-7a6d0f1a2b3c/" A, A},
	{"/system.slice/containerd.service/kubepods-besteffort-pod5f3c.slice:cri-containerd:" A, A},
	/* CRI-O, Podman */
	{"/kubepods.slice/kubepods-pod5f3c.slice/crio-" A ".scope", A},
	{"/kubepods.slice/kubepods-pod5f3c.slice/crio-" A ".scope/container", A},
	{"/machine.slice/libpod-" A ".scope", A},
	{"/machine.slice/libpod-" A ".scope/container", A},
	{"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" A ".scope", A},
	{"/libpod_parent/libpod-" A, A},
	/* A container in a container: the inner one. */
	{"/docker/" A "/kubelet/kubepods/besteffort/pod1/cri-containerd-" B ".scope", B},
	/* Not in a container */
	{"/", NULL},
	{"", NULL},
	{NULL, NULL},
	{"/user.slice/user-1000.slice/session-2.scope", NULL},
	{"/system.slice/ssh.service", NULL},
	{"/lxc/web", NULL},
	{"/machine.slice/libpod-conmon-" A ".scope", NULL},
	{"/system.slice/crio-conmon-" A ".scope", NULL},
	{"/docker/" A "0", NULL}, /* 65 digits: none of the runtimes' */
	{"/docker/3f9a0c1b", NULL},
	{"/docker/3F9A0C1BE7D24F5586A1B0C2D3E4F5061728394A5B6C7D8E9F00112233445566", NULL},
	{"/evil-" A, NULL},
};

static void test_paths(void **state)
{
	struct arena arena = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *id = container_id(&arena, cases[i].cgroup);

		if (cases[i].id) {
			if (!id)
				print_error("no id in %s\n", cases[i].cgroup);
			assert_non_null(id);
			assert_string_equal(id, cases[i].id);
		} else {
			assert_null(id);
		}
	}
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
	};

	return cmocka_run_group_tests_name("container", tests, NULL, NULL);
}
