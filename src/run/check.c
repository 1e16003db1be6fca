/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* `sockstall check`: what this kernel allows, and what is lost without the rest. */
#include <signal.h>
#include <stdio.h>

#include "base/check_list.h"
#include "base/clock.h"
#include "base/out.h"
#include "output/check.h"
#include "probe/probe.h"
#include "rights/privileges.h"
#include "run/run.h"
#include "system/name_sources.h"

static int write_list(const struct options *options, const struct check_list *list, size_t width)
{
	int err = options->sinks.json ? check_write_json(stdout, list, clock_ns(CLOCK_REALTIME))
				      : check_write_text(stdout, list, width, options->scope.verbose);

	/* Why nothing can run has been said. */
	if (err && list->broken && err == list->error)
		return EXIT_BROKE;
	return exit_code_of(err);
}

int run_check(const struct options *options)
{
	size_t width = out_width(stdout); /* while it may still ask */
	struct check_list list = {0};
	int code = EXIT_BROKE, err = probe_check(&list, options->btf_file);

	if (!err || list.broken) {
		name_sources_check(&list);
		privileges_check(&list);
		code = write_list(options, &list, width);
	}
	check_list_free(&list);
	return err ? EXIT_BROKE : code;
}
