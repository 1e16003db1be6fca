/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Functions of one mapped file by address: libdw goes through all symbols for each. In the worker alone. */
#ifndef SOCKSTALL_CODE_SYMBOLS_H
#define SOCKSTALL_CODE_SYMBOLS_H

#include <elfutils/libdwfl.h>

#include <linux/types.h>

struct code_symbols;

/* NULL: there are none, or no memory. */
struct code_symbols *symbols_read(Dwfl_Module *module);
void symbols_free(struct code_symbols *symbols);

/* The name of the function that holds this address, as the file has it; NULL: not known. */
const char *symbols_find(const struct code_symbols *symbols, Dwfl_Module *module, __u64 address);

/*
 * As a person writes it: C++ and Rust demangled, without the arguments. *made is to be freed; the result may be name
 * itself.
 */
const char *symbol_plain(const char *name, char **made);

#endif
