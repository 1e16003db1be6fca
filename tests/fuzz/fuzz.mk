# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
# Pure code with libFuzzer and sanitizers in it. Each fuzzer runs for FUZZ_SECONDS, two at a time; what it finds is in
# build/fuzz, and what is new and worth keeping in build/fuzz/corpus.

.PHONY: fuzz fuzz-seeds

FUZZ_PACKAGES := libclang-rt-14-dev
FUZZERS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SECONDS ?= 600
FUZZ_CFLAGS := -std=gnu11 -D_GNU_SOURCE -DSOCKSTALL_VERSION='"$(VERSION)"' -Iinclude -Isrc -I$(G) -Itests/fuzz -O1 -g \
	-fno-sanitize-recover=undefined -fno-omit-frame-pointer
# Of the runs those that take a recording: they know no probe.
FUZZ_SOURCES := $(PURE) $(addprefix src/run/,replay.c replay_hosts.c diff.c session.c session_hosts.c)
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
	$(Q)$(CLANG) -fsanitize=fuzzer,address,undefined -o $@ $^ -ldw -lelf -liberty -lz -ljansson -lncursesw -ltinfo -lcap-ng -lseccomp -lm

# Makes inputs of fuzz_replay of recordings.
$(G)/fuzz/from_recording: $(G)/fuzz/from_recording.o $(FUZZ_OBJECTS)
	$(call say,LD)
	$(Q)$(CLANG) -fsanitize=fuzzer-no-link,address,undefined -o $@ $^ -ldw -lelf -liberty -lz -ljansson -lncursesw -ltinfo -lcap-ng -lseccomp -lm

.PRECIOUS: $(G)/fuzz/%.o $(G)/fuzz/pure/%.o

# What a fuzzer begins with. `make unit` asks for it too: a folder without files is in no clone.
fuzz-seeds:
	$(foreach fuzzer,$(FUZZERS),$(if $(wildcard tests/fuzz/corpus/$(fuzzer)/*),,$(error \
		tests/fuzz/corpus/$(fuzzer): expected inputs that fuzz_$(fuzzer).c begins with)))@:

fuzz: needed fuzz-seeds
	@$(MAKE) --no-print-directory needed PACKAGES="$(FUZZ_PACKAGES)"
	@$(MAKE) --no-print-directory -j$$(nproc) $(FUZZERS:%=$(G)/fuzz/%)
	@printf '%s\n' $(FUZZERS) | xargs -P 2 -I{} tests/fuzz/run.sh $(G)/fuzz {} $(FUZZ_SECONDS)

-include $(FUZZ_OBJECTS:.o=.d) $(FUZZERS:%=$(G)/fuzz/fuzz_%.d)
