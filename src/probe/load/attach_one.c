/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Attaching one program, and whose fault it is where that fails. */
#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "probe/load/load.h"
#include "probe/load/sections.h"

/* One event on one CPU is enough: the program then runs on all of them. Returns a descriptor, or -1 with errno. */
static int open_event(int tracepoint)
{
	struct perf_event_attr attributes = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attributes),
		.config = (__u64)tracepoint,
		.sample_period = 1,
		.wakeup_events = 1,
	};

	return (int)syscall(SYS_perf_event_open, &attributes, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
}

/* Asks the kernel without libbpf: what it grants now was not what failed. */
static bool does_kernel_attach(const struct bpf_program *program, int target, enum bpf_attach_type type)
{
	int fd = bpf_link_create(bpf_program__fd(program), target, type, NULL);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int attach_event(const struct bpf_program *program, int tracepoint, struct probe_attached *attached)
{
	int err, fd = open_event(tracepoint);

	if (fd < 0)
		return -errno;
	attached->link = bpf_program__attach_perf_event(program, fd);
	attached->event = fd;
	if (attached->link)
		return 0;
	err = -errno;
	attached->by_libbpf = does_kernel_attach(program, fd, BPF_PERF_EVENT);
	close(fd);
	return err;
}

static int attach_section(const struct bpf_program *program, struct probe_attached *attached)
{
	int err;

	attached->link = probe_sections_attach(program);
	attached->event = -1;
	if (attached->link)
		return 0;
	err = -errno;
	attached->by_libbpf = does_kernel_attach(program, 0, bpf_program__expected_attach_type(program));
	return err;
}

int probe_attach_one(const struct bpf_program *program, const struct attempt *attempt, size_t place,
		     struct probe_attached *attached)
{
	memset(attached, 0, sizeof(*attached));
	if (probe_programs[place].tracepoint)
		return attach_event(program, attempt->tracepoints[place], attached);
	return attach_section(program, attached);
}

int probe_try_attach(const struct bpf_program *program, struct attempt *attempt, size_t place)
{
	struct probe_attached attached;
	int err = probe_attach_one(program, attempt, place, &attached);

	attempt->by_libbpf[place] = attached.by_libbpf;
	if (err)
		return err;
	if (attached.event < 0)
		bpf_link__destroy(attached.link);
	else
		attempt->tried[attempt->tried_count++] = (struct probe_tracepoint){attached.link, attached.event};
	return 0;
}

void probe_tried_release(struct attempt *attempt)
{
	probe_release_tracepoints(attempt->tried, attempt->tried_count);
	attempt->tried_count = 0;
}
