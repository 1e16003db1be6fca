/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "probe/load/sections.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "base/array.h"
#include "probe/load/load.h"

/* A section is its prefix and the name of what the program is attached to; BTF has that with another prefix. */
static const struct section {
	const char *prefix, *btf_prefix;
	__u32 btf_kind;
	enum bpf_attach_type attach_type;
} sections[] = {
	{"iter/", "bpf_iter_", BTF_KIND_FUNC, BPF_TRACE_ITER},
	{"tp_btf/", "btf_trace_", BTF_KIND_TYPEDEF, BPF_TRACE_RAW_TP},
};

#define SECTIONS (COUNT_OF(sections))

static void (*before)(void *context);
static void *before_context;

/* Where the programs' types have a global function, as the kernel gives them out; 0: that need not be asked. */
static size_t global_at;

static struct arena target_names;
static struct btf_wanted targets[MAX_PROGRAMS];
static size_t target_count;

/* The name that the kernel's BTF has for the program's target; NULL: it is not looked up. */
static const char *target_of(struct arena *arena, const struct bpf_program *program, const struct section *section)
{
	const char *name = bpf_program__section_name(program);
	size_t length = strlen(section->prefix);

	name += *name == '?';
	if (strncmp(name, section->prefix, length))
		return NULL;
	return arena_printf(arena, "%s%s", section->btf_prefix, name + length);
}

static __u32 find_target(const char *name)
{
	size_t i;

	for (i = 0; name && i < target_count; i++)
		if (!strcmp(targets[i].name, name))
			return targets[i].id;
	return 0;
}

void probe_sections_types(const struct btf *types)
{
	__u32 id, count = btf__type_cnt(types), size = 0;
	const char *raw = btf__raw_data(types, &size);

	global_at = 0;
	for (id = 1; raw && id < count && !global_at; id++) {
		const struct btf_type *type = btf__type_by_id(types, id);

		if (btf_is_func(type) && btf_vlen(type) == BTF_FUNC_GLOBAL)
			global_at = (size_t)((const char *)type - raw);
	}
	global_at = global_at + sizeof(struct btf_type) <= size ? global_at : 0;
}

/* Asks the kernel, once for each object. */
static bool are_taken(int types_fd)
{
	struct bpf_btf_info info = {0};
	__u32 size = sizeof(info), most = (__u32)(global_at + sizeof(struct btf_type));
	struct btf_type *type;
	char *raw;
	bool taken;

	if (types_fd <= 0 || !global_at)
		return types_fd > 0;
	raw = calloc(1, most);
	info.btf = (__u64)(unsigned long)raw;
	info.btf_size = most;
	taken = raw && !bpf_obj_get_info_by_fd(types_fd, &info, &size);
	type = (void *)(raw + global_at);
	taken = taken && btf_is_func(type) && btf_vlen(type) == BTF_FUNC_GLOBAL;
	free(raw);
	global_at = taken ? 0 : global_at;
	return taken;
}

static int prepare(struct bpf_program *program, struct bpf_prog_load_opts *options, long cookie)
{
	const struct section *section = &sections[cookie];
	struct arena arena = {0};

	if (!are_taken((int)options->prog_btf_fd))
		return -ENOMEM;
	if (before)
		before(before_context);
	options->attach_btf_id = find_target(target_of(&arena, program, section));
	arena_free(&arena);
	if (!options->attach_btf_id)
		return -ESRCH;
	options->expected_attach_type = section->attach_type;
	bpf_program__set_expected_attach_type(program, section->attach_type);
	return bpf_program__set_type(program, BPF_PROG_TYPE_TRACING);
}

/*
 * Not by bpf_program__attach(), which asks the handler of the section. Since libbpf 1.2 (3fd6eebb2d4d) a program has
 * none once bpf_program__set_type() changed its type, as prepare() does.
 */
struct bpf_link *probe_sections_attach(const struct bpf_program *program)
{
	if (bpf_program__expected_attach_type(program) == BPF_TRACE_ITER)
		return bpf_program__attach_iter(program, NULL);
	return bpf_program__attach_trace(program);
}

/* They stay: libbpf before 1.3 does not survive that the last one goes and another comes. */
int probe_sections_register(void)
{
	LIBBPF_OPTS(libbpf_prog_handler_opts, options, .prog_prepare_load_fn = prepare);
	static size_t registered;
	int handler;

	for (; registered < SECTIONS; registered++) {
		options.cookie = (long)registered;
		handler = libbpf_register_prog_handler(sections[registered].prefix, BPF_PROG_TYPE_RAW_TRACEPOINT, 0,
						       &options);
		if (handler < 0)
			return handler;
	}
	return 0;
}

size_t probe_sections_want(struct btf_wanted *wanted, struct arena *names, const struct bpf_object *object)
{
	struct bpf_program *program;
	size_t i, count = 0;

	bpf_object__for_each_program(program, object)
	{
		for (i = 0; i < SECTIONS && count < MAX_PROGRAMS; i++) {
			wanted[count].name = target_of(names, program, &sections[i]);
			wanted[count].kind = sections[i].btf_kind;
			count += wanted[count].name != NULL;
		}
	}
	return count;
}

int probe_sections_found(const struct btf_wanted *wanted, size_t count)
{
	for (target_count = 0; target_count < count; target_count++) {
		targets[target_count].id = wanted[target_count].id;
		targets[target_count].name = arena_printf(&target_names, "%s", wanted[target_count].name);
		if (!*targets[target_count].name)
			return -ENOMEM;
	}
	return 0;
}

void probe_sections_before(void (*call)(void *context), void *context)
{
	before = call;
	before_context = context;
}

void probe_sections_forget(void)
{
	arena_free(&target_names);
	target_count = 0;
}
