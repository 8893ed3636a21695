# Coxswain. `make` lists the targets. Written for GNU make 3.81, which macOS still ships.
SHELL = /bin/sh
BIN = .venv/bin
READY = .venv/.ready
QUICK = $(wildcard tests/unit tests/arch tests/golden tests/museum)
ARGS =
N = 200

.PHONY: help demo test check lint format golden docs tamper kills bench bench-peers bench-scale bench-restart cover lock clean .venv

help: ## show this list
	@sed -n 's/^\([.a-z][a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | awk -F'|' '{ printf "  make %-11s %s\n", $$1, $$2 }'
	@echo '  demo, test, golden and bench take more words as ARGS="...".'

demo: $(READY) ## one signal becomes orders on six simulated accounts
	@$(BIN)/coxswain demo $(ARGS)

test: $(READY) ## run every test, on all processors
	@$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

check: lint ## format, lint, types, imports and the quick tests
	$(BIN)/python -m pytest -q $(QUICK)

lint: $(READY) ## format, lint, types and imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

.PHONY: mutants
mutants: $(READY) ## break the engine in each known way and see that a test notices
	@$(BIN)/python -m tools.mutants $(ARGS)

format: $(READY) ## rewrite the code in the project's format
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

golden: $(READY) ## write the golden files anew; the diff is the review
	$(BIN)/python -m pytest -q tests/golden --rewrite-golden $(ARGS)

docs: $(READY) ## write the generated parts of the pages anew
	@$(BIN)/python -m tools.pages

tamper: $(READY) ## tamper with a journal N=200 times, and have it noticed
	@$(BIN)/python -m tools.tamper $(N)

kills: $(READY) ## kill an engine N=200 times, and prove that nothing was lost or doubled
	@$(BIN)/python -m tests.e2e.kills $(N)

bench: $(READY) ## measure what docs/PERFORMANCE.md claims
	@$(BIN)/python -m bench $(ARGS)
	@$(BIN)/python -m bench.durable $(ARGS)
	@$(BIN)/python -m bench.live $(ARGS)
	@$(BIN)/python -m bench.scale $(ARGS)

bench-peers: ## measure the same work in another engine and in ours, in an environment of its own
	@bench/peers/make-venv
	@.venv-peers/bin/python -m bench.peers $(ARGS)

bench-scale: $(READY) ## measure 1,000 accounts and a million past orders; about ten minutes
	@$(BIN)/python -m bench.scale --past 1000000 $(ARGS)

bench-restart: $(READY) ## measure a start after 100,000 orders; Linux
	@$(BIN)/python -m bench.restart $(ARGS)

cover: $(READY) ## run every test and show the branches no test takes
	$(BIN)/coverage run -m pytest -q $(ARGS)
	$(BIN)/coverage report

lock: ## pin the newest versions that pyproject.toml allows in requirements.lock
	@tools/lock

clean: ## remove .venv and everything made
	rm -rf .venv .venv-peers .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv: $(READY) ## install into .venv what requirements.lock pins (the others do it for you)

$(READY): requirements.lock pyproject.toml tools/make-venv
	@echo 'Installing into .venv; the first time takes up to a minute.'
	@tools/make-venv
	@touch $(READY)

.PHONY: sim
sim: $(READY) ## play N simulated worlds in which everything fails that can (N=2000)
	@$(BIN)/coxswain sim --seeds $(or $(N),2000) --shrink $(ARGS)
