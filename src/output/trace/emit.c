/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A trace of a whole recording: see trace.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/out.h"
#include "output/emit.h"
#include "output/short_name.h"
#include "output/trace/trace.h"

struct trace_emitter {
	FILE *out;
	struct trace trace;
};

static int trace_open(void **state, const struct options *options, FILE *out)
{
	struct trace_emitter *emitter = calloc(1, sizeof(*emitter));

	(void)options;
	if (!emitter)
		return -ENOMEM;
	row_init(&emitter->trace.story.start, ROW_START);
	emitter->out = out;
	*state = emitter;
	return 0;
}

/* The lags of all loops, and of what is not stuck nothing else. */
static void trace_wants(void *state, struct wants *wants)
{
	(void)state;
	wants->loops = true;
}

static int take_record(void *state, const struct row *row)
{
	struct trace_emitter *emitter = state;

	return story_record(&emitter->trace.story, row);
}

/* Looks have loops in much the same order: the one behind the last is asked first. */
static bool is_named(struct trace *trace, const struct row *row)
{
	for (size_t i = 1; i <= trace->name_count; i++) {
		size_t at = (trace->name_at + i) % trace->name_count;

		if (trace->names[at].pid != trace_id(row, row->pid) || trace->names[at].tid != trace_id(row, row->tid))
			continue;
		trace->name_at = at;
		return true;
	}
	return false;
}

static int keep_name(struct trace *trace, const struct row *row)
{
	struct trace_name *names;

	if (is_named(trace, row))
		return 0;
	names = array_grow(trace->names, trace->name_count, &trace->name_capacity, 64, sizeof(*names));
	if (!names)
		return -ENOMEM;
	trace->names = names;
	names += trace->name_count++;
	names->pid = trace_id(row, row->pid);
	names->tid = trace_id(row, row->tid);
	short_name(names->host, row->with_others ? row->host : NULL);
	short_name(names->comm, row->comm);
	short_name(names->process, row->process_comm ? row->process_comm : row->comm);
	return 0;
}

static int keep_lag(struct trace *trace, const struct row *row)
{
	struct trace_lag *lags = array_grow(trace->lags, trace->lag_count, &trace->lag_capacity, 64, sizeof(*lags));

	if (!lags)
		return -ENOMEM;
	trace->lags = lags;
	lags[trace->lag_count++] = (struct trace_lag){
		.time_ns = row->time_ns,
		.pid = trace_id(row, row->pid),
		.tid = trace_id(row, row->tid),
		.max_s = row->loop.lag_max_s,
		.p99_s = row->loop.lag_p99_s,
	};
	return keep_name(trace, row);
}

static int take_look(void *state, const struct report *report, const struct look *look)
{
	struct trace_emitter *emitter = state;
	int err = story_look(&emitter->trace.story, report, look);

	for (size_t i = 0; i < report->count && !err; i++) {
		const struct row *row = &report->rows[i];

		if (row->type == ROW_LOOP && row->event != STALL_CLOSE && !row->is_old && isfinite(row->loop.lag_max_s))
			err = keep_lag(&emitter->trace, row);
	}
	return err;
}

static int trace_finish(void *state, const char *damage)
{
	struct trace_emitter *emitter = state;
	struct buffer text = {0};
	int err = trace_write(&text, &emitter->trace, damage) ?: out_write(emitter->out, &text) ?: out_flush(emitter->out);

	buffer_free(&text);
	return err;
}

static void trace_close(void *state)
{
	struct trace_emitter *emitter = state;

	if (!emitter)
		return;
	story_free(&emitter->trace.story);
	free(emitter->trace.lags);
	free(emitter->trace.names);
	free(emitter);
}

const struct emitter_kind emit_trace = {
	.name = "trace",
	.open = trace_open,
	.wants = trace_wants,
	.record = take_record,
	.look = take_look,
	.finish = trace_finish,
	.close = trace_close,
};
