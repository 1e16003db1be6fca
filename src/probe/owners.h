/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Owners of sockets: what a look wants to know of them, and what the last walk over all descriptors found. */
#ifndef SOCKSTALL_PROBE_OWNERS_H
#define SOCKSTALL_PROBE_OWNERS_H

#include "probe/internal.h"

/* The result of the last walk over all descriptors. */
struct owner_cache {
	struct buffer owners; /* of struct owner_record, by cookie */
	struct buffer by_inode; /* the same */
	struct buffer epolls; /* of struct epoll_record */
	struct buffer connections; /* of struct socket_record; only for chains, and of this look */
	struct buffer pipes; /* of struct owner_record, of both types; the numbers are of that look */
	__u64 scanned_ns; /* 0: never */
	__u64 *missed; /* cookies asked for that the last scan did not find, sorted */
	size_t missed_count;
	__u64 *missed_inodes; /* likewise, by inode */
	size_t missed_inode_count;
};

/* A pipe whose ends a look needs. The number is of this look. */
struct wanted_pipe {
	__u64 inode, number;
};

/* Sockets and pipes whose owners a look needs. */
struct wanted {
	struct buffer cookies; /* of __u64 */
	struct buffer inodes; /* of __u64: of sockets whose cookie is not known */
	struct buffer pipes; /* of struct wanted_pipe */
	struct buffer asked; /* of __u16: ports of servers here that threads wait for */
	size_t sockets; /* whose cookie is wanted */
	size_t marked; /* in the map that tells the walk which sockets are wanted */
	bool epolls; /* which instances have events that nobody fetches */
};

/* 0 is none. */
int wanted_cookie(struct wanted *wanted, __u64 cookie);

/* From the records of the look; tells the walk which sockets are wanted, too. To be freed, whatever it returns. */
int wanted_collect(struct probe *probe, const struct buffer *buffer, struct wanted *wanted);

void wanted_free(struct wanted *wanted);

/* So that each comes once, and can be searched for. */
void wanted_sort(struct wanted *wanted);

/* Any owner of the socket with this cookie, or NULL; those of one socket stand together. */
struct owner_record *owner_cache_find(const struct owner_cache *cache, __u64 cookie);

/* A cookie of the socket with this inode; 0: not known. */
__u64 owner_cache_cookie(const struct owner_cache *cache, __u64 inode);

/* Whether the last walk found it, or did not find it: another would bring no more. */
bool owner_cache_knows(const struct owner_cache *cache, __u64 cookie);
bool owner_cache_knows_inode(const struct owner_cache *cache, __u64 inode);

/*
 * Assigns cookies as probe_cookies_draw() does to the owners that a file scan has found, by the connections beside
 * them, and for unix sockets.
 */
void probe_cookies_of_owners(struct probe *probe, struct buffer *scan);

/* Sorts what the file scan brought. waits_are_counted: see unserved_dates.h. */
int owner_cache_take(struct owner_cache *cache, const struct buffer *scan, bool waits_are_counted);

/* Gives the readers' sockets the cookies that the walk made the kernel draw. */
void owner_cache_patch(const struct owner_cache *cache, struct buffer *buffer);

/* Whether the last walk found an end of a pipe with this inode. */
bool owner_cache_knows_pipe(const struct owner_cache *cache, __u64 inode);

/* Copies the ends of what is wanted, with its numbers. */
int owner_cache_add_pipes(const struct owner_cache *cache, const struct wanted *wanted, struct buffer *buffer);

/* Copies the owners of what is wanted, which is sorted, so that each comes once. */
int owner_cache_add(const struct owner_cache *cache, const struct wanted *wanted, struct buffer *buffer);

#endif
