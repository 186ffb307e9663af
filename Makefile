# Entry point for people and CI. Targets say what they do behind `##`; `make help` prints that.

VENV := .venv
OFFICIAL := .venv-official
DATASETTE := .venv-datasette
BIN := $(VENV)/bin
# The first interpreter that is 3.11 or newer; `make PYTHON=/path/to/python3 …` overrides it.
PYTHON ?= $(shell for name in python3.14 python3.13 python3.12 python3.11 python3 python; do \
	if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then echo $$name; break; fi; done)
PORT ?= 7877
DATA_DIR ?= .run/data
ONCE ?=
# Workers of pytest, each taking whole files, since hubs are started per file; 0 runs in one process. Twice the cores,
# because the tests of processes and faults mostly wait.
JOBS ?= 4
PYTEST := $(BIN)/python -m pytest
SOURCES := sdk hub tests tools examples bench

export PYTHONUTF8 := 1

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup run test check lint format type lock twins api-snapshot openapi \
	test-unit test-store test-e2e test-faults test-browser bench bench-sdk bench-steps clean \
	env-run env-test env-official env-datasette chromium pgbouncer

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: env-test ## create .venv with everything that development needs

run: env-run ## start the hub on embedded PostgreSQL and run the quickstart (PORT=7877 DATA_DIR=.run/data ONCE=1 to stop after it)
	@$(BIN)/python examples/run.py --port "$(PORT)" --data-dir "$(DATA_DIR)" $(if $(ONCE),--once)

test: env-test env-official chromium pgbouncer ## run all tests (JOBS=4 pytest workers)
	@CHROMIUM="$$($(BIN)/python tools/ensure_chromium.py)" PGBOUNCER="$$($(BIN)/python tools/ensure_pgbouncer.py)" \
		$(PYTEST) -n $(JOBS) --dist loadfile sdk/tests hub/tests tests

test-unit: env-test ## run the tests that start nothing
	@$(PYTEST) sdk/tests/unit hub/tests/unit tests/tools

test-store: env-test pgbouncer ## run the tests of the store against PostgreSQL 16 and 18
	@PGBOUNCER="$$($(BIN)/python tools/ensure_pgbouncer.py)" $(PYTEST) hub/tests/store

test-e2e: env-test env-official ## run our SDK and the official one against a live hub
	@$(PYTEST) tests/e2e

test-faults: env-test ## kill workers, hub and database under load, and fuzz (FAULT_ROUNDS=10 FUZZ_EXAMPLES=200 for longer)
	@$(PYTEST) tests/faults tests/fuzz

test-browser: env-test chromium ## run the tests that drive the console with Chromium
	@CHROMIUM="$$($(BIN)/python tools/ensure_chromium.py)" $(PYTEST) tests/browser

check: lint type ## everything CI checks beside the tests: format, lint, types, import arrows, generated files
	@$(BIN)/python tools/check_arrows.py
	@$(BIN)/python tools/check_tree.py
	@$(BIN)/python tools/make_sync.py --check

lint: env-test ## ruff: formatting and lint rules, changing nothing
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/ruff check $(SOURCES)

format: env-test ## ruff: format the code and mend what can be mended
	@$(BIN)/ruff format $(SOURCES)
	@$(BIN)/ruff check --fix $(SOURCES)

type: env-test ## mypy --strict on both packages, the tools and the examples; pyright on use of the SDK
	@$(BIN)/mypy sdk/src hub/src
	@$(BIN)/mypy tools examples/run.py examples/quickstart.py
	@$(BIN)/basedpyright

twins: env-test ## generate the synchronous half of the SDK from the asyncio half
	@$(BIN)/python tools/make_sync.py

api-snapshot: env-test ## accept a change of the SDK's public face: write sdk/tests/api_snapshot.txt
	@$(BIN)/python tools/api_snapshot.py --write

openapi: env-test ## check the API against contract/openapi.yaml
	@$(PYTEST) hub/tests/api/test_openapi.py

lock: env-test ## compile requirements/*.in to requirements/*.txt with hashes
	@$(BIN)/python tools/lock.py

bench: env-test env-datasette ## measure the hub end to end, beside PostgreSQL alone and Datasette
	@$(BIN)/python bench/bench_hub.py

bench-steps: env-test ## measure each step of an edit, each statement and a request by itself
	@$(BIN)/python bench/bench_steps.py

bench-sdk: env-test env-official ## measure our SDK beside the official one
	@$(BIN)/python bench/bench_sdk.py

clean: ## remove virtual environments, caches and the data of `make run`
	rm -rf $(VENV) $(OFFICIAL) $(DATASETTE) .run .pytest_cache .mypy_cache .ruff_cache .hypothesis .schemathesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

env-run env-test env-official env-datasette:
	@if [ -z "$(PYTHON)" ]; then echo "No Python 3.11 or newer found. Install one, or name it: make PYTHON=/path/to/python3 $(MAKECMDGOALS)" >&2; exit 1; fi
	@$(PYTHON) tools/setup_env.py $(@:env-%=%)

chromium: env-test
	@$(BIN)/python tools/ensure_chromium.py >/dev/null

pgbouncer: env-test
	@$(BIN)/python tools/ensure_pgbouncer.py >/dev/null
