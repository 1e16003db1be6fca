/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

#include "history/recording.h"
#include "make_look.h"
#include "history/recording_fields.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define FILE_HEADER	    (104 + 4 * RECORD_TYPES)
#define CHUNK_HEADER	    12
#define CHUNK_LOOK_DEFLATED 4

static char directory[] = "/tmp/sockstall-test-XXXXXX";
static char path[64];

/* The bytes of a whole, valid recording, and a file in memory to put spoilt copies of it into. */
static struct buffer whole;
static int file;
static char file_path[32];

static void make_start(struct row *row)
{
	row_init(row, ROW_START);
	row->time_ns = 1700000000123456789;
	row->start.version = "0.1.0";
	row->start.kernel = "6.1.0";
	row->start.host = "";
	row->start.command = "readers";
	row->start.arguments = NULL;
	row->start.probes_used = "iter/task iter/tcp";
	row->start.interval_s = NAN;
	row->start.flight_s = 12.5;
}

static void make_end(struct row *row)
{
	row_init(row, ROW_END);
	row->time_ns = 1700000009000000000;
	row->end.looks = 2;
	row->end.records = 17;
	row->end.cpu_s = 0.1;
	row->end.nobody = true;
}

static void make_look(struct look *look, __u64 seen_ns)
{
	struct look_builder builder;

	look_begin(&builder, seen_ns);
	look_add_sleeping(&builder, 10, 10, "reader", 60 * SECOND);
	look_add_thread_socket(&builder, SOCKET_KIND_TCP, 1);
	look_add_process(&builder, 10, "/system.slice");
	look_finish(&builder, look);
}

static void make_options(struct options *options)
{
	static uint32_t pids[] = {1, 4194304};
	static const char *comms[] = {"", "a,b"};
	static struct port_range ports[] = {{80, 80}, {8000, 65535}, {1, 1}};
	static uint32_t netns[] = {4026531840u, 1};

	*options = (struct options){
		.scope.command = COMMAND_READERS,
		.scope.command_given = true,
		.sinks.json = true,
		.scope.all = true,
		.pace.interval_ns = 250 * MILLISECOND,
		.pace.interval_given = true,
		.scope.min_age_given = true,
		.scope.selection.pids = pids,
		.scope.selection.pid_count = COUNT_OF(pids),
		.scope.selection.comms = comms,
		.scope.selection.comm_count = COUNT_OF(comms),
		.scope.selection.ports = ports,
		.scope.selection.port_count = COUNT_OF(ports),
		.scope.selection.peer_given = true,
		.scope.selection.peer_bits = 104,
		.scope.selection.netns_inodes = netns,
		.scope.selection.netns_count = COUNT_OF(netns),
		.scope.selection.cgroup = (char *)"/a",
		.scope.interfaces = INTERFACES_ALL,
		.sinks.record_file = "out",
		.sinks.ready_fd = 7,
	};
	look_address(options->scope.selection.peer.s6_addr, "10.0.0.0");
}

static void read_file(const char *name, struct buffer *bytes)
{
	int fd = open(name, O_RDONLY);
	ssize_t got;

	do {
		got = read(fd, buffer_reserve(bytes, 4096), 4096);
		assert_true(got >= 0);
		bytes->size += got;
	} while (got);
	close(fd);
}

static int make_recording(void **state)
{
	struct recording *recording;
	struct options options;
	struct look look = {0};
	struct row row;

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/recording", directory);
	assert_int_equal(recording_create(&recording, path, false), 0);
	make_start(&row);
	make_options(&options);
	assert_int_equal(recording_write_start(recording, &row, &options), 0);
	make_look(&look, 100 * SECOND);
	assert_int_equal(recording_write_look(recording, &look), 0);
	make_look(&look, 101 * SECOND);
	assert_int_equal(recording_write_look(recording, &look), 0);
	make_end(&row);
	assert_int_equal(recording_write_end(recording, &row), 0);
	assert_int_equal(recording_close(recording), 0);
	look_free(&look);
	read_file(path, &whole);
	file = memfd_create("recording", 0);
	snprintf(file_path, sizeof(file_path), "/proc/self/fd/%d", file);
	return 0;
}

