/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/out.h"
#include "base/text.h"
#include "output/emit.h"
#include "rows/column.h"
#include "rows/links.h"

/*
 * A key that means the same in all records that have it is described once, at the top. One that differs is described in
 * the part of its type, or in $defs if several types share what it means.
 */

#define DIALECT "https://json-schema.org/draft/2020-12/schema"
#define ID	"urn:sockstall:record:1"
#define DESCRIPTION                                                                                                 \
	"Seconds are numbers with at most six decimals. Unknown values are null. While v is 1, keys, record types " \
	"and verdicts may be added, and none is renamed or gets another meaning. Ignore what you do not know."

static const char *const titles[ROW_TYPES] = {
	[ROW_START] = "The first record: what runs, and where",
	[ROW_HANDSHAKE] = "A handshake that does not complete, or a connection that is not accepted",
	[ROW_LISTENER] = "A listening socket and its queues",
	[ROW_READER] = "A thread blocked in a read",
	[ROW_LOOP] = "A thread that waits with epoll, poll or select",
	[ROW_WRITER] = "A thread blocked in a write",
	[ROW_CLOSING] = "A connection that is being closed but does not get closed",
	[ROW_CHAIN] = "Processes that wait for each other, and the one at the end of the chain",
	[ROW_SERVICE] = "A listening socket, and whether it answers on its connections",
	[ROW_LOCK] = "A lock that threads wait for, and who has it",
	[ROW_THREAD] = "A thread of a process",
	[ROW_REGION] = "A piece of a process's address space",
	[ROW_WATCH] = "A descriptor that an epoll instance watches",
	[ROW_DIFFERENCE] = "A difference between two recordings",
	[ROW_CHECK] = "The answer of `sockstall check` for one probe, right, protection or source of names",
	[ROW_ACTION] = "An action of `sockstall end`: it would be done, or was",
	[ROW_PROCESS] = "A process that cannot be looked at: reads of it do not come back",
	[ROW_LOST] = "A loss: something could not be seen or kept",
	[ROW_END] = "The last record: what it took",
};

/* By enum column_kind. */
static const char *const json_types[] = {
	[COLUMN_VERSION] = "integer", [COLUMN_TYPE] = "string",	  [COLUMN_EVENT] = "string",
	[COLUMN_TEXT] = "string",     [COLUMN_COUNT] = "integer", [COLUMN_SECONDS] = "number",
	[COLUMN_NUMBER] = "number",   [COLUMN_BOOL] = "boolean",  [COLUMN_TIME] = "string",
	[COLUMN_HISTOGRAM] = "array", [COLUMN_LINKS] = "array",	  [COLUMN_COOKIE] = "string",
	[COLUMN_PIDS] = "array",      [COLUMN_LINES] = "array",
};

/* json_object_set_new() and json_array_append_new() take NULL for a failure, so it is enough to look at their result.
 */
static int add_values(json_t *property, const struct column *column)
{
	json_t *values = json_array();
	int error = json_object_set_new(property, "enum", values);

	for (size_t i = 0; column->values[i] && !error; i++)
		error = json_array_append_new(values, json_string(column->values[i]));
	if (!error && !column->never_null)
		error = json_array_append_new(values, json_null());
	return error;
}

static int add_bars(json_t *property)
{
	return json_object_set_new(property, "items", json_pack("{s:s, s:i}", "type", "integer", "minimum", 0)) ?:
	       json_object_set_new(property, "minItems", json_integer(HISTOGRAM_BARS)) ?:
	       json_object_set_new(property, "maxItems", json_integer(HISTOGRAM_BARS));
}

