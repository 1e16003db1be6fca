// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Owners of sockets. Walking every descriptor of every process is the dearest scan, so it is made only
 * when the look holds something whose owner is not known, and what it found is kept for a while.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "probe_load.h"

/* After this long, what is known of owners is looked up again. */
#define OWNERS_MAX_AGE_NS 5000000000ULL

/* A loop must have been away this long; and so often is it looked up again. */
#define EPOLLS_MIN_AGE_NS 1000000000ULL
#define EPOLLS_MAX_AGE_NS 30000000000ULL

/* A reader must be asleep this long before the walk is worth its socket's cookie. */
#define COOKIE_MIN_AGE_NS 1000000000ULL

/* What a look wants to know. */
struct wanted {
	struct buffer cookies; /* of __u64 */
	size_t sockets; /* whose cookie is wanted */
	bool epolls; /* which instances have events that nobody fetches */
};

static int want_cookie(struct wanted *wanted, __u64 cookie)
{
	return cookie ? buffer_append(&wanted->cookies, &cookie, sizeof(cookie)) : 0;
}

static int want_reader(struct probe *probe, struct wanted *wanted, const struct thread_record *thread,
		       const struct socket_record *socket)
{
	__u64 asleep = thread->last_arrival + (__u64)probe->clock.offset_ns;
	__u8 yes = 1;

	/* Without local storage the walk draws none. */
	if (!probe_features()->local_storage || socket->name.cookie || !socket->name.inode ||
	    socket->name.kind == SOCKET_KIND_PIPE ||
	    asleep + COOKIE_MIN_AGE_NS > thread->seen_ns)
		return 0;
	if (!bpf_map_update_elem(bpf_map__fd(probe->skeleton->maps.wanted_sockets), &socket->name.inode, &yes,
				 BPF_ANY))
		wanted->sockets++;
	return 0;
}

/*
 * A loop that has stayed away for a while, or waits on another instance than before: whether its events lie
 * there decides. That is looked up once for each time it goes away, and then now and then.
 */
static void want_epolls(struct probe *probe, struct wanted *wanted, const struct thread_record *thread,
			const struct loop_record *loop)
{
	__u64 left_ns = loop->returned_ns;

	if (loop->interface != LOOP_EPOLL || !(thread->flags & (THREAD_SLEEPING | THREAD_STOPPED)))
		return;
	if (loop->waiting)
		left_ns = loop->epoll_fd_before ? loop->entered_ns : 0;
	if (!left_ns || left_ns + EPOLLS_MIN_AGE_NS > thread->seen_ns)
		return;
	if (probe->owners.scanned_ns < left_ns + EPOLLS_MIN_AGE_NS ||
	    probe->owners.scanned_ns + EPOLLS_MAX_AGE_NS < thread->seen_ns)
		wanted->epolls = true;
}

static int want_listener(struct probe *probe, struct wanted *wanted, const struct listener_record *listener)
{
	if (!probe->options.all && !listener->accept_queue && !listener->syn_queue)
		return 0;
	return want_cookie(wanted, listener->name.cookie);
}

static int collect_wanted(struct probe *probe, const struct buffer *buffer, struct wanted *wanted)
{
	const struct thread_record *thread = NULL;
	bool of_watch = false; /* whose process is known */
	struct record_header *header;
	size_t offset = 0;
	int err = 0;

	while (!err && (header = record_next(buffer, &offset))) {
		const struct socket_record *socket = (const void *)header;

		if (of_watch && header->type == RECORD_SOCKET)
			;
		else if (header->type == RECORD_THREAD)
			thread = (const void *)header;
		else if (header->type == RECORD_LOOP && thread)
			want_epolls(probe, wanted, thread, (const void *)header);
		else if (header->type == RECORD_SOCKET && thread && thread->flags & THREAD_HAS_SOCKET)
			err = want_reader(probe, wanted, thread, socket);
		else if (header->type == RECORD_SOCKET && !(socket->flags & SOCKET_ACCEPTED))
			; /* lies in an accept queue: its listener is wanted already */
		else if (header->type == RECORD_SOCKET)
			err = want_cookie(wanted, socket->name.cookie);
		else if (header->type == RECORD_LISTENER)
			err = want_listener(probe, wanted, (const void *)header);
		if (header->type != RECORD_THREAD && header->type != RECORD_LOOP)
			thread = NULL;
		of_watch = header->type == RECORD_WATCH;
	}
	return err;
}

