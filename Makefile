# make run        the Drive study's nightly run on simulated extracts
# make test       all tests that belong to every change
# make test-long  the slow studies as well
# make lint       lint, types, import contracts
# make ui         a Prefect server on 127.0.0.1 with the deployments
# make lock       resolve the dependencies anew (needs uv)

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
SEED ?= 1
# Another seed is another trial, with a ledger and all other state of its own.
ifneq ($(SEED),1)
export DATRIAL_HOME ?= data/seed-$(SEED)
endif
STUDY ?= drive
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps

.DEFAULT_GOAL := help
.PHONY: help run test test-long lint ui lock browser clean
.DELETE_ON_ERROR:

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

run: $(VENV)/.runtime
	$(BIN)/datrial simulate --study $(STUDY) --seed $(SEED)
	$(BIN)/datrial run --study $(STUDY)

# One process a core and a file at a time to each; a model needs no threads of its own.
TEST := OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile

test: $(VENV)/.development browser
	$(TEST)

test-long: $(VENV)/.development browser
	$(TEST) -m "long or not long" --timeout=3600

lint: $(VENV)/.development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

ui: $(VENV)/.runtime
	$(BIN)/python -m flows.serve

# The lock files name versions and hashes. --no-deps: they are complete, and an old pip
# cannot resolve the extras of hashed requirements.
$(VENV)/.runtime: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
	  { echo "datrial needs Python 3.11; name it: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 2; }
	@test -x $(BIN)/python || { echo "Making the virtual environment"; $(PYTHON) -m venv $(VENV); }
	@echo "Installing the locked dependencies (about a minute and a half)"
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-build-isolation --editable .
	@touch $@

$(VENV)/.development: requirements-dev.lock $(VENV)/.runtime
	@echo "Installing what the tests need"
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

# The tests of the page and the report open them in Chromium.
browser:
	@sh .ci/chromium

COMPILE := uv pip compile pyproject.toml --python-version 3.11 --generate-hashes --no-header --no-annotate

lock:
	$(COMPILE) -o requirements.lock
	$(COMPILE) --extra dev -c requirements.lock -o requirements-dev.lock

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
