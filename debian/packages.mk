# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
# What must be installed. Only `make run` and `make check` install it, and `make packages`: the other targets say what is
# missing. INSTALL=1 lets any of them install.

.PHONY: packages needed

# Triggers: it is there, and another package's installation has yet to tell it something (deb-triggers(5)).
MISSING = missing=$$(for p in $(PACKAGES); do \
	dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -qE 'ok (installed|triggers)' || echo $$p; done)

needed: $(if $(INSTALL),packages)
	@$(MISSING); [ -z "$$missing" ] || \
		{ echo "sockstall: not installed:" $$missing "(INSTALL=1 installs what is missing)" >&2; exit 1; }

# Nothing is asked of the network when none is missing.
packages:
	@$(MISSING); \
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
