# Set-up, and the graph from experiments to figures. `make` alone lists what there is.
# Kept to what GNU make 3.81 understands, which is what macOS ships.

PROFILE ?= default
# The accelerator already installed, unless told another: a second `make` must not swap it for the CPU's.
ACCEL   ?= $(or $(firstword $(patsubst .venv/.installed-%,%,$(wildcard .venv/.installed-*))),cpu)
WORKERS ?= 2
# How many experiments and figures are made at once. A sweep uses every core, but compiling and drawing use one. An
# accelerator's memory is for one.
JOBS    ?= $(if $(filter paper,$(PROFILE))$(filter-out cpu,$(ACCEL)),1,2)
UV      ?= uv
UPGRADE ?=

ACCEL    := $(ACCEL)
ACCELS   := cpu cuda12 cuda13 tpu
PROFILES := smoke default paper
ifeq ($(filter $(ACCEL),$(ACCELS)),)
$(error ACCEL=$(ACCEL) is not known; there are: $(ACCELS))
endif
ifeq ($(filter $(PROFILE),$(PROFILES)),)
$(error PROFILE=$(PROFILE) is not known; there are: $(PROFILES))
endif

hash   := \#
PY     := .venv/bin/python
# -P keeps a script's own folder off the path, so that no experiment can shadow a library.
SCRIPT := $(PY) -P
BENCH  := $(SCRIPT) benchmarks/run.py
PIP    := $(PY) -m pip --disable-pip-version-check install --quiet
LOCKED := $(PIP) --require-hashes --only-binary :all:
READY  := .venv/.installed-$(ACCEL)
EXTRAS := .venv/.extras-with-$(ACCEL)
START  := $(shell date +%s)

