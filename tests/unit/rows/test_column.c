/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <math.h>

#include "rows/column.h"
#include "sample.h"

#define LIFE_KEYS "event id since age_s age_at_least verdict severity why advice commands cause_id "
#define FOLD_KEYS "count pids oldest_s youngest_s "
/* Stacks of loops and threads are at the end of their records. */
#define LOOP_KEYS \
	"pid tid comm fd cgroup container unit pod namespace container_name image title code netns netns_name cookie "
#define WHO_KEYS \
	"pid tid comm fd cgroup container unit pod namespace container_name image title code user_stack netns netns_name cookie "
#define WHERE_KEYS "family local_addr local_port peer_addr peer_port peer_name "

/* The keys of each record, in their order: written out here, so that none is renamed or dropped by mistake. */
static const char *const keys[ROW_TYPES] = {
	[ROW_START] =
		"v type time version kernel host command arguments interval_s probes_used probes_missing flight_s",
	[ROW_HANDSHAKE] = "v type time host " LIFE_KEYS FOLD_KEYS WHO_KEYS WHERE_KEYS "path "
			  "side stage retransmits retransmits_max next_retransmit_s gives_up_s accept_queue "
			  "accept_queue_max syn_queue bytes_waiting peer_pid peer_comm",
	[ROW_LISTENER] =
		"v type time host " LIFE_KEYS FOLD_KEYS WHO_KEYS WHERE_KEYS "path "
		"accept_queue accept_queue_max somaxconn syn_queue drops drops_per_s half_open oldest_half_open_s top_sources "
		"acceptors",
	[ROW_READER] = "v type time host " LIFE_KEYS FOLD_KEYS WHO_KEYS WHERE_KEYS
		       "syscall kind state role last_received_s last_sent_s bytes_received bytes_sent unacked_bytes "
		       "retransmits keepalive keepalive_probes rcvtimeo_s user_timeout_s returns_by_s "
		       "keepalive_probes_max keepalive_idle_s keepalive_interval_s alarm_s dns_try "
		       "peer_pid peer_comm waiter epoll_fd",
	[ROW_WRITER] =
		"v type time host " LIFE_KEYS FOLD_KEYS WHO_KEYS WHERE_KEYS
		"syscall kind state last_received_s last_sent_s unsent_bytes unacked_bytes peer_window window_closed_s "
		"retransmits window_probes sndtimeo_s user_timeout_s returns_by_s peer_pid peer_comm "
		"waiter epoll_fd",
	[ROW_SERVICE] =
		"v type time host " LIFE_KEYS WHO_KEYS WHERE_KEYS "path "
		"connections pending oldest_pending_s last_answer_s answers_per_s requests_per_s accept_queue "
		"accept_queue_max syn_queue drops_per_s lag_max_s awaits awaits_addr awaits_port awaits_oldest_s cause",
	[ROW_LOCK] = "v type time host " LIFE_KEYS WHO_KEYS WHERE_KEYS
		     "kind address path waiters holder_pid holder_tid holder_comm holder_in",
	[ROW_CHAIN] = "v type time host " LIFE_KEYS WHO_KEYS WHERE_KEYS "waiters links",
	[ROW_CLOSING] = "v type time host " LIFE_KEYS FOLD_KEYS WHO_KEYS WHERE_KEYS
			"state fault connections last_received_s last_sent_s unread_bytes unsent_bytes unacked_bytes "
			"retransmits orphaned eof_read keepalive gives_up_s",
	[ROW_LOOP] =
		"v type time host " LIFE_KEYS FOLD_KEYS LOOP_KEYS WHERE_KEYS
		"interface epoll_fd waits_per_s events_per_s events_per_wait empty_per_s timeout_s max_events "
		"busy_ratio lag_p50_s lag_p99_s lag_max_s lag_cpu_s lag_runqueue_s lag_throttled_s lag_blocked_s "
		"lag_histogram wait_p50_s wait_p99_s now now_s now_in watches watches_edge watches_oneshot watches_idle_unbounded "
		"watch_limit fd_limit highest_fd runtime set_bytes_per_s open_fds process_sockets "
		"process_threads user_watches kernel_stack user_stack",
	[ROW_THREAD] =
		"v type time host count tids oldest_s youngest_s pid tid comm cgroup container unit pod namespace container_name image title code netns netns_name state syscall now_s now_in now_at_least "
		"created "
		"creator_tid shares stack_start stack_end stack_guard stack_used cpu_s switches switches_voluntary "
		"switches_involuntary kernel_stack user_stack",
	[ROW_REGION] =
		"v type time host pid tid comm cgroup container unit pod namespace container_name image title netns netns_name start end bytes permissions kind path",
	[ROW_WATCH] =
		"v type time host pid tid comm fd cgroup container unit pod namespace container_name image title netns netns_name cookie " WHERE_KEYS
		"epoll_fd kind state events edge oneshot exclusive rdhup last_received_s last_sent_s unread_bytes "
		"unread_s keepalive ends_by_s idle_unbounded",
	[ROW_DIFFERENCE] =
		"v type time change kind comm netns_name local_addr local_port peer_addr peer_port verdict_before "
		"verdict_after most_before most_after oldest_before_s oldest_after_s why",
	[ROW_CHECK] = "v type time part name state purpose reason effect remedy syscalls capabilities verified",
	[ROW_PROCESS] =
		"v type time host event id since age_s age_at_least verdict severity why advice commands pid comm cgroup container unit pod namespace container_name image title netns netns_name "
		"reads_lost reads_of",
	[ROW_LOST] = "v type time host where count pid comm why",
	[ROW_ACTION] =
		"v type time id pid tid comm fd netns cookie family local_addr local_port peer_addr peer_port how result "
		"what follows warning error state peer answer_s keepalive_time_s keepalive_interval_s keepalive_probes",
	[ROW_END] = "v type time host looks records lost cpu_s",
};

