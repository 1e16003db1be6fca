/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The process that makes files for sockstall: see files.h. It is told which of the files that were settled at the
 * start, and never a name. Where the kernel has Landlock it can write below their folders alone, as these were at the
 * start.
 */
#ifndef SOCKSTALL_APART_FILE_HELPER_H
#define SOCKSTALL_APART_FILE_HELPER_H

#include "apart/files.h"
#include "options/options.h"

/*
 * While there is one thread. The files that the options name, and with `screens` those of the live view; sets
 * options->helpers.files. Nothing is done where there are none.
 */
int file_helper_open(struct files *files, struct options *options, bool screens);
void file_helper_close(struct files *files);

#endif
