/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/parse.h"
#include "options/specs.h"
#include "system/services.h"

#define MILLISECOND 1000000ull
#define SECOND	    1000000000ull

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* A command line cut at spaces; %20 stands for a space, %0 for an empty argument. */
struct command_line {
	char text[8192];
	char *argv[64];
	int argc;
};

static void make_command_line(struct command_line *line, const char *text)
{
	char *word, *rest = line->text;

	snprintf(line->text, sizeof(line->text), "%s", text);
	line->argc = 0;
	line->argv[line->argc++] = (char *)"sockstall";
	while ((word = strsep(&rest, " "))) {
		if (!*word)
			continue;
		if (!strcmp(word, "%0"))
			*word = '\0';
		line->argv[line->argc++] = word;
	}
	line->argv[line->argc] = NULL;
}

/* Parses, and collects what is written to stderr meanwhile. */
static int parse_quietly(struct options *options, struct command_line *line, char *message, size_t size)
{
	int file = memfd_create("stderr", 0), saved = dup(STDERR_FILENO), status;
	ssize_t got;

	fflush(stderr);
	dup2(file, STDERR_FILENO);
	status = options_parse(options, line->argc, line->argv);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	got = pread(file, message, size - 1, 0);
	message[got > 0 ? got : 0] = '\0';
	close(saved);
	close(file);
	return status;
}

static void parse(struct options *options, struct command_line *line, const char *text)
{
	char message[1024];

	make_command_line(line, text);
	if (parse_quietly(options, line, message, sizeof(message)) || *message)
		fail_msg("%s: %s", text, message);
}

static void durations(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} good[] = {
		{"250ms", 250 * MILLISECOND},
		{"2s", 2 * SECOND},
		{"5m", 300 * SECOND},
		{"1h", 3600 * SECOND},
		{"3", 3 * SECOND},
		{"0", 0},
		{"0ms", 0},
		{"1.5", 1500 * MILLISECOND},
		{"0.25s", 250 * MILLISECOND},
		{"0.5ms", 500000},
		{"1.5h", 5400 * SECOND},
		{"0.1m", 6 * SECOND},
		{"007s", 7 * SECOND},
		{"0.000000001", 1},
		{"0.0000000019", 1},
		{"1.00000000000000000000000000000000001", SECOND},
		{"18446744073s", 18446744073 * SECOND},
	};
	static const char *const bad[] = {
		"",
		"s",
		"ms",
		".",
		".5",
		"5.",
		"5.s",
		"1.5.2",
		"+1",
		"-1",
		" 1",
		"1 ",
		"1e3",
		"0x10",
		"nan",
		"inf",
		"1d",
		"1S",
		"1sec",
		"1,5",
		"1 s",
		"1us",
		"1ns",
		"1sm",
		"1mss",
		"\n1",
		"1\n",
		"18446744074s",
		"18446744073709551616",
		"99999999999999999999999",
		"5124096h",
		"18446744073.8",
	};
	uint64_t ns;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(good); i++) {
		if (duration_parse(good[i].text, &ns) || ns != good[i].ns)
			fail_msg("%s", good[i].text);
	}
	for (i = 0; i < COUNT_OF(bad); i++) {
		ns = 77;
		if (duration_parse(bad[i], &ns) != -EINVAL || ns != 77)
			fail_msg("'%s'", bad[i]);
	}
}

static void nothing_given_is_the_overview(void **state)
{
	struct command_line line;
	struct options options;

	(void)state;
	unsetenv("NO_COLOR");
	parse(&options, &line, "");
	assert_int_equal(options.scope.command, COMMAND_OVERVIEW);
	assert_false(options.scope.command_given);
	assert_int_equal(options.pace.interval_ns, SECOND);
	assert_int_equal(options.scope.min_age_ns, SECOND);
	assert_int_equal(options.pace.duration_ns, 0);
	assert_false(options.scope.selection.netns_self || options.scope.selection.netns_all);
	assert_int_equal(options.scope.selection.netns_count + options.scope.selection.netns_name_count, 0);
	assert_int_equal(options.sinks.ready_fd, -1);
	assert_false(options.pace.interval_given || options.scope.min_age_given || options.scope.selection.peer_given);
	assert_false(options.sinks.json || options.pace.once || options.scope.all || options.sinks.exit_code ||
		     options.sinks.no_color);
	assert_false(options.help || options.version);
	assert_null(options.scope.selection.cgroup);
	assert_null(options.sinks.record_file);
	assert_int_equal(options.scope.selection.pid_count + options.scope.selection.comm_count +
				 options.scope.selection.port_count,
			 0);
	options_free(&options);
}

static void every_command(void **state)
{
	static const struct {
		const char *text;
		enum command command;
	} cases[] = {
		{"handshakes", COMMAND_HANDSHAKES}, {"readers", COMMAND_READERS},      {"epoll", COMMAND_EPOLL},
		{"loops", COMMAND_EPOLL},	    {"threads -p 1", COMMAND_THREADS}, {"check", COMMAND_CHECK},
		{"replay FILE", COMMAND_REPLAY},    {"schema", COMMAND_SCHEMA},
	};
	struct command_line line;
	struct options options;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++) {
		parse(&options, &line, cases[i].text);
		assert_int_equal(options.scope.command, cases[i].command);
		assert_int_equal(options.scope.command_given, cases[i].command != COMMAND_REPLAY);
		options_free(&options);
	}
	assert_string_equal(command_names[COMMAND_OVERVIEW], "overview");
	assert_string_equal(command_names[COMMAND_SCHEMA], "schema");
	assert_string_equal(command_names[COMMAND_EPOLL], "loops");
	assert_string_equal(command_in_records(COMMAND_EPOLL), "epoll");
	assert_string_equal(command_in_records(COMMAND_READERS), "readers");
}

static void short_and_long_forms_before_and_behind(void **state)
{
	static const char *const cases[] = {
		"readers -j -i 2s -d 5m -m 250ms -a -p 1,22 -c nginx",
		"-j -i2s -d5m -m250ms -a -p1 -p22 -cnginx readers",
		"--json --interval 2s --duration=5m readers --min-age=250ms --all --pid=1,22 --comm=nginx",
		"-jai 2s readers -d 5m -m 250ms -p 1 --comm nginx --pid 22",
		"-ja -i 2s -d 5m -m 250ms -p 1,22 -c nginx -- readers",
	};
	struct command_line line;
	struct options options;
	size_t i;

	(void)state;
	for (i = 0; i < 2 * COUNT_OF(cases); i++) {
		/* This makes getopt() stop at the first word: not here. */
		if (i == COUNT_OF(cases))
			setenv("POSIXLY_CORRECT", "1", 1);
		parse(&options, &line, cases[i % COUNT_OF(cases)]);
		assert_int_equal(options.scope.command, COMMAND_READERS);
		assert_true(options.sinks.json);
		assert_true(options.scope.all);
		assert_false(options.pace.once);
		assert_true(options.pace.interval_given);
		assert_int_equal(options.pace.interval_ns, 2 * SECOND);
		assert_int_equal(options.pace.duration_ns, 300 * SECOND);
		assert_true(options.scope.min_age_given);
		assert_int_equal(options.scope.min_age_ns, 250 * MILLISECOND);
		assert_int_equal(options.scope.selection.pid_count, 2);
		assert_int_equal(options.scope.selection.pids[0], 1);
		assert_int_equal(options.scope.selection.pids[1], 22);
		assert_int_equal(options.scope.selection.comm_count, 1);
		assert_string_equal(options.scope.selection.comms[0], "nginx");
		options_free(&options);
	}
	unsetenv("POSIXLY_CORRECT");
}

