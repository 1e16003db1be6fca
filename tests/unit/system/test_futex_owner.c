/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Owners of locks: the C library's own, as it writes them here, and bytes that are none. */
#include "system/futex_owner.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>
#include <linux/futex.h>

#define PRIVATE_WAIT (FUTEX_WAIT | FUTEX_PRIVATE_FLAG)

/* Words around the futex's own, which is the fifth: it is at `ADDRESS`. */
#define ADDRESS 0x7000
#define OWN	(FUTEX_BEFORE / 4)

static struct futex_owner find(__u32 operation, __u32 value, const __u32 words[FUTEX_BYTES / 4])
{
	const struct futex_wait wait = {ADDRESS, operation, value};
	const struct futex_memory memory = {words, ADDRESS - FUTEX_BEFORE, FUTEX_BYTES};

	return futex_owner_find(&wait, &memory);
}

static __u32 self(void)
{
	return (__u32)syscall(SYS_gettid);
}

/* This C library's lock, with the word as it is while somebody waits. */
static struct futex_owner find_in(const void *lock, size_t size, size_t word_at, __u32 operation, __u32 value)
{
	char bytes[256] = {0};
	const struct futex_wait wait = {ADDRESS + word_at, operation, value};
	const struct futex_memory memory = {bytes, ADDRESS - 32, sizeof(bytes)};

	memcpy(bytes + 32, lock, size);
	memcpy(bytes + 32 + word_at, &value, sizeof(value));
	return futex_owner_find(&wait, &memory);
}

static void check_mutex(int type, int robust, int shared)
{
	pthread_mutexattr_t attr;
	pthread_mutex_t mutex;
	struct futex_owner owner;
	__u32 value = robust ? self() | FUTEX_WAITERS : 2;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, type);
	pthread_mutexattr_setrobust(&attr, robust ? PTHREAD_MUTEX_ROBUST : PTHREAD_MUTEX_STALLED);
	pthread_mutexattr_setpshared(&attr, shared ? PTHREAD_PROCESS_SHARED : PTHREAD_PROCESS_PRIVATE);
	pthread_mutex_init(&mutex, &attr);
	pthread_mutex_lock(&mutex);
	owner = find_in(&mutex, sizeof(mutex), 0, FUTEX_WAIT | (shared ? 0 : FUTEX_PRIVATE_FLAG), value);
	assert_int_equal(owner.kind, LOCK_MUTEX);
	assert_int_equal(owner.tid, self());
	assert_int_equal(owner.shared, shared || robust); /* glibc marks robust ones so, too */
	pthread_mutex_unlock(&mutex);
	owner = find_in(&mutex, sizeof(mutex), 0, PRIVATE_WAIT, 2);
	assert_int_equal(owner.kind, LOCK_NO_OWNER);
	pthread_mutex_destroy(&mutex);
}

static void mutexes_of_this_library(void **state)
{
	(void)state;
	for (int shared = 0; shared <= 1; shared++)
		for (int robust = 0; robust <= 1; robust++) {
			check_mutex(PTHREAD_MUTEX_NORMAL, robust, shared);
			check_mutex(PTHREAD_MUTEX_RECURSIVE, robust, shared);
			check_mutex(PTHREAD_MUTEX_ERRORCHECK, robust, shared);
			check_mutex(PTHREAD_MUTEX_ADAPTIVE_NP, robust, shared);
		}
}

static void rwlocks_of_this_library(void **state)
{
	pthread_rwlock_t lock;
	struct futex_owner owner;

	(void)state;
	pthread_rwlock_init(&lock, NULL);
	pthread_rwlock_wrlock(&lock);
	for (size_t at = 8; at <= 12; at += 4) {
		owner = find_in(&lock, sizeof(lock), at, PRIVATE_WAIT, 3);
		assert_int_equal(owner.kind, LOCK_RWLOCK);
		assert_int_equal(owner.tid, self());
	}
	pthread_rwlock_unlock(&lock);
	assert_int_equal(find_in(&lock, sizeof(lock), 8, PRIVATE_WAIT, 3).kind, LOCK_NO_OWNER);
	assert_int_equal(find_in(&lock, sizeof(lock), 12, PRIVATE_WAIT, 3).kind, LOCK_NO_OWNER);
}

static void a_rwlock_that_readers_have(void **state)
{
	/* Two readers, and a writer that waits for them. */
	const __u32 words[FUTEX_BYTES / 4] = {0, 0, 2 << 3 | 2, 1, 2};
	const struct futex_wait wait = {ADDRESS, PRIVATE_WAIT, 2};
	const struct futex_memory memory = {words, ADDRESS - FUTEX_BEFORE, FUTEX_BYTES};
	struct futex_owner owner = futex_owner_find(&wait, &memory);

	(void)state;
	assert_int_equal(owner.kind, LOCK_RWLOCK);
	assert_int_equal(owner.tid, 0);
	assert_int_equal(owner.readers, 2);
}