static int remove_recording(void **state)
{
	(void)state;
	unlink(path);
	rmdir(directory);
	buffer_free(&whole);
	close(file);
	return 0;
}

/* Reads these bytes as a recording: returns what ended it, and how many looks came before that. */
static int replay(const void *bytes, size_t size, size_t *looks, const char **error)
{
	struct recording *recording;
	struct recording_chunk chunk;
	struct look look = {0};
	int result;

	*looks = 0;
	*error = NULL;
	assert_int_equal(ftruncate(file, 0), 0);
	assert_int_equal(pwrite(file, bytes, size, 0), size);
	result = recording_open(&recording, file_path, error);
	if (result) {
		assert_null(recording);
		return result;
	}
	while ((result = recording_next(recording, &chunk, &look, error)) == 1)
		*looks += chunk.type == CHUNK_LOOK;
	recording_close(recording);
	look_free(&look);
	return result;
}

static void expect_error(const struct buffer *bytes, const char *expected, size_t expected_looks)
{
	const char *error;
	size_t looks;

	assert_true(replay(bytes->data, bytes->size, &looks, &error) < 0);
	assert_non_null(error);
	if (strncmp(error, expected, strlen(expected)))
		fail_msg("'%s', not '%s'", error, expected);
	assert_null(strchr(error, '\n'));
	assert_int_equal(looks, expected_looks);
}

static struct buffer copy_of_whole(void)
{
	struct buffer bytes = {0};

	assert_int_equal(buffer_append(&bytes, whole.data, whole.size), 0);
	return bytes;
}

static void add_chunk(struct buffer *bytes, uint32_t type, const void *data, uint32_t size)
{
	uint32_t header[3] = {type, size, 0};
	uLong crc = crc32(0, (const void *)header, 8);

	header[2] = size ? crc32(crc, data, size) : crc;
	assert_int_equal(buffer_append(bytes, header, sizeof(header)), 0);
	assert_int_equal(buffer_append(bytes, data, size), 0);
}

/* Where the chunks of the valid recording are. */
static const char *chunk_at(size_t number, size_t *size)
{
	const char *at = whole.data + FILE_HEADER;
	uint32_t length;

	for (;; at += CHUNK_HEADER + length) {
		memcpy(&length, at + 4, sizeof(length));
		if (!number--)
			break;
	}
	*size = CHUNK_HEADER + length;
	return at;
}

