/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "options/values.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "system/netns.h"

#define MILLISECOND 1000000ull
#define SECOND	    1000000000ull
#define MINUTE	    (60 * SECOND)
#define HOUR	    (60 * MINUTE)
#define YEAR	    (365 * 24 * HOUR)

#define PID_MAX_LIMIT 4194304 /* the kernel's name for its own limit, on 64 bits */
#define READY_FD_MAX  1048576 /* fs.nr_open */


int option_number(const char *text, uint64_t low, uint64_t high, uint64_t *number)
{
	uint64_t value = 0;
	const char *at;

	for (at = text; *at >= '0' && *at <= '9'; at++) {
		if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *at - '0', &value))
			return -EINVAL;
	}
	if (at == text || *at || value < low || value > high)
		return -EINVAL;
	*number = value;
	return 0;
}

/* How many ns a unit has; 0: there is no such unit. */
static uint64_t duration_unit(const char *text)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {{"", SECOND}, {"ms", MILLISECOND}, {"s", SECOND}, {"m", MINUTE}, {"h", HOUR}};
	size_t i;

	for (i = 0; i < COUNT_OF(units); i++) {
		if (!strcmp(text, units[i].name))
			return units[i].ns;
	}
	return 0;
}

int duration_parse(const char *text, uint64_t *ns)
{
	static const char digits[] = "0123456789";
	size_t whole = strspn(text, digits), decimals = 0, i;
	uint64_t total = 0, unit, place;

	if (text[whole] == '.') {
		decimals = strspn(text + whole + 1, digits);
		if (!decimals)
			return -EINVAL;
	}
	unit = duration_unit(text + whole + (decimals ? decimals + 1 : 0));
	if (!whole || !unit)
		return -EINVAL;
	for (i = 0; i < whole; i++) {
		if (__builtin_mul_overflow(total, 10, &total) || __builtin_add_overflow(total, text[i] - '0', &total))
			return -EINVAL;
	}
	if (__builtin_mul_overflow(total, unit, &total))
		return -EINVAL;
	for (i = 1, place = unit / 10; i <= decimals && place; i++, place /= 10) {
		if (__builtin_add_overflow(total, (text[whole + i] - '0') * place, &total))
			return -EINVAL;
	}
	*ns = total;
	return 0;
}

int option_duration(const char *text, uint64_t low, uint64_t high, uint64_t *ns)
{
	uint64_t value;
	int err = duration_parse(text, &value);

	if (err)
		return err;
	if (value < low || value > high)
		return -EINVAL;
	*ns = value;
	return 0;
}

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
		err = option_number(item, 1, high, &number);
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
	return option_duration(text, 50 * MILLISECOND, HOUR, &options->interval_ns);
}

int option_set_duration(struct options *options, const char *text)
{
	return option_duration(text, MILLISECOND, YEAR, &options->duration_ns);
}

int option_set_min_age(struct options *options, const char *text)
{
	options->min_age_given = true;
	if (!option_duration(text, 0, 0, &options->min_age_ns))
		return 0;
	return option_duration(text, MILLISECOND, YEAR, &options->min_age_ns);
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

unsigned int address_parse(const char *text, struct in6_addr *address)
{
	struct in_addr inet;

	if (inet_pton(AF_INET6, text, address) == 1)
		return 128;
	if (inet_pton(AF_INET, text, &inet) != 1)
		return 0;
	memset(address, 0, sizeof(*address));
	address->s6_addr[10] = address->s6_addr[11] = 0xff;
	memcpy(&address->s6_addr[12], &inet, sizeof(inet));
	return 32;
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
	if (!most || (text[length] && option_number(text + length + 1, 0, most, &bits)))
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
	else if (option_number(text, 1, UINT32_MAX, &inode))
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

	if (option_number(text, 0, READY_FD_MAX, &fd))
		return -EINVAL;
	flags = fcntl((int)fd, F_GETFL);
	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
		return -EINVAL;
	options->ready_fd = (int)fd;
	return 0;
}
