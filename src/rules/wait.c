/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "rules/wait.h"

#include "base/array.h"
#include "look/signs.h"
#include "rules/verdicts.h"
#include "system/tcp_states.h"

/* To wait for the turn is what locks of files are for, and a thread that others join is to end some time. */
static bool is_lock(const struct wait_evidence *evidence)
{
	return evidence->lock && evidence->lock->kind != LOCK_JOIN && evidence->lock->kind != LOCK_FILE;
}

static bool is_no_socket(const struct wait_evidence *evidence)
{
	return evidence->socket->name.kind == SOCKET_KIND_NONE;
}

static bool data_is_unanswered(const struct wait_evidence *evidence)
{
	return signs_data_unanswered(evidence->socket, evidence->now_ns);
}

static bool window_is_unanswered(const struct wait_evidence *evidence)
{
	return signs_window_unanswered(evidence->socket, evidence->now_ns);
}

static bool is_connecting(const struct wait_evidence *evidence)
{
	return evidence->socket->name.state == STATE_SYN_SENT;
}

static bool always(const struct wait_evidence *evidence)
{
	(void)evidence;
	return true;
}

WAIT_VERDICTS(VERDICT_OF_RULE)

/* clang-format off */
const struct wait_rule wait_rules[] = {
	/* evidence             verdict          how bad */
	{ is_lock,              &lock,           SEVERITY_WAITING },
	{ is_no_socket,         &waiting,        SEVERITY_NONE },
	{ data_is_unanswered,   &peer_dead,      SEVERITY_DEAD },
	{ window_is_unanswered, &peer_dead,      SEVERITY_DEAD },
	{ is_connecting,        &no_answer,      SEVERITY_WAITING },
	{ always,               &awaiting_reply, SEVERITY_WAITING },
};
/* clang-format on */

const size_t wait_rule_count = COUNT_OF(wait_rules);

const struct wait_rule *wait_verdict(const struct wait_evidence *evidence)
{
	const struct wait_rule *rule = wait_rules;

	while (!rule->applies(evidence))
		rule++;
	return rule;
}
