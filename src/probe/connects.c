// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Which thread sits in connect(), where no tracepoint saw it call: it began before sockstall did. Only for the few
 * connects that have been under way for long, in processes that are known to hold them.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/clock.h"
#include "look/records.h"
#include "probe/internal.h"
#include "system/tcp_states.h"

#define MIN_AGE_NS NS_PER_S

/* Of each process. */
#define MAX_THREADS 1024

struct connector {
	__u32 pid, tid;
	char comm[16];
};

/* Whether the thread is asleep in connect() on this descriptor. */
static bool is_connecting(__u32 pid, const char *tid, __s32 fd)
{
	unsigned long long argument;
	bool connecting = false;
	char name[320];
	long number;
	FILE *file;

	snprintf(name, sizeof(name), "/proc/%u/task/%s/syscall", pid, tid);
	file = fopen(name, "re");
	if (!file)
		return false;
	if (fscanf(file, "%ld %llx", &number, &argument) == 2)
		connecting = number == SYS_connect && (__s32)argument == fd;
	fclose(file);
	return connecting;
}

/* 0: none, or it cannot be told. */
static __u32 find_thread(const struct owner_record *owner)
{
	int left = MAX_THREADS;
	struct dirent *entry;
	__u32 found = 0;
	char name[64];
	DIR *folder;

	snprintf(name, sizeof(name), "/proc/%u/task", owner->pid);
	folder = opendir(name);
	if (!folder)
		return 0;
	while (!found && left && (entry = readdir(folder))) {
		if (entry->d_name[0] == '.')
			continue;
		left--;
		if (is_connecting(owner->pid, entry->d_name, owner->fd))
			found = (__u32)strtoul(entry->d_name, NULL, 10);
	}
	closedir(folder);
	return found;
}

static struct connector find_connector(const struct owner_cache *cache, __u64 cookie)
{
	const struct owner_record *owners = (const void *)cache->owners.data;
	size_t i, count = cache->owners.size / sizeof(*owners);
	struct connector connector = { 0 };

	for (i = 0; i < count && !connector.tid; i++) {
		if (owners[i].cookie != cookie)
			continue;
		connector.tid = find_thread(&owners[i]);
		connector.pid = owners[i].pid;
		memcpy(connector.comm, owners[i].comm, sizeof(connector.comm));
	}
	return connector;
}

static int read_connector(struct probe *probe, struct noted *noted)
{
	struct connector connector = find_connector(&probe->owners, noted->who);

	return note_set(&probe->connects, noted, &connector, connector.tid ? sizeof(connector) : 0);
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

int probe_connects_note(struct probe *probe, struct buffer *buffer)
{
	struct note_cache *cache = &probe->connects;
	struct record_header *header;
	size_t i, due, offset = 0;
	int err = 0;

	while (!err && (header = record_next(buffer, &offset))) {
		struct socket_record *socket = (void *)header;

		if (header->type == RECORD_SOCKET && is_wanted(socket))
			err = note_cache_want(cache, socket->name.cookie, socket->first_sent_ns, socket);
	}
	due = note_cache_due(cache, probe_notes_most(probe));
	for (i = 0; i < due && !err; i++)
		err = read_connector(probe, &cache->items[i]);
	for (i = 0; i < cache->count; i++)
		tell(&cache->items[i]);
	probe->lost_notes += note_cache_end(cache, probe->options.once);
	return err;
}
