/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The few hundred kernel types that BPF programs are relocated against, out of a hundred thousand. libbpf walks over
 * all types to look up one, and it looks up sixty.
 *
 * A type that is embedded in another comes with it as a whole. A type that is only pointed to does not: no field is
 * reached through a pointer, and libbpf compares two pointer fields only as pointers.
 */
#ifndef SOCKSTALL_SYSTEM_BTF_SUBSET_H
#define SOCKSTALL_SYSTEM_BTF_SUBSET_H

#include <linux/types.h>

#include "base/buffer.h"

struct btf_wanted {
	const char *name;
	__u32 kind; /* BTF_KIND_…: only the id of this one is asked for; 0: the types of this name go into the subset */
	__u32 id; /* what was asked for; 0: not there */
};

/*
 * Appends the subset to the buffer, as BTF of its own; the ids found are those of the whole. Returns 0, -ENOMEM, or
 * -EINVAL where the bytes are no BTF, or of a kind that is not known.
 */
int btf_subset(struct buffer *subset, const void *bytes, size_t size, struct btf_wanted *wanted, size_t count);

#endif
