/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "act/message.h"

#include <errno.h>

#include "history/pack.h"
#include "system/netns.h"

#define PID_MOST 4194304 /* PID_MAX_LIMIT of the kernel, on 64 bits */

static void pack_who_and_where(struct pack *pack, struct row *row)
{
	pack_text(pack, &row->id);
	pack_i64(pack, &row->pid);
	pack_i64(pack, &row->tid);
	pack_i64(pack, &row->fd);
	pack_u64(pack, &row->process_start_ns);
	pack_u64(pack, &row->cookie);
	pack_i64(pack, &row->netns);
	pack_text(pack, &row->netns_name);
	pack_text(pack, &row->local_addr);
	pack_i64(pack, &row->local_port);
	pack_text(pack, &row->peer_addr);
	pack_i64(pack, &row->peer_port);
}

/* ---- What is asked ---- */

static void pack_request(struct pack *pack, struct act_request *request)
{
	struct act_times *times = &request->times;
	enum row_type type = request->row.type;

	request->ask = (enum act_ask)pack_number(pack, request->ask, ACT_ASKS - 1);
	request->how = (enum act_how)pack_number(pack, request->how, ACT_HOWS - 1);
	times->time_s = (unsigned int)pack_number(pack, times->time_s, 32767);
	times->interval_s = (unsigned int)pack_number(pack, times->interval_s, 32767);
	times->probes = (unsigned int)pack_number(pack, times->probes, 127);
	pack_bool(pack, &request->force);
	pack_u64(pack, &request->plan);
	type = (enum row_type)pack_number(pack, type, ROW_TYPES - 1);
	if (!pack->out)
		row_init(&request->row, type);
	pack_who_and_where(pack, &request->row);
	if (type == ROW_HANDSHAKE)
		pack_text(pack, &request->row.handshake.side);
}

static bool is_within(int64_t number, int64_t least, int64_t most)
{
	return number == NOT_KNOWN || (number >= least && number <= most);
}

static bool is_sane(const struct row *row)
{
	return is_within(row->pid, 1, PID_MOST) && is_within(row->tid, 1, PID_MOST) &&
	       is_within(row->fd, -1, INT32_MAX) && is_within(row->netns, 1, UINT32_MAX) &&
	       is_within(row->local_port, 0, UINT16_MAX) && is_within(row->peer_port, 0, UINT16_MAX) &&
	       (!row->netns_name || netns_is_name(row->netns_name));
}

int act_request_pack(struct buffer *out, const struct act_request *request)
{
	struct act_request copy = *request;
	struct pack pack = {.out = out};

	pack_request(&pack, &copy);
	return pack.error;
}

int act_request_unpack(struct act_request *request, struct arena *arena, const void *bytes, size_t size)
{
	struct pack pack = {.at = bytes, .left = size, .arena = arena};
	int err;

	*request = (struct act_request){0};
	pack_request(&pack, request);
	err = pack_complete(&pack);
	return err || is_sane(&request->row) ? err : -EBADMSG;
}

/* ---- What is answered ---- */

static void pack_action(struct pack *pack, struct action_fields *action)
{
	pack_text(pack, &action->how);
	pack_text(pack, &action->result);
	pack_text(pack, &action->what);
	pack_text(pack, &action->follows);
	pack_text(pack, &action->warning);
	pack_text(pack, &action->error);
	pack_text(pack, &action->state);
	pack_text(pack, &action->peer);
	pack_double(pack, &action->answer_s);
	pack_double(pack, &action->keepalive_time_s);
	pack_double(pack, &action->keepalive_interval_s);
	pack_i64(pack, &action->keepalive_probes);
}

static void pack_reply(struct pack *pack, struct act_reply *reply)
{
	int64_t err = reply->err;

	pack_u64(pack, &reply->plan);
	pack_i64(pack, &err);
	reply->err = (int)err;
	pack_bool(pack, &reply->unlogged);
	if (!pack->out)
		row_init(&reply->record, ROW_ACTION);
	pack_u64(pack, &reply->record.time_ns);
	pack_who_and_where(pack, &reply->record);
	pack_text(pack, &reply->record.comm);
	pack_text(pack, &reply->record.family);
	pack_action(pack, &reply->record.action);
}

int act_reply_pack(struct buffer *out, const struct act_reply *reply)
{
	struct act_reply copy = *reply;
	struct pack pack = {.out = out};

	pack_reply(&pack, &copy);
	return pack.error;
}

int act_reply_unpack(struct act_reply *reply, struct arena *arena, const void *bytes, size_t size)
{
	struct pack pack = {.at = bytes, .left = size, .arena = arena};

	*reply = (struct act_reply){0};
	pack_reply(&pack, reply);
	return pack_complete(&pack);
}
