/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "system/services.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS " \t\r\n"

/* "http 80/tcp www # the web": the port, where the name or an alias of it is this one; else 0. */
static unsigned int port_of(char *line, const char *name)
{
	char *rest, *word, *port;

	line[strcspn(line, "#")] = '\0';
	word = strtok_r(line, BLANKS, &rest);
	port = strtok_r(NULL, BLANKS, &rest);
	while (port && word && strcmp(word, name))
		word = strtok_r(NULL, BLANKS, &rest);
	return port && word ? (unsigned int)strtoul(port, NULL, 10) : 0;
}

static bool is_among(const uint16_t *ports, size_t count, unsigned int port)
{
	while (count)
		if (ports[--count] == port)
			return true;
	return false;
}

size_t services_ports(const char *path, const char *name, uint16_t ports[SERVICES_PORTS])
{
	FILE *file = fopen(path, "re");
	char line[1024];
	unsigned int port;
	size_t count = 0;

	while (file && count < SERVICES_PORTS && fgets(line, sizeof(line), file)) {
		port = port_of(line, name);
		if (port && port <= UINT16_MAX && !is_among(ports, count, port))
			ports[count++] = (uint16_t)port;
	}
	if (file)
		fclose(file);
	return count;
}
