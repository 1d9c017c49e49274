# make run    set up and open Yinji with a demo feed on http://127.0.0.1:8000
# make test   set up what the tests need and run lint, types, layers and tests
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
# Tests run two at a time; more workers only pay off on machines with more cores.
JOBS ?= 2
# Seconds that `make fuzz` spends on each container. The tests fuzz each of them too, from fixed seeds.
FUZZ_SECONDS ?= 20

.PHONY: run test lint types layers unit fuzz bench docs clean

run:
	@$(PYTHON) tools/bootstrap.py run
	@YINJI_DATA_DIR=$${YINJI_DATA_DIR:-var/demo} $(BIN)/yinji demo --port $(PORT)

test:
	@$(PYTHON) tools/bootstrap.py test
	@$(MAKE) --no-print-directory lint types layers unit

lint:
	@echo "▸ ruff" && $(BIN)/ruff check . && $(BIN)/ruff format --check --quiet .

types:
	@echo "▸ mypy --strict" && $(BIN)/mypy

layers:
	@echo "▸ import-linter" && $(BIN)/lint-imports --no-cache > .venv/layers.log 2>&1 || { cat .venv/layers.log; exit 1; }

unit:
	@echo "▸ pytest" && $(BIN)/pytest -n $(JOBS) --dist loadgroup

fuzz:
	@echo "▸ fuzzing each container for $(FUZZ_SECONDS) s" && $(BIN)/python fuzz/fuzz_all.py --seconds $(FUZZ_SECONDS) --jobs $(JOBS)

bench:
	@$(PYTHON) tools/bootstrap.py test
	@for script in benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

docs:
	@$(PYTHON) tools/bootstrap.py test
	@$(BIN)/python tools/build_docs.py

clean:
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache build dist
