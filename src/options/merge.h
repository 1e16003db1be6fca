/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What a replay was asked for, over what was asked for when its recording was made. */
#ifndef SOCKSTALL_OPTIONS_MERGE_H
#define SOCKSTALL_OPTIONS_MERGE_H

#include "options/options.h"

/*
 * The selection and the scope of the recording, but for what the command line says; sinks are those of the command
 * line. Lists in *merged are those of the two others, which must live as long: it owns nothing.
 */
void options_merge(struct options *merged, const struct options *recorded, const struct options *given);

/* Whether the command line has filters: then those of the recording are not what is replayed. */
bool options_have_filters(const struct selection *selection);

#endif