static void the_other_options(void **state)
{
	struct command_line line;
	struct options options;

	(void)state;
	parse(&options, &line,
	      "--once --exit-code --no-color --port 80,65535 --port 1 --netns 4026531840 --record out --force --ready-fd 2");
	assert_true(options.sinks.force);
	assert_true(options.pace.once);
	assert_true(options.sinks.exit_code);
	assert_true(options.sinks.no_color);
	assert_int_equal(options.scope.selection.port_count, 3);
	assert_int_equal(options.scope.selection.netns_count, 1);
	assert_int_equal(options.scope.selection.netns_inodes[0], 4026531840u);
	assert_string_equal(options.sinks.record_file, "out");
	assert_int_equal(options.sinks.ready_fd, 2);
	options_free(&options);
	assert_true(options.pace.once);
	parse(&options, &line, "epoll --interfaces all");
	assert_int_equal(options.scope.interfaces, INTERFACES_ALL);
	options_free(&options);
	parse(&options, &line, "epoll --interfaces=epoll");
	assert_int_equal(options.scope.interfaces, INTERFACES_EPOLL);
	options_free(&options);
	parse(&options, &line, "-m 0");
	assert_true(options.scope.min_age_given);
	assert_int_equal(options.scope.min_age_ns, 0);
	options_free(&options);
	parse(&options, &line, "replay file -p 3 -a");
	assert_string_equal(options.replay_file, "file");
	options_free(&options);
	parse(&options, &line, "replay a -a b c");
	assert_string_equal(options.replay_file, "a");
	assert_int_equal(options.replay_count, 3);
	assert_string_equal(options.replay_files[2], "c");
	options_free(&options);
	parse(&options, &line, "-j replay -- -odd-name");
	assert_string_equal(options.replay_file, "-odd-name");
	options_free(&options);
}

/* More of the same are added, in a list or one by one; a comma in a name has a backslash before it. */
static void names_add_up(void **state)
{
	static const char *const cases[] = {"-c nginx,a\\,b -c worker\\0", "-c nginx -c a\\,b,worker\\0",
					    "--comm=nginx,a\\,b,worker\\0 -1"};
	struct command_line line;
	struct options options;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++) {
		parse(&options, &line, cases[i]);
		assert_int_equal(options.scope.selection.comm_count, 3);
		assert_string_equal(options.scope.selection.comms[0], "nginx");
		assert_string_equal(options.scope.selection.comms[1], "a,b");
		assert_string_equal(options.scope.selection.comms[2], "worker\\0");
		options_free(&options);
		assert_int_equal(options.scope.selection.comm_count, 0);
	}
}

/* All of them, and the others need not be named. */
static void namespaces_add_up(void **state)
{
	struct command_line line;
	struct options options;

	(void)state;
	parse(&options, &line, "--netns self --netns blue --netns 7 --netns red --netns 8");
	assert_true(options.scope.selection.netns_self);
	assert_int_equal(options.scope.selection.netns_count, 2);
	assert_int_equal(options.scope.selection.netns_inodes[0], 7);
	assert_int_equal(options.scope.selection.netns_inodes[1], 8);
	assert_int_equal(options.scope.selection.netns_name_count, 2);
	assert_string_equal(options.scope.selection.netns_names[0], "blue");
	assert_string_equal(options.scope.selection.netns_names[1], "red");
	options_free(&options);
	parse(&options, &line, "--netns self --netns all --netns blue --netns 7 -1");
	assert_true(options.scope.selection.netns_all && options.pace.once && !options.scope.selection.netns_self);
	assert_int_equal(options.scope.selection.netns_count + options.scope.selection.netns_name_count, 0);
	options_free(&options);
}

static void ports_of(const char *text, const char *expected)
{
	struct command_line line;
	struct options options;
	char ports[256] = "";
	size_t i;

	parse(&options, &line, text);
	for (i = 0; i < options.scope.selection.port_count; i++)
		snprintf(ports + strlen(ports), sizeof(ports) - strlen(ports), "%s%u-%u", i ? " " : "",
			 options.scope.selection.ports[i].first, options.scope.selection.ports[i].last);
	assert_string_equal(ports, expected);
	options_free(&options);
}

static void ports_are_numbers_or_ranges(void **state)
{
	(void)state;
	ports_of("--port 80,65535 --port 1", "80-80 65535-65535 1-1");
	ports_of("--port 8000-8099,443", "8000-8099 443-443");
	ports_of("--port 1-65535", "1-65535");
	ports_of("--port 80-80 --port=0080", "80-80 80-80");
}