static int add_links(json_t *property)
{
	static const char *const types[] = {
		[LINK_TEXT] = "string", [LINK_COUNT] = "integer", [LINK_SECONDS] = "number"};
	json_t *properties = json_object(), *required = json_array();
	json_t *items = json_pack("{s:s, s:o, s:o, s:b}", "type", "object", "properties", properties, "required",
				  required, "additionalProperties", 0);
	int error = json_object_set_new(property, "items", items);

	for (size_t i = 0; i < link_field_count && !error; i++) {
		const struct link_field *field = &link_fields[i];

		error = json_object_set_new(properties, field->key,
					    json_pack("{s:s, s:[s, s]}", "description", field->description, "type",
						      types[field->kind], "null"))
				?: json_array_append_new(required, json_string(field->key));
	}
	return error;
}

static int describe(json_t *property, const struct column *column)
{
	int error = json_object_set_new(property, "description", json_string(column->description));

	if (!error)
		error = json_object_set_new(property, "type",
					    column->never_null ? json_string(json_types[column->kind])
							       : json_pack("[s, s]", json_types[column->kind], "null"));
	if (!error && column->kind == COLUMN_VERSION)
		error = json_object_set_new(property, "const", json_integer(1));
	if (!error && column->kind == COLUMN_TIME)
		error = json_object_set_new(property, "format", json_string("date-time"));
	if (!error && column->kind == COLUMN_LINKS)
		error = add_links(property);
	if (!error && column->kind == COLUMN_HISTOGRAM)
		error = add_bars(property);
	if (!error && column->kind == COLUMN_PIDS)
		error = json_object_set_new(property, "items", json_pack("{s:s}", "type", "integer"));
	if (!error && column->kind == COLUMN_LINES)
		error = json_object_set_new(property, "items", json_pack("{s:s}", "type", "string"));
	if (!error && column->values)
		error = add_values(property, column);
	return error;
}

static json_t *definition_of(const struct column *column)
{
	json_t *property = json_object();

	if (!describe(property, column))
		return property;
	json_decref(property);
	return NULL;
}

/* A definition is named after the first type that has it. */
static const char *first_type(const struct column *column)
{
	enum row_type type = 0;

	while (!(column->types & ROW_BIT(type)))
		type++;
	return row_type_names[type];
}

/* Whether all records that have this key mean the same by it. */
static bool is_common(const struct column *column)
{
	size_t same = 0;

	for (size_t i = 0; i < column_count; i++)
		same += !strcmp(columns[i].key, column->key);
	return same == 1 && column->kind != COLUMN_TYPE;
}

static bool is_shared(const struct column *column)
{
	return !is_common(column) && column->kind != COLUMN_TYPE && column->types & (column->types - 1);
}

/* "#/$defs/pid_handshake"; where is what stands before the name. */
static const char *shared_name(char name[64], const struct column *column, const char *where)
{
	snprintf(name, 64, "%s%s_%s", where, column->key, first_type(column));
	return name;
}

static int add_common(json_t *properties)
{
	int error = 0;

	for (size_t i = 0; i < column_count && !error; i++) {
		if (is_common(&columns[i]))
			error = json_object_set_new(properties, columns[i].key, definition_of(&columns[i]));
	}
	return error;
}

static int add_shared(json_t *definitions)
{
	char name[64];
	int error = 0;

	for (size_t i = 0; i < column_count && !error; i++) {
		if (is_shared(&columns[i]))
			error = json_object_set_new(definitions, shared_name(name, &columns[i], ""),
						    definition_of(&columns[i]));
	}
	return error;
}

static int add_own(json_t *properties, const struct column *column)
{
	char name[64];

	if (is_common(column) || column->kind == COLUMN_TYPE)
		return 0;
	return json_object_set_new(properties, column->key,
				   is_shared(column) ? json_pack("{s:s}", "$ref", shared_name(name, column, "#/$defs/"))
						     : definition_of(column));
}

static int add_columns(json_t *properties, json_t *required, enum row_type type)
{
	int error = 0;

	for (size_t i = 0; i < column_count && !error; i++) {
		if (columns[i].types & ROW_BIT(type))
			error = json_array_append_new(required, json_string(columns[i].key))
					?: add_own(properties, &columns[i]);
	}
	return error;
}

