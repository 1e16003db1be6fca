# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
# All that is tested but the unit tests, each with the packages that it takes: `make check` installs its own alone.

.PHONY: e2e bytecode demo floods sanitize sanitized program coverage kernels scenarios check-fleet fleet-load check-html

# Side by side (tests/e2e/beside.py): most of a test is waiting. T="tests/e2e/test_x.py -k name" runs some, and one after
# the other. -rs: why a test did not run.
JOBS ?= $(shell expr 4 \* $$(nproc))
PYTEST := /usr/bin/python3 -m pytest -p no:cacheprovider -q -rs
e2e: all documents $(G)/shim.so
	$(if $(T),$(PYTEST) $(T),tests/e2e/all.sh $(JOBS) $(abspath $(G))/pytest)

# Once for all workers: each would compile all tests by itself, which takes five seconds.
bytecode:
	$(Q)SOCKSTALL=/bin/true /usr/bin/python3 -m pytest -p no:cacheprovider -q --collect-only tests/e2e > /dev/null

demo: needed
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@/usr/bin/python3 tests/e2e/demo.py $(B)/sockstall

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

# Each failure in turn, with sanitizers and without, for half an hour, and ten minutes beside a process that changes all the time (CHURN=seconds);
# FAULTS=some takes a part of both. `make check` has the plain build only.
FAULTS ?= all
sanitize: needed
	@$(MAKE) --no-print-directory -j$$(nproc) all sanitized
	FAULTS=$(FAULTS) /usr/bin/python3 -m pytest -p no:cacheprovider -q tests/e2e/test_sanitized.py tests/e2e/test_faults.py

# Which lines the unit tests and some e2e tests run, by file and in all. COVER= names others; . is all of them.
COVER ?= $(addprefix test_,$(addsuffix .py,handshakes readers writers closing loops chains record diff metrics end))
coverage: needed
	@[ ! -d $(G)/coverage ] || find $(G)/coverage -name '*.gcda' -delete
	@$(MAKE) --no-print-directory -j$$(nproc) all $(G)/shim.so
	@$(MAKE) --no-print-directory -j$$(nproc) B=$(G)/coverage HARDENING= SANITIZE= CFLAGS="-O0 -g --coverage" \
		CPPFLAGS=-DSOCKSTALL_COVERAGE program unit
	-cd tests/e2e && SOCKSTALL=$(CURDIR)/$(G)/coverage/sockstall /usr/bin/python3 -m pytest -p no:cacheprovider -q $(COVER)
	@tests/coverage.py $(G)/coverage

# What is handed on, taken by the programs that it is for. What conflicts with them is unpacked into a folder.
FLEET_PACKAGES := prometheus prometheus-node-exporter rsyslog sqlite3 postgresql-15 nats-server
SYSLOG_NG_PACKAGES := syslog-ng-core libivykis0 libnet1 libpcre3 libwrap0 libjson-c5 libglib2.0-0 libsystemd0
# The last version that has messages made from opentelemetry-proto.
NPM_PACKAGES := @opentelemetry/otlp-transformer@0.203.0 @duckdb/node-api@1.5.6-r.1 kubernetes-models@5.1.0 js-yaml@5.5.0 nats@2.29.3
check-fleet: needed
	@tests/scenarios/install.sh $(FLEET_PACKAGES)
	@command -v node >/dev/null && command -v npm >/dev/null || tests/scenarios/install.sh nodejs npm
	@tests/fleet/unpack.sh $(G)/syslog-ng $(SYSLOG_NG_PACKAGES)
	@tests/fleet/npm.sh $(G)/npm $(NPM_PACKAGES)
	@$(MAKE) --no-print-directory -j$$(nproc) all
	/usr/bin/python3 -m pytest -p no:cacheprovider -q tests/fleet

# So many records into DuckDB and PostgreSQL: what that takes is printed. Ten million take 14 GB of disk, and half an hour.
RECORDS ?= 10000000
fleet-load: needed
	@tests/scenarios/install.sh $(FLEET_PACKAGES)
	@tests/fleet/npm.sh $(G)/npm $(NPM_PACKAGES)
	@$(MAKE) --no-print-directory -j$$(nproc) all
	/usr/bin/python3 tests/fleet/load.py $(RECORDS)

# The page of replay --html, and the trace, in a browser.
HTML_PACKAGES := chromium chromium-driver
check-html: needed
	@$(MAKE) --no-print-directory needed PACKAGES="$(HTML_PACKAGES)"
	@$(MAKE) --no-print-directory -j$$(nproc) all
	/usr/bin/python3 -m pytest -p no:cacheprovider -q tests/html

# Kernels and images are fetched and built once, in ~/.cache/sockstall. APPEND="lockdown=confidentiality" boots with that.
# FEW=1: what CI runs there. UNFETCHED=tell: a kernel that the mirror does not have is no failure, only a line.
KERNEL_PACKAGES := qemu-system-x86 qemu-system-arm debian-archive-keyring e2fsprogs cpio kmod
KERNELS := /usr/bin/python3 -B tests/kernels/kernels.py $(G) --only "$(K)"
kernels:
	@$(MAKE) --no-print-directory needed PACKAGES="$(BUILD_PACKAGES) python3 $(KERNEL_PACKAGES)"
	@arches=$$($(KERNELS) --arches) || exit 1; for arch in $$arches; do \
		$(MAKE) --no-print-directory -j$$(nproc) static ARCH=$$arch || exit 1; done
	@$(KERNELS) --append "$(APPEND)" $(if $(ALL),--all) $(if $(FEW),--few) $(if $(UNFETCHED),--unfetched=$(UNFETCHED)) $(TESTS)

# Real servers, stalled on purpose, each with a healthy twin under load: about a quarter of an hour.
# SCENARIOS="nginx redis" runs those whose names begin so.
SCENARIO_PACKAGES := curl wrk nginx-light apache2-bin postgresql-15 python3-pg8000 libpostgresql-jdbc-java redis-server \
	redis-tools memcached haproxy openssh-server openssh-client nodejs openjdk-17-jdk-headless golang-go \
	python3-aiohttp python3-tornado python3-twisted python3-gevent gunicorn uwsgi uwsgi-plugin-python3 php-fpm \
	squid mosquitto mosquitto-clients mariadb-server mariadb-client
scenarios: needed
	@tests/scenarios/install.sh $(SCENARIO_PACKAGES)
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@/usr/bin/python3 -B tests/scenarios/scenarios.py $(SCENARIOS)

include tests/unit/unit.mk tests/fuzz/fuzz.mk tests/lint.mk tests/bench/bench.mk
