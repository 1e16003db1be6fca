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
#include "tcp_states.h"

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
	struct buffer inodes; /* of __u64: of sockets whose cookie is not known */
	size_t sockets; /* whose cookie is wanted */
	size_t marked; /* in the map that tells the walk which sockets are wanted */
	bool epolls; /* which instances have events that nobody fetches */
};

static int want_cookie(struct wanted *wanted, __u64 cookie)
{
	return cookie ? buffer_append(&wanted->cookies, &cookie, sizeof(cookie)) : 0;
}

/* Has the walk look for the key. Where there is no more room it goes without an owner, which is counted. */
static bool mark(struct probe *probe, const struct bpf_map *map, const void *key, const void *value)
{
	if (!bpf_map_update_elem(bpf_map__fd(map), key, value, BPF_ANY))
		return true;
	probe->lost_owners++;
	return false;
}

static bool mark_socket(struct probe *probe, struct wanted *wanted, __u64 inode, __u32 netns)
{
	if (!mark(probe, probe->skeleton->maps.wanted_sockets, &inode, &netns))
		return false;
	wanted->marked++;
	return true;
}

/* A socket that is not found by its state, as those in a handshake are. */
static int want_owner(struct probe *probe, struct wanted *wanted, const struct socket_record *socket)
{
	if (!socket->name.inode || !mark_socket(probe, wanted, socket->name.inode, socket->name.netns))
		return 0;
	return want_cookie(wanted, socket->name.cookie);
}

/* Of a unix socket, or of its other end: both are of one network namespace, whoever holds them. */
static int want_inode(struct probe *probe, struct wanted *wanted, __u64 inode, __u32 netns)
{
	if (!inode || !mark_socket(probe, wanted, inode, netns))
		return 0;
	return buffer_append(&wanted->inodes, &inode, sizeof(inode));
}

/* Has the walk bring the other end too, if it is on this machine. */
static void want_peer(struct probe *probe, const struct socket_name *name)
{
	struct peer_key key = { .local_port = name->peer_port, .peer_port = name->local_port };
	__u8 yes = 1;

	memcpy(key.local_addr, name->peer_addr, sizeof(key.local_addr));
	memcpy(key.peer_addr, name->local_addr, sizeof(key.peer_addr));
	mark(probe, probe->skeleton->maps.wanted_peers, &key, &yes);
}

