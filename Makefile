# What can be done here; every target does its own set-up. `make` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run test check faults bench web debug release build-needs format clean

# Shown by /version; not called POSTRIDER_…, as those are settings of the server.
export BUILD_COMMIT ?= $(shell git rev-parse --short HEAD 2>/dev/null)

# `make run PROFILE=debug` builds quickly and runs slowly; DATA is where events are kept.
PROFILE ?= release
DATA ?= data
WEB_SOURCES := $(shell find web \( -name node_modules -o -name dist -o -name e2e \) -prune -o -type f -print)

help: ## Lists the targets.
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 18

run: $(PROFILE) ## Builds all, starts Postrider with a starter workspace, and shows what to try.
	@echo "Starting Postrider; its data is in $(DATA), Ctrl-C ends it."
	@exec target/$(PROFILE)/postrider serve --data-dir $(DATA) $(ARGS)

test: ## Runs every test: crates, fuzz targets, web, faults, real SDKs, the API, a real browser.
	@tools/need build fuzz web faults sdk browser
	SIMULATION_SEEDS=10000 cargo test --workspace --locked
	fuzz/run
	$(MAKE) --no-print-directory web
	cd web && npm test
	$(MAKE) --no-print-directory debug
	tests/first-run/run
	POSTRIDER_BIN=$(CURDIR)/target/debug/postrider cargo run --locked --package faults -- short
	POSTRIDER_BIN=$(CURDIR)/target/debug/postrider tests/sdk/run
	POSTRIDER_BIN=$(CURDIR)/target/debug/postrider tests/api/run
	cd web && POSTRIDER_BIN=$(CURDIR)/target/debug/postrider npm run e2e

check: ## Checks formats, lints, types and the rules of the house.
	@tools/need build web
	cargo fmt --all --check
	cargo fmt --manifest-path fuzz/Cargo.toml --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo test --package postrider --test tidy --locked
	$(MAKE) --no-print-directory web/node_modules/.installed
	cd web && npm run check
	git ls-files 'tests/sdk/*.mjs' 'bench/*.mjs' 'examples/*.mjs' | sed 's|^|../|' | (cd web && xargs npx biome check --config-path=.)

faults: release ## Kills, power cuts, failing endpoints and disks, and an audit of each, for hours; ROWS chooses.
	@tools/need faults
	POSTRIDER_BIN=$(CURDIR)/target/release/postrider cargo run --release --locked --package faults -- long $(ROWS)

bench: release ## Measures throughput, latency and cost next to a raw proxy; a table and JSON.
	@tools/need bench
	cargo build --release --locked --package testkit --examples
	bench/run

web: web/dist/.built ## Builds the dashboard's pages.

web/node_modules/.installed: web/package-lock.json
	@tools/need web
	cd web && npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

web/dist/.built: $(WEB_SOURCES) web/node_modules/.installed
	cd web && npm run build
	@touch $@

debug: build-needs web
	cargo build --locked --package postrider

build-needs:
	@tools/need build web

release: build-needs web ## Builds the binary as it is shipped: target/release/postrider.
	cargo build --release --locked --package postrider

format: ## Formats all sources.
	cargo fmt --all
	cargo fmt --manifest-path fuzz/Cargo.toml
	cd web && npm run format

clean: ## Removes what was built; ./data stays.
	rm -rf target web/dist web/node_modules tests/sdk/node_modules tests/sdk/.venv tests/sdk/.built bench/out fuzz/target fuzz/found fuzz/learned
