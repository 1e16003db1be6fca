/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "output/otlp.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "options/options.h"
#include "rows/json.h"
#include "rows/links.h"
#include "rules/severity.h"

/* ---- Values: AnyValue, an object with one member that names its type. 64-bit integers are text. ---- */

static int add_text(struct buffer *out, const char *raw)
{
	return text_add(out, "{\"stringValue\":") ?: json_add_text(out, raw) ?: text_add(out, "}");
}

static int add_count(struct buffer *out, int64_t count)
{
	return text_printf(out, "{\"intValue\":\"%" PRId64 "\"}", count);
}

static int add_number(struct buffer *out, double number)
{
	return text_add(out, "{\"doubleValue\":") ?: text_number(out, number) ?: text_add(out, "}");
}

static int add_time(struct buffer *out, uint64_t realtime_ns)
{
	return text_add(out, "{\"stringValue\":\"") ?:
	       text_time(out, realtime_ns, TEXT_MICROSECONDS) ?:
	       text_add(out, "\"}");
}

static int begin_array(struct buffer *out)
{
	return text_add(out, "{\"arrayValue\":{\"values\":[");
}

static int end_array(struct buffer *out)
{
	return text_add(out, "]}}");
}

static int add_pids(struct buffer *out, const char *pids)
{
	size_t length;
	int error = begin_array(out);

	for (const char *separator = ""; !error && *pids; separator = ",") {
		length = strcspn(pids, " ");
		error = text_printf(out, "%s{\"intValue\":\"%.*s\"}", separator, (int)length, pids);
		pids += length + strspn(pids + length, " ");
	}
	return error ?: end_array(out);
}

static int add_histogram(struct buffer *out, const struct histogram *histogram)
{
	int error = begin_array(out);

	for (uint32_t i = 0; i < histogram->bars && !error; i++)
		error = text_add(out, i ? "," : "") ?: add_count(out, histogram->counts[i]);
	return error ?: end_array(out);
}

static int add_lines(struct buffer *out, const char *lines)
{
	struct buffer line = {0};
	const char *separator = "", *at;
	size_t length;
	int error = begin_array(out);

	while (!error && (at = text_line(&lines, &length))) {
		buffer_reset(&line);
		error = buffer_append(&line, at, length) ?: buffer_append(&line, "", 1) ?: text_add(out, separator) ?:
			add_text(out, line.data);
		separator = ",";
	}
	buffer_free(&line);
	return error ?: end_array(out);
}

static int add_link_value(struct buffer *out, const struct link_field *field, const void *at)
{
	switch (field->kind) {
	case LINK_TEXT:
		return add_text(out, *(const char *const *)at);
	case LINK_COUNT:
		return add_count(out, *(const int64_t *)at);
	case LINK_SECONDS:
		return add_number(out, *(const double *)at);
	}
	return 0;
}

static bool link_value_is_known(const struct link_field *field, const void *at)
{
	switch (field->kind) {
	case LINK_TEXT:
		return *(const char *const *)at;
	case LINK_COUNT:
		return *(const int64_t *)at != NOT_KNOWN;
	case LINK_SECONDS:
		return isfinite(*(const double *)at);
	}
	return false;
}

static int add_link(struct buffer *out, const struct link *link)
{
	const char *separator = "{\"kvlistValue\":{\"values\":[";
	int error = 0;

	for (size_t i = 0; i < link_field_count && !error; i++) {
		const void *at = (const char *)link + link_fields[i].offset;

		if (!link_value_is_known(&link_fields[i], at))
			continue;
		error = text_printf(out, "%s{\"key\":\"%s\",\"value\":", separator, link_fields[i].key) ?:
			add_link_value(out, &link_fields[i], at) ?: text_add(out, "}");
		separator = ",";
	}
	return error ?: end_array(out);
}

static int add_links(struct buffer *out, const char *links)
{
	struct arena arena = {0};
	const char *separator = "";
	struct link link;
	int error = begin_array(out);

	while (!error && links_next(&links, &arena, &link)) {
		error = text_add(out, separator) ?: add_link(out, &link);
		separator = ",";
	}
	arena_free(&arena);
	return error ?: end_array(out);
}

/* Of a column that is known. */
static int add_value(struct buffer *out, const struct column *column, const struct row *row)
{
	const void *field = column_field(column, row);

	switch (column->kind) {
	case COLUMN_VERSION:
		return add_count(out, 1);
	case COLUMN_TYPE:
		return add_text(out, row_type_names[row->type]);
	case COLUMN_EVENT:
		return add_text(out, stall_event_names[row->event]);
	case COLUMN_TEXT:
		return add_text(out, *(const char *const *)field);
	case COLUMN_COUNT:
		return add_count(out, *(const int64_t *)field);
	case COLUMN_SECONDS:
	case COLUMN_NUMBER:
		return add_number(out, *(const double *)field);
	case COLUMN_BOOL:
		return text_printf(out, "{\"boolValue\":%s}", *(const int *)field ? "true" : "false");
	case COLUMN_TIME:
		return add_time(out, *(const uint64_t *)field);
	case COLUMN_COOKIE:
		return text_printf(out, "{\"stringValue\":\"%" PRIu64 "\"}", *(const uint64_t *)field);
	case COLUMN_LINKS:
		return add_links(out, *(const char *const *)field);
	case COLUMN_LINES:
		return add_lines(out, *(const char *const *)field);
	case COLUMN_PIDS:
		return add_pids(out, *(const char *const *)field);
	case COLUMN_HISTOGRAM:
		return add_histogram(out, field);
	}
	return 0;
}

