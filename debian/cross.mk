# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
# Building for another architecture: ARCH=arm64 or amd64. Sets B, and the tools and libraries that it takes.

CROSS_PACKAGES = gcc-$(subst _,-,$(GNU_$(CROSS_ARCH))) libc6-dev-$(CROSS_ARCH)-cross
# Of another architecture; unpacked into a folder, never installed. libelf needs zstd from Debian 13 on.
SYSROOT_PACKAGES := libbpf-dev libelf-dev libdw-dev libiberty-dev liblzma-dev libbz2-dev zlib1g-dev libjansson-dev libncurses-dev libzstd-dev libcap-ng-dev \
	libseccomp-dev

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

ifdef SYSROOT
# Debian's libraries for the other architecture: apt checks their signatures, with lists of its own, so that the
# host's dpkg and apt know nothing of it. In a folder that is renamed at the end: it is whole or not there.
$(SYSROOT):
	@command -v $(CC) >/dev/null || $(MAKE) --no-print-directory needed PACKAGES="$(CROSS_PACKAGES)"
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
