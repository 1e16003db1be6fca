/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "act/exec_message.h"

#include <errno.h>
#include <jansson.h>
#include <stdint.h>
#include <string.h>

#define PREFIX "SOCKSTALL_"

/* Then the record, and the variables, each with the NUL behind it. */
struct header {
	uint32_t record_size, variable_count, hold;
};

static size_t count(char *const *variables)
{
	size_t i;

	for (i = 0; variables[i]; i++)
		;
	return i;
}

int exec_message_pack(struct buffer *out, const struct exec_message *message)
{
	size_t variable_count = count(message->variables), before = out->size, i;
	struct header header = {
		.record_size = (uint32_t)message->record_size,
		.variable_count = (uint32_t)variable_count,
		.hold = message->hold,
	};
	int err;

	if (message->record_size > EXEC_MESSAGE_MOST || variable_count > EXEC_VARIABLES_MOST)
		return -EMSGSIZE;
	err = buffer_append(out, &header, sizeof(header));
	if (!err)
		err = buffer_append(out, message->record, message->record_size);
	for (i = 0; i < variable_count && !err; i++)
		err = buffer_append(out, message->variables[i], strlen(message->variables[i]) + 1);
	return !err && out->size - before > EXEC_MESSAGE_MOST ? -EMSGSIZE : err;
}

static bool has_control(const char *text, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return true;
	return false;
}

/* One line, nothing in it that is no text, and an object as records are: JSON that programs agree on, no key twice. */
static bool is_record(const char *text, size_t size)
{
	json_t *record;
	bool is_object;

	if (size < 3 || text[size - 1] != '\n' || has_control(text, size - 1))
		return false;
	record = json_loadb(text, size - 1, JSON_REJECT_DUPLICATES, NULL);
	is_object = json_is_object(record);
	json_decref(record);
	return is_object;
}

/* Its name is one of a record's fields: LD_PRELOAD is none. */
static bool is_variable(const char *text, size_t size)
{
	size_t prefix = strlen(PREFIX), name;

	if (size < prefix || memcmp(text, PREFIX, prefix) != 0)
		return false;
	name = strspn(text + prefix, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
	return name && text[prefix + name] == '=' && !has_control(text, size);
}

/* All that is left must be variables, and as many as were told. */
static int take_variables(struct exec_message *message, size_t variable_count, char *at, size_t left)
{
	size_t i, size;
	char *end;

	for (i = 0; i < variable_count; i++) {
		end = memchr(at, '\0', left);
		if (!end)
			return -EBADMSG;
		size = (size_t)(end - at);
		if (!is_variable(at, size))
			return -EBADMSG;
		message->variables[i] = at;
		at += size + 1;
		left -= size + 1;
	}
	return left ? -EBADMSG : 0;
}

int exec_message_unpack(struct exec_message *message, struct arena *arena, char *bytes, size_t size)
{
	struct header header;

	*message = (struct exec_message){0};
	if (size < sizeof(header) || size > EXEC_MESSAGE_MOST)
		return -EBADMSG;
	memcpy(&header, bytes, sizeof(header));
	bytes += sizeof(header);
	size -= sizeof(header);
	if (header.record_size > size || header.variable_count > EXEC_VARIABLES_MOST || header.hold > 1 ||
	    !is_record(bytes, header.record_size))
		return -EBADMSG;
	message->record = bytes;
	message->record_size = header.record_size;
	message->hold = header.hold;
	message->variables = arena_alloc(arena, (header.variable_count + 1) * sizeof(*message->variables));
	if (!message->variables)
		return -ENOMEM;
	return take_variables(message, header.variable_count, bytes + header.record_size, size - header.record_size);
}
