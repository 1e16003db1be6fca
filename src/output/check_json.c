/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The result of `sockstall check`, as records. See check.h. */
#include "base/out.h"
#include "output/check.h"
#include "rows/json.h"

static const char *const parts[] = {
	[CHECK_PROBE] = "probe", [CHECK_RIGHT] = "right", [CHECK_PROTECTION] = "protection", [CHECK_SOURCE] = "source"};

static int64_t number(int64_t value)
{
	return value == CHECK_NOT_KNOWN ? NOT_KNOWN : value;
}

static void fill(struct row *row, const struct check_item *item, uint64_t realtime_ns)
{
	row_init(row, ROW_CHECK);
	row->time_ns = realtime_ns;
	row->check = (struct check_fields){
		.part = parts[item->part],
		.name = item->name,
		.state = item->part == CHECK_RIGHT ? NULL : check_state_names[item->state],
		.purpose = item->capabilities ? NULL : item->purpose, /* they are all that it is */
		.reason = item->reason,
		.effect = item->effect,
		.remedy = item->remedy,
		.syscalls = number(item->syscalls),
		.capabilities = item->capabilities,
		.verified = item->verified > 0 ? item->verified : NOT_KNOWN,
	};
}

int check_write_json(FILE *out, const struct check_list *list, uint64_t realtime_ns)
{
	struct json json = {0};
	struct row row;
	int err = list->error;

	for (size_t i = 0; i < list->count && !err; i++) {
		fill(&row, &list->items[i], realtime_ns);
		err = json_row(&json, &row) ?: out_write(out, &json.line);
	}
	json_free(&json);
	return err ?: out_flush(out);
}
