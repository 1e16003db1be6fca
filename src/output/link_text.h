/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A link of a chain as a line for a person. */
#ifndef SOCKSTALL_OUTPUT_LINK_TEXT_H
#define SOCKSTALL_OUTPUT_LINK_TEXT_H

#include "rows/links.h"

/* "java/34/36  awaiting_reply  recvfrom  4.2s  fd 7  tcp  10.0.0.1 port 40000, peer 10.0.0.2 port 5432": printable. */
int link_text(struct buffer *out, const struct link *link, bool with_host);

#endif
