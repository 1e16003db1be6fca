/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A line of JSON for each record: as it is (rows/json.h), or as a log of OpenTelemetry (otlp.h). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/out.h"
#include "output/emit.h"
#include "output/otlp.h"
#include "rows/json.h"

struct json_emitter {
	FILE *out;
	bool every_row, as_otlp;
	struct json json; /* reused from row to row */
	char *host; /* of the last start record; NULL: none had one */
};

static int make_line(struct json_emitter *emitter, const struct row *row)
{
	if (!emitter->as_otlp)
		return json_row(&emitter->json, row);
	buffer_reset(&emitter->json.line);
	return otlp_add_row(&emitter->json.line, row, emitter->host);
}

static int write_row(struct json_emitter *emitter, const struct row *row)
{
	return make_line(emitter, row) ?: out_write(emitter->out, &emitter->json.line);
}

static int open_emitter(void **state, const struct options *options, FILE *out, bool as_otlp)
{
	struct json_emitter *emitter = calloc(1, sizeof(*emitter));

	if (!emitter)
		return -ENOMEM;
	emitter->out = out;
	emitter->every_row = options->scope.all || options->pace.once;
	emitter->as_otlp = as_otlp;
	*state = emitter;
	return 0;
}

static int json_open(void **state, const struct options *options, FILE *out)
{
	return open_emitter(state, options, out, false);
}

static int otlp_open(void **state, const struct options *options, FILE *out)
{
	return open_emitter(state, options, out, true);
}

/* The records that follow are of this machine. */
static int keep_host(struct json_emitter *emitter, const char *host)
{
	free(emitter->host);
	emitter->host = host ? strdup(host) : NULL;
	return host && !emitter->host ? -ENOMEM : 0;
}

static int json_record(void *state, const struct row *row)
{
	struct json_emitter *emitter = state;
	int error = row->type == ROW_START ? keep_host(emitter, row->start.host) : 0;

	return error ?: write_row(emitter, row) ?: out_flush(emitter->out);
}

static int json_look(void *state, const struct report *report, const struct look *look)
{
	struct json_emitter *emitter = state;
	int error = 0;

	(void)look;
	for (size_t i = 0; i < report->count && !error; i++) {
		const struct row *row = &report->rows[i];

		if (row_is_told(row, emitter->every_row))
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
	free(emitter->host);
	free(emitter);
}

const struct emitter_kind emit_json = {
	.name = "json",
	.open = json_open,
	.record = json_record,
	.look = json_look,
	.close = json_close,
};

const struct emitter_kind emit_otlp = {
	.name = "otlp",
	.open = otlp_open,
	.record = json_record,
	.look = json_look,
	.close = json_close,
};
