/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The processes that a live run sets apart, each with the one right that the run itself gives up: see apart.h. */
#ifndef SOCKSTALL_RUN_APART_H
#define SOCKSTALL_RUN_APART_H

#include "act/exec.h"
#include "act/helper.h"
#include "apart/file_helper.h"
#include "options/options.h"

struct run_apart {
	struct exec *exec; /* NULL: none */
	struct act_asker asker;
	struct apart addresses;
	struct files files;
};

#define RUN_APART_NONE \
	((struct run_apart){.asker = {.helper = APART_NONE}, .addresses = APART_NONE, .files = FILES_NONE})

/*
 * Those that the options ask for, and sets what the options know them by. Before anything is loaded, opened or given
 * up: they have none of it. Returns 0 or a negative errno, after a line on stderr; run_apart_close() either way.
 */
int run_apart_open(struct run_apart *apart, struct options *options);
void run_apart_close(struct run_apart *apart);

#endif
