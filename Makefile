# Two commands do everything: `make all` sets up and runs the benchmark, `make test` sets up and runs the tests.
# TORCH=cpu takes PyTorch's CPU wheels, which spares a laptop several gigabytes of CUDA: 2.14.1+cpu counts as newer than 2.14.1.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
TORCH ?=
VENV := .venv
ENVS := workflow/envs
CORES ?= 1
RUN := . $(VENV)/bin/activate &&

.PHONY: all test doctor report again pack unpack pull lint

all: $(VENV)/ready
	$(RUN) snakemake --cores $(CORES) all
	@echo "The report is results/report.md"

report: $(VENV)/ready
	$(RUN) snakemake --cores $(CORES) report

doctor: $(VENV)/ready
	$(RUN) snakemake --cores 1 doctor

test: $(VENV)/ready-to-test
	$(RUN) python -m pytest

lint: $(VENV)/ready-to-test
	$(RUN) ruff check . && ruff format --check . && mypy && snakefmt --check Snakefile workflow/rules

# Measure a model anew: make again MODEL=resnet18 [RUNTIME=eager]. The old lines stay in the journal, superseded.
again: $(VENV)/ready
	@test -n "$(MODEL)" || { echo "make again: name the model: make again MODEL=resnet18 [RUNTIME=eager]"; exit 1; }
	$(RUN) python workflow/scripts/again.py results/devices/*/latency/$(MODEL).jsonl results/devices/*/energy/$(MODEL).jsonl $(if $(RUNTIME),--runtime $(RUNTIME))
	rm -f results/devices/*/latency/$(MODEL).csv results/devices/*/energy/$(MODEL).csv
	$(RUN) snakemake --cores $(CORES) all

# Bring devices together: pull from one over ssh, or pack there and unpack here. Time stamps are left behind on purpose.
pull:
	@test -n "$(FROM)" || { echo "make pull: name where from: make pull FROM=pi@raspberrypi:joulesweep"; exit 1; }
	mkdir -p results/devices results/models
	rsync -rz $(FROM)/results/devices/ results/devices/
	rsync -rz --ignore-existing $(FROM)/results/models/ results/models/

pack:
	tar -czf joulesweep-$(shell hostname)-results.tar.gz results/devices results/models

unpack:
	@test -n "$(FILE)" || { echo "make unpack: name the file: make unpack FILE=joulesweep-pi-results.tar.gz"; exit 1; }
	tar -xzmf $(FILE) --skip-old-files results/models
	tar -xzmf $(FILE) results/devices

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || command -v uv >/dev/null || { echo "Joulesweep needs Python 3.11 or newer: install it (Debian, Ubuntu, Raspberry Pi OS: sudo apt install python3 python3-venv; macOS: brew install python), or install uv (https://docs.astral.sh/uv), or name one: make PYTHON=/path/to/python3.11"; exit 1; }
	@if [ -n "$(PYTHON)" ]; then $(PYTHON) -m venv $(VENV); else uv venv --seed --python 3.12 $(VENV); fi || { rm -rf $(VENV); echo "The virtual environment could not be made (Debian, Ubuntu, Raspberry Pi OS: sudo apt install python3-venv)"; exit 1; }

$(VENV)/ready: $(VENV)/bin/python $(wildcard $(ENVS)/*.txt)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check $(if $(filter cpu,$(TORCH)),--extra-index-url https://download.pytorch.org/whl/cpu) -r $(ENVS)/laptop.txt -c $(ENVS)/constraints.txt
	@touch $@

$(VENV)/ready-to-test: $(VENV)/ready
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r $(ENVS)/test.txt -c $(ENVS)/constraints.txt
	@touch $@
