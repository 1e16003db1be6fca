/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Frames that an unwinder gave (code/messages/message.h) as text: a part of the probe. */
#ifndef SOCKSTALL_PROBE_STACKS_FRAMES_TEXT_H
#define SOCKSTALL_PROBE_STACKS_FRAMES_TEXT_H

#include "base/buffer.h"
#include "probe/maps.h"

/* Appends all of them, innermost first. Returns 0 or -ENOMEM. */
int frames_say(struct buffer *text, const struct process_maps *maps, const struct buffer *frames);

/* Appends the first that is the program's own code; nothing if there is none. Returns 0 or -ENOMEM. */
int frames_say_code(struct buffer *code, const struct process_maps *maps, const struct buffer *frames);

#endif