/* As /etc/services has them: by name and by alias, whatever the protocol; of one name more than one. */
static void ports_have_names(void **state)
{
	static const char file[] = "# name\tport\n\n"
				   "http\t\t80/tcp\t\twww\t\t# WorldWideWeb HTTP\n"
				   "http\t\t80/udp\n"
				   "http-alt\t8080/tcp webcache\n"
				   "3com 106/tcp # www\n"
				   "syslog 514/udp\n"
				   "shell 514/tcp cmd syslog\n"
				   "two 1/tcp\ntwo 2/udp\n"
				   "broken\nbroken 0/tcp\nbroken 65536/tcp\nbroken x/tcp";
	static const struct {
		const char *name;
		size_t count;
		unsigned int first, second;
	} cases[] = {
		{"http", 1, 80, 0},
		{"www", 1, 80, 0},
		{"http-alt", 1, 8080, 0},
		{"webcache", 1, 8080, 0},
		{"3com", 1, 106, 0},
		{"two", 2, 1, 2},
		{"syslog", 1, 514, 0},
		{"broken", 0, 0, 0},
		{"WorldWideWeb", 0, 0, 0},
		{"80/tcp", 0, 0, 0},
		{"HTTP", 0, 0, 0},
		{"htt", 0, 0, 0},
		{"", 0, 0, 0},
		{"#", 0, 0, 0},
	};
	char path[] = "/tmp/sockstall-services-XXXXXX";
	uint16_t ports[SERVICES_PORTS];
	int fd = mkstemp(path);
	size_t i;

	(void)state;
	assert_int_equal(write(fd, file, sizeof(file) - 1), sizeof(file) - 1);
	close(fd);
	for (i = 0; i < COUNT_OF(cases); i++) {
		memset(ports, 0, sizeof(ports));
		if (services_ports(path, cases[i].name, ports) != cases[i].count || ports[0] != cases[i].first ||
		    ports[1] != cases[i].second)
			fail_msg("'%s': %u %u", cases[i].name, ports[0], ports[1]);
	}
	unlink(path);
	assert_int_equal(services_ports(path, "http", ports), 0);
}

static void the_ends_of_ranges(void **state)
{
	static const char *const good[] = {
		"-i 50ms",
		"-i 1h",
		"-d 1ms",
		"-d 8760h",
		"-m 1ms",
		"-m 8760h",
		"-p 1",
		"-p 4194304",
		"--port 1",
		"--port 65535",
		"--netns 1",
		"--netns 4294967295",
		"--peer ::/0",
		"--peer ::1/128",
		"--peer 0.0.0.0/0",
		"--peer 1.2.3.4/32",
	};
	struct command_line line;
	struct options options;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(good); i++) {
		parse(&options, &line, good[i]);
		options_free(&options);
	}
}

static void peers_become_mapped_addresses(void **state)
{
	static const struct {
		const char *text, *address;
		unsigned int bits;
	} cases[] = {
		{"--peer 10.0.0.1", "::ffff:10.0.0.1", 128},	  {"--peer 10.0.0.0/8", "::ffff:10.0.0.0", 104},
		{"--peer 0.0.0.0/0", "::ffff:0.0.0.0", 96},	  {"--peer 2001:db8::1", "2001:db8::1", 128},
		{"--peer 2001:db8::/32", "2001:db8::", 32},	  {"--peer ::/0", "::", 0},
		{"--peer ::ffff:1.2.3.4", "::ffff:1.2.3.4", 128},
	};
	struct command_line line;
	struct options options;
	struct in6_addr expected;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++) {
		parse(&options, &line, cases[i].text);
		assert_int_equal(inet_pton(AF_INET6, cases[i].address, &expected), 1);
		assert_true(options.scope.selection.peer_given);
		assert_memory_equal(&options.scope.selection.peer, &expected, sizeof(expected));
		assert_int_equal(options.scope.selection.peer_bits, cases[i].bits);
		options_free(&options);
	}
}

