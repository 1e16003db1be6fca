/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "look/service_dates.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/sorted.h"
#include "look/records.h"

/* A network namespace in which nothing happens is not scanned at every look. */
#define MISSED_MOST 600

/* Services that are kept in mind. */
#define KEPT_MOST 65536

/* ---- What one record tells ---- */

static __u64 answered_ns(const struct service_record *service)
{
	return service->answered_ns > service->last_sent_ns ? service->answered_ns : service->last_sent_ns;
}

static bool is_later(__u64 moment_ns, __u64 then_ns)
{
	return moment_ns > then_ns + SERVICE_SLACK_NS;
}

/*
 * The first time after `then_ns` at which a connection of this age group spoke, as far as is known; 0: none. A busy
 * service has always just answered somebody when it stops. So if others spoke later, the ones that spoke in the same
 * tick count, too.
 */
static __u64 first_after(const struct service_age *age, __u64 then_ns)
{
	if (!age->asked || !is_later(age->newest_ns, then_ns))
		return 0;
	return is_later(then_ns, age->oldest_ns) ? age->newest_ns : age->oldest_ns;
}

static __u64 earlier_of(__u64 a, __u64 b)
{
	return !a || (b && b < a) ? b : a;
}

__u64 service_owed_since(const struct service_record *service)
{
	__u64 since = 0;
	size_t i;

	for (i = 0; i < SERVICE_AGES; i++)
		since = earlier_of(since, first_after(&service->ages[i], answered_ns(service)));
	return since;
}

__u64 service_unread_since(const struct service_record *service)
{
	__u64 answered = answered_ns(service), since = 0;
	size_t i;

	if (is_later(service->oldest_unread_ns, answered))
		return service->oldest_unread_ns;
	/* If a group has both, it is not known which of its connections are unread. */
	for (i = 0; i < SERVICE_AGES; i++)
		if (service->ages[i].unread && service->ages[i].unread == service->ages[i].asked)
			since = earlier_of(since, first_after(&service->ages[i], answered));
	return since;
}

__u32 service_owed_count(const struct service_record *service)
{
	__u64 answered = answered_ns(service);
	const struct service_age *age;
	__u32 count = 0;

	for (age = service->ages; age < service->ages + SERVICE_AGES; age++) {
		if (first_after(age, answered))
			count += is_later(answered, age->oldest_ns) ? 1 : age->asked;
	}
	return count;
}

/* The first known time at which one of a group spoke that spoke about when it last answered, or later; 0: none did. */
static __u64 first_near(const struct service_span *span, __u64 answered_ns)
{
	if (!answered_ns || span->newest_ns + SERVICE_NEAR_NS < answered_ns)
		return 0;
	return span->oldest_ns + SERVICE_NEAR_NS < answered_ns ? span->newest_ns : span->oldest_ns;
}

__u64 service_near_since(const struct service_record *service)
{
	__u64 since = 0;
	size_t i;

	for (i = 0; i < SERVICE_AGES; i++)
		since = earlier_of(since, first_near(&service->spans[i], answered_ns(service)));
	return since;
}

__u64 service_near_newest(const struct service_record *service)
{
	__u64 newest = 0;
	size_t i;

	for (i = 0; i < SERVICE_AGES; i++)
		if (first_near(&service->spans[i], answered_ns(service)) && service->spans[i].newest_ns > newest)
			newest = service->spans[i].newest_ns;
	return newest;
}

__u32 service_near_count(const struct service_record *service)
{
	__u32 i, count = 0;

	for (i = 0; i < SERVICE_AGES; i++)
		if (first_near(&service->spans[i], answered_ns(service)))
			count += service->ages[i].count;
	return count;
}

__u32 service_near_unread(const struct service_record *service)
{
	__u32 i, count = 0;

	for (i = 0; i < SERVICE_AGES; i++)
		if (first_near(&service->spans[i], answered_ns(service)))
			count += service->ages[i].unread;
	return count;
}

/* ---- From look to look ---- */

