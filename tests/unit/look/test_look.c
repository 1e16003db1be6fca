/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "make_look.h"

#define ESTABLISHED 1

static void everything_has_its_array(void **state)
{
	struct look_builder builder;
	struct look look = {0};
	struct instance_record *instance;
	struct listener_record *listener;
	struct socket_record *socket;

	(void)state;
	look_begin(&builder, 100 * SECOND);
	look_add_thread(&builder, 10, 10, "plain");
	look_add_sleeping(&builder, 10, 12, "both", 60 * SECOND);
	look_add_thread_socket(&builder, SOCKET_KIND_TCP, ESTABLISHED);
	look_add_loop(&builder)->waits = 7;
	look_add_thread(&builder, 10, 11, "loop");
	look_add_loop(&builder)->waits = 8;
	look_add_detail(&builder)->user_sp = 9;
	socket = look_add_socket(&builder, SOCKET_KIND_TCP, ESTABLISHED);
	listener = look_add_listener(&builder, "10.0.0.1", 80);
	look_add_request(&builder, listener, "10.0.0.9", 5000, 99 * SECOND);
	look_add_owner(&builder, &socket->name, 10, 3, "plain");
	look_add_epoll(&builder, 10, 4);
	look_add_event(&builder, EVENT_CONNECT, &socket->name);
	look_add_process(&builder, 10, "/a.slice/b.scope");
	look_add_netns(&builder, 4026531840u, "blue");
	instance = look_add_instance(&builder, 10, 4);
	look_add_watch(&builder, instance, 7);
	look_add_watch_socket(&builder, look_add_watch(&builder, instance, 8), SOCKET_KIND_TCP, ESTABLISHED);
	look_add_instance(&builder, 10, 5);
	look_add_region(&builder, 10, 0x1000, 0x3000, "r-xp", "/bin/plain");
	look_add_held(&builder, &socket)->waiter_tid = 12;
	socket->unread_bytes = 5;
	look_add_lost(&builder, LOST_EVENTS, 17);
	look_finish(&builder, &look);

	assert_int_equal(look.held.count, 1);
	assert_int_equal(look.held.items[0].held->waiter_tid, 12);
	assert_int_equal(look.held.items[0].socket->unread_bytes, 5);
	assert_ptr_equal(look_held(&look, look.held.items[0].socket->name.cookie), &look.held.items[0]);
	assert_null(look_held(&look, 0));

	assert_int_equal(look.head->seen_ns, 100 * SECOND);
	assert_int_equal(look.threads.count, 3);
	assert_int_equal(look.sockets.count, 1);
	assert_int_equal(look.listeners.count, 1);
	assert_int_equal(look.requests.count, 1);
	assert_int_equal(look.requests.items[0]->listener_cookie, look.listeners.items[0]->name.cookie);
	assert_int_equal(look.owners.count, 1);
	assert_int_equal(look.epolls.count, 1);
	assert_int_equal(look.events.count, 1);
	assert_int_equal(look.processes.count, 1);
	assert_int_equal(look.namespaces.count, 1);
	assert_string_equal(look.namespaces.items[0]->name, "blue");
	assert_null(look.threads.items[0].detail);
	assert_int_equal(look_thread(&look, 10, 11)->detail->user_sp, 9);
	assert_int_equal(look.regions.count, 1);
	assert_int_equal(look.instances.count, 2);
	assert_int_equal(look.watches.count, 2);
	assert_ptr_equal(look.watches.items[1].instance, look.instances.items[0]);
	assert_int_equal(look.watches.items[0].watch->fd, 7);
	assert_null(look.watches.items[0].socket);
	assert_int_equal(look.watches.items[1].socket->name.kind, SOCKET_KIND_TCP);
	assert_string_equal(look.regions.items[0]->name, "/bin/plain");
	assert_int_equal(look.lost.count, 1);
	assert_int_equal(look.lost.items[0]->count, 17);
	look_free(&look);
	assert_null(look.head);
}

