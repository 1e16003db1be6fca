/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* JSON Lines: see rows/json.h. */
#include <errno.h>
#include <stdlib.h>

#include "base/out.h"
#include "output/emit.h"
#include "rows/json.h"

struct json_emitter {
	FILE *out;
	bool every_row;
	struct json json; /* reused from row to row */
};

static int write_row(struct json_emitter *emitter, const struct row *row)
{
	return json_row(&emitter->json, row) ?: out_write(emitter->out, &emitter->json.line);
}

static int json_open(void **state, const struct options *options, FILE *out)
{
	struct json_emitter *emitter = calloc(1, sizeof(*emitter));

	if (!emitter)
		return -ENOMEM;
	emitter->out = out;
	emitter->every_row = options->scope.all || options->pace.once;
	*state = emitter;
	return 0;
}

static int json_record(void *state, const struct row *row)
{
	struct json_emitter *emitter = state;

	return write_row(emitter, row) ?: out_flush(emitter->out);
}

static int json_look(void *state, const struct report *report, const struct look *look)
{
	struct json_emitter *emitter = state;
	int error = 0;

	(void)look;
	for (size_t i = 0; i < report->count && !error; i++) {
		const struct row *row = &report->rows[i];

		if (emitter->every_row || row->event != STALL_NONE || !row_is_finding(row->type))
			error = write_row(emitter, row);
	}
	return error ?: out_flush(emitter->out);
}

static void json_close(void *state)
{
	struct json_emitter *emitter = state;

	if (!emitter)
		return;
	json_free(&emitter->json);
	free(emitter);
}

const struct emitter_kind emit_json = {
	.name = "json",
	.open = json_open,
	.record = json_record,
	.look = json_look,
	.close = json_close,
};