static int want_reader(struct probe *probe, struct wanted *wanted, const struct thread_record *thread,
		       const struct socket_record *socket)
{
	__u64 asleep = thread->last_arrival + (__u64)probe->clock.offset_ns;
	int err = 0;

	if (socket->name.kind == SOCKET_KIND_UNIX)
		err = want_inode(probe, wanted, socket->peer_inode, socket->name.netns);

	if (probe->use_chains && socket->name.kind == SOCKET_KIND_TCP)
		want_peer(probe, &socket->name);
	/* It got no number: the thread scan had no more room to note it in. */
	if (probe->use_chains && socket->name.kind == SOCKET_KIND_PIPE && !socket->peer_inode)
		probe->lost_owners++;
	/* Who else could write to it. */
	if (!err && probe->use_chains && socket->name.kind == SOCKET_KIND_UNIX)
		err = want_inode(probe, wanted, socket->name.inode, socket->name.netns);

	/* Without local storage the walk draws none. */
	if (err || !probe_features()->local_storage || socket->name.cookie || !socket->name.inode ||
	    socket->name.kind == SOCKET_KIND_PIPE ||
	    asleep + COOKIE_MIN_AGE_NS > thread->seen_ns)
		return err;
	if (mark_socket(probe, wanted, socket->name.inode, socket->name.netns))
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
		else if (header->type == RECORD_SOCKET && socket->name.state == STATE_SYN_SENT)
			err = want_cookie(wanted, socket->name.cookie);
		else if (header->type == RECORD_SOCKET)
			err = want_owner(probe, wanted, socket);
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

static int compare_inodes(const void *left, const void *right)
{
	const struct owner_record *a = left, *b = right;

	return a->inode < b->inode ? -1 : a->inode > b->inode;
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

/* A cookie of the socket with this inode; 0: not known. */
static __u64 find_cookie(const struct owner_cache *cache, __u64 inode)
{
	struct owner_record key = { .inode = inode };
	const struct owner_record *found = NULL;

	if (cache->by_inode.size)
		found = bsearch(&key, cache->by_inode.data, cache->by_inode.size / sizeof(key), sizeof(key),
				compare_inodes);
	return found ? found->cookie : 0;
}

static bool is_known_inode(const struct owner_cache *cache, __u64 inode)
{
	return find_cookie(cache, inode) ||
	       (cache->missed_inode_count && bsearch(&inode, cache->missed_inodes, cache->missed_inode_count,
						     sizeof(inode), compare_cookies));
}

static bool inodes_are_known(const struct owner_cache *cache, const struct wanted *wanted)
{
	const __u64 *inodes = (const void *)wanted->inodes.data;
	size_t i, count = wanted->inodes.size / sizeof(*inodes);

	for (i = 0; i < count; i++)
		if (!is_known_inode(cache, inodes[i]))
			return false;
	return true;
}

static bool scan_is_due(const struct probe *probe, const struct wanted *wanted, __u64 now)
{
	const struct owner_cache *cache = &probe->owners;
	size_t i, count = wanted->cookies.size / sizeof(__u64);
	const __u64 *cookies = (const void *)wanted->cookies.data;

	if (!probe->file_iter)
		return false;
	if (probe->use_chains)
		return true;
	if (!inodes_are_known(cache, wanted))
		return true;
	count += wanted->inodes.size / sizeof(__u64);
	if (wanted->sockets || wanted->epolls || (count && now - cache->scanned_ns > OWNERS_MAX_AGE_NS))
		return true;
	for (i = 0; i < wanted->cookies.size / sizeof(__u64); i++)
		if (!is_known(cache, cookies[i]))
			return true;
	return false;
}

/* The owners once more, by inode. */
static int index_inodes(struct owner_cache *cache)
{
	int err;

	buffer_reset(&cache->by_inode);
	err = buffer_append(&cache->by_inode, cache->owners.data, cache->owners.size);
	if (!err && cache->by_inode.size)
		qsort(cache->by_inode.data, cache->by_inode.size / sizeof(struct owner_record),
		      sizeof(struct owner_record), compare_inodes);
	return err;
}

static struct buffer *place_of(struct owner_cache *cache, __u32 type)
{
	switch (type) {
	case RECORD_OWNER:
		return &cache->owners;
	case RECORD_SOCKET:
		return &cache->connections;
	case RECORD_PIPE_READER:
	case RECORD_PIPE_WRITER:
		return &cache->pipes;
	default:
		return &cache->epolls;
	}
}

/* Sorts what the file scan brought. */
static int take_scan(struct owner_cache *cache, const struct buffer *scan)
{
	struct record_header *header;
	size_t offset = 0;
	int err = 0;

	buffer_reset(&cache->owners);
	buffer_reset(&cache->epolls);
	buffer_reset(&cache->connections);
	buffer_reset(&cache->pipes);
	while (!err && (header = record_next(scan, &offset)))
		err = buffer_append(place_of(cache, header->type), header, header->size);
	sort_unique(&cache->owners);
	return err ? err : index_inodes(cache);
}

static bool is_suspect(const struct probe *probe, const struct epoll_record *epoll)
{
	return (epoll->unread && !epoll->waiters) || (probe->options.watches && probe_is_asked_for(probe, epoll->pid));
}

/*
 * Of processes that leave events on an instance, and of those whose watches are asked for, the next thread scan brings all
 * threads. One for which there is no room has one thread at least that will not be seen. A process's instances come together.
 */
static void note_suspects(struct probe *probe)
{
	const struct bpf_map *map = probe->skeleton->maps.suspects;
	const struct epoll_record *epoll = (const void *)probe->owners.epolls.data;
	size_t i, count = probe->owners.epolls.size / sizeof(*epoll);
	__u32 left_out = 0;

	probe_map_empty(map);
	for (i = 0; i < count; i++)
		if (is_suspect(probe, &epoll[i]) && epoll[i].pid != left_out &&
		    bpf_map_update_elem(bpf_map__fd(map), &epoll[i].pid, &epoll[i].process_start_ns, BPF_ANY)) {
			left_out = epoll[i].pid;
			probe->lost_threads++;
		}
}

static int scan_files(struct probe *probe, __u64 now)
{
	struct buffer scan = { 0 };
	int err = probe_read_iter(probe->file_iter, &scan, &probe->lost_owners);

	if (!err) {
		probe_cookies_of_owners(probe, &scan);
		err = take_scan(&probe->owners, &scan);
	}
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

/* Likewise of inodes; those that are known go over to the cookies. */
static int resolve_inodes(struct owner_cache *cache, struct wanted *wanted, bool scanned)
{
	const __u64 *inodes = (const void *)wanted->inodes.data;
	size_t i, count = wanted->inodes.size / sizeof(*inodes);
	__u64 *missed = scanned ? reallocarray(cache->missed_inodes, count + 1, sizeof(*missed)) : NULL;
	__u64 cookie;
	int err = 0;

	if (scanned && !missed)
		return -ENOMEM;
	if (scanned) {
		cache->missed_inodes = missed;
		cache->missed_inode_count = 0;
	}
	for (i = 0; i < count && !err; i++) {
		cookie = find_cookie(cache, inodes[i]);
		if (cookie)
			err = want_cookie(wanted, cookie);
		else if (missed)
			missed[cache->missed_inode_count++] = inodes[i];
	}
	return err;
}

/* The ends of awaited connections, with their owners; one that several processes share comes by more than once. */
static int add_connections(const struct owner_cache *cache, struct wanted *wanted, struct buffer *buffer)
{
	struct socket_record *sockets = (void *)cache->connections.data;
	size_t i, count = cache->connections.size / sizeof(*sockets);
	int err = 0;

	for (i = 0; i < count && !err; i++) {
		sockets[i].name.cookie = find_cookie(cache, sockets[i].name.inode);
		err = want_cookie(wanted, sockets[i].name.cookie);
		if (!err)
			err = buffer_append(buffer, &sockets[i], sizeof(sockets[i]));
	}
	return err;
}

static void sort_numbers(struct buffer *numbers)
{
	if (numbers->size)
		qsort(numbers->data, numbers->size / sizeof(__u64), sizeof(__u64), compare_cookies);
}

/* Gives the readers' sockets the cookies that the walk made the kernel draw. */
static void patch_cookies(const struct owner_cache *cache, struct buffer *buffer)
{
	struct record_header *header;
	size_t offset = 0;

	while ((header = record_next(buffer, &offset))) {
		struct socket_record *socket = (void *)header;

		if (header->type == RECORD_SOCKET && !socket->name.cookie && socket->name.inode)
			socket->name.cookie = find_cookie(cache, socket->name.inode);
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

int probe_owners_add(struct probe *probe, struct buffer *buffer)
{
	__u64 now = clock_ns(CLOCK_MONOTONIC);
	struct wanted wanted = { 0 };
	int err = collect_wanted(probe, buffer, &wanted);
	bool scanned = !err && scan_is_due(probe, &wanted, now);

	sort_numbers(&wanted.cookies);
	sort_numbers(&wanted.inodes);
	if (scanned) {
		err = scan_files(probe, now);
		remember_missed(&probe->owners, &wanted);
		if (!err && wanted.sockets)
			patch_cookies(&probe->owners, buffer);
	}
	if (wanted.marked)
		probe_map_empty(probe->skeleton->maps.wanted_sockets);
	if (probe->use_chains) {
		probe_map_empty(probe->skeleton->maps.wanted_peers);
		probe_map_empty(probe->skeleton->maps.wanted_pipes);
	}
	if (!err && probe->use_chains)
		err = add_connections(&probe->owners, &wanted, buffer);
	if (!err && probe->use_chains)
		err = buffer_append(buffer, probe->owners.pipes.data, probe->owners.pipes.size);
	if (!err)
		err = resolve_inodes(&probe->owners, &wanted, scanned);
	sort_numbers(&wanted.cookies);
	if (!err)
		err = add_wanted(&probe->owners, &wanted, buffer);
	if (!err)
		err = buffer_append(buffer, probe->owners.epolls.data, probe->owners.epolls.size);
	buffer_free(&wanted.cookies);
	buffer_free(&wanted.inodes);
	return err;
}

int probe_suspects_find(struct probe *probe)
{
	return probe->file_iter ? scan_files(probe, clock_ns(CLOCK_MONOTONIC)) : 0;
}

void probe_owners_free(struct owner_cache *owners)
{
	buffer_free(&owners->owners);
	buffer_free(&owners->by_inode);
	buffer_free(&owners->connections);
	buffer_free(&owners->pipes);
	free(owners->missed_inodes);
	buffer_free(&owners->epolls);
	free(owners->missed);
}
