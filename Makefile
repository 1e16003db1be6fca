# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#
# make run      installs what is missing, builds, starts the live report (ARGS="readers -j" passes options)
# make check    installs what the tests need too, builds, runs all tests
# make          builds only
# make help     the other targets

VERSION := 0.2.0

# All Debian packages that building, running and testing need. Other targets name theirs beside them.
BUILD_PACKAGES := clang llvm gcc make pkg-config libc6-dev linux-libc-dev bpftool libbpf-dev libelf-dev zlib1g-dev \
	libdw-dev libbz2-dev liblzma-dev libiberty-dev libjansson-dev libncurses-dev libcap-ng-dev libseccomp-dev scdoc
TEST_PACKAGES := libcmocka-dev g++ python3 python3-pytest python3-pytest-xdist python3-jsonschema nftables iproute2 jq tmux procps \
	util-linux ncurses-bin bash-completion zsh fish man-db file systemd strace golang-go
PACKAGES := $(BUILD_PACKAGES) $(TEST_PACKAGES)

CLANG ?= clang
BPFTOOL ?= $(or $(shell command -v bpftool),/usr/sbin/bpftool)
LLVM_STRIP ?= llvm-strip
MULTIARCH := $(shell $(CC) -print-multiarch 2>/dev/null)

# What is the same for every architecture (BPF objects, the skeleton, the documents) is in G, the rest in B.
G := build

# The compiler for what runs while building; another one than CC where the program is built for another architecture.
HOSTCC := $(or $(HOSTCC),$(CC))

.PHONY: all help run check vmlinux clean
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
# Without its own rules make needs a tenth of the time to find that nothing is to be done.
MAKEFLAGS += -r
# Bytecode of the tests is kept, outside the sources: workers that each compile them take longer than some tests.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX := $(CURDIR)/$(G)/python

include debian/cross.mk debian/packages.mk

NATIVE := $(if $(filter $(HOSTCC),$(CC)),$(B)/obj,$(G)/native)

# V=1 shows the commands.
ifneq ($(V),1)
Q := @
say = @printf '  %-6s %s\n' $(1) $@
endif
CFLAGS ?= -O2 -g
# WERROR=1, as in CI and `make lint`: a warning of a compiler that is newer than the sources must not stop a person.
WARNINGS := -Wall -Wextra $(if $(WERROR),-Werror)
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE -DSOCKSTALL_VERSION='"$(VERSION)"' $(WARNINGS) -Iinclude -Isrc -I$(G) \
	$(SYSROOT_CFLAGS) $(RELATIVE) $(CPPFLAGS) $(CFLAGS)
# What is given away is hardened: checked buffers and stacks, a random place in memory, relocations read-only once done.
HARDENING := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection -fPIE
HARDENED_LINK := -Wl,-z,relro,-z,now,-z,noexecstack
# Debug and line info names files; where they were built is nobody's business, and would make each build another.
RELATIVE := -ffile-prefix-map=$(CURDIR)=.
BPF_CFLAGS := -g -O2 -target bpf -mcpu=v3 $(WARNINGS) -Wno-unused-parameter -I/usr/include/$(MULTIARCH) -Ivmlinux \
	-Iinclude -Ibpf $(RELATIVE)
LIBS := -lbpf -ldw -lelf -liberty -lz -ljansson -lncursesw -ltinfo -lcap-ng -lseccomp

