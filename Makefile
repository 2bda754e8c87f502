# Everything happens in .venv; versions are pinned in .ci/constraints.txt.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c .ci/constraints.txt

# Programs that tests use, and the Debian packages that hold them.
PARTS := dbus-daemon:dbus openssl:openssl

.PHONY: demo test check bench clean parts

demo: $(VENV)/plain.stamp
	$(BIN)/proximity demo --page demo/index.html

test: parts $(VENV)/dev.stamp
	$(BIN)/python -m pytest -n 2

check: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/architecture

bench: $(VENV)/dev.stamp
	for script in benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

# Installs what is missing where that is allowed; else says what will be skipped.
parts:
	@missing=; for part in $(PARTS); do command -v $${part%:*} >/dev/null \
	    || missing="$$missing $${part#*:}"; done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	    && apt-get -qq update && apt-get -qq install -y --no-install-recommends $$missing \
	    >/dev/null; then exit 0; fi; \
	echo "Not installed:$$missing. The tests that need them are skipped."

clean:
	rm -rf $(VENV) build *.egg-info

# A half-made environment (no venv module, too old a Python) must not be taken for one.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else \
	    "proximity needs Python 3.11 or newer: make PYTHON=python3.12")'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo \
	    "The venv module is missing: on Debian or Ubuntu, apt install python3-venv"; exit 1; } >&2

# The kernels are compiled on installation, anew when their sources change.
SOURCES := pyproject.toml .ci/constraints.txt $(wildcard native/*.c native/*.h)

$(VENV)/plain.stamp: $(SOURCES) | $(VENV)/bin/python
	$(PIP) -e .
	touch $@

$(VENV)/dev.stamp: $(SOURCES) | $(VENV)/bin/python
	$(PIP) -e '.[authority,dev]'
	touch $@ $(VENV)/plain.stamp