static void threads_are_sorted_and_found(void **state)
{
	struct look_builder builder;
	struct look look = {0};
	const struct thread_view *view;

	(void)state;
	look_begin(&builder, 100 * SECOND);
	look_add_thread(&builder, 30, 31, "c");
	look_add_thread(&builder, 10, 12, "b");
	look_add_thread_socket(&builder, SOCKET_KIND_UDP, 7);
	look_add_loop(&builder)->waits = 5;
	look_add_loop_of(&builder, LOOP_SELECT)->waits = 7;
	look_add_thread(&builder, 10, 10, "a");
	look_finish(&builder, &look);

	assert_int_equal(look.threads.items[0].thread->tid, 10);
	assert_int_equal(look.threads.items[1].thread->tid, 12);
	assert_int_equal(look.threads.items[2].thread->tid, 31);
	view = look_thread(&look, 10, 12);
	assert_non_null(view);
	assert_string_equal(view->thread->comm, "b");
	assert_int_equal(view->socket->name.kind, SOCKET_KIND_UDP);
	assert_int_equal(view->loop->waits, 5);
	assert_int_equal(view->loop_count, 2);
	assert_ptr_equal(look_loop(view, LOOP_EPOLL), view->loop);
	assert_int_equal(look_loop(view, LOOP_SELECT)->waits, 7);
	assert_null(look_loop(view, LOOP_POLL));
	view = look_thread(&look, 10, 10);
	assert_null(view->socket);
	assert_null(view->loop);
	assert_null(look_thread(&look, 10, 11));
	assert_null(look_thread(&look, 31, 31));
	assert_null(look_thread(&look, 99, 1));
	look_free(&look);
}

/* What is judged once for a process is judged with the first of its threads that has counters. */
static void the_first_loop_of_a_process(void **state)
{
	struct look_builder builder;
	struct look look = {0};

	(void)state;
	look_begin(&builder, 100 * SECOND);
	look_add_thread(&builder, 10, 14, "behind");
	look_add_thread(&builder, 10, 13, "second");
	look_add_loop(&builder);
	look_add_thread(&builder, 10, 12, "first");
	look_add_loop(&builder);
	look_add_thread(&builder, 10, 11, "before");
	look_add_thread(&builder, 20, 21, "other");
	look_add_loop(&builder);
	look_finish(&builder, &look);

	assert_false(look_thread(&look, 10, 11)->after_loop);
	assert_false(look_thread(&look, 10, 12)->after_loop);
	assert_true(look_thread(&look, 10, 13)->after_loop);
	assert_true(look_thread(&look, 10, 14)->after_loop);
	assert_false(look_thread(&look, 20, 21)->after_loop);
	look_free(&look);
}

static void notes_and_usages(void **state)
{
	struct look_builder builder;
	struct look look = {0};

	(void)state;
	look_begin(&builder, 100 * SECOND);
	look_add_note(&builder, 20, NOTE_USER_STACK, "b");
	look_add_note(&builder, 20, NOTE_WHERE, "/a/path");
	look_add_note(&builder, 10, NOTE_WHERE, "12345678");
	look_add_usage(&builder, 30, "go");
	look_add_usage(&builder, 20, "nginx");
	look_finish(&builder, &look);
	assert_string_equal(look_note(&look, 20, NOTE_WHERE), "/a/path");
	assert_string_equal(look_note(&look, 20, NOTE_USER_STACK), "b");
	assert_string_equal(look_note(&look, 10, NOTE_WHERE), "12345678");
	assert_null(look_note(&look, 20, NOTE_KERNEL_STACK));
	assert_null(look_note(&look, 99, NOTE_WHERE));
	assert_string_equal(look_usage(&look, 20)->runtime, "nginx");
	assert_string_equal(look_usage(&look, 30)->runtime, "go");
	assert_null(look_usage(&look, 25));
	assert_null(look_usage(&look, 31));
	look_free(&look);
}

