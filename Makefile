# One virtual environment, made on demand; every target works on a machine that has only Python 3.11+ and make.
PYTHON ?= python3
STUDY ?= data/trondelag
PORT ?= 8501
BIN := .venv/bin

# Tests start several processes that import the same modules: without bytecode each would compile them anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: app assess check test lint bench clean
.DEFAULT_GOAL := app

.venv/app.stamp: requirements.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/dev.stamp: requirements.txt requirements-dev.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch .venv/app.stamp $@

app: assess ## assess the study, then serve the dashboard
	COVERAGE_STUDY=$(STUDY) $(BIN)/python -m streamlit run app.py --server.port $(PORT)

assess: .venv/app.stamp ## assess the study and write every output to out/
	$(BIN)/python -m coverage assess $(STUDY)

check: .venv/app.stamp ## say what is wrong with the study's data
	$(BIN)/python -m coverage check $(STUDY)

test: .venv/dev.stamp lint ## lint, types and the whole suite
	$(BIN)/python -m pytest -n 3

lint: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/dev.stamp ## speed against peers, in one run, offline
	@for bench in tests/benchmarks/bench_*.py; do echo "== $$bench"; $(BIN)/python -m $$(echo $${bench%.py} | tr / .) || exit 1; done

clean:
	rm -rf .venv out .mypy_cache .ruff_cache .pytest_cache .hypothesis
