# SPDX-License-Identifier: GPL-2.0-only
# xt_UNHOLE. "make" says what there is.

# Which kernel, flavour and scenarios, and how many guests at once; empty means all, or the
# default of the call.
K ?=
FLAVOUR ?=
GUESTS ?=
T ?=
export T

MODULES = xt_UNHOLE nvi
KDIR ?= /lib/modules/$(shell uname -r)/build
DESTDIR ?=
prefix ?= /usr/local
sbindir ?= $(prefix)/sbin
datarootdir ?= $(prefix)/share
mandir ?= $(datarootdir)/man
docdir ?= $(datarootdir)/doc/unhole
bashdir ?= $(datarootdir)/bash-completion/completions
xtlibdir ?= $(or $(shell pkg-config --variable=xtlibdir xtables),$(error pkg-config knows no xtables: apt-get install libxtables-dev pkg-config))
xtlibdir_or_none = $(if $(filter file,$(origin xtlibdir)),$(shell pkg-config --variable=xtlibdir xtables 2>/dev/null),$(xtlibdir))

# What is installed, FILE:MODE:FOLDER; install and uninstall read the same lists.
PLUG_IN = libxt_UNHOLE/libxt_UNHOLE.so:644:$(xtlibdir) libxt_UNHOLE/xt_UNHOLE.8:644:$(mandir)/man8
TOOL = unhole-path/unhole-path:755:$(sbindir) unhole-path/unhole-path.8:644:$(mandir)/man8 \
	unhole-path/unhole-path.bash:644:$(bashdir):unhole-path
