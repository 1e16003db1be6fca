/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* ONLY='width_*' in the environment of a unit test: only its functions of such names run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

__attribute__((constructor)) static void choose_functions(void)
{
	const char *only = getenv("ONLY");

	if (only && *only)
		cmocka_set_test_filter(only);
}
