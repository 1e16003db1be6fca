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

/* In one look; and of each process. */
#define MAX_CONNECTS 64
#define MAX_THREADS  1024

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

static void note_connector(const struct owner_cache *cache, struct socket_record *socket)
{
	const struct owner_record *owners = (const void *)cache->owners.data;
	size_t i, count = cache->owners.size / sizeof(*owners);

	for (i = 0; i < count && !socket->connect_tid; i++) {
		if (owners[i].cookie != socket->name.cookie)
			continue;
		socket->connect_tid = find_thread(&owners[i]);
		if (!socket->connect_tid)
			continue;
		socket->connect_pid = owners[i].pid;
		memcpy(socket->connect_comm, owners[i].comm, sizeof(socket->connect_comm));
	}
}

void probe_connects_note(struct probe *probe, struct buffer *buffer)
{
	struct record_header *header;
	int left = MAX_CONNECTS;
	size_t offset = 0;

	while ((header = record_next(buffer, &offset))) {
		struct socket_record *socket = (void *)header;

		if (header->type != RECORD_SOCKET || socket->name.state != STATE_SYN_SENT ||
		    socket->name.kind != SOCKET_KIND_TCP || socket->connect_pid || !socket->name.cookie ||
		    socket->first_sent_ns + MIN_AGE_NS > socket->seen_ns)
			continue;
		if (left-- > 0)
			note_connector(&probe->owners, socket);
		else
			probe->lost_notes++;
	}
}
