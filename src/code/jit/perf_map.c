/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "code/jit/perf_map.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* ---- Lines ---- */

static void take_line(struct perf_scan *scan)
{
	__u64 start, size;
	char *end, *name;
	size_t i;

	scan->line[scan->length] = '\0';
	start = strtoull(scan->line, &end, 16);
	if (end == scan->line || *end != ' ')
		return;
	size = strtoull(end, &name, 16);
	if (name == end || *name != ' ')
		return;
	for (i = 0; i < scan->count; i++)
		if (scan->names[i].address >= start && scan->names[i].address - start < size)
			memcpy(scan->names[i].name, name + 1, strlen(name + 1) + 1);
}

static void add_part(struct perf_scan *scan, const char *bytes, size_t size)
{
	const size_t room = PERF_LINE - 1 - scan->length, taken = size < room ? size : room;

	memcpy(scan->line + scan->length, bytes, taken);
	scan->length += taken;
}

void perf_map_take(struct perf_scan *scan, const char *bytes, size_t size)
{
	const char *end;
	size_t length;

	while (size) {
		end = memchr(bytes, '\n', size);
		length = end ? (size_t)(end - bytes) : size;
		add_part(scan, bytes, length);
		if (end) {
			take_line(scan);
			scan->length = 0;
		}
		length += end ? 1 : 0;
		bytes += length;
		size -= length;
	}
}

/* ---- Names ---- */

static const char *after(const char *text, const char *beginning)
{
	const size_t length = strlen(beginning);

	return strncmp(text, beginning, length) ? NULL : text + length;
}

/* Control characters are none of a name. */
static void clean(char *name)
{
	for (; *name; name++)
		if ((unsigned char)*name < 0x20 || *name == 0x7f)
			*name = '?';
}

static bool is_digits(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text);
}

/* Cuts a number that follows a colon off the end. Returns false: there is none. */
static bool cut_number(char *text, __u32 *number)
{
	char *colon = strrchr(text, ':');

	if (!colon || !is_digits(colon + 1) || strlen(colon) > 9)
		return false;
	*number = (__u32)strtoul(colon + 1, NULL, 10);
	*colon = '\0';
	return true;
}

/* readReply /srv/app.js:2:19, with a sign before it that says how it was compiled. */
static void read_script(struct perf_function *function, char *rest)
{
	char *space, *slash;
	__u32 column;

	rest += strspn(rest, "*^~+");
	space = strrchr(rest, ' ');
	function->kind = CODE_OWN;
	function->name = rest;
	if (!space)
		return;
	*space++ = '\0';
	if (!*rest)
		function->name = "(anonymous)";
	if (!cut_number(space, &column) || !cut_number(space, &function->line))
		function->line = 0;
	if (after(space, "node:"))
		function->kind = CODE_OF_LANGUAGE;
	else if (strstr(space, "/node_modules/"))
		function->kind = CODE_INSTALLED;
	slash = strrchr(space, '/');
	function->file = slash ? slash + 1 : space;
}

/* What Java and .NET come with. */
static bool is_of_language(const char *name)
{
	static const char *const beginnings[] = {"java.", "javax.", "jdk.", "sun.", "System.", "Microsoft."};
	size_t i;

	for (i = 0; i < COUNT_OF(beginnings); i++)
		if (after(name, beginnings[i]))
			return true;
	return false;
}

/* void com.shop.UserDao.find(java.lang.String): without what it returns and takes. */
static void read_method(struct perf_function *function, char *name, char *bracket)
{
	char *space;

	while (bracket > name && bracket[-1] == ' ')
		bracket--;
	*bracket = '\0';
	space = strrchr(name, ' ');
	function->name = space && space[1] ? space + 1 : name;
	if (strchr(function->name, '.'))
		function->kind = is_of_language(function->name) ? CODE_OF_LANGUAGE : CODE_OWN;
}

void perf_function_read(struct perf_function *function, char *name)
{
	static const char *const scripts[] = {"JS:", "LazyCompile:", "Function:", "Script:", "Eval:"};
	char *bracket = strchr(name, '(');
	const char *rest = NULL;
	size_t i;

	clean(name);
	*function = (struct perf_function){.name = name, .kind = CODE_NATIVE};
	for (i = 0; i < COUNT_OF(scripts) && !rest; i++)
		rest = after(name, scripts[i]);
	if (rest)
		read_script(function, name + (rest - name));
	else if (bracket && bracket != name)
		read_method(function, name, bracket);
}
