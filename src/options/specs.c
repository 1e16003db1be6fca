/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "options/specs.h"

#include "base/array.h"
#include "options/values.h"

const char *const option_group_names[GROUPS] = {
	[GROUP_CHOOSING] = "Choosing", [GROUP_SHOWING] = "Showing",   [GROUP_TIMING] = "Timing",
	[GROUP_FILES] = "Files",       [GROUP_REACTING] = "Reacting", [GROUP_ENDING] = "Ending",
	[GROUP_GENERAL] = "General",
};

#define BIT(command) (1u << (command))
#define STALLS                                                                                         \
	(BIT(COMMAND_OVERVIEW) | BIT(COMMAND_HANDSHAKES) | BIT(COMMAND_READERS) | BIT(COMMAND_EPOLL) | \
	 BIT(COMMAND_METRICS) | BIT(COMMAND_WRITERS) | BIT(COMMAND_CLOSING) | BIT(COMMAND_CHAINS) |    \
	 BIT(COMMAND_SERVICES) | BIT(COMMAND_LOCKS))
#define LIVE	(STALLS | BIT(COMMAND_THREADS))
#define REPORTS (LIVE | BIT(COMMAND_REPLAY))
/* Chains and services are many already; metrics count each. */
#define FOLDED                                                                                           \
	(BIT(COMMAND_OVERVIEW) | BIT(COMMAND_HANDSHAKES) | BIT(COMMAND_READERS) | BIT(COMMAND_WRITERS) | \
	 BIT(COMMAND_CLOSING) | BIT(COMMAND_EPOLL) | BIT(COMMAND_THREADS) | BIT(COMMAND_REPLAY))
#define SOCKETS ((STALLS & ~BIT(COMMAND_LOCKS)) | BIT(COMMAND_REPLAY)) /* threads and locks have no ports */
#define CODES                                                                                       \
	(BIT(COMMAND_OVERVIEW) | BIT(COMMAND_READERS) | BIT(COMMAND_WRITERS) | BIT(COMMAND_EPOLL) | \
	 BIT(COMMAND_CHAINS) | BIT(COMMAND_LOCKS) | BIT(COMMAND_THREADS))
#define STACKS (BIT(COMMAND_OVERVIEW) | BIT(COMMAND_EPOLL) | BIT(COMMAND_THREADS))
#define ANY    (BIT(COMMANDS) - 1)

#define FLAG(field) .flag = offsetof(struct options, field)
#define SET(name)   .set = option_set_##name

