/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Finds what this kernel's BPF can do, by loading a program of two instructions. A version would tell less: enterprise
 * kernels have features that their version lacks.
 */
#include <bpf/bpf.h>

#include "probe/load/load.h"

/* A kernel that refuses everything (no rights, lockdown) counts as a new one: the reason then comes from loading. */
static bool has_helper(enum bpf_func_id helper)
{
	return libbpf_probe_bpf_helper(BPF_PROG_TYPE_TRACEPOINT, helper, NULL) != 0;
}

const struct probe_features *probe_features(void)
{
	static struct probe_features features;
	static bool known;

	if (!known) {
		features.local_storage = has_helper(BPF_FUNC_task_storage_get);
		features.loop = has_helper(BPF_FUNC_loop);
		known = true;
	}
	return &features;
}