# In the order in which they are loaded: what counts is attached while the rest is loaded (src/probe/load/attach.c).
BPF_OBJECTS := $(patsubst bpf/%.c,$(G)/%.o,bpf/loop_trace.bpf.c $(filter-out bpf/loop_trace.bpf.c,$(wildcard bpf/*.bpf.c)))
SOURCES := $(sort $(filter-out src/share/%,$(wildcard src/*/*.c src/*/*/*.c)))
OBJECTS := $(SOURCES:src/%.c=$(B)/obj/%.o)
HEADERS := $(wildcard src/*/*.h src/*/*/*.h include/*.h)

# Pure code knows nothing of BPF: all folders but two.
PURE := $(filter-out src/probe/% src/run/%,$(SOURCES))

all: $(B)/sockstall

help:
	@sed -n '3,6p' Makefile | cut -c3-
	@echo 'INSTALL=1         with any of these: install the Debian packages that it needs'
	@echo 'make unit|e2e     parts of the tests    make demo    stalls made on purpose, and sockstall on them'
	@echo 'make scenarios    real servers, stalled on purpose, and their healthy twins'
	@echo 'make static       one file, no shared libraries; ARCH=arm64 or amd64 for the other architecture'
	@echo 'make bench        what it costs         make lint    clang-tidy, cppcheck, -fanalyzer, valgrind'
	@echo 'make fuzz         10 minutes of each fuzzer; FUZZ_SECONDS=60 less     make floods  a million half-open connections'
	@echo 'make coverage     lines that tests run, by file; COVER=. with all e2e tests     make sanitize    each failure in turn, churn'
	@echo 'make kernels      the e2e tests on older and newer kernels, in QEMU; K=5.10 one, ALL=1 all tests, TESTS="…" some'
	@echo 'make dist         static files for amd64 and arm64, sources and sums, in build/dist'
	@echo 'make deb          a Debian package, in build/deb     make check-dist  tests of both'
	@echo 'make check-distros  all that on Debian trixie and bookworm; SUITES=sid others'
	@echo 'make check-fleet  metrics and events in Prometheus, rsyslog, syslog-ng, NATS, SQL engines; fleet-load: many records    make check-html  pages in Chromium'
	@echo 'make documents    man pages, completions  make readme  its tables of verdicts    make install  PREFIX, DESTDIR    make clean   make vmlinux (from this kernel, for types.list)'

$(G)/%.bpf.o: bpf/%.bpf.c | $(G)
	$(call say,BPF)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c $< -o $@
	$(Q)$(LLVM_STRIP) -g $@

$(G)/sockstall.linked.o: $(BPF_OBJECTS)
	$(call say,LINK)
	$(Q)$(BPFTOOL) gen object $@ $^

$(G)/sockstall.skel.h: $(G)/sockstall.linked.o
	$(call say,SKEL)
	$(Q)$(BPFTOOL) gen skeleton $< name sockstall_bpf > $@

$(B)/obj/%.o: src/%.c | $(SYSROOT)
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(ALL_CFLAGS) $(HARDENING) -MMD -MP -c $< -o $@

$(filter $(B)/obj/probe/%,$(OBJECTS)): $(G)/sockstall.skel.h

# Parts of the page of replay --html, and what --help-agent prints: as C strings; and what the page's policy knows its parts by.
PAGE_PARTS := page.css page.js
IN_C = sed 's/[\\"]/\\&/g; s/^/"/; s/$$/\\n"/' $< > $@
$(G)/%.inc: src/output/html/% | $(G)
	$(call say,TEXT)
	$(Q)$(IN_C)

$(G)/%.inc: src/share/doc/% | $(G)
	$(call say,TEXT)
	$(Q)$(IN_C)

$(G)/%.hash: src/output/html/% | $(G)
	$(call say,HASH)
	$(Q)printf '"%s"\n' "$$(sha256sum < $< | cut -c 1-64 | tr a-f A-F | basenc --base16 -d | basenc --base64)" > $@

$(B)/obj/output/skill.o $(B)/unit/pure/output/skill.o $(G)/fuzz/pure/output/skill.o: $(G)/SKILL.md.inc
$(B)/obj/output/html/page.o $(B)/unit/pure/output/html/page.o $(G)/fuzz/pure/output/html/page.o: $(PAGE_PARTS:%=$(G)/%.inc) $(PAGE_PARTS:%=$(G)/%.hash)

$(B)/sockstall: $(OBJECTS)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) $(HARDENING) -pie $(HARDENED_LINK) $(LDFLAGS) -o $@ $^ $(LIBS)

$(sort $(G) $(B) $(B)/unit):
	mkdir -p $@

# Not what only tests need: this may be a production machine.
run:
	@$(MAKE) --no-print-directory packages PACKAGES="$(BUILD_PACKAGES)"
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@$(B)/sockstall $(ARGS)

# Most of an end-to-end test is waiting: unit tests have the CPUs meanwhile. What they say comes when both have ended.
check: packages
	@$(MAKE) --no-print-directory -j$$(nproc) all bytecode
	@nice $(MAKE) --no-print-directory unit > $(G)/unit.log 2>&1 & unit=$$!; trap "kill $$unit" INT TERM; \
		$(MAKE) --no-print-directory e2e; e2e=$$?; wait $$unit; unit=$$?; cat $(G)/unit.log; [ "$$e2e$$unit" = 00 ]

# Made once from a recent kernel and checked in. BTF=FILE takes another kernel's.
vmlinux:
	$(BPFTOOL) -j btf dump file $(or $(BTF),/sys/kernel/btf/vmlinux) | vmlinux/trim.py vmlinux/types.list > vmlinux/vmlinux.h.new
	mv vmlinux/vmlinux.h.new vmlinux/vmlinux.h

clean:
	rm -rf $(B)

include src/share/documents.mk debian/dist.mk tests/tests.mk

-include $(OBJECTS:.o=.d) $(BPF_OBJECTS:.o=.d)