static void owners_of_a_cookie(void **state)
{
	struct socket_name seven = {.cookie = 7}, five = {.cookie = 5}, none = {.cookie = 0};
	struct look_builder builder;
	struct look look = {0};
	const struct owner_record *const *owners;
	size_t count;

	(void)state;
	look_begin(&builder, 100 * SECOND);
	look_add_owner(&builder, &seven, 20, 3, "x");
	look_add_owner(&builder, &five, 20, 4, "x");
	look_add_owner(&builder, &seven, 10, 9, "x");
	look_add_owner(&builder, &seven, 10, 8, "x");
	look_add_owner(&builder, &none, 10, 7, "x");
	look_finish(&builder, &look);

	owners = look_owners(&look, 7, &count);
	assert_int_equal(count, 3);
	assert_int_equal(owners[0]->fd, 8);
	assert_int_equal(owners[1]->fd, 9);
	assert_int_equal(owners[2]->pid, 20);
	assert_non_null(look_owners(&look, 5, &count));
	assert_int_equal(count, 1);
	assert_null(look_owners(&look, 6, &count));
	assert_int_equal(count, 0);
	assert_null(look_owners(&look, 8, &count));
	assert_null(look_owners(&look, 0, &count));
	assert_int_equal(count, 0);
	look_free(&look);
}

static void cgroups_of_processes(void **state)
{
	struct look_builder builder;
	struct look look = {0};

	(void)state;
	look_begin(&builder, 100 * SECOND);
	look_add_process(&builder, 30, "/1234567");
	look_add_process(&builder, 10, "/");
	look_add_process(&builder, 20, "/123456");
	look_finish(&builder, &look);
	assert_string_equal(look_cgroup(&look, 10), "/");
	assert_string_equal(look_cgroup(&look, 20), "/123456");
	assert_string_equal(look_cgroup(&look, 30), "/1234567");
	assert_null(look_cgroup(&look, 15));
	assert_null(look_cgroup(&look, 31));
	look_free(&look);
}

static void a_comm_without_end_becomes_text(void **state)
{
	static const char full[16] = {'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'};
	struct arena arena = {0};

	(void)state;
	assert_string_equal(look_comm(&arena, full), "0123456789abcdef");
	assert_string_equal(look_comm(&arena, "a\033[2J\"\377\n\0\0\0\0\0\0\0"), "a\033[2J\"\377\n");
	arena_free(&arena);
}

static void realtime_by_the_pair_of_clocks(void **state)
{
	struct look_builder builder;
	struct look look = {0};

	(void)state;
	look_begin(&builder, 100 * SECOND);
	look_finish(&builder, &look);
	assert_true(look_realtime(&look, 100 * SECOND) == LOOK_REALTIME_OFFSET + 100 * SECOND);
	assert_true(look_realtime(&look, 40 * SECOND) == LOOK_REALTIME_OFFSET + 40 * SECOND);
	assert_true(look_realtime(&look, 101 * SECOND) == LOOK_REALTIME_OFFSET + 101 * SECOND);
	assert_true(look_realtime(&look, 0) == 0);
	look_free(&look);
}

static void asleep_since(void **state)
{
	static const struct {
		const char *what;
		__u64 last_arrival, slice;
		__u32 flags;
		__s64 offset;
		__u32 offset_valid;
		__u64 expected;
	} cases[] = {
		{"fair", 50, 3, THREAD_SLEEPING | THREAD_FAIR, 0, 1, 53},
		{"offset forward", 50, 3, THREAD_SLEEPING | THREAD_FAIR, 10, 1, 63},
		{"offset back", 50, 3, THREAD_SLEEPING | THREAD_FAIR, -10, 1, 43},
		{"realtime: slice is not valid", 50, 3, THREAD_SLEEPING, 0, 1, 50},
		{"not asleep", 50, 3, THREAD_FAIR, 0, 1, 0},
		{"no sched_info", 0, 3, THREAD_SLEEPING | THREAD_FAIR, 0, 1, 0},
		{"clock not calibrated", 50, 3, THREAD_SLEEPING | THREAD_FAIR, 0, 0, 0},
		{"never later than seen", 99, 30, THREAD_SLEEPING | THREAD_FAIR, 0, 1, 100},
		{"overflow of the slice", 50, ~0ULL, THREAD_SLEEPING | THREAD_FAIR, 0, 1, 0},
		{"before the clock's zero", 5, 0, THREAD_SLEEPING | THREAD_FAIR, -10, 1, 0},
		{"overflow of the offset", ~0ULL, 0, THREAD_SLEEPING | THREAD_FAIR, INT64_MAX, 1, 0},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct look_builder builder;
		struct look look = {0};
		struct look_record *head = look_begin(&builder, 100);
		struct thread_record *thread = look_add_thread(&builder, 1, 1, "x");

		head->sched_offset_ns = cases[i].offset;
		head->sched_offset_valid = cases[i].offset_valid;
		thread->last_arrival = cases[i].last_arrival;
		thread->slice_ns = cases[i].slice;
		thread->flags = cases[i].flags;
		look_finish(&builder, &look);
		if (look_asleep_since(&look, look.threads.items[0].thread) != cases[i].expected)
			fail_msg("%s", cases[i].what);
		look_free(&look);
	}
}

