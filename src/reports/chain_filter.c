/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "reports/chain_filter.h"

#include "options/filter.h"

/* A loop's connection is anybody's who holds it; a thread's wait is its own. */
static unsigned int fits_waiter(const struct scope *scope, const struct look *look, const struct wait *wait)
{
	unsigned int fits = filter_process(&scope->selection, look, wait_pid(wait), wait->comm);

	if (wait->view)
		return fits | filter_thread(&scope->selection, look, wait->view->thread);
	return fits | filter_holders_of(&scope->selection, look, wait->socket->name.cookie);
}

static unsigned int fits_awaited(const struct scope *scope, const struct waits *waits, const struct wait *wait)
{
	const struct look *look = wait->peer_by ?: waits->look;
	unsigned int fits = filter_process(&scope->selection, look, wait->peer_pid, wait->peer_comm);
	const struct owner_record *const *holders;
	const struct thread_view *doing;
	size_t count = 0;

	if (wait->peer)
		fits |= filter_socket(&scope->selection, look, &wait->peer->name);
	if (wait->listener)
		fits |= filter_socket(&scope->selection, look, &wait->listener->name);
	/* Of a process on another host that waits for the next, its wait tells the rest. */
	if (wait->peer_by)
		return fits;
	doing = waits_doing(waits, wait);
	holders = waits_holders(waits, wait, &count);
	fits |= filter_holders(&scope->selection, look, holders, count);
	return doing ? fits | filter_thread(&scope->selection, look, doing->thread) : fits;
}

unsigned int chain_fits_wait(const struct scope *scope, const struct waits *waits, const struct wait *wait)
{
	const struct look *look = wait->seen_by ?: waits->look;

	if (!filter_asked(&scope->selection))
		return 0;
	return fits_waiter(scope, look, wait) | filter_socket(&scope->selection, look, &wait->socket->name) |
	       fits_awaited(scope, waits, wait);
}

unsigned int chain_fits(const struct scope *scope, const struct waits *waits, size_t from, size_t depth)
{
	unsigned int fits = 0;
	size_t at = from;

	for (; depth && at != WAITS_NONE && !filter_is_met(&scope->selection, fits); depth--) {
		fits |= chain_fits_wait(scope, waits, &waits->items[at]);
		at = waits->items[at].next;
	}
	return fits;
}
