# What can be done here; every target does its own set-up. `make` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run test check bench web release format clean

export POSTRIDER_COMMIT ?= $(shell git rev-parse --short HEAD 2>/dev/null)

help: ## Lists the targets.
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 18

run: release ## Builds all, starts Postrider with a starter workspace, and shows what to try.
	@echo "Starting Postrider; its data is in ./data, Ctrl-C ends it."
	@exec target/release/postrider serve --data-dir data $(ARGS)

test: ## Runs every test: crates, web, real SDKs, a real browser.
	@tools/need build web sdk browser
	cargo test --workspace --locked
	$(MAKE) --no-print-directory web
	cd web && npm test
	cargo build --locked --package postrider
	POSTRIDER_BIN=$(CURDIR)/target/debug/postrider tests/sdk/run
	cd web && POSTRIDER_BIN=$(CURDIR)/target/debug/postrider npm run e2e

check: ## Checks formats, lints, types and the rules of the house.
	@tools/need build web
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo test --package postrider --test tidy --locked
	cd web && npm ci --ignore-scripts --no-audit --no-fund --silent && npm run check
	git ls-files 'tests/sdk/*.mjs' 'bench/*.mjs' | sed 's|^|../|' | (cd web && xargs npx biome check --config-path=.)

bench: release ## Measures throughput, latency and cost next to a raw proxy; a table and JSON.
	@tools/need bench
	bench/run

web: ## Builds the dashboard's pages.
	@tools/need web
	cd web && npm ci --ignore-scripts --no-audit --no-fund --silent && npm run build

release: web ## Builds the binary as it is shipped: target/release/postrider.
	@tools/need build
	cargo build --release --locked --package postrider

format: ## Formats all sources.
	cargo fmt --all
	cd web && npm run format

clean: ## Removes what was built; ./data stays.
	rm -rf target web/dist web/node_modules tests/sdk/node_modules tests/sdk/.venv bench/out
