/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <errno.h>
#include <jansson.h>

#include "base/out.h"
#include "output/emit.h"
#include "rows/column.h"
#include "rows/links.h"

#define DIALECT "https://json-schema.org/draft/2020-12/schema"
#define ID	"urn:sockstall:record:1"

static const char *const titles[ROW_TYPES] = {
	[ROW_START] = "The first record: what runs, and where",
	[ROW_HANDSHAKE] = "A TCP handshake that does not complete, or a connection that is not accepted",
	[ROW_LISTENER] = "A listening socket and its queues",
	[ROW_READER] = "A thread blocked in a read",
	[ROW_LOOP] = "A thread that waits with epoll, poll or select",
	[ROW_WRITER] = "A thread blocked in a write",
	[ROW_CLOSING] = "A connection that is being closed but does not get closed",
	[ROW_CHAIN] = "Processes that wait for each other, and the one at the end of the chain",
	[ROW_THREAD] = "A thread of a process",
	[ROW_REGION] = "A piece of a process's address space",
	[ROW_WATCH] = "A descriptor that an epoll instance watches",
	[ROW_DIFFERENCE] = "What differs between two recordings",
	[ROW_CHECK] = "What `sockstall check` found of one probe, right or protection",
	[ROW_ACTION] = "What `sockstall end` would do, or did",
	[ROW_LOST] = "What could not be seen or kept",
	[ROW_END] = "The last record: what it took",
};

/* By enum column_kind. */
static const char *const json_types[] = {
	[COLUMN_VERSION] = "integer", [COLUMN_TYPE] = "string",	  [COLUMN_EVENT] = "string",
	[COLUMN_TEXT] = "string",     [COLUMN_COUNT] = "integer", [COLUMN_SECONDS] = "number",
	[COLUMN_NUMBER] = "number",   [COLUMN_BOOL] = "boolean",  [COLUMN_TIME] = "string",
	[COLUMN_HISTOGRAM] = "array", [COLUMN_LINKS] = "array",
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

static int describe(json_t *property, const struct column *column, enum row_type type)
{
	int error = json_object_set_new(property, "description", json_string(column->description));

	if (!error)
		error = json_object_set_new(property, "type",
					    column->never_null ? json_string(json_types[column->kind])
							       : json_pack("[s, s]", json_types[column->kind], "null"));
	if (!error && column->kind == COLUMN_VERSION)
		error = json_object_set_new(property, "const", json_integer(1));
	if (!error && column->kind == COLUMN_TYPE)
		error = json_object_set_new(property, "const", json_string(row_type_names[type]));
	if (!error && column->kind == COLUMN_TIME)
		error = json_object_set_new(property, "format", json_string("date-time"));
	if (!error && column->kind == COLUMN_LINKS)
		error = add_links(property);
	if (!error && column->kind == COLUMN_HISTOGRAM)
		error = add_bars(property);
	if (!error && column->values)
		error = add_values(property, column);
	return error;
}

static int add_column(json_t *properties, json_t *required, const struct column *column, enum row_type type)
{
	json_t *property = json_object();

	return json_object_set_new(properties, column->key, property) ?:
	       json_array_append_new(required, json_string(column->key)) ?:
	       describe(property, column, type);
}

static int add_columns(json_t *properties, json_t *required, enum row_type type)
{
	int error = 0;

	for (size_t i = 0; i < column_count && !error; i++) {
		if (columns[i].types & ROW_BIT(type))
			error = add_column(properties, required, &columns[i], type);
	}
	return error;
}

static int add_record(json_t *records, enum row_type type)
{
	json_t *properties = json_object(), *required = json_array();
	json_t *record = json_pack("{s:s, s:s, s:o, s:o, s:b}", "title", titles[type], "type", "object", "properties",
				   properties, "required", required, "additionalProperties", 0);

	/* A pack that fails has dropped its parts. */
	return json_array_append_new(records, record) ?: add_columns(properties, required, type);
}

static json_t *schema(void)
{
	json_t *records = json_array();
	json_t *schema = json_pack("{s:s, s:s, s:s, s:s, s:o}", "$schema", DIALECT, "$id", ID, "title",
				   "A line of sockstall --json", "description",
				   "Seconds are numbers with at most six decimals. What is not known is null.", "oneOf",
				   records);
	int error = schema ? 0 : -1;

	for (enum row_type type = 0; type < ROW_TYPES && !error; type++)
		error = add_record(records, type);
	if (!error)
		return schema;
	json_decref(schema);
	return NULL;
}

static int append(const char *data, size_t size, void *out)
{
	return buffer_append(out, data, size);
}

int schema_write(FILE *out)
{
	struct buffer text = {0};
	json_t *root = schema();
	int error = -ENOMEM;

	if (root && !json_dump_callback(root, append, &text, JSON_INDENT(2)))
		error = buffer_append(&text, "\n", 1) ?: out_write(out, &text) ?: out_flush(out);
	json_decref(root);
	buffer_free(&text);
	return error;
}
