/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Lines of /proc: of an epoll instance's fdinfo, of cgroup, locks, maps and stat; memory around a lock; and what
 * processes that are set apart are told.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "act/exec_message.h"
#include "base/text.h"
#include "system/cgroup.h"
#include "system/fdinfo.h"
#include "system/file_locks.h"
#include "system/futex_owner.h"
#include "system/memory_map.h"
#include "system/process.h"
#include "act/message.h"

static void check_cgroup(const char *line)
{
	struct cgroup_choice choice = {0};
	struct arena arena = {0};
	const char *id;

	cgroup_choice_add(&choice, line);
	cgroup_choice_add(&choice, line);
	id = container_id(&arena, choice.path);
	if (id && strlen(id) != 64)
		abort();
	container_id(&arena, line);
	arena_free(&arena);
}

static void check_printable(const char *text)
{
	struct buffer line = {0};
	size_t i, length;
	uint32_t code;

	if (text_printable(&line, text) || text_clean(&line, text) || buffer_append(&line, "", 1))
		abort();
	for (i = 0; line.data[i]; i += length) {
		length = text_decode(line.data + i, &code);
		if (!length || !text_is_harmless(code))
			abort();
	}
	buffer_free(&line);
}

/* A message that is taken consists of the same bytes when it is made again. */
static void check_message(const uint8_t *data, size_t size)
{
	char *bytes = malloc(size + !size);
	struct exec_message message;
	struct buffer again = {0};
	struct arena arena = {0};

	memcpy(bytes, data, size);
	if (!exec_message_unpack(&message, &arena, bytes, size) &&
	    (exec_message_pack(&again, &message) || again.size != size || memcmp(again.data, data, size) != 0))
		abort();
	buffer_free(&again);
	arena_free(&arena);
	free(bytes);
}

/* The same of what the process that ends connections is asked, but for numbers that are packed in more than one way. */
static void check_request(const uint8_t *data, size_t size)
{
	struct act_request request, again;
	struct buffer bytes = {0};
	struct arena arena = {0};

	if (!act_request_unpack(&request, &arena, data, size) &&
	    (act_request_pack(&bytes, &request) || act_request_unpack(&again, &arena, bytes.data, bytes.size) ||
	     again.row.pid != request.row.pid || again.ask != request.ask || request.how >= ACT_HOWS))
		abort();
	buffer_free(&bytes);
	arena_free(&arena);
}

/* What /proc/locks and fdinfo say: a holder that is found has the lock on the same file. */
static void check_file_locks(const char *text, size_t size)
{
	struct file_lock holder;
	__u32 pid;

	for (pid = 0; pid < 10; pid++)
		if (file_locks_find(&holder, text, size, pid, "FLOCK") &&
		    (holder.waits || strcmp(holder.kind, "FLOCK") != 0))
			abort();
	if (file_lock_parse(&holder, text, size) && strnlen(holder.kind, sizeof(holder.kind)) == sizeof(holder.kind))
		abort();
}

/* The first bytes are the call, the rest is memory around the word: an owner is a number that a thread can have. */
static void check_futex(const uint8_t *data, size_t size)
{
	struct futex_wait wait = {.address = 4096 + FUTEX_BEFORE};
	struct futex_memory memory = {.start = 4096};
	struct futex_owner owner;
	size_t call = sizeof(wait.operation) + sizeof(wait.value);

	if (size < call)
		return;
	memcpy(&wait.operation, data, sizeof(wait.operation));
	memcpy(&wait.value, data + sizeof(wait.operation), sizeof(wait.value));
	memory.bytes = data + call;
	memory.length = size - call;
	owner = futex_owner_find(&wait, &memory);
	if (!owner.kind || owner.kind >= LOCK_FILE || owner.tid > 0x3fffffff ||
	    (owner.kind == LOCK_NO_OWNER && (owner.tid || owner.readers)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = malloc(size + 1), comm[16];
	struct memory_region region;
	struct fdinfo_watch watch;
	__u64 ticks;

	memcpy(line, data, size);
	line[size] = '\0';
	if (fdinfo_watch_parse(&watch, line, size) && watch.fd < 0)
		abort();
	if (memory_map_parse(&region, line, size) && region.end <= region.start)
		abort();
	if (!process_start_parse(line, &ticks, comm) && comm[15])
		abort();
	check_file_locks(line, size);
	check_futex(data, size);
	check_cgroup(line);
	check_printable(line);
	check_message(data, size);
	check_request(data, size);
	free(line);
	return 0;
}