static int compare_cookies(const void *left, const void *right)
{
	__u64 a = *(const __u64 *)left, b = *(const __u64 *)right;

	return a < b ? -1 : a > b;
}

static int compare_owners(const void *left, const void *right)
{
	const struct owner_record *a = left, *b = right;

	return a->cookie < b->cookie ? -1 : a->cookie > b->cookie;
}

/* All that tells records apart, for sorting. */
static int compare_records(const void *left, const void *right)
{
	const struct owner_record *a = left, *b = right;
	int order = compare_owners(a, b);

	if (!order)
		order = a->pid < b->pid ? -1 : a->pid > b->pid;
	return order ? order : (a->fd > b->fd) - (a->fd < b->fd);
}

/*
 * A process whose first thread has exited comes by once for each of its threads (task_file_seq_get_next()
 * skips the others only where they share the leader's files).
 */
static void sort_unique(struct buffer *owners)
{
	struct owner_record *items = (void *)owners->data;
	size_t i, kept = 0, count = owners->size / sizeof(*items);

	if (!count)
		return;
	qsort(items, count, sizeof(*items), compare_records);
	for (i = 0; i < count; i++)
		if (!i || compare_records(&items[kept - 1], &items[i]))
			items[kept++] = items[i];
	owners->size = kept * sizeof(*items);
}

static struct owner_record *find_owner(const struct owner_cache *cache, __u64 cookie)
{
	struct owner_record key = { .cookie = cookie };

	if (!cache->owners.size)
		return NULL;
	return bsearch(&key, cache->owners.data, cache->owners.size / sizeof(key), sizeof(key), compare_owners);
}

static bool is_known(const struct owner_cache *cache, __u64 cookie)
{
	return find_owner(cache, cookie) ||
	       (cache->missed_count &&
		bsearch(&cookie, cache->missed, cache->missed_count, sizeof(cookie), compare_cookies));
}

static bool scan_is_due(const struct probe *probe, const struct wanted *wanted, __u64 now)
{
	const struct owner_cache *cache = &probe->owners;
	size_t i, count = wanted->cookies.size / sizeof(__u64);
	const __u64 *cookies = (const void *)wanted->cookies.data;

	if (!probe->file_iter)
		return false;
	if (wanted->sockets || wanted->epolls || (count && now - cache->scanned_ns > OWNERS_MAX_AGE_NS))
		return true;
	for (i = 0; i < count; i++)
		if (!is_known(cache, cookies[i]))
			return true;
	return false;
}

/* Sorts what the file scan brought into owners and epoll instances. */
static int take_scan(struct owner_cache *cache, const struct buffer *scan)
{
	struct record_header *header;
	size_t offset = 0;
	int err = 0;

	buffer_reset(&cache->owners);
	buffer_reset(&cache->epolls);
	while (!err && (header = record_next(scan, &offset)))
		err = buffer_append(header->type == RECORD_OWNER ? &cache->owners : &cache->epolls, header,
				    header->size);
	sort_unique(&cache->owners);
	return err;
}

/* Of processes that leave events on an instance, the next thread scan brings all threads. */
static void note_suspects(struct probe *probe)
{
	int map = bpf_map__fd(probe->skeleton->maps.suspects);
	const struct epoll_record *epoll = (const void *)probe->owners.epolls.data;
	size_t i, count = probe->owners.epolls.size / sizeof(*epoll);
	__u32 pid;

	while (!bpf_map_get_next_key(map, NULL, &pid))
		bpf_map_delete_elem(map, &pid);
	for (i = 0; i < count; i++)
		if (epoll[i].unread && !epoll[i].waiters)
			bpf_map_update_elem(map, &epoll[i].pid, &epoll[i].process_start_ns, BPF_ANY);
}

