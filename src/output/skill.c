/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "output/skill.h"

#include "base/out.h"
#include "base/text.h"

int skill_write(FILE *out)
{
	static const char page[] =
#include "SKILL.md.inc"
		;
	struct buffer text = {0};
	int err = text_add(&text, page) ?: out_write(out, &text) ?: out_flush(out);

	buffer_free(&text);
	return err;
}
