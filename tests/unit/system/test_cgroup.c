/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "system/cgroup.h"

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
	{"/user.slice/user-1000.slice/user@1000.service/user.slice/user-libpod_pod_" B ".slice/libpod-" A
	 ".scope/container",
	 A},
	{"/system.slice/web.service/libpod-payload-" A, A},
	{"/kubepods/besteffort/pod5f3cf6a2-0a67-4c4f-9d46-7a6d0f1a2b3c/crio-" A, A},
	/* containerd by itself: nerdctl with systemd, with cgroupfs; ctr in the namespace of Kubernetes */
	{"/system.slice/nerdctl-" A ".scope", A},
	{"/default/" A, A},
	{"/k8s.io/" A, A},
	/* Seen from a cgroup namespace beside it. */
	{"/../" A, A},
	{"/../../docker/" A, A},
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

/* ---- Which line of /proc/PID/cgroup ---- */

#define POD "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod5f3c.slice/"

static const struct {
	const char *file;
	const char *path; /* NULL: none */
} files[] = {
	/* v2 alone: systemd's service, Docker, the root */
	{"0::/system.slice/ssh.service\n", "/system.slice/ssh.service"},
	{"0::/system.slice/docker-" A ".scope\n", "/system.slice/docker-" A ".scope"},
	{"0::/\n", "/"},
	/* v1 alone: Docker, CRI-O */
	{"12:devices:/docker/" A "\n11:memory:/docker/" A "\n3:cpu,cpuacct:/docker/" A "\n1:name=systemd:/docker/" A
	 "\n",
	 "/docker/" A},
	{"11:pids:" POD "crio-" A ".scope\n5:rdma:/\n1:name=systemd:" POD "crio-" A ".scope\n", POD "crio-" A ".scope"},
	/* v1: not every controller has the cgroup that says where it is */
	{"9:freezer:/\n7:pids:/user.slice/user-0.slice/session-1.scope\n2:cpuset:/\n1:name=systemd:/user.slice\n",
	 "/user.slice/user-0.slice/session-1.scope"},
	/* Hybrid: Docker with cgroupfs leaves v2's for the daemon, containerd under Kubernetes and Podman do not. */
	{"12:memory:/docker/" A "\n1:name=systemd:/docker/" A "\n0::/system.slice/containerd.service\n", "/docker/" A},
	{"4:memory:" POD "cri-containerd-" A ".scope\n1:name=systemd:" POD "cri-containerd-" A ".scope\n0::/\n",
	 POD "cri-containerd-" A ".scope"},
	{"3:memory:/machine.slice/libpod-" A ".scope\n0::/machine.slice/libpod-" A ".scope/container\n",
	 "/machine.slice/libpod-" A ".scope/container"},
	{"8:memory:/system.slice/ssh.service\n1:name=systemd:/system.slice/ssh.service\n0::/system.slice/ssh.service\n",
	 "/system.slice/ssh.service"},
	/* v1 mounted for one controller only, as on a small system: v2 says where it is. */
	{"1:net_cls:/some/very/long/path/of/net_cls/only\n0::/init.scope\n", "/init.scope"},
	/* It ends. */
	{"0::/system.slice/docker-" A ".scope (deleted)\n", "/system.slice/docker-" A ".scope"},
	/* What is no such line. */
	{"", NULL},
	{"0::\n", NULL},
	{"nonsense\n0:\n::relative\n", NULL},
};

static void add_lines(struct cgroup_choice *choice, const char *file)
{
	while (*file) {
		size_t length = strcspn(file, "\n");
		char line[CGROUP_MAX];

		assert_true(length + 2 < sizeof(line));
		memcpy(line, file, length);
		memcpy(line + length, "\n", 2);
		cgroup_choice_add(choice, line);
		file += length + (file[length] == '\n');
	}
}

static void test_files(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct cgroup_choice choice = {0};

		add_lines(&choice, files[i].file);
		assert_string_equal(choice.path, files[i].path ? files[i].path : "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests_name("container", tests, NULL, NULL);
}
