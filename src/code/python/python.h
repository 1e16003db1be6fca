/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Functions of Python that a thread is in: CPython 3.11 to 3.13. They are in the memory of the process, which may be
 * anything: what is read proves itself (types, owners, bounds), or it is not read.
 */
#ifndef SOCKSTALL_CODE_PYTHON_PYTHON_H
#define SOCKSTALL_CODE_PYTHON_PYTHON_H

#include "code/python/objects.h"
#include "code/python/threads.h"

/* The function of the interpreter that runs Python's: each of its native frames stands for some of theirs. */
#define PYTHON_EVAL "_PyEval_EvalFrameDefault"

struct python_function {
	char name[CODE_TEXT + 1], file[CODE_TEXT + 1]; /* name "": there is none, and `last` is all that this says */
	__u32 line; /* 0: not known */
	enum code_frame_kind kind;
	bool last; /* of those that one call of PYTHON_EVAL runs */
};

/* Whether this version can be read. */
bool python_is_known(__u32 version);

/*
 * Innermost first. *whole: that is all of them. Returns how many; 0: they cannot be read. python: all but layout is
 * filled in.
 */
size_t python_read(struct python *python, const struct python_stack *stack, struct python_function *functions,
		   size_t room, bool *whole);

/*
 * Whether a thread that waits for a condition variable in this function of the interpreter waits for its global lock:
 * these wait for no other one.
 */
bool python_takes_lock(const char *symbol);

/* As a person names the file: without folders, but where all are named alike with one. */
const char *python_file_name(const char *path);

/* Whose code it is. */
enum code_frame_kind python_kind(const char *path, const char *name);

#endif