static void cgroups_have_one_form(void **state)
{
	static const struct {
		const char *text, *path;
	} cases[] = {
		{"--cgroup /a/b", "/a/b"},
		{"--cgroup /a/b/", "/a/b"},
		{"--cgroup /a//b///", "/a/b"},
		{"--cgroup /", "/"},
		{"--cgroup ///", "/"},
		{"--cgroup /sys/fs/cgroup", "/"},
		{"--cgroup /sys/fs/cgroup/", "/"},
		{"--cgroup /sys/fs/cgroup/system.slice/x.service/", "/system.slice/x.service"},
		{"--cgroup /sys/fs/cgroups/x", "/sys/fs/cgroups/x"},
		{"--cgroup /a --cgroup /b", "/b"},
	};
	struct command_line line;
	struct options options;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++) {
		parse(&options, &line, cases[i].text);
		assert_string_equal(options.scope.selection.cgroup, cases[i].path);
		options_free(&options);
	}
}

static void help_and_version_win(void **state)
{
	struct command_line line;
	struct options options;

	(void)state;
	parse(&options, &line, "-h");
	assert_true(options.help);
	parse(&options, &line, "threads --help nonsense --more");
	assert_true(options.help);
	parse(&options, &line, "-V replay");
	assert_true(options.version);
	options_free(&options);
}

static void no_color_by_environment(void **state)
{
	struct command_line line;
	struct options options;

	(void)state;
	setenv("NO_COLOR", "1", 1);
	parse(&options, &line, "");
	assert_true(options.sinks.no_color);
	setenv("NO_COLOR", "", 1);
	parse(&options, &line, "");
	assert_false(options.sinks.no_color);
	unsetenv("NO_COLOR");
	options_free(&options);
}

