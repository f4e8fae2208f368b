# Two commands are enough: `make demo` and `make test`. Each sets up everything by itself.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
DOCS   := $(VENV)/.docs-ready
CCXT   := benchmarks/.venv-ccxt
SUPPLY := .venv-supply
MUTANT := .venv-mutants

# Another Python that the locked packages have to serve: `make test-second`.
SECOND      ?= python3.13
SECOND_VENV := .venv-second

# Some tests wait for processes of their own: one worker more than processors fills the time.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

# A suite of tests writes a hundred thousand small files durably: in memory, where 8 GB are free there,
# nobody waits for a disk.
MEMORY ?= $(shell [ "$$(df -k --output=avail /dev/shm 2>/dev/null | tail -n 1)" -ge 8388608 ] 2>/dev/null && echo /dev/shm)
IN_MEMORY := $(if $(MEMORY),PYTEST_DEBUG_TEMPROOT=$(MEMORY))

# Dagster keeps its history here; it wants an absolute path.
export DAGSTER_HOME ?= $(CURDIR)/dagster_home

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-fast test-second chaos-full dev live-check fuzz mutants lint bench lint-style lint-types lint-imports lint-secrets audit sbom docs docs-serve docs-samples lock clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(READY) ## Make .venv with the locked packages

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "cryptopipe needs Python 3.11 or later; try: make setup PYTHON=python3.12" >&2; exit 1; }
	@echo "Setting up $(VENV) (about a minute the first time)"
	@$(PYTHON) -m venv --clear $(VENV) || \
	  { echo "no venv module; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@.ci/pip-install $(BIN)/pip --require-hashes -r requirements.lock
	@.ci/pip-install $(BIN)/pip --no-build-isolation --editable .
	@# Where PYTHONDONTWRITEBYTECODE is set, as in many containers, every start of a run would compile
	@# all that it imports: 5 s instead of 2. Files of other Pythons in there do not compile; let them.
	@-$(BIN)/python -m compileall -q -q -j 0 -x '/(tests|mypy|virtualenv|pip)/' $(VENV)/lib cryptopipe_assets
	@# so that `dagster ...` of this environment finds its home without being told
	@$(BIN)/python -m cryptopipe_assets.runtime.dagster_home
	@touch $(READY)

# The theme of the documentation brings 14,000 icons; who only runs the platform need not wait for them.
$(DOCS): $(READY) requirements-docs.lock
	@.ci/pip-install $(BIN)/pip --require-hashes -r requirements-docs.lock
	@touch $(DOCS)

demo: $(READY) ## Fill every table from a simulated market, show the result
	@$(BIN)/cryptopipe demo

dev: $(READY) ## Dagster UI and daemon, with the stand-in for the vendors
	@$(BIN)/cryptopipe dev

test: $(DOCS) ## All tests, and that the code location loads
	@# Compiled tests are kept, also where PYTHONDONTWRITEBYTECODE is set.
	env -u PYTHONDONTWRITEBYTECODE $(IN_MEMORY) $(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder
	PYTHONWARNINGS="ignore:Function" $(BIN)/dagster definitions validate -m cryptopipe_assets.definitions --log-level warning

test-fast: $(READY) ## Unit and architecture tests, without what is slow and without drawn examples
	@# Compiled tests are kept, also where PYTHONDONTWRITEBYTECODE is set; a thread a worker is enough.
	env -u PYTHONDONTWRITEBYTECODE $(IN_MEMORY) POLARS_MAX_THREADS=1 \
	  $(BIN)/pytest cryptopipe_tests/unit cryptopipe_tests/architecture -m "not slow and not hypothesis" -n auto

test-second: ## Unit and architecture tests on another Python: make test-second SECOND=python3.13
	@$(MAKE) --no-print-directory setup VENV=$(SECOND_VENV) PYTHON=$(SECOND)
	$(SECOND_VENV)/bin/pytest cryptopipe_tests/unit cryptopipe_tests/architecture -n $(WORKERS)

chaos-full: $(READY) ## The nightly tests, and eight readers against a busy writer for ten minutes
	env -u PYTHONDONTWRITEBYTECODE $(IN_MEMORY) $(BIN)/pytest -m nightly -n $(WORKERS)
	CHAOS_SECONDS=$${CHAOS_SECONDS:-600} \
	  $(BIN)/pytest -n0 -s cryptopipe_tests/chaos/test_readers.py

live-check: $(READY) ## Ask each real endpoint once: which vendor has changed?
	@$(BIN)/pytest -n0 -m live cryptopipe_tests/live || { code=$$?; \
	  [ $$code -eq 3 ] && echo "nothing has changed of what could be asked; not all could be reached" >&2; \
	  exit $$code; }

# How many times the inputs of `make test`; the numbers are the same in every run.
SCALE ?= 20

fuzz: $(READY) ## Feed every parser with twenty times the hostile inputs of `make test`; SCALE=100 for more
	env FUZZ_SCALE=$(SCALE) $(BIN)/pytest cryptopipe_tests/fuzz -n $(WORKERS)

lint: lint-style lint-types lint-imports lint-secrets ## ruff, mypy, import contracts, secrets

lint-style: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

lint-types: $(DOCS)
	$(BIN)/mypy
	MYPYPATH=docs/generate $(BIN)/mypy docs/generate/*.py

lint-imports: $(READY)
	$(BIN)/lint-imports

lint-secrets: $(READY)
	git ls-files -z -- ':!*.lock' ':!.secrets.baseline' ':!cryptopipe_assets/config/template' | xargs -0 $(BIN)/detect-secrets-hook --baseline .secrets.baseline

bench: $(READY) $(CCXT)/.ready ## Speed and memory against pandas, ingest against ccxt
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.leverage
	$(BIN)/python -m benchmarks.dilution
	$(BIN)/python -m benchmarks.ingest --ccxt $(CCXT)/bin/python

# ccxt pins packages that we use in other versions, so it lives in an environment of its own.
$(CCXT)/.ready: benchmarks/requirements-ccxt.lock
	@$(PYTHON) -m venv --clear $(CCXT)
	@.ci/pip-install $(CCXT)/bin/pip --require-hashes -r $<
	@touch $@

# What looks at our packages pins packages of its own.
$(SUPPLY)/.ready: requirements-supply.lock
	@$(PYTHON) -m venv --clear $(SUPPLY)
	@.ci/pip-install $(SUPPLY)/bin/pip --require-hashes -r $<
	@touch $@

# cosmic-ray changes the code; the tests run in the project's own environment.
$(MUTANT)/.ready: requirements-mutants.lock
	@$(PYTHON) -m venv --clear $(MUTANT)
	@.ci/pip-install $(MUTANT)/bin/pip --require-hashes -r $<
	@touch $@

# Two processes at most: each runs the tests of one mutant in a copy of the tree.
MUTANTS   ?= 300
PROCESSES ?= 2

mutants: $(READY) $(MUTANT)/.ready ## Change a line at 300 places and see whether a test notices; goes on where it ended
	$(MUTANT)/bin/python -m cryptopipe_tests.mutation --python $(BIN)/python \
	  --size $(MUTANTS) --processes $(PROCESSES)

audit: $(SUPPLY)/.ready ## Known vulnerabilities of the locked packages; needs the network
	$(SUPPLY)/bin/pip-audit --require-hashes --disable-pip -r requirements.lock

sbom: $(READY) $(SUPPLY)/.ready ## Write sbom.cdx.json, what the environment is made of (CycloneDX)
	$(SUPPLY)/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible \
	  --output-file sbom.cdx.json $(BIN)/python

# The theme prints an advertisement of its successor without this.
export NO_MKDOCS_2_WARNING = 1

docs: $(DOCS) ## Build the documentation into site/, strictly
	$(BIN)/mkdocs build --strict
	@echo "open site/index.html"

docs-serve: $(DOCS) ## Show the documentation at http://127.0.0.1:8000, rebuilt at each change
	$(BIN)/mkdocs serve

docs-samples: $(READY) ## Write the samples of the data dictionary and the notebook's outputs anew
	$(BIN)/python -m cryptopipe_tests.reference.example_warehouse

lock: ## Resolve requirements.lock anew (needs uv)
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet -o requirements.lock
	uv pip compile --group docs -c requirements.lock --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet \
	  -o requirements-docs.lock
	uv pip compile benchmarks/requirements-ccxt.in --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet \
	  -o benchmarks/requirements-ccxt.lock
	uv pip compile requirements-supply.in --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet \
	  -o requirements-supply.lock
	uv pip compile requirements-mutants.in --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet \
	  -o requirements-mutants.lock

clean: ## Remove the environment, the warehouse's tables and Dagster's history
	rm -rf $(VENV) $(CCXT) $(SUPPLY) $(MUTANT) .mutants $(SECOND_VENV) site sbom.cdx.json
	find warehouse dagster_home -mindepth 1 ! -name README.md ! -name dagster.yaml -delete
