/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The folders in which a live run makes files while it runs: --textfile's, and that of --dump-file. They are looked up
 * once, before rights are given up (folder.h). Their descriptors are in the options from then on.
 */
#ifndef SOCKSTALL_OUTPUT_FOLDERS_H
#define SOCKSTALL_OUTPUT_FOLDERS_H

#include "options/options.h"

/*
 * Returns 0, or a negative errno after one line on stderr: nothing can be written to --textfile's. That the other is
 * not there is said when a recording is to be written.
 */
int output_folders_open(struct options *options);

/* Does nothing where none is open. */
void output_folders_close(struct options *options);

#endif
