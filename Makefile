# SPDX-License-Identifier: GPL-2.0-only
# xt_UNHOLE. "make" says what there is.

# Which kernel, flavour and scenarios; empty means all, or the default of the
# call.
K ?=
FLAVOUR ?=
T ?=
export T

MODULES = xt_UNHOLE nvi
KDIR ?= /lib/modules/$(shell uname -r)/build
DESTDIR ?=
mandir ?= /usr/local/share/man
sbindir ?= /usr/local/sbin
bashdir ?= /usr/local/share/bash-completion/completions
xtlibdir = $(or $(shell pkg-config --variable=xtlibdir xtables),$(error pkg-config knows no xtables: apt-get install libxtables-dev pkg-config))

help:
	@sed -n 's/^#: //p' Makefile

#: make demo                     a packet in the hole, and out of it (needs nothing)
demo:
	@qemu-test/demo $(or $(K),6.12)

#: make test [T=] [K=] [FLAVOUR=]   every scenario; T is names or globs
test:
	@K=$(K) FLAVOUR=$(FLAVOUR) qemu-test/test

#: make run SCRIPT=file [K=] [FLAVOUR=]   a script in a fresh guest
run:
	@qemu-test/run "$(SCRIPT)" $(or $(K),6.12) $(or $(FLAVOUR),normal)

#: make shell [K=] [FLAVOUR=]    an interactive guest
shell:
	@qemu-test/shell $(or $(K),6.12) $(or $(FLAVOUR),normal)

#: make kernel [K=] [FLAVOUR=]   just the patched kernel and its modules
kernel:
	@qemu-test/host-packages
	@qemu-test/kernel $(or $(K),6.12) $(or $(FLAVOUR),normal)

#: make bench [K=]               what each way costs: a table, results/bench.json, bench.svg
bench:
	@qemu-test/bench $(or $(K),6.12)

#: make check                    static checks; writes results/review.md
check:
	@qemu-test/check

#: make mutants [T=]             breaks the product line by line: do the scenarios notice?
mutants:
	@qemu-test/mutants $(if $(T),'$(T)')

#: make compare                  the table in NOTES.md: the hole beside other ways, as measured
compare:
	@qemu-test/compare-table

#: make figure                   packet-path.svg: the packet's path, as traced
figure:
	@qemu-test/figure

#: make patches                  the in-tree patches, from xt_UNHOLE/ and nvi/
patches:
	@qemu-test/make-patch --write

#: make modules [KDIR=]          the modules for the running or another kernel, and the plug-in
modules:
	@[ -e "$(KDIR)/Makefile" ] || { \
		echo "error: $(KDIR) holds no kernel headers" >&2; \
		echo "  cure: apt-get install linux-headers-$$(uname -r), or name a tree: make modules KDIR=..." >&2; exit 1; }
	for m in $(MODULES); do $(MAKE) -C $(KDIR) M=$(CURDIR)/$$m modules || exit; done
	$(MAKE) -C libxt_UNHOLE libxt_UNHOLE.so xt_UNHOLE.8

#: make unhole-path              the tool that says which way a packet goes (wants libmnl-dev)
unhole-path:
	@pkg-config --exists libmnl || { \
		echo "error: libmnl's headers are missing" >&2; \
		echo "  cure: apt-get install libmnl-dev pkg-config" >&2; exit 1; }
	$(MAKE) -C unhole-path

#: make install-unhole-path [DESTDIR=]   it, its manual page and its completion for bash
install-unhole-path: unhole-path
	install -D -m 755 unhole-path/unhole-path $(DESTDIR)$(sbindir)/unhole-path
	install -D -m 644 unhole-path/unhole-path.8 $(DESTDIR)$(mandir)/man8/unhole-path.8
	install -D -m 644 unhole-path/unhole-path.bash $(DESTDIR)$(bashdir)/unhole-path

#: make install [KDIR=] [DESTDIR=]   install both
install: modules
	for m in $(MODULES); do \
		$(MAKE) -C $(KDIR) M=$(CURDIR)/$$m INSTALL_MOD_PATH=$(DESTDIR) INSTALL_MOD_DIR=updates $(if $(DESTDIR),DEPMOD=true) modules_install || exit; \
	done
	install -D -m 644 libxt_UNHOLE/libxt_UNHOLE.so $(DESTDIR)$(xtlibdir)/libxt_UNHOLE.so
	install -D -m 644 libxt_UNHOLE/xt_UNHOLE.8 $(DESTDIR)$(mandir)/man8/xt_UNHOLE.8
	@release=$$(cat $(KDIR)/include/config/kernel.release 2>/dev/null || $(MAKE) -s -C $(KDIR) kernelrelease); \
	[ "$$release" = "$$(uname -r)" ] || \
		echo "note: the modules are for $$release; the kernel that runs here is $$(uname -r), which will refuse them"

clean:
	rm -rf results
	git clean -fdxq xt_UNHOLE libxt_UNHOLE nvi unhole-path

.PHONY: help demo test run shell kernel bench check mutants compare figure patches modules install clean \
	unhole-path install-unhole-path
