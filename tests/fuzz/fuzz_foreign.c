/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The protocol of the process that reads for sockstall, from both sides: the input is a message of sockstall's,
 * messages of the worker's behind each other (each with its length in front), and a file that the worker has read.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "apart/foreign_message.h"
#include "system/elf_sections.h"

/* In memory of its own, so that the sanitizer sees each byte too far. */
static void *copy_of(const uint8_t *data, size_t size)
{
	void *copy = malloc(size + !size);

	memcpy(copy, data, size);
	return copy;
}

/* Requests that the worker takes are within bounds, whoever sends them. */
static void check_requests(const uint8_t *data, size_t size)
{
	void *message = copy_of(data, size);
	const struct foreign_request *requests;
	struct foreign_head head;
	__u32 i;

	requests = foreign_requests_check(message, size, &head);
	for (i = 0; requests && i < head.count; i++)
		if (requests[i].kind >= FOREIGN_KINDS || !requests[i].size || requests[i].size > FOREIGN_ANSWER ||
		    requests[i].address + requests[i].size > INT64_MAX || requests[i].fd < 0)
			abort();
	free(message);
}

/* sockstall takes the answers that it asked for, in order, and no more. */
static void check_answers(const uint8_t *data, size_t size)
{
	const struct foreign_request requests[] = {
		{FOREIGN_MAPS, 1, 1, .size = 100},
		{FOREIGN_MEMORY, 1, 1, .address = 4096, .size = 64, .anchor = 4096},
		{FOREIGN_FDINFO, 1, 1, .size = 1},
	};
	struct foreign_intake intake = {.requests = requests, .sequence = 1, .count = 3};
	size_t at = 0, length, pieces = 0, all = 0;
	struct foreign_piece piece;
	void *message;

	while (at < size && intake.next < intake.count) {
		length = data[at] < size - at ? data[at] : size - at - 1;
		message = copy_of(data + at + 1, length);
		if (!foreign_piece_take(&intake, message, length, &piece)) {
			pieces++;
			all += piece.size;
			if (piece.size != length - sizeof(piece) || piece.sequence != 1 || piece.index > 2)
				abort();
		}
		free(message);
		at += 1 + length;
	}
	if (all > 100 + 72 + 1 || pieces > all + 3)
		abort();
}

static void check_memory(const uint8_t *data, size_t size)
{
	const struct foreign_request request = {FOREIGN_MEMORY, 1, 1, .address = 4096, .size = 64};
	void *answer = copy_of(data, size);
	size_t length;
	__u64 start;

	if (foreign_memory_check(&request, answer, size, &start, &length) &&
	    (start < 4096 || start + length > 4096 + 64 || length != size - sizeof(start)))
		abort();
	free(answer);
}

/* Any pieces of any file, as sockstall puts them together. */
static void check_program(const uint8_t *data, size_t size)
{
	struct elf_piece table, names;
	void *head, *sections, *text;

	if (size < 64 || !elf_find_table(data, size, &table))
		return;
	table.size = table.size < size - 64 ? table.size : size - 64;
	head = copy_of(data, 64);
	sections = copy_of(data + 64, table.size);
	if (elf_find_names(head, sections, table.size, &names)) {
		names.size = names.size < size - 64 - table.size ? names.size : size - 64 - table.size;
		text = copy_of(data + 64 + table.size, names.size);
		elf_is_go(sections, table.size, text, names.size);
		free(text);
	}
	free(sections);
	free(head);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_requests(data, size);
	check_answers(data, size);
	check_memory(data, size);
	/* Behind a byte: a seed that begins as a program does would be taken for one without its source by lintian. */
	if (size)
		check_program(data + 1, size - 1);
	return 0;
}
