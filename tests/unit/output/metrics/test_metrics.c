/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <locale.h>

#include "make_look.h"
#include "output/metrics/metrics.h"
#include "sample.h"

#define EVIL "a\"b\\c\nd\xff"

static const struct selection everything = {0};

/*
 * What would be written, without the series of verdicts and kinds that are zero: there is one for each that the
 * table of columns has.
 */
static const char *text_of(const struct metrics *metrics)
{
	static char kept[1 << 16];
	struct buffer text = {0};
	char *line, *rest;
	size_t size = 0;

	assert_int_equal(metrics_text(&text, metrics), 0);
	assert_int_equal(buffer_append(&text, "", 1), 0);
	for (line = strtok_r(text.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (strstr(line, "{kind=") && !strcmp(line + strlen(line) - 2, " 0"))
			continue;
		size += (size_t)snprintf(kept + size, sizeof(kept) - size, "%s\n", line);
	}
	buffer_free(&text);
	return kept;
}

static struct row stuck_reader(const char *id, const char *comm, double age_s)
{
	struct row row = sample_reader();

	row.id = id;
	row.comm = row.process_comm = comm;
	row.age_s = age_s;
	return row;
}

/* 20 us twice, 3 ms once, 20 s once: each in the bucket that loop_record says. */
static void count_lags(struct loop_record *loop, __u32 times)
{
	loop->lag[12] += 2 * times; /* 16.4 us to 20.5 us */
	loop->lag[41] += times; /* 2.6 ms to 3.1 ms */
	loop->lag[91] += times; /* 15 s and more */
	loop->lag_ns += 20003040000ULL * times;
	loop->waits += 4 * times;
}

static struct service_record *add_service(struct look_builder *builder, __u16 port, __u64 answered_ns)
{
	struct service_record *service = look_add(builder, RECORD_SERVICE, 0);

	look_name(builder, &service->name, SOCKET_KIND_TCP, 10);
	look_connect(&service->name, "10.0.0.1", port, "0.0.0.0", 0);
	service->seen_ns = builder->seen_ns;
	service->answered_ns = answered_ns;
	return service;
}

/* One that answers, one that three wait for, and a log. */
static void add_services(struct look_builder *builder)
{
	struct service_record *service = add_service(builder, 80, builder->seen_ns - SECOND / 2);

	look_add_owner(builder, &service->name, 10, 5, EVIL);
	service = add_service(builder, 81, builder->seen_ns - 15 * SECOND);
	service->pending = 3;
	service->oldest_pending_ns = builder->seen_ns - 12 * SECOND;
	service = add_service(builder, 514, 0);
	service->pending = 9;
	service->asked = 9;
	service->oldest_pending_ns = builder->seen_ns - 50 * SECOND;
}

/* Two listeners with the same labels, one that is empty; services; a loop. */
static void build_look(struct look *look, __u64 seconds, __u32 lags)
{
	struct look_builder builder;
	struct look_record *head = look_begin(&builder, seconds * SECOND);
	struct listener_record *listener;

	head->cpu_ns = 1250 * MILLISECOND;
	look_add_sleeping(&builder, 10, 10, EVIL, 0);
	count_lags(look_add_loop(&builder), lags);
	listener = look_add_listener(&builder, "10.0.0.1", 80);
	listener->accept_queue = 3;
	listener->syn_queue = 1;
	look_add_owner(&builder, &listener->name, 10, 5, EVIL);
	listener = look_add_listener(&builder, "10.0.0.1", 80);
	listener->accept_queue = 129;
	look_add_owner(&builder, &listener->name, 10, 6, EVIL);
	listener = look_add_listener(&builder, "fd00::1", 8080);
	listener->max_syn_backlog = 100;
	listener->syncookies = 0;
	listener->of_kernel = 1; /* as an NFS server's */
	add_services(&builder);
	look_finish(&builder, look);
}

#define COMM "comm=\"a\\\"b\\\\c\\\\x0ad\\\\xff\""

static void everything_is_written(void **state)
{
	struct row rows[] = {stuck_reader("a", "java", 31.2), stuck_reader("b", EVIL, 4), stuck_reader("c", "java", 2),
			     stuck_reader("d", "java", 999), stuck_reader("e", "java", 999)};
	struct report report = {.rows = rows, .count = COUNT_OF(rows)};
	struct metrics metrics = {.selection = &everything, .memory_bytes = 6291456};
	struct row start, lost;
	struct look look = {0};

	(void)state;
	rows[3].stuck = false; /* only shown */
	rows[4].event = STALL_CLOSE;
	row_init(&start, ROW_START);
	start.start.version = "0.1.0";
	start.start.kernel = "6.1.0";
	row_init(&lost, ROW_LOST);
	lost.lost.where = "events";
	lost.lost.count = 12;
	assert_int_equal(metrics_record(&metrics, &start), 0);
	assert_int_equal(metrics_record(&metrics, &lost), 0);
	assert_int_equal(metrics_record(&metrics, &lost), 0);
	build_look(&look, 100, 1);
	assert_int_equal(metrics_look(&metrics, &report, &look), 0);
	assert_string_equal(
		text_of(&metrics),
		"# HELP sockstall_info Which sockstall this is, and on which kernel.\n"
		"# TYPE sockstall_info gauge\n"
		"sockstall_info{version=\"0.1.0\",kernel=\"6.1.0\"} 1\n"
		"# HELP sockstall_stalls Stalls at this moment, by kind and verdict.\n"
		"# TYPE sockstall_stalls gauge\n"
		"sockstall_stalls{kind=\"reader\",verdict=\"peer_dead\"} 3\n"
		"# HELP sockstall_process_stalls Stalls at this moment, by name of the process, kind and verdict; names beyond "
		"the worst are other.\n"
		"# TYPE sockstall_process_stalls gauge\n"
		"sockstall_process_stalls{comm=\"java\",kind=\"reader\",verdict=\"peer_dead\"} 2\n"
		"sockstall_process_stalls{" COMM ",kind=\"reader\",verdict=\"peer_dead\"} 1\n"
		"# HELP sockstall_stalls_opened_total Stalls that have begun to be reported, by kind.\n"
		"# TYPE sockstall_stalls_opened_total counter\n"
		"sockstall_stalls_opened_total{kind=\"reader\"} 3\n"
		"# HELP sockstall_oldest_stall_seconds Age of the oldest stall, by kind; 0: nothing is stuck.\n"
		"# TYPE sockstall_oldest_stall_seconds gauge\n"
		"# UNIT sockstall_oldest_stall_seconds seconds\n"
		"sockstall_oldest_stall_seconds{kind=\"reader\"} 31.2\n"
		"# HELP sockstall_listener_accept_queue Complete connections that wait for accept.\n"
		"# TYPE sockstall_listener_accept_queue gauge\n"
		"sockstall_listener_accept_queue{" COMM ",address=\"10.0.0.1\",port=\"80\",netns=\"4026531840\"} 132\n"
		"sockstall_listener_accept_queue{comm=\"kernel\",address=\"fd00::1\",port=\"8080\",netns=\"4026531840\"} 0\n"
		"# HELP sockstall_listener_accept_queue_limit How many the accept queue holds.\n"
		"# TYPE sockstall_listener_accept_queue_limit gauge\n"
		"sockstall_listener_accept_queue_limit{" COMM
		",address=\"10.0.0.1\",port=\"80\",netns=\"4026531840\"} 258\n"
		"sockstall_listener_accept_queue_limit{comm=\"kernel\",address=\"fd00::1\",port=\"8080\",netns=\"4026531840\"} 129\n"
		"# HELP sockstall_listener_syn_queue Half-open connections.\n"
		"# TYPE sockstall_listener_syn_queue gauge\n"
		"sockstall_listener_syn_queue{" COMM ",address=\"10.0.0.1\",port=\"80\",netns=\"4026531840\"} 1\n"
		"sockstall_listener_syn_queue{comm=\"kernel\",address=\"fd00::1\",port=\"8080\",netns=\"4026531840\"} 0\n"
		"# HELP sockstall_listener_syn_queue_limit Half-open connections at which SYNs are dropped, or answered with "
		"cookies.\n"
		"# TYPE sockstall_listener_syn_queue_limit gauge\n"
		"sockstall_listener_syn_queue_limit{" COMM
		",address=\"10.0.0.1\",port=\"80\",netns=\"4026531840\"} 256\n"
		"sockstall_listener_syn_queue_limit{comm=\"kernel\",address=\"fd00::1\",port=\"8080\",netns=\"4026531840\"} 75\n"
		"# HELP sockstall_listeners Listening TCP and unix sockets, those with the same labels as one.\n"
		"# TYPE sockstall_listeners gauge\n"
		"sockstall_listeners 2\n"
		"# HELP sockstall_listeners_omitted Listening TCP and unix sockets that are not listed: they are emptier than the listed ones.\n"
		"# TYPE sockstall_listeners_omitted gauge\n"
		"sockstall_listeners_omitted 0\n"
		"# HELP sockstall_service_pending Connections on which the client spoke last, of services that answer.\n"
		"# TYPE sockstall_service_pending gauge\n"
		"sockstall_service_pending{comm=\"\",address=\"10.0.0.1\",port=\"81\",netns=\"4026531840\"} 3\n"
		"sockstall_service_pending{" COMM ",address=\"10.0.0.1\",port=\"80\",netns=\"4026531840\"} 0\n"
		"sockstall_service_pending{comm=\"\",address=\"10.0.0.1\",port=\"514\",netns=\"4026531840\"} 0\n"
		"# HELP sockstall_service_oldest_pending_seconds How long the oldest of these has waited; 0: there is none.\n"
		"# TYPE sockstall_service_oldest_pending_seconds gauge\n"
		"# UNIT sockstall_service_oldest_pending_seconds seconds\n"
		"sockstall_service_oldest_pending_seconds{comm=\"\",address=\"10.0.0.1\",port=\"81\",netns=\"4026531840\"} 12\n"
		"sockstall_service_oldest_pending_seconds{" COMM
		",address=\"10.0.0.1\",port=\"80\",netns=\"4026531840\"} 0\n"
		"sockstall_service_oldest_pending_seconds{comm=\"\",address=\"10.0.0.1\",port=\"514\",netns=\"4026531840\"} 0\n"
		"# HELP sockstall_service_last_answer_seconds Since something was sent on any of its connections.\n"
		"# TYPE sockstall_service_last_answer_seconds gauge\n"
		"# UNIT sockstall_service_last_answer_seconds seconds\n"
		"sockstall_service_last_answer_seconds{comm=\"\",address=\"10.0.0.1\",port=\"81\",netns=\"4026531840\"} 15\n"
		"sockstall_service_last_answer_seconds{" COMM
		",address=\"10.0.0.1\",port=\"80\",netns=\"4026531840\"} 0.5\n"
		"# HELP sockstall_services Addresses and ports on which TCP services listen.\n"
		"# TYPE sockstall_services gauge\n"
		"sockstall_services 3\n"
		"# HELP sockstall_services_omitted Those that are not listed: clients wait less long for them than for the listed ones.\n"
		"# TYPE sockstall_services_omitted gauge\n"
		"sockstall_services_omitted 0\n"
		"# HELP sockstall_loop_lag_seconds Time that event loops spent from a return of their wait to the next, by "
		"name of the process.\n"
		"# TYPE sockstall_loop_lag_seconds histogram\n"
		"# UNIT sockstall_loop_lag_seconds seconds\n"
		"sockstall_loop_lag_seconds_bucket{" COMM ",le=\"0.000131072\"} 2\n"
		"sockstall_loop_lag_seconds_bucket{" COMM ",le=\"0.000262144\"} 2\n"
		"sockstall_loop_lag_seconds_bucket{" COMM ",le=\"0.000524288\"} 2\n"
		"sockstall_loop_lag_seconds_bucket{" COMM ",le=\"0.001048576\"} 2\n"
		"sockstall_loop_lag_seconds_bucket{" COMM ",le=\"0.002097152\"} 2\n"
		"sockstall_loop_lag_seconds_bucket{" COMM ",le=\"0.004194304\"} 3\n"
		"sockstall_loop_lag_seconds_bucket{" COMM ",le=\"0.008388608\"} 3\n"
		"sockstall_loop_lag_seconds_bucket{" COMM ",le=\"0.016777216\"} 3\n"
		"sockstall_loop_lag_seconds_bucket{" COMM ",le=\"0.033554432\"} 3\n"
		"sockstall_loop_lag_seconds_bucket{" COMM ",le=\"0.067108864\"} 3\n"
		"sockstall_loop_lag_seconds_bucket{" COMM ",le=\"0.134217728\"} 3\n"
		"sockstall_loop_lag_seconds_bucket{" COMM ",le=\"0.268435456\"} 3\n"
		"sockstall_loop_lag_seconds_bucket{" COMM ",le=\"0.536870912\"} 3\n"
		"sockstall_loop_lag_seconds_bucket{" COMM ",le=\"1.073741824\"} 3\n"
		"sockstall_loop_lag_seconds_bucket{" COMM ",le=\"2.147483648\"} 3\n"
		"sockstall_loop_lag_seconds_bucket{" COMM ",le=\"4.294967296\"} 3\n"
		"sockstall_loop_lag_seconds_bucket{" COMM ",le=\"8.589934592\"} 3\n"
		"sockstall_loop_lag_seconds_bucket{" COMM ",le=\"+Inf\"} 4\n"
		"sockstall_loop_lag_seconds_sum{" COMM "} 20.00304\n"
		"sockstall_loop_lag_seconds_count{" COMM "} 4\n"
		"# HELP sockstall_lost_total Things that could not be seen or kept, by kind.\n"
		"# TYPE sockstall_lost_total counter\n"
		"sockstall_lost_total{what=\"events\"} 24\n"
		"# HELP sockstall_looks_total Looks taken.\n"
		"# TYPE sockstall_looks_total counter\n"
		"sockstall_looks_total 1\n"
		"# HELP sockstall_last_look_timestamp_seconds When the last look was taken. If this is old, so is "
		"everything else here.\n"
		"# TYPE sockstall_last_look_timestamp_seconds gauge\n"
		"# UNIT sockstall_last_look_timestamp_seconds seconds\n"
		"sockstall_last_look_timestamp_seconds 1767225700\n"
		"# HELP sockstall_interval_seconds Time between looks, as it is in force.\n"
		"# TYPE sockstall_interval_seconds gauge\n"
		"# UNIT sockstall_interval_seconds seconds\n"
		"sockstall_interval_seconds 1\n"
		"# HELP sockstall_cpu_seconds_total CPU time that sockstall has used.\n"
		"# TYPE sockstall_cpu_seconds_total counter\n"
		"# UNIT sockstall_cpu_seconds_total seconds\n"
		"sockstall_cpu_seconds_total 1.25\n"
		"# HELP sockstall_resident_memory_bytes Memory that sockstall holds.\n"
		"# TYPE sockstall_resident_memory_bytes gauge\n"
		"# UNIT sockstall_resident_memory_bytes bytes\n"
		"sockstall_resident_memory_bytes 6291456\n");
	look_free(&look);
	metrics_free(&metrics);
}

static size_t count_of(const char *text, const char *what)
{
	size_t count = 0;

	for (const char *at = text; (at = strstr(at, what)); at++)
		count++;
	return count;
}

/* Every verdict of every kind is there from the beginning. */
static void nothing_is_zero(void **state)
{
	struct metrics metrics = {.selection = &everything};
	struct report report = {0};
	struct buffer text = {0};
	struct look look = {0};

	(void)state;
	build_look(&look, 100, 0);
	assert_int_equal(metrics_look(&metrics, &report, &look), 0);
	assert_int_equal(metrics_text(&text, &metrics), 0);
	assert_int_equal(buffer_append(&text, "", 1), 0);
	assert_non_null(strstr(text.data, "sockstall_stalls{kind=\"handshake\",verdict=\"peer_silent\"} 0\n"));
	assert_non_null(strstr(text.data, "sockstall_stalls{kind=\"loop\",verdict=\"dead_watches\"} 0\n"));
	assert_non_null(strstr(text.data, "sockstall_oldest_stall_seconds{kind=\"listener\"} 0\n"));
	assert_int_equal(count_of(text.data, "\nsockstall_process_stalls{"), 0);
	buffer_free(&text);
	look_free(&look);
	metrics_free(&metrics);
}

/* The counts after each of three looks: what a thread counted before it ended stays. */
static void a_histogram_only_grows(void **state)
{
	static const struct {
		__u32 lags, pid;
		uint64_t count, lag_ns;
	} steps[] = {
		{1, 10, 4, 20003040000ULL},
		{3, 10, 12, 60009120000ULL},
		{1, 11, 16, 80012160000ULL}, /* another process of this name in its place */
		{1, 11, 16, 80012160000ULL},
	};
	struct metrics metrics = {.selection = &everything};
	struct look_builder builder;
	struct look look = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		look_begin(&builder, (100 + i) * SECOND);
		look_add_sleeping(&builder, steps[i].pid, steps[i].pid, "node", 0);
		count_lags(look_add_loop(&builder), steps[i].lags);
		look_finish(&builder, &look);
		assert_int_equal(metrics_loops(&metrics, &look), 0);
		assert_int_equal(metrics.lag_count, 1);
		assert_int_equal(metrics.lags[0].count, steps[i].count);
		assert_int_equal(metrics.lags[0].lag_ns, steps[i].lag_ns);
		look_reset(&look);
	}
	look_free(&look);
	metrics_free(&metrics);
}

