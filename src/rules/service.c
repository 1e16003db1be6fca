/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "rules/service.h"

#include "base/array.h"
#include "look/service_dates.h"
#include "rules/service_words.h"
#include "rules/verdicts.h"

/* So often it must have been seen to answer before it is judged by how long that took. */
#define ANSWERS_LEAST 5

/* It lets others wait so many times as long as ever before. */
#define LONGER_THAN_EVER 5

const char *const service_cause_names[CAUSES] = {
	[CAUSE_UNKNOWN] = "unknown",	 [CAUSE_STOPPED] = "stopped", [CAUSE_FROZEN] = "frozen",
	[CAUSE_THROTTLED] = "throttled", [CAUSE_LOOP] = "loop",	      [CAUSE_LOCK] = "lock",
	[CAUSE_PEER] = "peer",		 [CAUSE_CPU] = "cpu",
};

/* ---- Evidence ---- */

static bool is_old(const struct service_evidence *evidence, __u64 since_ns)
{
	return since_ns && evidence->now_ns >= since_ns + evidence->min_age_ns;
}

__u64 service_silent_since(const struct service_evidence *evidence)
{
	__u64 owed = evidence->service ? evidence->service->owed_since_ns : 0;
	__u64 near = evidence->near_since_ns ? evidence->near_since_ns : evidence->near_likely_ns;

	return !owed || (near && near < owed) ? near : owed;
}

/* It did answer before, and since somebody waits for it nothing goes out on any of its connections. */
static bool is_silent(const struct service_evidence *evidence)
{
	return evidence->service && evidence->service->answered_ns &&
	       is_old(evidence, evidence->service->owed_since_ns);
}

/* A service that reads requests and does not answer may do so on purpose. One that does not read them cannot answer. */
static bool is_silent_and_reads_nothing(const struct service_evidence *evidence)
{
	return is_silent(evidence) && is_old(evidence, service_unread_since(evidence->service));
}

static bool is_silent_with_cause(const struct service_evidence *evidence)
{
	if (evidence->near_since_ns && is_old(evidence, service_silent_since(evidence)))
		return true;
	return is_silent(evidence) && evidence->certain;
}

/*
 * No slow request has taken it nearly as long while it was looked at. One client that waits may have asked for just
 * that; and of long polls the longest two pauses tell.
 */
static bool is_silent_as_never_before(const struct service_evidence *evidence)
{
	const struct service_record *service = evidence->service;
	bool is_near = evidence->near_likely_ns && is_old(evidence, evidence->near_likely_ns);
	__u64 usual;

	if (!is_near && (!is_silent(evidence) || service_owed_count(service) < 2))
		return false;
	if (service->answers < ANSWERS_LEAST)
		return false;
	usual = service->pauses_ns[1] + evidence->interval_ns;
	return evidence->now_ns >= service_silent_since(evidence) + LONGER_THAN_EVER * usual;
}

static bool is_not_emptied(const struct service_evidence *evidence)
{
	return is_old(evidence, evidence->oldest_queued_ns);
}

__u64 service_unread(const struct service_evidence *evidence)
{
	return evidence->service ? evidence->service->oldest_unread_ns : 0;
}

/* Nothing is ever sent, as to a log; but whoever takes it in no longer does. */
static bool reads_nothing(const struct service_evidence *evidence)
{
	return evidence->service && !evidence->service->answered_ns && is_old(evidence, service_unread(evidence));
}

/*
 * Others of its processes answer, for long enough after it came; the one that holds these connections cannot read. An
 * answer that went out just then is no sign of that: if nothing more follows, all of the service is silent soon.
 */
static bool part_reads_nothing(const struct service_evidence *evidence)
{
	__u64 unread_ns = service_unread(evidence);

	return evidence->certain && is_old(evidence, unread_ns) &&
	       evidence->service->answered_ns >= unread_ns + evidence->min_age_ns / 2;
}

static __u64 oldest_queued(const struct service_evidence *evidence)
{
	return evidence->oldest_queued_ns;
}

static bool always(const struct service_evidence *evidence)
{
	(void)evidence;
	return true;
}

/* ---- The table ---- */

SERVICE_VERDICTS(VERDICT_OF_RULE)

/* clang-format off */
const struct service_rule service_rules[] = {
	/*
	 * evidence                    verdict         how bad           since                 why
	 * advice
	 */
	{ is_silent_and_reads_nothing, &not_answering, SEVERITY_STALLED, service_silent_since, service_why_silent,  service_advise },
	{ is_silent_with_cause,        &not_answering, SEVERITY_STALLED, service_silent_since, service_why_silent,  service_advise },
	{ is_silent_as_never_before,   &not_answering, SEVERITY_WAITING, service_silent_since, service_why_longer,  service_advise },
	{ is_not_emptied,              &not_answering, SEVERITY_STARVED, oldest_queued,        service_why_queued,  service_advise },
	{ reads_nothing,               &not_read,      SEVERITY_STARVED, service_unread,       service_why_unread,  service_advise },
	{ part_reads_nothing,          &not_read,      SEVERITY_STARVED, service_unread,       service_why_unread,  service_advise },
	{ always,                      &ok,            SEVERITY_NONE,    NULL,                 service_why_ok,      NULL },
};
/* clang-format on */

const size_t service_rule_count = COUNT_OF(service_rules);

const struct service_rule *service_verdict(const struct service_evidence *evidence)
{
	const struct service_rule *rule = service_rules;

	while (!rule->applies(evidence))
		rule++;
	return rule;
}

bool service_is_told_elsewhere(const struct service_rule *rule)
{
	return rule->applies == is_not_emptied || rule->verdict == &not_read;
}
