/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "rules/wait.h"

#include "base/array.h"
#include "look/signs.h"
#include "rules/verdicts.h"
#include "system/tcp_states.h"

static bool data_is_unanswered(const struct socket_record *socket, __u64 now_ns)
{
	return signs_data_unanswered(socket, now_ns);
}

static bool window_is_unanswered(const struct socket_record *socket, __u64 now_ns)
{
	return signs_window_unanswered(socket, now_ns);
}

static bool is_connecting(const struct socket_record *socket, __u64 now_ns)
{
	(void)now_ns;
	return socket->name.state == STATE_SYN_SENT;
}

static bool is_no_socket(const struct socket_record *socket, __u64 now_ns)
{
	(void)now_ns;
	return socket->name.kind == SOCKET_KIND_NONE;
}

static bool always(const struct socket_record *socket, __u64 now_ns)
{
	(void)socket;
	(void)now_ns;
	return true;
}

WAIT_VERDICTS(VERDICT_OF_RULE)

/* clang-format off */
const struct wait_rule wait_rules[] = {
	/* evidence             verdict          how bad */
	{ is_no_socket,         &waiting,        SEVERITY_NONE },
	{ data_is_unanswered,   &peer_dead,      SEVERITY_DEAD },
	{ window_is_unanswered, &peer_dead,      SEVERITY_DEAD },
	{ is_connecting,        &no_answer,      SEVERITY_WAITING },
	{ always,               &awaiting_reply, SEVERITY_WAITING },
};
/* clang-format on */

const size_t wait_rule_count = COUNT_OF(wait_rules);

const struct wait_rule *wait_verdict(const struct socket_record *socket, __u64 now_ns)
{
	const struct wait_rule *rule = wait_rules;

	while (!rule->applies(socket, now_ns))
		rule++;
	return rule;
}
