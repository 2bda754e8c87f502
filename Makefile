# Everything happens in .venv; versions are pinned in .ci/constraints.txt.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c .ci/constraints.txt

# Programs and files that tests use, and the Debian packages that hold them.
PARTS := dbus-daemon:dbus openssl:openssl qemu-system-x86_64:qemu-system-x86 \
    chromium:chromium bluetoothctl:bluez busybox:busybox-static modprobe:kmod cpio:cpio setpriv:util-linux \
    aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu qemu-aarch64-static:qemu-user-static \
    /usr/aarch64-linux-gnu/include/stdio.h:libc6-dev-arm64-cross \
    /usr/lib/postgresql/*/bin/postgres:postgresql
# A guest with a real kernel, for the tests of radios; kept outside this folder.
GUEST := tests/integration/kernel_rig/kernel.sh

.PHONY: demo test check bench soak fuzz clean parts screenshots

demo: $(VENV)/plain.stamp
	$(BIN)/proximity demo --page demo/index.html

test: parts $(VENV)/dev.stamp
	$(BIN)/python -m pytest -n 2 --dist loadgroup

check: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/architecture

# Every page of the console, in both languages and two widths.
screenshots: parts $(VENV)/dev.stamp
	PYTHONPATH=tests/integration $(BIN)/python tests/integration/console_screenshots.py screenshots

bench: parts $(VENV)/dev.stamp
	for script in benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

# Half load on the authority's service while its parts are killed, on each database.
SOAK_SECONDS ?= 600
SOAK_KILLS ?= 12
soak: parts $(VENV)/dev.stamp
	for database in sqlite postgresql; do $(BIN)/python benchmarks/authority_soak.py \
	    --seconds $(SOAK_SECONDS) --kills $(SOAK_KILLS) --latency --database $$database || exit 1; done

# The native parser and kernels under AddressSanitizer and UBSan, for a bounded time.
FUZZ_SECONDS ?= 60
FUZZ_SEED ?= 1
KERNELS := $(filter-out native/module.c,$(wildcard native/*.c))
fuzz:
	mkdir -p build
	$(CC) -std=c11 -g -O1 -Wall -Wextra -fsanitize=address,undefined \
	    -fno-sanitize-recover=all -Inative tests/fuzz/fuzz_native.c $(KERNELS) -o build/fuzz_native
	build/fuzz_native $(FUZZ_SECONDS) $(FUZZ_SEED)

# Installs what is missing where that is allowed; else says what will be skipped.
parts:
	@PATH="$$PATH:/usr/sbin:/sbin"; missing=; for part in $(PARTS); do \
	    command -v $${part%:*} >/dev/null || [ -e $${part%:*} ] || missing="$$missing $${part#*:}"; done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	    && apt-get -qq update && apt-get -qq install -y --no-install-recommends $$missing \
	    >/dev/null; then exit 0; fi; \
	echo "Not installed:$$missing. The tests that need them are skipped."
	@sh $(GUEST) >/dev/null 2>&1 \
	    || echo "No kernel for a guest. The tests of radios on a real kernel are skipped."

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
	$(PIP) -e '.[authority,research,dev]'
	touch $@ $(VENV)/plain.stamp
