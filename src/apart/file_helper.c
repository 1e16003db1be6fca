/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "apart/file_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/dump_file.h"
#include "base/folder.h"
#include "base/new_file.h"
#include "rights/landlock.h"
#include "rights/privileges.h"

struct helper {
	int requests;
	const char *paths[FILE_PLACES]; /* NULL: not to be made */
	int folders[FILE_PLACES]; /* of these, as they were at the start; or a negative errno */
	bool dumps, screens;
	const char *dump_path; /* NULL: named by the moment */
	struct dump_folder dump_folder, screen_folder;
	struct new_file file; /* being made */
	struct dump_file dump;
};

static int make_dump(struct helper *helper, enum file_place place, struct file_reply *reply, int *fd)
{
	bool screen = place == FILE_SCREEN, allowed = screen ? helper->screens : helper->dumps;
	int err = allowed ? dump_file_open(&helper->dump, screen ? &helper->screen_folder : &helper->dump_folder)
			  : -EPERM;

	snprintf(reply->path, sizeof(reply->path), "%s", helper->dump.path);
	*fd = err ? -1 : helper->dump.fd;
	return err;
}

static int make(struct helper *helper, enum file_place place, struct file_reply *reply, int *fd)
{
	int err;

	/* One that is left over is not wanted any more. */
	new_file_drop(&helper->file);
	dump_file_close(&helper->dump, false);
	if (place == FILE_DUMP || place == FILE_SCREEN)
		return make_dump(helper, place, reply, fd);
	if (place >= FILE_PLACES || !helper->paths[place])
		return -EPERM;
	if (helper->folders[place] < 0)
		return helper->folders[place];
	err = new_file_open_at(&helper->file, helper->folders[place], folder_name_in(helper->paths[place]),
			       place == FILE_METRICS ? 0644 : 0600);
	*fd = err ? -1 : fileno(helper->file.stream);
	return err;
}

static int settle(struct helper *helper, enum file_ask ask)
{
	int err = 0;

	dump_file_close(&helper->dump, ask != FILE_ASK_DROP);
	if (ask == FILE_ASK_DROP)
		new_file_drop(&helper->file);
	else if (helper->file.stream)
		err = new_file_commit(&helper->file, ask == FILE_ASK_REPLACE);
	return err;
}

/* false: sockstall has ended, or does not speak as it should. */
static bool serve_one(struct helper *helper)
{
	struct file_request request;
	struct file_reply reply = {0};
	int fd;
	ssize_t got = apart_receive(helper->requests, &request, sizeof(request), &fd);

	if (got == -EINTR)
		return true;
	if (fd >= 0)
		close(fd);
	if (got != sizeof(request) || request.ask >= FILE_ASKS)
		return false;
	fd = -1;
	reply.err =
		request.ask == FILE_ASK_MAKE ? make(helper, request.place, &reply, &fd) : settle(helper, request.ask);
	return !apart_send(helper->requests, &reply, sizeof(reply), fd);
}

/* Metrics are written again and again, with nobody looking. */
static int open_folder(const char *path, enum file_place place)
{
	char *folder;
	int fd;

	if (place != FILE_METRICS)
		return folder_open_of(path);
	folder = strndup(path, (size_t)(folder_name_in(path) - path));
	fd = folder ? folder_open_trusted(folder) : -ENOMEM;
	free(folder);
	return fd;
}

static void open_folders(struct helper *helper)
{
	size_t i;

	for (i = 0; i < FILE_PLACES; i++)
		helper->folders[i] = helper->paths[i] ? open_folder(helper->paths[i], i) : -ENOENT;
}

/* Folders that are not there are no place to write to. */
static void restrict_to_folders(const struct helper *helper)
{
	int folders[FILE_PLACES + 2];
	size_t count = 0, i;

	for (i = 0; i < FILE_PLACES; i++)
		if (helper->paths[i])
			folders[count++] = helper->folders[i];
	if (helper->dumps)
		folders[count++] = helper->dump_folder.fd;
	if (helper->screens)
		folders[count++] = helper->screen_folder.fd;
	landlock_write_below(folders, count);
}

static void serve(int requests, void *context)
{
	struct helper *helper = context;

	helper->requests = requests;
	helper->file.folder = helper->dump.fd = -1;
	dump_folder_open(&helper->dump_folder, helper->dump_path, ".rec");
	if (helper->screens)
		dump_folder_open(&helper->screen_folder, NULL, ".txt");
	open_folders(helper);
	tzset(); /* gmtime_r() would read files */
	restrict_to_folders(helper);
	privileges_drop(PRIVILEGE_FILES);
	while (serve_one(helper))
		;
	new_file_drop(&helper->file);
	dump_file_close(&helper->dump, false);
}

/* The paths live as long as the child: it is a copy of this process, which sets it apart before they are freed. */
int file_helper_open(struct files *files, struct options *options, bool screens)
{
	struct helper helper = {
		.paths = {[FILE_HTML] = options->sinks.html_file, [FILE_TRACE] = options->sinks.trace_file}};
	char *metrics = NULL;
	int err = 0;

	if (options->sinks.textfile && asprintf(&metrics, "%s/sockstall.prom", options->sinks.textfile) < 0)
		return -ENOMEM;
	helper.paths[FILE_METRICS] = metrics;
	helper.screens = screens;
	helper.dumps = options->reacting.flight_ns;
	helper.dump_path = options->reacting.dump_file;
	if (metrics || helper.dumps || screens || options->sinks.html_file || options->sinks.trace_file)
		err = apart_start(&files->helper, "sockstall-files", serve, &helper);
	free(metrics);
	options->helpers.files = files;
	return err;
}

void file_helper_close(struct files *files)
{
	apart_end(&files->helper);
}
