# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
# What compilers and checkers say of the sources, and how they are laid out.

.PHONY: lint lint-format lint-sources lint-memory format

LINT_PACKAGES := clang-tidy clang-format cppcheck valgrind black flake8

# The same tests without sanitizers, which valgrind does not get along with.
lint: needed
	@$(MAKE) --no-print-directory needed PACKAGES="$(LINT_PACKAGES)"
	@$(MAKE) --no-print-directory lint-format
	@$(MAKE) --no-print-directory -j$$(nproc) -k lint-sources
	@$(MAKE) --no-print-directory -j$$(nproc) B=$(G)/plain SANITIZE= UNIT_SPEED= lint-memory

# How everything is written: .clang-format, pyproject.toml and .flake8 say it, `make format` does it. Another clang-format than
# Debian 12's lays some lines out in another way, and is not asked.
FORMATTED_C = $(wildcard bpf/*.[ch] include/*.h src/*/*.[ch] src/*/*/*.[ch] tests/*/*.[ch] tests/*/*/*.[ch] tests/*/*/*/*.[ch])
FORMATTED_PYTHON := tests vmlinux
lint-format:
	$(call say,FORMAT)
	$(Q)case $$(clang-format --version) in \
	*"version 14."*) clang-format --dry-run -Werror $(FORMATTED_C) ;; \
	*) echo "sockstall: the layout of C is not checked: that takes clang-format 14" >&2 ;; \
	esac
	$(Q)black --check --quiet $(FORMATTED_PYTHON) || { black --check $(FORMATTED_PYTHON); exit 1; }
	$(Q)flake8 $(FORMATTED_PYTHON)

format:
	@clang-format -i $(FORMATTED_C)
	@black --quiet $(FORMATTED_PYTHON)

LINTED := $(SOURCES) $(wildcard src/share/make/*.c)
lint-sources: $(LINTED:src/%.c=$(G)/lint/%.tidy) $(LINTED:src/%.c=$(G)/lint/%.analyzed) $(G)/lint/cppcheck \
	$(patsubst bpf/%.bpf.c,$(G)/lint/%.bpf,$(wildcard bpf/*.bpf.c))

# The skeleton is bpftool's: as a system header it is read, and not judged.
LINT_CFLAGS := -std=gnu11 -D_GNU_SOURCE -DSOCKSTALL_VERSION='"$(VERSION)"' -Iinclude -Isrc -isystem $(G)

# It does not know that libbpf frees the skeleton; and gcc 12 takes a grown array, or what an array keeps, for lost.
$(G)/lint/probe/load/load.tidy: TIDY := --checks=-clang-analyzer-unix.Malloc
GROWN := code/space look/look probe/cgroups probe/maps probe/owners probe/usage probe/watches history/story
$(GROWN:%=$(G)/lint/%.analyzed): ANALYZER := -Wno-analyzer-malloc-leak
$(G)/lint/probe/usage.analyzed: ANALYZER += -Wno-analyzer-use-after-free -Wno-analyzer-null-dereference
$(G)/lint/output/html/page.tidy $(G)/lint/output/html/page.analyzed: $(PAGE_PARTS:%=$(G)/%.inc) $(PAGE_PARTS:%=$(G)/%.hash)

$(G)/lint/%.tidy: src/%.c .clang-tidy $(HEADERS) $(G)/sockstall.skel.h
	@mkdir -p $(@D)
	$(call say,TIDY)
	$(Q)clang-tidy --quiet $(TIDY) --warnings-as-errors='*' $< -- $(LINT_CFLAGS) >$@.new 2>/dev/null || { cat $@.new >&2; exit 1; }
	@mv $@.new $@

$(G)/lint/%.analyzed: src/%.c $(HEADERS) $(G)/sockstall.skel.h
	@mkdir -p $(@D)
	$(call say,ANALYZE)
	$(Q)$(CC) $(LINT_CFLAGS) $(WARNINGS) -Werror -O2 -fanalyzer $(ANALYZER) -c $< -o $@

$(G)/lint/%.bpf: bpf/%.bpf.c $(wildcard bpf/*.h include/*.h vmlinux/*.h)
	@mkdir -p $(@D)
	$(call say,WARN)
	$(Q)$(CLANG) $(BPF_CFLAGS) -Werror -c $< -o $@

$(G)/lint/cppcheck: $(SOURCES) $(HEADERS) tests/cppcheck.list
	@mkdir -p $(@D)
	$(call say,CPPCHECK)
	$(Q)cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
		--suppressions-list=tests/cppcheck.list -D_GNU_SOURCE -DSOCKSTALL_VERSION='"$(VERSION)"' \
		-D'LIBBPF_OPTS(TYPE,NAME,...)=struct TYPE NAME' -D'bpf_object__for_each_map(M,O)=while ((M = 0))' \
		-D'bpf_object__for_each_program(P,O)=while ((P = 0))' -Iinclude -Isrc src
	@touch $@

# valgrind 3.19 does not know pidfd_open(), which is what test_act is about. test_unwinder is about answers within 100 ms.
lint-memory: $(addsuffix .clean,$(filter-out %/test_act %/test_unwinder,$(UNIT_TESTS)))

$(B)/unit/%.clean: $(B)/unit/%
	$(call say,MEMORY)
	$(Q)valgrind --quiet --error-exitcode=1 --leak-check=full --errors-for-leak-kinds=definite,indirect $< >$@.log 2>&1 || \
		{ cat $@.log >&2; exit 1; }
	@mv $@.log $@
