/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Native frames as the answer's, with a language's functions where its interpreter stands, or its own code. In the
 * worker alone.
 */
#ifndef SOCKSTALL_CODE_FRAMES_H
#define SOCKSTALL_CODE_FRAMES_H

#include <elfutils/libdwfl.h>

#include "code/messages/message.h"

struct native_frame {
	__u64 address;
	__u64 called; /* 1: it is what a call returns to, and the call is before it */
	Dwfl_Module *module; /* NULL: not known */
	const char *name, *file;
	int line;
};

/*
 * Adds them to the worker's answer, innermost first. May ask for memory of the process, if the request allows that, and
 * for its perf map, which is read while there is time.
 */
void frames_add(const struct code_request *request, const char *stack, const struct native_frame *frames, size_t count,
		bool (*has_time)(void));

#endif
