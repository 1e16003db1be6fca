/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Names of addresses by a file in the format of /etc/hosts. Nobody else is asked for a name. Pure. */
#ifndef SOCKSTALL_SYSTEM_HOSTS_H
#define SOCKSTALL_SYSTEM_HOSTS_H

#include <stddef.h>

#include "base/buffer.h"

/* Bytes of a file, and of a name, at most. */
#define HOSTS_MOST	(1u << 20)
#define HOSTS_NAME_MOST 253

struct hosts;

/*
 * Takes the text, which it changes: each line is an address, its name and others, and a # begins a comment. The first
 * name that a file has for an address counts. Memory and text belong to the arena. NULL: no memory, or the line *bad is
 * wrong, and *why says what is.
 */
const struct hosts *hosts_parse(struct arena *arena, char *text, size_t *bad, const char **why);

/* The address as in socket_name. NULL: it has none. hosts may be NULL. */
const char *hosts_name(const struct hosts *hosts, const void *address);

#endif