/* If the type is this one, then the record has these keys. */
static int add_record(json_t *records, enum row_type type)
{
	json_t *properties = json_object(), *required = json_array();
	json_t *record = json_pack("{s:{s:{s:{s:s}}}, s:{s:s, s:o, s:o}}", "if", "properties", "type", "const",
				   row_type_names[type], "then", "title", titles[type], "required", required,
				   "properties", properties);

	/* A pack that fails has dropped its parts. */
	return json_array_append_new(records, record) ?: add_columns(properties, required, type);
}

static int add_types(json_t *properties)
{
	json_t *names = json_array();
	json_t *property = json_pack("{s:s, s:s, s:o}", "description", "What this record is about", "type", "string",
				     "enum", names);
	int error = json_object_set_new(properties, "type", property);

	for (enum row_type type = 0; type < ROW_TYPES && !error; type++)
		error = json_array_append_new(names, json_string(row_type_names[type]));
	return error;
}

static json_t *schema(void)
{
	json_t *records = json_array(), *definitions = json_object(), *properties = json_object();
	json_t *schema = json_pack("{s:s, s:s, s:s, s:s, s:s, s:[s, s, s], s:o, s:o, s:o}", "$schema", DIALECT, "$id",
				   ID, "title", "A line of sockstall --json", "description", DESCRIPTION, "type",
				   "object", "required", "v", "type", "time", "properties", properties, "allOf",
				   records, "$defs", definitions);
	int error = schema ? 0 : -1;

	if (!error)
		error = add_types(properties) ?: add_common(properties) ?: add_shared(definitions);
	for (enum row_type type = 0; type < ROW_TYPES && !error; type++)
		error = add_record(records, type);
	if (!error)
		return schema;
	json_decref(schema);
	return NULL;
}

/* ---- Writing ---- */

#define BROKEN_DEPTH 2 /* to this depth each member has a line of its own */

static int append(const char *data, size_t size, void *out)
{
	return buffer_append(out, data, size);
}

static int write_value(struct buffer *out, const json_t *value, int depth);

static int begin_member(struct buffer *out, bool first, int depth)
{
	return text_printf(out, "%s\n%*s", first ? "" : ",", depth, "");
}

static int write_members(struct buffer *out, json_t *object, int depth)
{
	const char *key;
	json_t *value;
	bool first = true;
	int error = text_add(out, "{");

	json_object_foreach(object, key, value)
	{
		if (!error)
			error = begin_member(out, first, depth) ?: text_printf(out, "\"%s\": ", key) ?:
				write_value(out, value, depth);
		first = false;
	}
	return error ?: text_add(out, "}");
}

static int write_items(struct buffer *out, const json_t *array, int depth)
{
	int error = text_add(out, "[");

	for (size_t i = 0; i < json_array_size(array) && !error; i++)
		error = begin_member(out, !i, depth) ?: write_value(out, json_array_get(array, i), depth);
	return error ?: text_add(out, "]");
}

static int write_value(struct buffer *out, const json_t *value, int depth)
{
	if (depth < BROKEN_DEPTH && json_is_object(value))
		return write_members(out, (json_t *)value, depth + 1);
	if (depth < BROKEN_DEPTH && json_is_array(value) && json_is_object(json_array_get(value, 0)))
		return write_items(out, value, depth + 1);
	return json_dump_callback(value, append, out, JSON_COMPACT | JSON_ENCODE_ANY) ? -ENOMEM : 0;
}

int schema_write(FILE *out)
{
	struct buffer text = {0};
	json_t *root = schema();
	int error = root ? write_value(&text, root, 0) ?: text_add(&text, "\n") : -ENOMEM;

	if (!error)
		error = out_write(out, &text) ?: out_flush(out);
	json_decref(root);
	buffer_free(&text);
	return error;
}
