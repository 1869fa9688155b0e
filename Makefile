# Every target sets up what it needs. Only make and Python 3.11 or newer (with its venv module)
# have to be there; `make demo` and `make test` are the two commands a newcomer needs.

PORT ?= 8000
ARGS ?=
# Tests wait for the database more than they reckon: a few more workers than cores. Whoever is done
# takes half of what another has left, so that all end together and a file stays mostly with one.
WORKERS ?= 3

# Each of the many processes would compile everything anew where this is set.
export PYTHONDONTWRITEBYTECODE :=

SHELL := /bin/sh
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
RUNTIME := .venv/.runtime-ready
DEV := .venv/.dev-ready

# Where the packages stand with their rules compiled, and how Python is told to take them from there.
TREE := build/compiled
COMPILED = PYTHONSAFEPATH=1 PYTHONPATH="$(CURDIR)/$(TREE):$(CURDIR)"
COMPILE_IF_POSSIBLE = $(MAKE) --no-print-directory compiled \
	|| echo 'Compileren kan hier niet (apt install gcc python3-dev): gewone Python wordt gemeten.'

# The first Python that is new enough; the plain name first, since it is the one people expect.
FIND_PYTHON = for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
	python=; done

.PHONY: help setup demo test test-compiled check check-style check-types check-imports check-security \
	check-fast compiled bench bench-growth mutate fuzz docs lock clean

help:
	@echo 'make demo    start de demonstratie op http://127.0.0.1:$(PORT)  (PORT=... kiest een andere poort)'
	@echo 'make test    draai alle tests  (ARGS=... geeft pytest extra argumenten)'
	@echo 'make check   opmaak, lint, typen, importregels, veiligheid en snelle tests'
	@echo 'make bench   meet de snelheid;  make bench-growth  hoe die zich houdt als een keten groeit'
	@echo 'make compiled  compileer de regels vooruit;  make test-compiled  draai daarmee alle tests'
	@echo 'make mutate  probeer kleine fouten in de verificateur'
	@echo 'make fuzz    bied alles wat leest onzin aan  (TIMES=... zoveel keer als make test)'
	@echo 'make docs    maak docs/events.md en docs/rules.md opnieuw'
	@echo 'make setup   maak alleen .venv;  make clean ruimt op;  make lock zet de versies opnieuw vast'

setup: $(RUNTIME)

# A .venv that no longer runs (its Python is gone, or it was made halfway) is made anew.
define MAKE_VENV
@set -e; if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	$(FIND_PYTHON); \
	if [ -z "$$python" ]; then \
		echo 'Python 3.11 of nieuwer ontbreekt: apt install python3 python3-venv' >&2; exit 1; fi; \
	if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
		echo 'python3-venv ontbreekt: apt install python3-venv' >&2; exit 1; fi; \
	echo "Python-omgeving maken in .venv ($$("$$python" -V))"; \
	"$$python" -m venv --clear .venv; \
fi
endef

# The project itself is editable, and its build backend comes from the same pinned list. Quiet twice:
# what a build backend advises is not for who installs, and what goes wrong is told all the same.
define INSTALL
@echo 'Vastgezette onderdelen installeren uit $(1)'
@$(PIP) install -qq --require-hashes -r $(1)
@$(PIP) install -qq --no-deps --no-build-isolation --no-index --editable .
endef

$(RUNTIME): requirements.txt pyproject.toml
	$(MAKE_VENV)
	$(call INSTALL,requirements.txt)
	@touch $@

$(DEV): requirements-dev.txt requirements.txt pyproject.toml
	$(MAKE_VENV)
	$(call INSTALL,requirements-dev.txt)
	@touch $(RUNTIME) $@

# `exec`, so that Ctrl-C and SIGTERM reach the server itself and not a shell around it.
demo: $(RUNTIME)
	@exec $(BIN)/ketenledger demo --port $(PORT)

test: $(DEV)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

test-compiled: $(DEV) $(TREE)/.ready
	@KETENLEDGER_COMPILE=1 $(COMPILED) \
		$(BIN)/python -m pytest --import-mode=importlib -n $(WORKERS) --dist worksteal $(ARGS)

check: $(DEV)
	@$(MAKE) --no-print-directory --keep-going --output-sync=target -j 2 \
		check-types check-style check-imports check-security check-fast

check-style: $(DEV)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

check-types: $(DEV)
	@$(BIN)/mypy --strict ledger projections api

check-imports: $(DEV)
	@$(BIN)/lint-imports --no-logo

# Known holes in our packages are asked for once a day; without a network one line says so.
check-security: $(DEV)
	@$(BIN)/bandit --quiet --recursive --configfile pyproject.toml ledger projections api
	@$(BIN)/python -m tests.architecture.dependencies

check-fast: $(DEV)
	@$(BIN)/python -m pytest -q -m 'not slow' tests/domain tests/architecture

# As it runs in production: with its rules compiled ahead, where this machine has a C compiler.
bench: $(DEV)
	@$(COMPILE_IF_POSSIBLE)
	@$(COMPILED) $(BIN)/python -m tests.bench $(ARGS)

bench-growth: $(DEV)
	@$(COMPILE_IF_POSSIBLE)
	@$(COMPILED) $(BIN)/python -m tests.bench.growth $(ARGS)

# The packages once more, with what setup.py names compiled beside its sources (ADR 0062).
compiled: $(TREE)/.ready

$(TREE)/.ready: setup.py requirements-dev.txt $(shell find ledger projections api -type f ! -name '*.pyc') | $(DEV)
	@echo 'Regels compileren in $(TREE) (een tot vier minuten)'
	@rm -rf $(TREE).new
	@KETENLEDGER_COMPILE=1 $(BIN)/python setup.py -q build -j 2 -b build/c --build-lib $(TREE).new
	@rm -rf $(TREE) && mv $(TREE).new $(TREE)
	@touch $@

mutate: $(DEV)
	@$(BIN)/python -m tests.mutation $(ARGS)

# Other things each time, and TIMES times as many as the suite tries.
TIMES ?= 20
fuzz: $(DEV)
	@KETENLEDGER_FUZZ=$(TIMES) $(BIN)/python -m pytest --timeout=3600 tests/fuzz $(ARGS)

docs: $(RUNTIME)
	@$(BIN)/ketenledger docs docs/

# Needed only when a dependency changes: the tool that resolves is not a dependency itself.
UV := build/lock/bin/python -m uv pip compile --quiet --universal --generate-hashes \
	--python-version 3.11 --no-config --no-emit-index-url --custom-compile-command 'make lock'

lock: $(RUNTIME)
	@$(BIN)/python -m venv build/lock
	@build/lock/bin/python -m pip --disable-pip-version-check install --quiet uv==0.13.9
	@$(UV) --extra build pyproject.toml -o requirements.txt
	@$(UV) --extra build --extra pkcs11 --extra dev -c requirements.txt pyproject.toml -o requirements-dev.txt
	@$(UV) --extra build --extra pkcs11 -c requirements-dev.txt pyproject.toml -o requirements-pkcs11.txt

# The data folder .ketenledger stays: a ledger is not a thing to clean up.
clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
