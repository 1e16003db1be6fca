/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * All of `sockstall replay`: a recording of looks of any contents, through the reader, the reports, the stalls and
 * whatever is made of them: JSON, lines, tables, a page, a trace, a difference, two hosts as one. The corpus is of real
 * recordings (from_recording.c); fields get extreme values as often as libFuzzer's own. What comes out must be what is
 * promised: JSON that a strict reader takes, and no byte in any text that a terminal obeys.
 */
#include <fcntl.h>
#include <jansson.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <sanitizer/common_interface_defs.h>

#include "apart/file_helper.h"
#include "base/text.h"
#include "make_look.h"
#include "run/run.h"

#define HEAD 4 /* bytes before the looks */

enum way { AS_JSON, AS_LINES, AS_TABLE, AS_HTML, AS_TRACE, AS_DIFF, AS_DIFF_JSON, AS_HOSTS, WAYS };

static const enum command commands[] = {
	COMMAND_OVERVIEW, COMMAND_HANDSHAKES, COMMAND_READERS, COMMAND_EPOLL,
	COMMAND_THREADS,  COMMAND_WRITERS,    COMMAND_CLOSING, COMMAND_CHAINS,
};

static char folder[] = "/tmp/sockstall-fuzz-XXXXXX";
static char page[64], recorded[2][64];
static int usual[3], output, errors;
static struct files files; /* as main.c has them made */

/* ---- Around it ---- */

static void remove_all(void)
{
	for (int i = 0; i < 2; i++)
		unlink(recorded[i]);
	unlink(page);
	rmdir(folder);
}

/* patience.h stops libFuzzer's timer, which is the process's only one of its kind. */
static void keep_time(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
	const struct itimerspec every = {{1, 0}, {1, 0}};
	timer_t timer;

	if (timer_create(CLOCK_MONOTONIC, &event, &timer) || timer_settime(timer, 0, &every, NULL))
		abort();
}

/* While there is one thread, and no timer. */
static void set_files_apart(void)
{
	struct options options = {.sinks = {.html_file = page, .trace_file = page}};

	if (file_helper_open(&files, &options, false))
		abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	if (!setlocale(LC_ALL, "C.UTF-8") || !mkdtemp(folder))
		abort();
	atexit(remove_all);
	snprintf(page, sizeof(page), "%s/page", folder);
	for (int i = 0; i < 2; i++)
		snprintf(recorded[i], sizeof(recorded[i]), "%s/recording%d", folder, i);
	set_files_apart();
	output = memfd_create("output", MFD_CLOEXEC);
	errors = memfd_create("errors", MFD_CLOEXEC);
	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
		usual[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 10);
	__sanitizer_set_report_fd((void *)(intptr_t)usual[STDERR_FILENO]);
	keep_time();
	return 0;
}

static void redirect(void)
{
	dup2(output, STDOUT_FILENO);
	dup2(errors, STDERR_FILENO);
}

static void restore(void)
{
	dup2(usual[STDOUT_FILENO], STDOUT_FILENO);
	dup2(usual[STDERR_FILENO], STDERR_FILENO);
}

/* Takes all text out of a file, with a NUL. To be freed. */
static char *drain(int fd, size_t *size)
{
	struct stat st;
	char *text;

	if (fstat(fd, &st))
		abort();
	text = malloc((size_t)st.st_size + 1);
	if (pread(fd, text, (size_t)st.st_size, 0) != st.st_size || ftruncate(fd, 0) || lseek(fd, 0, SEEK_SET))
		abort();
	text[st.st_size] = '\0';
	*size = (size_t)st.st_size;
	return text;
}

/* ---- Checks ---- */

static void fail(const char *what, const char *text)
{
	fprintf(stderr, "%s:\n%s\n", what, text);
	abort();
}

static void check_text(const char *text, size_t size, const char *allowed)
{
	const char *at = text;
	uint32_t code;

	if (strlen(text) != size)
		fail("a NUL", text);
	for (size_t length; *at; at += length) {
		length = text_decode(at, &code);
		if (!length)
			fail("no UTF-8", text);
		if (!text_is_harmless(code) && !strchr(allowed, *at))
			fail("a character that does something", text);
	}
}

static void check_json(const char *text, size_t size)
{
	json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, NULL);

	if (!json)
		fail("not JSON", text);
	json_decref(json);
}

static void check_json_lines(const char *text)
{
	const char *end;

	for (; *text; text = end + 1) {
		end = strchr(text, '\n');
		if (!end)
			fail("half a line", text);
		check_json(text, (size_t)(end - text));
	}
}

/* A recording that is cut off before its first look may have none. */
static void check_page(enum way way, bool must)
{
	int fd = open(page, O_RDWR | O_CLOEXEC);
	size_t size;
	char *text;

	if (fd < 0 && must)
		fail("no page", page);
	if (fd < 0)
		return;
	unlink(page);
	text = drain(fd, &size);
	check_text(text, size, "\n\t");
	if (way == AS_TRACE)
		check_json(text, size);
	free(text);
	close(fd);
}

/* Where it was not damaged, nothing may be said of it but what is in it. */
static void check(enum way way, int code, bool damaged)
{
	size_t size, error_size;
	char *text = drain(output, &size), *error = drain(errors, &error_size);

	check_text(text, size, "\n");
	check_text(error, error_size, "\n");
	if (way == AS_JSON || way == AS_DIFF_JSON || way == AS_HOSTS)
		check_json_lines(text);
	if (!damaged && (code || error_size))
		fail("a whole recording is refused", error);
	if (damaged && (code != EXIT_BROKE || !error_size))
		fail("what is wrong with it is not said", error);
	if (way == AS_HTML || way == AS_TRACE)
		check_page(way, !damaged);
	free(text);
	free(error);
}

