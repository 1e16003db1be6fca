/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Unwinding by the tables of the files that a process has mapped, with libdw. In the worker alone. */
#ifndef SOCKSTALL_CODE_UNWIND_H
#define SOCKSTALL_CODE_UNWIND_H

#include "code/messages/message.h"

/* Adds the frames that there are to the worker's answer. */
void code_unwind(const struct code_request *request, const struct code_module *modules, const char *stack);

#endif