/* Damage: each case takes a good look's bytes and spoils them. */

static struct process_record *process_of(struct look *look)
{
	return (void *)(look->bytes.data + look->bytes.size - sizeof(struct process_record) - 8);
}

static struct thread_record *thread_of(struct look *look)
{
	return (void *)(look->bytes.data + sizeof(struct look_record));
}

static void no_bytes(struct look *look)
{
	look->bytes.size = 0;
}

static void half_a_header(struct look *look)
{
	look->bytes.size = 4;
}

static void cut_short(struct look *look)
{
	look->bytes.size -= 8;
}

static void bytes_behind(struct look *look)
{
	assert_int_equal(buffer_append(&look->bytes, NULL, 3), 0);
}

static void unknown_type(struct look *look)
{
	thread_of(look)->header.type = RECORD_TYPES;
}

static void type_zero(struct look *look)
{
	thread_of(look)->header.type = 0;
}

static void size_zero(struct look *look)
{
	thread_of(look)->header.size = 0;
}

static void size_too_large(struct look *look)
{
	thread_of(look)->header.size += 8;
}

static void size_far_too_large(struct look *look)
{
	thread_of(look)->header.size = 0xfffffff8;
}

static void head_is_missing(struct look *look)
{
	look->bytes.size -= sizeof(struct look_record);
	memmove(look->bytes.data, look->bytes.data + sizeof(struct look_record), look->bytes.size);
}

static void second_head(struct look *look)
{
	struct look_record head;

	memcpy(&head, look->bytes.data, sizeof(head));
	assert_int_equal(buffer_append(&look->bytes, &head, sizeof(head)), 0);
}

static void loop_without_thread(struct look *look)
{
	struct loop_record loop = {.header = {RECORD_LOOP, sizeof(loop)}};

	assert_int_equal(buffer_append(&look->bytes, &loop, sizeof(loop)), 0);
}

static void note_without_end(struct look *look)
{
	struct look_builder builder = {0};
	struct note_record *note = look_add_note(&builder, 5, NOTE_WHERE, "1234567");

	note->text[7] = 'x';
	assert_int_equal(buffer_append(&look->bytes, note, note->header.size), 0);
	free(note);
	free(builder.records);
}

static void runtime_without_end(struct look *look)
{
	struct usage_record usage = {.header = {RECORD_USAGE, sizeof(usage)}};

	memset(usage.runtime, 'x', sizeof(usage.runtime));
	assert_int_equal(buffer_append(&look->bytes, &usage, sizeof(usage)), 0);
}

/* The thread's loops must come in the order of their interfaces, each once. */
static void same_interface_twice(struct look *look)
{
	struct thread_record thread = *thread_of(look);
	struct loop_record loop = {.header = {RECORD_LOOP, sizeof(loop)}, .interface = LOOP_POLL};

	thread.loops = 2;
	thread.flags = 0;
	assert_int_equal(buffer_append(&look->bytes, &thread, sizeof(thread)), 0);
	assert_int_equal(buffer_append(&look->bytes, &loop, sizeof(loop)), 0);
	assert_int_equal(buffer_append(&look->bytes, &loop, sizeof(loop)), 0);
}

static void unknown_interface(struct look *look)
{
	struct thread_record thread = *thread_of(look);
	struct loop_record loop = {.header = {RECORD_LOOP, sizeof(loop)}, .interface = LOOP_INTERFACES};

	thread.loops = 1;
	thread.flags = 0;
	assert_int_equal(buffer_append(&look->bytes, &thread, sizeof(thread)), 0);
	assert_int_equal(buffer_append(&look->bytes, &loop, sizeof(loop)), 0);
}

static void socket_announced_but_missing(struct look *look)
{
	thread_of(look)->flags |= THREAD_HAS_SOCKET;
}

