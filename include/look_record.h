/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Records that sockstall itself adds to a look, beside the kernel's. */
#ifndef SOCKSTALL_LOOK_RECORD_H
#define SOCKSTALL_LOOK_RECORD_H

#include "record.h"

/* The first record of every look. */
struct look_record {
	struct record_header header;
	__u64 number; /* from 1 */
	__u64 seen_ns; /* when the look began, CLOCK_MONOTONIC */
	__u64 realtime_ns; /* the same moment on CLOCK_REALTIME */
	__u64 boottime_ns; /* the same moment on CLOCK_BOOTTIME */
	__u64 previous_ns; /* when the look before began; for the first: when the probes were attached */
	__s64 sched_offset_ns; /* CLOCK_MONOTONIC minus the scheduler's clock */
	__u64 tick_ns; /* a jiffy */
	__u64 interval_ns; /* asked for; */
	__u64 stretched_ns; /* and in force, where the budget made it longer; else 0 */
	__u64 cpu_ns; /* used by sockstall so far */
	__u16 sched_offset_valid;
	__u16 put_off; /* network namespaces whose sockets are looked at less often: they cost too much */
	__u32 namespaces; /* that were looked at */
	__u64 watch_limit; /* fs.epoll.max_user_watches; 0: not known */
	__u64 open_files; /* of the whole machine, and the most that there may be: fs.file-max; 0: not known */
	__u64 file_limit;
	__u64 long_idle_ns; /* after this an idle connection that nothing watches over is worth a word */
	__u32 has_chains; /* bool: both ends of each wait are here, as far as they are on this machine */
	__u32 pad;
};

_Static_assert(sizeof(struct look_record) == 136, "look_record");

/*
 * Where a process runs. Texts follow, NUL-terminated, padded to 8 bytes: the cgroup path, and from 0.3.0 on the names
 * of its container, in the order of enum process_name; an empty or a missing one: none.
 */
struct process_record {
	struct record_header header;
	__u64 process_start_ns;
	__u32 pid;
	__u32 cgroup_length; /* without the NUL */
	char cgroup[];
};

_Static_assert(sizeof(struct process_record) == 24, "process_record");

enum process_name {
	PROCESS_POD,
	PROCESS_NAMESPACE, /* of Kubernetes */
	PROCESS_CONTAINER,
	PROCESS_IMAGE,
	PROCESS_NAMES,
};

/* A process that has loops: whose runtime it is, and what it has open. Looked up every few seconds. */
struct usage_record {
	struct record_header header;
	__u64 process_start_ns;
	__u64 fd_limit; /* RLIMIT_NOFILE, the soft one; 0: not known */
	__u32 pid;
	__u32 threads;
	__u32 open_fds;
	__u32 sockets; /* of these; */
	__s32 highest_fd; /* and the highest; -1: all three are not known */
	__u32 pad;
	__s64 user_watches; /* of all epoll instances of its user, nearly (see compat_user_watches()); -1: not known */
	char runtime[16]; /* "libuv", "go", …; empty: not known */
};

_Static_assert(sizeof(struct usage_record) == 72, "usage_record");

enum note_kind {
	NOTE_WHERE = 1, /* what the thread is blocked in: the path of a file, a child process */
	NOTE_KERNEL_STACK, /* functions, innermost first */
	NOTE_USER_STACK, /* frames, innermost first: function, module+offset, line */
	NOTE_LOOP_ENDED, /* the descriptor of its last epoll wait is no epoll instance any more: that one's number */
	NOTE_TITLE, /* of the process whose pid is `tid`: its command line, as it is now, with spaces between the words */
	NOTE_CODE, /* the innermost function of the program's own, with its source line if known */
	NOTE_KINDS,
};

/* Between the functions of a stack. */
#define NOTE_SEPARATOR " < "

/* A note of the probe about a thread. Text follows, NUL-terminated, padded to 8 bytes. */
struct note_record {
	struct record_header header;
	__u32 pid;
	__u32 tid;
	__u32 kind; /* enum note_kind */
	__u32 length; /* without the NUL */
	char text[];
};

_Static_assert(sizeof(struct note_record) == 24, "note_record");

struct netns_record {
	struct record_header header;
	__u32 netns; /* inode */
	__u32 put_off; /* its sockets were not looked at this time: of them its listeners are here, as they were */
	char name[64]; /* as `ip netns` shows it; empty: none */
};

_Static_assert(sizeof(struct netns_record) == 80, "netns_record");

/* An address that a network namespace has. */
struct address_record {
	struct record_header header;
	__u32 netns; /* inode */
	__u32 pad;
	__u8 address[16]; /* as in socket_name */
};

_Static_assert(sizeof(struct address_record) == 32, "address_record");

/* A connection through address translation: what its client sees, and what its server sees. From conntrack. */
struct translation_record {
	struct record_header header;
	__u32 netns; /* in which it is translated */
	__u32 pad;
	__u8 client_addr[16], asked_addr[16]; /* from, to */
	__u8 server_addr[16], asker_addr[16]; /* whom it reaches, and from where it seems to come */
	__u16 client_port, asked_port, server_port, asker_port;
};

_Static_assert(sizeof(struct translation_record) == 88, "translation_record");

enum lost_where {
	LOST_EVENTS = 1, /* the ring buffer was full */
	LOST_SOCKETS, /* more stuck sockets than sockstall keeps */
	LOST_THREADS, /* more than one look brings along, or of more processes than it takes note of */
	LOST_OWNERS, /* sockets and pipes, or ends of them, whose holders there was no room to look for */
	LOST_NETNS, /* a namespace could not be entered; or there may be more than the thread scan has room for */
	LOST_LOOPS, /* no memory for a thread's counters */
	LOST_RECORDS, /* output that could not be written */
	LOST_WATCHES, /* more watched descriptors than one look brings along */
	LOST_REGIONS, /* more of an address space than sockstall reads */
	LOST_LOOKS, /* not taken, because what was written to was not read */
	LOST_NOTES, /* threads of which more could be told (a path, a stack, that it connects) than one look finds out */
	LOST_PROCESSES, /* reads of a process that it made last too long: its epoll instances, memory, mappings, program */
	LOST_SERVICES, /* listening sockets whose connections there was no room to count */
	LOST_KINDS,
};

struct lost_record {
	struct record_header header;
	__u32 where; /* enum lost_where */
	__u32 pid; /* of LOST_PROCESSES, which; 0: more of them than are named */
	__u64 count; /* since the look before */
};

_Static_assert(sizeof(struct lost_record) == 24, "lost_record");

/* The part of such a process that was read: bits of unread_record.parts. */
enum unread_part {
	UNREAD_EPOLL = 1 << 0, /* /proc/PID/fdinfo of an epoll instance */
	UNREAD_MAPS = 1 << 1, /* its mappings */
	UNREAD_MEMORY = 1 << 2,
	UNREAD_PROGRAM = 1 << 3, /* the file that it runs */
	UNREAD_PROC = 1 << 4, /* another file of /proc/PID */
	UNREAD_CONTAINER = 1 << 5, /* what its container's runtime keeps in files */
};

/* A process of which reads did not come back in time: each of them slept, and waited for no CPU. */
struct unread_record {
	struct record_header header;
	__u64 process_start_ns;
	__u64 since_ns; /* the first of them */
	__u32 pid;
	__u32 netns; /* inode; 0: not known */
	__u32 reads; /* one after the other: ten seconds apart, and later more */
	__u32 parts; /* bits of enum unread_part */
	char comm[16];
};

_Static_assert(sizeof(struct unread_record) == 56, "unread_record");

#endif
