# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#
# make run      installs what is missing, builds, starts the live report (ARGS="readers -j" passes options)
# make check    installs what the tests need too, builds, runs all tests
# make          builds only
# make help     the other targets

VERSION := 0.2.0

# All Debian packages that building, running and testing need: the one list.
BUILD_PACKAGES := clang llvm gcc make pkg-config libc6-dev linux-libc-dev bpftool libbpf-dev libelf-dev zlib1g-dev \
	libjansson-dev libncurses-dev libcap-ng-dev libseccomp-dev scdoc
TEST_PACKAGES := libcmocka-dev python3 python3-pytest python3-pytest-xdist python3-jsonschema nftables iproute2 jq tmux procps \
	util-linux ncurses-bin bash-completion zsh fish man-db file systemd strace
PACKAGES := $(BUILD_PACKAGES) $(TEST_PACKAGES)
# Only `make deb`, `make dist` and `make check-dist` ask for these.
# Real servers and clients, for `make scenarios` alone.
SCENARIO_PACKAGES := curl wrk nginx-light apache2-bin postgresql-15 python3-pg8000 libpostgresql-jdbc-java redis-server \
	redis-tools memcached haproxy openssh-server openssh-client nodejs openjdk-17-jdk-headless golang-go
BENCH_PACKAGES := linux-perf strace bpftrace libbpf-tools bpfcc-tools iproute2 util-linux wrk nginx-light redis-server \
	redis-tools memcached libmemcached-tools python3-matplotlib
DEB_PACKAGES := build-essential dpkg-dev debhelper fakeroot lintian xz-utils
FUZZ_PACKAGES := libclang-rt-14-dev
# Only `make lint` asks for these.
LINT_PACKAGES := clang-tidy clang-format cppcheck valgrind black flake8
# Only `make check-fleet` asks for these; what conflicts with them is unpacked into a folder.
FLEET_PACKAGES := prometheus prometheus-node-exporter rsyslog sqlite3
SYSLOG_NG_PACKAGES := syslog-ng-core libivykis0 libnet1 libpcre3 libwrap0 libjson-c5 libglib2.0-0 libsystemd0
# Only `make check-html` asks for these.
HTML_PACKAGES := chromium chromium-driver
# Only `make kernels` asks for these.
KERNEL_PACKAGES := qemu-system-x86 qemu-system-arm debian-archive-keyring e2fsprogs cpio kmod
CROSS_PACKAGES = gcc-$(subst _,-,$(GNU_$(CROSS_ARCH))) libc6-dev-$(CROSS_ARCH)-cross
# Of another architecture; unpacked into a folder, never installed. libelf needs zstd from Debian 13 on.
SYSROOT_PACKAGES := libbpf-dev libelf-dev zlib1g-dev libjansson-dev libncurses-dev libzstd-dev libcap-ng-dev \
	libseccomp-dev

PREFIX ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin
DATADIR ?= $(PREFIX)/share
MANDIR ?= $(DATADIR)/man
DOCDIR ?= $(DATADIR)/doc/sockstall
ZSHDIR ?= $(DATADIR)/zsh/site-functions
DESTDIR ?=

CLANG ?= clang
BPFTOOL ?= $(or $(shell command -v bpftool),/usr/sbin/bpftool)
LLVM_STRIP ?= llvm-strip
MULTIARCH := $(shell $(CC) -print-multiarch 2>/dev/null)

# What is the same for every architecture (BPF objects, the skeleton, the documents) is in G, the rest in B.
G := build

# The compiler for what runs while building; another one than CC where the program is built for another architecture.
HOSTCC := $(or $(HOSTCC),$(CC))

# From the command line only: people who build kernels have an ARCH of their own in the environment.
DEB_ARCHES := amd64 arm64
GNU_amd64 := x86_64-linux-gnu
GNU_arm64 := aarch64-linux-gnu
HOST_ARCH := $(shell dpkg --print-architecture 2>/dev/null)
ifneq ($(origin ARCH),command line)
ARCH := $(HOST_ARCH)
endif
ifeq ($(ARCH),$(HOST_ARCH))
CROSS_ARCH := $(filter-out $(HOST_ARCH),$(DEB_ARCHES))
B := $(G)
STRIP ?= strip
else
ifeq ($(filter $(ARCH),$(DEB_ARCHES)),)
$(error ARCH=$(ARCH): expected one of $(DEB_ARCHES))
endif
CROSS_ARCH := $(ARCH)
B := $(G)/$(ARCH)
CC := $(GNU_$(ARCH))-gcc
STRIP := $(GNU_$(ARCH))-strip
AR := $(GNU_$(ARCH))-ar
SUITE := $(shell . /etc/os-release && echo $$VERSION_CODENAME)
SYSROOT := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/sockstall/sysroot-$(SUITE)-$(ARCH)-$(shell echo $(SYSROOT_PACKAGES) | cksum | cut -c1-6)
SYSROOT_CFLAGS := -isystem $(SYSROOT)/usr/include
SYSROOT_LDFLAGS := -L$(SYSROOT)/usr/lib/$(GNU_$(ARCH))
endif

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
# libcap-ng can look users up, which a static program cannot, and is never asked to.
STATIC_LINK := $(HARDENED_LINK) $(foreach f,getpwuid initgroups,-Wl,--wrap=$f,--defsym=__wrap_$f=abort)
# Debug and line info names files; where they were built is nobody's business, and would make each build another.
RELATIVE := -ffile-prefix-map=$(CURDIR)=.
BPF_CFLAGS := -g -O2 -target bpf -mcpu=v3 $(WARNINGS) -Wno-unused-parameter -I/usr/include/$(MULTIARCH) -Ivmlinux \
	-Iinclude -Ibpf $(RELATIVE)
LIBS := -lbpf -lelf -lz -ljansson -lncursesw -ltinfo -lcap-ng -lseccomp
STATIC_LIBS = $(LIBS) $(if $(SYSROOT)$(wildcard /usr/lib/$(MULTIARCH)/libzstd.a),-lzstd) $(B)/libelf-rest.a

# In the order in which they are loaded: what counts is attached while the rest is loaded (src/probe/load/attach.c).
BPF_OBJECTS := $(patsubst bpf/%.c,$(G)/%.o,bpf/loop_trace.bpf.c $(filter-out bpf/loop_trace.bpf.c,$(wildcard bpf/*.bpf.c)))
SOURCES := $(sort $(filter-out src/share/%,$(wildcard src/*/*.c src/*/*/*.c)))
OBJECTS := $(SOURCES:src/%.c=$(B)/obj/%.o)
HEADERS := $(wildcard src/*/*.h src/*/*/*.h include/*.h)

# Pure code knows nothing of BPF: all folders but two.
PURE := $(filter-out src/probe/% src/run/%,$(SOURCES))
UNIT_TESTS := $(patsubst tests/unit/%.c,$(B)/unit/%,$(sort $(wildcard tests/unit/*/test_*.c tests/unit/*/*/test_*.c)))
UNIT_HELPERS := $(wildcard tests/unit/*.c)
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer

.PHONY: all run check format fuzz floods sanitize sanitized coverage program lint lint-format lint-sources lint-memory unit e2e scenarios static man documents install deb dist check-dist check-distros clean demo bench plots kernels packages vmlinux help check-fleet check-html
.DELETE_ON_ERROR:

all: $(B)/sockstall

help:
	@sed -n '3,6p' Makefile | cut -c3-
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
	@echo 'make check-fleet  metrics and events in Prometheus, rsyslog, syslog-ng, sqlite    make check-html  pages in Chromium'
	@echo 'make documents    man pages, completions  make install  PREFIX, DESTDIR    make clean   make vmlinux (from this kernel, for types.list)'

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

# Parts of the page of replay --html: as C strings, and what its policy knows them by.
PAGE_PARTS := page.css page.js
$(G)/%.inc: src/output/html/% | $(G)
	$(call say,TEXT)
	$(Q)sed 's/[\\"]/\\&/g; s/^/"/; s/$$/\\n"/' $< > $@

$(G)/%.hash: src/output/html/% | $(G)
	$(call say,HASH)
	$(Q)printf '"%s"\n' "$$(sha256sum < $< | cut -c 1-64 | tr a-f A-F | basenc --base16 -d | basenc --base64)" > $@

$(B)/obj/output/html/page.o $(B)/unit/pure/output/html/page.o $(G)/fuzz/pure/output/html/page.o: $(PAGE_PARTS:%=$(G)/%.inc) $(PAGE_PARTS:%=$(G)/%.hash)

$(B)/sockstall: $(OBJECTS)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) $(HARDENING) -pie $(HARDENED_LINK) $(LDFLAGS) -o $@ $^ $(LIBS)

static: $(B)/sockstall-static

# What libelf.a of elfutils 0.192 (Debian 13) needs and leaves out (lib/eu-search.c). Nothing is to be done there:
# allocate_elf() hands out an empty tree (calloc()), and only elf_getdata_rawchunk() fills it. A program that calls that
# would not link, for want of eu_tsearch(). A libelf.a that is whole has its own: this archive stands behind it.
LIBELF_REST := 'void eu_search_tree_init(void *tree) { (void)tree; }' \
	'void eu_search_tree_fini(void *tree, void (*free_node)(void *)) { (void)tree, (void)free_node; }'
$(B)/libelf-rest.a: | $(B)
	$(call say,AR)
	$(Q)printf '%s\n' $(LIBELF_REST) | $(CC) $(WARNINGS) $(CFLAGS) $(HARDENING) -x c -c - -o $(@:.a=.o)
	$(Q)$(AR) rcD $@ $(@:.a=.o)

$(B)/sockstall-static: $(OBJECTS) $(B)/libelf-rest.a
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) $(HARDENING) -static-pie $(STATIC_LINK) $(SYSROOT_LDFLAGS) $(LDFLAGS) -o $@ $(OBJECTS) $(STATIC_LIBS)
	$(Q)$(STRIP) $@

ifdef SYSROOT
# Debian's libraries for the other architecture: apt checks their signatures, with lists of its own, so that the
# host's dpkg and apt know nothing of it. In a folder that is renamed at the end: it is whole or not there.
$(SYSROOT):
	@command -v $(CC) >/dev/null || $(MAKE) --no-print-directory packages PACKAGES="$(CROSS_PACKAGES)"
	$(call say,FETCH)
	$(Q)mkdir -p $(@D) && tmp=$$(mktemp -d $@.XXXXXX) && trap 'rm -rf "$$tmp"' EXIT && \
	mkdir -p $$tmp/lists/partial $$tmp/archives/partial $$tmp/root && : > $$tmp/status && \
	set -- -q -o APT::Architecture=$(ARCH) -o APT::Architectures=$(ARCH) -o APT::Sandbox::User= \
		-o Dir::State::lists=$$tmp/lists -o Dir::State::status=$$tmp/status -o Dir::Cache=$$tmp && \
	apt-get "$$@" update >$$tmp/log 2>&1 && \
	(cd $$tmp/archives && apt-get "$$@" download $(SYSROOT_PACKAGES)) >>$$tmp/log 2>&1 || \
	{ cat $$tmp/log >&2; echo "sockstall: apt cannot fetch $(SYSROOT_PACKAGES) for $(ARCH)" >&2; exit 1; }; \
	for p in $$tmp/archives/*.deb; do dpkg -x $$p $$tmp/root || exit 1; done; \
	mv -T $$tmp/root $@ 2>/dev/null || [ -d $@ ]
endif

$(sort $(G) $(B) $(B)/unit):
	mkdir -p $@

# The packages that are not yet installed; nothing is asked of the network when none is missing.
packages:
	@missing=$$(for p in $(PACKAGES); do \
		dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
	if [ -n "$$missing" ]; then \
		[ "$$(id -u)" = 0 ] || { echo "sockstall: as root, install: $$missing" >&2; exit 1; }; \
		$(APT_UPDATE) && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
			-o DPkg::Lock::Timeout=$(APT_WAIT) $$missing || \
		{ echo "sockstall: apt cannot install: $$missing" >&2; exit 1; }; \
	fi

# Seconds for which another apt may have its locks: unattended upgrades take minutes. `update` has no such option.
APT_WAIT ?= 600
APT_UPDATE = { left=$(APT_WAIT); \
	until said=$$(LC_ALL=C apt-get update -q 2>&1); do \
		case $$said in \
		*"Could not get lock"*) ;; \
		*) echo "$$said" >&2; echo "sockstall: apt cannot update its lists; trying those that are there" >&2; break ;; \
		esac; \
		[ "$$left" -gt 0 ] || { echo "$$said" >&2; break; }; \
		[ "$$left" != $(APT_WAIT) ] || echo "sockstall: waiting for another apt, $(APT_WAIT) s at most" >&2; \
		sleep 2; left=$$((left - 2)); \
	done; }

# Not what only tests need: this may be a production machine.
run:
	@$(MAKE) --no-print-directory packages PACKAGES="$(BUILD_PACKAGES)"
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@$(B)/sockstall $(ARGS)

check: packages
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@$(MAKE) --no-print-directory unit
	@$(MAKE) --no-print-directory e2e

# Unit tests link pure code only: that it links without libbpf is part of the test.
PURE_TEST_OBJECTS := $(PURE:src/%.c=$(B)/unit/pure/%.o) $(UNIT_HELPERS:tests/unit/%.c=$(B)/unit/%.o)

$(B)/unit/pure/%.o: src/%.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(ALL_CFLAGS) $(SANITIZE) -MMD -MP -c $< -o $@

$(B)/unit/%.o: tests/unit/%.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(ALL_CFLAGS) $(SANITIZE) -Itests/unit -MMD -MP -c $< -o $@

$(UNIT_TESTS): $(B)/unit/%: $(B)/unit/%.o $(PURE_TEST_OBJECTS)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) $(SANITIZE) -o $@ $^ -lcmocka -lz -ljansson -lncursesw -ltinfo -lcap-ng -lseccomp

# The same tests without sanitizers, which valgrind does not get along with.
lint: packages
	@$(MAKE) --no-print-directory packages PACKAGES="$(LINT_PACKAGES)"
	@$(MAKE) --no-print-directory lint-format
	@$(MAKE) --no-print-directory -j$$(nproc) -k lint-sources
	@$(MAKE) --no-print-directory -j$$(nproc) B=$(G)/plain SANITIZE= lint-memory

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
	clang-format -i $(FORMATTED_C)
	black --quiet $(FORMATTED_PYTHON)

LINTED := $(SOURCES) $(wildcard src/share/make/*.c)
lint-sources: $(LINTED:src/%.c=$(G)/lint/%.tidy) $(LINTED:src/%.c=$(G)/lint/%.analyzed) $(G)/lint/cppcheck \
	$(patsubst bpf/%.bpf.c,$(G)/lint/%.bpf,$(wildcard bpf/*.bpf.c))

# The skeleton is bpftool's: as a system header it is read, and not judged.
LINT_CFLAGS := -std=gnu11 -D_GNU_SOURCE -DSOCKSTALL_VERSION='"$(VERSION)"' -Iinclude -Isrc -isystem $(G)

# It does not know that libbpf frees the skeleton; and gcc 12 takes a grown array for the old one, or for lost.
$(G)/lint/probe/load/load.tidy: TIDY := --checks=-clang-analyzer-unix.Malloc
$(G)/lint/look/look.analyzed: ANALYZER := -Wno-analyzer-malloc-leak
$(G)/lint/probe/maps.analyzed: ANALYZER := -Wno-analyzer-malloc-leak
$(G)/lint/probe/usage.analyzed: ANALYZER := -Wno-analyzer-use-after-free -Wno-analyzer-null-dereference

$(G)/lint/history/story.analyzed: ANALYZER := -Wno-analyzer-malloc-leak
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

# valgrind 3.19 does not know pidfd_open(), which is what test_act is about.
lint-memory: $(addsuffix .clean,$(filter-out %/test_act,$(UNIT_TESTS)))

$(B)/unit/%.clean: $(B)/unit/%
	$(call say,MEMORY)
	$(Q)valgrind --quiet --error-exitcode=1 --leak-check=full --errors-for-leak-kinds=definite,indirect $< >$@.log 2>&1 || \
		{ cat $@.log >&2; exit 1; }
	@mv $@.log $@

# T=test_text runs one of them, ONLY='width_*' of its functions those with such names.
UNIT_CHOSEN = $(if $(T),$(filter %/$(T),$(UNIT_TESTS)),$(UNIT_TESTS))
unit:
	$(if $(UNIT_CHOSEN),,$(error T=$(T): expected one of $(notdir $(UNIT_TESTS))))
	@/usr/bin/python3 -B tests/unit/layers.py
	@$(MAKE) -s --no-print-directory -j$$(nproc) $(UNIT_CHOSEN)
	@tests/unit/run.sh $(UNIT_CHOSEN)

# Pure code with libFuzzer and sanitizers in it. Each fuzzer runs for FUZZ_SECONDS, two at a time; what it finds is in
# build/fuzz, and what is new and worth keeping in build/fuzz/corpus.
FUZZERS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SECONDS ?= 600
FUZZ_CFLAGS := -std=gnu11 -D_GNU_SOURCE -DSOCKSTALL_VERSION='"$(VERSION)"' -Iinclude -Isrc -I$(G) -Itests/fuzz -O1 -g \
	-fno-sanitize-recover=undefined -fno-omit-frame-pointer
# Of the runs those that take a recording: they know no probe.
FUZZ_SOURCES := $(PURE) $(addprefix src/run/,replay.c diff.c session.c)
FUZZ_OBJECTS = $(FUZZ_SOURCES:src/%.c=$(G)/fuzz/pure/%.o) $(G)/fuzz/make_look.o

$(G)/fuzz/pure/%.o: src/%.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CLANG) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link,address,undefined -MMD -MP -c $< -o $@

$(G)/fuzz/%.o: tests/fuzz/%.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CLANG) $(FUZZ_CFLAGS) $(WARNINGS) -fsanitize=fuzzer-no-link,address,undefined -MMD -MP -c $< -o $@

$(FUZZERS:%=$(G)/fuzz/%): $(G)/fuzz/%: $(G)/fuzz/fuzz_%.o $(FUZZ_OBJECTS)
	$(call say,LD)
	$(Q)$(CLANG) -fsanitize=fuzzer,address,undefined -o $@ $^ -lz -ljansson -lncursesw -ltinfo -lcap-ng -lseccomp -lm

# Makes inputs of fuzz_replay of recordings.
$(G)/fuzz/from_recording: $(G)/fuzz/from_recording.o $(FUZZ_OBJECTS)
	$(call say,LD)
	$(Q)$(CLANG) -fsanitize=fuzzer-no-link,address,undefined -o $@ $^ -lz -ljansson -lncursesw -ltinfo -lcap-ng -lseccomp -lm

.PRECIOUS: $(G)/fuzz/%.o $(G)/fuzz/pure/%.o

fuzz: packages
	@$(MAKE) --no-print-directory packages PACKAGES="$(FUZZ_PACKAGES)"
	@$(MAKE) --no-print-directory -j$$(nproc) $(FUZZERS:%=$(G)/fuzz/%)
	@printf '%s\n' $(FUZZERS) | xargs -P 2 -I{} tests/fuzz/run.sh $(G)/fuzz {} $(FUZZ_SECONDS)

# What `make check` does with 4,000 half-open connections, with a million; and maps that are full in their full size. -s: with
# the figures. A million take a GiB of the kernel's memory, and all of it a quarter of an hour.
FLOOD ?= 1000000
floods: all
	FLOOD=$(FLOOD) /usr/bin/python3 -m pytest -p no:cacheprovider -q -s tests/e2e/test_floods.py \
		tests/e2e/test_room.py::test_more_sockets_than_the_map_takes

# Stands between sockstall and libc in tests of faults.
$(G)/shim.so: tests/e2e/shim.c | $(G)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) -fPIC -shared -fvisibility=hidden -fno-builtin -fno-omit-frame-pointer -o $@ $< -ldl

# The program itself with sanitizers, where what fails on purpose must not break it: tests/e2e/test_sanitized.py.
sanitized: $(G)/shim.so
	@$(MAKE) --no-print-directory B=$(G)/sanitized HARDENING="$(SANITIZE)" CFLAGS="-O1 -g" program

program: $(B)/sockstall

# Each failure in turn, for half an hour, and ten minutes beside a process that changes all the time (CHURN=seconds);
# FAULTS=some takes a part of both. `make check` has the plain build only.
FAULTS ?= all
sanitize: packages
	@$(MAKE) --no-print-directory -j$$(nproc) all sanitized
	FAULTS=$(FAULTS) /usr/bin/python3 -m pytest -p no:cacheprovider -q tests/e2e/test_sanitized.py

# Which lines the unit tests and some e2e tests run, by file and in all. COVER= names others; . is all of them.
COVER ?= $(addprefix test_,$(addsuffix .py,handshakes readers writers closing loops chains record diff metrics end))
coverage: packages
	@[ ! -d $(G)/coverage ] || find $(G)/coverage -name '*.gcda' -delete
	@$(MAKE) --no-print-directory -j$$(nproc) all $(G)/shim.so
	@$(MAKE) --no-print-directory -j$$(nproc) B=$(G)/coverage HARDENING= SANITIZE= CFLAGS="-O0 -g --coverage" \
		CPPFLAGS=-DSOCKSTALL_COVERAGE program unit
	-cd tests/e2e && SOCKSTALL=$(CURDIR)/$(G)/coverage/sockstall /usr/bin/python3 -m pytest -p no:cacheprovider -q $(COVER)
	@tests/coverage.py $(G)/coverage

# Side by side (tests/e2e/beside.py): most of a test is waiting. T="tests/e2e/test_x.py -k name" runs some, and one after
# the other. -rs: why a test did not run.
JOBS ?= $(shell expr 3 \* $$(nproc))
PYTEST := /usr/bin/python3 -m pytest -p no:cacheprovider -q -rs
e2e: all documents $(G)/shim.so
	$(PYTEST) $(or $(T),-n $(JOBS) --dist=loadgroup tests/e2e)

demo: packages
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@/usr/bin/python3 tests/e2e/demo.py $(B)/sockstall

# What is handed on, taken by the programs that it is for.
check-fleet: packages
	@tests/scenarios/install.sh $(FLEET_PACKAGES)
	@tests/fleet/unpack.sh $(G)/syslog-ng $(SYSLOG_NG_PACKAGES)
	@$(MAKE) --no-print-directory -j$$(nproc) all
	/usr/bin/python3 -m pytest -p no:cacheprovider -q tests/fleet

# The page of replay --html, and the trace, in a browser.
check-html: packages
	@$(MAKE) --no-print-directory packages PACKAGES="$(HTML_PACKAGES)"
	@$(MAKE) --no-print-directory -j$$(nproc) all
	/usr/bin/python3 -m pytest -p no:cacheprovider -q tests/html

# Kernels and images are fetched and built once, in ~/.cache/sockstall. APPEND="lockdown=confidentiality" boots with that.
# UNFETCHED=tell: a kernel that the mirror does not have is no failure, only a line.
KERNELS := /usr/bin/python3 -B tests/kernels/kernels.py $(G) --only "$(K)"
kernels:
	@$(MAKE) --no-print-directory packages PACKAGES="$(BUILD_PACKAGES) python3 $(KERNEL_PACKAGES)"
	@arches=$$($(KERNELS) --arches) || exit 1; for arch in $$arches; do \
		$(MAKE) --no-print-directory -j$$(nproc) static ARCH=$$arch || exit 1; done
	@$(KERNELS) --append "$(APPEND)" $(if $(ALL),--all) $(if $(UNFETCHED),--unfetched=$(UNFETCHED)) $(TESTS)

# Real servers, stalled on purpose, each with a healthy twin under load: about a quarter of an hour.
# SCENARIOS="nginx redis" runs those whose names begin so.
scenarios: packages
	@tests/scenarios/install.sh $(SCENARIO_PACKAGES)
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@/usr/bin/python3 -B tests/scenarios/scenarios.py $(SCENARIOS)

# Beside other tools, in a network namespace of its own; written to build/bench.json too. Some 40 minutes, with nothing
# else on the machine. PARTS="events waits churn servers first looks itself before" chooses; ROUNDS=5, SOAK=3600 (s).
# BEFORE=path names an older sockstall that is measured beside this one.
BENCH_PROGRAMS := $(B)/load $(B)/net_load $(B)/flood $(B)/empty $(B)/scan
bench: packages
	@tests/scenarios/install.sh $(BENCH_PACKAGES)
	@$(MAKE) --no-print-directory -j$$(nproc) all $(BENCH_PROGRAMS)
	@unshare -n sh -c 'ip link set lo up && exec /usr/bin/python3 -B tests/bench/bench.py $(B) $(PARTS)'

# Draws what build/bench.json (or FIGURES=file) holds.
plots:
	@/usr/bin/python3 -B tests/bench/plots.py $(or $(FIGURES),$(B)/bench.json) tests/bench/docs

$(BENCH_PROGRAMS): $(B)/%: tests/bench/%.c | $(B)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $< -pthread -lbpf -lelf -lz

# What stands in the tables of the program is put into the documents by a program of the build's own, on the machine that
# builds: src/share/make/documents.h. Natively it is linked from the program's objects.
DOCUMENT_SOURCES := $(wildcard src/share/make/*.c)
DOCUMENT_FOLDERS := base system look rules rows options
# All but JSON, which takes a library that the machine that builds may not have.
DOCUMENT_OBJECTS := $(DOCUMENT_SOURCES:src/%.c=$(NATIVE)/%.o) $(patsubst src/%.c,$(NATIVE)/%.o,\
	$(filter-out src/rows/json.c,$(filter $(DOCUMENT_FOLDERS:%=src/%/%),$(SOURCES))))

ifneq ($(NATIVE),$(B)/obj)
$(NATIVE)/%.o: src/%.c
	@mkdir -p $(@D)
	$(call say,HOSTCC)
	$(Q)$(HOSTCC) -std=gnu11 -D_GNU_SOURCE -DSOCKSTALL_VERSION='"$(VERSION)"' -Iinclude -Isrc -MMD -MP -c $< -o $@
endif

$(G)/documents: $(DOCUMENT_OBJECTS)
	$(call say,HOSTLD)
	$(Q)$(HOSTCC) -o $@ $^

MAN_PAGES := sockstall.8 sockstall-verdicts.7 sockstall-records.5
COMPLETIONS := sockstall.bash sockstall.zsh sockstall.fish
documents: man $(COMPLETIONS:%=$(G)/%)
man: $(MAN_PAGES:%=$(G)/%)

$(MAN_PAGES:%=$(G)/%.scd) $(COMPLETIONS:%=$(G)/%): $(G)/%: src/share/% $(G)/documents
	$(call say,TEXT)
	$(Q)$(G)/documents $< > $@

$(MAN_PAGES:%=$(G)/%): %: %.scd
	$(call say,MAN)
	$(Q)scdoc < $< > $@

FIGURE_PAGES := $(wildcard tests/bench/docs/*.md tests/bench/docs/*.svg)
TEXT_PAGES := README.md src/share/doc/security.md tests/RESULTS.md
# Pages are installed beside each other, without the sources.
INSTALLED_LINKS := s,tests/bench/docs/,costs/,g; s,src/share/doc/,,g; s,tests/RESULTS,RESULTS,g; \
	s,\[\([^]]*\)\](\(src/rules/[^)]*\|README.md\)),\1,g
EXAMPLES := $(addprefix src/share/,sockstall.service sockstall-metrics.service sockstall.rules.yml sockstall.grafana.json) \
	$(wildcard src/share/examples/*)

# Each to where its reader looks for it.
install: all documents
	install -D -m 0755 $(B)/sockstall $(DESTDIR)$(SBINDIR)/sockstall
	for page in $(MAN_PAGES); do \
		install -D -m 0644 $(G)/$$page $(DESTDIR)$(MANDIR)/man$${page##*.}/$$page || exit 1; \
	done
	install -D -m 0644 $(G)/sockstall.bash $(DESTDIR)$(DATADIR)/bash-completion/completions/sockstall
	install -D -m 0644 $(G)/sockstall.zsh $(DESTDIR)$(ZSHDIR)/_sockstall
	install -D -m 0644 $(G)/sockstall.fish $(DESTDIR)$(DATADIR)/fish/vendor_completions.d/sockstall.fish
	install -d $(DESTDIR)$(DOCDIR)/examples $(DESTDIR)$(DOCDIR)/costs
	for page in $(TEXT_PAGES); do \
		sed '$(INSTALLED_LINKS)' $$page > $(DESTDIR)$(DOCDIR)/$${page##*/} && \
		chmod 0644 $(DESTDIR)$(DOCDIR)/$${page##*/} || exit 1; \
	done
	install -m 0644 $(FIGURE_PAGES) $(DESTDIR)$(DOCDIR)/costs
	for f in $(EXAMPLES); do \
		sed 's|/usr/sbin/|$(SBINDIR)/|' $$f > $(DESTDIR)$(DOCDIR)/examples/$${f##*/} && \
		chmod 0644 $(DESTDIR)$(DOCDIR)/examples/$${f##*/} || exit 1; \
	done

# The sources: what git knows of them, or, in an unpacked archive, all that is there.
SOURCE_FILES = { git ls-files -z --cached 2>/dev/null || find . -type f ! -path './build/*' -print0; }
SOURCE_NAME := sockstall-$(VERSION)
# One time for all files, so that the same sources give the same archive.
SOURCE_TAR = $(SOURCE_FILES) | LC_ALL=C sort -z | tar --no-recursion --null -T - -c --owner=0 --group=0 --numeric-owner \
	--mtime=@$$(dpkg-parsechangelog -S Timestamp) --transform 's,^\(\./\)\?,$(SOURCE_NAME)/,'

# In a copy, so that nothing is written outside build/. In an environment without what make would hand on.
deb:
	@$(MAKE) --no-print-directory packages PACKAGES="$(BUILD_PACKAGES) $(DEB_PACKAGES)"
	rm -rf $(G)/deb && mkdir -p $(G)/deb
	$(SOURCE_TAR) -f $(G)/deb/sources.tar && tar -xf $(G)/deb/sources.tar -C $(G)/deb && rm $(G)/deb/sources.tar
	cd $(G)/deb/$(SOURCE_NAME) && env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS dpkg-buildpackage -us -uc
	lintian --allow-root --info --fail-on error $(G)/deb/*.changes

# Builds, runs and installs on releases of Debian, with what they have, on this kernel; each is fetched once, into
# ~/.cache/sockstall. STEPS="build run" some parts. One that the mirror does not have is no failure, only a line.
SUITES ?= trixie bookworm
check-distros:
	@$(MAKE) --no-print-directory packages PACKAGES="debootstrap debian-archive-keyring dpkg-dev python3"
	@mkdir -p $(G) && $(SOURCE_TAR) -f $(G)/distros.tar
	@/usr/bin/python3 -B tests/distros/distros.py $(G)/distros.tar $(G)/distros --steps "$(STEPS)" \
		--packages "$(PACKAGES) $(DEB_PACKAGES)" $(SUITES)

# Both architectures' one file, and the sources, with their sums.
DIST := $(G)/dist
dist:
	@$(MAKE) --no-print-directory packages PACKAGES="$(BUILD_PACKAGES) dpkg-dev xz-utils $(CROSS_PACKAGES)"
	@$(MAKE) --no-print-directory static
	@$(MAKE) --no-print-directory static ARCH=$(CROSS_ARCH)
	rm -rf $(DIST) && mkdir -p $(DIST)
	cp $(G)/sockstall-static $(DIST)/$(SOURCE_NAME)-$(HOST_ARCH)
	cp $(G)/$(CROSS_ARCH)/sockstall-static $(DIST)/$(SOURCE_NAME)-$(CROSS_ARCH)
	$(SOURCE_TAR) -f $(DIST)/$(SOURCE_NAME).tar && xz -T1 $(DIST)/$(SOURCE_NAME).tar
	cd $(DIST) && sha256sum $(SOURCE_NAME)* > SHA256SUMS && cat SHA256SUMS

# Tests of what dist and deb made.
check-dist: dist deb
	/usr/bin/python3 -m pytest -p no:cacheprovider -q tests/dist

# Made once from a recent kernel and checked in. BTF=FILE takes another kernel's.
vmlinux:
	$(BPFTOOL) -j btf dump file $(or $(BTF),/sys/kernel/btf/vmlinux) | vmlinux/trim.py vmlinux/types.list > vmlinux/vmlinux.h.new
	mv vmlinux/vmlinux.h.new vmlinux/vmlinux.h

clean:
	rm -rf $(B)

-include $(OBJECTS:.o=.d) $(DOCUMENT_OBJECTS:.o=.d) $(BPF_OBJECTS:.o=.d) $(UNIT_TESTS:=.d) $(PURE_TEST_OBJECTS:.o=.d) $(FUZZ_OBJECTS:.o=.d) \
	$(FUZZERS:%=$(G)/fuzz/fuzz_%.d)
