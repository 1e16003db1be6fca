/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The events of a trace: see trace.h. Times are in us, to the ns, from the earliest there is. */
#include "output/trace/trace.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "output/cell.h"
#include "rows/json.h"

/* One trace being written. */
struct writer {
	struct buffer *out;
	const struct trace *trace;
	uint64_t base_ns;
	size_t events;
};

static uint64_t earliest(const struct trace *trace)
{
	uint64_t base_ns = trace->story.first_ns;

	for (size_t i = 0; i < trace->story.count; i++) {
		if (life_begin(&trace->story.lives[i]) < base_ns)
			base_ns = life_begin(&trace->story.lives[i]);
	}
	for (size_t i = 0; i < trace->lag_count; i++) {
		if (trace->lags[i].time_ns < base_ns)
			base_ns = trace->lags[i].time_ns;
	}
	return base_ns;
}

static int add_us(struct writer *writer, const char *key, uint64_t ns)
{
	return text_printf(writer->out, ",\"%s\":%" PRIu64 ".%03u", key, ns / 1000, (unsigned int)(ns % 1000));
}

/* What every event has; the object is left open. */
static int begin_event(struct writer *writer, const char *phase, int64_t pid, int64_t tid)
{
	return text_printf(writer->out, "%s{\"ph\":\"%s\",\"pid\":%" PRId64 ",\"tid\":%" PRId64,
			   writer->events++ ? ",\n" : "", phase, pid, tid);
}

static int begin_timed(struct writer *writer, const char *phase, const struct trace_slice *slice, uint64_t time_ns)
{
	return begin_event(writer, phase, slice->pid, slice->tid)
		       ?: add_us(writer, "ts", time_ns > writer->base_ns ? time_ns - writer->base_ns : 0);
}

/* ---- Names ---- */

static int add_name(struct writer *writer, const char *what, int64_t pid, int64_t tid, const char *name)
{
	return begin_event(writer, "M", pid, tid) ?:
	       text_printf(writer->out, ",\"name\":\"%s\",\"args\":{\"name\":", what) ?: json_add_text(writer->out, name) ?:
	       text_add(writer->out, "}}");
}

static int add_lane_name(struct writer *writer, const struct trace_slice *slice)
{
	char name[32];

	snprintf(name, sizeof(name), "handshakes %" PRId64, slice->tid - TRACE_LANES + 1);
	return add_name(writer, "thread_name", slice->pid, slice->tid, name);
}

/* With its host, where several are shown. */
static int add_process_name(struct writer *writer, const struct trace_slice *slice)
{
	const struct life *life = slice->life;
	const char *comm = life->process_comm ? life->process_comm : life->row.comm;
	struct buffer name = {0};
	int err = cell_add_host(&name, &life->row) ?: text_add(&name, comm ? comm : "no process is known") ?:
		  buffer_append(&name, "", 1) ?:
		  add_name(writer, "process_name", slice->pid, 0, name.data);

	buffer_free(&name);
	return err;
}

static int add_names_of_slices(struct writer *writer, const struct trace_slice *slices, size_t count)
{
	int err = 0;

	for (size_t i = 0; i < count && !err; i++) {
		const struct trace_slice *slice = &slices[i], *before = i ? &slices[i - 1] : NULL;

		if (!before || before->pid != slice->pid)
			err = add_process_name(writer, slice);
		if (err || slice->async || (before && before->pid == slice->pid && before->tid == slice->tid))
			continue;
		if (slice->tid >= TRACE_LANES)
			err = add_lane_name(writer, slice);
		else
			err = add_name(writer, "thread_name", slice->pid, slice->tid,
				       slice->life->row.comm ? slice->life->row.comm : "-");
	}
	return err;
}

/* A name that stands twice does no harm: the last one holds. */
static int add_names_of_loop(struct writer *writer, const struct trace_name *names)
{
	char process[sizeof(names->host) + sizeof(names->process) + 1];

	snprintf(process, sizeof(process), "%s%s%s", names->host, *names->host ? ":" : "", names->process);
	return add_name(writer, "process_name", names->pid, 0, process)
		       ?: add_name(writer, "thread_name", names->pid, names->tid, names->comm);
}

static int add_names_of_loops(struct writer *writer)
{
	int err = 0;

	for (size_t i = 0; i < writer->trace->name_count && !err; i++)
		err = add_names_of_loop(writer, &writer->trace->names[i]);
	return err;
}

/* ---- Slices ---- */

/* "reader 10.0.0.1:40000 - 10.0.0.2:80: awaiting_reply" */
static int add_title(struct writer *writer, const struct life *life, const char *verdict)
{
	const struct row *row = &life->row;
	struct buffer title = {0};
	int err = text_add(&title, row_type_names[row->type]);

	if (!err && row->local_addr)
		err = text_add(&title, " ") ?: cell_add_key(&title, "local_addr", row);
	if (!err && row->peer_addr)
		err = text_add(&title, " - ") ?: cell_add_key(&title, "peer_addr", row);
	if (!err && verdict)
		err = text_add(&title, ": ") ?: text_add(&title, verdict);
	if (!err)
		err = buffer_append(&title, "", 1);
	if (!err)
		err = text_printf(writer->out, ",\"cat\":\"%s\",\"name\":", row_type_names[row->type])
			      ?: json_add_text(writer->out, title.data);
	buffer_free(&title);
	return err;
}

