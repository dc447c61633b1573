# `make` alone lists what there is to do. Each target sets up what it needs; a second run finds it ready.
# Works with the make of macOS (3.81) as well.

.DEFAULT_GOAL := help
.PHONY: help report test test-browser test-deep lint format lab sample lock clean distclean

VENV := .venv
PYTHON_RUN := $(VENV)/bin/python
AUDIT := $(PYTHON_RUN) -m audit
SOURCE ?= data/mira
PERIOD ?=

# Tests start hundreds of processes: what they import is compiled once, also where Python is told to keep nothing.
unexport PYTHONDONTWRITEBYTECODE

help: ## this list
	@echo "audit-workbench: did we do what our privacy policy says?"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  Options: PERIOD=2026Q3 or 2026-07, SOURCE=folder, PYTHON=python3.13"

report: $(VENV)/.ready ## set up, load data/mira, check it, write the quarterly report
	@$(AUDIT) load $(SOURCE)
	@# 1 says that violations were found, which is what a report is for.
	@$(AUDIT) report $(if $(PERIOD),--period $(PERIOD)) || test $$? -eq 1

test: lint ## set up and run every test, on two cores (some minutes)
	@$(PYTHON_RUN) -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder -m "not browser"

test-browser: $(VENV)/.ready-dev ## open JupyterLab in Chromium and run every notebook there
	@scripts/browser
	@# Two browsers, each on a lab of its own: one waits for its kernel most of the time. Four overload a lab.
	@$(PYTHON_RUN) -m pytest -q -n 2 --dist worksteal -m browser tests/browser

test-deep: lint ## many more made-up worlds, other ones each time; a hundred killed loads; a report made again
	@AUDIT_DEEP=30 $(PYTHON_RUN) -m pytest -q -n 2 --dist worksteal tests/generative tests/functional/test_faults.py tests/functional/test_report.py

lint: $(VENV)/.ready-dev ## style and types
	@$(VENV)/bin/ruff check --quiet
	@$(VENV)/bin/ruff format --quiet --check
	@$(VENV)/bin/mypy

format: $(VENV)/.ready-dev ## put the code into its format
	@$(VENV)/bin/ruff check --quiet --fix
	@$(VENV)/bin/ruff format --quiet

lab: $(VENV)/.ready-dev ## open JupyterLab on your notebooks, the database read-only
	@$(AUDIT) load $(SOURCE) --quiet
	@$(AUDIT) lab

sample: $(VENV)/.ready ## write the synthetic organisation again (data/mira)
	@$(AUDIT) sample data/mira

# For maintainers. The dev lock repeats the run lock's versions, so that tests try what users run. It has every extra but
# spark, which is large and for one test.
COMPILE := uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --no-annotate --no-header
lock: ## renew the lock files (needs uv); UPGRADE=--upgrade takes newer versions
	@command -v uv >/dev/null || { echo "make lock needs uv: python3 -m pip install uv" >&2; exit 1; }
	@$(COMPILE) $(UPGRADE) --extra build --output-file requirements.lock
	@$(COMPILE) $(UPGRADE) --extra build --extra lab --extra test --extra dev --constraint requirements.lock --output-file requirements-dev.lock
	@echo pip | uv pip compile - --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		$(UPGRADE) --output-file requirements-pip.lock
	@git diff --stat -- '*.lock'

clean: ## remove reports, the database and caches
	@rm -rf reports data/audit.db build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find audit notebooks tests -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## that, and .venv
	@rm -rf $(VENV)

$(VENV)/.ready: requirements.lock pyproject.toml scripts/setup
	@if [ ! -f $(VENV)/.ready-dev ] || [ requirements-dev.lock -nt $(VENV)/.ready-dev ] || [ pyproject.toml -nt $(VENV)/.ready-dev ]; \
	then scripts/setup requirements.lock; fi
	@touch $@

$(VENV)/.ready-dev: requirements-dev.lock pyproject.toml scripts/setup
	@scripts/setup requirements-dev.lock
	@touch $@ $(VENV)/.ready
