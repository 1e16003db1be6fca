/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Loading programs, with what this kernel has. */
#ifndef SOCKSTALL_PROBE_LOAD_LOAD_H
#define SOCKSTALL_PROBE_LOAD_LOAD_H

#include <stdbool.h>
#include <stddef.h>

#include <bpf/libbpf.h>

#include "options/options.h"
#include "service_record.h" /* the skeleton has one of its structs */
#include "sockstall.skel.h"

/* Commands as bits, and what options ask for on top of them. */
#define BIT(command) (1u << (command))
#define CHAINS	     (BIT(COMMAND_CHAINS) | BIT(COMMAND_LOCKS)) /* locks are followed, too */
#define SERVICES     (BIT(COMMAND_OVERVIEW) | BIT(COMMAND_SERVICES))
#define HANDSHAKES   (BIT(COMMAND_OVERVIEW) | BIT(COMMAND_HANDSHAKES) | CHAINS | SERVICES)
#define READERS	     (BIT(COMMAND_OVERVIEW) | BIT(COMMAND_READERS) | CHAINS)
#define LOOPS	     (BIT(COMMAND_OVERVIEW) | BIT(COMMAND_EPOLL) | SERVICES)
#define THREADS	     BIT(COMMAND_THREADS)
#define WRITERS	     (BIT(COMMAND_OVERVIEW) | BIT(COMMAND_WRITERS) | CHAINS)
#define CLOSING	     (BIT(COMMAND_OVERVIEW) | BIT(COMMAND_CLOSING))
#define HELD	     (SERVICES | BIT(COMMAND_READERS) | BIT(COMMAND_WRITERS))
#define WITH_CODE \
	(((READERS | WRITERS | LOOPS) & ~BIT(COMMAND_SERVICES)) | BIT(COMMAND_LOCKS)) /* unless with --no-stacks */
#define SOCKETS	   (HANDSHAKES | CLOSING | HELD) /* for which namespaces are scanned */
#define EVERYTHING (HANDSHAKES | READERS | LOOPS | THREADS | WRITERS | CLOSING)
/* Not commands, but options: --interfaces all; --verbose or --stacks; --all where threads in accept, and who is at
 * the other end of a unix socket, are of interest. */
#define OTHER_LOOPS BIT(COMMANDS)
#define STACKS	    BIT(COMMANDS + 1)
#define ACCEPTORS   BIT(COMMANDS + 3)
#define PEERS	    BIT(COMMANDS + 4)
/* The overview takes chains into some of its looks. */
#define OVERVIEW_CHAINS BIT(COMMANDS + 5)
/* Neither: a person at a screen may ask for the details of a process. */
#define DETAILS BIT(COMMANDS + 2)

#define MAX_PROGRAMS 48

/* One BPF program and what sockstall is without it. */
struct probe_program {
	const char *name; /* of the function in bpf/ */
	const char *tracepoint; /* of a classic syscall tracepoint; NULL: libbpf attaches it */
	unsigned int commands; /* bits by enum command */
	const char *purpose; /* for `check`: what it brings */
	const char *without; /* what is lost without it */
	bool vital; /* the command is worth nothing without it */
};

extern const struct probe_program probe_programs[];
extern const size_t probe_program_count;

/* Ids of classic tracepoints, from tracefs: that which is mounted, else one that is mounted nowhere. */
struct tracepoint_ids {
	int ids[32]; /* by position among the names asked for; -1: this kernel has it not */
};

#define PROBE_TRACEPOINTS 32

struct probe_tracepoint {
	struct bpf_link *link;
	int event; /* perf event; belongs to the link */
};

/* Everything in the kernel that attached_release() takes out again. */
struct attached {
	struct sockstall_bpf *skeleton;
	struct bpf_link *links[MAX_PROGRAMS]; /* of all but tracepoints */
	size_t link_count;
	struct probe_tracepoint tracepoints[PROBE_TRACEPOINTS];
	size_t tracepoint_count;
	__u64 counting_since_ns; /* when the last of them was attached; 0: there are none */
	struct bpf_link *thread_iter, *socket_iter, *unix_iter, *dns_iter, *file_iter, *usage_iter, *stack_iter;
	bool use_watches; /* the watch scan is there */
	char used[1024], missing[1024]; /* names of programs, separated by spaces */
};

/* The outcome for each program, by its place in the table. */
struct attempt {
	bool wanted[MAX_PROGRAMS];
	int tracefs_error; /* negative errno: no tracepoint of a syscall could be looked up */
	bool attached[MAX_PROGRAMS];
	bool absent[MAX_PROGRAMS]; /* there is nothing on this kernel that it could be attached to */
	int errors[MAX_PROGRAMS]; /* negative errno of loading or attaching; 0: fine or not tried */
	int tracepoints[MAX_PROGRAMS]; /* ids */
	bool by_libbpf[MAX_PROGRAMS]; /* the error is libbpf's own: the kernel was not asked, or grants it */
	unsigned long verified[MAX_PROGRAMS]; /* instructions; 0: not known. By probe_find_refused() */
	bool attaches; /* probe_find_refused() also attaches each, for a moment */
	struct probe_tracepoint tried[PROBE_TRACEPOINTS]; /* what then stays attached until probe_tried_release() */
	size_t tried_count;
};