static void what_is_written_is_read(void **state)
{
	struct recording *recording;
	struct recording_chunk chunk;
	struct look look = {0}, expected = {0};
	struct options options;
	const char *error = NULL;
	int i;

	(void)state;
	assert_int_equal(recording_open(&recording, path, &error), 0);
	assert_int_equal(recording_next(recording, &chunk, &look, &error), 1);
	assert_int_equal(chunk.type, CHUNK_START);
	assert_int_equal(chunk.row.type, ROW_START);
	assert_true(chunk.row.time_ns == 1700000000123456789);
	assert_string_equal(chunk.row.start.version, "0.1.0");
	assert_string_equal(chunk.row.start.kernel, "6.1.0");
	assert_string_equal(chunk.row.start.host, "");
	assert_string_equal(chunk.row.start.command, "readers");
	assert_null(chunk.row.start.arguments);
	assert_string_equal(chunk.row.start.probes_used, "iter/task iter/tcp");
	assert_null(chunk.row.start.probes_missing);
	assert_true(isnan(chunk.row.start.interval_s));
	assert_true(chunk.row.start.flight_s == 12.5);
	assert_true(chunk.row.pid == NOT_KNOWN);

	make_options(&options);
	assert_int_equal(chunk.options.scope.command, COMMAND_READERS);
	assert_true(chunk.options.scope.command_given && chunk.options.sinks.json && chunk.options.scope.all);
	assert_false(chunk.options.pace.once || chunk.options.sinks.exit_code || chunk.options.sinks.no_color);
	assert_true(chunk.options.pace.interval_given && chunk.options.scope.min_age_given &&
		    chunk.options.scope.selection.peer_given);
	assert_int_equal(chunk.options.pace.interval_ns, 250 * MILLISECOND);
	assert_int_equal(chunk.options.scope.min_age_ns, 0);
	assert_int_equal(chunk.options.scope.selection.pid_count, 2);
	assert_memory_equal(chunk.options.scope.selection.pids, options.scope.selection.pids,
			    2 * sizeof(*options.scope.selection.pids));
	assert_int_equal(chunk.options.scope.selection.port_count, 3);
	assert_memory_equal(chunk.options.scope.selection.ports, options.scope.selection.ports,
			    3 * sizeof(*options.scope.selection.ports));
	assert_int_equal(chunk.options.scope.selection.comm_count, 2);
	assert_string_equal(chunk.options.scope.selection.comms[0], "");
	assert_string_equal(chunk.options.scope.selection.comms[1], "a,b");
	assert_memory_equal(&chunk.options.scope.selection.peer, &options.scope.selection.peer,
			    sizeof(options.scope.selection.peer));
	assert_int_equal(chunk.options.scope.selection.peer_bits, 104);
	assert_int_equal(chunk.options.scope.selection.netns_count, 2);
	assert_memory_equal(chunk.options.scope.selection.netns_inodes, options.scope.selection.netns_inodes,
			    2 * sizeof(*options.scope.selection.netns_inodes));
	assert_string_equal(chunk.options.scope.selection.cgroup, "/a");
	assert_int_equal(chunk.options.scope.interfaces, INTERFACES_ALL);
	assert_null(chunk.options.sinks.record_file);
	assert_int_equal(chunk.options.sinks.ready_fd, -1);

	for (i = 0; i < 2; i++) {
		assert_int_equal(recording_next(recording, &chunk, &look, &error), 1);
		assert_int_equal(chunk.type, CHUNK_LOOK);
		make_look(&expected, (100 + i) * SECOND);
		assert_int_equal(look.bytes.size, expected.bytes.size);
		assert_memory_equal(look.bytes.data, expected.bytes.data, expected.bytes.size);
		assert_int_equal(look.threads.count, 1);
		assert_string_equal(look_cgroup(&look, 10), "/system.slice");
	}

	assert_int_equal(recording_next(recording, &chunk, &look, &error), 1);
	assert_int_equal(chunk.type, CHUNK_END);
	assert_int_equal(chunk.row.type, ROW_END);
	assert_int_equal(chunk.row.end.looks, 2);
	assert_int_equal(chunk.row.end.records, 17);
	assert_true(chunk.row.end.lost == NOT_KNOWN);
	assert_true(chunk.row.end.cpu_s == 0.1);
	assert_true(chunk.row.end.nobody);
	assert_int_equal(recording_next(recording, &chunk, &look, &error), 0);
	assert_int_equal(recording_next(recording, &chunk, &look, &error), 0);
	assert_null(error);
	recording_close(recording);
	look_free(&look);
	look_free(&expected);
}

/* As 0.1.0 wrote them: one name, ports one by one, one namespace, and nothing behind the path of the cgroup. */
static void pack_old_options(struct buffer *bytes, const char *comm, uint16_t *ports, size_t port_count, uint64_t netns)
{
	struct pack pack = {.out = bytes};
	struct in6_addr peer = {0};
	const char *cgroup = "/a";
	uint32_t pid = 7, *pids = &pid;
	size_t pid_count = 1;
	uint64_t number = 0;
	bool flag = false;
	int i;

	pack_number(&pack, COMMAND_READERS, COMMANDS);
	for (i = 0; i < 7; i++)
		pack_bool(&pack, &flag);
	for (i = 0; i < 3; i++)
		pack_u64(&pack, &number);
	for (i = 0; i < 4; i++)
		pack_bool(&pack, &flag);
	pack_number(&pack, INTERFACES_ALL, INTERFACES_ALL);
	pack_list(&pack, &pids, &pid_count, sizeof(pid));
	pack_text(&pack, &comm);
	pack_list(&pack, &ports, &port_count, sizeof(*ports));
	pack_bool(&pack, &flag);
	pack_bytes(&pack, &peer, sizeof(peer));
	pack_number(&pack, 128, 128);
	pack_number(&pack, netns, 2);
	pack_number(&pack, 4026531840u, UINT32_MAX);
	pack_text(&pack, &cgroup);
	assert_int_equal(pack.error, 0);
}

