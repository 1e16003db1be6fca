/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "code/unwind.h"

#include <elfutils/libdwfl.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "code/frames.h"
#include "code/go/frames.h"
#include "code/go/go.h"
#include "code/space.h"
#include "code/symbols.h"
#include "code/worker.h"

#define MOST_NS 100000000ULL

/* libdw's callbacks know no more than this. */
static struct {
	const struct code_request *request;
	const char *stack;
	__u64 until_ns; /* on the process's CPU clock */
	struct native_frame frames[CODE_FRAMES];
	struct go_function functions[CODE_FRAMES]; /* of those frames that are Go's; "": of others */
	size_t count;
} now;

static bool has_time(void)
{
	return clock_ns(CLOCK_PROCESS_CPUTIME_ID) < now.until_ns;
}

/* ---- What libdw asks ---- */

static bool read_memory(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *word, void *context)
{
	__u64 at = address - now.request->stack, size = now.request->stack_size;

	(void)dwfl, (void)context;
	if (address < now.request->stack || at > size || size - at < sizeof(*word) || !has_time())
		return false;
	memcpy(word, now.stack + at, sizeof(*word));
	return true;
}

static bool set_registers(Dwfl_Thread *thread, void *context)
{
	const __u64 *registers = now.request->registers;

	(void)context;
#if defined(__aarch64__)
	dwfl_thread_state_register_pc(thread, registers[32]);
	return dwfl_thread_state_registers(thread, 0, 32, (const Dwarf_Word *)registers);
#else
	return dwfl_thread_state_registers(thread, 0, 17, (const Dwarf_Word *)registers);
#endif
}

static pid_t next_thread(Dwfl *dwfl, void *context, void **thread)
{
	(void)dwfl, (void)context;
	if (*thread)
		return 0;
	*thread = &now;
	return (pid_t)now.request->pid;
}

static bool get_thread(Dwfl *dwfl, pid_t tid, void *context, void **thread)
{
	(void)dwfl, (void)tid, (void)context;
	*thread = &now;
	return true;
}

static const Dwfl_Thread_Callbacks callbacks = {
	.next_thread = next_thread,
	.get_thread = get_thread,
	.memory_read = read_memory,
	.set_initial_registers = set_registers,
};

/* ---- Frames ---- */

static const char *find_name(Dwfl_Module *module, __u64 address)
{
	struct space_file *file = space_file_of(module);

	if (!file)
		return NULL;
	if (!file->tried)
		file->symbols = symbols_read(module);
	file->tried = true;
	return file->symbols ? symbols_find(file->symbols, module, address) : NULL;
}

static const char *find_source(Dwfl_Module *module, __u64 address, int *line)
{
	const struct space_file *file = space_file_of(module);
	Dwfl_Line *found = file && file->own ? dwfl_module_getsrc(module, address) : NULL;
	const char *path = found ? dwfl_lineinfo(found, NULL, line, NULL, NULL, NULL) : NULL, *slash;

	slash = path ? strrchr(path, '/') : NULL;
	return slash ? slash + 1 : path;
}

static int on_frame(Dwfl_Frame *frame, void *context)
{
	Dwarf_Addr address;
	bool interrupted = false;

	(void)context;
	if (!dwfl_frame_pc(frame, &address, &interrupted) || !address || !has_time() || now.count == CODE_FRAMES)
		return DWARF_CB_ABORT;
	now.frames[now.count++] = (struct native_frame){.address = address, .called = !interrupted};
	return DWARF_CB_OK;
}

/* ---- Go ---- */

static int open_file(__u32 number)
{
	return code_worker_need(CODE_NEEDS_FILE, number, NULL, 0);
}

static struct go *go_of(Dwfl_Module *module)
{
	struct space_file *file = space_file_of(module);

	if (!file || !file->own)
		return NULL;
	if (!file->sought_go)
		file->go = go_detect(module, open_file, file->number);
	file->sought_go = true;
	return file->go;
}

static bool find_in_time(void *go, __u64 address, struct go_function *function)
{
	return has_time() && go_find(go, address, function);
}

