/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "apart/foreign.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apart/apart.h"
#include "apart/foreign_spawner.h"
#include "apart/foreign_worker.h"
#include "apart/waiting.h"
#include "base/clock.h"
#include "rights/foreign_rights.h"

/* How long a read may sleep, and all reads of a look; and how long workers may wait for a CPU in a look. */
#define READ_NS (50 * NS_PER_MS)
#define LOOK_NS (200 * NS_PER_MS)
#define BUSY_NS (1000 * NS_PER_MS)

struct foreign {
	struct apart_wait wait;
	struct spawned spawned;
	bool refused; /* at this look */
	__u32 sequence;
	struct held_processes held;
	struct foreign_losses losses;
	struct {
		struct foreign_head head;
		struct foreign_request requests[FOREIGN_BATCH];
	} message;
	struct foreign_question *asked[FOREIGN_BATCH]; /* whose requests these are */
	_Alignas(8) char piece[sizeof(struct foreign_piece) + FOREIGN_PIECE];
};

/* ---- What is lost ---- */

size_t foreign_take_losses(struct foreign *foreign, struct foreign_loss losses[FOREIGN_NAMED + 1])
{
	size_t count = foreign->losses.count;

	memcpy(losses, foreign->losses.items, count * sizeof(*losses));
	foreign->losses.count = 0;
	return count;
}

void foreign_return_loss(struct foreign *foreign, __u32 pid, __u64 count)
{
	foreign_losses_add(&foreign->losses, pid, count);
}

static void lose(struct foreign *foreign, struct foreign_question *question)
{
	question->err = -ETIMEDOUT;
	foreign_losses_note(&foreign->losses, question->request.pid);
}

void foreign_note_held(struct foreign *foreign, __u32 pid, __u64 process_start_ns)
{
	__u64 now = clock_ns(CLOCK_MONOTONIC);

	if (held_is(&foreign->held, pid, process_start_ns, now))
		return;
	foreign_losses_note(&foreign->losses, pid);
	held_note(&foreign->held, pid, process_start_ns, now, FOREIGN_FDINFO, true);
}

const struct held_processes *foreign_held(const struct foreign *foreign)
{
	return &foreign->held;
}

/* ---- Waiting ---- */

static int wait_for(struct foreign *foreign, int fd, pid_t process)
{
	return apart_wait_for(&foreign->wait, fd, process);
}

static bool has_time(const struct foreign *foreign)
{
	return apart_wait_has_time(&foreign->wait);
}

/* ---- Workers ---- */

/* It may hang for as long as it is made to. Another one is there by the time it is needed. */
static void leave_behind(struct foreign *foreign)
{
	close(foreign->spawned.socket);
	foreign->spawned.socket = -1;
	foreign->spawned.worker = 0;
	spawned_order(&foreign->spawned);
}

/* Returns 0, -EBUSY: there is none at this look; or -ECANCELED. */
static int need_worker(struct foreign *foreign)
{
	int came;

	if (foreign->spawned.socket >= 0)
		return 0;
	if (foreign->refused)
		return -EBUSY;
	spawned_order(&foreign->spawned);
	came = foreign->spawned.ordered ? wait_for(foreign, foreign->spawned.control, foreign->spawned.spawner) : 0;
	if (came < 0)
		return came;
	foreign->refused = !came || !spawned_receive(&foreign->spawned);
	return foreign->refused ? -EBUSY : 0;
}

/* ---- Asking ---- */

/* Takes what may be asked of the questions from *next on, as far as a message goes. Returns how many. */
static size_t fill_message(struct foreign *foreign, struct foreign_question *questions, size_t count, size_t *next)
{
	__u64 now = clock_ns(CLOCK_MONOTONIC);
	size_t filled = 0;

	for (; *next < count && filled < FOREIGN_BATCH; (*next)++) {
		struct foreign_question *question = &questions[*next];

		question->err = question->size = 0;
		question->fd = -1;
		if (!foreign_request_is_valid(&question->request))
			question->err = -EINVAL;
		else if (held_is(&foreign->held, question->request.pid, question->process_start_ns, now))
			question->err = -ETIMEDOUT; /* counted when it was found out */
		if (question->err)
			continue;
		foreign->asked[filled] = question;
		foreign->message.requests[filled++] = question->request;
	}
	return filled;
}

static int send_message(struct foreign *foreign, size_t count)
{
	size_t size = sizeof(struct foreign_head) + count * sizeof(struct foreign_request);

	foreign->message.head = (struct foreign_head){++foreign->sequence, (__u32)count};
	return write(foreign->spawned.socket, &foreign->message, size) == (ssize_t)size ? 0 : -EPIPE;
}

/* A descriptor comes along where one was asked for, and there alone. */
static bool is_due(const struct foreign_question *question, const struct foreign_piece *piece)
{
	return (question->fd >= 0) == (FOREIGN_GIVES_FD(question->request.kind) && !piece->status);
}

