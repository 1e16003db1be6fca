/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Text is quoted by jansson. Objects and numbers are written here. This saves 400,000 allocations in a look over 10,000
 * readers. And no number has an exponent (1.2e-05) or a tail of noise (0.30000000000000004), which jansson's own reals
 * can have.
 */
#include "rows/json.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>

#include "base/text.h"
#include "rows/links.h"

/* RFC 8259, section 7: beyond U+FFFF as two surrogates. */
static int add_escape(struct buffer *out, uint32_t code)
{
	if (code < 0x10000)
		return text_printf(out, "\\u%04x", code);
	code -= 0x10000;
	return text_printf(out, "\\u%04x\\u%04x", 0xd800 | code >> 10, 0xdc00 | (code & 0x3ff));
}

/* Length of the character here that JSON would allow, and that a terminal obeys or a reader is deceived by; or 0. */
static size_t harm_at(const char *at, uint32_t *code)
{
	size_t length;

	/* Nearly all of it is ASCII, whose controls jansson has escaped but for one. */
	if ((unsigned char)*at < 0x7f)
		return 0;
	length = text_decode(at, code);
	return length && !text_is_harmless(*code) ? length : 0;
}

/* Takes text that jansson has quoted, in whole characters. */
static int append_quoted(const char *data, size_t size, void *out)
{
	const char *at = data, *end = data + size, *plain = data;
	size_t length;
	uint32_t code;
	int error = 0;

	while (at < end && !error) {
		length = harm_at(at, &code);
		if (length) {
			error = buffer_append(out, plain, (size_t)(at - plain)) ?: add_escape(out, code);
			plain = at + length;
		}
		at += length ? length : 1;
	}
	return error ?: buffer_append(out, plain, (size_t)(end - plain));
}

static int add_text(struct json *json, const char *raw)
{
	json_t *string;
	int error;

	buffer_reset(&json->text);
	error = text_utf8(&json->text, raw);
	if (error)
		return error;
	string = json_stringn(json->text.data ? json->text.data : "", json->text.size);
	if (!string)
		return -ENOMEM;
	if (json_dump_callback(string, append_quoted, &json->line, JSON_ENCODE_ANY))
		error = -ENOMEM;
	json_decref(string);
	return error;
}

static int add_time(struct json *json, uint64_t realtime_ns)
{
	return text_add(&json->line, "\"") ?:
	       text_time(&json->line, realtime_ns, TEXT_MICROSECONDS) ?:
	       text_add(&json->line, "\"");
}

static int add_histogram(struct json *json, const struct histogram *histogram)
{
	int error = text_add(&json->line, "[");

	for (uint32_t i = 0; i < histogram->bars && !error; i++)
		error = text_printf(&json->line, "%s%" PRIu32, i ? "," : "", histogram->counts[i]);
	return error ?: text_add(&json->line, "]");
}

static int add_pids(struct json *json, const char *pids)
{
	int error = text_add(&json->line, "[");

	for (; *pids && !error; pids++)
		error = buffer_append(&json->line, *pids == ' ' ? "," : pids, 1);
	return error ?: text_add(&json->line, "]");
}

static int add_lines(struct json *json, const char *lines)
{
	struct buffer line = {0};
	const char *separator = "[", *at;
	size_t length;
	int error = 0;

	while (!error && (at = text_line(&lines, &length))) {
		buffer_reset(&line);
		error = text_add(&json->line, separator) ?: buffer_append(&line, at, length) ?:
			buffer_append(&line, "", 1) ?: add_text(json, line.data);
		separator = ",";
	}
	buffer_free(&line);
	return error ?: text_add(&json->line, *separator == '[' ? "[]" : "]");
}

static int add_link_value(struct json *json, const struct link_field *field, const struct link *link)
{
	const void *at = (const char *)link + field->offset;

	switch (field->kind) {
	case LINK_TEXT:
		if (*(const char *const *)at)
			return add_text(json, *(const char *const *)at);
		break;
	case LINK_COUNT:
		if (*(const int64_t *)at != NOT_KNOWN)
			return text_printf(&json->line, "%" PRId64, *(const int64_t *)at);
		break;
	case LINK_SECONDS:
		if (isfinite(*(const double *)at))
			return text_number(&json->line, *(const double *)at);
		break;
	}
	return text_add(&json->line, "null");
}

