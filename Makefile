# Two commands: `make demo` runs the coast, `make test` tests it. `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help demo test unit soak lint lock wheels clean

help: ## what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 20

demo: $(VENV)/.run ## run a simulated coast and watch it being looked after (ctrl-c ends it)
	@$(BIN)/tidewalk demo

test: $(VENV)/.dev ## everything that fits in five minutes: lint, types, layers, all tests
	@$(BIN)/python -m tests.tiers quick

unit: $(VENV)/.dev ## the unit tests alone
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile tests/unit

soak: $(VENV)/.dev ## what takes longer: minute-long outages, many kills
	@$(BIN)/python -m tests.tiers soak

lint: $(VENV)/.dev ## ruff, mypy strict, the layers
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

lock: ## pin anew (needs uv): names, versions and hashes of everything, for every platform
	uv pip compile pyproject.toml --group build --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --output-file requirements.lock
	uv pip compile pyproject.toml --group build --group dev --constraint requirements.lock --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --output-file requirements-dev.lock
	echo 'psycopg[binary]>=3.2' | uv pip compile - --constraint requirements.lock --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --output-file deploy/requirements-postgres.lock
	echo 'grafana-client>=5' | uv pip compile - --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --output-file deploy/requirements-grafana.lock

wheels: $(VENV)/.run ## show that every pinned package has a wheel for Linux and macOS, CPython 3.11 to 3.14
	@deploy/check-wheels.sh $(BIN)/python

clean: ## forget the virtual environment; what a service keeps in .tidewalk stays
	rm -rf $(VENV)

$(VENV)/.made:
	@deploy/check-python.sh $(PYTHON)
	@echo "making $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.run: $(VENV)/.made requirements.lock pyproject.toml
	@echo "installing what Tidewalk needs (pinned and hashed) ..."
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.lock deploy/requirements-grafana.lock
	@echo "installing what the tests need ..."
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@rm -rf $(VENV)/grafana  # apart: grafana-client would overwrite urllib3
	@$(PIP) install --require-hashes --target $(VENV)/grafana -r deploy/requirements-grafana.lock
	@touch $@