OUT         := results/$(PROFILE)
# Several at a time, of which each would draw its bar over the other's: so none draws one.
TOGETHER     = $(if $(filter-out 1,$(JOBS)),TERM=dumb) $(MAKE) --silent --no-print-directory -j $(JOBS)
# The experiments that a line `# reads: a b` of a script names.
reads        = $(patsubst %,$(OUT)/%/numbers.json,$(shell sed -n 's/^$(hash) *reads: *//p' $(1)))
experiments := $(patsubst experiments/%.py,%,$(filter-out experiments/_%,$(wildcard experiments/*.py)))
figures     := $(patsubst figures/%.py,%,$(filter-out figures/_%,$(wildcard figures/*.py)))
RESULTS     := $(experiments:%=$(OUT)/%/numbers.json)
FIGURES     := $(figures:%=$(OUT)/figures/%.png)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: help setup figures results test coverage lint types format gallery paper docs smoke lock bench bench-quick faults clean

help: ## list these targets
	@echo 'make <target> [PROFILE=smoke|default|paper] [ACCEL=cpu|cuda12|cuda13|tpu]'
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-11s %s\n", $$1, $$2 }' Makefile

setup: $(READY) ## create .venv from requirements/$(ACCEL).txt (the other targets do it by themselves)

figures: $(READY) ## run what the figures read, then draw them into results/$(PROFILE)/figures
	@$(TOGETHER) $(FIGURES)
	@echo "$(words $(FIGURES)) figures in $(OUT)/figures, $$(( $$(date +%s) - $(START) )) s"

results: $(READY) ## run every experiment into results/$(PROFILE)
	@$(TOGETHER) $(RESULTS)
	@echo "$(words $(RESULTS)) experiments in $(OUT), $$(( $$(date +%s) - $(START) )) s"

test: $(EXTRAS) ## run the tests (ARGS='-k name' to choose)
	PYTHONWARNDEFAULTENCODING=1 $(PY) -m pytest -n $(WORKERS) $(ARGS)

coverage: $(EXTRAS) ## run the tests under branch coverage and print what they miss
	$(PY) -m coverage erase
	$(PY) -m coverage run -m pytest $(ARGS)
	$(PY) -m coverage combine --quiet
	$(PY) -m coverage report

lint: $(READY) ## check style, layout and types
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

types: $(READY) ## check types alone
	$(PY) -m mypy

format: $(READY) ## mend style and layout in place
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

gallery: figures ## write the README's gallery and times from results/$(PROFILE)
	$(PY) docs/gallery.py $(OUT)

paper: figures .venv/.paper-with-$(ACCEL) ## typeset the report from results/$(PROFILE): results/$(PROFILE)/report.pdf
	$(SCRIPT) paper/build.py $(OUT) $(OUT)/report.pdf

docs: $(READY) .venv/.docs-with-$(ACCEL) ## build docs/_build/html
	$(PY) -m sphinx -E -W --keep-going -q docs docs/_build/html
	@echo "docs/_build/html/index.html"

smoke: ## run every experiment and figure at its smallest, afresh, into results/smoke
	rm -rf results/smoke
	@$(MAKE) --no-print-directory figures PROFILE=smoke

lock: ## write requirements/*.txt anew (needs uv; UPGRADE=--upgrade to move the pins)
	@command -v $(UV) >/dev/null || { echo 'make lock needs uv: python3 -m pip install uv, or UV=path/to/uv' >&2; exit 1; }
	@echo requirements/extras.txt
	@$(COMPILE) pyproject.toml $(foreach e,test lint ray slurm log data paper,--extra $(e)) --output-file requirements/extras.txt
	@for accel in $(ACCELS); do \
	  echo "requirements/$$accel.txt"; \
	  extra="--constraint requirements/extras.txt"; [ $$accel = cpu ] || extra="--extra $$accel --constraint requirements/cpu.txt"; \
	  echo 'flit_core>=3.11,<4' | $(COMPILE) - pyproject.toml --extra test --extra lint $$extra \
	    --output-file requirements/$$accel.txt || exit 1; \
	done
	@for extra in docs paper; do \
	  echo requirements/$$extra.txt; \
	  $(COMPILE) pyproject.toml --extra $$extra --constraint requirements/cpu.txt --output-file requirements/$$extra.txt || exit 1; \
	done

bench: $(READY) ## superpose against PyTorch and plain JAX on this machine, about half an hour: docs/benchmarks.md
	$(BENCH) --out results/bench --markdown docs/benchmarks.md

bench-quick: $(READY) ## two small shapes against half the promised ratios, about two minutes; fails below them
	$(BENCH) --quick --out results/bench-quick

faults: $(READY) ## kill runs 300 times, damage them 1,000 times, and time what safety costs, about 35 minutes
	$(SCRIPT) tests/faults/long.py --out results/faults $(ARGS)

clean: ## remove caches, built pages and results/smoke; .venv and other results stay
	rm -rf results/smoke docs/_build build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage .coverage.*
	find superpose tests experiments figures docs -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate $(UPGRADE)

# -- the environment

INTERPRETERS := $(PYTHON3) python3 python3.13 python3.12 python3.11 python3.14 python

$(READY): requirements/$(ACCEL).txt pyproject.toml
	@python=; for p in $(INTERPRETERS); do \
	  if $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then python=$$p; break; fi; done; \
	if [ -z "$$python" ]; then \
	  echo 'superpose needs Python 3.11 or newer, and none was found. Install one:' >&2; \
	  echo '  Debian, Ubuntu   sudo apt install python3 python3-venv' >&2; \
	  echo '  macOS            brew install python' >&2; \
	  echo 'or point at it:    make setup PYTHON3=path/to/python3' >&2; exit 1; fi; \
	if ! $$python -c 'import ensurepip, venv' >/dev/null 2>&1; then \
	  echo "$$python cannot make virtual environments. On Debian or Ubuntu: sudo apt install python3-venv" >&2; exit 1; fi; \
	if ! $(PY) -c '' >/dev/null 2>&1 || [ -n "$(filter-out $@,$(wildcard .venv/.installed-*))" ]; then \
	  echo "Creating .venv with $$($$python --version)"; \
	  rm -rf .venv && $$python -m venv .venv; fi
	@rm -f .venv/.installed-*
	@echo "Installing requirements/$(ACCEL).txt (about a minute)"
	@$(LOCKED) -r requirements/$(ACCEL).txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@
	@echo "Ready in $$(( $$(date +%s) - $(START) )) s: .venv/bin/superpose --help"

$(EXTRAS): requirements/extras.txt | $(READY)
	@echo "Installing requirements/extras.txt, which the tests use"
	@$(LOCKED) -r requirements/extras.txt
	@touch $@

.venv/.docs-with-%: requirements/docs.txt | $(READY)
	@$(LOCKED) -r requirements/docs.txt
	@touch $@

.venv/.paper-with-%: requirements/paper.txt | $(READY)
	@$(LOCKED) -r requirements/paper.txt
	@touch $@

# What is asked for and is not there: the near names, before anything is run.
.DEFAULT:
	@python3 -c 'import difflib, sys; asked, *known = sys.argv[1:]; \
	  near = difflib.get_close_matches(asked, known, 3, 0.5); \
	  sys.exit("make: nothing makes %s; %s" % (asked, "near it: " + ", ".join(near) if near else "see make help"))' \
	  '$@' $(RESULTS) $(FIGURES) figures results test gallery paper docs smoke bench faults clean setup lint lock

# -- from experiments to figures

$(OUT)/%/numbers.json: experiments/%.py | $(READY)
	@rm -f $@
	@echo '$(SCRIPT) $< $(@D) --profile $(PROFILE)'
	@$(SCRIPT) $< $(@D) --profile $(PROFILE)
	@test -s $@ || { echo "$< ended well but left no $@" >&2; exit 1; }

$(foreach e,$(experiments),$(eval $(OUT)/$(e)/numbers.json: $(call reads,experiments/$(e).py)))

define figure
$(OUT)/figures/$(1).png: figures/$(1).py $(call reads,figures/$(1).py) | $(READY)
	@mkdir -p $$(@D)
	@$(SCRIPT) $$< $(OUT) $$@
	@test -s $$@ && test -s $$(basename $$@).pdf || { echo "$$< did not leave $$@ and its pdf" >&2; exit 1; }
endef
$(foreach f,$(figures),$(eval $(call figure,$(f))))
