/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "base/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/out.h"

static int make_names(struct new_file *file, const char *name)
{
	file->name = strdup(name);
	if (!file->name)
		return -ENOMEM;
	if (!*file->name)
		return -EISDIR;
	/* Two runs at a time must not write into each other's. */
	if (asprintf(&file->temporary, ".sockstall-%ld.new", (long)getpid()) < 0) {
		file->temporary = NULL;
		return -ENOMEM;
	}
	return 0;
}

static int open_stream(struct new_file *file, mode_t mode)
{
	int fd, err = 0;

	/* Left behind by a run that was killed and had this pid. */
	unlinkat(file->folder, file->temporary, 0);
	fd = openat(file->folder, file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	/* Whatever the umask is: who reads it depends on that. */
	if (fchmod(fd, mode))
		err = -errno;
	if (!err)
		file->stream = fdopen(fd, "w");
	if (file->stream)
		return 0;
	err = err ? err : -errno;
	close(fd);
	unlinkat(file->folder, file->temporary, 0);
	return err;
}

static void forget(struct new_file *file)
{
	free(file->name);
	free(file->temporary);
	*file = (struct new_file){.folder = -1};
}

int new_file_open_at(struct new_file *file, int folder, const char *name, mode_t mode)
{
	int err;

	*file = (struct new_file){.folder = folder};
	err = make_names(file, name);
	if (!err)
		err = open_stream(file, mode);
	if (err)
		forget(file);
	return err;
}

/* Landlock refuses to put a file in a folder's place before anybody says that it is one; it may be gone by now. */
static int why_not_replaced(const struct new_file *file, int err)
{
	struct stat st;

	if (err != -EACCES)
		return err;
	if (fstatat(file->folder, file->name, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? -EISDIR : err;
	return S_ISDIR(st.st_mode) ? -EISDIR : err;
}

static int take_name(const struct new_file *file, bool replace)
{
	if (replace && renameat(file->folder, file->temporary, file->folder, file->name))
		return why_not_replaced(file, -errno);
	if (replace)
		return 0;
	/* Unlike a rename a link refuses to replace, on every file system and kernel. */
	if (linkat(file->folder, file->temporary, file->folder, file->name, 0))
		return -errno;
	return unlinkat(file->folder, file->temporary, 0) ? -errno : 0;
}

int new_file_commit(struct new_file *file, bool replace)
{
	int err = out_flush(file->stream);

	if (fclose(file->stream) && !err)
		err = -errno;
	file->stream = NULL;
	if (!err)
		err = take_name(file, replace);
	if (err)
		unlinkat(file->folder, file->temporary, 0);
	forget(file);
	return err;
}

void new_file_drop(struct new_file *file)
{
	if (!file->stream)
		return;
	fclose(file->stream);
	unlinkat(file->folder, file->temporary, 0);
	forget(file);
}
