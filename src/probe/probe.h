/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The probe: loads and attaches the BPF programs that the chosen command needs, walks the network
 * namespaces and fills looks. Only this folder and load/ know libbpf and the skeleton.
 *
 * Nothing is pinned: all programs, maps and links go when the process ends, however it ends.
 */
#ifndef SOCKSTALL_PROBE_PROBE_H
#define SOCKSTALL_PROBE_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check_list.h"
#include "look/look.h"
#include "options/options.h"
#include "options/wants.h"

struct probe;

/* The library that runs here, as in "libbpf 1.5". */
const char *probe_library(void);

/*
 * Loads and attaches. Returns 0; or a negative errno after one line on stderr which says what failed
 * and what to do. A program that this kernel refuses is left out if something useful remains; that is
 * one line on stderr too. Must be called from the thread that later takes the looks.
 */
int probe_open(struct probe **probe, const struct options *options);

/* Sets what later looks hold beside what the options ask for. Only if the options allow such requests. */
void probe_want(struct probe *probe, const struct wants *wants);

/*
 * Chains, beside what the command asks for. may_have() says whether something in a look may be part of a chain: 1, 0,
 * or a negative errno. It is asked at the first look, and with --once. If so the look is taken again, with chains.
 * Later looks have them where wants.causes is set.
 */
void probe_follow(struct probe *probe, int (*may_have)(void *context, const struct look *look), void *context);

/*
 * A function to call between the pieces of a scan, so that a person at the screen gets an answer during a look. It is
 * called in the thread and the network namespace of probe_look(). It returns true to end the run, as a signal does.
 */
void probe_attend(bool (*attend)(void *context), void *context);

/*
 * This look is not shown: the next one takes its place. A loss that is counted, or tried, once only is in that one,
 * too. Call it before the look is taken.
 */
void probe_replace(struct probe *probe, const struct look *look);

/*
 * Takes a look: resets, fills and indexes it. Returns 0 or a negative errno; -ECANCELED if a blocked signal or the
 * function of probe_attend() asked for the end meanwhile.
 */
int probe_look(struct probe *probe, struct look *look);

/*
 * Reads command lines of these processes, which a look reports, as far as they are not known yet. Appends records for
 * that look: NOTE_TITLE, and RECORD_LOST for what did not come back. The next look has them from the start. Returns 0,
 * -ENOMEM, or -ECANCELED.
 */
int probe_titles_read(struct probe *probe, const struct look *look, const uint64_t *pids, size_t count,
		      struct buffer *records);

/*
 * The code of these threads of the last look, each of which it reports as stuck. Appends records of NOTE_CODE and
 * NOTE_USER_STACK for that look. Returns 0, -ENOMEM, or -ECANCELED.
 */
int probe_codes_read(struct probe *probe, const struct thread_record *const *threads, size_t count,
		     struct buffer *records);

/* Since when the waits of loops are counted, CLOCK_MONOTONIC; 0: they are not. */
__u64 probe_counting_since(const struct probe *probe);

/*
 * How long to wait (ns) before a second look that can settle what this one could not; 0 if nothing is open. For --once,
 * which has no earlier look to compare with.
 */
__u64 probe_undecided(const struct probe *probe);

/* The number of looks that were not taken: the next one reports it. */
void probe_missed(struct probe *probe, __u64 looks);

/* The current interval, ns: longer than asked for while looks cost more than their budget. */
__u64 probe_interval(struct probe *probe);

/* Names of the programs in use, and of those that this kernel refused, separated by spaces. */
const char *probe_used(const struct probe *probe);
const char *probe_missing(const struct probe *probe);

/* The rights that looks need from now on: bits of privileges.h. */
unsigned int probe_privileges(const struct probe *probe);

/* NULL is allowed. */
void probe_close(struct probe *probe);

/*
 * Adds what there is of `sockstall check` about the kernel. btf_file is --btf's, or NULL. Returns 0; or after one line
 * on stderr a negative errno: -ENOTSUP and list->broken if nothing can run, another if that file is none.
 */
int probe_check(struct check_list *list, const char *btf_file);

#endif
