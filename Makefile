# One command each; every one makes its own virtual environment first, from the locks and nothing else.
# PYTHON=python3.12 picks another interpreter than the system's; ARGS="..." is handed to the command behind demo, test,
# test-fast, bench, mutation, audit.
# FAULTS=1 lets both vendors of the demo misbehave now and then. SEEDS=60000 is how many scenarios simulate plays.
.DEFAULT_GOAL := help
.PHONY: help demo test test-fast trial chaos soak simulate sabotage mutation check audit bench docs lock venv clean
MAKEFLAGS += --no-print-directory
# Bytecode is written whatever the caller's shell says: without it each process compiles its modules anew.
export PYTHONDONTWRITEBYTECODE :=

PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(STAMP) ## both vendors as local stand-ins, two thousand people, changes both ways; no account needed
	@$(BIN)/syncd demo $(if $(FAULTS),--faults) $(ARGS)

test: $(STAMP) ## tests, a sixteenth of those that take long (SCENARIOS=all: all), some fifty wrong versions, 2,000 seeds (SEEDS=N), side by side; MINUTES=N fails a longer run
	@$(BIN)/python deploy/test.py $(ARGS)

test-fast: $(STAMP) ## without what is slow or needs PostgreSQL; of the scenarios one of every third file
	@$(BIN)/python -m pytest -n $$(($$(nproc) + 1)) --dist=loadgroup --maxschedchunk=8 -m "not slow and not postgres and not beyond" $(ARGS)

trial: $(STAMP) ## ten minutes of edits, kills and resyncs on SQLite and PostgreSQL, its restarts; the real funnel, whole
	@TRIAL_MINUTES=10 $(BIN)/python -m pytest -p no:cacheprovider tests/scenarios/test_trial.py \
		tests/scenarios/test_daemons.py::test_the_server_goes_away_and_comes_back $(ARGS)
	@TRIAL_LEADS=0 $(BIN)/python -m pytest -p no:cacheprovider tests/scenarios/test_replayed_funnel.py -rP $(ARGS)

chaos: $(STAMP) ## daemons killed, frozen and out of disk, PostgreSQL restarted, judged from outside; MINUTES=N SEED=S
	@$(BIN)/python -m tests.chaos --minutes $(or $(MINUTES),10) $(if $(SEED),--seed $(SEED)) $(ARGS)

soak: $(STAMP) ## 30 days of 50,000 people on a virtual clock: what grows, how late edits arrive; DAYS=N RECORDS=N
	@$(BIN)/python -m tests.soak --days $(or $(DAYS),30) --records $(or $(RECORDS),50000) $(ARGS)

simulate: $(STAMP) ## people, faults and crashes on a virtual clock, from seeds of the sources; SEEDS=N of them
	@$(BIN)/syncd simulate --seeds $(or $(SEEDS),2000) $(ARGS)

sabotage: $(STAMP) ## deliberately wrong versions of the code, each of which its tests must notice
	@$(BIN)/python -m deploy.sabotage $(ARGS)

mutation: $(STAMP) ## small wrong changes of the core that its unit tests do not notice; ARGS="merge planner" picks modules, ARGS="--each 5" a few of each
	@$(BIN)/python deploy/mutation.py $(ARGS)

check: $(STAMP) ## every check: style, types, layers, locks, schema, docs, links, licences, secrets
	@$(BIN)/python deploy/check.py

audit: $(STAMP) ## known weaknesses of the locked libraries; needs the network; ARGS=--note keeps the result in docs
	@$(BIN)/python deploy/audit.py $(ARGS)

bench: $(STAMP) ## calls, time and memory against their budgets
	@$(BIN)/python -m benchmarks $(ARGS)

docs: $(STAMP) ## write the generated pages of docs/
	@$(BIN)/python deploy/docs.py

lock: $(STAMP) ## resolve the locks after a change of dependencies; UPGRADE=1 takes newer releases
	@$(BIN)/python deploy/lock.py $(if $(UPGRADE),--upgrade)

venv: $(STAMP) ## only make the virtual environment
	@:

clean: ## remove the virtual environment and every cache
	@rm -rf $(VENV) .audit .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .benchmarks build dist
	@find syncd connectors sandbox tests benchmarks deploy -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): requirements-dev.lock pyproject.toml deploy/venv.sh
	@PYTHON="$(PYTHON)" deploy/venv.sh $(VENV)
	@touch $@
