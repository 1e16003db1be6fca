/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "run/output_folders.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/folder.h"
#include "base/messages.h"
#include "base/new_file.h"
#include "output/metrics/metrics.h"

static int try_textfile(const struct options *options)
{
	struct new_file file;
	int err = options->textfile_folder < 0 ? options->textfile_folder : 0;

	if (!err)
		err = new_file_open_at(&file, options->textfile_folder, METRICS_FILE, 0600);
	if (err)
		messages_tell("cannot write to %s: %s", options->textfile,
			      err == -ELOOP ? "a symbolic link on the way belongs to another user" : strerror(-err));
	else
		new_file_drop(&file);
	return err;
}

int output_folders_open(struct options *options)
{
	options->textfile_folder = options->dump_folder = -ENOENT;
	if (options->flight_ns)
		options->dump_folder = options->dump_file ? folder_open_of(options->dump_file) : folder_open(".");
	if (!options->textfile)
		return 0;
	options->textfile_folder = folder_open_trusted(options->textfile);
	return try_textfile(options);
}

static void close_one(int *folder)
{
	if (*folder > 0)
		close(*folder);
	*folder = -ENOENT;
}

void output_folders_close(struct options *options)
{
	close_one(&options->textfile_folder);
	close_one(&options->dump_folder);
}
