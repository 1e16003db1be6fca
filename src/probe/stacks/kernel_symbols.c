/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Functions of the kernel by /proc/kallsyms. */
#include "probe/stacks/kernel_symbols.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sorted.h"
#include "base/text.h"

/* Functions of the kernel by address; read when first needed. */
struct symbol_cache {
	struct buffer items, names;
	bool read;
};

struct symbol {
	__u64 address;
	size_t name; /* in names */
};

static int compare_symbols(const void *left, const void *right)
{
	__u64 a = ((const struct symbol *)left)->address, b = ((const struct symbol *)right)->address;

	return a < b ? -1 : a > b;
}

static int add_symbol(struct symbol_cache *symbols, __u64 address, const char *name)
{
	struct symbol symbol = {.address = address, .name = symbols->names.size};
	int err = buffer_append(&symbols->names, name, strlen(name) + 1);

	return err ? err : buffer_append(&symbols->items, &symbol, sizeof(symbol));
}

int kernel_symbols_read(struct symbol_cache *symbols)
{
	char line[600], name[512], type;
	unsigned long long address;
	FILE *file;
	int err = 0;

	if (symbols->read)
		return 0;
	symbols->read = true;
	file = fopen("/proc/kallsyms", "re");
	if (!file)
		return 0;
	while (!err && fgets(line, sizeof(line), file))
		if (sscanf(line, "%llx %c %511s", &address, &type, name) == 3 && address && strchr("tTwW", type))
			err = add_symbol(symbols, address, name);
	fclose(file);
	if (!err && symbols->items.size)
		qsort(symbols->items.data, symbols->items.size / sizeof(struct symbol), sizeof(struct symbol),
		      compare_symbols);
	return err;
}

/* The function that holds the address, or NULL. */
static const char *find_symbol(const struct symbol_cache *symbols, __u64 address)
{
	const struct symbol *items = (const void *)symbols->items.data;
	size_t after = LOWER_BOUND(symbols->items.size / sizeof(*items), at, items[at].address <= address);

	return after ? symbols->names.data + items[after - 1].name : NULL;
}

int kernel_symbols_say(const struct symbol_cache *symbols, const struct stack_sample *sample, struct buffer *text)
{
	const char *name;
	__u32 i;
	int err = 0;

	for (i = 0; i < sample->frames && i < STACK_FRAMES && sample->kernel[i] && !err; i++) {
		name = find_symbol(symbols, sample->kernel[i]);
		if (name)
			err = text_printf(text, "%s%s", i ? NOTE_SEPARATOR : "", name);
		else
			err = text_printf(text, "%s0x%llx", i ? NOTE_SEPARATOR : "", sample->kernel[i]);
	}
	return err;
}

struct symbol_cache *probe_symbols_new(void)
{
	return calloc(1, sizeof(struct symbol_cache));
}

void probe_symbols_free(struct symbol_cache *symbols)
{
	if (!symbols)
		return;
	buffer_free(&symbols->items);
	buffer_free(&symbols->names);
	free(symbols);
}
