/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "options/ways.h"

const char *const act_how_names[ACT_HOWS] = {
	[ACT_DESTROY] = "destroy",
	[ACT_SHUTDOWN] = "shutdown",
	[ACT_KEEPALIVE] = "keepalive",
	[ACT_PROBE] = "probe",
};
