/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "system/file_locks.h"

#include <stdio.h>
#include <string.h>

#define LINE_MOST 200

/* "1: -> FLOCK  ADVISORY  WRITE 4711 fe:01:1234 0 EOF"; the arrow stands further to the right in a tree of waits. */
bool file_lock_parse(struct file_lock *lock, const char *line, size_t length)
{
	char text[LINE_MOST], mode[16], access[16];
	unsigned long long number, inode;
	long long pid;
	int at = 0;

	snprintf(text, sizeof(text), "%.*s", (int)(length < sizeof(text) ? length : sizeof(text) - 1), line);
	if (sscanf(text, "%llu: %n", &number, &at) != 1 || !at)
		return false;
	*lock = (struct file_lock){.number = number, .waits = !strncmp(text + at, "->", 2)};
	if (sscanf(text + at + (lock->waits ? 2 : 0), " %7s %15s %15s %lld %x:%x:%llu ", lock->kind, mode, access, &pid,
		   &lock->major, &lock->minor, &inode) != 7)
		return false;
	lock->pid = pid;
	lock->inode = inode;
	return true;
}

static bool is_same_file(const struct file_lock *a, const struct file_lock *b)
{
	return a->inode == b->inode && a->major == b->major && a->minor == b->minor && !strcmp(a->kind, b->kind);
}

/* The line at *text, which moves behind it; false: there is none. */
static bool next_line(const char **text, const char *end, const char **line, size_t *length)
{
	const char *stop = *text < end ? memchr(*text, '\n', (size_t)(end - *text)) : NULL;

	if (!stop)
		return false;
	*line = *text;
	*length = (size_t)(stop - *text);
	*text = stop + 1;
	return true;
}

bool file_locks_find(struct file_lock *holder, const char *text, size_t size, __u32 pid, const char *kind)
{
	struct file_lock lock, first = {.number = 0};
	const char *end = text + size, *line;
	bool found = false;
	size_t length;

	while (next_line(&text, end, &line, &length)) {
		if (!file_lock_parse(&lock, line, length))
			continue;
		if (!lock.waits)
			first = lock;
		else if (lock.pid == pid && !strcmp(lock.kind, kind) && lock.number == first.number &&
			 is_same_file(&lock, &first)) {
			/* Several threads of it wait: which of them for what is not told. */
			if (found && (!is_same_file(holder, &first) || holder->pid != first.pid))
				return false;
			*holder = first;
			found = true;
		}
	}
	return found;
}

bool file_locks_has(const char *fdinfo, size_t size, const struct file_lock *lock)
{
	static const char mark[] = "lock:\t";
	const char *end = fdinfo + size, *line;
	struct file_lock one;
	size_t length;

	while (next_line(&fdinfo, end, &line, &length))
		if (length > sizeof(mark) && !memcmp(line, mark, sizeof(mark) - 1) &&
		    file_lock_parse(&one, line + sizeof(mark) - 1, length - (sizeof(mark) - 1)) && !one.waits &&
		    is_same_file(&one, lock))
			return true;
	return false;
}