/* Each is one line on stderr that holds the second text, and 2. */
static void usage_errors(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"handshake", "unknown command 'handshake'"},
		{"overview", "unknown command 'overview'"},
		{"READERS", "unknown command"},
		{"%0", "unknown command ''"},
		{"readers epoll", "unexpected argument 'epoll'"},
		{"readers loops", "unexpected argument 'loops'"},
		{"epoll --yes", "--yes cannot be used with loops"},
		{"replay", "replay needs"},
		{"replay %0", "replay needs"},
		{"replay -a", "replay needs"},
		{"replay a readers", "a file with the name of a command is ./readers"},
		{"replay a %0", "replay needs"},
		{"replay a b --diff c", "--diff compares two recordings"},
		{"schema x", "unexpected argument 'x'"},
		{"explain peer_deat", "unknown verdict 'peer_deat': did you mean 'peer_dead'?"},
		{"explain zzz", "unknown verdict 'zzz' (sockstall explain lists them)"},
		{"explain idle x", "unexpected argument 'x'"},
		{"threads", "threads needs a process"},
		{"epoll --watches", "--watches needs a process"},
		{"threads -p 1 --watches", "--watches cannot be used with threads"},
		{"--watches -p 1", "--watches cannot be used with overview"},
		{"--at 500ms", "--at: expected a duration from 1s to 1h, got '500ms'"},
		{"replay f --at 10s", "--at cannot be used with replay"},
		{"-1 -d 3s", "exclude each other"},
		{"replay f --record g", "--record cannot be used with replay"},
		{"check --record g", "--record cannot be used with check"},
		{"schema --record g", "--record cannot be used with schema"},
		{"readers --interfaces all", "--interfaces cannot be used with readers"},
		{"epoll --interfaces poll", "--interfaces: expected epoll or all, got 'poll'"},
		{"readers --html f", "--html cannot be used with readers"},
		{"readers --trace f", "--trace cannot be used with readers"},
		{"replay f --html g -j", "--html excludes --json, --otlp and --once"},
		{"-j --otlp", "--json and --otlp exclude each other"},
		{"replay f --html g --otlp", "--html excludes --json, --otlp and --once"},
		{"replay f --trace g -1", "--trace excludes --json, --otlp and --once"},
		{"replay f --diff g --html h", "--diff excludes"},
		{"replay f --diff g -1", "--diff excludes"},
		{"replay f --diff", "--diff needs a value"},
		{"replay f --force", "--force needs a file"},
		{"metrics", "metrics needs a folder"},
		{"metrics --textfile d -j", "--json cannot be used with metrics"},
		{"metrics --textfile d -a", "--all cannot be used with metrics"},
		{"threads -p 1 --port 80", "--port cannot be used with threads"},
		{"threads -p 1 --peer ::1", "--peer cannot be used with threads"},
		{"threads -p 1 -m 5s", "--min-age cannot be used with threads"},
		{"threads -p 1 --on-stall reader.age>1s --exec true", "--on-stall cannot be used with threads"},
		{"-1 -i 5s", "--once and --interval exclude each other"},
		{"readers --how probe", "--how is for end: --how cannot be used with readers"},
		{"readers --watches -p 1", "--watches is for loops, replay: --watches cannot be used with readers"},
		{"reader", "unknown command 'reader': did you mean 'readers'?"},
		{"raeders", "did you mean 'readers'?"},
		{"hand", "did you mean 'handshakes'?"},
		{"xyzzy", "unknown command 'xyzzy' (sockstall --help lists them)"},
		{"--onec", "unknown option '--onec': did you mean '--once'?"},
		{"--pdi=1", "unknown option '--pdi=1': did you mean '--pid'?"},
		{"--xyzzy", "unknown option '--xyzzy' (sockstall --help lists them)"},
		{"help reader", "did you mean 'readers'?"},
		{"help -j", "--json cannot be used with help"},
		{"readers --textfile d", "--textfile cannot be used with readers"},
		{"replay f -i 1s", "--interval cannot be used with replay"},
		{"replay f --ready-fd 2", "--ready-fd cannot be used with replay"},
		{"replay f --netns self", "--netns self cannot be used"},
		{"check -p 1", "--pid cannot be used with check"},
		{"schema -1", "--once cannot be used with schema"},
		{"-x", "unknown option '-x'"},
		{"-jx", "unknown option '-x'"},
		{"--nonsense", "unknown option '--nonsense'"},
		{"--nonsense=3", "unknown option '--nonsense=3'"},
		{"--json=1", "--json takes no value"},
		{"-i", "--interval needs a value"},
		{"--pid", "--pid needs a value"},
		{"--peer", "--peer needs a value"},
		{"-i 49ms", "--interval: expected"},
		{"-i 3601s", "--interval: expected"},
		{"-i 1.0001h", "--interval: expected"},
		{"-i -1s", "--interval: expected"},
		{"-i %0", "--interval: expected"},
		{"-d 0", "--duration: expected"},
		{"-d 0.5ms", "--duration: expected"},
		{"-d 8761h", "--duration: expected"},
		{"-m 0.1ms", "--min-age: expected"},
		{"-m 8761h", "--min-age: expected"},
		{"-m 1x", "--min-age: expected"},
		{"-p 0", "--pid: expected"},
		{"-p 4194305", "--pid: expected"},
		{"-p -1", "--pid: expected"},
		{"-p +1", "--pid: expected"},
		{"-p 1,", "--pid: expected"},
		{"-p ,1", "--pid: expected"},
		{"-p 1,,2", "--pid: expected"},
		{"-p 1,x", "--pid: expected"},
		{"-p 1;2", "--pid: expected"},
		{"-p 0x10", "--pid: expected"},
		{"-p %0", "--pid: expected"},
		{"-p 18446744073709551617", "--pid: expected"},
		{"-p 00000000000000000000000000000000001", "--pid: expected"},
		{"--port 0", "--port: expected"},
		{"--port 65536", "--port: expected"},
		{"--port no-such-service", "names of /etc/services, separated by commas, got 'no-such-service'"},
		{"--port 80,no-such-service", "--port: expected"},
		{"--port 8099-8000", "--port: expected"},
		{"--port 0-80", "--port: expected"},
		{"--port 80-65536", "--port: expected"},
		{"--port 80-", "--port: expected"},
		{"--port -80", "--port: expected"},
		{"--port 80-81-82", "--port: expected"},
		{"--port 80,", "--port: expected"},
		{"--port 000000000000000000000080", "--port: expected"},
		{"-c nginx,", "--comm: expected"},
		{"-c ,nginx", "--comm: expected"},
		{"-c %0", "--comm: expected"},
		{"--peer 10.0.0.1/33", "--peer: expected"},
		{"--peer ::1/129", "--peer: expected"},
		{"--peer 10.0.0.1/", "--peer: expected"},
		{"--peer /8", "--peer: expected"},
		{"--peer 10.0.0.1/8/8", "--peer: expected"},
		{"--peer 10.0.0", "--peer: expected"},
		{"--peer 10.0.0.256", "--peer: expected"},
		{"--peer localhost", "--peer: expected"},
		{"--peer [::1]", "--peer: expected"},
		{"--peer 1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa", "--peer: expected"},
		{"--netns 0", "--netns: expected"},
		{"--netns 4294967296", "--netns: expected"},
		{"--netns a/b", "--netns: expected"},
		{"--netns .", "--netns: expected"},
		{"--netns=-blue", "--netns: expected"},
		{"--cgroup a/b", "--cgroup: expected"},
		{"--cgroup %0", "--cgroup: expected"},
		{"--record %0", "--record: expected"},
		{"--ready-fd -1", "--ready-fd: expected"},
		{"--ready-fd 1048577", "--ready-fd: expected"},
		{"--ready-fd 999", "--ready-fd: expected"},
		{"--ready-fd x", "--ready-fd: expected"},
		{"-p 1 --port 80 --cgroup /x --bad", "unknown option"},
		{"a\nb\033[2J", "unknown command"},
	};
	struct command_line line;
	struct options options;
	char message[1024];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++) {
		make_command_line(&line, cases[i].text);
		if (parse_quietly(&options, &line, message, sizeof(message)) != 2)
			fail_msg("'%s' was taken", cases[i].text);
		if (!strstr(message, cases[i].says) || strncmp(message, "sockstall: ", 11))
			fail_msg("'%s' says: %s", cases[i].text, message);
		if (strchr(message, '\n') != message + strlen(message) - 1 || strchr(message, '\033'))
			fail_msg("'%s' is not one line: %s", cases[i].text, message);
	}
}

