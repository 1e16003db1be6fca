/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Files that are made while sockstall runs, or of a recording that may be hostile: a process of its own makes and names
 * them (file_helper.h), and hands over a descriptor to write to. sockstall itself can open no file for writing. Which
 * files is settled at the start; functions return 0 or a negative errno.
 */
#ifndef SOCKSTALL_APART_FILES_H
#define SOCKSTALL_APART_FILES_H

#include <stdbool.h>
#include <stdio.h>

#include "apart/apart.h"

enum file_place {
	FILE_METRICS, /* for everybody to read; the others are their owner's alone */
	FILE_HTML,
	FILE_TRACE,
	FILE_DUMP, /* under a name that nothing has yet: there may be several; so is */
	FILE_SCREEN, /* what the live view shows */
	FILE_PLACES,
};

struct files {
	struct apart helper;
};

#define FILES_NONE ((struct files){.helper = APART_NONE})

/*
 * Makes a new file. A file that has its name is not touched before files_commit(). Only FILE_DUMP and FILE_SCREEN have
 * a name of their own from now on, which goes to path (NULL: not asked for). One at a time: files_commit() or
 * files_drop() before the next.
 */
int files_make(struct files *files, enum file_place place, FILE **stream, char *path, size_t path_size);

/* Closes it and gives it its name. Without `replace`, -EEXIST where something has that name. */
int files_commit(struct files *files, FILE *stream, bool replace);

/* Closes it and leaves nothing behind. */
void files_drop(struct files *files, FILE *stream);

/* ---- What is said to the process that makes them ---- */

#define FILES_PATH_MOST 4096

enum file_ask {
	FILE_ASK_MAKE,
	FILE_ASK_KEEP,
	FILE_ASK_REPLACE,
	FILE_ASK_DROP,
	FILE_ASKS,
};

struct file_request {
	enum file_ask ask;
	enum file_place place; /* FILE_ASK_MAKE */
};

/* With the descriptor, where one was made. */
struct file_reply {
	int err;
	char path[FILES_PATH_MOST];
};

#endif
