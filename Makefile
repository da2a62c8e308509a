# make test    everything that must hold: format, lint, types, tests
# make demo    gitgen's main job on a real model, on this machine, without a key
# make faults  kill gitgen at every call of git, and resume: minutes
# make bench   the tables of benchmarks/
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: test demo faults bench clean
.DELETE_ON_ERROR:

test: $(VENV)/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n auto

demo: $(VENV)/local
	PATH="$(CURDIR)/$(BIN):$$PATH" examples/demo.sh

faults: $(VENV)/dev
	GITGEN_FAULTS=all $(BIN)/python -m pytest -n auto tests/test_killed.py

bench: $(VENV)/dev
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) .cache dist

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip --quiet install --upgrade pip

$(VENV)/dev: $(BIN)/python pyproject.toml
	$(BIN)/pip --quiet install --editable '.[local]' --group dev
	-$(BIN)/gitgen models pull
	touch $@

$(VENV)/local: $(BIN)/python pyproject.toml
	$(BIN)/pip --quiet install --editable '.[local]'
	touch $@