/* Returns 0; -EPIPE: no more comes of this worker; -ETIMEDOUT: it hangs; -ENOMEM; -ECANCELED. */
static int take_piece(struct foreign *foreign, struct foreign_intake *intake, struct buffer *answers)
{
	struct foreign_question *question = foreign->asked[intake->next];
	int came = wait_for(foreign, foreign->spawned.socket, foreign->spawned.worker), err;
	struct foreign_piece piece;
	ssize_t got;

	if (came <= 0)
		return came ? came : -ETIMEDOUT;
	got = apart_receive(foreign->spawned.socket, foreign->piece, sizeof(foreign->piece), &question->fd);
	if (got <= 0 || foreign_piece_take(intake, foreign->piece, (size_t)got, &piece) || !is_due(question, &piece)) {
		apart_close(&question->fd);
		return -EPIPE;
	}
	if (!question->size)
		question->at = answers->size;
	err = buffer_append(answers, foreign->piece + sizeof(piece), piece.size);
	question->size += piece.size;
	if (piece.status < 0)
		question->err = piece.status;
	return err;
}

/* The process that is being read makes the worker wait. */
static void blame(struct foreign *foreign, struct foreign_question *question)
{

	question->size = 0;
	lose(foreign, question);
	held_note(&foreign->held, question->request.pid, question->process_start_ns, clock_ns(CLOCK_MONOTONIC),
		  question->request.kind, foreign->wait.slept);
}

/* Returns how many of the message's questions are done with; or -ENOMEM, -ECANCELED. */
static ssize_t ask_message(struct foreign *foreign, size_t count, struct buffer *answers)
{
	struct foreign_intake intake = {.requests = foreign->message.requests, .count = (__u32)count};
	int err = send_message(foreign, count);

	if (err) {
		leave_behind(foreign);
		foreign->refused = true; /* it has ended, and no process is to blame for it */
		return 0;
	}
	intake.sequence = foreign->sequence;
	while (!err && intake.next < intake.count)
		err = take_piece(foreign, &intake, answers);
	if (!err)
		return (ssize_t)count;
	leave_behind(foreign);
	if (err == -ENOMEM || err == -ECANCELED)
		return err;
	blame(foreign, foreign->asked[intake.next]);
	return (ssize_t)intake.next + 1;
}

/*
 * The first `done` are done with. Requests that a worker left behind did not come to go to the next worker, but for
 * those about a process that is left alone by now: one process takes no more than one worker of a look. Returns how
 * many go.
 */
static size_t take_rest(struct foreign *foreign, size_t done, size_t count)
{
	__u64 now = clock_ns(CLOCK_MONOTONIC);
	size_t i, left = 0;

	for (i = done; i < count; i++) {
		struct foreign_question *question = foreign->asked[i];

		if (held_is(&foreign->held, question->request.pid, question->process_start_ns, now)) {
			question->err = -ETIMEDOUT;
			continue;
		}
		foreign->asked[left] = question;
		foreign->message.requests[left++] = question->request;
	}
	return left;
}

static int ask_filled(struct foreign *foreign, size_t count, struct buffer *answers)
{
	size_t left = count;
	ssize_t done;
	int err;

	while (left) {
		err = has_time(foreign) ? need_worker(foreign) : -EBUSY;
		if (err == -EBUSY)
			break;
		done = err ? err : ask_message(foreign, left, answers);
		if (done < 0)
			return (int)done;
		left = take_rest(foreign, (size_t)done, left);
	}
	while (left)
		lose(foreign, foreign->asked[--left]);
	return 0;
}

int foreign_ask(struct foreign *foreign, struct foreign_question *questions, size_t count, struct buffer *answers)
{
	size_t next = 0, filled;
	int err = 0;

	while (next < count && !err) {
		filled = fill_message(foreign, questions, count, &next);
		err = foreign->wait.asked_to_end() ? -ECANCELED : ask_filled(foreign, filled, answers);
	}
	return err;
}

int foreign_ask_one(struct foreign *foreign, struct foreign_question *question, struct buffer *answer)
{
	return foreign_ask(foreign, question, 1, answer);
}

void foreign_begin(struct foreign *foreign)
{
	foreign->wait.slept_ns = foreign->wait.busy_ns = 0;
	foreign->refused = false;
	held_begin(&foreign->held, clock_ns(CLOCK_MONOTONIC));
}

/* ---- The begin and the end ---- */

static const struct spawner_kind reads = {
	.spawner_name = "sockstall-reads",
	.worker_name = "sockstall-read",
	.spawner_rights = foreign_rights_spawner,
	.worker_rights = foreign_rights_worker,
	.serve = foreign_worker_serve,
};

int foreign_open(struct foreign **out, bool (*asked_to_end)(void))
{
	struct foreign *foreign = calloc(1, sizeof(*foreign));
	int err;

	*out = foreign;
	if (!foreign)
		return -ENOMEM;
	foreign->wait = (struct apart_wait){
		.asked_to_end = asked_to_end, .once_ns = READ_NS, .all_ns = LOOK_NS, .most_busy_ns = BUSY_NS};
	foreign->spawned.control = foreign->spawned.socket = -1;
	err = foreign_spawner_start(&reads, &foreign->spawned.spawner, &foreign->spawned.control);
	/* The first is there by the time that the BPF programs are. */
	if (!err)
		spawned_order(&foreign->spawned);
	return err;
}

void foreign_close(struct foreign *foreign)
{
	if (!foreign)
		return;
	if (foreign->spawned.socket >= 0)
		close(foreign->spawned.socket);
	if (foreign->spawned.control >= 0)
		close(foreign->spawned.control);
	/* It ends when its socket is closed, or with sockstall. */
	if (foreign->spawned.spawner > 0)
		waitpid(foreign->spawned.spawner, NULL, WNOHANG);
	free(foreign);
}