static void read_old_options(const struct buffer *bytes, struct options *options, struct arena *arena)
{
	struct pack pack = {.at = bytes->data, .left = bytes->size, .arena = arena};

	fields_options(&pack, options);
	assert_int_equal(pack_complete(&pack), 0);
	assert_int_equal(options->scope.command, COMMAND_READERS);
	assert_int_equal(options->scope.interfaces, INTERFACES_ALL);
	assert_int_equal(options->scope.selection.pid_count, 1);
	assert_int_equal(options->scope.selection.pids[0], 7);
	assert_string_equal(options->scope.selection.cgroup, "/a");
}

static void filters_of_older_builds_are_read(void **state)
{
	uint16_t ports[] = {80, 65535};
	struct options options;
	struct arena arena = {0};
	struct buffer bytes = {0};

	(void)state;
	pack_old_options(&bytes, "a,b", ports, COUNT_OF(ports), 2);
	read_old_options(&bytes, &options, &arena);
	assert_int_equal(options.scope.selection.comm_count, 1);
	assert_string_equal(options.scope.selection.comms[0], "a,b");
	assert_int_equal(options.scope.selection.port_count, 2);
	assert_true(options.scope.selection.ports[0].first == 80 && options.scope.selection.ports[0].last == 80);
	assert_true(options.scope.selection.ports[1].first == 65535 && options.scope.selection.ports[1].last == 65535);
	assert_int_equal(options.scope.selection.netns_count, 1);
	assert_int_equal(options.scope.selection.netns_inodes[0], 4026531840u);
	buffer_reset(&bytes);
	pack_old_options(&bytes, NULL, ports, 0, 0);
	read_old_options(&bytes, &options, &arena);
	assert_int_equal(options.scope.selection.comm_count + options.scope.selection.port_count +
				 options.scope.selection.netns_count,
			 0);
	buffer_free(&bytes);
	arena_free(&arena);
}

/* A name that is none, behind them. */
static void a_list_of_no_names_is_refused(void **state)
{
	const char *comms[] = {"a", NULL};
	struct options options = {.scope.selection.comms = comms,
				  .scope.selection.comm_count = COUNT_OF(comms),
				  .scope.selection.peer_bits = 1};
	struct buffer bytes = {0};
	struct pack out = {.out = &bytes}, in;
	struct arena arena = {0};

	(void)state;
	fields_options(&out, &options);
	in = (struct pack){.at = bytes.data, .left = bytes.size, .arena = &arena};
	fields_options(&in, &options);
	assert_int_equal(pack_complete(&in), -EBADMSG);
	buffer_free(&bytes);
	arena_free(&arena);
}

/* A NAN comes back with the very bits it had. */
static void every_double_keeps_its_bits(void **state)
{
	static const uint64_t bits[] = {
		0, 1, 0x8000000000000000, 0x7ff0000000000000, 0xfff8000000000001, 0x7ff8dead0000beef};
	struct recording_chunk chunk;
	struct recording *recording;
	struct look look = {0};
	const char *error = NULL;
	char name[80];
	size_t i;

	(void)state;
	snprintf(name, sizeof(name), "%s/doubles", directory);
	for (i = 0; i < COUNT_OF(bits); i++) {
		struct options options = {0};
		struct row row;

		make_start(&row);
		memcpy(&row.start.interval_s, &bits[i], sizeof(bits[i]));
		assert_int_equal(recording_create(&recording, name, false), 0);
		assert_int_equal(recording_write_start(recording, &row, &options), 0);
		assert_int_equal(recording_close(recording), 0);
		assert_int_equal(recording_open(&recording, name, &error), 0);
		assert_int_equal(recording_next(recording, &chunk, &look, &error), 1);
		assert_memory_equal(&chunk.row.start.interval_s, &bits[i], sizeof(bits[i]));
		assert_int_equal(chunk.options.scope.selection.comm_count, 0);
		assert_null(chunk.options.scope.selection.cgroup);
		assert_int_equal(chunk.options.scope.selection.pid_count, 0);
		recording_close(recording);
		unlink(name);
	}
	look_free(&look);
}