/* On old kernels a thread's counters may have to give way and begin anew. */
static void counters_that_begin_anew_are_no_step_back(void **state)
{
	struct metrics metrics = {.selection = &everything};
	struct look look = {0};

	(void)state;
	build_look(&look, 100, 5);
	assert_int_equal(metrics_loops(&metrics, &look), 0);
	look_reset(&look);
	build_look(&look, 101, 1);
	assert_int_equal(metrics_loops(&metrics, &look), 0);
	assert_int_equal(metrics.lags[0].count, 24);
	look_free(&look);
	metrics_free(&metrics);
}

static void the_number_of_series_is_bounded(void **state)
{
	static struct row rows[300];
	static char names[COUNT_OF(rows)][16];
	struct report report = {.rows = rows, .count = COUNT_OF(rows)};
	struct metrics metrics = {.selection = &everything};
	struct look_builder builder;
	struct look look = {0};
	const char *text;

	(void)state;
	look_begin(&builder, 100 * SECOND);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		/* Three names have ten each, and one of them is "other". */
		snprintf(names[i], sizeof(names[i]), "name-%zu", i < 30 ? i % 3 : i);
		if (i < 30 && !(i % 3))
			snprintf(names[i], sizeof(names[i]), "other");
		rows[i] = stuck_reader(names[i], names[i], 1);
		look_add_sleeping(&builder, 100 + i, 100 + i, names[i], 0);
		count_lags(look_add_loop(&builder), 1);
		look_add_listener(&builder, "10.0.0.1", 1000 + i)->accept_queue = i;
	}
	rows[COUNT_OF(rows) - 1].severity = 90; /* one alone, and it is the worst */
	look_finish(&builder, &look);
	assert_int_equal(metrics_look(&metrics, &report, &look), 0);
	text = text_of(&metrics);
	assert_int_equal(count_of(text, "\nsockstall_process_stalls{"), METRICS_COMMS);
	assert_non_null(
		strstr(text, "sockstall_process_stalls{comm=\"other\",kind=\"reader\",verdict=\"peer_dead\"} 263\n"));
	assert_non_null(
		strstr(text, "sockstall_process_stalls{comm=\"name-1\",kind=\"reader\",verdict=\"peer_dead\"} 10\n"));
	assert_non_null(
		strstr(text, "sockstall_process_stalls{comm=\"name-299\",kind=\"reader\",verdict=\"peer_dead\"} 1\n"));
	assert_int_equal(count_of(text, "\nsockstall_loop_lag_seconds_count{"), METRICS_COMMS);
	assert_int_equal(count_of(text, "\nsockstall_listener_accept_queue{"), METRICS_LISTENERS);
	assert_non_null(strstr(text, "port=\"1299\""));
	assert_null(strstr(text, "port=\"1249\""));
	assert_non_null(strstr(text, "sockstall_listeners 300\n"));
	assert_non_null(strstr(text, "sockstall_listeners_omitted 250\n"));
	look_free(&look);
	metrics_free(&metrics);
}