static int compare_places(const void *left, const void *right)
{
	const struct service_dates *a = left, *b = right;
	int order = COMPARE(a->netns, b->netns);

	if (!order)
		order = COMPARE(a->port, b->port);
	return order ? order : memcmp(a->address, b->address, sizeof(a->address));
}

static struct service_dates place_of(const struct service_record *service)
{
	struct service_dates place = {.netns = service->name.netns, .port = service->name.local_port};

	memcpy(place.address, service->name.local_addr, sizeof(place.address));
	return place;
}

static struct service_dates *find(const struct service_history *history, const struct service_dates *place)
{
	if (!history->count)
		return NULL;
	return bsearch(place, history->items, history->count, sizeof(*place), compare_places);
}

/* How long somebody waited that has an answer now, by the look that last found it so. */
static void keep_pause(struct service_dates *dates)
{
	__u64 since = earlier_of(dates->owed_since_ns, dates->near_since_ns);
	__u64 pause = since ? dates->seen_ns - since : 0;

	if (pause > dates->pauses_ns[0]) {
		dates->pauses_ns[1] = dates->pauses_ns[0];
		dates->pauses_ns[0] = pause;
	} else if (pause > dates->pauses_ns[1]) {
		dates->pauses_ns[1] = pause;
	}
}

static __u64 keep_since(__u64 since_ns, __u64 before_ns)
{
	return since_ns && before_ns ? earlier_of(since_ns, before_ns) : since_ns;
}

static void see(struct service_dates *dates, struct service_record *service)
{
	bool answered = service->last_sent_ns && is_later(service->last_sent_ns, dates->answered_ns);

	if (answered) {
		keep_pause(dates);
		dates->answers += dates->answered_ns != 0;
		dates->answered_ns = service->last_sent_ns;
		dates->owed_since_ns = dates->near_since_ns = 0;
	}
	service->answered_ns = dates->answered_ns;
	dates->owed_since_ns = keep_since(service_owed_since(service), dates->owed_since_ns);
	dates->near_since_ns = keep_since(service_near_since(service), dates->near_since_ns);
	dates->seen_ns = service->seen_ns;
	dates->missed = 0;
	service->owed_since_ns = dates->owed_since_ns;
	service->near_since_ns = dates->near_since_ns;
	service->answers = dates->answers;
	memcpy(service->pauses_ns, dates->pauses_ns, sizeof(service->pauses_ns));
}

static struct service_record *next_service(const struct buffer *buffer, size_t *offset)
{
	struct record_header *header;

	while ((header = record_next(buffer, offset)))
		if (header->type == RECORD_SERVICE)
			return (void *)header;
	return NULL;
}

static size_t count_services(const struct buffer *buffer)
{
	size_t offset = 0, count = 0;

	while (next_service(buffer, &offset))
		count++;
	return count;
}

static void keep_missed(struct service_history *now, const struct service_history *before)
{
	size_t i, seen = now->count;
	struct service_history known = {now->items, seen};

	for (i = 0; i < before->count && now->count < KEPT_MOST; i++) {
		if (before->items[i].missed >= MISSED_MOST || find(&known, &before->items[i]))
			continue;
		now->items[now->count] = before->items[i];
		now->items[now->count++].missed++;
	}
}

int service_history_write(struct service_history *history, struct buffer *buffer)
{
	size_t offset = 0, room = count_services(buffer) + history->count + 1;
	struct service_history now = {.items = calloc(room, sizeof(*now.items))};
	const struct service_dates *known;
	struct service_record *service;

	if (!now.items)
		return -ENOMEM;
	while ((service = next_service(buffer, &offset))) {
		struct service_dates place = place_of(service);

		known = find(history, &place);
		now.items[now.count] = known ? *known : place;
		see(&now.items[now.count++], service);
	}
	qsort(now.items, now.count, sizeof(*now.items), compare_places);
	keep_missed(&now, history);
	qsort(now.items, now.count, sizeof(*now.items), compare_places);
	free(history->items);
	*history = now;
	return 0;
}

void service_history_free(struct service_history *history)
{
	free(history->items);
	*history = (struct service_history){0};
}
