/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "code/own.h"

#include <string.h>

#include "base/array.h"

/* By the beginnings of their files' names. */
static const char *const others[] = {
	"libc.",     "libc-",	 "libpthread", "ld-",	 "ld.so",     "libm.",	  "libm-",   "libstdc++.",
	"libgcc_s.", "ld-musl-", "libc.musl-", "libuv.", "libpython", "python",	  "libruby", "ruby",
	"perl",	     "libperl",	 "php",	       "libphp", "libjvm.",   "libjava.", "libjli.", "libzip.",
	"libnio.",   "libnet.",	 "java",       "node",	 "libnode.",  "libffi.",
};

/* Folders of modules that an interpreter loads. */
static const char *const folders[] = {"/lib-dynload/", "/site-packages/", "/dist-packages/"};

/*
 * How names begin that are no code of the program's own: libraries of languages that are linked into it, and libc in
 * static programs.
 */
static const char *const beginnings[] = {
	"std::",    "core::", "alloc::",   "<std::",	"<core::",  "<alloc::",	  "runtime.", "runtime/", "internal/",
	"syscall.", "net.",   "net/",	   "os.",	"io.",	    "bufio.",	  "sync.",    "sync/",	  "time.",
	"crypto/",  "fmt.",   "encoding/", "database/", "bytes.",   "context.",	  "reflect.", "vendor/",  "__",
	"_start",   "_dl_",   "_nl_",	   "_IO_",	"pthread_", "libc_start",
};

/* What a static program calls the kernel by. */
static const char *const calls[] = {
	"recv",	     "recvfrom",	"recvmsg",     "recvmmsg",     "read",		"readv",   "pread",   "pread64",
	"send",	     "sendto",		"sendmsg",     "write",	       "writev",	"poll",	   "ppoll",   "select",
	"pselect",   "epoll_wait",	"epoll_pwait", "epoll_pwait2", "accept",	"accept4", "connect", "syscall",
	"nanosleep", "clock_nanosleep", "usleep",      "sleep",	       "wait",		"wait4",   "waitpid", "waitid",
	"pause",     "flock",		"fcntl",       "sem_wait",     "sem_timedwait", "open",	   "openat",  "close",
	"fsync",     "fdatasync",	"sigsuspend",  "clone",	       "fgets",		"fread",   "getline", "fwrite",
	"fflush",
};

static bool begins_with(const char *text, size_t length, const char *beginning)
{
	size_t needed = strlen(beginning);

	return length >= needed && !memcmp(text, beginning, needed);
}

static bool is_any_beginning(const char *const *list, size_t count, const char *text, size_t length)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (begins_with(text, length, list[i]))
			return true;
	return false;
}

static bool is_a_call(const char *name, size_t length)
{
	size_t i;

	for (i = 0; i < COUNT_OF(calls); i++)
		if (strlen(calls[i]) == length && !memcmp(calls[i], name, length))
			return true;
	return false;
}

static bool has_folder(const char *path, size_t length)
{
	size_t i;

	for (i = 0; i < COUNT_OF(folders); i++)
		if (memmem(path, length, folders[i], strlen(folders[i])))
			return true;
	return false;
}

bool code_file_is_own(const char *path, size_t path_length)
{
	const char *slash = memrchr(path, '/', path_length);
	const char *file = slash ? slash + 1 : path;
	size_t file_length = path_length - (size_t)(file - path);

	/* [vdso] and the like, and code that is in no file. */
	if (!file_length || path[0] != '/')
		return false;
	if (is_any_beginning(others, COUNT_OF(others), file, file_length) || has_folder(path, path_length))
		return false;
	return true;
}

bool code_is_own(const char *path, size_t path_length, const char *name, size_t name_length)
{
	return code_file_is_own(path, path_length) &&
	       !is_any_beginning(beginnings, COUNT_OF(beginnings), name, name_length) && !is_a_call(name, name_length);
}
