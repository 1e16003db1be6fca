/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Locks of files that threads sleep in, and who has them. /proc/locks tells which process took a lock; it may have
 * ended since, and its number may be another's by now. So only a process counts whose descriptor has the lock: its
 * fdinfo says so.
 *
 * sockstall reads /proc/locks itself: that takes file_rwsem and blocked_lock_lock alone (locks_start()), which nobody
 * holds over a fault or a file system's own work.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "look/records.h"
#include "probe/locks/holder.h"
#include "system/file_locks.h"

/* Of one look: waits, bytes of /proc/locks, descriptors of others. Of one process: descriptors that have the file. */
#define WAITS_MOST	 64
#define LOCKS_MOST	 (1u << 20)
#define DESCRIPTORS_MOST 20000
#define SAME_FILE_MOST	 16

struct search {
	struct probe *probe;
	const struct thread_record *waiter;
	struct file_lock lock;
	char path[PATH_MAX]; /* that of the waiter's descriptor */
	size_t *descriptors_left;
};

/* ---- The waiter ---- */

/* NULL: it is in no such call. Locks of open file descriptions (F_OFD_SETLKW) have no process. */
static const char *kind_of(const struct thread_record *thread)
{
	if (!(thread->flags & (THREAD_SLEEPING | THREAD_STOPPED)) || thread->fd < 0)
		return NULL;
	if (!strcmp(thread->syscall_name, "flock"))
		return "FLOCK";
	return !strcmp(thread->syscall_name, "fcntl") && thread->args[1] == F_SETLKW ? "POSIX" : NULL;
}

static bool read_link(__u32 pid, const char *fd, char path[PATH_MAX])
{
	char link[320];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/%u/fd/%s", pid, fd);
	length = readlink(link, path, PATH_MAX - 1);
	path[length > 0 ? length : 0] = '\0';
	return length > 0;
}

/* ---- Who has it ---- */

static size_t find_descriptors(const struct search *search, __u32 pid, __s32 fds[SAME_FILE_MOST])
{
	char folder[64], path[PATH_MAX];
	struct dirent *entry;
	size_t count = 0;
	DIR *all;

	snprintf(folder, sizeof(folder), "/proc/%u/fd", pid);
	all = opendir(folder);
	while (all && count < SAME_FILE_MOST && *search->descriptors_left && (entry = readdir(all))) {
		if (entry->d_name[0] == '.')
			continue;
		--*search->descriptors_left;
		if (read_link(pid, entry->d_name, path) && !strcmp(path, search->path))
			fds[count++] = atoi(entry->d_name);
	}
	if (all)
		closedir(all);
	return count;
}

static int has_lock(const struct search *search, __u32 pid, bool *has)
{
	struct foreign_question questions[SAME_FILE_MOST];
	struct buffer answers = {0};
	__s32 fds[SAME_FILE_MOST];
	size_t i, count = find_descriptors(search, pid, fds);
	int err;

	for (i = 0; i < count; i++)
		questions[i] = (struct foreign_question){
			.request = {.kind = FOREIGN_FDINFO, .pid = pid, .tid = pid, .fd = fds[i], .size = 4096}};
	err = foreign_ask(search->probe->foreign, questions, count, &answers);
	*has = false;
	for (i = 0; i < count && !err && !*has; i++)
		*has = !questions[i].err &&
		       file_locks_has(answers.data + questions[i].at, questions[i].size, &search->lock);
	buffer_free(&answers);
	return err;
}

/* Any process, in the order of /proc. *pid 0: nobody is found. */
static int find_any(const struct search *search, __u32 *pid)
{
	struct dirent *entry;
	bool has = false;
	DIR *all = opendir("/proc");
	int err = 0;

	while (all && !err && !has && *search->descriptors_left && (entry = readdir(all))) {
		__u32 asked = (__u32)strtoul(entry->d_name, NULL, 10);

		if (!asked || asked == search->waiter->pid)
			continue;
		err = probe_is_asked_to_end() ? -ECANCELED : has_lock(search, asked, &has);
		*pid = has ? asked : 0;
	}
	if (all)
		closedir(all);
	return err;
}

/*
 * A process may hand its lock on to a child, as flock(1) does to the next command of a shell. *pid 0: nobody is found.
 */
static int find_holder(const struct search *search, __u32 *pid)
{
	bool has = false;
	int err = search->lock.pid > 0 ? has_lock(search, (__u32)search->lock.pid, &has) : 0;

	*pid = has ? (__u32)search->lock.pid : 0;
	/* Locks of fcntl go with their process. */
	return err || has || strcmp(search->lock.kind, "FLOCK") != 0 ? err : find_any(search, pid);
}

static int add_record(const struct search *search, struct buffer *records)
{
	struct lock_record record = {
		.header = {.type = RECORD_LOCK},
		.inode = search->lock.inode,
		.device = search->lock.major << 20 | (search->lock.minor & 0xfffff),
		.kind = LOCK_FILE,
		.pid = search->waiter->pid,
		.tid = search->waiter->tid,
		.path_length = (__u32)strlen(search->path),
	};
	__u32 holder;
	int err = find_holder(search, &holder);

	if (!err && holder && lock_holder_name(holder, holder, record.holder_comm))
		record.holder_pid = holder;
	return err ? err : record_add_text(records, &record, sizeof(record), search->path, record.path_length);
}

/* ---- All of them ---- */

static int read_locks(struct buffer *text)
{
	int fd = open("/proc/locks", O_RDONLY | O_CLOEXEC);
	ssize_t got = 1;
	char *to;

	while (fd >= 0 && got > 0 && text->size < LOCKS_MOST) {
		to = buffer_reserve(text, 16384);
		if (!to)
			break;
		got = read(fd, to, 16384);
		text->size += got > 0 ? (size_t)got : 0;
	}
	if (fd >= 0)
		close(fd);
	return text->size || got <= 0 || fd < 0 ? 0 : -ENOMEM;
}

static int add_wait(struct search *search, const struct buffer *text, struct buffer *records)
{
	const char *kind = kind_of(search->waiter);
	char fd[16];

	snprintf(fd, sizeof(fd), "%d", search->waiter->fd);
	if (!file_locks_find(&search->lock, text->data, text->size, search->waiter->pid, kind) ||
	    !read_link(search->waiter->pid, fd, search->path))
		return 0;
	return add_record(search, records);
}

int probe_file_locks_add(struct probe *probe, const struct buffer *buffer, struct buffer *records)
{
	size_t offset = 0, waits = 0, descriptors_left = DESCRIPTORS_MOST;
	struct search search = {.probe = probe, .descriptors_left = &descriptors_left};
	const struct record_header *header;
	struct buffer text = {0};
	int err = 0;

	while (!err && (header = record_next(buffer, &offset))) {
		search.waiter = (const void *)header;
		if (header->type != RECORD_THREAD || !kind_of(search.waiter))
			continue;
		if (++waits > WAITS_MOST) {
			probe->losses.count[LOST_NOTES]++;
			continue;
		}
		if (waits == 1)
			err = read_locks(&text);
		if (!err)
			err = add_wait(&search, &text, records);
	}
	buffer_free(&text);
	return err;
}
