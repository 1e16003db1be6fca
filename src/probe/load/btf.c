/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The kernel's types: from /sys/kernel/btf/vmlinux, or with --btf from a file, where that cannot be seen (a chroot, a
 * masked /sys).
 *
 * libbpf takes 9 ms to read them all, and half a millisecond for each of the sixty that programs are adapted to. So it
 * is given only those, in a file in memory, and reads that (btf_subset.h). To find what programs attach to, libbpf
 * would read the kernel's own file all the same: sections.c avoids that.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "base/messages.h"
#include "probe/load/load.h"
#include "probe/load/sections.h"
#include "system/btf_subset.h"

static const char *file_name;
static struct btf *types; /* from that file */
static void *kernel_types; /* or from the kernel: mapped */
static size_t kernel_size;
static int subset_file = -1;
static bool filled, unreadable;

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

/* A name that stands among the kernel's names is found without reading all of its types, which takes 9 ms. */
bool probe_btf_has_function(const char *name)
{
	char bounded[64];
	int length = snprintf(bounded, sizeof(bounded), "%c%s", 0, name);

	if (types)
		return btf__find_by_name_kind(types, name, BTF_KIND_FUNC) > 0;
	return !kernel_types || memmem(kernel_types, kernel_size, bounded, (size_t)length + 1);
}

/* ---- The subset ---- */

const char *probe_btf_path(void)
{
	static char path[32];

	if (subset_file < 0)
		return NULL;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", subset_file);
	return path;
}

/* Without what tells flavours of one type apart (compat.bpf.h). */
static const char *kernel_name(struct arena *names, const char *name)
{
	const char *flavour = strstr(name, "___");

	return flavour ? arena_printf(names, "%.*s", (int)(flavour - name), name) : name;
}

/* The names of the object's types are those that programs are adapted to, and some that no kernel has. */
static size_t want_types(struct btf_wanted *wanted, struct arena *names, const struct btf *btf)
{
	size_t count = 0;
	__u32 id;

	for (id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);
		const char *name = btf__name_by_offset(btf, type->name_off);

		if (name && *name && (btf_is_composite(type) || btf_is_any_enum(type) || btf_is_typedef(type)))
			wanted[count++].name = kernel_name(names, name);
	}
	return count;
}

static int make_subset(struct buffer *subset, struct btf_wanted *wanted, size_t count)
{
	const void *bytes = kernel_types;
	size_t size = kernel_size;
	__u32 file_size;

	if (types) {
		bytes = btf__raw_data(types, &file_size);
		size = file_size;
	}
	return bytes ? btf_subset(subset, bytes, size, wanted, count) : -ENOMEM;
}

/* A name for which there was no memory is empty, and what it names would pass for something that the kernel has not. */
static bool are_all_named(const struct btf_wanted *wanted, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (!*wanted[i].name)
			return false;
	return true;
}

static int choose_subset(struct buffer *subset, const struct bpf_object *object)
{
	const struct btf *own = bpf_object__btf(object);
	struct btf_wanted *wanted = calloc(MAX_PROGRAMS + (own ? btf__type_cnt(own) : 0), sizeof(*wanted));
	struct arena names = {0};
	size_t targets, count;
	int err = -ENOMEM;

	if (wanted && own) {
		targets = probe_sections_want(wanted, &names, object);
		count = targets + want_types(wanted + targets, &names, own);
		if (are_all_named(wanted, count))
			err = make_subset(subset, wanted, count) ?: probe_sections_found(wanted, targets);
	}
	arena_free(&names);
	free(wanted);
	return err;
}

static int write_all(int fd, const struct buffer *bytes)
{
	size_t done = 0;
	ssize_t written;

	while (done < bytes->size) {
		written = write(fd, bytes->data + done, bytes->size - done);
		if (written < 0)
			return -errno;
		done += (size_t)written;
	}
	return 0;
}

int probe_btf_fill(const struct bpf_object *object)
{
	struct buffer subset = {0};
	int err;

	if (subset_file < 0 || filled)
		return 0;
	err = choose_subset(&subset, object) ?: write_all(subset_file, &subset);
	buffer_free(&subset);
	filled = !err;
	unreadable = err == -EINVAL;
	return err;
}

/* ---- Where types come from ---- */

static int read_all(int fd, char *to, size_t size)
{
	size_t done = 0;
	ssize_t got;

	while (done < size) {
		got = read(fd, to + done, size - done);
		if (got <= 0)
			return got ? -errno : -EIO;
		done += (size_t)got;
	}
	return 0;
}

/* The kernel lets its types be mapped since 6.16 (a539e2a6d51d): that saves 4 ms of copying. */
static int map_types(int fd)
{
	const int read_write = PROT_READ | PROT_WRITE;
	struct stat status;

	if (fstat(fd, &status))
		return -errno;
	kernel_size = (size_t)status.st_size;
	kernel_types = mmap(NULL, kernel_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (kernel_types != MAP_FAILED)
		return 0;
	kernel_types = mmap(NULL, kernel_size, read_write, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (kernel_types != MAP_FAILED)
		return read_all(fd, kernel_types, kernel_size);
	kernel_types = NULL;
	return -errno;
}

static int open_kernel_types(void)
{
	int err, fd = open(KERNEL_BTF, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	err = map_types(fd);
	close(fd);
	return err;
}

static int open_file_types(const char *path)
{
	int err;

	types = btf__parse(path, NULL);
	if (types) {
		file_name = path;
		return 0;
	}
	err = -errno;
	messages_tell("--btf %s: %s", path,
		      err == -EINVAL || err <= -__LIBBPF_ERRNO__START ? "there is no BTF in it" : strerror(-err));
	return err;
}

bool probe_btf_is_unreadable(void)
{
	return unreadable;
}

/* Where the kernel shows no types, it is libbpf that finds out, and why.c that says so. */
int probe_btf_use(const char *path)
{
	int err = path ? open_file_types(path) : open_kernel_types();

	if (err)
		return path ? err : 0;
	err = probe_sections_register();
	if (!err)
		subset_file = memfd_create("sockstall", MFD_CLOEXEC);
	if (!err && subset_file < 0)
		err = -errno;
	if (err)
		fprintf(stderr, "sockstall: cannot begin: %s\n", strerror(-err));
	return err;
}

void probe_btf_done(void)
{
	probe_sections_forget();
	btf__free(types);
	types = NULL;
	if (kernel_types)
		munmap(kernel_types, kernel_size);
	kernel_types = NULL;
	if (subset_file >= 0)
		close(subset_file);
	subset_file = -1;
	filled = false;
}