/* ---- Names ---- */

/*
 * The semantic conventions' names; what they have none for is sockstall.KEY. NULL: it stands elsewhere in the record.
 */
static const struct convention {
	const char *key, *name;
} conventions[] = {
	{"time", NULL},
	{"host", NULL},
	{"why", NULL},
	{"pid", "process.pid"},
	{"comm", "process.command"},
	{"title", "process.title"},
	{"container", "container.id"},
	{"container_name", "container.name"},
	{"image", "container.image.name"},
	{"pod", "k8s.pod.name"},
	{"namespace", "k8s.namespace.name"},
	{"local_addr", "network.local.address"},
	{"local_port", "network.local.port"},
	{"peer_addr", "network.peer.address"},
	{"peer_port", "network.peer.port"},
};

static const struct convention *convention_of(const char *key)
{
	for (size_t i = 0; i < COUNT_OF(conventions); i++) {
		if (!strcmp(conventions[i].key, key))
			return &conventions[i];
	}
	return NULL;
}

static int begin_attribute(struct buffer *out, const char *separator, const char *prefix, const char *name)
{
	return text_printf(out, "%s{\"key\":\"%s%s\",\"value\":", separator, prefix, name);
}

static int add_attributes(struct buffer *out, const struct row *row)
{
	const char *separator = "";
	int error = 0;

	for (size_t i = 0; i < column_count && !error; i++) {
		const struct column *column = &columns[i];
		const struct convention *convention = convention_of(column->key);

		if (!(column->types & ROW_BIT(row->type)) || !column_known(column, row) ||
		    (convention && !convention->name))
			continue;
		error = begin_attribute(out, separator, convention ? "" : "sockstall.",
					convention ? convention->name : column->key) ?:
			add_value(out, column, row) ?: text_add(out, "}");
		separator = ",";
	}
	return error;
}

/* ---- The record ---- */

#define INFO  9
#define WARN  13
#define FATAL 21

/* Nine levels of harm on WARN, WARN2 … ERROR4, FATAL, in their order. */
static int severity_number(const struct row *row)
{
	int64_t level = row->severity / SEVERITY_SUSPECT;

	if (row->type == ROW_LOST)
		return WARN;
	if (!row_is_finding(row->type) || level < 1)
		return INFO;
	return level > FATAL - WARN + 1 ? FATAL : (int)level + WARN - 1;
}

static int add_severity(struct buffer *out, int number)
{
	static const char *const names[] = {"INFO", "WARN", "ERROR", "FATAL"};
	int place = (number - INFO) % 4;
	int error = text_printf(out, "\"severityNumber\":%d,\"severityText\":\"%s", number, names[(number - INFO) / 4]);

	if (!error && place)
		error = text_printf(out, "%d", place + 1);
	return error ?: text_add(out, "\",");
}

/* What is to be read: why; or what kind of record it is. */
static int add_body(struct buffer *out, const struct row *row)
{
	const struct column *why = column_find("why", row->type);
	bool known = why && column_known(why, row);

	return text_add(out, "\"body\":") ?: add_text(out, known ? row->why : row_type_names[row->type]);
}

/* Where records say themselves whose they are, they are asked. */
static const char *host_of(const struct row *row, const char *host)
{
	const struct column *column = column_find("host", row->type);

	return column && column_known(column, row) ? *(const char *const *)column_field(column, row) : host;
}

static int add_resource(struct buffer *out, const char *host)
{
	int error =
		text_add(out, "{\"resourceLogs\":[{\"resource\":{\"attributes\":["
			      "{\"key\":\"service.name\",\"value\":{\"stringValue\":\"sockstall\"}},"
			      "{\"key\":\"service.version\",\"value\":{\"stringValue\":\"" SOCKSTALL_VERSION "\"}}");

	if (!error && host)
		error = begin_attribute(out, ",", "", "host.name") ?: add_text(out, host) ?: text_add(out, "}");
	return error
		       ?: text_add(
				  out,
				  "]},\"scopeLogs\":[{\"scope\":{\"name\":\"sockstall\",\"version\":\"" SOCKSTALL_VERSION
				  "\"},\"logRecords\":[");
}

/* Its time is that of the look, in which sockstall saw it. */
static int add_record(struct buffer *out, const struct row *row)
{
	return text_printf(out, "{\"timeUnixNano\":\"%" PRIu64 "\",\"observedTimeUnixNano\":\"%" PRIu64 "\",", row->time_ns,
			   row->time_ns) ?:
	       add_severity(out, severity_number(row)) ?:
	       add_body(out, row) ?:
	       text_add(out, ",\"attributes\":[") ?:
	       add_attributes(out, row) ?:
	       text_printf(out, "],\"eventName\":\"sockstall.%s\"}", row_type_names[row->type]);
}

int otlp_add_row(struct buffer *out, const struct row *row, const char *host)
{
	return add_resource(out, host_of(row, host)) ?: add_record(out, row) ?: text_add(out, "]}]}]}\n");
}
