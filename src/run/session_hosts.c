/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The looks of the hosts of a session: see run.h. */
#include "run/run.h"

struct look *session_host_next_look(struct session_host *host)
{
	return &host->looks[host->look_count % 2];
}

void session_host_keep_chained(struct session_host *host)
{
	struct look *place = session_host_next_look(host), kept = host->chained;

	if (!place->head || !place->head->has_chains)
		return;
	host->chained = *place;
	*place = kept;
}

static const struct look *last_chained(const struct session_host *host, const struct look_step *step)
{
	if (step->look->head->has_chains)
		return step->look;
	if (step->previous && step->previous->head->has_chains)
		return step->previous;
	return host->chained.head ? &host->chained : NULL;
}

void session_host_free(struct session_host *host)
{
	look_free(&host->looks[0]);
	look_free(&host->looks[1]);
	look_free(&host->chained);
}

void session_host_took(struct session_host *host)
{
	host->look_count++;
	host->is_new = true;
}

void session_keep_look(struct session *session)
{
	session_host_took(&session->own);
}

struct look *session_host_look(struct session_host *host)
{
	return host->look_count ? &host->looks[(host->look_count - 1) % 2] : NULL;
}

struct look *session_hosts_newest(struct session *session)
{
	struct look *found = NULL;

	for (size_t i = 0; i < session->host_count; i++) {
		struct look *look = session_host_look(&session->hosts[i]);

		if (look && (!found || look->head->realtime_ns > found->head->realtime_ns))
			found = look;
	}
	return found;
}

void session_hosts_look(struct session *session, struct look_step *steps)
{
	for (size_t i = 0; i < session->host_count; i++) {
		struct session_host *host = &session->hosts[i];
		struct look *look = session_host_look(host);

		steps[i].look = look;
		steps[i].previous = host->look_count > 1 ? &host->looks[host->look_count % 2] : NULL;
		steps[i].is_old = !host->is_new;
		if (!look)
			continue;
		look->host = host->name;
		look->host_at = (unsigned int)i;
		look->with_others = session->host_count > 1;
		if (session->host_count > 1)
			steps[i].chained = last_chained(host, &steps[i]);
	}
}