static int add_link(struct json *json, const struct link *link)
{
	int error = 0;

	for (size_t i = 0; i < link_field_count && !error; i++)
		error = text_printf(&json->line, "%s\"%s\":", i ? "," : "{", link_fields[i].key)
				?: add_link_value(json, &link_fields[i], link);
	return error ?: text_add(&json->line, "}");
}

static int add_links(struct json *json, const char *links)
{
	struct arena arena = {0};
	const char *separator = "[";
	struct link link;
	int error = 0;

	while (!error && links_next(&links, &arena, &link)) {
		error = text_add(&json->line, separator) ?: add_link(json, &link);
		separator = ",";
	}
	arena_free(&arena);
	return error ?: text_add(&json->line, *separator == '[' ? "[]" : "]");
}

static int add_value(struct json *json, const struct column *column, const struct row *row)
{
	const void *field = column_field(column, row);

	if (!column_known(column, row))
		return text_add(&json->line, "null");
	switch (column->kind) {
	case COLUMN_VERSION:
		return text_add(&json->line, "1");
	case COLUMN_TYPE:
		return add_text(json, row_type_names[row->type]);
	case COLUMN_EVENT:
		return add_text(json, stall_event_names[row->event]);
	case COLUMN_TEXT:
		return add_text(json, *(const char *const *)field);
	case COLUMN_COUNT:
		return text_printf(&json->line, "%" PRId64, *(const int64_t *)field);
	case COLUMN_SECONDS:
	case COLUMN_NUMBER:
		return text_number(&json->line, *(const double *)field);
	case COLUMN_BOOL:
		return text_add(&json->line, *(const int *)field ? "true" : "false");
	case COLUMN_TIME:
		return add_time(json, *(const uint64_t *)field);
	case COLUMN_COOKIE:
		return text_printf(&json->line, "\"%" PRIu64 "\"", *(const uint64_t *)field);
	case COLUMN_LINKS:
		return add_links(json, *(const char *const *)field);
	case COLUMN_LINES:
		return add_lines(json, *(const char *const *)field);
	case COLUMN_PIDS:
		return add_pids(json, *(const char *const *)field);
	case COLUMN_HISTOGRAM:
		return add_histogram(json, field);
	}
	return 0;
}

int json_add_text(struct buffer *out, const char *raw)
{
	struct json json = {.line = *out};
	int error = add_text(&json, raw);

	*out = json.line;
	buffer_free(&json.text);
	return error;
}

/* As it stands in the row's own record; null where it is not known. */
static int add_known_value(struct buffer *out, const struct column *column, const struct row *row)
{
	struct json json = {.line = *out};
	int error = add_value(&json, column, row);

	*out = json.line;
	buffer_free(&json.text);
	return error;
}

int json_add_known(struct buffer *out, const struct row *row)
{
	const char *separator = "{\"";
	int error = 0;

	for (size_t i = 0; i < column_count && !error; i++) {
		if (!(columns[i].types & ROW_BIT(row->type)) || !column_known(&columns[i], row))
			continue;
		error = text_add(out, separator) ?: text_add(out, columns[i].key) ?: text_add(out, "\":") ?:
			add_known_value(out, &columns[i], row);
		separator = ",\"";
	}
	return error ?: text_add(out, "}");
}

/* The keys are our own and need no escape. */
static int add_member(struct json *json, const struct column *column, const struct row *row)
{
	return text_add(&json->line, json->line.size ? ",\"" : "{\"") ?: text_add(&json->line, column->key) ?:
	       text_add(&json->line, "\":") ?: add_value(json, column, row);
}

int json_row(struct json *json, const struct row *row)
{
	int error = 0;

	buffer_reset(&json->line);
	for (size_t i = 0; i < column_count && !error; i++) {
		if (columns[i].types & ROW_BIT(row->type))
			error = add_member(json, &columns[i], row);
	}
	return error ?: text_add(&json->line, "}\n");
}

void json_free(struct json *json)
{
	buffer_free(&json->line);
	buffer_free(&json->text);
}
