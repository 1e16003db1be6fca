/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Turns of a conversation on a TCP connection, as looks see them from outside: this end spoke after a silence, so it
 * most likely asked; then the other end spoke, so that was the answer. One step for each look in which bytes moved.
 * Pure, and the same code in BPF and in user space. Times are in ticks of the kernel's (tcp_jiffies32), which wrap.
 *
 * A turn that we begin is told from a pong or an acknowledgement by the silence before it: who speaks sooner than that
 * after the peer usually answers the peer. Turns that are faster than the looks are one turn.
 */
#ifndef SOCKSTALL_TURNS_H
#define SOCKSTALL_TURNS_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

enum turn_open {
	TURN_NONE, /* nothing of ours is unanswered */
	TURN_BEGAN, /* we spoke after a silence */
	TURN_AT_ONCE, /* we spoke right after the peer had answered us */
	TURN_UNKNOWN, /* we spoke last when a look first saw the connection: what was before is not known */
};

/* Segments with data. */
#define TURNS_BUSY 8

/* The state kept for a connection. Zeroed: no look has seen it yet. */
struct turns {
	__u64 sent, received; /* bytes, at the last step */
	__u32 sent_at, received_at;
	__u32 segments; /* with data, that were sent */
	__u32 ports; /* whose it is */
	__u32 answered; /* turns that we began and that were answered; */
	__u32 twice; /* and of these, in which we spoke more than once before the answer */
	__u32 slowest, second; /* ticks from our last words to the answer, of those */
	__u32 bursts; /* of the open turn: how often looks saw us speak */
	__u8 open; /* enum turn_open */
	__u8 unasked; /* the peer spoke last, and was not asked */
	__u8 seen; /* a look has seen it */
	__u8 talks; /* what it said at once was followed by more, before any answer */
	/* Of turns at once: */
	__u32 at_once; /* that were answered */
	__u32 pongs; /* words of ours that answered the peer */
	__u32 peer_burst; /* bytes that the peer sent between the last two looks in which it did */
	__u32 noted; /* for the probe: its first answer was */
};

_Static_assert(sizeof(struct turns) == 72, "turns");

/* Of one look. */
struct turns_now {
	__u64 sent, received;
	__u32 sent_at, received_at; /* lsndtime, lrcvtime */
	__u32 segments; /* data_segs_out */
	__u32 silence; /* in ticks: 0.2 s, or two round trips */
	_Bool we_in_tick; /* both spoke within one tick, and we were the last */
};

static inline __attribute__((always_inline)) _Bool turns_after(__u32 later, __u32 earlier, __u32 ticks)
{
	return (__s32)(later - earlier) >= (__s32)ticks;
}

static inline __attribute__((always_inline)) void turns_answer(struct turns *turns, __u32 delay)
{
	if (turns->open == TURN_BEGAN) {
		turns->answered++;
		turns->twice += turns->bursts > 1;
	} else if (turns->open == TURN_AT_ONCE) {
		turns->at_once++;
	}
	if (turns->open == TURN_BEGAN || turns->open == TURN_AT_ONCE) {
		if (delay > turns->slowest) {
			turns->second = turns->slowest;
			turns->slowest = delay;
		} else if (delay > turns->second) {
			turns->second = delay;
		}
	}
	turns->open = TURN_NONE;
	turns->bursts = 0;
}

static inline __attribute__((always_inline)) void turns_open(struct turns *turns, __u8 open)
{
	turns->open = open;
	turns->bursts = 1;
	turns->unasked = 0;
}

static inline __attribute__((always_inline)) void turns_we_spoke(struct turns *turns, const struct turns_now *now)
{
	_Bool began = turns_after(now->sent_at, now->received_at, now->silence);

	/* Bytes that we sent at once, followed by more after a silence, were no question. */
	if (turns->open == TURN_AT_ONCE && began) {
		turns->talks = 1;
		turns_open(turns, TURN_BEGAN);
	} else if (turns->open) {
		turns->bursts++;
	} else if (began) {
		turns_open(turns, TURN_BEGAN);
	} else if (!turns->unasked) {
		turns_open(turns, TURN_AT_ONCE);
	} else {
		turns->pongs++;
	}
	turns->unasked = 0;
}

static inline __attribute__((always_inline)) void turns_peer_spoke(struct turns *turns, const struct turns_now *now)
{
	if (turns->open)
		turns_answer(turns, now->received_at - now->sent_at);
	else
		turns->unasked = 1;
}

static inline __attribute__((always_inline)) void turns_both_spoke(struct turns *turns, const struct turns_now *now)
{
	_Bool peer_last =
		now->received_at == now->sent_at ? !now->we_in_tick : turns_after(now->received_at, now->sent_at, 0);

	if (!turns->open && peer_last)
		turns_open(turns,
			   turns_after(now->sent_at, turns->received_at, now->silence) ? TURN_BEGAN : TURN_AT_ONCE);
	/* So many between two looks are most likely many turns, whichever of its words were the last. */
	if (turns->open == TURN_BEGAN && now->segments - turns->segments >= TURNS_BUSY)
		turns->at_once++;
	/* When the answer to what was open came is not known where we spoke after it. */
	if (turns->open)
		turns_answer(turns, peer_last ? now->received_at - now->sent_at : 0);
	turns->unasked = 0;
	if (peer_last)
		return;
	if (turns_after(now->sent_at, now->received_at, now->silence))
		turns_open(turns, TURN_BEGAN);
	else if (now->segments - turns->segments > 1)
		turns_open(turns, TURN_AT_ONCE);
	else
		turns->pongs++;
}

/* One look. `ports` tells whether it is still the same connection. */
static inline __attribute__((always_inline)) void turns_step(struct turns *turns, const struct turns_now *now,
							     __u32 ports)
{
	_Bool we = now->sent != turns->sent, peer = now->received != turns->received;

	if (!turns->seen || turns->ports != ports || now->sent < turns->sent || now->received < turns->received) {
		__builtin_memset(turns, 0, sizeof(*turns));
		turns->seen = 1;
		turns->ports = ports;
		if (now->sent && (!now->received || !turns_after(now->received_at, now->sent_at, 0)))
			turns_open(turns, TURN_UNKNOWN);
	} else if (we && peer) {
		turns_both_spoke(turns, now);
	} else if (we) {
		turns_we_spoke(turns, now);
	} else if (peer) {
		turns_peer_spoke(turns, now);
	}
	if (peer)
		turns->peer_burst = (__u32)(now->received - turns->received);
	turns->sent = now->sent;
	turns->received = now->received;
	turns->sent_at = now->sent_at;
	turns->received_at = now->received_at;
	turns->segments = now->segments;
}

#endif
