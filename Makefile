# Two commands matter: `make run` serves the demonstration, `make test` runs every test.
# What each of the others does stands in the README.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: install run check test test-deep bench messages lock clean

install:
	@sh .ci/install run

run: install
	@$(BIN)/lms demo

check:
	@sh .ci/install test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/lms content check

test: check
	@$(BIN)/pytest -n 2 --dist worksteal -m "not deep"

test-deep: check
	@$(BIN)/pytest -n 2 --dist worksteal -m deep

bench:
	@sh .ci/install test
	@$(BIN)/python -m bench

# Collects every string that a person sees into the catalogues; what is new stands there untranslated.
messages:
	@mkdir -p var
	@$(BIN)/pybabel -q extract -F pyproject.toml -k _l -k lazy_gettext --no-location --sort-output --omit-header -o var/messages.pot lms demo
	@for code in fr ar; do $(BIN)/pybabel -q update -i var/messages.pot -d lms/translations -l $$code --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date; done

lock:
	@$(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --universal --python-version 3.11 pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --universal --python-version 3.11 --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock

clean:
	rm -rf .venv build *.egg-info
