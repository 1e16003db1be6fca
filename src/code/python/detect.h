/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Which CPython a file holds, by its symbols: they are there in a stripped one, too, because modules need them. In the
 * worker alone.
 */
#ifndef SOCKSTALL_CODE_PYTHON_DETECT_H
#define SOCKSTALL_CODE_PYTHON_DETECT_H

#include <elfutils/libdwfl.h>

#include "code/python/python.h"

/*
 * All but the layout. version 0: it is not known, which is so before 3.11. Returns NULL where it is none, or there is
 * no memory; else it is to be freed.
 */
struct python *python_detect(Dwfl_Module *module);

#endif
