/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Where each stall stands in a trace, and which of them have to do with each other. */
#include <stdlib.h>
#include <string.h>

#include "base/sorted.h"
#include "output/trace/trace.h"

/* ---- Tracks ---- */

static int compare_tracks(const void *left, const void *right)
{
	const struct trace_slice *a = left, *b = right;
	int order = COMPARE(a->pid, b->pid);

	if (!order)
		order = COMPARE(a->tid, b->tid);
	if (!order)
		order = COMPARE(a->from_ns, b->from_ns);
	/* The longer one encloses the other. */
	if (!order)
		order = COMPARE(b->to_ns, a->to_ns);
	return order ? order : COMPARE(a->life, b->life);
}

int64_t trace_id(const struct row *row, int64_t id)
{
	return id + (int64_t)row->host_at * TRACE_HOST;
}

static void make_slice(struct trace_slice *slice, const struct life *life, const struct story *story)
{
	const struct row *row = &life->row;

	*slice = (struct trace_slice){
		.life = life,
		.pid = trace_id(row, row->pid == NOT_KNOWN ? 0 : row->pid),
		.from_ns = life_begin(life),
		.to_ns = life_end(life, story),
	};
	if (slice->to_ns < slice->from_ns)
		slice->to_ns = slice->from_ns;
	if (row->type == ROW_HANDSHAKE)
		slice->tid = TRACE_LANES;
	else if (row->tid != NOT_KNOWN)
		slice->tid = trace_id(row, row->tid);
	else
		slice->async = true;
}

/* Puts the slices of one process, in the order in which they begin, each on the first track that is free again. */
static void spread(struct trace_slice *slices, size_t count, uint64_t *ends)
{
	size_t lanes = 0, lane;

	for (size_t i = 0; i < count; i++) {
		for (lane = 0; lane < lanes && ends[lane] > slices[i].from_ns; lane++)
			;
		lanes += lane == lanes;
		ends[lane] = slices[i].to_ns;
		slices[i].tid = TRACE_LANES + (int64_t)lane;
	}
}

static size_t same_track(const struct trace_slice *slices, size_t count, size_t from)
{
	size_t to = from;

	while (to < count && slices[to].pid == slices[from].pid && slices[to].tid == slices[from].tid)
		to++;
	return to;
}

static bool spread_handshakes(struct trace_slice *slices, size_t count)
{
	uint64_t *ends = calloc(count + 1, sizeof(*ends));
	size_t to;

	if (!ends)
		return false;
	for (size_t i = 0; i < count; i = to) {
		to = same_track(slices, count, i);
		if (slices[i].tid == TRACE_LANES)
			spread(slices + i, to - i, ends);
	}
	free(ends);
	qsort(slices, count, sizeof(*slices), compare_tracks);
	return true;
}

/*
 * Slices of a track lie within each other or apart: the format knows nothing else. Looks see the ends of two waits of a
 * thread in whatever order, so the inner one is cut.
 */
static void nest(struct trace_slice *slices, size_t count)
{
	size_t *outer = calloc(count + 1, sizeof(*outer)), depth = 0;

	for (size_t i = 0; i < count && outer; i++) {
		if (!i || slices[i].pid != slices[i - 1].pid || slices[i].tid != slices[i - 1].tid)
			depth = 0;
		if (slices[i].async)
			continue;
		while (depth && slices[outer[depth - 1]].to_ns <= slices[i].from_ns)
			depth--;
		if (depth && slices[i].to_ns > slices[outer[depth - 1]].to_ns)
			slices[i].to_ns = slices[outer[depth - 1]].to_ns;
		outer[depth++] = i;
	}
	free(outer);
}

struct trace_slice *trace_place(const struct story *story)
{
	struct trace_slice *slices = calloc(story->count + 1, sizeof(*slices));

	if (!slices)
		return NULL;
	for (size_t i = 0; i < story->count; i++)
		make_slice(&slices[i], &story->lives[i], story);
	qsort(slices, story->count, sizeof(*slices), compare_tracks);
	if (!spread_handshakes(slices, story->count)) {
		free(slices);
		return NULL;
	}
	nest(slices, story->count);
	return slices;
}

/* ---- Flows ---- */

static int compare_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) : COMPARE(!a, !b);
}

/* Orders by this end's address, then by the other's. */
static int compare_ends(const void *left, const void *right)
{
	const struct row *a = &(*(const struct trace_slice *const *)left)->life->row;
	const struct row *b = &(*(const struct trace_slice *const *)right)->life->row;
	int order = compare_text(a->local_addr, b->local_addr);

	if (!order)
		order = COMPARE(a->local_port, b->local_port);
	if (!order)
		order = compare_text(a->peer_addr, b->peer_addr);
	return order ? order : COMPARE(a->peer_port, b->peer_port);
}

