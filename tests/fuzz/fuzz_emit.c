/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Looks of any contents through every report and emitter. What comes out must be what is promised: JSON that a strict
 * reader takes, and in no text a byte that a terminal obeys.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "history/stalls.h"
#include "make_look.h"
#include "output/emit.h"
#include "reports/reports.h"

static const enum command commands[] = {
	COMMAND_OVERVIEW, COMMAND_HANDSHAKES, COMMAND_READERS, COMMAND_EPOLL, COMMAND_THREADS,
};

static const struct emitter_kind *const emitters[] = {&emit_json, &emit_lines, &emit_table, &emit_trace, &emit_html};

static void fail(const char *what, const char *text, size_t size)
{
	fprintf(stderr, "%s:\n%.*s\n", what, (int)size, text);
	abort();
}

static void check_json(const char *text, size_t size)
{
	json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, NULL);

	if (!json)
		fail("not JSON", text, size);
	json_decref(json);
}

static void check_harmless(const char *text, size_t size)
{
	size_t i, length;
	uint32_t code;

	for (i = 0; i < size; i += length) {
		length = text_decode(text + i, &code);
		if (!length || (!text_is_harmless(code) && code != '\n' && code != '\t'))
			fail("no UTF-8, or a character that does something", text, size);
	}
}

static void check_output(const struct emitter_kind *emitter, char *text, size_t size)
{
	char *line = text, *end;

	check_harmless(text, size);
	if (emitter == &emit_trace)
		check_json(text, size);
	if (emitter != &emit_json)
		return;
	for (; line < text + size; line = end + 1) {
		end = memchr(line, '\n', (size_t)(text + size - line));
		if (!end)
			fail("half a line", line, (size_t)(text + size - line));
		check_json(line, (size_t)(end - line));
	}
}

/* Returns how many looks there were. */
static void emit_looks(const struct emitter_kind *emitter, void *state, const struct options *options,
		       struct input input)
{
	struct stalls *stalls = stalls_new();
	struct look looks[2] = {0};
	size_t count = 0;

	while (count < 4 && make_look_next(&input, &looks[count % 2])) {
		struct report report = {0};
		const struct look *look = &looks[count % 2], *previous = count ? &looks[(count + 1) % 2] : NULL;

		if (report_run(&report, look, previous, &options->scope) || stalls_update(stalls, &report, look) ||
		    emitter->look(state, &report, look))
			abort();
		report_free(&report);
		count++;
	}
	stalls_free(stalls);
	look_free(&looks[0]);
	look_free(&looks[1]);
}

static void run(const struct emitter_kind *emitter, const struct options *options, struct input input)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	struct row start;
	void *state = NULL;

	row_init(&start, ROW_START);
	start.time_ns = 1;
	start.start.arguments = "fuzz \xff\x1b";
	if (emitter->open(&state, options, out) || emitter->record(state, &start))
		abort();
	emit_looks(emitter, state, options, input);
	if (emitter->finish && emitter->finish(state, NULL))
		abort();
	emitter->close(state);
	fclose(out);
	check_output(emitter, text, size);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct options options = {
		.sinks = {.no_color = true, .ready_fd = -1},
		.pace.interval_ns = DEFAULT_INTERVAL_NS,
	};
	const struct emitter_kind *emitter;

	if (size < 2)
		return 0;
	options.scope.command = commands[data[0] % (sizeof(commands) / sizeof(commands[0]))];
	options.scope.all = data[0] & 0x80;
	options.scope.watches = data[0] & 0x40 && options.scope.command == COMMAND_EPOLL;
	emitter = emitters[data[1] % (sizeof(emitters) / sizeof(emitters[0]))];
	options.sinks.json = emitter == &emit_json;
	options.pace.once = emitter == &emit_table;
	run(emitter, &options, (struct input){data + 2, data + size});
	return 0;
}
