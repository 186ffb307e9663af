# Entry point for people and CI. Targets say what they do behind `##`; `make help` prints that.

VENV := .venv
OFFICIAL := .venv-official
DATASETTE := .venv-datasette
BIN := $(VENV)/bin
SDKS := .venv-sdks

# Variables for the command line: `make run PORT=8000`. They are assigned, so that variables of the shell that happen to
# have such a name do not count.
#
# The first interpreter that is 3.11 or newer, that of the environment before others: `make PYTHON=python3.12 setup`
# once is enough.
PYTHON := $(shell for name in $(BIN)/python python3.14 python3.13 python3.12 python3.11 python3 python; do \
	if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then echo $$name; break; fi; done)
PORT := 7877
DATA_DIR := .run/data
ONCE :=
# How many users `make bench-migrate` migrates.
USERS := 1000000
# The commits of `make bench-compare`, its rounds, and the largest ratio it accepts.
BASE :=
HEAD := HEAD
ROUNDS := 5
LIMIT :=
# Workers of pytest, each taking whole files, since hubs are started per file; 0 runs in one process. Twice the cores,
# because tests that start processes mostly wait.
JOBS := 4
FAULT_ROUNDS := 1
FUZZ_EXAMPLES := 100
export FAULT_ROUNDS

# An empty variable counts as one that is not given, and so do the usual words for no.
port = $(or $(strip $(PORT)),7877)
data_dir = $(or $(strip $(DATA_DIR)),.run/data)
once = $(filter-out 0 no false off,$(strip $(ONCE)))

# A program that runs for long takes the place of its shell (exec), so that what ends make ends the program.
PYTEST := exec $(BIN)/python -m pytest
CHROMIUM_PATH = CHROMIUM="$$($(BIN)/python tools/ensure_chromium.py)"
PGBOUNCER_PATH = PGBOUNCER="$$($(BIN)/python tools/ensure_pgbouncer.py)"
# What `make test` leaves to `make test-all`.
SLOW := tests/browser tests/faults tests/fuzz tests/packaging tests/sdk_versions
SOURCES := conftest.py sdk hub tests tools examples bench

export PYTHONUTF8 := 1

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup run test test-all check lint format type lock twins error-codes limits api-snapshot openapi \
	test-unit test-store test-e2e test-browser test-faults test-fuzz test-packaging test-sdk-versions \
	bench bench-sdk bench-steps bench-work bench-deletion bench-migrate bench-compare sdk-table clean \
	env-run env-test env-official env-datasette env-sdks env-node chromium pgbouncer libmagic

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: env-test ## create .venv with everything that development needs

run: env-run ## start the hub on embedded PostgreSQL and run the quickstart (PORT=7877 DATA_DIR=.run/data; ONCE=1 stops after it)
	@exec $(BIN)/python examples/run.py --port "$(port)" --data-dir "$(data_dir)" $(if $(once),--once)

test: env-test env-official pgbouncer ## run the quick tests: all except those that test-all adds (JOBS=4 workers)
	@$(PGBOUNCER_PATH) $(PYTEST) -n $(JOBS) --dist loadfile $(SLOW:%=--ignore=%) sdk/tests hub/tests tests

test-all: test test-browser test-faults test-fuzz test-packaging test-sdk-versions ## run all tests (make -k continues after a failure)

test-unit: env-test ## run the tests that start no hub
	@$(PYTEST) sdk/tests/unit hub/tests/unit tests/tools tests/bench

test-store: env-test pgbouncer ## run the tests of the store against PostgreSQL 16 and 18
	@$(PGBOUNCER_PATH) $(PYTEST) hub/tests/store

test-e2e: env-test env-official ## run our SDK and the official one against a live hub
	@$(PYTEST) tests/e2e

test-browser: env-test chromium ## run the tests that drive the console with Chromium
	@$(CHROMIUM_PATH) $(PYTEST) tests/browser

test-faults: env-test ## kill workers, hub and database under load (FAULT_ROUNDS=1; more for longer)
	@$(PYTEST) tests/faults

test-fuzz: env-test ## fuzz the API and the SDK (FUZZ_EXAMPLES=100)
	@FUZZ_EXAMPLES="$(FUZZ_EXAMPLES)" $(PYTEST) tests/fuzz

test-packaging: env-test ## build both packages, install wheels and sdists into empty environments, use them
	@$(PYTEST) tests/packaging

test-sdk-versions: env-test env-official env-sdks env-node libmagic ## run the vendor's older SDKs and its Node SDK against a live hub
	@$(PYTEST) tests/sdk_versions

