# `make run` brings up a local network, `make test` proves that everything works. Both install what is
# missing first. Other targets: build, bench, conformance, interop, format, tidy, asan, tsan, clean.

SHELL := /bin/bash
.DEFAULT_GOAL := build

# Compiled dependencies outlive the checkout, so that a second clone builds in minutes.
CACHE_DIR ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/miden-cpp
export CARGO_TARGET_DIR ?= $(CACHE_DIR)/cargo-target
export CCACHE_DIR ?= $(CACHE_DIR)/ccache
export CCACHE_BASEDIR ?= $(CURDIR)
export CCACHE_NOHASHDIR ?= 1
export MIDEN_CLIENT ?= $(CACHE_DIR)/client/bin/miden-client
export MIDEN_PLAYWRIGHT ?= $(CACHE_DIR)/playwright/bin/python
export PATH := $(HOME)/.cargo/bin:$(PATH)

BUILD := build
DATA ?= $(HOME)/.local/share/miden-local

.PHONY: build run test bench conformance interop format tidy asan tsan clean dependencies configure

dependencies:
	@scripts/install_dependencies.sh

configure: dependencies
	@mkdir -p $(BUILD)
	@cmake --preset release -DMIDEN_CARGO_TARGET_DIR="$(CARGO_TARGET_DIR)" > $(BUILD)/configure.log 2>&1 \
	  || (cat $(BUILD)/configure.log; exit 1)

build: configure
	@echo "==> building (programs go to $(BUILD)/bin)"
	@cmake --build $(BUILD)

run: configure
	@echo "==> building the programs"
	@cmake --build $(BUILD) --target miden-node miden-validator miden-remote-prover miden-ntx-builder \
	  miden-network-monitor
	@scripts/run_network.sh $(BUILD)/bin "$(DATA)"

test: build
	@scripts/install_client.sh "$(CACHE_DIR)/client"
	@scripts/install_playwright.sh "$(CACHE_DIR)/playwright"
	@cd $(BUILD) && ctest --output-on-failure --no-tests=error

bench: build
	@bench/run.sh $(BUILD)

# RECORD=1 renews what `make test` replays; SEED=n asks other random questions.
conformance: configure
	@scripts/install_client.sh "$(CACHE_DIR)/client"
	@scripts/install_reference.sh "$(CACHE_DIR)/reference" miden-validator miden-node
	@echo "==> building the programs"
	@cmake --build $(BUILD) --target miden-node conformance_programs
	@tests/conformance/conformance.py --programs $(BUILD)/bin --reference "$(CACHE_DIR)/reference/bin" \
	  --client "$(MIDEN_CLIENT)" $(if $(RECORD),--record tests/conformance) $(if $(SEED),--seed $(SEED))

# Networks of our programs and the reference's.
interop: configure
	@scripts/install_client.sh "$(CACHE_DIR)/client"
	@scripts/install_reference.sh "$(CACHE_DIR)/reference" miden-validator miden-node miden-remote-prover \
	  miden-ntx-builder miden-network-monitor
	@echo "==> building the programs"
	@cmake --build $(BUILD) --target miden-node miden-validator miden-remote-prover miden-ntx-builder \
	  miden-network-monitor compare_chains counter_client
	@tests/interop/interop.py --programs $(BUILD)/bin --reference "$(CACHE_DIR)/reference/bin" \
	  --client "$(MIDEN_CLIENT)"

format:
	@git ls-files '*.cpp' '*.hpp' | xargs clang-format -i

tidy: configure
	@command -v clang-tidy > /dev/null || (echo "error: clang-tidy is missing: apt-get install clang-tidy" >&2; exit 1)
	@git ls-files 'src/*.cpp' 'apps/*.cpp' | grep -v _avx | xargs clang-tidy -p $(BUILD) --quiet

asan tsan: dependencies
	@cmake --preset $@ > /dev/null
	@cmake --build --preset $@
	@ctest --preset $@ --exclude-regex '^e2e'

clean:
	@rm -rf $(BUILD)
