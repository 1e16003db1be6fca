/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Data that a person at the screen wants in the next looks, beside what the command asks for. All zero: none. */
#ifndef SOCKSTALL_OPTIONS_WANTS_H
#define SOCKSTALL_OPTIONS_WANTS_H

#include <stdbool.h>
#include <stdint.h>

struct wants {
	bool all; /* what is normal too, as with --all */
	bool loops; /* healthy loops too */
	bool chains; /* who waits for whom, in each look */
	bool causes; /* the same, in as many looks as the budget allows */
	bool services; /* those that answer, too */
	uint32_t threads_of; /* pid of a process whose threads are wanted; 0: none */
	uint32_t stack_of; /* tid of one of them whose stack is wanted; 0: none */
};

#endif
