/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Emitters: rows to bytes. Each takes rows one look at a time. They know columns, not reports.
 */
#ifndef SOCKSTALL_OUTPUT_EMIT_H
#define SOCKSTALL_OUTPUT_EMIT_H

#include <errno.h>
#include <stdio.h>

#include "options/options.h"
#include "options/wants.h"
#include "rows/report.h"

struct emitter;

/* The answer of a person at the emitter, if it has one. */
enum emitter_answer {
	EMITTER_GO_ON,
	EMITTER_PAUSED, /* a recording is not read on; live looks go on */
	EMITTER_NEXT_LOOK, /* now */
	EMITTER_QUIT,
};

/* An error that ends the run, and of which the emitter has told all there is to tell. */
#define EMITTER_TOLD (-ENOTRECOVERABLE)

/* The functions of an emitter. All of them return 0 or a negative errno (-EPIPE: the reader is gone). */
struct emitter_kind {
	const char *name;
	/* Called once before everything else; *state is the emitter's own. */
	int (*open)(void **state, const struct options *options, FILE *out);
	/* A record outside looks: start, lost, end. */
	int (*record)(void *state, const struct row *row);
	/* The rows of one look, after stalls_update(); row->event says what is new. */
	int (*look)(void *state, const struct report *report, const struct look *look);
	/*
	 * Waits for at most timeout_ns for input from a person; returns an enum emitter_answer, or a negative errno.
	 * NULL: there is no person.
	 */
	int (*wait)(void *state, uint64_t timeout_ns);
	/*
	 * The same without waiting, in the middle of a look or a report: keys that need only earlier looks are handled
	 * at once, others wait for wait(). EMITTER_QUIT, EMITTER_GO_ON, or a negative errno.
	 */
	int (*attend)(void *state);
	/*
	 * After the last look, if there was no error: writes what can only be written now. damage: what is wrong with
	 * the recording, or NULL. NULL: nothing is left to do.
	 */
	int (*finish)(void *state, const char *damage);
	/* Data that the next look should hold beside what the options ask for. NULL: none. */
	void (*wants)(void *state, struct wants *wants);
	void (*close)(void *state);
};

extern const struct emitter_kind emit_json; /* JSON Lines */
extern const struct emitter_kind emit_otlp; /* the same as logs of OpenTelemetry */
extern const struct emitter_kind emit_lines; /* a text line for each open, change, close */
extern const struct emitter_kind emit_table; /* --once */
extern const struct emitter_kind emit_screen; /* live, ncurses */
extern const struct emitter_kind emit_metrics; /* a file for node_exporter, at every look */
extern const struct emitter_kind emit_trace; /* all looks, for a viewer of traces */
extern const struct emitter_kind emit_html; /* a page about all looks */

/* The JSON Schema of every record. Returns 0 or a negative errno. */
int schema_write(FILE *out);

#endif