static void the_file_is_private_and_new(void **state)
{
	struct recording *recording;
	struct stat status;
	char link_path[80];

	(void)state;
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(recording_create(&recording, path, false), -EEXIST);
	assert_null(recording);
	snprintf(link_path, sizeof(link_path), "%s/link", directory);
	assert_int_equal(symlink("nowhere", link_path), 0);
	assert_true(recording_create(&recording, link_path, false) < 0);
	assert_int_equal(recording_create(&recording, link_path, true), -ELOOP);
	unlink(link_path);
	assert_int_equal(recording_create(&recording, directory, true), -EEXIST);
	assert_int_equal(recording_create(&recording, "/nonexistent/x", true), -ENOENT);
	assert_int_equal(recording_close(NULL), 0);
}

static void a_write_error_is_kept(void **state)
{
	struct recording *recording;
	struct look look = {0};
	struct rlimit limit, old;
	char name[80];

	(void)state;
	make_look(&look, 100 * SECOND);
	snprintf(name, sizeof(name), "%s/full", directory);
	assert_int_equal(recording_create(&recording, name, false), 0);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	limit = old;
	limit.rlim_cur = 100;
	setrlimit(RLIMIT_FSIZE, &limit);
	assert_int_equal(recording_write_look(recording, &look), -EFBIG);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(recording_write_look(recording, &look), -EFBIG);
	assert_int_equal(recording_close(recording), -EFBIG);
	unlink(name);
	look_free(&look);
}

static void files_that_are_no_recordings(void **state)
{
	struct recording *recording;
	struct buffer bytes = {0};
	const char *error = NULL;

	(void)state;
	expect_error(&bytes, "not a sockstall recording", 0);
	assert_int_equal(buffer_append(&bytes, "#!/bin/sh\necho hello, this is some other file\n", 46), 0);
	expect_error(&bytes, "not a sockstall recording", 0);
	buffer_free(&bytes);
	assert_int_equal(recording_open(&recording, "/nonexistent", &error), -ENOENT);
	assert_string_equal(error, "No such file or directory");
	assert_null(recording);
	assert_int_equal(recording_open(&recording, "/", &error), -EISDIR);
	assert_string_equal(error, "Is a directory");
}

static void headers_of_other_builds(void **state)
{
	static const struct {
		size_t offset;
		const char *expected;
	} cases[] = {
		{0, "not a sockstall recording"},
		{7, "not a sockstall recording"},
		{8, "a recording of another version"}, /* 0x13; the oldest that can be read is 2 */
		{11, "a recording of another version"},
		{12, "a recording from a machine with another byte order"},
		{16, "corrupt recording: its header"}, /* the kernel's name */
		{95, "corrupt recording: its header"},
		{96, "corrupt recording: its header"},
		{100 + 4 * RECORD_SOCKET, "corrupt recording: its header"},
		{FILE_HEADER - 5, "corrupt recording: its header"},
		{FILE_HEADER - 1, "corrupt recording: its header"},
	};
	struct buffer bytes = copy_of_whole();
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++) {
		bytes.data[cases[i].offset] ^= 0x10;
		expect_error(&bytes, cases[i].expected, 0);
		bytes.data[cases[i].offset] ^= 0x10;
	}
	buffer_free(&bytes);
}

/* Cut anywhere: never a whole recording, and the looks before the cut are there. */
static void every_truncation(void **state)
{
	size_t i, looks, size, first_end, second_end;
	const char *error;

	(void)state;
	first_end = chunk_at(1, &size) + size - whole.data;
	second_end = chunk_at(2, &size) + size - whole.data;
	for (i = 0; i < whole.size; i++) {
		assert_true(replay(whole.data, i, &looks, &error) < 0);
		if (strncmp(error, i < 8 ? "not a sockstall" : "truncated ", 10))
			fail_msg("%zu: %s", i, error);
		assert_int_equal(looks, (i >= first_end) + (i >= second_end));
	}
	assert_int_equal(replay(whole.data, whole.size, &looks, &error), 0);
	assert_int_equal(looks, 2);
}

/* Every byte counts, and every change of one is noticed. */
static void every_flipped_byte(void **state)
{
	static const unsigned char flips[] = {0x01, 0x80, 0xff};
	struct buffer bytes = copy_of_whole();
	const char *error;
	size_t i, j, looks;

	(void)state;
	for (i = 0; i < bytes.size; i++) {
		for (j = 0; j < COUNT_OF(flips); j++) {
			bytes.data[i] ^= flips[j];
			if (replay(bytes.data, bytes.size, &looks, &error) >= 0)
				fail_msg("byte %zu", i);
			assert_non_null(error);
			bytes.data[i] ^= flips[j];
		}
	}
	buffer_free(&bytes);
}

