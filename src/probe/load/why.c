/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Why nothing can run. A kernel says no more than an error number, and not always the one that fits. */
#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/array.h"
#include "probe/load/load.h"

#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF	    39
#endif

bool probe_has_btf(void)
{
	return probe_btf_file() || !access(KERNEL_BTF, R_OK);
}

static bool has_capability(int capability)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

	return !syscall(SYS_capget, &header, data) &&
	       data[CAP_TO_INDEX(capability)].effective & CAP_TO_MASK(capability);
}

/* Without CAP_PERFMON the helpers that read the kernel's memory are "invalid" (EINVAL) to some kernels. */
static bool may_load(void)
{
	return has_capability(CAP_SYS_ADMIN) || (has_capability(CAP_BPF) && has_capability(CAP_PERFMON));
}

static bool can_make_map(__u32 entries)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "sockstall_try", 4, 8, entries, NULL);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* Before Linux 5.11 (bec97eb4f1d3) a map counts as locked memory of its user. */
static bool is_memory_short(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) || limit.rlim_cur == RLIM_INFINITY)
		return false;
	return can_make_map(1) && !can_make_map((__u32)(limit.rlim_cur / 8 + 1));
}

/*
 * Loads bpf_probe_read_kernel(stack - 8, 8, NULL); where there is no such helper (before 5.5) nothing else loads
 * either.
 */
static bool can_read_kernel(void)
{
	static const struct bpf_insn instructions[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_10},
		{.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_1, .imm = -8},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = 8},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3, .imm = 0},
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_probe_read_kernel},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_TRACEPOINT, "sockstall_try", "Dual BSD/GPL", instructions,
			       COUNT_OF(instructions), NULL);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static const char *permission_reason(void)
{
	if (may_load() && is_memory_short())
		return "this kernel counts BPF maps as locked memory, and the limit is too low: raise it (ulimit -l "
		       "unlimited), or add CAP_SYS_RESOURCE";
	if (geteuid())
		return "not permitted to load BPF programs: run it as root";
	return "not permitted to load BPF programs, although root: it needs CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE, "
	       "CAP_NET_ADMIN and CAP_SYS_ADMIN";
}

/* LIBELF is what libbpf makes of libelf's want of memory: the object is its own, and whole. */
static bool is_memory_error(int err)
{
	return err == -ENOMEM || err == -LIBBPF_ERRNO__LIBELF;
}

static const char *reason_of(int err)
{
	if (err == -EMFILE || err == -ENFILE)
		return "too few file descriptors: raise the limit (ulimit -n 1024)";
	if (is_memory_error(err))
		return "not enough memory for the BPF programs";
	if (err == -EPERM || err == -EACCES || !may_load())
		return permission_reason();
	if (probe_btf_is_unreadable())
		return "the kernel's BTF is of a form that this sockstall does not know: a newer one may";
	if (!can_read_kernel())
		return "this kernel lets no BPF program read its memory: it was booted with lockdown=confidentiality";
	if (probe_btf_file() && access(KERNEL_BTF, R_OK))
		return "this kernel refuses the BPF programs built with the --btf file: the file is of another kernel, "
		       "or this kernel was built without CONFIG_DEBUG_INFO_BTF and no file can help";
	if (probe_has_btf())
		return NULL;
	if (access("/sys/kernel", R_OK))
		return "/sys is not mounted, so the kernel's BTF cannot be read: mount it, or name a copy with --btf";
	return "this kernel shows no BTF (/sys/kernel/btf/vmlinux): it must be built with CONFIG_DEBUG_INFO_BTF, or "
	       "name a copy with --btf";
}

const char *probe_error_text(int err)
{
	static char text[128];

	libbpf_strerror(err, text, sizeof(text));
	return text;
}

bool probe_is_libbpf_error(int err)
{
	return err <= -__LIBBPF_ERRNO__START && !is_memory_error(err);
}

const char *probe_library(void)
{
	static char text[32];

	/* "v1.1": it does not know its last number. */
	snprintf(text, sizeof(text), "libbpf %s", libbpf_version_string() + 1);
	return text;
}

const char *probe_remedy(int err, bool by_libbpf)
{
	const char *reason = by_libbpf ? NULL : reason_of(err);

	if (reason)
		return reason;
	return by_libbpf ? "libbpf fails, not the kernel: try the static sockstall"
			 : "the kernel refuses the program: a newer kernel may take it; SOCKSTALL_DEBUG=1 says more";
}

void probe_say_why(int err, bool by_libbpf)
{
	const char *reason = by_libbpf ? NULL : reason_of(err);

	if (reason)
		fprintf(stderr, "sockstall: %s\n", reason);
	else if (by_libbpf)
		fprintf(stderr,
			"sockstall: %s, not the kernel, fails to start the BPF programs (%s): try the static "
			"sockstall; `SOCKSTALL_DEBUG=1 sockstall check` says more\n",
			probe_library(), probe_error_text(err));
	else
		fprintf(stderr, "sockstall: this kernel refuses the BPF programs (%s): see `sockstall check`\n",
			probe_error_text(err));
}
