/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The yardstick for looks: an empty BPF program on an iterator, read to its end.
 *
 *   scan task|tcp|task_file N      ns for each of N walks, the median; tcp: of the network namespace it runs in
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common.h"

#define MAX_ROUNDS 1000

/* return 0 */
static int load_empty(const char *iterator)
{
	const struct bpf_insn program[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_TRACE_ITER);
	int type = libbpf_find_vmlinux_btf_id(iterator, BPF_TRACE_ITER), fd;

	if (type < 0)
		die(iterator);
	options.attach_btf_id = (__u32)type;
	fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "empty", "GPL", program, sizeof(program) / sizeof(program[0]),
			   &options);
	if (fd < 0)
		die("BPF_PROG_LOAD");
	return fd;
}

static double walk(int link)
{
	double began = now_ns();
	char bytes[4096];
	int fd = bpf_iter_create(link);
	ssize_t got;

	if (fd < 0)
		die("BPF_ITER_CREATE");
	/* EAGAIN: a million objects without a byte (MAX_ITER_OBJECTS of the kernel's bpf_iter.c); it goes on. */
	do
		got = read(fd, bytes, sizeof(bytes));
	while (got > 0 || (got < 0 && errno == EAGAIN));
	if (got < 0)
		die("read");
	close(fd);
	return now_ns() - began;
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

int main(int argc, char **argv)
{
	static double took[MAX_ROUNDS];
	int i, link, count = argc == 3 ? atoi(argv[2]) : 0;

	if (count <= 0 || count > MAX_ROUNDS)
		return 2;
	link = bpf_link_create(load_empty(argv[1]), 0, BPF_TRACE_ITER, NULL);
	if (link < 0)
		die("BPF_LINK_CREATE");
	for (i = 0; i < count; i++)
		took[i] = walk(link);
	qsort(took, (size_t)count, sizeof(took[0]), compare);
	printf("%.0f\n", took[count / 2]);
	return 0;
}
