# `make up` brings the service up on this machine, `make test` runs all tests; `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
# Steps build on each other: the engine is known to be there before anything is started.
.NOTPARALLEL:

# The first Python on the path that is new enough (a shim that only pretends fails the test).
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)

VENV := $(CURDIR)/.venv
BIN := $(VENV)/bin
# Byte-code comes with the first import: compiling all that is installed takes longer than installing it.
PIP := $(BIN)/python -m pip install --no-compile --disable-pip-version-check --progress-bar off
# Ansible's own tools look for each other on the path.
export PATH := $(BIN):$(PATH)
export PYTHONPATH := $(CURDIR)
# Byte-code that is not kept is compiled again at every start, and there are many starts.
unexport PYTHONDONTWRITEBYTECODE

PLAYBOOK := eval "$$($(BIN)/python -m lab env)" && $(BIN)/ansible-playbook -i inventories/local
ARGS ?=

.PHONY: help up down engine lab-start lab-stop lab-status lab-env \
	test fast lint unit integration cores warm e2e sweep sweep-sample leases leases-sample molecule node browser soak audit-run bake-run sanity package docs \
	importer image image-run image-pin bench clean

help: ## List what can be made
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

up: $(VENV)/.lab engine lab-start ## Bring the service up on this machine, with a real vLLM behind it
	@$(PLAYBOOK) playbooks/up.yml $(ARGS)

down: $(VENV)/.lab lab-start ## Take the service down; the foundation stays
	@$(PLAYBOOK) playbooks/down.yml $(ARGS)

engine: $(VENV)/.lab ## Install the real vLLM and make its tiny model (once; not with LAB_ENGINE=stub)
	@$(BIN)/python -m lab.engine install

lab-start: $(VENV)/.lab ## Start AWS on this machine
	@$(BIN)/python -m lab start

lab-stop: $(VENV)/.lab ## Stop AWS on this machine and forget all that was in it
	@$(BIN)/python -m lab stop

lab-status: $(VENV)/.lab ## Say whether AWS runs on this machine
	@$(BIN)/python -m lab status

lab-env: $(VENV)/.lab ## Print shell exports for the running lab, to be evaluated
	@$(BIN)/python -m lab env

test: $(VENV)/.dev ## Run all tests
	@tests/tools/lanes.sh "lint docs package" "sanity cores" "engine browser"
	@$(MAKE) unit integration warm e2e
	@tests/tools/lanes.sh sweep-sample leases-sample
	@$(MAKE) molecule

fast: lint unit ## Run what needs no lab