/* The same with a checksum that fits: someone made this file. It may be read or refused, no more. */
static void every_forged_byte(void **state)
{
	static const unsigned char flips[] = {0x01, 0x7f, 0x80, 0xff};
	size_t number, size, i, j, looks, refused = 0, taken = 0;
	const char *error, *chunk;
	uint32_t type;

	(void)state;
	for (number = 0; number < 4; number++) {
		chunk = chunk_at(number, &size);
		memcpy(&type, chunk, sizeof(type));
		for (i = CHUNK_HEADER; i < size; i++) {
			for (j = 0; j < COUNT_OF(flips); j++) {
				struct buffer bytes = {0};
				char *payload = malloc(size);

				memcpy(payload, chunk, size);
				payload[i] ^= flips[j];
				buffer_append(&bytes, whole.data, chunk - whole.data);
				add_chunk(&bytes, type, payload + CHUNK_HEADER, size - CHUNK_HEADER);
				buffer_append(&bytes, chunk + size, whole.data + whole.size - chunk - size);
				if (replay(bytes.data, bytes.size, &looks, &error) < 0) {
					assert_int_equal(strncmp(error, "corrupt ", 8), 0);
					refused++;
				} else {
					taken++;
				}
				free(payload);
				buffer_free(&bytes);
			}
		}
	}
	assert_true(refused > 100);
	assert_true(taken > 100);
}

static void chunks_out_of_order(void **state)
{
	struct buffer bytes = {0};
	const char *start, *look, *end;
	size_t start_size, look_size, end_size;

	(void)state;
	start = chunk_at(0, &start_size);
	look = chunk_at(1, &look_size);
	end = chunk_at(3, &end_size);

#define BEGIN()	   (buffer_reset(&bytes), (void)buffer_append(&bytes, whole.data, FILE_HEADER))
#define ADD(chunk) ((void)buffer_append(&bytes, chunk, chunk##_size))
	BEGIN(), ADD(look), ADD(end);
	expect_error(&bytes, "corrupt recording: its chunks are out of order", 0);
	BEGIN(), ADD(end);
	expect_error(&bytes, "corrupt recording: its chunks are out of order", 0);
	BEGIN(), ADD(start), ADD(look), ADD(start);
	expect_error(&bytes, "corrupt recording: its chunks are out of order", 1);
	BEGIN(), ADD(start), ADD(end), ADD(look);
	expect_error(&bytes, "corrupt recording: something follows its end", 0);
	BEGIN(), ADD(start), ADD(end), ADD(end);
	expect_error(&bytes, "corrupt recording: something follows its end", 0);
	BEGIN(), ADD(start), ADD(look), add_chunk(&bytes, 5, "x", 1);
	expect_error(&bytes, "corrupt recording: it has a chunk of an unknown type", 1);
	BEGIN(), ADD(start), add_chunk(&bytes, CHUNK_LOOK, NULL, 0);
	expect_error(&bytes, "corrupt recording: a look has records", 0);
	BEGIN(), ADD(start), add_chunk(&bytes, CHUNK_LOOK_DEFLATED, NULL, 0);
	expect_error(&bytes, "corrupt recording: a compressed look", 0);
	BEGIN(), ADD(start), ADD(look), add_chunk(&bytes, CHUNK_LOOK_DEFLATED, "\0\0\0\0x", 5);
	expect_error(&bytes, "corrupt recording: a compressed look", 1);
	BEGIN(), ADD(start), add_chunk(&bytes, CHUNK_END, NULL, 0);
	expect_error(&bytes, "corrupt recording: its first or last chunk", 0);
	BEGIN(), add_chunk(&bytes, CHUNK_START, NULL, 0);
	expect_error(&bytes, "corrupt recording: its first or last chunk", 0);
	BEGIN();
	expect_error(&bytes, "truncated recording: its end is missing", 0);
#undef BEGIN
#undef ADD
	buffer_free(&bytes);
}

