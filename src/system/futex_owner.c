/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Layouts are those of 64-bit glibc, which are part of its interface: struct __pthread_mutex_s and struct
 * __pthread_rwlock_arch_t of x86-64 and arm64 are alike. musl's mutex keeps the owner in the word itself.
 */
#include "system/futex_owner.h"

#include <string.h>

#include <linux/futex.h>

#ifndef FUTEX_LOCK_PI2
#define FUTEX_LOCK_PI2 13 /* Linux 5.14 */
#endif

/* ---- Words ---- */

static bool read_bytes(const struct futex_memory *memory, __u64 address, void *bytes, size_t size)
{
	if (address < memory->start || address - memory->start > memory->length ||
	    memory->length - (address - memory->start) < size)
		return false;
	memcpy(bytes, (const char *)memory->bytes + (address - memory->start), size);
	return true;
}

/* A word that is not there has no value that any rule asks for. */
static __u32 word_at(const struct futex_memory *memory, __u64 address)
{
	__u32 word;

	return read_bytes(memory, address, &word, sizeof(word)) ? word : ~0U;
}

/* An address of user space, of something that is aligned. */
static bool is_pointer_at(const struct futex_memory *memory, __u64 address)
{
	__u64 pointer;

	return read_bytes(memory, address, &pointer, sizeof(pointer)) && pointer >= 4096 && pointer < 1ULL << 56 &&
	       !(pointer % 8);
}

static __u32 command_of(const struct futex_wait *wait)
{
	return wait->operation & FUTEX_CMD_MASK;
}

static bool is_private(const struct futex_wait *wait)
{
	return wait->operation & FUTEX_PRIVATE_FLAG;
}

bool futex_is_wait(const struct futex_wait *wait)
{
	switch (command_of(wait)) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
	case FUTEX_WAIT_REQUEUE_PI:
		return true;
	}
	return false;
}

/* ---- Mutexes ---- */

#define CONTENDED 2 /* of a mutex's word: somebody waits */

/* enum of glibc's nptl/pthreadP.h: kinds of mutexes */
#define KIND_TYPES    3
#define KIND_ROBUST   16
#define KIND_INHERIT  32
#define KIND_PROTECT  64
#define KIND_SHARED   128
#define KIND_ELISIONS 768

#define USERS_MOST 65536

struct mutex {
	__u32 owner, users, kind;
};

static bool read_mutex(struct mutex *mutex, const struct futex_wait *wait, const struct futex_memory *memory)
{
	mutex->owner = word_at(memory, wait->address + 8);
	mutex->users = word_at(memory, wait->address + 12);
	mutex->kind = word_at(memory, wait->address + 16);
	if (!mutex->owner || mutex->owner > FUTEX_TID_MASK || !mutex->users || mutex->users > USERS_MOST)
		return false;
	return !(mutex->kind & ~(KIND_TYPES | KIND_ROBUST | KIND_INHERIT | KIND_PROTECT | KIND_SHARED | KIND_ELISIONS));
}

static bool is_shared_as_it_says(const struct mutex *mutex, const struct futex_wait *wait)
{
	return !(mutex->kind & KIND_SHARED) == is_private(wait);
}

static bool is_mutex(struct futex_owner *owner, const struct futex_wait *wait, const struct futex_memory *memory)
{
	struct mutex mutex;

	if (wait->value != CONTENDED || !read_mutex(&mutex, wait, memory) ||
	    mutex.kind & (KIND_ROBUST | KIND_INHERIT | KIND_PROTECT) || !is_shared_as_it_says(&mutex, wait))
		return false;
	*owner = (struct futex_owner){.kind = LOCK_MUTEX, .tid = mutex.owner, .shared = mutex.kind & KIND_SHARED};
	return true;
}

/* The owner is in the word, as the kernel wants it: see Documentation/locking/robust-futex-ABI.rst. */
static bool has_owner_in_word(const struct futex_wait *wait)
{
	return wait->value & FUTEX_WAITERS && !(wait->value & FUTEX_OWNER_DIED) && wait->value & FUTEX_TID_MASK;
}

static bool is_robust(struct futex_owner *owner, const struct futex_wait *wait, const struct futex_memory *memory)
{
	__u32 tid = wait->value & FUTEX_TID_MASK;
	struct mutex mutex;

	/* glibc marks all of them as shared (pthread_mutex_init()). */
	if (!has_owner_in_word(wait) || !read_mutex(&mutex, wait, memory) || !(mutex.kind & KIND_ROBUST) ||
	    mutex.owner != tid)
		return false;
	*owner = (struct futex_owner){.kind = LOCK_MUTEX, .tid = tid, .shared = mutex.kind & KIND_SHARED};
	return true;
}

/* musl's struct: its type, the word, how many wait. A normal one keeps no owner. */
#define MUSL_TYPES   3
#define MUSL_ROBUST  4
#define MUSL_INHERIT 8
#define MUSL_SHARED  128

static bool is_musl_mutex(struct futex_owner *owner, const struct futex_wait *wait, const struct futex_memory *memory)
{
	__u32 type = word_at(memory, wait->address - 4), waiters = word_at(memory, wait->address + 4);

	if (!has_owner_in_word(wait) || type & ~(MUSL_TYPES | MUSL_ROBUST | MUSL_SHARED) || !(type & MUSL_TYPES) ||
	    !waiters || waiters > USERS_MOST || !(type & MUSL_SHARED) != is_private(wait))
		return false;
	*owner = (struct futex_owner){.kind = LOCK_MUTEX,
				      .address = wait->address - 4,
				      .tid = wait->value & FUTEX_TID_MASK,
				      .shared = type & MUSL_SHARED};
	return true;
}

