# make test    everything that must hold: format, lint, types, tests
# make demo    gitgen's main job on a real model, on this machine, without a key
# make proof   the promises of docs/trust.md as figures, a table for each: a quarter of an hour; PROOF=kills for one
# make fuzz    look for input that breaks a parser, for FUZZ_SECONDS each
# make bench   the tables of benchmarks/
# make screenshots  docs/report*.png; prettier with the fonts Inter and JetBrains Mono, smaller with pngquant
# make proof-local MODEL=path.gguf   what small prompts and edits come to with a model on this machine
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

FUZZ_SECONDS ?= 600
FUZZ ?= reader patcher chats messages

.PHONY: test demo proof fuzz bench screenshots proof-local clean
.DELETE_ON_ERROR:

test: $(VENV)/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n auto

demo: $(VENV)/local
	PATH="$(CURDIR)/$(BIN):$$PATH" examples/demo.sh

proof: $(VENV)/dev
	$(BIN)/python -m tests.proof $(PROOF)

fuzz: $(VENV)/fuzz
	for target in $(FUZZ); do mkdir -p .cache/fuzz/$$target && \
		$(BIN)/python -m tests.fuzz $$target -max_total_time=$(FUZZ_SECONDS) -max_len=400 -timeout=10 \
		-artifact_prefix=.cache/$$target- .cache/fuzz/$$target || exit 1; done

bench: $(VENV)/dev
	$(BIN)/python -m benchmarks

screenshots: $(VENV)/dev
	$(BIN)/python -m tests.screenshots

proof-local: $(VENV)/local
	@test -n "$(MODEL)" || { echo "say which: make proof-local MODEL=path/to/model.gguf" >&2; exit 2; }
	$(BIN)/python -m benchmarks.local_model "$(MODEL)"

clean:
	rm -rf $(VENV) .cache dist

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip --quiet install --upgrade pip

$(VENV)/dev: $(BIN)/python pyproject.toml
	$(BIN)/pip --quiet install --editable '.[local,github,gitlab,redact,dask]' --group dev
	-$(BIN)/gitgen models pull
# Tests that run programs are skipped, with the reason, where there is no bubblewrap.
	-command -v bwrap >/dev/null || { test "$$(id -u)" = 0 && apt-get -qq update && apt-get -qq install bubblewrap; }
# So are those that drive a browser.
	-command -v chromedriver >/dev/null || { test "$$(id -u)" = 0 && apt-get -qq update && \
		apt-get -qq install --no-install-recommends chromium chromium-driver; }
	touch $@

$(VENV)/fuzz: $(BIN)/python pyproject.toml
	$(BIN)/pip --quiet install --editable . --group fuzz
	touch $@

$(VENV)/local: $(BIN)/python pyproject.toml
	$(BIN)/pip --quiet install --editable '.[local]'
	touch $@
