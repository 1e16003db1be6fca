/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Where --flight writes to, and the live view: a new file in a folder that was opened at the start, with mode 0600. A
 * name that something has already gets a number behind it; no link is followed. Functions return 0 or a negative errno.
 */
#ifndef SOCKSTALL_BASE_DUMP_FILE_H
#define SOCKSTALL_BASE_DUMP_FILE_H

#include <stdbool.h>

struct dump_folder {
	int fd; /* or a negative errno: there is none to write to */
	const char *path; /* of the files, with the folder; NULL: named by the moment, in the working folder, */
	const char *ending; /* with this behind it */
};

struct dump_file {
	int fd, folder; /* fd -1: not open */
	char path[4096];
	const char *name; /* in path: without the folder */
};

/* path: lives as long as the folder is used. dump_folder_close() either way. */
void dump_folder_open(struct dump_folder *folder, const char *path, const char *ending);
void dump_folder_close(struct dump_folder *folder);

/* path is set after a failure too: that of the name that was tried last. */
int dump_file_open(struct dump_file *file, const struct dump_folder *folder);

/* Half of it is none: that is not kept. Does nothing where it is not open. */
void dump_file_close(struct dump_file *file, bool keep);

#endif
