/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Programs of Go: their functions without symbols, and frames by the sizes that they tell of them. In the worker alone.
 */
#ifndef SOCKSTALL_CODE_GO_GO_H
#define SOCKSTALL_CODE_GO_GO_H

#include <elfutils/libdwfl.h>

#include "code/go/pclntab.h"

struct go;

/*
 * NULL: the module is no program of Go, its version is not known, or there is no memory. file: opens the module's file
 * once more, for this alone; returns a descriptor or a negative errno.
 */
struct go *go_detect(Dwfl_Module *module, int (*file)(__u32 number), __u32 number);
void go_free(struct go *go);

/* At an address of the process. False: no function of Go is there. */
bool go_find(const struct go *go, __u64 address, struct go_function *function);

#endif