static void keys_are_those_of_the_contract_in_its_order(void **state)
{
	(void)state;
	for (enum row_type type = 0; type < ROW_TYPES; type++) {
		char found[1024] = "";

		for (size_t i = 0; i < column_count; i++) {
			if (!(columns[i].types & ROW_BIT(type)))
				continue;
			if (*found)
				strcat(found, " ");
			strcat(found, columns[i].key);
		}
		assert_string_equal(found, keys[type]);
	}
}

static void every_column_is_complete(void **state)
{
	(void)state;
	for (size_t i = 0; i < column_count; i++) {
		assert_non_null(columns[i].description);
		assert_true(columns[i].offset < sizeof(struct row));
		assert_true(columns[i].types && columns[i].types < ROW_BIT(ROW_TYPES));
		assert_true(!columns[i].values || columns[i].kind == COLUMN_TEXT || columns[i].kind == COLUMN_EVENT);
		for (size_t j = 0; j < COUNT_OF(columns[i].joins) && columns[i].joins[j]; j++) {
			for (enum row_type type = 0; type < ROW_TYPES; type++) {
				if (columns[i].types & ROW_BIT(type))
					assert_non_null(column_find(columns[i].joins[j], type));
			}
		}
	}
}

static void find_keeps_to_the_type(void **state)
{
	(void)state;
	assert_int_equal(column_find("retransmits", ROW_READER)->offset, offsetof(struct row, reader.tcp.retransmits));
	assert_int_equal(column_find("retransmits", ROW_HANDSHAKE)->offset,
			 offsetof(struct row, handshake.retransmits));
	assert_string_equal(column_find("verdict", ROW_LOOP)->values[1], "stalled");
	assert_null(column_find("retransmits", ROW_LOOP));
	assert_null(column_find("no_such_key", ROW_READER));
}

/* All of them, each once; the process stands before its thread. */
static void the_screen_has_an_order_of_its_own(void **state)
{
	size_t moved = 0, comm = 0, tids = 0;

	(void)state;
	for (size_t i = 0; i < column_count; i++) {
		const struct column *column = column_on_screen(i);

		for (size_t j = 0; j < i; j++)
			assert_ptr_not_equal(column_on_screen(j), column);
		assert_in_range(column - columns, 0, column_count - 1);
		moved += column != &columns[i];
		comm += !strcmp(column->key, "comm");
		tids += !strcmp(column->key, "tid");
		assert_true(tids == 0 || comm > 0);
	}
	assert_true(tids > 0);
	assert_int_equal(moved, tids + 1);
}

static void init_makes_everything_unknown(void **state)
{
	(void)state;
	for (enum row_type type = 0; type < ROW_TYPES; type++) {
		struct row row;

		memset(&row, 0xa5, sizeof(row));
		row_init(&row, type);
		assert_int_equal(row.type, type);
		assert_int_equal(row.event, STALL_NONE);
		assert_int_equal(row.pid, NOT_KNOWN);
		assert_int_equal(row.peer_port, NOT_KNOWN);
		assert_true(isnan(row.age_s));
		assert_null(row.id);
		assert_int_equal(row.stuck + row.severity + row.change_key, 0);
		for (size_t i = 0; i < column_count; i++) {
			if (columns[i].types & ROW_BIT(type) && !columns[i].never_null)
				assert_false(column_known(&columns[i], &row));
		}
	}
}

static void a_bool_knows_three_states(void **state)
{
	const struct column *keepalive = column_find("keepalive", ROW_READER);
	struct row row;

	(void)state;
	row_init(&row, ROW_READER);
	assert_false(column_known(keepalive, &row));
	row.reader.keepalive = 0;
	assert_true(column_known(keepalive, &row));
	row.reader.keepalive = 1;
	assert_true(column_known(keepalive, &row));
}

static void infinity_is_not_known(void **state)
{
	struct row row;

	(void)state;
	row_init(&row, ROW_READER);
	row.age_s = INFINITY;
	assert_false(column_known(column_find("age_s", ROW_READER), &row));
	row.age_s = 0;
	assert_true(column_known(column_find("age_s", ROW_READER), &row));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_those_of_the_contract_in_its_order),
		cmocka_unit_test(every_column_is_complete),
		cmocka_unit_test(find_keeps_to_the_type),
		cmocka_unit_test(the_screen_has_an_order_of_its_own),
		cmocka_unit_test(init_makes_everything_unknown),
		cmocka_unit_test(a_bool_knows_three_states),
		cmocka_unit_test(infinity_is_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
