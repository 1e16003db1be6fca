/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "output/summary.h"

#include "base/text.h"
#include "output/cell.h"
#include "rows/column.h"

int summary_count(struct buffer *out, enum row_type type, size_t count)
{
	const char *thing = type == ROW_CLOSING ? "closing connection" : row_type_names[type];
	const char *plural = type == ROW_WATCH || type == ROW_PROCESS ? "es" : "s";

	return text_printf(out, "%zu %s%s", count, thing, count == 1 ? "" : plural);
}

int summary_stuck(struct buffer *out, const size_t counts[ROW_TYPES])
{
	const char *separator = ": ";
	size_t total = 0;
	int error;

	for (enum row_type type = 0; type < ROW_TYPES; type++)
		total += type == ROW_CHAIN ? 0 : counts[type];
	error = text_printf(out, "%zu stuck", total ? total : counts[ROW_CHAIN]);
	for (enum row_type type = 0; type < ROW_TYPES && !error; type++) {
		if (!counts[type] || (type == ROW_CHAIN && total))
			continue;
		error = text_add(out, separator) ?: summary_count(out, type, counts[type]);
		separator = ", ";
	}
	/* They sum up the others. */
	if (!error && total && counts[ROW_CHAIN])
		error = text_add(out, "; ") ?: summary_count(out, ROW_CHAIN, counts[ROW_CHAIN]);
	return error;
}

/* A report of one thing says nothing of others. */
static const char *thing_of(enum command command)
{
	switch (command) {
	case COMMAND_HANDSHAKES:
		return "no handshake";
	case COMMAND_READERS:
		return "no reader";
	case COMMAND_WRITERS:
		return "no writer";
	case COMMAND_CLOSING:
		return "no closing connection";
	case COMMAND_CHAINS:
		return "no chain";
	case COMMAND_LOCKS:
		return "no lock";
	case COMMAND_SERVICES:
		return "no service";
	case COMMAND_EPOLL:
		return "no loop";
	default:
		return "nothing";
	}
}

int summary_nothing(struct buffer *out, enum command command, unsigned int namespaces)
{
	if (command == COMMAND_REPLAY)
		return text_add(out, "no difference"); /* of two recordings; else it is the recording's command */
	if (command == COMMAND_THREADS)
		return text_add(out, "no such thread");
	return text_printf(out, "%s is stuck (looked at %u network namespace%s)", thing_of(command), namespaces,
			   namespaces == 1 ? "" : "s");
}

int summary_lost_process(struct buffer *out, const struct row *lost)
{
	int error = text_add(out, ": ");

	if (!error && lost->comm)
		error = cell_add_key(out, "comm", lost) ?: text_add(out, ": ");
	else if (!error && lost->pid != NOT_KNOWN)
		error = text_add(out, "process ") ?: cell_add_key(out, "pid", lost) ?: text_add(out, ": ");
	return error ?: cell_add_key(out, "why", lost);
}

int summary_lost(struct buffer *out, const struct row *lost)
{
	int error = text_add(out, "lost: ") ?: cell_add_key(out, "count", lost) ?: text_add(out, " ") ?:
		    cell_add_key(out, "where", lost);

	return error || !lost->why ? error : summary_lost_process(out, lost);
}
