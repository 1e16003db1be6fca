/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "options/values.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/parse.h"
#include "system/address.h"
#include "system/netns.h"

#define YEAR (365 * 24 * NS_PER_H)

#define PID_MAX_LIMIT 4194304 /* the kernel's name for its own limit, on 64 bits */
#define READY_FD_MAX  1048576 /* fs.nr_open */

/* Numbers separated by commas, given to add() one by one. */
static int parse_list(struct options *options, const char *text, uint64_t high,
		      int (*add)(struct options *options, uint64_t number))
{
	char item[24];
	uint64_t number;
	size_t length;
	int err;

	for (;; text += length + 1) {
		length = strcspn(text, ",");
		if (length >= sizeof(item))
			return -EINVAL;
		memcpy(item, text, length);
		item[length] = '\0';
		err = number_parse(item, 1, high, &number);
		if (!err)
			err = add(options, number);
		if (err || !text[length])
			return err;
	}
}

static int add_pid(struct options *options, uint64_t number)
{
	uint32_t *pids = reallocarray(options->pids, options->pid_count + 1, sizeof(*pids));

	if (!pids)
		return -ENOMEM;
	pids[options->pid_count++] = number;
	options->pids = pids;
	return 0;
}

static int add_port(struct options *options, uint64_t number)
{
	uint16_t *ports = reallocarray(options->ports, options->port_count + 1, sizeof(*ports));

	if (!ports)
		return -ENOMEM;
	ports[options->port_count++] = number;
	options->ports = ports;
	return 0;
}

int option_set_interval(struct options *options, const char *text)
{
	options->interval_given = true;
	return duration_parse_within(text, 50 * NS_PER_MS, NS_PER_H, &options->interval_ns);
}

int option_set_duration(struct options *options, const char *text)
{
	return duration_parse_within(text, NS_PER_MS, YEAR, &options->duration_ns);
}

int option_set_min_age(struct options *options, const char *text)
{
	options->min_age_given = true;
	if (!duration_parse_within(text, 0, 0, &options->min_age_ns))
		return 0;
	return duration_parse_within(text, NS_PER_MS, YEAR, &options->min_age_ns);
}

int option_set_pid(struct options *options, const char *text)
{
	return parse_list(options, text, PID_MAX_LIMIT, add_pid);
}

int option_set_port(struct options *options, const char *text)
{
	return parse_list(options, text, 65535, add_port);
}

int option_set_comm(struct options *options, const char *text)
{
	options->comm = text;
	return *text ? 0 : -EINVAL;
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
	most = address_parse(address, &options->peer);
	bits = most;
	if (!most || (text[length] && number_parse(text + length + 1, 0, most, &bits)))
		return -EINVAL;
	options->peer_given = true;
	options->peer_bits = 128 - most + bits;
	return 0;
}

int option_set_netns(struct options *options, const char *text)
{
	uint64_t inode = 0;

	options->netns = NETNS_INODE;
	if (!strcmp(text, "all"))
		options->netns = NETNS_ALL;
	else if (!strcmp(text, "self"))
		options->netns = NETNS_SELF;
	else if (netns_is_name(text))
		options->netns = NETNS_NAME;
	else if (number_parse(text, 1, UINT32_MAX, &inode))
		return -EINVAL;
	options->netns_inode = inode;
	options->netns_name = text;
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
	free(options->cgroup);
	options->cgroup = path;
	return 0;
}

int option_set_interfaces(struct options *options, const char *text)
{
	if (strcmp(text, "epoll") && strcmp(text, "all"))
		return -EINVAL;
	options->interfaces = strcmp(text, "all") ? INTERFACES_EPOLL : INTERFACES_ALL;
	return 0;
}

int option_set_record(struct options *options, const char *text)
{
	options->record_file = text;
	return *text ? 0 : -EINVAL;
}

int option_set_textfile(struct options *options, const char *text)
{
	options->textfile = text;
	return *text ? 0 : -EINVAL;
}

int option_set_trace(struct options *options, const char *text)
{
	options->trace_file = text;
	return *text ? 0 : -EINVAL;
}

int option_set_diff(struct options *options, const char *text)
{
	options->diff_file = text;
	return *text ? 0 : -EINVAL;
}

int option_set_html(struct options *options, const char *text)
{
	options->html_file = text;
	return *text ? 0 : -EINVAL;
}

int option_set_btf(struct options *options, const char *text)
{
	options->btf_file = text;
	return *text ? 0 : -EINVAL;
}

/* It must be open for writing now: later it is too late to say so. */
int option_set_ready_fd(struct options *options, const char *text)
{
	uint64_t fd;
	int flags;

	if (number_parse(text, 0, READY_FD_MAX, &fd))
		return -EINVAL;
	flags = fcntl((int)fd, F_GETFL);
	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
		return -EINVAL;
	options->ready_fd = (int)fd;
	return 0;
}
