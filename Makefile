# Colonnina: `make help` lists the targets. Everything lives in .venv/ and var/.
PYTHON ?= python3
PY := .venv/bin/python
PORT ?= 8000
export PORT
# A checkout may live anywhere; nothing here depends on the shell's settings.
unexport PYTHONDONTWRITEBYTECODE
.DEFAULT_GOAL := help
.PHONY: help run test lint format bench bench-sessions bench-billing reset-demo shell messages lock

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.venv/run.stamp: requirements.txt
	@test -x $(PY) || $(PYTHON) -m venv .venv
	@.venv/bin/pip install --quiet --disable-pip-version-check uv
	@.venv/bin/uv pip install --quiet --python $(PY) --compile-bytecode --require-hashes -r requirements.txt \
	  || .venv/bin/pip install --quiet --require-hashes -r requirements.txt
	@touch $@

.venv/dev.stamp: .venv/run.stamp requirements-dev.txt
	@.venv/bin/uv pip install --quiet --python $(PY) --compile-bytecode --require-hashes -r requirements-dev.txt \
	  || .venv/bin/pip install --quiet --require-hashes -r requirements-dev.txt
	@touch $@

run: .venv/run.stamp ## set up and start everything on PORT (8000); DEMO=0 for an empty system
	@exec $(PY) manage.py up

test: .venv/dev.stamp ## the whole suite, on SQLite and on PostgreSQL
	@exec $(PY) -m tests

lint: .venv/dev.stamp ## ruff, mypy, import contracts, migrations in step with the models
	@.venv/bin/ruff check . && .venv/bin/ruff format --check .
	@.venv/bin/lint-imports
	@$(PY) manage.py makemigrations --check --dry-run
	@.venv/bin/mypy

format: .venv/dev.stamp ## let ruff mend what it can
	@.venv/bin/ruff check --fix . ; .venv/bin/ruff format .

bench: .venv/dev.stamp ## compare this server with the reference servers, as ratios
	@exec $(PY) -m tests.bench

bench-sessions: .venv/dev.stamp ## re-run a million journalled frames through the session engine
	@exec $(PY) -m tests.bench.journal

bench-billing: .venv/dev.stamp ## rate 100,000 sessions beside a loop over the ORM; DATABASE_URL chooses the database
	@exec $(PY) -m tests.bench.billing

reset-demo: .venv/run.stamp ## throw the demo data away and make it anew
	@$(PY) manage.py up --reset-demo

shell: .venv/run.stamp ## Django's shell on the data of `make run`
	@exec $(PY) manage.py shell

messages: .venv/dev.stamp ## collect and compile the Italian texts (needs gettext)
	@$(PY) manage.py makemessages --locale it --no-location --no-wrap --ignore .venv --ignore var && $(PY) manage.py compilemessages --locale it

lock: .venv/dev.stamp ## pin requirements.in, requirements-einvoice.in (an extra: Factur-X) and requirements-dev.in
	@.venv/bin/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-header requirements.in -o requirements.txt
	@.venv/bin/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-header requirements-einvoice.in -o requirements-einvoice.txt
	@.venv/bin/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-header requirements-dev.in -o requirements-dev.txt
