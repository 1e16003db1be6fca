/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The yardstick of the bench: an empty BPF program on the entry and the exit of syscalls, or on raw tracepoints.
 *
 *   empty SYSCALL...            attaches, prints a line, and stays until its standard input is closed
 *   empty raw TRACEPOINT...     the same, as sockstall's TCP tracepoints are attached
 */
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common.h"

/* return 0 */
static int load_empty(enum bpf_prog_type type)
{
	const struct bpf_insn program[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr attributes = {
		.prog_type = type,
		.insns = (__u64)program,
		.insn_cnt = sizeof(program) / sizeof(program[0]),
		.license = (__u64) "GPL",
	};
	int fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof(attributes));

	if (fd < 0)
		die("BPF_PROG_LOAD");
	return fd;
}

static int tracepoint_id(const char *side, const char *name)
{
	char path[256];
	FILE *file;
	int id;

	snprintf(path, sizeof(path), "/sys/kernel/tracing/events/syscalls/sys_%s_%s/id", side, name);
	file = fopen(path, "re");
	if (!file || fscanf(file, "%d", &id) != 1)
		die(path);
	fclose(file);
	return id;
}

static void attach(int program, const char *side, const char *name)
{
	struct perf_event_attr attributes = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attributes),
		.config = (__u64)tracepoint_id(side, name),
		.sample_period = 1,
		.wakeup_events = 1,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attributes, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0 || ioctl(fd, PERF_EVENT_IOC_SET_BPF, program) || ioctl(fd, PERF_EVENT_IOC_ENABLE, 0))
		die(name);
}

static void attach_raw(int program, const char *name)
{
	union bpf_attr attributes = {.raw_tracepoint = {.name = (__u64)name, .prog_fd = (__u32)program}};

	if (syscall(SYS_bpf, BPF_RAW_TRACEPOINT_OPEN, &attributes, sizeof(attributes)) < 0)
		die(name);
}

static void attach_syscalls(int program, char **names)
{
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL))
		die("tracefs");
	for (; *names; names++) {
		attach(program, "enter", *names);
		attach(program, "exit", *names);
	}
}

int main(int argc, char **argv)
{
	char byte;
	int i;

	if (argc > 2 && !strcmp(argv[1], "raw"))
		for (i = 2; i < argc; i++)
			attach_raw(load_empty(BPF_PROG_TYPE_RAW_TRACEPOINT), argv[i]);
	else
		attach_syscalls(load_empty(BPF_PROG_TYPE_TRACEPOINT), argv + 1);
	puts("ready");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}
