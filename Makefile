# make serve   the page on 127.0.0.1, with the demo model (or: make serve MODEL=my-web.task PORT=8080)
# make test    every check and test; `make test PYTEST='-k convert'` runs a part
# Both set up what they need in .venv and static/ and are quick when that is done.

PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
export PIP_NO_INPUT := 1
.DELETE_ON_ERROR:

.PHONY: serve test check browser wheel goldens clean help

help:
	@sed -n 's/^# //p' Makefile

serve: .venv/.serve static/vendor/.copied
	$(BIN)/onpage serve --port $(PORT) $(foreach model,$(MODEL),--model $(model))

test: check browser
	$(BIN)/python -m pytest $(PYTEST)

check: .venv/.test static/node_modules/.test static/vendor/.copied
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy
	cd static && npm run --silent check

browser: .venv/.test
	$(BIN)/python -m e2e.install_browser

wheel: .venv/.test static/vendor/.copied
	$(BIN)/python -m hatchling build -t wheel

clean:
	rm -rf .venv dist build static/node_modules static/vendor

.venv/bin/python:
	@sh builder/setup/venv.sh $(PYTHON)

.venv/.serve: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing the server …"
	@$(PIP) --editable .
	@touch $@

.venv/.test: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing the converter and the test tools …"
	@$(PIP) --editable '.[test]'
	@touch .venv/.serve $@

static/node_modules/.serve: static/package-lock.json
	@sh builder/setup/node.sh
	@echo "Installing the engine …"
	@cd static && npm ci --omit=dev --ignore-scripts --loglevel=error >/dev/null
	@touch $@

static/node_modules/.test: static/package-lock.json
	@sh builder/setup/node.sh
	@echo "Installing the engine and the front end's checkers …"
	@cd static && npm ci --ignore-scripts --loglevel=error >/dev/null
	@touch static/node_modules/.serve $@

# after `npm ci` with or without the checkers, whichever came last
static/vendor/.copied: static/package-lock.json webapp/vendor.py | .venv/.serve static/node_modules/.serve
	@echo "Compressing the engine …"
	@$(BIN)/python -m webapp.vendor >/dev/null
	@touch $@
