/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Parts of a row about a TCP connection. */
#ifndef SOCKSTALL_REPORTS_FILL_CONNECTION_H
#define SOCKSTALL_REPORTS_FILL_CONNECTION_H

#include "look/look.h"
#include "rows/row.h"

/* received: bytes of data, without the end of file. now_ns: of the look. */
void fill_tcp(struct tcp_fields *tcp, const struct socket_record *socket, __u64 received, __u64 now_ns);

/* Members of a ROW_READER and a ROW_WRITER. */
void fill_reader_connection(struct row *row, const struct look *look, const struct socket_record *socket);
void fill_writer_connection(struct row *row, const struct look *look, const struct socket_record *socket);

#endif
