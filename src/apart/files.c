/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "apart/files.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/out.h"

/* A folder on a server that does not answer holds it for no longer; then no file is made any more. */
#define PATIENCE_MS 5000

static int receive(int socket, struct file_reply *reply, int *fd)
{
	struct pollfd wait = {.fd = socket, .events = POLLIN};
	ssize_t got = -EINTR;

	*fd = -1;
	while (got == -EINTR) {
		if (poll(&wait, 1, PATIENCE_MS) == 0)
			return -ETIMEDOUT;
		got = apart_receive(socket, reply, sizeof(*reply), fd);
	}
	if (got == (ssize_t)sizeof(*reply))
		return 0;
	if (*fd >= 0)
		close(*fd);
	return got < 0 ? (int)got : -EPIPE;
}

/* *fd: -1 where the answer has none. */
static int ask(struct files *files, enum file_ask what, enum file_place place, struct file_reply *reply, int *fd)
{
	const struct file_request request = {.ask = what, .place = place};
	int err = files && files->helper.fd >= 0 ? apart_send(files->helper.fd, &request, sizeof(request), -1) : -EPIPE;

	*fd = -1;
	if (!err)
		err = receive(files->helper.fd, reply, fd);
	if (!err)
		return reply->err;
	/* An answer that comes later must not be taken for another's. */
	if (files && files->helper.fd >= 0) {
		close(files->helper.fd);
		files->helper.fd = -1;
	}
	return err;
}

int files_make(struct files *files, enum file_place place, FILE **stream, char *path, size_t path_size)
{
	struct file_reply reply = {0};
	int fd, err = ask(files, FILE_ASK_MAKE, place, &reply, &fd);

	if (path)
		snprintf(path, path_size, "%.*s", FILES_PATH_MOST - 1, reply.path);
	*stream = NULL;
	if (!err)
		*stream = fd < 0 ? NULL : fdopen(fd, "w");
	if (err || *stream)
		return err;
	if (fd >= 0)
		close(fd);
	return -ENOMEM;
}

int files_commit(struct files *files, FILE *stream, bool replace)
{
	struct file_reply reply;
	int fd, err = out_flush(stream);

	if (fclose(stream) && !err)
		err = -errno;
	if (!err)
		return ask(files, replace ? FILE_ASK_REPLACE : FILE_ASK_KEEP, 0, &reply, &fd);
	ask(files, FILE_ASK_DROP, 0, &reply, &fd);
	return err;
}

void files_drop(struct files *files, FILE *stream)
{
	struct file_reply reply;
	int fd;

	fclose(stream);
	ask(files, FILE_ASK_DROP, 0, &reply, &fd);
}
