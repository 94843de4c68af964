# make         set up once, run every review in data/, say where the reports are
# make test    the same set-up, then the whole test suite
# make lint    style, types, and the one direction of imports
# make docs    refresh what is made in docs/: tables from the schema and the layout, output of the code in python.md
# make validation   compare every reference figure and write docs/validation.md (some minutes)
# make lock    write requirements.lock anew from pyproject.toml (needs uv; UV_FLAGS=--upgrade takes newer versions)
# make clean   remove the environment and caches; reports and run history stay
#
# PYTHON names the interpreter: make PYTHON=python3.12

PYTHON ?= python3
UV_FLAGS ?=
BIN := .venv/bin
READY := .venv/.installed

.DEFAULT_GOAL := reports
.PHONY: reports setup test lint docs validation lock clean
.DELETE_ON_ERROR:

reports: setup
	@$(BIN)/snakemake
	@printf 'Reports:'; \
	for protocol in data/*/protocol.yaml; do \
	  review=$${protocol%/protocol.yaml}; report="results/$${review#data/}/report/report.html"; \
	  if [ -f "$$report" ]; then printf ' %s' "$$report"; fi; \
	done; \
	echo

setup: $(READY)

# The stamp is written last, so that a broken-off install is taken up again. It holds the folder: an environment that
# was copied or moved along with the project would run the code of the old place, and is made anew. So is one made by a
# Python outside the range.
ifneq ($(shell cat $(READY) 2>/dev/null),$(CURDIR))
.PHONY: $(READY)
endif
RANGE := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
$(READY): requirements.lock pyproject.toml
	@if ! $(BIN)/python -c '$(RANGE)' 2>/dev/null || ! $(BIN)/pip --version 2>/dev/null | grep -qF ' $(CURDIR)/.venv/'; then \
	  $(PYTHON) -c '$(RANGE)' 2>/dev/null || { \
	    echo "metaan needs Python 3.11, 3.12 or 3.13; '$(PYTHON)' is $$($(PYTHON) --version 2>/dev/null || echo 'not there')." >&2; \
	    echo "Name another one, for example: make PYTHON=python3.12" >&2; exit 1; }; \
	  echo 'Making the environment .venv'; \
	  rm -rf .venv && $(PYTHON) -m venv .venv; \
	fi
	@echo 'Installing what requirements.lock names (about a minute, once)'
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@echo '$(CURDIR)' > $@

test: setup
	$(BIN)/pytest --numprocesses=auto --dist=loadscope --cov --cov-report=term --cov-fail-under=90

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: setup
	$(BIN)/python docs/refresh.py

validation: setup
	$(BIN)/python validation/table.py

lock:
	@PATH="$(CURDIR)/$(BIN):$$PATH"; \
	command -v uv >/dev/null || { echo 'make lock needs uv: pip install uv' >&2; exit 1; }; \
	uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header --group dev $(UV_FLAGS) pyproject.toml -o requirements.lock

clean:
	rm -rf .venv build dist .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache .coverage
	find . -name .git -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +
