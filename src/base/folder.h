/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A folder that files are made in while sockstall runs. It is looked up once, before rights are given up: its
 * descriptor stays the same folder, whatever somebody puts in the place of its path, or of a part of that, later.
 */
#ifndef SOCKSTALL_BASE_FOLDER_H
#define SOCKSTALL_BASE_FOLDER_H

/* A descriptor (O_PATH) of it, or a negative errno. */
int folder_open(const char *path);

/*
 * The same, but no symbolic link on the way is followed that belongs to another user than root or the one who runs
 * this: -ELOOP. For files that root writes again and again, with nobody looking.
 */
int folder_open_trusted(const char *path);

/* The folder in which the file with that path is, or will be. */
int folder_open_of(const char *path);

/* The last part of a path; "" where that ends with a slash. */
const char *folder_name_in(const char *path);

#endif
