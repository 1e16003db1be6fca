/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Landlock (landlock(7), Linux 5.13): what a process may do with files, on top of what its user may. For processes that
 * are set apart, and for replay. Not for what looks at other processes: hook_ptrace_access_check() keeps whoever has
 * such rules from everything in /proc that ptrace_may_access() guards, of all processes that have not.
 */
#ifndef SOCKSTALL_RIGHTS_LANDLOCK_H
#define SOCKSTALL_RIGHTS_LANDLOCK_H

#include <stddef.h>

/* The version of its interface; 0: this kernel has none, or it is off. */
int landlock_abi(void);

/*
 * From here on no file is made, written to, renamed or removed but below these folders (descriptors; negative ones are
 * passed over), none is read there, no program is run, no device is told anything, and no TCP connection begins. Open
 * descriptors stay as they are. Sets no_new_privs. Returns 0 or a negative errno; -EOPNOTSUPP: see landlock_abi().
 */
int landlock_write_below(const int *folders, size_t count);

/* The same without any folder, but that files may be read and devices (the terminal) told what seccomp allows. */
int landlock_only_read(void);

#endif