check: lint type ## run all checks of CI except the tests: format, lint, types, import arrows, generated files
	@$(BIN)/python tools/check_arrows.py
	@$(BIN)/python tools/check_tree.py
	@$(BIN)/python tools/make_sync.py --check
	@$(BIN)/python tools/error_codes.py --check
	@$(BIN)/python tools/limits.py --check

lint: env-test ## ruff: formatting and lint rules, changing nothing
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/ruff check $(SOURCES)

format: env-test ## ruff: format the code and fix what can be fixed automatically
	@$(BIN)/ruff format $(SOURCES)
	@$(BIN)/ruff check --fix $(SOURCES)

type: env-test ## mypy --strict on both packages, the tools and the examples; pyright on use of the SDK
	@$(BIN)/mypy sdk/src hub/src
	@$(BIN)/mypy tools examples/run.py examples/quickstart.py
	@$(BIN)/basedpyright

twins: env-test ## generate the synchronous half of the SDK from the asyncio half
	@$(BIN)/python tools/make_sync.py

error-codes: env-test ## write the error codes into the OpenAPI document and docs/reference/error-codes.md
	@$(BIN)/python tools/error_codes.py

limits: env-test ## write docs/reference/limits.md from contract/limits.json
	@$(BIN)/python tools/limits.py

api-snapshot: env-test ## accept a change of the SDK's public interface: write sdk/tests/api_snapshot.txt
	@$(BIN)/python tools/api_snapshot.py --write

sdk-table: env-test env-official ## list every method of the vendor's SDK about recipients, with the tests that call it
	@exec $(BIN)/python tools/sdk_table.py

openapi: env-test ## check the API against contract/openapi.yaml
	@$(PYTEST) hub/tests/api/test_openapi.py

lock: env-test ## compile requirements/*.in to requirements/*.txt with hashes
	@$(BIN)/python tools/lock.py

bench: env-test env-datasette ## measure the hub end to end, compared with PostgreSQL alone and Datasette
	@exec $(BIN)/python bench/bench_hub.py

bench-steps: env-test ## measure each step of an edit, each statement and a request by itself
	@exec $(BIN)/python bench/bench_steps.py

bench-sdk: env-test env-official ## measure our SDK, compared with the official one
	@exec $(BIN)/python bench/bench_sdk.py

bench-work: env-test ## find the edit that takes the most time for its units of work
	@exec $(BIN)/python bench/work_units.py
bench-deletion: env-test ## measure the deletion of many users, and the creation of users meanwhile
	@exec $(BIN)/python bench/bench_deletion.py

bench-migrate: env-test ## measure `db migrate` of a database with a million users from the previous tables (USERS=1000000)
	@exec $(BIN)/python bench/bench_migrate.py --users "$(USERS)"

bench-compare: env-test ## compare processor time per operation of two commits (BASE=<commit> HEAD=HEAD ROUNDS=5 LIMIT=1.03)
	@if [ -z "$(BASE)" ]; then echo "Name the commit to compare with: make bench-compare BASE=<commit>" >&2; exit 2; fi
	@exec $(BIN)/python bench/compare.py "$(BASE)" --head "$(HEAD)" --rounds "$(ROUNDS)" $(if $(LIMIT),--limit "$(LIMIT)")

clean: ## remove virtual environments, caches and the data of `make run`
	rm -rf $(VENV) $(OFFICIAL) $(DATASETTE) $(SDKS) .run .pytest_cache .mypy_cache .ruff_cache .hypothesis .schemathesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

env-run env-test env-official env-datasette env-sdks:
	@if [ -z "$(PYTHON)" ]; then echo "No Python 3.11 or newer found. Install one, or name it: make PYTHON=/path/to/python3 $(MAKECMDGOALS)" >&2; exit 1; fi
	@if ! command -v "$(PYTHON)" >/dev/null; then echo "Interpreter not found: PYTHON=$(PYTHON)." >&2; exit 1; fi
	@exec "$(PYTHON)" tools/setup_env.py $(@:env-%=%)

env-node: env-test
	@exec $(BIN)/python tools/setup_node.py

chromium: env-test
	@exec $(BIN)/python tools/ensure_chromium.py >/dev/null

pgbouncer: env-test
	@exec $(BIN)/python tools/ensure_pgbouncer.py >/dev/null

libmagic: env-test
	@exec $(BIN)/python tools/ensure_libmagic.py
