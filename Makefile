# make serve   the page on 127.0.0.1, with the demo model (or: make serve MODEL=my-web.task PORT=8080)
# make gemma   the page with a real Gemma (270M), made on this machine: downloads 0.24 GB after asking about its licence (or: ACCEPT=gemma-terms)
# make chat    the page with a small model to chat with (SmolLM2 135M, Apache-2.0), made on this machine: downloads 93 MB (or: MODEL=qwen3-0.6b)
# make test    every check and test; `make test PYTEST='-k convert'` runs a part
# make bench   the speed of the engines and of our page on this machine, with a report in bench-results/; under 15 minutes without a GPU
# make test-webkit   the page in WebKitGTK, which it installs (Debian, root)
# make test-real     tests with published weights (Gemma 3 270M, SmolLM2 135M, MiniLM), which it downloads, and with PyTorch: 430 MB and 3 GB; no part of make test
# make test-export   an exported site from nginx and Caddy, which it installs (Debian, root)
# make package     the npm package, in build/npm
# All set up what they need in .venv and static/ and are quick when that is done.

PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
# Python compiles what is imported; pip would compile all: 21 of the 58 s of processor time that the test tools take.
PIP := $(BIN)/python -m pip install --no-compile --quiet --disable-pip-version-check --constraint constraints.txt
export PIP_NO_INPUT := 1
export npm_config_update_notifier := false
# Container images often set it. Hundreds of tests start a program of ours, which would then be compiled each time: 0.2 of 0.7 s of onpage estimate.
unexport PYTHONDONTWRITEBYTECODE
# recipes of which none needs another's work, at the same time
SIDE_BY_SIDE = $(MAKE) --no-print-directory --jobs=4
CHECKS := lint types types-windows types-macos types-javascript
# Module by module, on a process more than there are cores, for while a test waits. A browser plays its GPU on all cores: more than eight
# of those gain nothing.
BY_MODULE = --numprocesses $(shell $(PYTHON) -c 'import os; print(min(8, os.cpu_count() + 1))') --dist loadfile --no-loadscope-reorder
CHECK_NODE = node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null && npm --version >/dev/null || \
  { echo "onpage: Node 20 or newer, with npm, was not found: install it." >&2; exit 1; }
.DELETE_ON_ERROR:

.PHONY: help serve gemma chat package test test-javascript test-webkit test-real test-export bench check $(CHECKS) browser chromium software-gpu firefox webkit wheel clean

help:
	@sed -n '1,9s/^# //p' Makefile

serve: .venv/.serve static/vendor/.copied
	$(BIN)/onpage serve --port $(PORT) $(foreach model,$(MODEL),--model $(model))

# MODEL=google/gemma-3-1b-it, or another Gemma of the Hugging Face hub: with a token
gemma: .venv/.build static/vendor/.copied
	$(BIN)/onpage gemma --port $(PORT) $(if $(ACCEPT),--accept $(ACCEPT)) $(MODEL)

chat: MODEL ?= smollm2-135m
chat: .venv/.build static/vendor/.copied
	$(BIN)/onpage fetch $(MODEL)
	$(BIN)/onpage serve --port $(PORT) --model $(MODEL)

package: static/node_modules/.test
	node package/build.js

test:
	@$(SIDE_BY_SIDE) .venv/.test static/node_modules/.test
	@$(SIDE_BY_SIDE) static/vendor/.copied browser $(if $(PYTEST),,test-javascript) $(CHECKS)
ifdef PYTEST
	$(BIN)/python -m pytest $(PYTEST)
else
	$(BIN)/python -m pytest tests $(BY_MODULE)
	$(BIN)/python -m pytest e2e $(BY_MODULE)
endif

test-javascript: static/node_modules/.test
	cd static && npm run --silent test

check: .venv/.test static/node_modules/.test static/vendor/.copied
	@$(SIDE_BY_SIDE) $(CHECKS)

lint: .venv/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .

types: .venv/.test
	$(BIN)/mypy

types-windows: .venv/.test
	$(BIN)/mypy --platform win32 --cache-dir .mypy_cache/win32 builder webapp onpage

types-macos: .venv/.test
	$(BIN)/mypy --platform darwin --cache-dir .mypy_cache/darwin builder webapp onpage