/* The kernel itself reads the owner there. */
static bool is_inherited(struct futex_owner *owner, const struct futex_wait *wait, const struct futex_memory *memory)
{
	__u32 word = word_at(memory, wait->address), tid = word & FUTEX_TID_MASK;

	if ((command_of(wait) != FUTEX_LOCK_PI && command_of(wait) != FUTEX_LOCK_PI2) || !(word & FUTEX_WAITERS) ||
	    word & FUTEX_OWNER_DIED || !tid)
		return false;
	*owner = (struct futex_owner){.kind = LOCK_PI, .tid = tid, .shared = !is_private(wait)};
	return true;
}

/* ---- rwlocks ---- */

/* Bits of its first word (nptl/pthread_rwlock_common.c); readers are counted above. */
#define WRITE_PHASE   1
#define WRITE_LOCKED  2
#define READERS_SHIFT 3
#define FLAGS_MOST    2 /* of enum: whom it prefers */
#define PHASE_AT      8 /* readers wait there for the write phase to end, a writer for it to begin; */
#define WRITERS_AT    12 /* writers here for other writers */
#define WAITED_FOR    3 /* the value there: 1, and somebody sleeps */
#define AWAITED	      2 /* 0, and somebody sleeps */

struct rwlock {
	__u32 readers, writers, writer, shared, flags;
};

static bool read_rwlock(struct rwlock *lock, __u64 at, const struct futex_wait *wait, const struct futex_memory *memory)
{
	*lock = (struct rwlock){
		.readers = word_at(memory, at),
		.writers = word_at(memory, at + 4),
		.writer = word_at(memory, at + 24),
		.shared = word_at(memory, at + 28),
		.flags = word_at(memory, at + 48),
	};
	return lock->flags <= FLAGS_MOST && lock->writers <= USERS_MOST && lock->writer <= FUTEX_TID_MASK &&
	       !!lock->shared != is_private(wait);
}

/* A writer has it. */
static bool is_written(struct futex_owner *owner, const struct futex_wait *wait, const struct futex_memory *memory,
		       __u64 offset)
{
	struct rwlock lock;

	if (wait->value != WAITED_FOR || !read_rwlock(&lock, wait->address - offset, wait, memory) || !lock.writer ||
	    (lock.readers & (WRITE_PHASE | WRITE_LOCKED)) != (WRITE_PHASE | WRITE_LOCKED))
		return false;
	*owner = (struct futex_owner){
		.kind = LOCK_RWLOCK, .address = wait->address - offset, .tid = lock.writer, .shared = lock.shared};
	return true;
}

/* Readers have it, and a writer waits for the last of them. */
static bool is_read(struct futex_owner *owner, const struct futex_wait *wait, const struct futex_memory *memory)
{
	struct rwlock lock;
	__u32 readers;

	if (wait->value != AWAITED || !read_rwlock(&lock, wait->address - PHASE_AT, wait, memory) || lock.writer)
		return false;
	readers = lock.readers >> READERS_SHIFT;
	if ((lock.readers & (WRITE_PHASE | WRITE_LOCKED)) != WRITE_LOCKED || !readers || readers > USERS_MOST)
		return false;
	*owner = (struct futex_owner){
		.kind = LOCK_RWLOCK, .address = wait->address - PHASE_AT, .readers = readers, .shared = lock.shared};
	return true;
}

static bool is_rwlock(struct futex_owner *owner, const struct futex_wait *wait, const struct futex_memory *memory)
{
	return is_written(owner, wait, memory, PHASE_AT) || is_written(owner, wait, memory, WRITERS_AT) ||
	       is_read(owner, wait, memory);
}

/* ---- The end of a thread ---- */

/*
 * The kernel clears the word when the thread ends (clear_child_tid), and wakes as if it were shared. It is in glibc's
 * struct pthread: behind the links of the list of all threads, and before those of its robust mutexes.
 */
static bool is_join(struct futex_owner *owner, const struct futex_wait *wait, const struct futex_memory *memory)
{
	if (is_private(wait) || !wait->value || wait->value > FUTEX_TID_MASK ||
	    !is_pointer_at(memory, wait->address - 16) || !is_pointer_at(memory, wait->address - 8) ||
	    !is_pointer_at(memory, wait->address + 8) || !is_pointer_at(memory, wait->address + 16))
		return false;
	*owner = (struct futex_owner){.kind = LOCK_JOIN, .tid = wait->value};
	return true;
}

/* ---- All of them ---- */

static bool is_known(struct futex_owner *owner, const struct futex_wait *wait, const struct futex_memory *memory)
{
	if (is_inherited(owner, wait, memory))
		return true;
	/* It is about to go on where the word has another value by now. */
	if ((command_of(wait) != FUTEX_WAIT && command_of(wait) != FUTEX_WAIT_BITSET) ||
	    word_at(memory, wait->address) != wait->value)
		return false;
	return is_mutex(owner, wait, memory) || is_robust(owner, wait, memory) || is_musl_mutex(owner, wait, memory) ||
	       is_rwlock(owner, wait, memory) || is_join(owner, wait, memory);
}

struct futex_owner futex_owner_find(const struct futex_wait *wait, const struct futex_memory *memory)
{
	struct futex_owner owner = {.kind = LOCK_NO_OWNER};

	if (!is_known(&owner, wait, memory))
		owner = (struct futex_owner){.kind = LOCK_NO_OWNER};
	if (!owner.address)
		owner.address = wait->address;
	return owner;
}