/* ---- Recordings ---- */

static void write_looks(struct recording *recording, struct input input, unsigned int skip)
{
	struct look look = {0};
	unsigned int i;

	for (i = 0; i < 8 && make_look_next(&input, &look); i++)
		if (!skip || i % 2)
			recording_write_look(recording, &look);
	look_free(&look);
}

/* It was made with options, too. skip: without every other look. whole: with an end. */
static void make_recording(const char *path, const uint8_t *data, size_t size, unsigned int skip, bool whole)
{
	struct options options = {.pace.interval_ns = DEFAULT_INTERVAL_NS, .sinks.ready_fd = -1};
	struct recording *recording;
	struct row row;

	options.scope.command = commands[data[2] % (sizeof(commands) / sizeof(commands[0]))];
	options.scope.watches = data[2] & 0x80;
	options.scope.interfaces = data[2] & 0x40 ? INTERFACES_ALL : INTERFACES_EPOLL;
	options.scope.min_age_given = data[2] & 0x20;
	unlink(path);
	if (recording_create(&recording, path, false))
		abort();
	row_init(&row, ROW_START);
	row.time_ns = data[3] * 1000000000ULL * 1000000;
	row.start.arguments = "fuzz \xff\x1b]0;\x07\xe2\x80\xae";
	row.start.host = "\x1b[2J\xc2\x9b\n";
	row.start.interval_s = 1;
	recording_write_start(recording, &row, &options);
	write_looks(recording, (struct input){data + HEAD, data + size}, skip);
	row_init(&row, ROW_END);
	if (whole)
		recording_write_end(recording, &row);
	if (recording_close(recording))
		abort();
}

static int replay(enum way way, const uint8_t *data)
{
	const char *hosts[] = {recorded[0], recorded[1]};
	struct options options = {
		.scope.command = COMMAND_REPLAY,
		.sinks = {.no_color = true, .ready_fd = -1, .force = true},
	};

	options.helpers.files = &files;
	options.replay_file = recorded[0];
	options.sinks.json = way == AS_JSON || way == AS_DIFF_JSON || way == AS_HOSTS;
	options.pace.once = way == AS_TABLE;
	options.scope.all = data[1] & 0x80;
	options.scope.min_age_given = data[1] & 0x40;
	options.sinks.html_file = way == AS_HTML ? page : NULL;
	options.sinks.trace_file = way == AS_TRACE ? page : NULL;
	options.sinks.diff_file = way == AS_DIFF || way == AS_DIFF_JSON ? recorded[1] : NULL;
	if (way == AS_HOSTS) {
		options.replay_files = hosts;
		options.replay_count = 2;
	}
	return run_replay(&options);
}

/* A difference needs a look on both sides. */
static bool has_looks(const uint8_t *data, size_t size)
{
	struct input input = {data + HEAD, data + size};
	struct look look = {0};
	bool has = make_look_next(&input, &look) && make_look_next(&input, &look);

	look_free(&look);
	return has;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum way way;
	bool damaged;
	int code;

	if (size < HEAD)
		return 0;
	way = data[0] % WAYS;
	damaged = data[1] % 16 == 15;
	if ((way == AS_DIFF || way == AS_DIFF_JSON) && !has_looks(data, size))
		return 0;
	make_recording(recorded[0], data, size, 0, !damaged);
	make_recording(recorded[1], data, size, 1, true);
	redirect();
	code = replay(way, data);
	restore();
	check(way, code, damaged);
	return 0;
}

/* ---- Extreme values ---- */

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned int seed);

static const uint64_t extremes[] = {
	0,	    1,
	2,	    127,
	128,	    255,
	256,	    32767,
	32768,	    65535,
	65536,	    INT32_MAX,
	1ULL << 31, UINT32_MAX,
	1ULL << 32, 1000000000,
	INT64_MAX,  1ULL << 63,
	UINT64_MAX, UINT64_MAX - 1,
	1ULL << 53, 1000000000000000000,
};

/* The start of a record in make_look.h's list, chosen at random; NULL: there is none. */
static uint8_t *choose_record(uint8_t *data, size_t size, unsigned int *seed, size_t *length)
{
	uint8_t *at = data + HEAD, *end = data + size, *chosen = NULL;
	unsigned int seen = 0;

	while (end - at > 3) {
		size_t given = (size_t)at[1] | (size_t)at[2] << 8;

		given = given < (size_t)(end - at - 3) ? given : (size_t)(end - at - 3);
		if (given && rand_r(seed) % ++seen == 0)
			chosen = at + 3, *length = given;
		at += 3 + given;
	}
	return chosen;
}

/* A field is where its size says. */
static void set_extreme(uint8_t *record, size_t length, unsigned int *seed)
{
	uint64_t value = extremes[(unsigned int)rand_r(seed) % (sizeof(extremes) / sizeof(extremes[0]))];
	size_t width = 1U << rand_r(seed) % 4, places = length / width;

	if (places)
		memcpy(record + (unsigned int)rand_r(seed) % places * width, &value, width);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned int seed)
{
	unsigned int random = seed;
	size_t length = 0;
	uint8_t *record;
	int times = 1 + rand_r(&random) % 4;

	if (size <= HEAD || rand_r(&random) % 2)
		return LLVMFuzzerMutate(data, size, most);
	while (times--) {
		record = choose_record(data, size, &random, &length);
		if (record)
			set_extreme(record, length, &random);
	}
	data[0] = (uint8_t)rand_r(&random);
	return size;
}