static void a_ready_fd_must_be_writable(void **state)
{
	int fd = open("/dev/null", O_RDONLY);
	struct command_line line;
	struct options options;
	char text[32], message[1024];

	(void)state;
	snprintf(text, sizeof(text), "--ready-fd %d", fd);
	make_command_line(&line, text);
	assert_int_equal(parse_quietly(&options, &line, message, sizeof(message)), 2);
	assert_non_null(strstr(message, "open for writing"));
	close(fd);
}

/* What options_help() and options_version() write to stdout. */
static void help_of(enum command command, char *text, size_t size)
{
	int file = memfd_create("stdout", 0), saved = dup(STDOUT_FILENO);

	memset(text, 0, size);
	fflush(stdout);
	dup2(file, STDOUT_FILENO);
	options_help(command);
	options_version("libbpf 1.1");
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	assert_true(pread(file, text, size - 1, 0) > 0);
	close(saved);
	close(file);
}

/* The help text names every option of the contract, and fits a terminal. */
static void help_text(void **state)
{
	static const char *const names[] = {
		"-j, --json",
		"-1, --once",
		"-i, --interval DUR",
		"-d, --duration DUR",
		"-m, --min-age DUR",
		"-a, --all",
		"-p, --pid",
		"\nReports what is stuck: services, handshakes, readers, writers, loops, chains.\n",
		"-c, --comm NAME",
		"--port PORT",
		"--peer ADDR[/LEN]",
		"--netns",
		"--cgroup",
		"--record FILE",
		"--force",
		"--ready-fd N",
		"--exit-code",
		"--no-color",
		"-V, --version",
		"-h, --help",
		"handshakes",
		"readers",
		"writers",
		"closing",
		"chains",
		"services",
		"locks",
		"loops",
		"alias: epoll",
		"threads",
		"check",
		"replay FILE...",
		"schema",
	};
	char text[8192], *line, *rest = text;
	size_t i;

	(void)state;
	help_of(COMMAND_OVERVIEW, text, sizeof(text));
	assert_non_null(strstr(text, "\nsockstall " SOCKSTALL_VERSION " (libbpf 1.1)\n"));
	for (i = 0; i < COUNT_OF(names); i++) {
		if (!strstr(text, names[i]))
			fail_msg("%s", names[i]);
	}
	while ((line = strsep(&rest, "\n")))
		assert_true(strlen(line) <= 80);
}