static struct go_stack go_stack_of(const struct code_request *request)
{
	const __u64 *registers = request->registers;
	struct go_stack stack = {.bytes = now.stack, .first = request->stack, .size = request->stack_size};

#if defined(__aarch64__)
	stack.code = registers[32];
	stack.stack = registers[31];
	stack.link = registers[30];
	stack.has_link = true;
#else
	stack.code = registers[16];
	stack.stack = registers[7];
#endif
	return stack;
}

/* The first frame behind the one at this address; as many as there are, where none is. */
static size_t frames_behind(__u64 address)
{
	for (size_t i = 0; i < now.count; i++)
		if (now.frames[i].address == address)
			return i + 1;
	return now.count;
}

/*
 * Its own table is better than what there is for debuggers, and than frame pointers. Where that ends, in C or for want
 * of time, the others may go on.
 */
static void unwind_go(Dwfl *dwfl)
{
	const struct go_stack stack = go_stack_of(now.request);
	struct go *go = go_of(dwfl_addrmodule(dwfl, stack.code));
	__u64 addresses[CODE_FRAMES];
	size_t i, rest, left, count = go ? go_frames(&stack, find_in_time, go, addresses, CODE_FRAMES) : 0;

	if (!count || (count < 2 && count <= now.count))
		return;
	rest = frames_behind(addresses[count - 1]);
	left = now.count - rest < CODE_FRAMES - count ? now.count - rest : CODE_FRAMES - count;
	memmove(&now.frames[count], &now.frames[rest], left * sizeof(now.frames[0]));
	for (i = 0; i < count; i++)
		now.frames[i] = (struct native_frame){.address = addresses[i], .called = !!i};
	now.count = count + left;
}

/* Without reading what there is for debuggers, which is large. */
static bool name_go(struct native_frame *frame, struct go_function *function)
{
	const struct go *go = go_of(frame->module);

	if (!go || !go_find(go, frame->address - frame->called, function))
		return false;
	frame->name = function->name;
	frame->file = function->file[0] ? function->file : NULL;
	frame->line = (int)function->line;
	return true;
}

static void find_names(Dwfl *dwfl)
{
	size_t i;

	for (i = 0; i < now.count; i++) {
		struct native_frame *frame = &now.frames[i];

		now.functions[i].name[0] = '\0';
		frame->module = dwfl_addrmodule(dwfl, frame->address - frame->called);
		if (frame->module && has_time() && !name_go(frame, &now.functions[i]))
			frame->name = find_name(frame->module, frame->address - frame->called);
	}
}

/* The program's own first: a library's debug file may be large. */
static void find_sources(void)
{
	const Dwfl_Module *program = now.count ? now.frames[now.count - 1].module : NULL;
	size_t i;
	int pass;

	for (pass = 0; pass < 2; pass++)
		for (i = 0; i < now.count && has_time(); i++) {
			struct native_frame *frame = &now.frames[i];

			if (frame->module && !now.functions[i].name[0] && (frame->module == program) == !pass)
				frame->file = find_source(frame->module, frame->address - frame->called, &frame->line);
		}
}

/* For each part there is some time: to know the frames without their lines is better than to know nothing. */
static void begin_part(void)
{
	now.until_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) + MOST_NS / 2;
}

void code_unwind(const struct code_request *request, const struct code_module *modules, const char *stack)
{
	struct space *space = space_get(request, modules);

	if (!space)
		return;
	now.request = request;
	now.stack = stack;
	now.count = 0;
	begin_part();
	if (!space->attached)
		space->attached = dwfl_attach_state(space->dwfl, NULL, (pid_t)request->pid, &callbacks, NULL);
	if (space->attached)
		dwfl_getthread_frames(space->dwfl, (pid_t)request->pid, on_frame, NULL);
	begin_part();
	unwind_go(space->dwfl);
	find_names(space->dwfl);
	find_sources();
	begin_part();
	frames_add(request, stack, now.frames, now.count, has_time);
}
