# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
# Beside other tools, in a network namespace of its own; written to build/bench.json too. Some 40 minutes, with nothing
# else on the machine. PARTS="events waits churn servers first looks itself before" chooses; ROUNDS=5, SOAK=3600 (s).
# BEFORE=path names an older sockstall that is measured beside this one.

.PHONY: bench plots

BENCH_PACKAGES := linux-perf strace bpftrace libbpf-tools bpfcc-tools iproute2 util-linux wrk nginx-light redis-server \
	redis-tools memcached libmemcached-tools python3-matplotlib
BENCH_PROGRAMS := $(B)/load $(B)/net_load $(B)/flood $(B)/empty $(B)/scan
bench: needed
	@tests/scenarios/install.sh $(BENCH_PACKAGES)
	@$(MAKE) --no-print-directory -j$$(nproc) all $(BENCH_PROGRAMS)
	@unshare -n sh -c 'ip link set lo up && exec /usr/bin/python3 -B tests/bench/bench.py $(B) $(PARTS)'

# Draws what build/bench.json (or FIGURES=file) holds.
plots:
	@/usr/bin/python3 -B tests/bench/plots.py $(or $(FIGURES),$(B)/bench.json) tests/bench/docs

$(BENCH_PROGRAMS): $(B)/%: tests/bench/%.c | $(B)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $< -pthread -lbpf -lelf -lz
