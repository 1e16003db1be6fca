/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "system/syscalls.h"

#include <string.h>

#include <stddef.h>
#include <sys/syscall.h>

struct syscall_entry {
	const char *name;
	unsigned char kind; /* enum syscall_kind */
};

#define CALL(name)     [SYS_##name] = {#name, SYSCALL_OTHER},
#define READS(name)    [SYS_##name] = {#name, SYSCALL_READS},
#define EPOLLS(name)   [SYS_##name] = {#name, SYSCALL_WAITS_EPOLL},
#define WAITS(name)    [SYS_##name] = {#name, SYSCALL_WAITS},
#define ON_FD(name)    [SYS_##name] = {#name, SYSCALL_ON_FD},
#define WRITES(name)   [SYS_##name] = {#name, SYSCALL_WRITES},
#define CONNECTS(name) [SYS_##name] = {#name, SYSCALL_CONNECTS},
#define ACCEPTS(name)  [SYS_##name] = {#name, SYSCALL_ACCEPTS},

/* clang-format off */
static const struct syscall_entry syscalls[SYSCALL_NUMBERS] = {
	/* What sockstall is about. */
	READS(read) READS(readv) READS(preadv2) READS(recvfrom) READS(recvmsg) READS(recvmmsg) READS(splice)
	EPOLLS(epoll_pwait)
#ifdef SYS_epoll_wait /* not on arm64 and what came after it */
	EPOLLS(epoll_wait)
#endif
#ifdef SYS_epoll_pwait2 /* Linux 5.11 */
	EPOLLS(epoll_pwait2)
#endif
	WRITES(write) WRITES(writev) WRITES(pwritev2) WRITES(sendto) WRITES(sendmsg) WRITES(sendmmsg) WRITES(sendfile)
	WAITS(ppoll) WAITS(pselect6) WAITS(io_uring_enter)
#ifdef SYS_poll
	WAITS(poll) WAITS(select)
#endif
	CONNECTS(connect) ACCEPTS(accept) ACCEPTS(accept4)
	ON_FD(ioctl) ON_FD(fsync) ON_FD(fdatasync) ON_FD(flock) ON_FD(fallocate)
	ON_FD(fcntl) ON_FD(shutdown) ON_FD(close) ON_FD(syncfs) ON_FD(ftruncate) ON_FD(fstat) ON_FD(getdents64)
	ON_FD(pread64) ON_FD(pwrite64) ON_FD(preadv) ON_FD(pwritev)
#ifdef SYS_sync_file_range
	ON_FD(sync_file_range)
#endif

	/* The rest is here to be named: on every architecture, */
	CALL(lseek) CALL(mmap) CALL(mprotect) CALL(munmap) CALL(brk) CALL(rt_sigaction) CALL(rt_sigprocmask)
	CALL(rt_sigreturn) CALL(sched_yield) CALL(mremap) CALL(msync) CALL(mincore) CALL(madvise) CALL(shmget)
	CALL(shmat) CALL(shmctl) CALL(dup) CALL(nanosleep) CALL(getitimer) CALL(setitimer) CALL(getpid)
	CALL(socket) CALL(bind) CALL(listen) CALL(getsockname) CALL(getpeername) CALL(socketpair)
	CALL(setsockopt) CALL(getsockopt) CALL(clone) CALL(execve) CALL(exit) CALL(wait4) CALL(kill) CALL(uname)
	CALL(semget) CALL(semop) CALL(semctl) CALL(shmdt) CALL(msgget) CALL(msgsnd) CALL(msgrcv) CALL(msgctl)
	CALL(truncate) CALL(getcwd) CALL(chdir) CALL(fchdir) CALL(fchmod) CALL(fchown) CALL(umask) CALL(gettimeofday)
	CALL(getrlimit) CALL(getrusage) CALL(sysinfo) CALL(times) CALL(ptrace) CALL(getuid) CALL(syslog) CALL(getgid)
	CALL(setuid) CALL(setgid) CALL(geteuid) CALL(getegid) CALL(setpgid) CALL(getppid) CALL(setsid) CALL(setreuid)
	CALL(setregid) CALL(getgroups) CALL(setgroups) CALL(setresuid) CALL(getresuid) CALL(setresgid)
	CALL(getresgid) CALL(getpgid) CALL(setfsuid) CALL(setfsgid) CALL(getsid) CALL(capget) CALL(capset)
	CALL(rt_sigpending) CALL(rt_sigtimedwait) CALL(rt_sigqueueinfo) CALL(rt_sigsuspend) CALL(sigaltstack)
	CALL(personality) CALL(statfs) CALL(fstatfs) CALL(getpriority) CALL(setpriority) CALL(sched_setparam)
	CALL(sched_getparam) CALL(sched_setscheduler) CALL(sched_getscheduler) CALL(sched_get_priority_max)
	CALL(sched_get_priority_min) CALL(sched_rr_get_interval) CALL(mlock) CALL(munlock) CALL(mlockall)
	CALL(munlockall) CALL(vhangup) CALL(pivot_root) CALL(prctl) CALL(adjtimex) CALL(setrlimit) CALL(chroot)
	CALL(sync) CALL(acct) CALL(settimeofday) CALL(mount) CALL(umount2) CALL(swapon) CALL(swapoff) CALL(reboot)
	CALL(sethostname) CALL(setdomainname) CALL(init_module) CALL(delete_module) CALL(quotactl) CALL(gettid)
	CALL(readahead) CALL(setxattr) CALL(lsetxattr) CALL(fsetxattr) CALL(getxattr) CALL(lgetxattr) CALL(fgetxattr)
	CALL(listxattr) CALL(llistxattr) CALL(flistxattr) CALL(removexattr) CALL(lremovexattr) CALL(fremovexattr)
	CALL(tkill) CALL(futex) CALL(sched_setaffinity) CALL(sched_getaffinity) CALL(io_setup) CALL(io_destroy)
	CALL(io_getevents) CALL(io_submit) CALL(io_cancel) CALL(remap_file_pages) CALL(set_tid_address)
	CALL(restart_syscall) CALL(semtimedop) CALL(fadvise64) CALL(timer_create) CALL(timer_settime)
	CALL(timer_gettime) CALL(timer_getoverrun) CALL(timer_delete) CALL(clock_settime) CALL(clock_gettime)
	CALL(clock_getres) CALL(clock_nanosleep) CALL(exit_group) CALL(epoll_ctl) CALL(tgkill) CALL(mbind)
	CALL(set_mempolicy) CALL(get_mempolicy) CALL(mq_open) CALL(mq_unlink) CALL(mq_timedsend)
	CALL(mq_timedreceive) CALL(mq_notify) CALL(mq_getsetattr) CALL(kexec_load) CALL(waitid) CALL(add_key)
	CALL(request_key) CALL(keyctl) CALL(ioprio_set) CALL(ioprio_get) CALL(inotify_add_watch)
	CALL(inotify_rm_watch) CALL(migrate_pages) CALL(openat) CALL(mkdirat) CALL(mknodat) CALL(fchownat)
	CALL(newfstatat) CALL(unlinkat) CALL(renameat) CALL(linkat) CALL(symlinkat) CALL(readlinkat) CALL(fchmodat)
	CALL(faccessat) CALL(unshare) CALL(set_robust_list) CALL(get_robust_list)
	CALL(tee) CALL(vmsplice) CALL(move_pages) CALL(utimensat) CALL(timerfd_create) CALL(timerfd_settime)
	CALL(timerfd_gettime) CALL(signalfd4) CALL(eventfd2) CALL(epoll_create1) CALL(dup3) CALL(pipe2)
	CALL(inotify_init1) CALL(rt_tgsigqueueinfo) CALL(perf_event_open) CALL(fanotify_init) CALL(fanotify_mark)
	CALL(prlimit64) CALL(name_to_handle_at) CALL(open_by_handle_at) CALL(clock_adjtime) CALL(setns) CALL(getcpu)
	CALL(process_vm_readv) CALL(process_vm_writev) CALL(kcmp) CALL(finit_module) CALL(sched_setattr)
	CALL(sched_getattr) CALL(renameat2) CALL(seccomp) CALL(getrandom) CALL(memfd_create) CALL(kexec_file_load)
	CALL(bpf) CALL(execveat) CALL(userfaultfd) CALL(membarrier) CALL(mlock2) CALL(copy_file_range)
	CALL(pkey_mprotect) CALL(pkey_alloc) CALL(pkey_free) CALL(statx) CALL(io_pgetevents) CALL(rseq)
	CALL(pidfd_send_signal) CALL(io_uring_setup) CALL(io_uring_register) CALL(open_tree)
	CALL(move_mount) CALL(fsopen) CALL(fsconfig) CALL(fsmount) CALL(fspick) CALL(pidfd_open) CALL(clone3)
	CALL(close_range) CALL(openat2) CALL(pidfd_getfd) CALL(faccessat2) CALL(process_madvise) CALL(mount_setattr)
	CALL(quotactl_fd) CALL(landlock_add_rule) CALL(landlock_restrict_self)
#ifdef SYS_open
	/* on the architectures from before 2012, */
	CALL(stat) CALL(lstat) CALL(open) CALL(access) CALL(pipe) CALL(dup2) CALL(pause)
	CALL(alarm) CALL(fork) CALL(vfork) CALL(getdents) CALL(rename) CALL(mkdir) CALL(rmdir) CALL(creat) CALL(link)
	CALL(unlink) CALL(symlink) CALL(readlink) CALL(chmod) CALL(chown) CALL(lchown) CALL(getpgrp) CALL(utime)
	CALL(mknod) CALL(time) CALL(epoll_create) CALL(utimes) CALL(inotify_init) CALL(futimesat) CALL(signalfd)
	CALL(eventfd)
#endif
#ifdef __x86_64__
	/* on one of them, */
	CALL(modify_ldt) CALL(iopl) CALL(ioperm) CALL(arch_prctl) CALL(create_module) CALL(get_kernel_syms)
	CALL(query_module) CALL(nfsservctl) CALL(getpmsg) CALL(putpmsg) CALL(afs_syscall) CALL(tuxcall)
	CALL(security) CALL(set_thread_area) CALL(get_thread_area) CALL(epoll_ctl_old) CALL(epoll_wait_old)
	CALL(vserver) CALL(uselib) CALL(ustat) CALL(sysfs) CALL(_sysctl) CALL(lookup_dcookie)
#endif
	/* and of Linux 5.14 and later. */
#ifdef SYS_cachestat
	CALL(cachestat)
#endif
#ifdef SYS_fchmodat2
	CALL(fchmodat2)
#endif
#ifdef SYS_map_shadow_stack
	CALL(map_shadow_stack)
#endif
#ifdef SYS_futex_wake
	CALL(futex_wake)
#endif
#ifdef SYS_futex_wait
	CALL(futex_wait)
#endif
#ifdef SYS_futex_requeue
	CALL(futex_requeue)
#endif
#ifdef SYS_statmount
	CALL(statmount)
#endif
#ifdef SYS_listmount
	CALL(listmount)
#endif
#ifdef SYS_mseal
	CALL(mseal)
#endif
#ifdef SYS_process_mrelease
	CALL(process_mrelease)
#endif
#ifdef SYS_futex_waitv
	CALL(futex_waitv)
#endif
#ifdef SYS_memfd_secret
	CALL(memfd_secret)
#endif
#ifdef SYS_set_mempolicy_home_node
	CALL(set_mempolicy_home_node)
#endif
};
/* clang-format on */

static const struct syscall_entry *entry_of(int number)
{
	if (number < 0 || number >= SYSCALL_NUMBERS || !syscalls[number].name)
		return NULL;
	return &syscalls[number];
}

const char *syscall_name(int number)
{
	const struct syscall_entry *entry = entry_of(number);

	return entry ? entry->name : NULL;
}

enum syscall_kind syscall_kind(int number)
{
	const struct syscall_entry *entry = entry_of(number);

	return entry ? entry->kind : SYSCALL_OTHER;
}

void syscall_describe(struct thread_record *thread)
{
	const char *name = syscall_name(thread->syscall);

	thread->syscall_kind = syscall_kind(thread->syscall);
	if (name)
		memcpy(thread->syscall_name, name, strnlen(name, sizeof(thread->syscall_name) - 1));
}