static int scan_files(struct probe *probe, __u64 now)
{
	struct buffer scan = { 0 };
	int err = probe_read_iter(probe->file_iter, &scan, &probe->lost_owners);

	if (!err)
		err = take_scan(&probe->owners, &scan);
	buffer_free(&scan);
	probe->owners.scanned_ns = now;
	if (!err && probe->use_loops)
		note_suspects(probe);
	return err;
}

/* Remembers which cookies have no owner, so that they do not cause a walk at every look. */
static void remember_missed(struct owner_cache *cache, struct wanted *wanted)
{
	size_t i, count = wanted->cookies.size / sizeof(__u64);
	const __u64 *cookies = (const void *)wanted->cookies.data;
	__u64 *missed = reallocarray(cache->missed, count ? count : 1, sizeof(*missed));

	cache->missed_count = 0;
	if (!missed)
		return;
	cache->missed = missed;
	for (i = 0; i < count; i++)
		if (!find_owner(cache, cookies[i]))
			missed[cache->missed_count++] = cookies[i];
}

/* Gives the readers' sockets the cookies that the walk made the kernel draw. */
static void patch_cookies(const struct owner_cache *cache, struct buffer *buffer)
{
	const struct owner_record *owners = (const void *)cache->owners.data;
	size_t i, offset = 0, count = cache->owners.size / sizeof(*owners);
	struct record_header *header;

	while ((header = record_next(buffer, &offset))) {
		struct socket_record *socket = (void *)header;

		if (header->type != RECORD_SOCKET || socket->name.cookie || !socket->name.inode)
			continue;
		for (i = 0; i < count && !socket->name.cookie; i++)
			if (owners[i].inode == socket->name.inode)
				socket->name.cookie = owners[i].cookie;
	}
}

/* Copies the owners of what is wanted; cookies are sorted, so each comes once. */
static int add_wanted(const struct owner_cache *cache, const struct wanted *wanted, struct buffer *buffer)
{
	const struct owner_record *begin = (const void *)cache->owners.data;
	const struct owner_record *end = begin + cache->owners.size / sizeof(*begin);
	size_t i, count = wanted->cookies.size / sizeof(__u64);
	const __u64 *cookies = (const void *)wanted->cookies.data;
	int err = 0;

	for (i = 0; i < count && !err; i++) {
		const struct owner_record *owner = i && cookies[i] == cookies[i - 1] ? NULL :
										      find_owner(cache, cookies[i]);

		while (owner && owner > begin && owner[-1].cookie == cookies[i])
			owner--;
		for (; owner && !err && owner < end && owner->cookie == cookies[i]; owner++)
			err = buffer_append(buffer, owner, sizeof(*owner));
	}
	return err;
}

static void clear_wanted_sockets(struct probe *probe)
{
	int map = bpf_map__fd(probe->skeleton->maps.wanted_sockets);
	__u64 inode;

	while (!bpf_map_get_next_key(map, NULL, &inode))
		bpf_map_delete_elem(map, &inode);
}

int probe_owners_add(struct probe *probe, struct buffer *buffer)
{
	__u64 now = clock_ns(CLOCK_MONOTONIC);
	struct wanted wanted = { 0 };
	int err = collect_wanted(probe, buffer, &wanted);

	if (!err && wanted.cookies.size)
		qsort(wanted.cookies.data, wanted.cookies.size / sizeof(__u64), sizeof(__u64), compare_cookies);
	if (!err && scan_is_due(probe, &wanted, now)) {
		err = scan_files(probe, now);
		remember_missed(&probe->owners, &wanted);
		if (!err && wanted.sockets)
			patch_cookies(&probe->owners, buffer);
	}
	if (wanted.sockets)
		clear_wanted_sockets(probe);
	if (!err)
		err = add_wanted(&probe->owners, &wanted, buffer);
	if (!err)
		err = buffer_append(buffer, probe->owners.epolls.data, probe->owners.epolls.size);
	buffer_free(&wanted.cookies);
	return err;
}

int probe_suspects_find(struct probe *probe)
{
	return probe->file_iter ? scan_files(probe, clock_ns(CLOCK_MONOTONIC)) : 0;
}

void probe_owners_free(struct owner_cache *owners)
{
	buffer_free(&owners->owners);
	buffer_free(&owners->epolls);
	free(owners->missed);
}
