/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "base/array.h"
#include "rows/column.h"
#include "rules/verdicts.h"

#define START	  ROW_BIT(ROW_START)
#define HANDSHAKE ROW_BIT(ROW_HANDSHAKE)
#define LISTENER  ROW_BIT(ROW_LISTENER)
#define READER	  ROW_BIT(ROW_READER)
#define LOOP	  ROW_BIT(ROW_LOOP)
#define WRITER	  ROW_BIT(ROW_WRITER)
#define CLOSING	  ROW_BIT(ROW_CLOSING)
#define CHAIN	  ROW_BIT(ROW_CHAIN)
#define SERVICE	  ROW_BIT(ROW_SERVICE)
#define LOCK	  ROW_BIT(ROW_LOCK)
#define THREAD	  ROW_BIT(ROW_THREAD)
#define REGION	  ROW_BIT(ROW_REGION)
#define WATCH	  ROW_BIT(ROW_WATCH)
#define ACTION	  ROW_BIT(ROW_ACTION)
#define DIFF	  ROW_BIT(ROW_DIFFERENCE)
#define PROCESS	  ROW_BIT(ROW_PROCESS)
#define CHECK	  ROW_BIT(ROW_CHECK)
#define LOST	  ROW_BIT(ROW_LOST)
#define END	  ROW_BIT(ROW_END)

#define ALL    (ROW_BIT(ROW_TYPES) - 1)
#define WAIT   (HANDSHAKE | LISTENER | READER | LOOP | WRITER | CLOSING | CHAIN | SERVICE | LOCK)
#define LIFE   (WAIT | PROCESS)
#define FOLDED (HANDSHAKE | LISTENER | READER | LOOP | WRITER | CLOSING) /* fold.c */
#define SEEN   (TASK | LOST | END) /* on a host */
#define TASK   (LIFE | THREAD | REGION | WATCH)
#define SOCKET (HANDSHAKE | LISTENER | READER | WATCH | WRITER | CLOSING | CHAIN | SERVICE)

/* The closed vocabularies. */
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

#define EVENTS	 WORDS("open", "change", "close")
#define FAMILIES WORDS("inet", "inet6", "unix")

/* The verdicts of one kind of report, as rules/verdicts.h lists them. */
#define VERDICTS_OF(list) ((const char *const[]){list(VERDICT_NAME) NULL})
#define READER_NAMES	  ((const char *const[]){READER_VERDICTS(VERDICT_NAME) HELD_READER_VERDICTS(VERDICT_NAME) NULL})

/*
 * A process is named in full: TASK_COMM_LEN - 1 bytes, a slash, a pid up to PID_MAX_LIMIT (2^22). Only a name with
 * escaped bytes in it is longer.
 */
#define COMM_LEAST    15
#define PROCESS_LEAST (COMM_LEAST + 8)

/* key, member of struct row, records that have it, description, then what is not the default. */
#define COLUMN(key_, kind_, member_, types_, description_, ...)                                             \
	{                                                                                                   \
		.key = (key_), .kind = (kind_), .offset = offsetof(struct row, member_), .types = (types_), \
		.description = (description_), ##__VA_ARGS__                                                \
	}
#define TEXT(key, member, types, ...)	 COLUMN(key, COLUMN_TEXT, member, types, __VA_ARGS__)
#define COUNT(key, member, types, ...)	 COLUMN(key, COLUMN_COUNT, member, types, __VA_ARGS__)
#define SECONDS(key, member, types, ...) COLUMN(key, COLUMN_SECONDS, member, types, __VA_ARGS__)
#define NUMBER(key, member, types, ...)	 COLUMN(key, COLUMN_NUMBER, member, types, __VA_ARGS__)

/*
 * One table, in four parts: each is a list of entries. For every type of record, the order is the order of its keys in
 * JSON and of its columns on the screen. A key is there twice if types of records keep it in different members.
 */
const struct column columns[] = {
#include "rows/columns_shared.h"
#include "rows/columns_findings.h"
#include "rows/columns_threads.h"
#include "rows/columns_other.h"
};

const size_t column_count = COUNT_OF(columns);
