# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
# Man pages and completions, and where everything is installed.

.PHONY: man documents readme install

PREFIX ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin
DATADIR ?= $(PREFIX)/share
MANDIR ?= $(DATADIR)/man
DOCDIR ?= $(DATADIR)/doc/sockstall
ZSHDIR ?= $(DATADIR)/zsh/site-functions
DESTDIR ?=

# What stands in the tables of the program is put into the documents by a program of the build's own, on the machine that
# builds: src/share/make/documents.h. Natively it is linked from the program's objects.
DOCUMENT_SOURCES := $(wildcard src/share/make/*.c)
DOCUMENT_FOLDERS := base system look rules rows options
# All but what reads and writes JSON, which takes a library that the machine that builds may not have.
DOCUMENT_OBJECTS := $(DOCUMENT_SOURCES:src/%.c=$(NATIVE)/%.o) $(patsubst src/%.c,$(NATIVE)/%.o,\
	$(filter-out src/rows/json.c src/system/container_names.c src/system/name_sources.c,\
	$(filter $(DOCUMENT_FOLDERS:%=src/%/%),$(SOURCES))))

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

# The tables of verdicts in README.md, from those of the rules: after a change of a verdict.
readme: $(G)/documents
	$(call say,TEXT)
	$(Q)awk -v make=$(G)/documents -f src/share/make/readme.awk README.md > $(G)/README.md && cp $(G)/README.md README.md

FIGURE_PAGES := $(wildcard tests/bench/docs/*.md tests/bench/docs/*.svg)
TEXT_PAGES := README.md $(wildcard src/share/doc/*.md) tests/RESULTS.md
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

-include $(DOCUMENT_OBJECTS:.o=.d)
