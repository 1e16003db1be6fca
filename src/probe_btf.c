// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * --btf FILE: the kernel's types from a file, where /sys/kernel/btf/vmlinux cannot be seen (a chroot, a masked /sys).
 *
 * libbpf takes another file for the layout of structures, but what a program is attached to it looks up in the kernel's
 * own file, and gives up without. So the section handlers here stand in for its own: they tell libbpf that a program is
 * of a type which is not looked up, and before loading set its real type and the id of what it is attached to.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "probe_load.h"

/* A section is its prefix and the name of what the program is attached to; BTF has that with another prefix. */
static const struct section {
	const char *prefix, *btf_prefix;
	__u32 btf_kind;
	enum bpf_attach_type attach_type;
} sections[] = {
	{ "iter/", "bpf_iter_", BTF_KIND_FUNC, BPF_TRACE_ITER },
	{ "tp_btf/", "btf_trace_", BTF_KIND_TYPEDEF, BPF_TRACE_RAW_TP },
};

static const char *file_name;
static struct btf *types;

const char *probe_btf_file(void)
{
	return file_name;
}

static bool has_member(const struct btf *btf, const char *type, const char *member)
{
	int i, id = btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT);
	const struct btf_type *found = id < 0 ? NULL : btf__type_by_id(btf, (__u32)id);

	if (!found)
		return true;
	for (i = 0; i < btf_vlen(found); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_members(found)[i].name_off), member))
			return true;
	return false;
}

bool probe_btf_has_member(const char *type, const char *member)
{
	struct btf *btf;
	bool has = true;

	if (types)
		return has_member(types, type, member);
	btf = btf__load_vmlinux_btf();
	if (btf)
		has = has_member(btf, type, member);
	btf__free(btf);
	return has;
}

static int prepare(struct bpf_program *program, struct bpf_prog_load_opts *options, long cookie)
{
	const struct section *section = &sections[cookie];
	const char *name = bpf_program__section_name(program);
	char target[128];
	int id;

	name += *name == '?';
	snprintf(target, sizeof(target), "%s%s", section->btf_prefix, name + strlen(section->prefix));
	id = btf__find_by_name_kind(types, target, section->btf_kind);
	if (id < 0)
		return id;
	options->attach_btf_id = (__u32)id;
	options->expected_attach_type = section->attach_type;
	bpf_program__set_expected_attach_type(program, section->attach_type);
	return bpf_program__set_type(program, BPF_PROG_TYPE_TRACING);
}

static int attach(const struct bpf_program *program, long cookie, struct bpf_link **link)
{
	*link = sections[cookie].attach_type == BPF_TRACE_ITER ? bpf_program__attach_iter(program, NULL) :
								 bpf_program__attach_trace(program);
	return *link ? 0 : -errno;
}

static int register_section(size_t place)
{
	LIBBPF_OPTS(libbpf_prog_handler_opts, options, .cookie = (long)place, .prog_prepare_load_fn = prepare,
		    .prog_attach_fn = attach);
	int handler = libbpf_register_prog_handler(sections[place].prefix, BPF_PROG_TYPE_RAW_TRACEPOINT, 0, &options);

	return handler < 0 ? handler : 0;
}

int probe_btf_use(const char *path)
{
	size_t i;
	int err = 0;

	if (!path)
		return 0;
	types = btf__parse(path, NULL);
	if (!types) {
		err = -errno;
		fprintf(stderr, "sockstall: --btf %s: %s\n", path,
			err == -EINVAL || err <= -__LIBBPF_ERRNO__START ? "there is no BTF in it" : strerror(-err));
		return err;
	}
	file_name = path;
	for (i = 0; i < sizeof(sections) / sizeof(sections[0]) && !err; i++)
		err = register_section(i);
	return err;
}
