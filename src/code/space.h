/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What is mapped in a process, for libdw: kept from stack to stack. In the worker alone. */
#ifndef SOCKSTALL_CODE_SPACE_H
#define SOCKSTALL_CODE_SPACE_H

#include <elfutils/libdwfl.h>

#include "code/messages/message.h"

struct code_symbols;
struct go;
struct python;

/* One file of it. */
struct space_file {
	__u32 number; /* in the request */
	__u64 inode;
	struct code_symbols *symbols; /* read when first needed */
	bool tried; /* its symbols were read, or there are none */
	struct python *python; /* the interpreter that is in it */
	struct go *go; /* the table of functions that is in it */
	bool sought, sought_go; /* these were looked for */
	bool own; /* code of the program's own: its lines are of interest */
};

struct space {
	__u32 pid;
	__u64 process_start_ns;
	__u32 count;
	struct code_module *modules; /* a copy: others by then are another space */
	struct space_file *files;
	Dwfl *dwfl;
	bool attached; /* a stack has been unwound here, and `attach` need not be done again */
	__u64 used; /* when, as a count */
};

/* The space of this request, new or kept. NULL: there is no memory for it. */
struct space *space_get(const struct code_request *request, const struct code_module *modules);

/* The file that a module of libdw stands for; NULL: none. */
struct space_file *space_file_of(Dwfl_Module *module);

#endif