/* As it is in version 2, and where it would not get smaller. */
static void looks_as_they_are(void **state)
{
	const char *start, *packed, *end, *error;
	size_t start_size, packed_size, end_size, looks;
	struct buffer bytes = {0};
	struct look look = {0};
	uint32_t type, version = 2, crc;

	(void)state;
	start = chunk_at(0, &start_size);
	packed = chunk_at(1, &packed_size);
	end = chunk_at(3, &end_size);
	memcpy(&type, packed, sizeof(type));
	assert_int_equal(type, CHUNK_LOOK_DEFLATED);
	make_look(&look, 100 * SECOND);
	assert_true(packed_size < look.bytes.size / 2);
	buffer_append(&bytes, whole.data, FILE_HEADER);
	buffer_append(&bytes, start, start_size);
	add_chunk(&bytes, CHUNK_LOOK, look.bytes.data, look.bytes.size);
	buffer_append(&bytes, end, end_size);
	assert_int_equal(replay(bytes.data, bytes.size, &looks, &error), 0);
	assert_int_equal(looks, 1);
	memcpy(bytes.data + 8, &version, sizeof(version));
	expect_error(&bytes, "corrupt recording: its header", 0);
	crc = crc32(0, (const void *)bytes.data, FILE_HEADER - 4);
	memcpy(bytes.data + FILE_HEADER - 4, &crc, sizeof(crc));
	assert_int_equal(replay(bytes.data, bytes.size, &looks, &error), 0);
	assert_int_equal(looks, 1);
	for (version = 0; version < 6; version++) {
		memcpy(bytes.data + 8, &version, sizeof(version));
		if (version != 2 && version != 3)
			expect_error(&bytes, "a recording of another version of the format", 0);
	}
	look_free(&look);
	buffer_free(&bytes);
}

/* The look's records of another version, compressed. */
static void compressed_looks_are_adapted(void **state)
{
	struct buffer bytes = copy_of_whole();
	uint32_t *sizes = (void *)(bytes.data + 100), crc;
	const char *error;
	size_t looks;

	(void)state;
	/* A type that the looks have none of. */
	sizes[RECORD_REGION] += 8;
	crc = crc32(0, (const void *)bytes.data, FILE_HEADER - 4);
	memcpy(bytes.data + FILE_HEADER - 4, &crc, sizeof(crc));
	assert_int_equal(replay(bytes.data, bytes.size, &looks, &error), 0);
	assert_int_equal(looks, 2);
	/* And one that they have: no record of them is as long as that. */
	sizes[RECORD_THREAD] += 8;
	crc = crc32(0, (const void *)bytes.data, FILE_HEADER - 4);
	memcpy(bytes.data + FILE_HEADER - 4, &crc, sizeof(crc));
	expect_error(&bytes, "corrupt recording: a look has records that are not valid", 0);
	buffer_free(&bytes);
}

/* A length is only a claim: memory is taken for what is there. */
static void lengths_that_lie(void **state)
{
	static const uint32_t lengths[] = {1u << 30, (1u << 30) + 1, UINT32_MAX};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(lengths); i++) {
		uint32_t header[3] = {CHUNK_START, lengths[i], 0};
		struct buffer bytes = {0};

		buffer_append(&bytes, whole.data, FILE_HEADER);
		buffer_append(&bytes, header, sizeof(header));
		buffer_append(&bytes, NULL, 1000);
		expect_error(&bytes, i ? "corrupt recording: a chunk is larger" : "truncated recording", 0);
		buffer_free(&bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(filters_of_older_builds_are_read),
		cmocka_unit_test(a_list_of_no_names_is_refused),
		cmocka_unit_test(every_double_keeps_its_bits),
		cmocka_unit_test(the_file_is_private_and_new),
		cmocka_unit_test(a_write_error_is_kept),
		cmocka_unit_test(files_that_are_no_recordings),
		cmocka_unit_test(headers_of_other_builds),
		cmocka_unit_test(every_truncation),
		cmocka_unit_test(every_flipped_byte),
		cmocka_unit_test(every_forged_byte),
		cmocka_unit_test(chunks_out_of_order),
		cmocka_unit_test(looks_as_they_are),
		cmocka_unit_test(compressed_looks_are_adapted),
		cmocka_unit_test(lengths_that_lie),
	};

	return cmocka_run_group_tests(tests, make_recording, remove_recording);
}
