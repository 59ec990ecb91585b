# SPDX-License-Identifier: GPL-2.0
#
# How the BPF programs and the programs of a guest are built, for the Makefiles of the examples.
#
# vmlinux.h comes from the BTF of the cached 6.18 kernel; bpftool and the libbpf headers from the tools cache. Both are
# fetched when they are not there yet.

CLANG ?= clang-19
EXAMPLES := $(dir $(lastword $(MAKEFILE_LIST)))
SCRIPTS := $(EXAMPLES)../scripts
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/cryoscope
TYPES_FROM ?= 6.18
KERNEL := $(CACHE)/kernels/$(TYPES_FROM)/vmlinuz
TOOLS := $(CACHE)/tools
BPFTOOL ?= $(TOOLS)/usr/sbin/bpftool

# Line information names files from the project's root on, wherever that is; clang takes the lines themselves from there.
ROOT := $(abspath $(EXAMPLES)..)
BPF_FLAGS := -O2 -g -Wall --target=bpf -mcpu=v3 -std=gnu11 -D__TARGET_ARCH_x86 -DBPF_NO_KFUNC_PROTOTYPES \
	-ffile-prefix-map=$(ROOT)= \
	-Wno-missing-declarations -Wno-compare-distinct-pointer-types -I $(CURDIR)/build -I $(abspath $(EXAMPLES)scx_demo) \
	-I $(TOOLS)/usr/include
C_FLAGS := -O2 -Wall -Wextra -std=gnu11 -static
# Static programs of this libc are a twentieth of glibc's (Debian: musl-tools).
MUSL_CC ?= musl-gcc
MULTIARCH := $(shell gcc -print-multiarch 2>/dev/null)
MUSL_FLAGS := $(C_FLAGS) -s -idirafter /usr/include -idirafter /usr/include/$(MULTIARCH)

# A Makefile's own first target.
.DEFAULT_GOAL := all

build:
	mkdir -p $@

$(KERNEL):
	$(SCRIPTS)/fetch-kernel $(TYPES_FROM)

$(TOOLS)/usr/sbin/bpftool:
	$(SCRIPTS)/fetch-tools

build/vmlinux.h: $(KERNEL) $(BPFTOOL) | build
	$(SCRIPTS)/extract-vmlinux $(KERNEL) build/vmlinux
	$(BPFTOOL) btf dump file build/vmlinux format c >$@.new
	rm build/vmlinux
	mv $@.new $@

HEADERS := build/vmlinux.h $(wildcard *.h) $(wildcard $(EXAMPLES)scx_demo/*.h)

# Linking a single object with bpftool sheds DWARF and keeps BTF and symbols.
build/%.bpf.o: %.bpf.c $(HEADERS) | build
	cd $(ROOT) && $(CLANG) $(BPF_FLAGS) -c $(patsubst $(ROOT)/%,%,$(abspath $<)) -o $(abspath $@)

build/%.o: build/%.bpf.o
	$(BPFTOOL) gen object $@ $<

build/%: %.c | build
	$(CLANG) $(C_FLAGS) $< -o $@

build/%.sh: %.sh | build
	install -m 755 $< $@

# OBJECTS and PREBUILT_PROGRAMS of a Makefile, kept for machines without compilers, and what they were built from.
prebuilt: $(addprefix build/,$(OBJECTS))
	rm -rf $@ && mkdir $@
	cp $^ $@/
	for name in $(PREBUILT_PROGRAMS); do $(MUSL_CC) $(MUSL_FLAGS) $$name.c -o $@/$$name || exit; done
	sha256sum $(SOURCES) >$@/SOURCES.sha256

clean:
	rm -rf build

.PHONY: all clean prebuilt
.SECONDARY:
