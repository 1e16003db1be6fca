# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
# What is given away: one static file for each architecture, the sources, a Debian package.

.PHONY: static deb dist check-dist check-distros

DEB_PACKAGES := build-essential dpkg-dev debhelper fakeroot lintian xz-utils

# libcap-ng can look users up, which a static program cannot, and is never asked to.
STATIC_LINK := $(HARDENED_LINK) $(foreach f,getpwuid initgroups,-Wl,--wrap=$f,--defsym=__wrap_$f=abort)
# And libdw downloads files, if one lets it, by a library that a static program cannot load.
STATIC_LIBS = $(LIBS) -llzma -lbz2 -lz $(if $(SYSROOT)$(wildcard /usr/lib/$(MULTIARCH)/libzstd.a),-lzstd) $(B)/libelf-rest.a

static: $(B)/sockstall-static

# What libelf.a and libdw.a of elfutils 0.192 (Debian 13) need and leave out (lib/eu-search.c): a tree of tsearch(3) whose root is the
# first member. Archives that are whole have their own: this one stands behind them.
SEARCH := const void *key, void **tree, int (*compare)(const void *, const void *)
LIBELF_REST := '\#define _GNU_SOURCE' '\#include <search.h>' \
	'void eu_search_tree_init(void **tree) { *tree = (void *)0; }' \
	'void eu_tdestroy(void **tree, void (*free_node)(void *)) { tdestroy(*tree, free_node); *tree = (void *)0; }' \
	'void eu_search_tree_fini(void **tree, void (*free_node)(void *)) { eu_tdestroy(tree, free_node); }' \
	'void *eu_tsearch($(SEARCH)) { return tsearch(key, tree, compare); }' \
	'void *eu_tfind($(SEARCH)) { return tfind(key, (void *const *)tree, compare); }' \
	'void *eu_tdelete($(SEARCH)) { return tdelete(key, tree, compare); }'
$(B)/libelf-rest.a: | $(B)
	$(call say,AR)
	$(Q)printf '%s\n' $(LIBELF_REST) | $(CC) $(WARNINGS) $(RELATIVE) $(CFLAGS) $(HARDENING) -x c -c - -o $(@:.a=.o)
	$(Q)$(AR) rcD $@ $(@:.a=.o)

# What libdw has for other architectures, for reading machine code, and for downloads. Each may say that it has nothing.
LIBDW_LESS := alpha arm bpf csky i386 ia64 loongarch m68k mips ppc ppc64 riscv s390 sh sparc \
	$(filter-out $(subst arm64,aarch64,$(subst amd64,x86_64,$(ARCH))),x86_64 aarch64)
$(B)/libdw-less.o: | $(B)
	$(call say,CC)
	$(Q){ printf 'void *%s_init(void); void *%s_init(void) { return (void *)0; }\n' $(foreach a,$(LIBDW_LESS),$a $a); \
	printf 'int %s(void); int %s(void) { return -1; }\n' \
		$(foreach f,find_executable find_debuginfo,__libdwfl_debuginfod_$f __libdwfl_debuginfod_$f); \
	printf 'int x86_64_disasm(void); int x86_64_disasm(void) { return -1; }\n'; \
	printf 'void __libdwfl_debuginfod_end(void); void __libdwfl_debuginfod_end(void) { }\n'; } | \
	$(CC) $(WARNINGS) $(RELATIVE) $(CFLAGS) $(HARDENING) -x c -c - -o $@

$(B)/sockstall-static: $(OBJECTS) $(B)/libelf-rest.a $(B)/libdw-less.o
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) $(HARDENING) -static-pie $(STATIC_LINK) $(SYSROOT_LDFLAGS) $(LDFLAGS) -o $@ $(OBJECTS) $(B)/libdw-less.o $(STATIC_LIBS)
	$(Q)$(STRIP) $@

# The sources: what git knows of them, or, in an unpacked archive, all that is there.
SOURCE_FILES = { git ls-files -z --cached 2>/dev/null || find . -type f ! -path './build/*' -print0; }
SOURCE_NAME := sockstall-$(VERSION)
# One time for all files, so that the same sources give the same archive.
SOURCE_TAR = $(SOURCE_FILES) | LC_ALL=C sort -z | tar --no-recursion --null -T - -c --owner=0 --group=0 --numeric-owner \
	--mtime=@$$(dpkg-parsechangelog -S Timestamp) --transform 's,^\(\./\)\?,$(SOURCE_NAME)/,'

# In a copy, so that nothing is written outside build/. In an environment without what make would hand on.
deb:
	@$(MAKE) --no-print-directory needed PACKAGES="$(BUILD_PACKAGES) $(DEB_PACKAGES)"
	rm -rf $(G)/deb && mkdir -p $(G)/deb
	$(SOURCE_TAR) -f $(G)/deb/sources.tar && tar -xf $(G)/deb/sources.tar -C $(G)/deb && rm $(G)/deb/sources.tar
	cd $(G)/deb/$(SOURCE_NAME) && env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS dpkg-buildpackage -us -uc
	lintian --allow-root --info --fail-on error $(G)/deb/*.changes

# Builds, runs and installs on releases of Debian, with what they have, on this kernel; each is fetched once, into
# ~/.cache/sockstall. STEPS="build run" some parts. One that the mirror does not have is no failure, only a line.
SUITES ?= trixie bookworm
check-distros:
	@$(MAKE) --no-print-directory needed PACKAGES="debootstrap debian-archive-keyring dpkg-dev python3"
	@mkdir -p $(G) && $(SOURCE_TAR) -f $(G)/distros.tar
	@/usr/bin/python3 -B tests/distros/distros.py $(G)/distros.tar $(G)/distros --steps "$(STEPS)" \
		--packages "$(PACKAGES) $(DEB_PACKAGES)" $(SUITES)

# Both architectures' one file, and the sources, with their sums.
DIST := $(G)/dist
dist:
	@$(MAKE) --no-print-directory needed PACKAGES="$(BUILD_PACKAGES) dpkg-dev xz-utils $(CROSS_PACKAGES)"
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