static bool is_mirrored(const struct row *a, const struct row *b)
{
	return a->local_port == b->peer_port && a->peer_port == b->local_port &&
	       !compare_text(a->local_addr, b->peer_addr) && !compare_text(a->peer_addr, b->local_addr);
}

/* A moment that both have; false: there is none. */
static bool meet(const struct trace_slice *a, const struct trace_slice *b, uint64_t *time_ns)
{
	uint64_t from_ns = a->from_ns > b->from_ns ? a->from_ns : b->from_ns;
	uint64_t to_ns = a->to_ns < b->to_ns ? a->to_ns : b->to_ns;

	*time_ns = from_ns;
	return from_ns < to_ns;
}

/* The first slice whose connection is this one's, seen from the other end, at the same time. */
static const struct trace_slice *other_end(const struct trace_slice *slice, const struct trace_slice *const *ends,
					   size_t count, uint64_t *time_ns)
{
	struct life mirror = {.row = {.local_addr = slice->life->row.peer_addr,
				      .local_port = slice->life->row.peer_port,
				      .peer_addr = slice->life->row.local_addr,
				      .peer_port = slice->life->row.local_port}};
	const struct trace_slice wanted = {.life = &mirror}, *key = &wanted;
	size_t i = LOWER_BOUND(count, at, compare_ends(&ends[at], &key) < 0);

	for (; i < count && is_mirrored(&slice->life->row, &ends[i]->life->row); i++) {
		if (ends[i] != slice && meet(slice, ends[i], time_ns))
			return ends[i];
	}
	return NULL;
}

/* More threads of a process than are worth asking. */
#define THREADS_MOST 64

/* A handshake that waits for accept: what a thread of its process is in meanwhile. Slices of a process lie together. */
static const struct trace_slice *who_should_accept(const struct trace_slice *slice, const struct trace_slice *slices,
						   uint64_t *time_ns)
{
	const struct trace_slice *first = slice;
	const char *stage = slice->life->row.handshake.stage;

	if (slice->life->row.pid == NOT_KNOWN || !stage || strcmp(stage, "ACCEPT_QUEUE"))
		return NULL;
	while (first > slices && first[-1].pid == slice->pid)
		first--;
	for (size_t i = 0; i < THREADS_MOST && &first[i] < slice; i++) {
		if (!first[i].async && first[i].life->row.type != ROW_HANDSHAKE && meet(slice, &first[i], time_ns))
			return &first[i];
	}
	return NULL;
}

static bool leads_on(const struct trace_slice *slice)
{
	const struct row *row = &slice->life->row;

	return !slice->async && row->local_addr && row->peer_addr && row->peer_port != NOT_KNOWN;
}

/* Once for each pair: from the end that connected where that is known, else from the first. */
static bool begins_here(const struct trace_slice *slice, const struct trace_slice *other)
{
	const struct row *row = &slice->life->row;
	const char *role = row->type == ROW_HANDSHAKE ? row->handshake.side
			   : row->type == ROW_READER  ? row->reader.role
						      : NULL;

	if (role)
		return !strcmp(role, "client");
	return slice < other;
}

struct trace_flow *trace_flows(const struct trace_slice *slices, size_t count, size_t *flow_count)
{
	const struct trace_slice **ends = calloc(count + 1, sizeof(*ends)), *other;
	struct trace_flow *flows = calloc(2 * count + 1, sizeof(*flows));
	size_t end_count = 0;
	uint64_t time_ns;

	*flow_count = 0;
	for (size_t i = 0; i < count && ends; i++) {
		if (leads_on(&slices[i]))
			ends[end_count++] = &slices[i];
	}
	if (ends)
		qsort(ends, end_count, sizeof(*ends), compare_ends);
	for (size_t i = 0; i < count && ends && flows; i++) {
		other = leads_on(&slices[i]) ? other_end(&slices[i], ends, end_count, &time_ns) : NULL;
		if (other && begins_here(&slices[i], other))
			flows[(*flow_count)++] = (struct trace_flow){&slices[i], other, time_ns};
		other = slices[i].life->row.type == ROW_HANDSHAKE ? who_should_accept(&slices[i], slices, &time_ns)
								  : NULL;
		if (other)
			flows[(*flow_count)++] = (struct trace_flow){&slices[i], other, time_ns};
	}
	if (!ends) {
		free(flows);
		flows = NULL;
	}
	free(ends);
	return flows;
}