static int add_args(struct writer *writer, const struct life *life)
{
	return text_add(writer->out, ",\"args\":") ?: json_add_known(writer->out, &life->row) ?:
	       text_add(writer->out, "}");
}

static int add_complete(struct writer *writer, const struct trace_slice *slice)
{
	return begin_timed(writer, "X", slice, slice->from_ns) ?: add_us(writer, "dur", slice->to_ns - slice->from_ns) ?:
	       add_title(writer, slice->life, slice->life->row.verdict) ?: add_args(writer, slice->life);
}

/* A change of the verdict, as an instant. */
static int add_changes(struct writer *writer, const struct trace_slice *slice)
{
	const struct life *life = slice->life;
	int err = 0;

	for (size_t i = 1; i < life->phase_count && !err; i++)
		err = begin_timed(writer, "i", slice, life->phases[i].from_ns) ?:
		      text_add(writer->out, ",\"s\":\"t\",\"name\":") ?:
		      json_add_text(writer->out, life->phases[i].verdict ? life->phases[i].verdict : "-") ?:
		      text_add(writer->out, "}");
	return err;
}

static int add_async(struct writer *writer, const struct trace_slice *slice, const char *phase, uint64_t time_ns)
{
	size_t number = (size_t)(slice->life - writer->trace->story.lives) + 1;

	return begin_timed(writer, phase, slice, time_ns) ?: text_printf(writer->out, ",\"id\":\"0x%zx\"", number) ?:
	       add_title(writer, slice->life, slice->life->row.verdict);
}

static int add_slice(struct writer *writer, const struct trace_slice *slice)
{
	if (!slice->async)
		return add_complete(writer, slice) ?: add_changes(writer, slice);
	return add_async(writer, slice, "b", slice->from_ns) ?: add_args(writer, slice->life) ?:
	       add_async(writer, slice, "e", slice->to_ns) ?: text_add(writer->out, "}");
}

static int add_flow(struct writer *writer, const struct trace_flow *flow, size_t number)
{
	const char *name = flow->from->pid == flow->to->pid ? "should accept" : "other end";

	return begin_timed(writer, "s", flow->from, flow->time_ns) ?:
	       text_printf(writer->out, ",\"id\":%zu,\"cat\":\"flow\",\"name\":\"%s\"}", number, name) ?:
	       begin_timed(writer, "f", flow->to, flow->time_ns) ?:
	       text_printf(writer->out, ",\"bp\":\"e\",\"id\":%zu,\"cat\":\"flow\",\"name\":\"%s\"}", number, name);
}

/* ---- Counters ---- */

static int add_lag(struct writer *writer, const struct trace_lag *lag)
{
	const struct trace_slice track = {.pid = lag->pid, .tid = lag->tid};

	/* A counter belongs to the process: the thread stands in its name. */
	return begin_timed(writer, "C", &track, lag->time_ns) ?:
	       text_printf(writer->out, ",\"name\":\"loop lag %" PRId64 " (ms)\",\"args\":{\"max\":", lag->tid) ?:
	       text_number(writer->out, lag->max_s * 1000) ?:
	       (isfinite(lag->p99_s) ? text_add(writer->out, ",\"p99\":") ?: text_number(writer->out, lag->p99_s * 1000) : 0) ?:
	       text_add(writer->out, "}}");
}

/* ---- The whole ---- */

static int add_events(struct writer *writer, const struct trace_slice *slices, const struct trace_flow *flows,
		      size_t flow_count)
{
	const struct trace *trace = writer->trace;
	int err = add_names_of_loops(writer) ?: add_names_of_slices(writer, slices, trace->story.count);

	for (size_t i = 0; i < trace->story.count && !err; i++)
		err = add_slice(writer, &slices[i]);
	for (size_t i = 0; i < flow_count && !err; i++)
		err = add_flow(writer, &flows[i], i + 1);
	for (size_t i = 0; i < trace->lag_count && !err; i++)
		err = add_lag(writer, &trace->lags[i]);
	return err;
}

static int add_rest(struct writer *writer, const char *damage)
{
	const struct story *story = &writer->trace->story;

	return text_add(writer->out, "],\n\"displayTimeUnit\":\"ms\",\n\"otherData\":{\"begin\":\"") ?:
	       text_time(writer->out, writer->base_ns, 9) ?:
	       text_printf(writer->out, "\",\"lost\":%" PRIu64 ",\"omitted\":%zu,\"damage\":", story->lost,
			   story->omitted) ?:
	       (damage ? json_add_text(writer->out, damage) : text_add(writer->out, "null")) ?:
	       text_add(writer->out, ",\"start\":") ?: json_add_known(writer->out, &story->start) ?:
	       text_add(writer->out, "}}\n");
}

int trace_write(struct buffer *out, const struct trace *trace, const char *damage)
{
	struct writer writer = {.out = out, .trace = trace, .base_ns = earliest(trace)};
	struct trace_slice *slices = trace_place(&trace->story);
	size_t flow_count = 0;
	struct trace_flow *flows = slices ? trace_flows(slices, trace->story.count, &flow_count) : NULL;
	int err = flows ? 0 : -ENOMEM;

	if (!err)
		err = text_add(out, "{\"traceEvents\":[\n") ?: add_events(&writer, slices, flows, flow_count) ?:
		      add_rest(&writer, damage);
	free(slices);
	free(flows);
	return err;
}
