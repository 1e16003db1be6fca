/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Shared by the files of the probe. */
#ifndef SOCKSTALL_PROBE_INTERNAL_H
#define SOCKSTALL_PROBE_INTERNAL_H

#include <dirent.h>
#include <stdbool.h>
#include <time.h>

#include "apart/foreign.h"
#include "base/budget.h"
#include "base/clock.h"
#include "look/full_dates.h"
#include "look/queue_dates.h"
#include "look/service_dates.h"
#include "look/sleep_dates.h"
#include "look/spoken.h"
#include "probe/load/load.h"
#include "probe/probe.h"

/*
 * Caches that scans keep from look to look: only its own file (or its own header) knows each one's members. *_new()
 * returns NULL where there is no memory, *_free() takes NULL.
 */
struct address_cache;
struct code_cache;
struct connects_cache;
struct maps_cache;
struct notes_cache;
struct owner_cache;
struct probe_namespace;
struct probe_namespaces;
struct process_cache;
struct symbol_cache;
struct title_cache;
struct unread_cache;
struct unwinder;
struct usage_cache;
struct watch_cache;

/* The scheduler's clock against CLOCK_MONOTONIC. */
struct probe_clock {
	__s64 offset_ns; /* CLOCK_MONOTONIC minus the scheduler's clock */
	bool valid;
	bool disturbed; /* woke_ns may be late: better than no offset, but no better than the last one */
	__u64 woke_ns;
	__u64 switches;
};

/* Counts of what a look could not bring along, by enum lost_where. */
struct losses {
	__u64 count[LOST_KINDS];
};

/* What the scans of a look take, each beside its own cache. All of it belongs to the probe. */
struct scan {
	const struct attached *attached;
	struct foreign *foreign;
	struct losses *losses;
	__u64 look; /* its number */
	bool once; /* it is the only one */
};

/* Chains beside what the command asks for: see probe_follow(). */
struct probe_causes {
	int (*may_have)(void *context, const struct look *look); /* NULL: nobody asks for them */
	void *context;
	__u64 looks_ago; /* looks since the last that had them */
	bool no_room; /* with them a look is too large */
};

/* The state that all scans of a run share, and that each of them keeps. */
struct probe {
	struct attached attached;
	struct scope scope; /* a copy; lists belong to the caller */
	struct pace pace;
	struct apart *addresses; /* tells which address is whose; NULL: nobody */
	bool is_recorded;
	bool always_all; /* scope.all, before a person wanted it */
	bool always_chains, always_services; /* use_chains and show_services, likewise */
	struct wants wants; /* of a person at the screen */
	struct ring_buffer *events;
	bool use_sockets, use_loops, use_chains, use_services;
	bool has_news; /* the threads that tell more are not in this look */
	bool again; /* this look takes the place of another, */
	struct buffer scanned; /* which found these sockets */
	bool show_services; /* all of them, with their owners, at each look */
	struct probe_namespaces *namespaces;
	struct probe_clock clock;
	struct sleeps sleeps; /* where the kernel keeps no time of arrival */
	struct unwinder *unwinder;
	struct foreign *foreign; /* reads what may wait for other processes */
	struct full_listeners full;
	struct spoken_looks spoken;
	struct queue_dates queued; /* connections over unix sockets */
	struct service_history services;
	struct owner_cache *owners;
	struct process_cache *processes;
	struct maps_cache *maps; /* of this look */
	struct watch_cache *watches;
	struct usage_cache *usage;
	struct unread_cache *unread;
	struct symbol_cache *symbols;
	struct title_cache *titles;
	struct code_cache *codes;
	struct notes_cache *notes;
	struct connects_cache *connects;
	struct address_cache *known_addresses;
	struct probe_causes causes;
	struct look *look; /* being filled */
	__u64 looks, repeated; /* taken; and how many of them took the place of another */
	__u64 previous_ns; /* when the look that is being taken began; */
	__u64 look_before_ns; /* and the one before it */
	struct losses losses; /* of this look */
	__u64 told_events, told_loops; /* lost ones, as told by the look before */
	struct budget budget;
	bool did_put_off; /* this look has sockets that can be put off */
	__u64 stretched_ns; /* to the next look; 0: it is not */
	__u64 long_idle_ns; /* see look_record.h */
};

static inline struct scan probe_scan(struct probe *probe)
{
	return (struct scan){&probe->attached, probe->foreign, &probe->losses, probe->looks, probe->pace.once};
}

/* Looks that were taken again are not handed out, so they do not count. */
static inline bool probe_is_first(const struct probe *probe)
{
	return probe->looks - probe->repeated == 1;
}