static void priority_inheritance(void **state)
{
	__u32 words[FUTEX_BYTES / 4] = {[OWN] = FUTEX_WAITERS | 4711};
	struct futex_owner owner = find(FUTEX_LOCK_PI | FUTEX_PRIVATE_FLAG, 0, words);

	(void)state;
	assert_int_equal(owner.kind, LOCK_PI);
	assert_int_equal(owner.tid, 4711);
	words[OWN] = 4711;
	assert_int_equal(find(FUTEX_LOCK_PI, 0, words).kind, LOCK_NO_OWNER);
	words[OWN] = FUTEX_WAITERS | FUTEX_OWNER_DIED | 4711;
	assert_int_equal(find(FUTEX_LOCK_PI, 0, words).kind, LOCK_NO_OWNER);
}

static void musl(void **state)
{
	__u32 words[FUTEX_BYTES / 4] = {[OWN - 1] = 2, [OWN] = FUTEX_WAITERS | 4711, [OWN + 1] = 1};
	struct futex_owner owner = find(PRIVATE_WAIT, words[OWN], words);

	(void)state;
	assert_int_equal(owner.kind, LOCK_MUTEX);
	assert_int_equal(owner.tid, 4711);
	words[OWN - 1] = 0; /* a normal one */
	assert_int_equal(find(PRIVATE_WAIT, words[OWN], words).kind, LOCK_NO_OWNER);
	words[OWN - 1] = 0x12345;
	assert_int_equal(find(PRIVATE_WAIT, words[OWN], words).kind, LOCK_NO_OWNER);
}

/* Of a thread that ends later. */
static void the_end_of_a_thread(void **state)
{
	__u32 words[FUTEX_BYTES / 4] = {0x1000, 0x7f, 0x2000, 0x7f, 4711, 0, 0x3000, 0x7f, 0x3000, 0x7f};
	struct futex_owner owner = find(FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 4711, words);

	(void)state;
	assert_int_equal(owner.kind, LOCK_JOIN);
	assert_int_equal(owner.tid, 4711);
	assert_int_equal(find(FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 4711, words).kind, LOCK_NO_OWNER);
	words[1] = 0;
	words[0] = 3; /* no pointer: a counter that has such a value by chance */
	assert_int_equal(find(FUTEX_WAIT_BITSET, 4711, words).kind, LOCK_NO_OWNER);
}

/* What is no mutex of that library: each of these differs from one in a single thing. */
static void what_does_not_fit(void **state)
{
	static const struct {
		size_t at;
		__u32 value;
	} changes[] = {{OWN, 1},     {OWN + 2, 0},   {OWN + 2, 0x7ffff000}, {OWN + 3, 0},
		       {OWN + 4, 4}, {OWN + 4, 128}, {OWN + 4, 16},	    {OWN + 4, 0x55aa55aa}};
	__u32 words[FUTEX_BYTES / 4] = {[OWN] = 2, [OWN + 2] = 4711, [OWN + 3] = 1};
	size_t i;

	(void)state;
	assert_int_equal(find(PRIVATE_WAIT, 2, words).kind, LOCK_MUTEX);
	assert_int_equal(find(FUTEX_WAIT, 2, words).kind, LOCK_NO_OWNER);
	assert_int_equal(find(FUTEX_WAKE, 2, words).kind, LOCK_NO_OWNER);
	for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		__u32 other[FUTEX_BYTES / 4];

		memcpy(other, words, sizeof(other));
		other[changes[i].at] = changes[i].value;
		assert_int_equal(find(PRIVATE_WAIT, 2, other).kind, LOCK_NO_OWNER);
	}
}

/* No byte behind what was read is looked at: the sanitizer would say so. */
static void memory_that_ends_early(void **state)
{
	const __u32 words[FUTEX_BYTES / 4] = {[OWN] = 2, [OWN + 2] = 4711, [OWN + 3] = 1};
	const struct futex_wait wait = {ADDRESS, PRIVATE_WAIT, 2};
	size_t length;

	(void)state;
	for (length = 0; length <= FUTEX_BYTES; length++) {
		struct futex_memory memory = {words, ADDRESS - FUTEX_BEFORE, length};
		bool whole = length >= FUTEX_BEFORE + 20;

		assert_int_equal(futex_owner_find(&wait, &memory).kind, whole ? LOCK_MUTEX : LOCK_NO_OWNER);
	}
	assert_int_equal(futex_owner_find(&wait, &(struct futex_memory){words, ADDRESS + 4, FUTEX_BYTES}).kind,
			 LOCK_NO_OWNER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mutexes_of_this_library),
		cmocka_unit_test(rwlocks_of_this_library),
		cmocka_unit_test(a_rwlock_that_readers_have),
		cmocka_unit_test(priority_inheritance),
		cmocka_unit_test(musl),
		cmocka_unit_test(the_end_of_a_thread),
		cmocka_unit_test(what_does_not_fit),
		cmocka_unit_test(memory_that_ends_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
