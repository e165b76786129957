# Every target does its own set-up; a second run repeats none of it.
VENV := .venv
DEMO := demo
# The profile of QGIS that `make install` uses.
PROFILE := default

.PHONY: help setup demo test test-engine test-qgis package install screenshots translations clean

help:
	@echo "make demo          set up and embed a real (or simulated) Sentinel-1 + Sentinel-2 pair"
	@echo "make test          set up and run all tests, ruff and mypy, then the plugin's tests inside QGIS"
	@echo "make test-engine   the first half of it      make test-qgis   the second half"
	@echo "make package       write dist/smarties.zip, the plugin for QGIS"
	@echo "make install       link the working tree into your profile of QGIS (PROFILE=default)"
	@echo "make screenshots   renew the pictures of the plugin in docs"
	@echo "make translations  bring qgis_plugin/i18n up to date with the texts in the code"
	@echo "make setup         make $(VENV), the environment of the engine"
	@echo "make clean         remove $(VENV), .venv-qgis, dist and $(DEMO)"

setup: $(VENV)/.engine-ready

$(VENV)/.engine-ready: requirements.txt constraints.txt constraints-dev.txt pyproject.toml scripts/setup-environment.sh
	@sh scripts/setup-environment.sh $(VENV) requirements.txt
	@touch $@

$(VENV)/.test-ready: $(VENV)/.engine-ready requirements-dev.txt requirements-train.txt requirements-scale.txt
	@sh scripts/setup-environment.sh $(VENV) requirements-dev.txt
	@touch $@

demo: $(VENV)/.engine-ready
	@$(VENV)/bin/python -m engine.demo $(DEMO)

test: test-engine
	@$(MAKE) --no-print-directory test-qgis

test-engine: $(VENV)/.test-ready
	@OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest -n auto --maxprocesses 4 --dist loadfile

test-qgis: $(VENV)/.engine-ready
	@SMARTIES_TEST_ENGINE_PYTHON="$(CURDIR)/$(VENV)/bin/python" sh scripts/test-qgis.sh

package:
	@python3 scripts/package.py dist/smarties.zip

install:
	@python3 scripts/install.py $(PROFILE)

screenshots: $(VENV)/.engine-ready
	@SMARTIES_TEST_ENGINE_PYTHON="$(CURDIR)/$(VENV)/bin/python" sh scripts/run-in-qgis.sh scripts/screenshots.py

translations:
	@python3 scripts/update_translations.py

clean:
	rm -rf $(VENV) .venv-qgis dist $(DEMO)
