/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Ports by their names: services(5). */
#ifndef SOCKSTALL_SYSTEM_SERVICES_H
#define SOCKSTALL_SYSTEM_SERVICES_H

#include <stddef.h>
#include <stdint.h>

#define SERVICES_FILE  "/etc/services"
#define SERVICES_PORTS 8 /* a name has one; two where protocols differ */

/* The ports that have this name or alias in the file, whatever the protocol, each once. Returns how many; 0: none. */
size_t services_ports(const char *path, const char *name, uint16_t ports[SERVICES_PORTS]);

#endif