/* The filters of the command line hold for what no report has, too. */
static void filters_hold(void **state)
{
	struct metrics metrics = {.selection =
					  &(const struct selection){.comms = &(const char *){"java"}, .comm_count = 1}};
	struct look look = {0};

	(void)state;
	build_look(&look, 100, 1);
	assert_int_equal(metrics_listeners(&metrics, &look), 0);
	assert_int_equal(metrics_loops(&metrics, &look), 0);
	assert_int_equal(metrics.listeners.count, 0);
	assert_int_equal(metrics.lag_count, 0);
	metrics.selection = &(const struct selection){.ports = &(struct port_range){8080, 8080}, .port_count = 1};
	assert_int_equal(metrics_listeners(&metrics, &look), 0);
	assert_int_equal(metrics.listeners.count, 1);
	assert_int_equal(metrics.listeners.items[0].port, 8080);
	look_free(&look);
	metrics_free(&metrics);
}

/* Prometheus refuses a file in which a series stands twice: no process may bring that about by its name. */
static void names_that_look_alike_are_one_series(void **state)
{
	struct row rows[] = {stuck_reader("a", "x\x1b", 1), stuck_reader("b", "x\\x1b", 1),
			     stuck_reader("c", "x\xff", 1), stuck_reader("d", "x\xc2\x9b\xe2\x80\xae\xc3\xbc", 1)};
	struct report report = {.rows = rows, .count = COUNT_OF(rows)};
	struct metrics metrics = {.selection = &everything};
	const char *text;

	(void)state;
	setlocale(LC_ALL, "C"); /* as of a service: the file is the same */
	assert_int_equal(metrics_stalls(&metrics, &report), 0);
	text = text_of(&metrics);
	setlocale(LC_ALL, "C.UTF-8");
	assert_int_equal(count_of(text, "\nsockstall_process_stalls{"), 3);
	assert_non_null(strstr(text, "{comm=\"x\\\\x1b\",kind=\"reader\",verdict=\"peer_dead\"} 2\n"));
	assert_non_null(strstr(text, "{comm=\"x\\\\xff\","));
	assert_non_null(strstr(text, "{comm=\"x\\\\u009b\\\\u202e\xc3\xbc\","));
	metrics_free(&metrics);
}

static void a_long_name_is_cut_between_characters(void **state)
{
	char comm[SHORT_NAME_SIZE];
	char raw[16];

	(void)state;
	memset(raw, 0xff, 15); /* each becomes four characters */
	raw[15] = '\0';
	short_name(comm, raw);
	assert_int_equal(strlen(comm), 60);
	short_name(comm,
		   "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc"
		   "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc"
		   "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc");
	assert_int_equal(strlen(comm), 62);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_written),
		cmocka_unit_test(nothing_is_zero),
		cmocka_unit_test(a_histogram_only_grows),
		cmocka_unit_test(counters_that_begin_anew_are_no_step_back),
		cmocka_unit_test(the_number_of_series_is_bounded),
		cmocka_unit_test(filters_hold),
		cmocka_unit_test(names_that_look_alike_are_one_series),
		cmocka_unit_test(a_long_name_is_cut_between_characters),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