RECIPES = $(patsubst %,%:644:$(docdir)/recipes,$(wildcard recipes/*))
# What the boot and the hooks call
AT_BOOT = recipes/open.sh:644:$(prefix)/lib/unhole recipes/two-isps.sh:644:$(prefix)/lib/unhole \
	recipes/two-isps-hook.sh:755:$(prefix)/lib/unhole
MANUALS = nvi/nvi.8:644:$(mandir)/man8

field = $(word $1,$(subst :, ,$2))
target = $(DESTDIR)$(call field,3,$1)/$(or $(call field,4,$1),$(notdir $(call field,1,$1)))
# $(call put,LIST)
put = $(foreach f,$1,install -D -m $(call field,2,$f) $(call field,1,$f) $(call target,$f) &&) :
# The kernel that the modules are for, as modules_install names it: not what
# "make kernelrelease" says in Debian's headers. Of the one that runs also without headers.
release = $(or $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' $(KDIR)/include/generated/utsrelease.h 2>/dev/null), \
	$(if $(filter file,$(origin KDIR)),$(shell uname -r)))

help:
	@sed -n 's/^#: //p' Makefile

#: make demo                     a packet in the hole, and out of it (installs what is missing)
demo:
	@qemu-test/demo $(K)

#: make test [T=] [K=] [FLAVOUR=] [GUESTS=]   every scenario; T is names or globs
test:
	@K=$(K) FLAVOUR=$(FLAVOUR) GUESTS=$(GUESTS) qemu-test/test

#: make kselftest [K=] [T=]      the kernel's own tests, with the patches and without
kselftest:
	@qemu-test/kselftest $(K)

#: make run SCRIPT=file [K=] [FLAVOUR=]   a script in a fresh guest
run:
	@qemu-test/run "$(SCRIPT)" "$(K)" $(FLAVOUR)

#: make shell [K=] [FLAVOUR=]    an interactive guest
shell:
	@qemu-test/shell "$(K)" $(FLAVOUR)

#: make kernel [K=] [FLAVOUR=]   just the patched kernel and its modules
kernel:
	@qemu-test/build/host-packages
	@qemu-test/build/kernel "$(K)" $(FLAVOUR)

#: make bench [K=]               what each way costs: a table, results/bench.json, bench.svg
bench:
	@qemu-test/bench $(K)

#: make bench-time [K=]          the same in nanoseconds, by Linux as a program of this machine
bench-time:
	@qemu-test/bench-time $(K)

#: make bench-scale [K=]         how cost and memory grow: flows, rules, routes, devices
bench-scale:
	@qemu-test/bench-time "$(K)" scale

#: make check [T=]               static checks, by subject; writes results/review.md
check:
	@qemu-test/check

#: make matrix [NEWEST=1]        compiles the modules for every kernel that Debian has
matrix:
	@NEWEST=$(NEWEST) qemu-test/matrix

#: make mutants [T=]             breaks the product line by line: do the scenarios notice?
mutants:
	@qemu-test/mutants $(if $(T),'$(T)')

#: make random [K=] [SEED=] [PACKETS=]   unhole-path against rules by chance, and packets
random:
	@PACKETS=$(PACKETS) SEED=$(SEED) qemu-test/random $(K)

#: make compare                  the table in NOTES.md: the hole beside other ways, as measured
compare:
	@qemu-test/compare-table

#: make tried                    README's table of what was tried where, from the last make test
tried:
	@qemu-test/tried

#: make figure                   packet-path.svg: the packet's path, as traced
figure:
	@qemu-test/figure

#: make patches                  the in-tree patches, from xt_UNHOLE/ and nvi/
patches:
	@qemu-test/build/make-patch --write

#: make modules [KDIR=]          the modules for the running or another kernel, and the plug-in
modules:
	@[ -e "$(KDIR)/Makefile" ] || { \
		echo "error: $(KDIR) holds no kernel headers" >&2; \
		echo "  cure: apt-get install linux-headers-$$(uname -r), or name a tree: make modules KDIR=..." >&2; exit 1; }
	for m in $(MODULES); do $(MAKE) -C $(KDIR) M=$(CURDIR)/$$m modules || exit; done
	$(MAKE) plug-in

plug-in:
	@pkg-config --exists xtables || { \
		echo "error: libxtables' headers are missing" >&2; \
		echo "  cure: apt-get install libxtables-dev pkg-config" >&2; exit 1; }
	$(MAKE) -C libxt_UNHOLE libxt_UNHOLE.so xt_UNHOLE.8

#: make unhole-path              the tool that says which way a packet goes (wants libmnl-dev)
unhole-path:
	@pkg-config --exists libmnl || { \
		echo "error: libmnl's headers are missing" >&2; \
		echo "  cure: apt-get install libmnl-dev pkg-config" >&2; exit 1; }
	$(MAKE) -C unhole-path XTLIBDIR='$(xtlibdir_or_none)'

#: make install-unhole-path [DESTDIR=] [prefix=]   it, its manual page and its completion for bash
install-unhole-path: unhole-path
	$(call put,$(TOOL))
install-plug-in: plug-in
	$(call put,$(PLUG_IN))
install-recipes:
	$(call put,$(RECIPES) $(AT_BOOT))
install-manuals:
	$(call put,$(MANUALS))

install-modules: modules
	for m in $(MODULES); do \
		$(MAKE) -C $(KDIR) M=$(CURDIR)/$$m INSTALL_MOD_PATH=$(DESTDIR) INSTALL_MOD_DIR=updates $(if $(DESTDIR),DEPMOD=true) modules_install || exit; \
	done
	@[ "$(release)" = "$$(uname -r)" ] || \
		echo "note: the modules are for $(release); the kernel that runs here is $$(uname -r), which will refuse them"

#: make install [KDIR=] [DESTDIR=] [prefix=]   modules, plug-in, unhole-path, recipes
install: install-modules install-plug-in install-unhole-path install-recipes install-manuals

#: make uninstall [KDIR=] [DESTDIR=] [prefix=]   takes away what "make install" put there
uninstall:
	@[ -n "$(release)" ] || { \
		echo "error: $(KDIR) holds no kernel headers, so it is not known where its modules are" >&2; \
		echo "  cure: name the tree that they were installed with: make uninstall KDIR=..." >&2; exit 1; }
	rm -f $(foreach f,$(PLUG_IN) $(TOOL) $(RECIPES) $(AT_BOOT) $(MANUALS),$(call target,$f)) \
		$(foreach m,$(MODULES),$(foreach z,ko ko.xz ko.zst ko.gz,$(DESTDIR)/lib/modules/$(release)/updates/$m.$z))
	for d in $(docdir)/recipes $(docdir) $(prefix)/lib/unhole /lib/modules/$(release)/updates; do \
		[ ! -d $(DESTDIR)$$d ] || rmdir --ignore-fail-on-non-empty $(DESTDIR)$$d || exit; \
	done
	$(if $(DESTDIR),,depmod $(release))

#: make deb                      packages for Debian, in results/deb
deb:
	@qemu-test/deb

#: make clean                    removes results/, and what is built in source folders
clean:
	rm -rf results
	git clean -fdXq xt_UNHOLE libxt_UNHOLE nvi unhole-path

.PHONY: help demo test kselftest run shell kernel bench bench-time bench-scale check matrix mutants compare tried figure patches modules install clean \
	plug-in unhole-path install-modules install-plug-in install-unhole-path install-recipes \
	install-manuals uninstall deb
