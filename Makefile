# Everything happens in .venv; versions are pinned in .ci/constraints.txt.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c .ci/constraints.txt

.PHONY: demo test check bench clean

demo: $(VENV)/plain.stamp
	$(BIN)/proximity demo --page demo/index.html

test: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -n 2

check: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/architecture

bench: $(VENV)/dev.stamp
	for script in benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

clean:
	rm -rf $(VENV) build *.egg-info

# A half-made environment (no venv module, too old a Python) must not be taken for one.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else \
	    "proximity needs Python 3.11 or newer: make PYTHON=python3.12")'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo \
	    "The venv module is missing: on Debian or Ubuntu, apt install python3-venv"; exit 1; } >&2

$(VENV)/plain.stamp: pyproject.toml .ci/constraints.txt | $(VENV)/bin/python
	$(PIP) -e .
	touch $@

$(VENV)/dev.stamp: pyproject.toml .ci/constraints.txt | $(VENV)/bin/python
	$(PIP) -e '.[dev]'
	touch $@ $(VENV)/plain.stamp