static void loop_announced_but_missing(struct look *look)
{
	thread_of(look)->loops++;
}

static void announced_at_the_end(struct look *look)
{
	thread_of(look)->loops++;
	look->bytes.size = sizeof(struct look_record) + sizeof(struct thread_record);
}

static void cgroup_without_end(struct look *look)
{
	memset(process_of(look)->cgroup, 'x', 8);
	process_of(look)->cgroup_length = 8;
}

static void cgroup_length_too_large(struct look *look)
{
	process_of(look)->cgroup_length = 0xffffffff;
}

static void cgroup_length_too_small(struct look *look)
{
	process_of(look)->cgroup_length = 1;
}

static void process_without_text(struct look *look)
{
	process_of(look)->header.size = sizeof(struct process_record);
	look->bytes.size -= 8;
}

static void process_smaller_than_itself(struct look *look)
{
	process_of(look)->header.size = 8;
}

static void process_of_odd_size(struct look *look)
{
	process_of(look)->header.size -= 1;
}

static void netns_name_without_end(struct look *look)
{
	struct netns_record netns = {.header = {RECORD_NETNS, sizeof(netns)}};

	memset(netns.name, 'x', sizeof(netns.name));
	assert_int_equal(buffer_append(&look->bytes, &netns, sizeof(netns)), 0);
}

static void append(struct look *look, const void *record, size_t size)
{
	assert_int_equal(buffer_append(&look->bytes, record, size), 0);
}

static void detail_without_thread(struct look *look)
{
	struct detail_record detail = {.header = {RECORD_DETAIL, sizeof(detail)}};

	append(look, &detail, sizeof(detail));
}

static void detail_announced_but_missing(struct look *look)
{
	thread_of(look)->flags |= THREAD_HAS_DETAIL;
}

static void watch_without_instance(struct look *look)
{
	struct watch_record watch = {.header = {RECORD_WATCH, sizeof(watch)}};

	append(look, &watch, sizeof(watch));
}

static void held_without_socket(struct look *look)
{
	struct held_record held = {.header = {RECORD_HELD, sizeof(held)}};

	append(look, &held, sizeof(held));
}

static void watch_announced_but_missing(struct look *look)
{
	struct instance_record instance = {.header = {RECORD_INSTANCE, sizeof(instance)}, .listed = 1};

	append(look, &instance, sizeof(instance));
}

static void too_many_watches(struct look *look)
{
	watch_announced_but_missing(look);
	watch_without_instance(look);
	watch_without_instance(look);
}

static void socket_of_watch_missing(struct look *look)
{
	struct watch_record watch = {.header = {RECORD_WATCH, sizeof(watch)}, .flags = WATCH_HAS_SOCKET};

	watch_announced_but_missing(look);
	append(look, &watch, sizeof(watch));
}

static void watch_name_without_end(struct look *look)
{
	struct watch_record watch = {.header = {RECORD_WATCH, sizeof(watch)}};

	memset(watch.name, 'x', sizeof(watch.name));
	watch_announced_but_missing(look);
	append(look, &watch, sizeof(watch));
}

static void region(struct look *look, __u64 start, __u64 end, char permission, __u32 length, char text)
{
	struct {
		struct region_record record;
		char name[8];
	} region = {.record = {.header = {RECORD_REGION, sizeof(region)}, .start = start, .end = end}};

	memset(region.record.permissions, permission, sizeof(region.record.permissions));
	region.record.name_length = length;
	memset(region.name, text, sizeof(region.name));
	append(look, &region, sizeof(region));
}

static void region_without_size(struct look *look)
{
	region(look, 5, 5, 0, 0, 0);
}

static void region_permissions_without_end(struct look *look)
{
	region(look, 1, 5, 'r', 0, 0);
}

static void region_name_without_end(struct look *look)
{
	region(look, 1, 5, 0, 8, 'x');
}

static void region_name_too_long(struct look *look)
{
	region(look, 1, 5, 0, 0xffffffff, 0);
}

static void good_look(struct look *look)
{
	struct look_builder builder;

	look_begin(&builder, 100 * SECOND);
	look_add_thread(&builder, 1, 1, "x");
	look_add_process(&builder, 1, "/abc");
	look_finish(&builder, look);
}