/* A second look may take the place of this one, only with more in it. */
static inline bool probe_may_repeat(const struct probe *probe)
{
	return probe_is_first(probe) || probe->pace.once;
}

/*
 * The largest look, in bytes: about a hundred thousand half-open connections. Records beyond it are counted as lost; a
 * listener's own counts stay exact.
 */
#define LOOK_MAX (16 * 1024 * 1024)

/* Takes an event from the ring buffer; context is the probe. */
int probe_on_event(void *context, void *data, size_t size);

/* A signal that asks for the end is waiting, or a person wants it: who is attended to here. */
bool probe_is_asked_to_end(void);

/*
 * Reads an iterator to its end, appending its records to the buffer. Records that would make the buffer too large are
 * dropped, and their number is added to *lost. Returns 0 or a negative errno.
 */
int probe_read_iter(struct bpf_link *link, struct buffer *buffer, __u64 *lost);
int probe_read_fd(int fd, struct buffer *buffer, __u64 *lost);

/* Takes out all keys of a hash, none of which is longer than a struct peer_key. */
void probe_map_empty(const struct bpf_map *map);

/* Handles of namespaces: see namespaces.h. */
int probe_namespaces_open(struct probe_namespaces **namespaces);
void probe_namespaces_close(struct probe_namespaces *namespaces);

/* Brings the list up to date after the thread scan has noted who is where. */
int probe_namespaces_find(struct probe *probe);

/* Scans the sockets of the namespaces that are due. */
int probe_namespaces_scan(struct probe *probe, struct buffer *buffer);

/* Whether the kernel is asked for them over netlink, because BPF cannot. */
bool probe_unix_is_asked_for(const struct probe *probe);
/* Has the walk of a namespace count the connections of its listeners, and takes the counts out behind it. */
void probe_services_begin(struct probe *probe);
int probe_services_take(struct probe *probe, struct buffer *buffer);

/*
 * Has the next thread scan bring all threads of those who let others wait: what they do says why. Sets has_news if that
 * is news, which only a look taken anew can have. Returns 0 or -ENOMEM.
 */
int probe_services_suspect(struct probe *probe, const struct buffer *buffer);

/* Adds a record of each that the scope takes, with its name. */
int probe_namespaces_name(struct probe *probe, struct buffer *buffer);

/* How many the scope takes; and those of them that are not scanned at each look. */
size_t probe_namespaces_wanted(const struct probe *probe);
size_t probe_namespaces_put_off(const struct probe *probe);

/* Something happened there: the next look scans it. */
void probe_namespace_mark(struct probe *probe, __u32 inode);

/* Assigns cookies to the connections in the buffer that have none yet, and writes them there. */
void probe_cookies_draw(struct probe *probe, struct buffer *buffer);

/* Before a look: waits while jiffies are late, for some ticks at most. */
void probe_clock_begin(const struct sockstall_bpf *skeleton);

/* Sleeps for a moment, so that the scan which follows can tell the scheduler's clock. */
void probe_clock_prepare(struct probe_clock *clock);
void probe_clock_finish(struct probe_clock *clock, const struct sockstall_bpf *skeleton);

/* Adds owners of what the look has found, and cookies that were missing. */
int probe_owners_add(struct probe *probe, struct buffer *buffer);

/* Whether the look that is being taken has chains. */
void probe_chains_set(struct probe *probe, bool on);

/* Chains are what was asked for: what they lose is told. */
static inline bool probe_is_about_chains(const struct probe *probe)
{
	return probe->use_chains && (probe->always_chains || probe->wants.chains);
}

/*
 * For chains: adds the addresses of all namespaces, and the connections that are translated in them, as far as they are
 * known. A look asks some namespaces, in turn; the only look of a run asks all.
 */
int probe_addresses_add(struct probe *probe, struct buffer *buffer);
struct address_cache *probe_addresses_new(void);
void probe_addresses_free(struct address_cache *cache);

/* Writes into the records of connects that have been under way for long which thread waits for them. */
int probe_connects_note(struct connects_cache *cache, const struct owner_cache *owners, const struct scan *scan,
			struct buffer *buffer);

/* The next threads that /proc/PID/task lists: at most so many. Returns how many; 0: that was all. */
size_t probe_next_threads(DIR *folder, __u32 *tids, size_t most);
struct connects_cache *probe_connects_new(void);
void probe_connects_free(struct connects_cache *cache);

