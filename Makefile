# Two commands are all one needs: `make run` opens the app, `make test` runs every test.
PYTHON ?= python3
PORT ?= 8501
BIN := .venv/bin

.PHONY: run test check bench pictures clean

run: .venv/.run
	$(BIN)/seglab app --port $(PORT)

test: .venv/.test
	$(BIN)/python tests/get_browser.py
	$(BIN)/python -m pytest

check: .venv/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Measures everything and writes the figures into README.md.
bench: .venv/.test
	$(BIN)/python tests/get_browser.py
	$(BIN)/python -m seglab.bench.readme

# The pictures of the README and the start page, taken from the app as it stands.
pictures: .venv/.test
	$(BIN)/python tests/get_browser.py
	$(BIN)/python -m seglab.bench.pictures

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.run: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

.venv/.test: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable ".[test]"
	@touch $@ .venv/.run

clean:
	rm -rf .venv build dist .pytest_cache .hypothesis .mypy_cache .ruff_cache
