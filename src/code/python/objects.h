/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Objects of CPython in the memory of another process: see code/messages/memory.h. An object counts only if its type is
 * the expected one.
 */
#ifndef SOCKSTALL_CODE_PYTHON_OBJECTS_H
#define SOCKSTALL_CODE_PYTHON_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>

#include "code/messages/message.h"
#include "code/python/layout.h"

/* Where a thread of Python was seen. It proves itself again when it is used. */
#define PYTHON_HINTS 1024
struct python_hint {
	__u64 number, address;
};

/* One interpreter, as its file and its memory say: what the functions of this folder take. */
struct python {
	struct python_layout layout;
	__u32 version; /* Py_Version */
	__u64 runtime; /* addresses of _PyRuntime and of three types */
	__u64 code_type, text_type, bytes_type;
	__u64 resume; /* the thread that the next search begins with, where the last one had no room for more; 0: with the first */
	struct python_hint hints[PYTHON_HINTS]; /* each at the remainder of its number */
};

/* A code object: addresses of the objects that it leads to. */
struct python_code {
	__u64 address, file, name, lines;
	__u32 first_line;
};

/* False: it is no code object. */
bool python_code_read(const struct python *python, __u64 address, struct python_code *code);

/*
 * A text as UTF-8: its end, if it is longer than there is room for. Control characters and what is none of Unicode
 * become '?'. Returns its length, 0 where it is no text or cannot be read.
 */
size_t python_text_read(const struct python *python, __u64 address, char *to, size_t room);

/* The line of an instruction at this address; 0: not known. */
__u32 python_code_line(const struct python *python, const struct python_code *code, __u64 instruction);

#endif
