# 社保助手. `make run` and `make test` need nothing but Python 3.11 (and make; on Debian python3-venv).
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
# Processes that share the tests: a number, or one for each core.
WORKERS ?= auto
CATALOGUES := $(wildcard locales/*/LC_MESSAGES/messages.po)

.DEFAULT_GOAL := help
.PHONY: setup run test soak check audit bench translate help

help: ## This list.
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name one with PYTHON=…"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(STAMP): pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -e . -c constraints.txt
	@touch $@

$(DEV_STAMP): pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]' -c constraints.txt
	@touch $(STAMP) $@

locales/%/LC_MESSAGES/messages.mo: locales/%/LC_MESSAGES/messages.po | $(STAMP)
	$(BIN)/pybabel --quiet compile -i $< -o $@

setup: $(STAMP) $(CATALOGUES:.po=.mo) ## Environment, packages, catalogues, compiled policy library, trained reader.
	@$(BIN)/python -m policy_kb
	@$(BIN)/python -m app.prepare

run: setup ## Serve http://127.0.0.1:8000 (PORT= changes the port).
	$(BIN)/shebao serve --demo --port $(PORT)

test: setup $(DEV_STAMP) ## All tests, with seeded samples; every branch of the calculator, the log and the profiles is reached.
	$(BIN)/python -m pytest -m "not soak" -n $(WORKERS) --dist loadfile --cov=calculator --cov=audit --cov=profiles --cov-branch --cov-report=term:skip-covered --cov-fail-under=100

soak: setup $(DEV_STAMP) ## The full counts that `test` samples.
	$(BIN)/python -m pytest -m soak

check: setup $(DEV_STAMP) ## Format, lint, types, import contracts, and what every page of the console owes its reader.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/shebao policy lint
	$(BIN)/python -m pytest tests/hr_console/test_access.py -k "not lets_in"

audit: $(DEV_STAMP) ## Known vulnerabilities, licences, list of parts.
	@mkdir -p var/audit
	$(BIN)/pip-licenses --format=csv --output-file=var/audit/licences.csv
	$(BIN)/cyclonedx-py environment $(VENV) --output-file var/audit/sbom.json
	@! grep -iE 'AGPL|Affero' var/audit/licences.csv || { echo "an AGPL package is installed"; exit 1; }
	@$(BIN)/pip-audit --progress-spinner off --skip-editable \
		|| echo "pip-audit found something, or could not reach its source (see above)"

bench: setup $(DEV_STAMP) ## Speed as ratios in one run.
	$(BIN)/shebao bench

translate: $(DEV_STAMP) ## Collect sentences into the catalogues and say what is untranslated.
	@mkdir -p var
	$(BIN)/pybabel --quiet extract -F babel.cfg -k N_ -k say -o var/messages.pot --no-location --sort-output .
	$(BIN)/python -m locales var/messages.pot