static void damage_is_refused(void **state)
{
	static const struct {
		const char *what;
		void (*spoil)(struct look *look);
	} cases[] = {
#define CASE(name) {#name, name}
		CASE(no_bytes),
		CASE(half_a_header),
		CASE(cut_short),
		CASE(bytes_behind),
		CASE(unknown_type),
		CASE(type_zero),
		CASE(size_zero),
		CASE(size_too_large),
		CASE(size_far_too_large),
		CASE(head_is_missing),
		CASE(second_head),
		CASE(loop_without_thread),
		CASE(note_without_end),
		CASE(runtime_without_end),
		CASE(same_interface_twice),
		CASE(unknown_interface),
		CASE(socket_announced_but_missing),
		CASE(loop_announced_but_missing),
		CASE(announced_at_the_end),
		CASE(cgroup_without_end),
		CASE(cgroup_length_too_large),
		CASE(cgroup_length_too_small),
		CASE(process_without_text),
		CASE(process_smaller_than_itself),
		CASE(process_of_odd_size),
		CASE(detail_without_thread),
		CASE(detail_announced_but_missing),
		CASE(watch_without_instance),
		CASE(held_without_socket),
		CASE(watch_announced_but_missing),
		CASE(too_many_watches),
		CASE(socket_of_watch_missing),
		CASE(watch_name_without_end),
		CASE(region_without_size),
		CASE(region_permissions_without_end),
		CASE(region_name_without_end),
		CASE(region_name_too_long),
		CASE(netns_name_without_end),
#undef CASE
	};
	struct look look = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		good_look(&look);
		cases[i].spoil(&look);
		if (look_index(&look) != -EBADMSG)
			fail_msg("%s", cases[i].what);
		assert_null(look.head);
		assert_int_equal(look.threads.count, 0);
	}
	look_free(&look);
}

/* Every byte of a look takes every single-bit error: either refused, or indexed without a bad access. */
static void flipped_bits_do_no_harm(void **state)
{
	struct look_builder builder;
	struct look look = {0};
	size_t i, bit, threads = 0;

	(void)state;
	look_begin(&builder, 100 * SECOND);
	look_add_thread(&builder, 1, 1, "x");
	look_add_thread_socket(&builder, SOCKET_KIND_TCP, ESTABLISHED);
	look_add_loop(&builder);
	look_add_socket(&builder, SOCKET_KIND_TCP, ESTABLISHED);
	look_add_process(&builder, 1, "/abc");
	look_finish(&builder, &look);
	for (i = 0; i < look.bytes.size; i++) {
		for (bit = 0; bit < 8; bit++) {
			look.bytes.data[i] ^= 1 << bit;
			if (look_index(&look) == 0)
				threads += look_thread(&look, 1, 1) != NULL;
			look.bytes.data[i] ^= 1 << bit;
		}
	}
	assert_true(threads > 0);
	assert_int_equal(look_index(&look), 0);
	look_free(&look);
}

static void a_look_is_used_again(void **state)
{
	struct look look = {0};

	(void)state;
	good_look(&look);
	assert_int_equal(look.threads.count, 1);
	look_reset(&look);
	assert_null(look.head);
	assert_int_equal(look.threads.count, 0);
	assert_int_equal(look.bytes.size, 0);
	assert_null(look_thread(&look, 1, 1));
	assert_null(look_cgroup(&look, 1));
	good_look(&look);
	assert_int_equal(look.threads.count, 1);
	assert_int_equal(look.processes.count, 1);
	look_free(&look);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_has_its_array),
		cmocka_unit_test(threads_are_sorted_and_found),
		cmocka_unit_test(the_first_loop_of_a_process),
		cmocka_unit_test(notes_and_usages),
		cmocka_unit_test(owners_of_a_cookie),
		cmocka_unit_test(cgroups_of_processes),
		cmocka_unit_test(a_comm_without_end_becomes_text),
		cmocka_unit_test(realtime_by_the_pair_of_clocks),
		cmocka_unit_test(asleep_since),
		cmocka_unit_test(damage_is_refused),
		cmocka_unit_test(flipped_bits_do_no_harm),
		cmocka_unit_test(a_look_is_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
