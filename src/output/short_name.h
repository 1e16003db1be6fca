/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Names of processes as metrics and traces show them. */
#ifndef SOCKSTALL_SHORT_NAME_H
#define SOCKSTALL_SHORT_NAME_H

#define SHORT_NAME_SIZE 64 /* as valid UTF-8, with its NUL */

/* The name as valid UTF-8, cut where it is too long. */
void short_name(char comm[SHORT_NAME_SIZE], const char *raw);

#endif
