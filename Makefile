# make demo and make test do all their own set-up; a second run repeats none of it.
VENV := .venv
DEMO := demo

.PHONY: help setup demo test clean

help:
	@echo "make demo    set up and embed a real (or simulated) Sentinel-1 + Sentinel-2 pair"
	@echo "make test    set up and run all tests, ruff and mypy"
	@echo "make setup   make $(VENV), the environment of the engine"
	@echo "make clean   remove $(VENV) and $(DEMO)"

setup: $(VENV)/.engine-ready

$(VENV)/.engine-ready: requirements.txt constraints.txt pyproject.toml scripts/setup-environment.sh
	@sh scripts/setup-environment.sh $(VENV) requirements.txt
	@touch $@

$(VENV)/.test-ready: $(VENV)/.engine-ready requirements-dev.txt
	@sh scripts/setup-environment.sh $(VENV) requirements-dev.txt
	@touch $@

demo: $(VENV)/.engine-ready
	@$(VENV)/bin/python -m engine.demo $(DEMO)

test: $(VENV)/.test-ready
	@$(VENV)/bin/python -m pytest

clean:
	rm -rf $(VENV) $(DEMO)
