/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Section handlers in place of libbpf's, for programs whose targets libbpf would look up in the kernel's own BTF. They
 * first declare a program type that libbpf does not look up. Before loading they set the real type and the id of the
 * target, which was found along with the types (btf_subset.h).
 */
#ifndef SOCKSTALL_PROBE_LOAD_SECTIONS_H
#define SOCKSTALL_PROBE_LOAD_SECTIONS_H

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "system/btf_subset.h"

/*
 * Before an object with these types is loaded. Each kernel from 5.10 on takes them, if it has the memory. libbpf goes
 * on without them, or with functions that are global no more: then the verifier walks through these at each of their
 * calls, for half a minute, and refuses the program after all. So nothing is loaded then: -ENOMEM.
 */
void probe_sections_types(const struct btf *types);

/* Before any object is opened. Returns 0 or a negative errno. */
int probe_sections_register(void);

/* Asks for the targets of the object's programs, at most MAX_PROGRAMS. Returns how many. */
size_t probe_sections_want(struct btf_wanted *wanted, struct arena *names, const struct bpf_object *object);

/* Keeps what was found of them. Returns 0 or -ENOMEM. */
int probe_sections_found(const struct btf_wanted *wanted, size_t count);

/* Has this called before libbpf loads a program of such a section; NULL: nothing any more. */
void probe_sections_before(void (*call)(void *context), void *context);

/* A program of such a section that is loaded. NULL: errno says why. */
struct bpf_link *probe_sections_attach(const struct bpf_program *program);

/* Once everything is loaded. */
void probe_sections_forget(void);

#endif
