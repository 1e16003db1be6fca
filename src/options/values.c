/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "options/values.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/clock.h"
#include "base/parse.h"

#define YEAR (365 * 24 * NS_PER_H)

#define HOST_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:"
#define HOST_MOST	253 /* of DNS */

#define READY_FD_MAX 1048576 /* fs.nr_open */

int option_set_interval(struct options *options, const char *text)
{
	options->pace.interval_given = true;
	return duration_parse_within(text, 50 * NS_PER_MS, NS_PER_H, &options->pace.interval_ns);
}

int option_set_duration(struct options *options, const char *text)
{
	return duration_parse_within(text, NS_PER_MS, YEAR, &options->pace.duration_ns);
}

int option_set_at(struct options *options, const char *text)
{
	return duration_parse_within(text, NS_PER_S, NS_PER_H, &options->pace.at_ns);
}

int option_set_min_age(struct options *options, const char *text)
{
	options->scope.min_age_given = true;
	if (!duration_parse_within(text, 0, 0, &options->scope.min_age_ns))
		return 0;
	return duration_parse_within(text, NS_PER_MS, YEAR, &options->scope.min_age_ns);
}

int option_set_interfaces(struct options *options, const char *text)
{
	if (strcmp(text, "epoll") && strcmp(text, "all"))
		return -EINVAL;
	options->scope.interfaces = strcmp(text, "all") ? INTERFACES_EPOLL : INTERFACES_ALL;
	return 0;
}

int option_set_record(struct options *options, const char *text)
{
	options->sinks.record_file = text;
	return *text ? 0 : -EINVAL;
}

int option_set_textfile(struct options *options, const char *text)
{
	options->sinks.textfile = text;
	return *text ? 0 : -EINVAL;
}

int option_set_trace(struct options *options, const char *text)
{
	options->sinks.trace_file = text;
	return *text ? 0 : -EINVAL;
}

int option_set_diff(struct options *options, const char *text)
{
	options->sinks.diff_file = text;
	return *text ? 0 : -EINVAL;
}

int option_set_html(struct options *options, const char *text)
{
	options->sinks.html_file = text;
	return *text ? 0 : -EINVAL;
}

int option_set_host(struct options *options, const char *text)
{
	size_t length = strspn(text, HOST_CHARACTERS);

	options->sinks.host = text;
	return length && !text[length] && length <= HOST_MOST ? 0 : -EINVAL;
}

int option_set_hosts(struct options *options, const char *text)
{
	options->hosts_file = text;
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
	options->sinks.ready_fd = (int)fd;
	return 0;
}
