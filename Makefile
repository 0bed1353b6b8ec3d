# Two commands on a machine that has Python, make and a network: `make demo` and `make test`.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; done)
PYTEST ?= -n 2
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint requirements.lock
DEPENDS := pyproject.toml requirements.lock Makefile

.DELETE_ON_ERROR:
.PHONY: help demo test lint bench clean

help:
	@echo "make demo    the whole road on the embedded digits: dataset, train, sparsify, compile, verify"
	@echo "make test    the test suite, on two processes; make test PYTEST='-k data' for a part of it"
	@echo "make lint    ruff and pyright"
	@echo "make bench   armlet beside dense, CSR and unrolled C (long)"
	@echo "make clean   remove the virtual environment and what the demo wrote"

demo: .venv/all.stamp
	$(BIN)/armlet demo

test: .venv/dev.stamp
	$(BIN)/python -m pytest $(PYTEST)

lint: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

bench: .venv/all.stamp
	$(BIN)/python benchmarks/sparsified.py build/sparsified
	$(BIN)/python benchmarks/bench.py --networks build/sparsified

clean:
	rm -rf .venv build demo dataset PARAMS PARAMS_SPARSE

.venv/made.stamp:
	@test -n "$(PYTHON)" || { echo "armlet needs Python 3.11 or newer; say which with make PYTHON=..." >&2; exit 2; }
	$(PYTHON) -m venv .venv
	@touch $@

.venv/all.stamp: $(DEPENDS) | .venv/made.stamp
	@echo "installing armlet and what it needs into .venv (about 1 GB, once)"
	$(PIP) --editable '.[all]'
	@touch $@

.venv/dev.stamp: .venv/all.stamp
	$(PIP) --editable '.[dev]'
	@touch $@
