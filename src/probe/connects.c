/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Which thread sits in connect(), where no tracepoint saw it call: it began before sockstall did. Only for the few
 * connects that have been under way for long, in processes that are known to hold them.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/array.h"
#include "base/clock.h"
#include "look/note_cache.h"
#include "look/records.h"
#include "probe/owners.h"
#include "system/tcp_states.h"

struct connects_cache {
	struct note_cache asked; /* who called connect, by socket */
};

#define MIN_AGE_NS NS_PER_S

/* Of each process. */
#define MAX_THREADS 1024

/* Threads that are asked at once. */
#define THREADS_AT_ONCE 64

struct connector {
	__u32 pid, tid;
	char comm[16];
};

/* Whether /proc/PID/task/TID/syscall says that the thread is asleep in connect() on this descriptor. */
static bool is_connect(const char *syscall, size_t size, __s32 fd)
{
	unsigned long long argument;
	char line[64];
	long number;

	snprintf(line, sizeof(line), "%.*s", (int)(size < sizeof(line) ? size : sizeof(line) - 1), syscall);
	return sscanf(line, "%ld %llx", &number, &argument) == 2 && number == SYS_connect && (__s32)argument == fd;
}

/* Asks as many threads as there are in `tids`. *found: which of them it is. */
static int ask_threads(const struct scan *scan, const struct owner_record *owner, const __u32 *tids, size_t count,
		       __u32 *found)
{
	struct foreign_question questions[THREADS_AT_ONCE];
	struct buffer answers = {0};
	size_t i;
	int err;

	for (i = 0; i < count; i++)
		questions[i] = (struct foreign_question){
			.request = {.kind = FOREIGN_SYSCALL, .pid = owner->pid, .tid = tids[i], .size = 256},
			.process_start_ns = owner->process_start_ns,
		};
	err = foreign_ask(scan->foreign, questions, count, &answers);
	for (i = 0; i < count && !err && !*found; i++)
		if (!questions[i].err && questions[i].size &&
		    is_connect(answers.data + questions[i].at, questions[i].size, owner->fd))
			*found = tids[i];
	buffer_free(&answers);
	return err;
}

size_t probe_next_threads(DIR *folder, __u32 *tids, size_t most)
{
	struct dirent *entry;
	size_t count = 0;

	while (count < most && (entry = readdir(folder)))
		if (entry->d_name[0] != '.')
			tids[count++] = (__u32)strtoul(entry->d_name, NULL, 10);
	return count;
}

/* *found 0: none, or it cannot be told. */
static int find_thread(const struct scan *scan, const struct owner_record *owner, __u32 *found)
{
	__u32 tids[THREADS_AT_ONCE];
	size_t count = 1, left;
	char name[64];
	DIR *folder;
	int err = 0;

	*found = 0;
	snprintf(name, sizeof(name), "/proc/%u/task", owner->pid);
	folder = opendir(name);
	if (!folder)
		return 0;
	for (left = MAX_THREADS; !err && !*found && count && left; left -= THREADS_AT_ONCE) {
		count = probe_next_threads(folder, tids, COUNT_OF(tids));
		err = ask_threads(scan, owner, tids, count, found);
	}
	closedir(folder);
	return err;
}

static int find_connector(const struct owner_cache *cache, const struct scan *scan, __u64 cookie,
			  struct connector *connector)
{
	const struct owner_record *owners = (const void *)cache->owners.data;
	size_t i, count = cache->owners.size / sizeof(*owners);
	int err = 0;

	for (i = 0; i < count && !err && !connector->tid; i++) {
		if (owners[i].cookie != cookie)
			continue;
		err = find_thread(scan, &owners[i], &connector->tid);
		connector->pid = owners[i].pid;
		memcpy(connector->comm, owners[i].comm, sizeof(connector->comm));
	}
	return err;
}

static int read_connector(struct note_cache *cache, const struct owner_cache *owners, const struct scan *scan,
			  struct noted *noted)
{
	struct connector connector = {0};
	int err = find_connector(owners, scan, noted->who, &connector);

	return err ? err : note_set(cache, noted, &connector, connector.tid ? sizeof(connector) : 0);
}

static void tell(const struct noted *noted)
{
	struct socket_record *socket = noted->about;
	const struct connector *connector = noted->data;

	if (!socket || !connector)
		return;
	socket->connect_tid = connector->tid;
	socket->connect_pid = connector->pid;
	memcpy(socket->connect_comm, connector->comm, sizeof(socket->connect_comm));
}

static bool is_wanted(const struct socket_record *socket)
{
	return socket->name.state == STATE_SYN_SENT && socket->name.kind == SOCKET_KIND_TCP && !socket->connect_pid &&
	       socket->name.cookie && socket->first_sent_ns + MIN_AGE_NS <= socket->seen_ns;
}

/* A socket right behind a thread record is that thread's. Chains bring such sockets a second time. */
static int want_connectors(struct note_cache *cache, struct buffer *buffer)
{
	struct record_header *header;
	bool of_thread = false;
	size_t offset = 0;
	int err = 0;

	while (!err && (header = record_next(buffer, &offset))) {
		struct socket_record *socket = (void *)header;

		if (header->type == RECORD_SOCKET && !of_thread && is_wanted(socket))
			err = note_cache_want(cache, socket->name.cookie, socket->first_sent_ns, socket);
		of_thread = header->type == RECORD_THREAD || (of_thread && header->type == RECORD_LOOP);
	}
	return err;
}

int probe_connects_note(struct connects_cache *connects, const struct owner_cache *owners, const struct scan *scan,
			struct buffer *buffer)
{
	struct note_cache *cache = &connects->asked;
	int err = want_connectors(cache, buffer);
	size_t i, due;

	due = note_cache_due(cache, probe_notes_most(scan->once));
	for (i = 0; i < due && !err; i++)
		err = read_connector(cache, owners, scan, &cache->items[i]);
	for (i = 0; i < cache->count; i++)
		tell(&cache->items[i]);
	scan->losses->count[LOST_NOTES] += note_cache_end(cache, scan->once);
	return err;
}

struct connects_cache *probe_connects_new(void)
{
	return calloc(1, sizeof(struct connects_cache));
}

void probe_connects_free(struct connects_cache *cache)
{
	if (!cache)
		return;
	note_cache_free(&cache->asked);
	free(cache);
}
