/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The arguments of options that filter: lists of them add up. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "options/values.h"
#include "system/address.h"
#include "system/netns.h"
#include "system/services.h"

#define PID_MAX_LIMIT 4194304 /* the kernel's name for its own limit, on 64 bits */
#define PORT_MAX      65535

/* In a list, leading zeroes and all. */
#define DIGITS_MOST 23

/* Takes the next item of a list off its front, in place: items end at commas, and "\," is a comma in one. */
static char *next_item(char **list)
{
	char *item = *list, *from = item, *to = item;

	while (*from && *from != ',') {
		if (from[0] == '\\' && from[1] == ',')
			from++;
		*to++ = *from++;
	}
	*list = *from ? from + 1 : NULL;
	*to = '\0';
	return item;
}

/* Gives the items of a list to take(), one by one. */
static int take_list(struct options *options, const char *text, int (*take)(struct options *options, const char *item))
{
	char *copy = strdup(text), *rest = copy;
	int err = copy ? 0 : -ENOMEM;

	while (rest && !err)
		err = take(options, next_item(&rest));
	free(copy);
	return err;
}

static int add_number(uint32_t **numbers, size_t *count, uint32_t number)
{
	uint32_t *more = reallocarray(*numbers, *count + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	more[(*count)++] = number;
	*numbers = more;
	return 0;
}

static int add_text(struct options *options, const char ***texts, size_t *count, const char *text)
{
	const char **more = reallocarray(*texts, *count + 1, sizeof(*more));
	size_t size = strlen(text) + 1;
	char *copy;

	if (!more)
		return -ENOMEM;
	*texts = more;
	copy = arena_alloc(&options->texts, size);
	if (!copy)
		return -ENOMEM;
	more[(*count)++] = memcpy(copy, text, size);
	return 0;
}

static int add_ports(struct options *options, uint16_t first, uint16_t last)
{
	struct port_range *ports =
		reallocarray(options->scope.selection.ports, options->scope.selection.port_count + 1, sizeof(*ports));

	if (!ports)
		return -ENOMEM;
	ports[options->scope.selection.port_count++] = (struct port_range){first, last};
	options->scope.selection.ports = ports;
	return 0;
}

static int take_pid(struct options *options, const char *item)
{
	uint64_t pid;

	if (strlen(item) > DIGITS_MOST)
		return -EINVAL;
	return number_parse(item, 1, PID_MAX_LIMIT, &pid)
		       ?: add_number(&options->scope.selection.pids, &options->scope.selection.pid_count, pid);
}

int option_set_pid(struct options *options, const char *text)
{
	return take_list(options, text, take_pid);
}

/* getservbyname() needs a library at run time that one static file has not got. */
static int take_service(struct options *options, const char *name)
{
	uint16_t ports[SERVICES_PORTS];
	size_t count = services_ports(SERVICES_FILE, name, ports), i;
	int err = count ? 0 : -EINVAL;

	for (i = 0; i < count && !err; i++)
		err = add_ports(options, ports[i], ports[i]);
	return err;
}

/* 80, 8000-8099 or http: names may have hyphens, too. */
static int take_port(struct options *options, const char *item)
{
	static const char digits[] = "0123456789";
	size_t length = strspn(item, digits);
	const char *behind = item + length;
	char number[DIGITS_MOST + 1] = "";
	uint64_t first, last;

	if (*behind && (*behind != '-' || !length || behind[1 + strspn(behind + 1, digits)]))
		return take_service(options, item);
	if (length >= sizeof(number))
		return -EINVAL;
	memcpy(number, item, length);
	if (number_parse(number, 1, PORT_MAX, &first))
		return -EINVAL;
	last = first;
	if (*behind && number_parse(behind + 1, first, PORT_MAX, &last))
		return -EINVAL;
	return add_ports(options, first, last);
}

int option_set_port(struct options *options, const char *text)
{
	return take_list(options, text, take_port);
}

static int take_comm(struct options *options, const char *item)
{
	return *item ? add_text(options, &options->scope.selection.comms, &options->scope.selection.comm_count, item)
		     : -EINVAL;
}

int option_set_comm(struct options *options, const char *text)
{
	return take_list(options, text, take_comm);
}

int option_set_peer(struct options *options, const char *text)
{
	char address[INET6_ADDRSTRLEN];
	size_t length = strcspn(text, "/");
	unsigned int most;
	uint64_t bits;

	if (length >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, length);
	address[length] = '\0';
	most = address_parse(address, &options->scope.selection.peer);
	bits = most;
	if (!most || (text[length] && number_parse(text + length + 1, 0, most, &bits)))
		return -EINVAL;
	options->scope.selection.peer_given = true;
	options->scope.selection.peer_bits = 128 - most + bits;
	return 0;
}

int option_set_netns(struct options *options, const char *text)
{
	uint64_t inode;

	if (!strcmp(text, "all"))
		options->scope.selection.netns_all = true;
	else if (!strcmp(text, "self"))
		options->scope.selection.netns_self = true;
	else if (netns_is_name(text))
		return add_text(options, &options->scope.selection.netns_names,
				&options->scope.selection.netns_name_count, text);
	else
		return number_parse(text, 1, UINT32_MAX, &inode)
			       ?: add_number(&options->scope.selection.netns_inodes,
					     &options->scope.selection.netns_count, inode);
	return 0;
}

/* How much of the path is this mount point: its length where the path is it or below it, else 0. */
static size_t covered_by(const char *path, const char *mount)
{
	size_t length = strlen(mount);

	return !strncmp(path, mount, length) && (!path[length] || path[length] == '/') ? length : 0;
}

/* A mount point of a cgroup file system, from a line of proc(5)'s mountinfo; false: the line is of another. */
static bool parse_cgroup_mount(const char *line, char mount[256])
{
	const char *type = strstr(line, " - cgroup");

	return type && sscanf(line, "%*s %*s %*s %*s %255s", mount) == 1;
}

/* People paste paths with the mount point in front: as they are mounted here, or where most systems do. */
static const char *without_mount(const char *path)
{
	size_t longest = covered_by(path, "/sys/fs/cgroup"), covered;
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char line[4096], mount[256];

	while (mounts && fgets(line, sizeof(line), mounts)) {
		covered = parse_cgroup_mount(line, mount) ? covered_by(path, mount) : 0;
		if (covered > longest)
			longest = covered;
	}
	if (mounts)
		fclose(mounts);
	return path[longest] ? path + longest : "/";
}

int option_set_cgroup(struct options *options, const char *text)
{
	size_t length = 0;
	char *path;

	if (*text != '/')
		return -EINVAL;
	text = without_mount(text);
	path = malloc(strlen(text) + 1);
	if (!path)
		return -ENOMEM;
	/* A slash stands for itself only where more than slashes follows. */
	for (; *text; text++) {
		if (*text != '/' || (text[1] && text[1] != '/'))
			path[length++] = *text;
	}
	if (!length)
		path[length++] = '/';
	path[length] = '\0';
	free(options->scope.selection.cgroup);
	options->scope.selection.cgroup = path;
	return 0;
}

/* A name that is empty fits nothing. */
static int set_name(const char **name, const char *text)
{
	if (!*text)
		return -EINVAL;
	*name = text;
	return 0;
}

int option_set_unit(struct options *options, const char *text)
{
	return set_name(&options->scope.selection.unit, text);
}

int option_set_pod(struct options *options, const char *text)
{
	return set_name(&options->scope.selection.pod, text);
}

int option_set_container(struct options *options, const char *text)
{
	return set_name(&options->scope.selection.container, text);
}
