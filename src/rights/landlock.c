/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "rights/landlock.h"

#include <errno.h>
#include <linux/types.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As the headers of Linux 6.12 have them: those of the build may be older. The numbers are the same everywhere. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule	    445
#define SYS_landlock_restrict_self  446
#endif

#define CREATE_RULESET_VERSION 1
#define RULE_PATH_BENEATH      1

enum access {
	ACCESS_EXECUTE = 1 << 0,
	ACCESS_WRITE_FILE = 1 << 1,
	ACCESS_READ_FILE = 1 << 2,
	ACCESS_READ_DIR = 1 << 3,
	ACCESS_REMOVE_DIR = 1 << 4,
	ACCESS_REMOVE_FILE = 1 << 5,
	ACCESS_MAKE = 0x7f << 6, /* of each kind: 6 to 12 */
	ACCESS_MAKE_REG = 1 << 8,
	ACCESS_REFER = 1 << 13, /* version 2 */
	ACCESS_TRUNCATE = 1 << 14, /* version 3 */
	ACCESS_IOCTL_DEV = 1 << 15, /* version 5 */
};

#define ACCESS_READ  (ACCESS_READ_FILE | ACCESS_READ_DIR)
#define ACCESS_FILES (ACCESS_MAKE_REG | ACCESS_WRITE_FILE | ACCESS_REMOVE_FILE | ACCESS_TRUNCATE)

#define NET_BIND_AND_CONNECT_TCP  3 /* version 4 */
#define SCOPE_SOCKETS_AND_SIGNALS 3 /* version 6 */

struct ruleset {
	__u64 files, net, scoped;
};

struct path_beneath {
	__u64 allowed;
	__s32 parent;
} __attribute__((packed));

int landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);

	return abi < 0 ? 0 : (int)abi;
}

/* What a version knows: a bit that it does not know is an error, and so is a longer struct than it knows. */
static struct ruleset known(int abi)
{
	struct ruleset known = {.files = ACCESS_REFER - 1};

	known.files |= abi >= 2 ? ACCESS_REFER : 0;
	known.files |= abi >= 3 ? ACCESS_TRUNCATE : 0;
	known.files |= abi >= 5 ? ACCESS_IOCTL_DEV : 0;
	known.net = abi >= 4 ? NET_BIND_AND_CONNECT_TCP : 0;
	known.scoped = abi >= 6 ? SCOPE_SOCKETS_AND_SIGNALS : 0;
	return known;
}

static size_t size_of(int abi)
{
	return sizeof(__u64) * (abi >= 6 ? 3 : abi >= 4 ? 2 : 1);
}

static int add_folders(int rules, __u64 allowed, const int *folders, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		struct path_beneath beneath = {.allowed = allowed, .parent = folders[i]};

		if (folders[i] >= 0 && syscall(SYS_landlock_add_rule, rules, RULE_PATH_BENEATH, &beneath, 0))
			return -errno;
	}
	return 0;
}

static int restrict_to(const int *folders, size_t count, __u64 free)
{
	int abi = landlock_abi(), rules, err;
	struct ruleset ruleset = known(abi);

	if (!abi)
		return -EOPNOTSUPP;
	ruleset.files &= ~free;
	rules = (int)syscall(SYS_landlock_create_ruleset, &ruleset, size_of(abi), 0);
	if (rules < 0)
		return -errno;
	err = add_folders(rules, ACCESS_FILES & ruleset.files, folders, count);
	if (!err && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_landlock_restrict_self, rules, 0)))
		err = -errno;
	close(rules);
	return err;
}

int landlock_write_below(const int *folders, size_t count)
{
	return restrict_to(folders, count, 0);
}

int landlock_only_read(void)
{
	return restrict_to(NULL, 0, ACCESS_READ | ACCESS_IOCTL_DEV);
}