struct probe_attached {
	struct bpf_link *link;
	int event; /* of a tracepoint: the perf event, which belongs to the link; else -1 */
	bool by_libbpf; /* see struct attempt */
};

/* BPF features that not every kernel with iterators has. Found by trying, once. */
struct probe_features {
	bool local_storage; /* of tasks and sockets, for tracing programs; with it, a socket's cookie can be drawn */
	bool loop; /* bpf_loop() */
};

const struct probe_features *probe_features(void);

/* The program that does here what the table's entry says. */
struct bpf_program *probe_program_find(const struct sockstall_bpf *skeleton, size_t place);

/*
 * Opens and loads with the wanted programs only. `wishes` are bits as above. *skeleton is there as soon as it is
 * opened, for what is called meanwhile. Returns 0; or a negative errno, and *skeleton is NULL.
 */
int probe_load(struct sockstall_bpf **skeleton, const struct attempt *attempt, unsigned int wishes);

/* Loads each wanted program on its own to find those that fail. */
void probe_find_refused(struct attempt *attempt, unsigned int wishes);

/* Attaches a loaded program. Returns 0 or a negative errno; attached->by_libbpf is set either way. */
int probe_attach_one(const struct bpf_program *program, const struct attempt *attempt, size_t place,
		     struct probe_attached *attached);

/*
 * The same, only to see whether it can be. Letting go of tracepoints takes 100 ms each, and less side by side: they
 * stay attached until probe_tried_release(). Returns 0 or a negative errno.
 */
int probe_try_attach(const struct bpf_program *program, struct attempt *attempt, size_t place);
void probe_tried_release(struct attempt *attempt);

/* Marks the wanted programs that this kernel has nothing for: it is older, and another way is gone. */
void probe_mark_absent(struct attempt *attempt);

/* Finds the ids of the tracepoints that the wanted programs need, or their errors. */
void probe_read_tracepoints(struct attempt *attempt);

/* Asks for ids of `count` tracepoints of the group syscalls. Returns 0 or a negative errno: no tracefs. */
int tracepoint_ids_read(struct tracepoint_ids *ids, const char *const *names, size_t count);

/* Detaches programs from tracepoints and lets go of the tracepoints without waiting for it. */
void probe_release_tracepoints(const struct probe_tracepoint *tracepoints, size_t count);

/*
 * Loads the programs of this scope, without those that this kernel refuses. `attempt` is zeroed, then holds the outcome
 * for each program. Programs that count waits are attached at once. Returns 0 or a negative errno.
 */
int attached_load(struct attached *attached, struct attempt *attempt, const struct scope *scope);

/* Attaches the rest. Returns 0, or the error of a program without which the command is worth nothing. */
int attached_attach(struct attached *attached, struct attempt *attempt);

/* Detaches all, and lets go of it. */
void attached_release(struct attached *attached);

/* Says on stderr what is lost without the programs that failed. */
void attached_say_lost(const struct attempt *attempt);

/* Whether the error that ended it all is libbpf's own. */
bool attached_is_by_libbpf(const struct attempt *attempt);

/* Says in one line on stderr why nothing can run, and what to do. `by_libbpf`: see struct attempt. */
void probe_say_why(int err, bool by_libbpf);

/* Advice for a program that this error keeps from being loaded. Constant text. */
const char *probe_remedy(int err, bool by_libbpf);

/* The kernel's and libbpf's negative error numbers in words. Valid until the next call. */
const char *probe_error_text(int err);

/* True if only libbpf returns this error. Most errors can come from libbpf or from the kernel. */
bool probe_is_libbpf_error(int err);

#define KERNEL_BTF "/sys/kernel/btf/vmlinux"

/* Whether the kernel shows its types. Without, nothing can be loaded. */
bool probe_has_btf(void);

/*
 * Takes the kernel's types from a file, for all that is loaded afterwards; NULL: from the kernel. Returns 0, or a
 * negative errno after one line on stderr.
 */
int probe_btf_use(const char *path);

/* Whether there are types, in a form that is not known here. Once probe_btf_fill() has failed. */
bool probe_btf_is_unreadable(void);

/* Whether the kernel's type has a member of this name. True also where that is not to be found out. */
bool probe_btf_has_member(const char *type, const char *member);

/* Whether the kernel has a function of this name. True also where that is not to be found out. */
bool probe_btf_has_function(const char *name);

/* That file, or NULL. */
const char *probe_btf_file(void);

/* Where objects that are opened find the types that they are adapted to; NULL: where libbpf looks by itself. */
const char *probe_btf_path(void);

/* Puts them there, for this object and all that have the same types. Before loading. Returns 0 or a negative errno. */
int probe_btf_fill(const struct bpf_object *object);

/* Lets go of all that once everything is loaded. */
void probe_btf_done(void);

/* Sends libbpf's words to nowhere, or with SOCKSTALL_DEBUG=1 to stderr. */
void probe_quiet_libbpf(void);

#endif
