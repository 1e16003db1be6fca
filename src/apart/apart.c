/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "apart/apart.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"

/* Above all no stdout: whoever reads that must see its end when sockstall ends. */
static int keep_only(int fd)
{
	int kept = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
	}
	if (kept < 0)
		return -1;
	if (kept > STDERR_FILENO + 1)
		syscall(SYS_close_range, STDERR_FILENO + 1u, (unsigned int)kept - 1, 0);
	syscall(SYS_close_range, (unsigned int)kept + 1, ~0U, 0);
	return kept;
}

void apart_ignore_signals(void)
{
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1, SIGTSTP};
	size_t i;

	for (i = 0; i < COUNT_OF(ignored); i++)
		signal(ignored[i], SIG_IGN);
}

static _Noreturn void run(const char *name, int fd, pid_t parent, void (*serve)(int fd, void *context), void *context)
{
	int kept;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, name);
	if (getppid() != parent)
		_exit(1);
	kept = keep_only(fd);
	if (kept < 0)
		_exit(1);
	apart_ignore_signals();
	serve(kept, context);
	_exit(0);
}

int apart_start(struct apart *apart, const char *name, void (*serve)(int fd, void *context), void *context)
{
	pid_t parent = getpid();
	int ends[2];

	*apart = APART_NONE;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return -errno;
	apart->pid = fork();
	if (apart->pid == 0)
		run(name, ends[1], parent, serve, context);
	close(ends[1]);
	if (apart->pid > 0) {
		apart->fd = ends[0];
		return 0;
	}
	close(ends[0]);
	apart->pid = 0;
	return -EAGAIN;
}

void apart_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

int apart_send(int socket, const void *bytes, size_t size, int fd)
{
	struct iovec part = {.iov_base = (void *)bytes, .iov_len = size};
	union control control = {
		.header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	/* sendmsg() is not allowed to a process that hands no descriptors on. */
	if (fd < 0)
		return send(socket, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	message.msg_control = control.bytes;
	message.msg_controllen = sizeof(control.bytes);
	return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

static int take_descriptor(struct msghdr *message)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);
	int fd = -1;

	int more;

	if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS ||
	    header->cmsg_len < CMSG_LEN(sizeof(fd)))
		return -1;
	memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	/* There is room for two: none of them is taken then. */
	if (header->cmsg_len < CMSG_LEN(2 * sizeof(fd)))
		return fd;
	memcpy(&more, CMSG_DATA(header) + sizeof(fd), sizeof(more));
	close(fd);
	close(more);
	return -1;
}

ssize_t apart_receive(int socket, void *bytes, size_t size, int *fd)
{
	struct iovec part = {.iov_base = bytes, .iov_len = size};
	union control control;
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = control.bytes,
				 .msg_controllen = sizeof(control.bytes)};
	ssize_t got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);

	*fd = -1;
	if (got < 0)
		return -errno;
	*fd = take_descriptor(&message);
	if (!(message.msg_flags & MSG_TRUNC))
		return got;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	return -EMSGSIZE;
}

void apart_end(struct apart *apart)
{
	const struct timespec piece = {.tv_nsec = 1000000};
	int i;

	if (apart->fd >= 0)
		close(apart->fd);
	apart->fd = -1;
	for (i = 0; apart->pid > 0 && i < 2000 && !waitpid(apart->pid, NULL, WNOHANG); i++)
		nanosleep(&piece, NULL);
	apart->pid = 0;
}