/* Help of one command has exactly the options that it takes, each group once, and fits a terminal. */
static void help_of_each_command(void **state)
{
	char text[8192], name[64], *line, *rest;
	size_t i, j;

	(void)state;
	for (i = 1; i < command_spec_count; i++) {
		enum command command = command_specs[i].command;

		help_of(command, text, sizeof(text));
		snprintf(name, sizeof(name), "Usage: sockstall %s", command_specs[i].usage);
		assert_int_equal(strncmp(text, name, strlen(name)), 0);
		for (j = 0; j < option_spec_count; j++) {
			snprintf(name, sizeof(name), " --%s ", option_specs[j].name);
			if (!strstr(text, name) == option_fits(&option_specs[j], command))
				fail_msg("%s:%s", command_names[command], name);
		}
		for (rest = text; (line = strsep(&rest, "\n"));)
			assert_true(strlen(line) <= 80);
	}
}

/* They are what a person copies. */
static void examples_of_commands_are_valid(void **state)
{
	struct command_line line;
	struct options options;

	(void)state;
	for (size_t i = 0; i < command_spec_count * EXAMPLES; i++) {
		parse(&options, &line, command_specs[i / EXAMPLES].examples[i % EXAMPLES]);
		if (command_specs[i / EXAMPLES].command != COMMAND_HELP)
			assert_int_equal(options.scope.command, command_specs[i / EXAMPLES].command);
		options_free(&options);
	}
}

static void help_by_command(void **state)
{
	static const struct {
		const char *text;
		enum command command;
	} cases[] = {
		{"help", COMMAND_OVERVIEW},  {"--help", COMMAND_OVERVIEW},    {"help end", COMMAND_END},
		{"end --help", COMMAND_END}, {"-j end -h", COMMAND_END},      {"replay --help", COMMAND_REPLAY},
		{"help help", COMMAND_HELP}, {"threads -h", COMMAND_THREADS},
	};
	struct command_line line;
	struct options options;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		parse(&options, &line, cases[i].text);
		assert_true(options.help);
		assert_int_equal(options.scope.command, cases[i].command);
		options_free(&options);
	}
}

/* Every option is listed, and under one heading. */
static void groups_stand_together(void **state)
{
	(void)state;
	for (size_t i = 1; i < option_spec_count; i++)
		assert_true(option_specs[i].group >= option_specs[i - 1].group);
	for (size_t i = 0; i < option_spec_count; i++) {
		assert_true(option_specs[i].manual && option_specs[i].help);
		assert_int_equal(!option_specs[i].argument, !option_specs[i].set);
		assert_int_equal(option_specs[i].value == VALUE_WORDS, !!option_specs[i].words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations),
		cmocka_unit_test(nothing_given_is_the_overview),
		cmocka_unit_test(every_command),
		cmocka_unit_test(short_and_long_forms_before_and_behind),
		cmocka_unit_test(the_other_options),
		cmocka_unit_test(names_add_up),
		cmocka_unit_test(namespaces_add_up),
		cmocka_unit_test(ports_are_numbers_or_ranges),
		cmocka_unit_test(ports_have_names),
		cmocka_unit_test(the_ends_of_ranges),
		cmocka_unit_test(peers_become_mapped_addresses),
		cmocka_unit_test(cgroups_have_one_form),
		cmocka_unit_test(help_and_version_win),
		cmocka_unit_test(no_color_by_environment),
		cmocka_unit_test(usage_errors),
		cmocka_unit_test(a_ready_fd_must_be_writable),
		cmocka_unit_test(help_text),
		cmocka_unit_test(help_of_each_command),
		cmocka_unit_test(examples_of_commands_are_valid),
		cmocka_unit_test(help_by_command),
		cmocka_unit_test(groups_stand_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
