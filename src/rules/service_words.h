/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The sentences of the rules about services: see service.h. Text belongs to the arena. */
#ifndef SOCKSTALL_RULES_SERVICE_WORDS_H
#define SOCKSTALL_RULES_SERVICE_WORDS_H

#include "rules/service.h"

const char *service_why_silent(struct arena *arena, const struct service_evidence *evidence);
const char *service_why_longer(struct arena *arena, const struct service_evidence *evidence);
const char *service_why_queued(struct arena *arena, const struct service_evidence *evidence);
const char *service_why_unread(struct arena *arena, const struct service_evidence *evidence);
const char *service_why_ok(struct arena *arena, const struct service_evidence *evidence);
const char *service_advise(struct arena *arena, const struct service_evidence *evidence);

/* Parts of the sentences. */
__u64 service_silent_since(const struct service_evidence *evidence);
__u64 service_unread(const struct service_evidence *evidence);

#endif
