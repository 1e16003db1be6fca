/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The symbols of the file that a process runs. foreign.h's worker reads it, a file system that does not answer costs the names,
 * and elf_symbols.h believes nothing that is in it.
 */
#include "probe/program_names.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "system/elf_symbols.h"

#define HEAD_SIZE 64 /* sizeof(Elf64_Ehdr) */

/* Bytes of one question, and questions at once. */
#define PIECE_BYTES   65536
#define ASKED_AT_ONCE 32

static size_t at_most(size_t size, size_t most)
{
	return size < most ? size : most;
}

/* Asks for a part of the file. Returns how many questions that takes. */
static size_t ask_part(struct foreign_question questions[ASKED_AT_ONCE], const struct program_names *names,
		       const struct elf_piece *part)
{
	size_t count, done = 0;

	for (count = 0; count < ASKED_AT_ONCE && done < part->size; count++) {
		questions[count] = (struct foreign_question){
			.request = {.kind = FOREIGN_PROGRAM,
				    .pid = names->pid,
				    .tid = names->pid,
				    .address = part->offset + done,
				    .size = at_most(part->size - done, PIECE_BYTES)},
			.process_start_ns = names->process_start_ns,
		};
		done += questions[count].request.size;
	}
	return count;
}

/* *read: all of it is there. Returns 0, -ENOMEM or -ECANCELED. */
static int read_piece(struct probe *probe, const struct program_names *names, struct elf_piece piece,
		      struct buffer *bytes, bool *read)
{
	struct foreign_question questions[ASKED_AT_ONCE];
	size_t i, count, size = piece.size;
	int err = 0;

	buffer_reset(bytes);
	*read = piece.size > 0 && piece.offset < INT64_MAX / 2;
	while (!err && *read && piece.size) {
		count = ask_part(questions, names, &piece);
		err = foreign_ask(probe->foreign, questions, count, bytes);
		for (i = 0; i < count && !err && *read; i++) {
			*read = !questions[i].err && questions[i].size == questions[i].request.size;
			piece.offset += questions[i].size;
			piece.size -= questions[i].size;
		}
	}
	*read = *read && !err && bytes->size == size;
	return err;
}

static int read_symbols(struct probe *probe, struct program_names *names)
{
	struct elf_piece head = {0, HEAD_SIZE}, program, table, symbols, texts;
	struct buffer first = {0};
	bool read;
	int err = read_piece(probe, names, head, &first, &read);

	read = read && elf_find_program(first.data, first.size, &program) &&
	       elf_find_table(first.data, first.size, &table);
	if (!err && read)
		err = read_piece(probe, names, program, &names->program, &read);
	if (!err && read)
		err = read_piece(probe, names, table, &names->table, &read);
	read = !err && read && elf_find_symbols(names->table.data, names->table.size, &symbols, &texts);
	if (!err && read)
		err = read_piece(probe, names, symbols, &names->symbols, &read);
	if (!err && read)
		err = read_piece(probe, names, texts, &names->texts, &read);
	names->known = !err && read;
	buffer_free(&first);
	return err;
}

int program_names_read(struct probe *probe, struct program_names *names, const struct thread_record *thread)
{
	char link[64];
	ssize_t length;

	if (names->pid == thread->pid && names->process_start_ns == thread->process_start_ns)
		return 0;
	names->pid = thread->pid;
	names->process_start_ns = thread->process_start_ns;
	names->known = false;
	snprintf(link, sizeof(link), "/proc/%u/exe", thread->pid);
	length = readlink(link, names->path, sizeof(names->path) - 1);
	names->path[length > 0 ? length : 0] = '\0';
	return length > 0 ? read_symbols(probe, names) : 0;
}

void program_names_free(struct program_names *names)
{
	buffer_free(&names->program);
	buffer_free(&names->table);
	buffer_free(&names->symbols);
	buffer_free(&names->texts);
}

const char *program_names_find(const struct program_names *names, const char *file, size_t file_length, __u64 offset,
			       size_t *length)
{
	const struct elf_symbols elf = {
		.program = names->program.data,
		.program_size = names->program.size,
		.symbols = names->symbols.data,
		.symbols_size = names->symbols.size,
		.texts = names->texts.data,
		.texts_size = names->texts.size,
	};

	if (!names->known || strlen(names->path) != file_length || memcmp(names->path, file, file_length) != 0)
		return NULL;
	return elf_symbol_at(&elf, offset, length);
}
