# Every command of the project; `make` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup demo up down clean status logs test test-unit test-services test-integration test-browser herd attack evals exam natural races test-compose test-web faults faults-long lint types arch isolated fmt bench understanding lock migration events ci
MAKEFLAGS += --no-print-directory
# Five services import the same packages: compiled once, they start in a third of the time.
unexport PYTHONDONTWRITEBYTECODE

bin := .venv/bin
python := $(bin)/python
stack := $(python) -m ops.stack
services := ingest chat booking crm-sync notifier
tests = $(packages) $(together) tests/e2e
packages := $(wildcard shared/tests services/*/tests sandbox/tests ops/tests)
together := tests/integration tests/attack tests/faults
code := shared services ops sandbox tests $(wildcard benchmarks evals)
typed := $(wildcard shared/src services/*/src ops/src sandbox/src tests/testkit/src benchmarks evals)
with_env = set -a && . ./.run/env && set +a &&
# Each worker has databases and a virtual host of its own; one of them has the whole system. WORKERS=0: all in one process.
WORKERS ?= 2
# Timing fails no test: a wait that ran out is tried once more, and told at the end. All else fails at once.
pytest := $(bin)/pytest -n $(WORKERS) --durations 15 --durations-min 1 \
  --reruns 1 --only-rerun 'not within' --only-rerun '[Tt]ime.?out' --only-rerun 'timed out'
needs_servers := postgres or rabbit or servers
npm = PATH="$$PATH:$(CURDIR)/$(bin)" npm --prefix web run --silent

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  \1\t\2/' | expand -t 22

setup: ## virtual environment, locked packages, web build (skips what is done)
	@scripts/bootstrap

demo: up ## the whole system, then one lead followed through it (CLAUDE=sandbox: with the sandbox's Claude; CLAUDE=URL: with any Messages API)
	@$(with_env) $(bin)/leadctl demo

up: setup ## start everything in the background against the sandbox (CLAUDE=sandbox as above)
	@$(stack) up --claude "$(CLAUDE)"

down: ## stop everything that `up` started
	@if [ -x $(python) ]; then $(stack) down; fi

clean: ## down, then drop this checkout's database and virtual host and remove .run
	@if [ -x $(python) ]; then $(stack) clean; fi

status: ## what runs, and whether it is well
	@$(stack) status

logs: ## follow the logs of everything
	@tail -n 20 -F .run/logs/*.log

test: setup lint types arch test-web ## everything: style, types, architecture, web, then all tests
	@$(pytest) $(tests)

test-unit: setup ## what needs no server
	@$(pytest) $(packages) $(together) -m 'not ($(needs_servers))'

test-services: setup ## each package on its own, against real PostgreSQL and RabbitMQ
	@$(pytest) $(packages) -m '$(needs_servers)'

test-integration: setup ## the promises: services together, the attacks, the quick faults
	@$(pytest) $(together) -m '($(needs_servers)) and not faults and not faults_long'

test-browser: setup test-web ## the web page by itself, then in a real browser before the whole system
	@$(pytest) tests/e2e

herd: setup ## 64 customers hold, book, move and cancel in the same hour for a minute; then an audit of every minute
	@HERD_SECONDS=60 $(bin)/pytest -s services/booking/tests/test_herd.py -k put_two_in_one_place

races: setup ## a reply in the chat and its follow-up at the same moment, through the whole system (RACES=1000; 100)
	@RACES=$(or $(RACES),100) $(bin)/pytest -s tests/integration/test_no_follow_up_goes_after_a_reply.py

attack: setup ## attack a running stack, a line each (ONLY=F6, JSON=1, ATTACK_STACK=.run; docs/security.md)
	@PYTHONPATH=tests $(python) -m attack $(if $(ONLY),--only '$(ONLY)') $(if $(JSON),--json)

test-compose: ## deploy/compose.yaml for real: images, start, tour, stop (brings an engine where none can pull)
	@tests/compose/run

faults: setup ## break everything under load and count what is lost or doubled (SEED=, ONLY=; docs/faults.md)
	@FAULTS_SEED=$(SEED) $(bin)/pytest tests/faults -p no:randomly -m 'faults_quick or faults' $(if $(ONLY),-k '$(ONLY)')

faults-long: setup ## the same with longer load, and what takes minutes
	@FAULTS_SEED=$(SEED) FAULTS_LONG=1 $(bin)/pytest tests/faults -p no:randomly -m 'faults_quick or faults or faults_long' $(if $(ONLY),-k '$(ONLY)')

test-web:
	@if [ -f web/package.json ]; then $(npm) test; fi

lint: ## ruff: rules and format
	@$(bin)/ruff check --quiet $(code)
	@$(bin)/ruff format --quiet --check $(code) || { echo 'not formatted: make fmt'; exit 1; }

types: ## mypy, strict
	@$(bin)/mypy --no-error-summary $(typed)

arch: ## import-linter: who may import whom
	@$(bin)/lint-imports --no-logo > .import-linter.out 2>&1; code=$$?; [ $$code = 0 ] || cat .import-linter.out; rm -f .import-linter.out; exit $$code

isolated: setup ## each service imports in an environment that holds nothing but its own lock
	@for service in $(services); do scripts/isolated $$service || exit 1; done

fmt: ## format and fix what can be fixed
	@$(bin)/ruff format --quiet $(code)
	@$(bin)/ruff check --quiet --fix $(code)

bench: setup ## measure, and compare with the baseline
	@$(python) benchmarks/run.py

evals: setup ## scripted customers against each assistant (only=offline|claude runs=4 case=... summary=docs/evals.md): evals/README.md
	@$(python) evals/run.py $(if $(only),--only $(only)) --runs $(or $(runs),4) $(if $(case),--case $(case)) $(if $(summary),--summary $(summary))

exam: setup ## customers of a file against a model whose answers stand at an address (CUSTOMERS=file CLAUDE=URL): evals/README.md
	@$(python) -m evals.exam $(CUSTOMERS) --claude "$(CLAUDE)"

natural: setup ## messages and customers that nobody tuned on, against the deterministic assistant; a reader says what was right: evals/README.md
	@$(python) -m evals.natural $(if $(MESSAGES),--messages $(MESSAGES)) $(if $(CUSTOMERS),--customers $(CUSTOMERS))

understanding: setup ## fit what is learnt from examples: opt-outs and claims (shared/understanding/*.yaml), what messages are about (chat/domain/understanding/exemplars.yaml)
	@$(python) -m evals.fit
	@$(python) -m evals.understanding.fit

lock: ## renew every lock
	@locks/update.sh --upgrade

migration: ## a new migration: make migration service=chat name=add_notes
	@test -n "$(service)" -a -n "$(name)" || { echo 'make migration service=chat name=add_notes'; exit 1; }
	@$(with_env) $(python) -c 'import os, shared.db.migrate as m; m.revision("$(subst -,_,$(service))", \
	  os.environ["LEADCTL_" + "$(subst -,_,$(service))".upper() + "_MIGRATION_DATABASE_URL"], "$(name)")'

events: ## docs/events.md from the event classes; freezes the schemas of new versions
	@$(python) scripts/events

ci: test isolated ## what a merge needs