const struct option_spec option_specs[] = {
	/* ---- Choosing ---- */
	{"pid", 'p', "PID[,PID...]", "process ids from 1 to 4194304, separated by commas", "only these processes",
	 "Only these processes. The id of a thread stands for its process; a line on stderr says so. See *FILTERS* for "
	 "this and "
	 "the next eight.",
	 GROUP_CHOOSING, VALUE_PIDS, .repeats = true, .commands = REPORTS, SET(pid)},
	{"comm", 'c', "NAME[,NAME...]", "command names, separated by commas", "only processes with this command name",
	 "Only processes with this command name. A thread's own name counts too. Names are compared up to 15 bytes: "
	 "the kernel "
	 "keeps no more. A comma in a name is written _\\\\,_.",
	 GROUP_CHOOSING, VALUE_COMMS, .repeats = true, .commands = REPORTS, SET(comm)},
	{"port", 0, "PORT[,PORT...]", "ports from 1 to 65535, ranges, or names of /etc/services, separated by commas",
	 "only sockets with this local or peer port",
	 "Only sockets with this local or peer port: a number, a range like _8000-8099_, or a name in _/etc/services_ "
	 "like _http_.",
	 GROUP_CHOOSING, VALUE_FREE, .repeats = true, .commands = SOCKETS, SET(port)},
	{"peer", 0, "ADDR[/LEN]", "an IPv4 or IPv6 address, with a prefix length or without",
	 "only this peer or network, IPv4 or IPv6", "Only this peer or network, IPv4 or IPv6.", GROUP_CHOOSING,
	 VALUE_FREE, .commands = SOCKETS, SET(peer)},
	{"netns", 0, "all|self|NETNS", "all, self, or the inode or name of a network namespace",
	 "which network namespaces (all)",
	 "Which network namespaces (default all): one by its inode, or by its name where *ip netns* has one (a name of "
	 "digits only "
	 "is taken for an inode). A live run looks the name up when it starts; *replay* goes by the names of the "
	 "recording. It may "
	 "be given several times.",
	 GROUP_CHOOSING, VALUE_NETNS, .repeats = true, .commands = REPORTS, SET(netns)},
	{"cgroup", 0, "PATH", "a path that starts with /", "only processes in this cgroup or below it",
	 "Only processes in this cgroup or below it.", GROUP_CHOOSING, VALUE_CGROUPS, .commands = REPORTS, SET(cgroup)},
	{"unit", 0, "UNIT", "a unit's name", "only processes of this systemd unit",
	 "Only processes of this systemd unit: _nginx.service_, or _nginx_ for that. It may be one of a user's own units.",
	 GROUP_CHOOSING, VALUE_FREE, .commands = REPORTS, SET(unit)},
	{"pod", 0, "POD", "a pod's name", "only processes of this pod",
	 "Only processes of the Kubernetes pod with this name.", GROUP_CHOOSING, VALUE_FREE, .commands = REPORTS,
	 SET(pod)},
	{"container", 0, "NAME", "a container's name or id", "only processes of this container",
	 "Only processes of the container with this name, or with an id that begins so: 12 digits at least.",
	 GROUP_CHOOSING, VALUE_FREE, .commands = REPORTS, SET(container)},
	{"all", 'a', NULL, NULL, "what is normal too, not only what is stuck",
	 "What is normal too: idle readers, young handshakes, healthy loops, every listener.", GROUP_CHOOSING,
	 .commands = REPORTS & ~BIT(COMMAND_METRICS), FLAG(scope.all)},
	{"interfaces", 0, "epoll|all", "epoll or all", "waits that count; all: poll, select, io_uring too",
	 "Which waits *loops* counts (default epoll). With _all_ poll, select and io_uring too.", GROUP_CHOOSING,
	 VALUE_WORDS, "epoll all", .commands = BIT(COMMAND_EPOLL), SET(interfaces)},

	/* ---- Showing ---- */
	{"json", 'j', NULL, NULL, "JSON Lines on stdout",
	 "JSON Lines on stdout: one object a line, flushed after every look.", GROUP_SHOWING,
	 .commands = (REPORTS & ~BIT(COMMAND_METRICS)) | BIT(COMMAND_SCHEMA) | BIT(COMMAND_END) | BIT(COMMAND_CHECK),
	 FLAG(sinks.json)},
	{"otlp", 0, NULL, NULL, "the same as logs of OpenTelemetry",
	 "The same records as logs of OpenTelemetry, one object _resourceLogs_ a line, flushed after every look: what a "
	 "collector's _otlpjsonfile_ receiver reads. See *sockstall-records*(5).",
	 GROUP_SHOWING, .commands = REPORTS & ~BIT(COMMAND_METRICS), FLAG(sinks.otlp)},
	{"watches", 0, NULL, NULL, "with loops -p PID: every descriptor that is watched",
	 "With *loops* and *-p* _PID_: every descriptor that the process's epoll instances watch, at every look.",
	 GROUP_SHOWING, .commands = BIT(COMMAND_EPOLL) | BIT(COMMAND_REPLAY), FLAG(scope.watches)},
	{"verbose", 'v', NULL, NULL, "each thread, kernel stacks; check: all rows",
	 "Also where in the kernel a stalled loop is: its stack. With *threads*: each thread by itself, and where in the kernel it "
	 "sleeps. With *check*: the whole table.",
	 GROUP_SHOWING, .commands = STACKS | BIT(COMMAND_CHECK), FLAG(scope.verbose)},
	{"stacks", 0, NULL, NULL, "the same, and where in the program",
	 "The same, and where in its program: each function from the innermost to where the thread began, with file and "
	 "line if there is debug information.",
	 GROUP_SHOWING, .commands = STACKS, FLAG(scope.stacks)},
	{"no-stacks", 0, NULL, NULL, "do not look which code is stuck",
	 "Do not look for the *code* that stuck threads are in: then no stack and no program is read for it. *threads* then shows each "
	 "thread by itself.",
	 GROUP_SHOWING, .commands = CODES, FLAG(scope.no_stacks)},
	{"no-fold", 0, NULL, NULL, "each stall by itself, also those that are alike",
	 "Each stall by itself. Else stalls that are alike are one row, line or record: see *FOLDING*. With *--all* "
	 "nothing is folded. With *threads*: each thread by itself.",
	 GROUP_SHOWING, .commands = FOLDED, FLAG(sinks.no_fold)},
	{"diff", 0, "FILE", "a file name", "what is new, gone and worse in this later recording",
	 "With *replay* _A_: what is new, gone, worse and better in the recording _FILE_, which is the later one; with "
	 "*--all* also "
	 "what is the same. See *COMPARING*. *--exit-code* exits with 10 if anything is new or worse.",
	 GROUP_SHOWING, VALUE_FILES, .commands = BIT(COMMAND_REPLAY), SET(diff)},
	{"hosts", 0, "FILE", "a file in the format of /etc/hosts", "names of addresses, in the format of /etc/hosts",
	 "Names of addresses, in the format of _/etc/hosts_ and up to 1 MiB: the first name of a line is shown beside its "
	 "address (*peer_name*). No name is looked up anywhere else, and none by DNS. A recording does not keep them: give "
	 "the option to *replay*.",
	 GROUP_SHOWING, VALUE_FILES, .commands = SOCKETS & ~BIT(COMMAND_METRICS), SET(hosts)},
	{"no-color", 0, NULL, NULL, "no colour (also with NO_COLOR set)", "No colour.", GROUP_SHOWING, .commands = ANY,
	 FLAG(sinks.no_color)},
	{"exit-code", 0, NULL, NULL, "exit 10: anything is stuck; 3: nobody fits",
	 "Exit with 10 if anything was reported as stuck, and otherwise with 3 if a filter fits nobody. See *EXIT "
	 "STATUS*.",
	 GROUP_SHOWING, .commands = REPORTS, FLAG(sinks.exit_code)},

	/* ---- Timing ---- */
	{"once", '1', NULL, NULL, "one look at the machine as it is, then exit",
	 "One look at the machine as it is, then exit.", GROUP_TIMING, .commands = REPORTS, FLAG(pace.once)},
	{"interval", 'i', "DUR", "a duration from 50ms to 1h", "time between looks (1s; 50ms to 1h)",
	 "Time between looks: from 50ms to 1h (default 1s). If looks cost more than 5 % of one CPU in the long run, it "
	 "is stretched. After a dear look, as the first may be, it is stretched up to three times as far for some "
	 "seconds. If the sockets of one network namespace cost that much (a flood), only these are looked at less "
	 "often: in "
	 "between, their stalls are taken to be as they were. With *--all* they are looked at each time. Not with "
	 "*--once*.",
	 GROUP_TIMING, VALUE_WORDS, "100ms 500ms 1s 5s 1m", .commands = LIVE, SET(interval)},
	{"at", 0, "DUR", "a duration from 1s to 1h", "begin at the next multiple of DUR by the clock",
	 "Begin at the next multiple of _DUR_ (1s to 1h) by the wall clock, counted from 1970 in UTC: with _10s_ at second 0, 10, "
	 "20 and so on. So many machines whose clocks agree look at one instant. The probes are attached before, at most 5s "
	 "ahead; if that takes longer than what is left, it is the multiple after it. What cannot be attached is told then. "
	 "*--duration* counts from that moment. Ctrl-C ends the waiting, without a look.",
	 GROUP_TIMING, VALUE_WORDS, "10s 1m", .commands = LIVE, SET(at)},
	{"duration", 'd', "DUR", "a duration from 1ms to a year", "stop after this long (run until Ctrl-C)",
	 "Stop after this long. Without it, run until Ctrl-C.", GROUP_TIMING, VALUE_WORDS, "5s 30s 1m 10m 1h",
	 .commands = LIVE, SET(duration)},
	{"min-age", 'm', "DUR", "0 or a duration from 1ms to a year", "only stalls at least this old (1s; loops 100ms)",
	 "Only stalls at least this old (default 1s; 100ms for event loops; 10s for services; 60s for an application "
	 "that has yet to close).",
	 GROUP_TIMING, VALUE_WORDS, "0 100ms 1s 10s 1m", .commands = STALLS | BIT(COMMAND_REPLAY), SET(min_age)},
	{"ready-fd", 0, "N", "a descriptor that is open for writing", "write a newline to descriptor N once attached",
	 "Write one newline to descriptor _N_ once every probe is attached.", GROUP_TIMING, VALUE_FREE,
	 .commands = LIVE, SET(ready_fd)},

	/* ---- Files ---- */
	{"host", 0, "NAME", "a name of up to 253 letters, digits and .-_:", "the name of this host in all records",
	 "The name of this host (*host*) in all records, and in a recording (default: the kernel's host name). It has up to "
	 "253 letters, digits, dots, hyphens, underscores and colons.",
	 GROUP_FILES, VALUE_FREE, .commands = LIVE & ~BIT(COMMAND_METRICS), SET(host)},
	{"record", 0, "FILE", "a file name", "also write the raw kernel records to FILE",
	 "Also write the raw kernel records to _FILE_, for *replay*, with mode 0600. An existing file is not touched. "
	 "Each look is compressed. Older recordings replay; 0.1.0 refuses newer ones as another version of the format.",
	 GROUP_FILES, VALUE_FILES, .commands = LIVE, SET(record)},
	{"html", 0, "FILE", "a file name", "write a page about the recording to FILE",
	 "With *replay*: write a page about the recording to _FILE_: every stall over time, the verdicts and the "
	 "tables. It needs "
	 "nothing else, works on a phone and on paper, and loads nothing from anywhere. The file appears whole or not "
	 "at all, and "
	 "only its owner may read it. An existing file is not touched.",
	 GROUP_FILES, VALUE_FILES, .commands = BIT(COMMAND_REPLAY), SET(html)},
	{"trace", 0, "FILE", "a file name", "write a trace of it to FILE, for Perfetto",
	 "With *replay*: write a trace of the recording to _FILE_, for Perfetto and other viewers of the Trace Event "
	 "Format: waits "
	 "as slices on their threads, handshakes on tracks of their own, listeners as asynchronous events, the lags of "
	 "all loops as "
	 "counters. Arrows lead from a client's wait to the other end of its connection, and from a connection that is "
	 "not accepted "
	 "to what its server's thread is in instead. As for *--html*, an existing file is not touched.",
	 GROUP_FILES, VALUE_FILES, .commands = BIT(COMMAND_REPLAY), SET(trace)},
	{"textfile", 0, "DIR", "the name of a folder", "with metrics: write DIR/sockstall.prom, each look",
	 "With *metrics*: write _DIR_/sockstall.prom at every look. The file is replaced as a whole, and everybody may "
	 "read it. _DIR_ is looked up once, at the start; a symbolic link of another user on the way to it is refused. "
	 "If the file cannot be written, a message on stderr says why, once, and the next look tries again.",
	 GROUP_FILES, VALUE_FOLDERS, .commands = BIT(COMMAND_METRICS), SET(textfile)},
	{"force", 0, NULL, NULL, "replace an existing file; end: even your session",
	 "With *--record*, *--html* or *--trace*: an existing file is replaced by a new one. A link is never followed. "
	 "With *end* "
	 "and *--yes*: also the connection that sockstall itself is used over.",
	 GROUP_FILES, .commands = REPORTS | BIT(COMMAND_END), FLAG(sinks.force)},
	{"btf", 0, "FILE", "a file name", "the kernel's BTF, where /sys has none",
	 "The running kernel's BTF, raw or in an ELF file (a vmlinux), if _/sys/kernel/btf/vmlinux_ cannot be read, as "
	 "in a chroot. "
	 "The kernel itself must still be built with CONFIG\\_DEBUG\\_INFO\\_BTF.",
	 GROUP_FILES, VALUE_FILES, .commands = LIVE | BIT(COMMAND_CHECK) | BIT(COMMAND_END), SET(btf)},

	/* ---- Reacting ---- */
	{"on-stall", 0, "COND", "a condition", "run --exec when a stall meets it: 'reader.age>10s'",
	 "Run *--exec* when a stall first meets this condition. See *CONDITIONS*.", GROUP_REACTING, VALUE_CONDITIONS,
	 .commands = STALLS, SET(on_stall)},
	{"exec", 0, "CMD", "a command", "with --on-stall: run it, the record on its stdin",
	 "With *--on-stall*: what to run. See *COMMANDS ON A STALL*.", GROUP_REACTING, VALUE_PROGRAMS,
	 .commands = STALLS, SET(exec)},
	{"exec-limit", 0, "N", "a number from 1 to 600", "how often --exec may start it in a minute (6)",
	 "How often *--exec* may start it in a minute, from 1 to 600 (default 6).", GROUP_REACTING, VALUE_WORDS,
	 "1 6 60", .commands = STALLS, SET(exec_limit)},
	{"shell", 0, NULL, NULL, "give --exec's command to /bin/sh -c", "Give the command of *--exec* to _/bin/sh -c_.",
	 GROUP_REACTING, .commands = STALLS, FLAG(reacting.shell)},
	{"flight", 0, "DUR", "a duration from 1s to 1h", "keep the looks of the last DUR (64 MiB at most)",
	 "Keep the looks of the last _DUR_ (1s to 1h) in memory, compressed, at most 64 MiB of them. On SIGUSR1, and "
	 "when *--dump-on* says so, they are written as a recording, for *replay*. After three looks a line on stderr "
	 "estimates how far back 64 MiB will reach. The recording has the exact time: *flight_s* in its _start_ record.",
	 GROUP_REACTING, VALUE_WORDS, "30s 60s 5m", .commands = LIVE, SET(flight)},
	{"dump-on", 0, "COND", "a condition", "write what --flight keeps when a stall meets it",
	 "Write them when a stall first meets this condition; not again before _DUR_ has passed, and at most 16 files "
	 "in a run.",
	 GROUP_REACTING, VALUE_CONDITIONS, .commands = STALLS, SET(dump_on)},
	{"dump-file", 0, "FILE", "a file name", "where to (sockstall-TIME.rec, or with a number)",
	 "Where to (default sockstall-_TIME_.rec in the working folder). An existing file is not touched: then a "
	 "number is put "
	 "behind the name. No link is followed, and the mode is 0600.",
	 GROUP_REACTING, VALUE_FILES, .commands = LIVE, SET(dump_file)},

	/* ---- Ending ---- */
	{"yes", 0, NULL, NULL, "with end: do it (else: say what would be done)", "With *end*: do it.", GROUP_ENDING,
	 .commands = BIT(COMMAND_END), FLAG(ending.yes)},
	{"how", 0, "WAY", "destroy, shutdown, keepalive or probe", "destroy, shutdown, keepalive or probe",
	 "With *end*: _destroy_, _shutdown_, _keepalive_ or _probe_. Without it, sockstall chooses by the kind of "
	 "socket.",
	 GROUP_ENDING, VALUE_WORDS, "destroy shutdown keepalive probe", .commands = BIT(COMMAND_END), SET(how)},
	{"keepalive", 0, "DUR,DUR,N", "two durations in whole seconds to 32767s, and a number to 127, as in 10s,5s,3",
	 "idle, interval, probes for --how (10s,5s,3)",
	 "With *end --how keepalive*: idle time, interval and number of probes (default 10s,5s,3).", GROUP_ENDING,
	 VALUE_WORDS, "10s,5s,3 60s,10s,6", .commands = BIT(COMMAND_END), SET(keepalive)},
	{"read-only", 0, NULL, NULL, "the live view cannot end anything: no key e",
	 "The live view cannot end anything: it has no key *e*, and keeps no right to end.", GROUP_ENDING,
	 .commands = LIVE & ~BIT(COMMAND_METRICS), FLAG(ending.read_only)},

	/* ---- General ---- */
	{"version", 'V', NULL, NULL, "the version, then exit",
	 "Print the version, and the version of libbpf that runs here, and exit.", GROUP_GENERAL, .commands = ANY,
	 FLAG(version)},
	{"help-agent", 0, NULL, NULL, "a page for programs that ask, then exit",
	 "Print one page for programs and agents that run sockstall, and exit: which command for which symptom, fields, exit "
	 "codes, limits. It is _SKILL.md_ in _/usr/share/doc/sockstall_.",
	 GROUP_GENERAL, .commands = ANY, FLAG(help_agent)},
	{"help", 'h', NULL, NULL, "this text, then exit",
	 "Print the commands and options, and exit. Behind a command: its options and two examples.", GROUP_GENERAL,
	 .commands = ANY, FLAG(help)},
};

const size_t option_spec_count = COUNT_OF(option_specs);

_Static_assert(COUNT_OF(option_specs) <= OPTION_SPECS_MOST, "the parser keeps a bit for each option");