types-javascript: static/node_modules/.test
	cd static && npm run --silent check

test-webkit: .venv/.selenium static/vendor/.copied webkit
	$(BIN)/python -m pytest e2e/webkit

test-real: .venv/.tune static/node_modules/.test static/vendor/.copied chromium software-gpu
	$(BIN)/python -m pytest real

test-export: .venv/.test static/vendor/.copied chromium
	@for program in nginx caddy; do PATH=$$PATH:/usr/sbin; command -v $$program >/dev/null || \
	  { [ "$$(id -u)" = 0 ] && apt-get -qq update && apt-get -qq install -y nginx-light caddy >/dev/null; } || \
	  { echo "onpage: $$program was not found: run apt-get install nginx-light caddy." >&2; exit 1; }; done
	$(BIN)/python -m pytest e2e/nginx

browser: .venv/.test
	$(BIN)/python -m e2e.install_browser chromium software-gpu firefox

chromium software-gpu firefox webkit: .venv/.test
	$(BIN)/python -m e2e.install_browser $@

webkit: .venv/.selenium

bench: .venv/.test static/node_modules/.test static/vendor/.copied chromium
	@mkdir -p bench-results
	$(BIN)/onpage bench run --model demo --engine all --prefill 32,128 --decode 64 --context 512 --runs 5 -o bench-results/demo.json
	$(BIN)/onpage bench run --model synth:gemma3-270m@int4 --engine mediapipe --engine litert-lm --prefill 32 --decode 16 --context 512 --runs 3 \
	  -o bench-results/gemma3-270m.json
	$(BIN)/onpage bench report bench-results/demo.json bench-results/gemma3-270m.json -o bench-results/report.html
	$(BIN)/python -m e2e.page_cost --engine mediapipe --engine litert-lm-cpu --rounds 2

wheel: .venv/.test static/vendor/.copied
	$(BIN)/python -m hatchling build -t wheel

clean:
	rm -rf .venv dist build bench-results static/node_modules static/vendor

# Debian splits venv off its Python; root gets it installed, others are told.
.venv/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "onpage: $(PYTHON) was not found: install Python 3.11 or newer." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "onpage: $$($(PYTHON) --version) is too old: install Python 3.11 or newer, or say PYTHON=python3.12." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
	  { [ "$$(id -u)" = 0 ] && apt-get -qq update && apt-get -qq install -y python3-venv >/dev/null; } || \
	  { echo "onpage: $(PYTHON) cannot make virtual environments: run apt-get install python3-venv." >&2; exit 1; }
	@echo "Creating .venv …"
	@$(PYTHON) -m venv .venv

.venv/.serve: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing the server …"
	@$(PIP) --editable .
	@touch $@

.venv/.build: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing the converter …"
	@$(PIP) --editable '.[build]'
	@touch .venv/.serve $@

.venv/.test: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing the converter and the test tools …"
	@$(PIP) --editable '.[test]'
	@touch .venv/.serve .venv/.build $@

.venv/.selenium: pyproject.toml constraints.txt .venv/.test
	@echo "Installing what drives WebKit …"
	@$(PIP) --editable '.[test,selenium]'
	@touch $@

.venv/.tune: pyproject.toml constraints.txt .venv/.test
	@echo "Installing PyTorch …"
	@$(PIP) --editable '.[test,tune]'
	@touch $@

static/node_modules/.serve: static/package-lock.json
	@$(CHECK_NODE)
	@echo "Installing the engine …"
	@cd static && npm ci --omit=dev --ignore-scripts --loglevel=error >/dev/null
	@touch $@

static/node_modules/.test: static/package-lock.json
	@$(CHECK_NODE)
	@echo "Installing the engine and the front end's checkers …"
	@cd static && npm ci --ignore-scripts --loglevel=error >/dev/null
	@touch static/node_modules/.serve $@

# after `npm ci` with or without the checkers, whichever came last
static/vendor/.copied: static/package-lock.json webapp/vendor.py | .venv/.serve static/node_modules/.serve
	@echo "Compressing the engine …"
	@$(BIN)/python -m webapp.vendor >/dev/null
	@touch $@
