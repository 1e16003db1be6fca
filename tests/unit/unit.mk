# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
# Unit tests link pure code only: that it links without libbpf is part of the test. All of it is in one library, which is
# linked once and not with each of the tests: that would take as long as compiling it.

.PHONY: unit

UNIT_TESTS := $(patsubst tests/unit/%.c,$(B)/unit/%,$(sort $(wildcard tests/unit/*/test_*.c tests/unit/*/*/test_*.c)))
UNIT_HELPERS := $(wildcard tests/unit/*.c)
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer

# Not optimized: that takes a third of the time to compile, and tests run for seconds. The program has all warnings.
UNIT_CFLAGS = $(ALL_CFLAGS) $(SANITIZE) $(UNIT_SPEED) -fPIC
UNIT_SPEED := -O0
UNIT_LIBRARY := $(B)/unit/libpure.so

PURE_TEST_OBJECTS := $(PURE:src/%.c=$(B)/unit/pure/%.o) $(UNIT_HELPERS:tests/unit/%.c=$(B)/unit/%.o)

$(B)/unit/pure/%.o: src/%.c tests/unit/unit.mk
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(UNIT_CFLAGS) -MMD -MP -c $< -o $@

$(B)/unit/%.o: tests/unit/%.c tests/unit/unit.mk
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(UNIT_CFLAGS) -Itests/unit -MMD -MP -c $< -o $@

$(UNIT_LIBRARY): $(PURE_TEST_OBJECTS)
	$(call say,LD)
	$(Q)$(CC) $(UNIT_CFLAGS) -shared -Wl,-z,defs -o $@ $^ $(UNIT_LIBS)

# Some hundred programs are linked: gold, where binutils have it, takes a quarter of the time.
UNIT_LINKER := $(if $(shell command -v ld.gold),-fuse-ld=gold)
UNIT_LIBS := -lcmocka -ldw -lelf -liberty -lz -ljansson -lncursesw -ltinfo -lcap-ng -lseccomp
$(UNIT_TESTS): $(B)/unit/%: $(B)/unit/%.o $(UNIT_LIBRARY)
	$(call say,LD)
	$(Q)$(CC) $(UNIT_CFLAGS) $(UNIT_LINKER) -Wl,-rpath,$(abspath $(B)/unit) -o $@ $^ $(UNIT_LIBS)

# T=test_text runs one of them, ONLY='width_*' of its functions those with such names.
UNIT_CHOSEN = $(if $(T),$(filter %/$(T),$(UNIT_TESTS)),$(UNIT_TESTS))
unit: fuzz-seeds
	$(if $(UNIT_CHOSEN),,$(error T=$(T): expected one of $(notdir $(UNIT_TESTS))))
	@/usr/bin/python3 -B tests/unit/layers.py
	@$(MAKE) -s --no-print-directory -j$$(nproc) $(UNIT_CHOSEN)
	@tests/unit/run.sh $(UNIT_CHOSEN)

-include $(UNIT_TESTS:=.d) $(PURE_TEST_OBJECTS:.o=.d)
