/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Functions, lines and sizes of frames by the table that each Go program has, also where its symbols are stripped
 * (.gopclntab). Known are the layouts of Go 1.18 and 1.20, which 1.25 has, too. The file may be of any content: each
 * offset is checked before it is used. Pure: who reads the table says how.
 */
#ifndef SOCKSTALL_CODE_GO_PCLNTAB_H
#define SOCKSTALL_CODE_GO_PCLNTAB_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

#define GO_NAME 240

/* Copies bytes of the table. False: they are not there. */
typedef bool (*pclntab_read)(void *context, __u64 offset, void *to, size_t size);

struct pclntab {
	pclntab_read read;
	void *context;
	__u64 size;
	__u64 text; /* where code begins, as the file counts addresses */
	__u64 functions;
	__u64 names, units, files, values, table; /* parts, by their offset */
	__u32 quantum; /* addresses of code are multiples of it */
};

/* What is at an address of the file. */
struct go_function {
	char name[GO_NAME]; /* "main.(*Store).Get" */
	char file[GO_NAME]; /* without its folders; "": not known */
	__u32 line; /* 0: not known */
	__s64 frame; /* from the stack pointer to what is above the frame, but for the return address; -1: not known */
};

enum pclntab_state {
	PCLNTAB_KNOWN,
	PCLNTAB_OTHER, /* of a version that is not known, or one that is moved when it is loaded */
	PCLNTAB_NONE,
};

/* Reads its head. read, context and size are filled in before. */
enum pclntab_state pclntab_open(struct pclntab *table);

/* False: there is no function. */
bool pclntab_find(const struct pclntab *table, __u64 address, struct go_function *function);

#endif
