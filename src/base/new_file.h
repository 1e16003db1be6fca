/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A file that appears whole or not at all: it is written under a name of its own in the folder where it is to
 * be, and takes its name when it is complete. No symbolic link is followed at the name itself. Functions
 * return 0 or a negative errno.
 */
#ifndef SOCKSTALL_BASE_NEW_FILE_H
#define SOCKSTALL_BASE_NEW_FILE_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

struct new_file {
	FILE *stream;
	int folder; /* descriptor, the caller's; -1: not open */
	char *name, *temporary;
};

/*
 * folder: open already (folder.h), and for longer than the file. A file that has the name is not touched yet. After an
 * error there is nothing to drop.
 */
int new_file_open_at(struct new_file *file, int folder, const char *name, mode_t mode);

/* Gives it its name. Without `replace`, -EEXIST where something has that name. Closes it in either case. */
int new_file_commit(struct new_file *file, bool replace);

/* Leaves nothing behind. Does nothing where it is committed or was never opened. */
void new_file_drop(struct new_file *file);

#endif
