/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Rows and captured output for the tests of the emitters. */
#ifndef SOCKSTALL_SAMPLE_H
#define SOCKSTALL_SAMPLE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output/emit.h"
#include "rows/row.h"

#define HOSTILE "a\x1b[2J\"\xff\n"

/* 2026-11-23T02:34:31.123456Z */
#define SAMPLE_TIME 1795401271123456789ULL

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static inline struct row sample_reader(void)
{
	struct row row;

	row_init(&row, ROW_READER);
	row.time_ns = SAMPLE_TIME;
	row.event = STALL_OPEN;
	row.id = "reader:1234.99:7";
	row.since_ns = SAMPLE_TIME - 31200000000ULL;
	row.age_s = 31.2;
	row.verdict = "peer_dead";
	row.why = "we sent 217 bytes 31.2 s ago and 5 retransmissions went unanswered";
	row.advice = "set TCP_USER_TIMEOUT";
	row.stuck = true;
	row.severity = 9;
	row.pid = row.tid = 1234;
	row.comm = "java";
	row.fd = 7;
	row.netns = 4026531840;
	row.cookie = 5001;
	row.family = "inet";
	row.local_addr = "10.0.0.1";
	row.local_port = 443;
	row.peer_addr = "10.0.0.2";
	row.peer_port = 5000;
	row.reader.syscall = "read";
	row.reader.kind = "tcp";
	row.reader.role = "client";
	row.reader.tcp.last_sent_s = 0.1 + 0.2;
	row.reader.bytes_sent = 217;
	row.reader.keepalive = 0;
	return row;
}

static inline struct row sample_handshake(void)
{
	struct row row;

	row_init(&row, ROW_HANDSHAKE);
	row.time_ns = SAMPLE_TIME;
	row.event = STALL_CHANGE;
	row.id = "handshake:77";
	row.since_ns = SAMPLE_TIME - 245000000000ULL;
	row.age_s = 245;
	row.verdict = "peer_silent";
	row.why = "3 SYN-ACKs were sent and no ACK came";
	row.stuck = true;
	row.severity = 5;
	row.pid = 80;
	row.tid = 80;
	row.comm = "nginx";
	row.fd = 6;
	row.family = "inet6";
	row.local_addr = "2001:db8::1";
	row.local_port = 80;
	row.peer_addr = "2001:db8:1234:5678:9abc:def0:1234:5678";
	row.peer_port = 54321;
	row.handshake.side = "server";
	row.handshake.stage = "SYN_RECV";
	row.handshake.retransmits = 3;
	row.handshake.retransmits_max = 5;
	row.handshake.gives_up_s = 8.25;
	return row;
}

/* What an emitter writes: a file in memory. */
struct capture {
	char *text;
	size_t size;
	FILE *file;
};

static inline void capture_open(struct capture *capture)
{
	capture->file = open_memstream(&capture->text, &capture->size);
	assert_non_null(capture->file);
}

/* What was written, in memory that outlives a failed assertion. */
static inline const char *capture_close(struct capture *capture)
{
	static char written[1 << 18];

	fclose(capture->file);
	snprintf(written, sizeof(written), "%s", capture->text);
	free(capture->text);
	return written;
}

/* Runs one look through an emitter and compares all that it wrote. */
static inline void assert_look(const struct emitter_kind *kind, const struct options *options, struct row *rows,
			       size_t count, const char *expected)
{
	struct look_record head = {.namespaces = 3, .realtime_ns = SAMPLE_TIME, .interval_ns = 1000000000};
	struct look look = {.head = &head};
	struct report report = {.rows = rows, .count = count};
	struct capture capture;
	void *state = NULL;

	capture_open(&capture);
	assert_int_equal(kind->open(&state, options, capture.file), 0);
	assert_int_equal(kind->look(state, &report, &look), 0);
	kind->close(state);
	assert_string_equal(capture_close(&capture), expected);
}

static inline void assert_record(const struct emitter_kind *kind, const struct options *options, const struct row *row,
				 const char *expected)
{
	struct capture capture;
	void *state = NULL;

	capture_open(&capture);
	assert_int_equal(kind->open(&state, options, capture.file), 0);
	assert_int_equal(kind->record(state, row), 0);
	kind->close(state);
	assert_string_equal(capture_close(&capture), expected);
}

/* A device that takes no byte: every emitter must say so. */
static inline void assert_full_disk(const struct emitter_kind *kind, const struct options *options)
{
	struct look_record head = {.namespaces = 1};
	struct look look = {.head = &head};
	struct row row = sample_reader();
	struct report report = {.rows = &row, .count = 1};
	FILE *full = fopen("/dev/full", "w");
	void *state = NULL;

	assert_non_null(full);
	assert_int_equal(kind->open(&state, options, full), 0);
	assert_int_equal(kind->look(state, &report, &look), -ENOSPC);
	kind->close(state);
	fclose(full);
}

#endif