lint: $(VENV)/.dev ## Check style and types
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/yamllint --strict .
	@$(BIN)/hadolint image/Dockerfile image/base/Dockerfile extensions/molecule/node/*/Dockerfile
	@$(BIN)/antsibull-changelog lint
	@tests/tools/types.sh
	@$(BIN)/ansible-lint --offline --profile production

unit: $(VENV)/.dev ## Run the unit tests
	@$(BIN)/python -m pytest -n auto tests/unit

integration: $(VENV)/.dev ## Run modules, lab and clients against the lab
	@$(BIN)/python -m pytest -n auto --dist worksteal tests/integration -m "not engine"

cores: $(VENV)/.lab ## Make the environment of the newest core, which warm compares with, where this machine has its Python
	@tests/tools/core.sh 3.13 >/dev/null || [ $$? = 3 ]

warm: $(VENV)/.dev ## Compare every module in the controller's worker and in a process of its own, on both cores
	@$(BIN)/python -m pytest -n 2 --dist loadgroup tests/warm

e2e: $(VENV)/.dev ## Run the playbooks as an operator does, with the small stand-in for the engine
	@$(BIN)/python -m pytest -n 2 --dist loadfile tests/e2e/test_audit_whole.py tests/e2e/test_lifecycle.py \
		tests/e2e/test_permissions.py tests/e2e/test_bake.py tests/e2e/test_predictions.py tests/e2e/test_session.py tests/e2e/test_stack.py

sweep: $(VENV)/.dev ## Let every AWS call of up and down fail in every way (two hours; goes on where it stopped; ARGS="--labs 2")
	@$(BIN)/python -m tests.sweep $(ARGS)

# The same two in every test run; SWEEP_SEED=$$(date +%Y%m%d) draws others.
SWEEP_SEED ?= 20261134
sweep-sample: $(VENV)/.dev ## Let two AWS calls of up fail, which SWEEP_SEED draws
	@$(BIN)/python -m tests.sweep --sample --seed $(SWEEP_SEED) $(ARGS)

leases: $(VENV)/.dev ## Crash a session at each task boundary and see that no host outlives its lease (hours; ARGS="--shard 1/20")
	@$(BIN)/python -m tests.sweep --leases $(ARGS)

leases-sample: $(VENV)/.dev ## Crash three sessions where most is at stake
	@$(BIN)/python -m tests.sweep --leases --sample $(ARGS)

molecule: $(VENV)/.dev engine ## Run the roles' scenarios against the lab, one of them with the real vLLM
	@tests/tools/molecule.sh

node: $(VENV)/.dev ## Bake a real host with systemd, Docker and a registry (not part of test; has Docker Engine installed, asking first)
	@tests/tools/molecule.sh node

browser: $(VENV)/.dev ## Look at the report in a real Chromium, which Debian has
	@tests/tools/chromium.sh || [ $$? = 3 ]
	@$(BIN)/python -m pytest tests/browser

soak: $(VENV)/.dev ## Let generations run for more than five minutes (not part of test)
	@$(BIN)/python -m pytest tests/e2e/test_long_generation.py

bake-run: $(VENV)/.dev ## Let a bake be refused at every step in turn (not part of test, which tries one)
	@BAKE_REFUSALS=every $(BIN)/python -m pytest tests/e2e/test_bake.py $(ARGS)

audit-run: $(VENV)/.dev engine ## Send 5000 requests of every kind to a real vLLM and account for each (not part of test)
	@AUDIT_REQUESTS=$${AUDIT_REQUESTS:-5000} AUDIT_ENGINE=vllm AUDIT_RATE=$${AUDIT_RATE:-10} $(BIN)/python -m pytest -s tests/e2e/test_audit_whole.py $(ARGS)

sanity: $(VENV)/.dev ## Run ansible-test sanity on a built copy of the collection
	@tests/tools/sanity.sh

package: $(VENV)/.dev ## Build the tarball, install it offline and use it from there
	@tests/tools/package.sh

# It copies what git tracks of each collection, of amazon.aws too, which lies in an ignored folder of this checkout.
docs: $(VENV)/.dev ## Lint the documentation as a docsite would show it
	@GIT_CEILING_DIRECTORIES=$(VENV) $(BIN)/antsibull-docs lint-collection-docs --plugin-docs .

importer: $(VENV)/.dev ## Have Galaxy's importer look at the tarball (not part of test)
	@tests/tools/importer.sh

image: $(VENV)/.dev engine ## Build the engine's image for the CPU, start it and ask it (not part of test; has Docker Engine installed, asking first)
	@$(BIN)/python -m image.make build $(ARGS)

image-run: $(VENV)/.dev engine ## Build the engine's image, ask it, push it into the lab's registry and pull it (not part of test; has Docker Engine installed)
	@$(BIN)/python -m pytest tests/e2e/test_image.py $(ARGS)

image-pin: $(VENV)/.dev ## Ask the registry for the digest of the base image for GPUs, and write it down
	@$(BIN)/python -m image.make pin

bench: $(VENV)/.dev ## Race Terraform, the AWS CLI and ourselves (not part of test; ARGS="--rounds 3 --only race")
	@$(BIN)/python -m tests.bench $(ARGS)

clean: ## Remove what was installed here (stop the lab first)
	@rm -rf $(VENV) .build .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(BIN)/python:
	@[ -n "$(PYTHON)" ] || { echo "central.llm needs Python 3.11 or newer; set PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "Making a virtual environment with $$($(PYTHON) --version)" >&2
	@$(PYTHON) -m venv $(VENV)
	@site="$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/ansible_collections/central" && \
		mkdir -p "$$site" && ln -sfn $(CURDIR) "$$site/llm"

$(VENV)/.lab: requirements/runtime.txt requirements/lab.txt | $(BIN)/python
	@echo "Installing Ansible and the lab (once, about a minute)" >&2
	@$(PIP) -r requirements/lab.txt 2>&1 | tests/tools/progress.sh >&2
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.lab
	@echo "Installing the tools of the tests (once)" >&2
	@$(PIP) -r requirements/dev.txt 2>&1 | tests/tools/progress.sh >&2
	@touch $@
