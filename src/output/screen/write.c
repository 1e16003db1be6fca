/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Writes the screen to a file. */
#include <errno.h>
#include <string.h>

#include "apart/files.h"
#include "output/screen/internal.h"

static int write_lines(FILE *stream, const struct lines *lines)
{
	for (size_t i = 0; i < lines_count(lines); i++)
		if (fprintf(stream, "%s\n", lines_text(lines, lines_at(lines, i))) < 0)
			return -errno;
	return fflush(stream) ? -errno : 0;
}

static int write_file(struct files *files, const struct lines *lines, char *path, size_t size)
{
	FILE *stream;
	int error = files ? files_make(files, FILE_SCREEN, &stream, path, size) : -EPERM;

	if (error)
		return error;
	error = write_lines(stream, lines);
	if (!error)
		return files_commit(files, stream, false);
	files_drop(files, stream);
	return error;
}

void screen_write(struct screen *screen, struct files *files, size_t width, size_t height, uint64_t elapsed_ns)
{
	char path[FILES_PATH_MOST] = "", told[SCREEN_TOLD];
	struct lines lines = {0};
	int error =
		screen_draw(screen, &lines, width, height, elapsed_ns) ?: write_file(files, &lines, path, sizeof(path));

	if (error)
		snprintf(told, sizeof(told), "cannot write it to a file: %s", strerror(-error));
	else
		snprintf(told, sizeof(told), "written to %.*s", (int)(sizeof(told) - sizeof("written to ")), path);
	screen_tell(screen, told);
	lines_free(&lines);
}
