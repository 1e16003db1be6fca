/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A file for node_exporter's textfile collector, new at every look. It is replaced as a whole, and everybody may
 * read it: the collector runs as a user of its own. No port is opened.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apart/files.h"
#include "base/messages.h"
#include "base/new_file.h"
#include "base/out.h"
#include "output/emit.h"
#include "output/metrics/metrics.h"

struct metrics_emitter {
	const struct options *options;
	struct metrics metrics;
	struct buffer text;
	int error; /* that the file could not be written, as it was told; 0: it was written */
};

/* statm: pages in all, pages resident. */
static uint64_t resident_bytes(void)
{
	FILE *statm = fopen("/proc/self/statm", "re");
	unsigned long long pages = 0;

	if (!statm)
		return 0;
	if (fscanf(statm, "%*u %llu", &pages) != 1)
		pages = 0;
	fclose(statm);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static int write_file(struct metrics_emitter *emitter)
{
	struct files *files = emitter->options->helpers.files;
	FILE *stream;
	int err;

	buffer_reset(&emitter->text);
	emitter->metrics.memory_bytes = resident_bytes();
	err = metrics_text(&emitter->text, &emitter->metrics);
	if (!err)
		err = files_make(files, FILE_METRICS, &stream, NULL, 0);
	if (err)
		return err;
	err = out_write(stream, &emitter->text);
	if (!err)
		return files_commit(files, stream, true);
	files_drop(files, stream);
	return err;
}

/*
 * A file that cannot be written now may be next time, and whoever has its folder must not be able to end this. It is
 * told once, and again when it is another error. A single look has no next time, and without memory none is of use.
 */
static int write_or_tell(struct metrics_emitter *emitter)
{
	const struct options *options = emitter->options;
	int err = write_file(emitter);

	if (err == -ENOMEM)
		return err;
	if (err && err != emitter->error)
		messages_tell("cannot write %s/%s: %s", options->sinks.textfile, METRICS_FILE, strerror(-err));
	emitter->error = err;
	return err && options->pace.once ? EMITTER_TOLD : 0;
}

static int metrics_open(void **state, const struct options *options, FILE *out)
{
	struct metrics_emitter *emitter = calloc(1, sizeof(*emitter));

	(void)out; /* not a byte goes there */
	if (!emitter)
		return -ENOMEM;
	*state = emitter;
	emitter->options = options;
	emitter->metrics.selection = &options->scope.selection;
	return 0;
}

static int take_record(void *state, const struct row *row)
{
	struct metrics_emitter *emitter = state;

	return metrics_record(&emitter->metrics, row);
}

static int take_look(void *state, const struct report *report, const struct look *look)
{
	struct metrics_emitter *emitter = state;
	int err = metrics_look(&emitter->metrics, report, look);

	return err ? err : write_or_tell(emitter);
}

static void metrics_close(void *state)
{
	struct metrics_emitter *emitter = state;

	if (!emitter)
		return;
	metrics_free(&emitter->metrics);
	buffer_free(&emitter->text);
	free(emitter);
}

const struct emitter_kind emit_metrics = {
	.name = "metrics",
	.open = metrics_open,
	.record = take_record,
	.look = take_look,
	.close = metrics_close,
};