/* The file scan at the first look: finds epoll instances whose events no one fetches. */
int probe_suspects_find(struct probe *probe);
struct owner_cache *probe_owners_new(void);
void probe_owners_free(struct owner_cache *owners);

/* Adds the processes of which reads do not come back. */
int probe_unread_add(struct unread_cache *cache, const struct scan *scan, struct buffer *buffer);
struct unread_cache *probe_unread_new(void);
void probe_unread_free(struct unread_cache *cache);

/* Adds where the processes of the look run. */
int probe_processes_add(struct process_cache *cache, const struct scan *scan, struct buffer *buffer);
struct process_cache *probe_processes_new(void);

/*
 * The names of the container with this id, by the files of runtimes: texts in the order of enum process_name, each
 * NUL-terminated; nothing, where none names it. *file: the one of container_files to try first, and which it was.
 * Returns 0, -ENOMEM or -ECANCELED.
 */
int probe_names_read(const struct scan *scan, __u32 pid, __u64 start_ns, const char *id, unsigned int *file,
		     struct buffer *names);
void probe_processes_free(struct process_cache *processes);

/* Adds those of which reads did not come back since the last time, each by itself. */
int probe_add_lost_processes(struct probe *probe, struct buffer *buffer);

/* Adds the command lines of processes that were reported last, see probe_titles_read(). */
int probe_titles_add(struct title_cache *cache, const struct scan *scan, struct buffer *buffer);
struct title_cache *probe_titles_new(void);
void probe_titles_free(struct title_cache *titles);

/*
 * The code of these threads of one process, all of whose threads were asked for. Appends records of NOTE_CODE and
 * NOTE_USER_STACK. Returns 0, -ENOMEM, or -ECANCELED.
 */
int probe_codes_group(struct probe *probe, const struct thread_record *const *threads, size_t count,
		      struct buffer *notes);
struct code_cache *probe_codes_new(void);
void probe_codes_free(struct code_cache *cache);

/* Tells BPF which processes `threads` is about. */
int probe_wanted_pids_set(const struct probe *probe);

/*
 * Completes the details of these processes' threads in the bytes from offset on, and for `threads` adds the regions of
 * the processes.
 */
int probe_space_add(struct probe *probe, struct buffer *buffer, size_t offset, const __u32 *pids, size_t count);

/* Address spaces: see maps.h. */
struct maps_cache *probe_maps_new(void);
void probe_maps_free(struct maps_cache *cache);

/* Adds what the loops of the look watch, if the scope asks for it. */
int probe_watches_add(struct probe *probe, struct buffer *buffer);
struct watch_cache *probe_watches_new(void);
void probe_watches_free(struct watch_cache *cache);

/* Whether --pid names this process. */
bool probe_is_asked_for(const struct probe *probe, __u32 pid);

/* Adds what the processes that have loops are, and have open. */
int probe_usage_add(struct usage_cache *cache, const struct scan *scan, struct buffer *buffer);
struct usage_cache *probe_usage_new(void);
void probe_usage_free(struct usage_cache *usage);

/* Which runtime a process is. */
struct runtime_question {
	__u64 process_start_ns;
	__u32 pid;
	bool go;
	bool unanswered; /* a read of it did not come back in time, or was not tried for that reason: ask again */
	const char *runtime; /* the answer: constant text; NULL: not known */
};

/* Returns 0, -ENOMEM, or -ECANCELED. */
int probe_runtimes(const struct scan *scan, struct runtime_question *processes, size_t count);

/* fs.epoll.max_user_watches; 0: not known. */
__u64 probe_watch_limit(void);

/* Files open on the whole machine, and fs.file-max; 0: not known. */
void probe_open_files(__u64 *open_files, __u64 *limit);

/* Adds, of threads of the look that sleep in a lock, which it is and who has it. Returns 0, -ENOMEM, or -ECANCELED. */
int probe_locks_add(struct probe *probe, struct buffer *buffer);

/* Adds texts about loops that do not come back. */
int probe_notes_add(struct probe *probe, struct buffer *buffer);
struct notes_cache *probe_notes_new(void);
void probe_notes_free(struct notes_cache *cache);
struct symbol_cache *probe_symbols_new(void);
void probe_symbols_free(struct symbol_cache *symbols);

/* Paths, loops that have ended and connects that are found out in one look; the rest has its turn in the next. */
#define NOTES_PER_LOOK	   64
#define NOTES_OF_ONLY_LOOK 4096

static inline size_t probe_notes_most(bool once)
{
	return once ? NOTES_OF_ONLY_LOOK : NOTES_PER_LOOK;
}

#endif
