/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "apart/foreign_spawner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "apart/apart.h"
#include "base/array.h"

/* One that does not hang is gone this soon after it was killed, on a machine that is not busy; ms. */
#define END_MS 5

/* The one in use, and those that hang; 0: none. */
static pid_t workers[FOREIGN_LEFT_BEHIND + 1];
static pid_t in_use;

static size_t reap(void)
{
	size_t i, there = 0;

	for (i = 0; i < COUNT_OF(workers); i++) {
		if (workers[i] && waitpid(workers[i], NULL, WNOHANG) == workers[i]) {
			in_use = workers[i] == in_use ? 0 : in_use;
			workers[i] = 0;
		}
		there += workers[i] != 0;
	}
	return there;
}

/* Returns how many have not ended. */
static size_t give_up(void)
{
	const struct timespec piece = {.tv_nsec = 1000000};
	size_t i, there = reap();

	if (in_use)
		kill(in_use, SIGKILL);
	for (i = 0; i < END_MS && in_use; i++) {
		nanosleep(&piece, NULL);
		there = reap();
	}
	in_use = 0;
	return there;
}

/* ---- A new one ---- */

/* In the child: it holds nothing but its own end. */
static _Noreturn void run_worker(const struct spawner_kind *kind, int control, int ends[2], pid_t parent)
{
	close(control);
	close(ends[0]);
	prctl(PR_SET_NAME, kind->worker_name);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	kind->worker_rights();
	kind->serve(ends[1]);
	_exit(0);
}

static int start_worker(const struct spawner_kind *kind, int control, pid_t *place, int *asked)
{
	pid_t parent = getpid(), worker;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return -errno;
	/* The worker may wait for sockstall; sockstall never for the worker. */
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	worker = fork();
	if (!worker)
		run_worker(kind, control, ends, parent);
	close(ends[1]);
	if (worker < 0) {
		close(ends[0]);
		return -EAGAIN;
	}
	*place = worker;
	*asked = ends[0];
	return 0;
}

static void replace_worker(const struct spawner_kind *kind, int control)
{
	pid_t result;
	size_t i = 0, there = give_up();
	int asked = -1, err = there < FOREIGN_LEFT_BEHIND ? 0 : -EBUSY;

	while (!err && workers[i])
		i++;
	if (!err)
		err = start_worker(kind, control, &workers[i], &asked);
	in_use = err ? 0 : workers[i];
	result = err ? err : workers[i];
	/* With the socket, where there is one. */
	apart_send(control, &result, sizeof(result), asked);
	if (asked >= 0)
		close(asked);
}

/* ---- Setting it apart ---- */

/* No descriptor but this one: whoever reads sockstall's output must see its end when sockstall ends. */
static int keep_only(int control)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO && null >= 0; fd++)
		dup2(null, fd);
	if (null < 0 || dup2(control, STDERR_FILENO + 1) < 0)
		_exit(1);
	syscall(SYS_close_range, STDERR_FILENO + 2u, ~0U, 0);
	return STDERR_FILENO + 1;
}

/* That it comes is enough: it interrupts the spawner's ppoll(), where alone it may. */
static void on_child(int number)
{
	(void)number;
}

/* SIGCHLD comes only where it is waited for. */
static void hold_signals(void)
{
	const struct sigaction child = {.sa_handler = on_child};
	sigset_t blocked;

	sigaction(SIGCHLD, &child, NULL);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGCHLD);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
}

/* It sleeps in poll(), and not in a read of a socket, which could be taken for a stall. */
static bool serve(const struct spawner_kind *kind, int control)
{
	struct pollfd waker = {.fd = control, .events = POLLIN};
	sigset_t none;
	char byte;
	ssize_t got;

	reap();
	sigemptyset(&none);
	if (ppoll(&waker, 1, NULL, &none) < 0)
		return errno == EINTR;
	got = recv(control, &byte, 1, 0);
	if (got > 0)
		replace_worker(kind, control);
	return got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN));
}

_Noreturn void foreign_spawner(int control, pid_t parent, const struct spawner_kind *kind)
{
	prctl(PR_SET_NAME, kind->spawner_name);
	apart_ignore_signals();
	hold_signals();
	control = keep_only(control);
	kind->spawner_rights();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	while (serve(kind, control))
		;
	_exit(0);
}

/* ---- Its parent's side ---- */

int foreign_spawner_start(const struct spawner_kind *kind, pid_t *spawner, int *control)
{
	pid_t parent = getpid();
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return -errno;
	*spawner = fork();
	if (!*spawner)
		foreign_spawner(ends[1], parent, kind);
	close(ends[1]);
	*control = ends[0];
	return *spawner < 0 ? -EAGAIN : 0;
}

void spawned_order(struct spawned *spawned)
{
	if (!spawned->ordered && spawned->control >= 0)
		spawned->ordered = write(spawned->control, "", 1) == 1;
}

bool spawned_receive(struct spawned *spawned)
{
	pid_t worker = 0;
	ssize_t got = apart_receive(spawned->control, &worker, sizeof(worker), &spawned->socket);
	bool came = got == sizeof(worker) && worker > 0 && spawned->socket >= 0;

	spawned->ordered = false;
	spawned->worker = came ? worker : 0;
	if (!came)
		apart_close(&spawned->socket);
	if (got <= 0)
		apart_close(&spawned->control);
	return came;
}
