/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Shared by the two files that scan watched descriptors. */
#ifndef SOCKSTALL_PROBE_WATCHES_H
#define SOCKSTALL_PROBE_WATCHES_H

#include "probe/internal.h"
#include "system/fdinfo.h"

/* Most descriptors that one scan is asked about: the records must fit into a look (LOOK_MAX). */
#define WATCH_FILES_MAX 32768

/* An epoll instance that some look was interested in. */
struct watched_instance {
	__u64 process_start_ns;
	__u32 pid, tid; /* tid: a thread that has it among its descriptors */
	__s32 fd;
	bool live; /* of interest at this look; */
	__u64 live_ns; /* and the last that was */
	bool seen; /* the scan found it */
	bool held; /* whoever reads it would have to wait, by the thread scan */
	bool wanted; /* its descriptors are to be scanned at this look */
	bool spins; /* a loop on it may turn for nothing */
	bool missed; /* some watch holds unread data that its loop has been told of */
	__u64 asleep_ns; /* since when the last of its loops has been; 0: not known */
	__u64 left_ns; /* since when a loop has been away from it; 0: none has for long */
	__u64 read_ns; /* fdinfo; 0: never */
	__u32 flags; /* enum instance_flag */
	__u32 watches, edge, oneshot;
	__u64 traffic; /* of the connections that it watches: bytes of all */
	__u64 still_since_ns; /* since when that has not changed; 0: not known */
	struct spinner {
		__u32 tid; /* 0: none */
		__u64 io_calls, sleeps; /* in its life, as thread_record has them */
	} spinner, spinner_then; /* the thread that may turn for nothing: now, and at still_since_ns */
	__u32 ready; /* seen on the ready list meanwhile: a descriptor, plus 1 */
	struct fdinfo_watch *list; /* sorted by fd, then inode */
	size_t listed;
	struct buffer facts; /* a watch_record for each of the list, and its socket_record, in this order */
	__u64 scanned_ns; /* when they were found; 0: never */
};

struct watch_cache {
	struct watched_instance *items;
	size_t count, capacity;
	size_t most; /* instances that are kept in mind */
	size_t left_out, told; /* loops that there was no room for at this look; and the most that was told as lost */
};

/* Instances that are read at once. */
#define WATCHES_AT_ONCE 16

/*
 * Reads what these watch, WATCHES_AT_ONCE of them at most: of each the first `most` watches are kept one by one, the
 * rest are counted. One that has gone watches nothing; of one that cannot be read what was known stays. Returns 0,
 * -ENOMEM, or -ECANCELED.
 */
int probe_watches_read(struct probe *probe, struct watched_instance *const *instances, size_t count, size_t most,
		       __u64 now_ns);

/* Finds out what the descriptors of all wanted instances lead to. Returns 0 or a negative errno. */
int probe_watches_scan(struct probe *probe, struct watched_instance *instances, size_t count);

/*
 * Adds an epoll_record for each epoll instance of the process. Also what watch_scan() makes of the files that
 * are wanted at the time. Returns 0 or a negative errno.
 */
int probe_watch_scan_process(struct probe *probe, __u32 pid, struct buffer *records);

/* Steps over the facts of an instance. *socket NULL: has none. Returns NULL at the end. */
struct watch_record *watch_next(const struct buffer *facts, size_t *offset, struct socket_record **socket);

/* Adds what is known of all instances that are live at this look. Returns 0 or -ENOMEM. */
int probe_watches_add_records(struct probe *probe, struct buffer *buffer);

#endif
