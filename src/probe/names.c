/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What containers are called. The worker of foreign.h reads the files: they may be on a file system that does not
 * answer.
 */
#include <errno.h>
#include <string.h>

#include "probe/internal.h"
#include "system/container_names.h"

static int digit(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

static struct foreign_question question_of(__u32 pid, __u64 start_ns, const char *id, unsigned int file)
{
	struct foreign_question question = {
		.request = {.kind = FOREIGN_CONTAINER,
			    .pid = pid,
			    .tid = pid,
			    .fd = (int)file,
			    .size = CONTAINER_FILE_MOST},
		.process_start_ns = start_ns,
	};
	size_t i;

	for (i = 0; i < sizeof(question.request.container); i++)
		question.request.container[i] = (__u8)(digit(id[2 * i]) << 4 | digit(id[2 * i + 1]));
	return question;
}

static int add_names(struct buffer *names, const struct container_names *found)
{
	return buffer_append(names, found->pod, strlen(found->pod) + 1)
		       ?: buffer_append(names, found->namespace, strlen(found->namespace) + 1)
		       ?: buffer_append(names, found->container, strlen(found->container) + 1)
		       ?: buffer_append(names, found->image, strlen(found->image) + 1);
}

/* Asks these, and takes the first that names it. Returns 0, -ENOENT: none does; or -ENOMEM or -ECANCELED. */
static int read_first(const struct scan *scan, struct foreign_question *questions, size_t count, const char *id,
		      unsigned int *file, struct buffer *names)
{
	struct container_names found;
	struct buffer answers = {0};
	int err = foreign_ask(scan->foreign, questions, count, &answers);
	bool is_named = false;
	size_t i;

	for (i = 0; i < count && !err && !is_named; i++) {
		is_named = !questions[i].err &&
			   !container_names_parse(&found, answers.data + questions[i].at, questions[i].size, id);
		if (is_named)
			*file = (unsigned int)questions[i].request.fd;
	}
	buffer_free(&answers);
	if (err)
		return err;
	return is_named ? add_names(names, &found) : -ENOENT;
}

int probe_names_read(const struct scan *scan, __u32 pid, __u64 start_ns, const char *id, unsigned int *file,
		     struct buffer *names)
{
	struct foreign_question questions[CONTAINER_FILES];
	size_t count = 0;
	unsigned int i;
	int err;

	questions[0] = question_of(pid, start_ns, id, *file);
	err = read_first(scan, questions, 1, id, file, names);
	if (err != -ENOENT)
		return err;
	for (i = 0; i < CONTAINER_FILES; i++)
		if (i != *file)
			questions[count++] = question_of(pid, start_ns, id, i);
	err = read_first(scan, questions, count, id, file, names);
	return err == -ENOENT ? 0 : err;
}
