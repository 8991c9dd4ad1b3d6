# `make all` sets up what this kind of device needs and runs the benchmark; `make test` sets up and runs the tests.
#   DEVICE=laptop|pi|jetson|no-torch   the kind of device, where it is not what workflow/envs/set_up.py detects
#   TORCH=cpu                          PyTorch's wheels without CUDA, which spare a laptop several gigabytes
#   PYTHON=python3.12                  the interpreter to make the environment from
#   DIRECTORY=examples/minilm          another folder with a config.yaml: all, report, lab_report, compare, doctor and remeasure work there
#   SETTINGS='device=kitchen'          top-level keys of config.yaml with another value in this run
#   CORES=1                            how many jobs run at once; a job that measures runs beside no other. Without it, two
#                                      exports at once where there are 4 GB of memory
VENV := .venv
ENVS := workflow/envs
CORES ?= $(shell awk '/^MemTotal/ {print ($$2 > 3500000 ? 2 : 1)}' /proc/meminfo 2>/dev/null || echo 1)
NAMED_PYTHON := $(PYTHON)
ifndef PYTHON
PYTHON := $(shell for p in $(if $(wildcard $(VENV)/ready),$(VENV)/bin/python) python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
endif
# Where there is no Python that will do, uv brings one.
INTERPRETER := $(or $(PYTHON),$(if $(shell command -v uv),uv run --no-project --python 3.12))
SET_UP := $(INTERPRETER) $(ENVS)/set_up.py $(VENV)
OPTIONS = $(if $(DEVICE),--device '$(DEVICE)') $(if $(filter cpu,$(TORCH)),--cpu)
RUN := . $(VENV)/bin/activate &&
SNAKEMAKE := $(RUN) snakemake --cores $(CORES) $(if $(DIRECTORY),--directory '$(DIRECTORY)')
# Many tests wait for windows and time-outs, so there are more workers than cores; a file's tests stay together.
PYTEST := $(RUN) python -m pytest -n 4 --dist loadgroup --no-loadscope-reorder
EXAMPLES := $(patsubst examples/%/prepare.py,%,$(sort $(wildcard examples/*/prepare.py)))
REQUIREMENTS := $(ENVS)/set_up.py $(wildcard $(ENVS)/*.txt $(ENVS)/constraints/*.txt)

.NOTPARALLEL:
.PHONY: all fleet runtimes report lab_report compare example doctor test test-fast test-cluster lint remeasure pull pack unpack check need-MODEL need-BASELINE need-NAME need-FROM need-FILE need-INVENTORY

all: $(VENV)/ready
	$(SNAKEMAKE) all$(if $(SETTINGS), --config $(SETTINGS))
	@echo "The report is $(if $(DIRECTORY),$(DIRECTORY)/)results/report.md; report.html beside it is the same to explore in a browser"

# The optional runtimes: OpenVINO, ncnn, LiteRT, ExecuTorch. docs/runtimes.md lists them.
runtimes: $(VENV)/with-runtimes

report: $(VENV)/ready
	$(SNAKEMAKE) page

# The hand-in of the lab. What you write into it is kept when it is made again.
lab_report: $(VENV)/ready
	$(SNAKEMAKE) lab_report

# Compare with an earlier state of the results: make compare BASELINE=FOLDER. The exit status says whether anything became worse.
compare: need-BASELINE $(VENV)/ready
	$(SNAKEMAKE) compare --config 'baseline=$(if $(filter /%,$(BASELINE)),,./)$(BASELINE)'

# Benchmark an example: make example NAME=fashion_mnist. Its data are fetched once; results are in the folder of the example.
example: need-NAME $(VENV)/with-runtimes
	$(RUN) $$(test ! -x $(VENV)/measuring/bin/python || echo $(VENV)/measuring/bin/)python examples/$(NAME)/prepare.py
	$(SNAKEMAKE) --directory examples/$(NAME) all
	@echo "The report is examples/$(NAME)/results/report.md; report.html beside it is the same to explore in a browser"

doctor: $(VENV)/ready
	$(SNAKEMAKE) doctor

test: $(VENV)/ready-to-test
	$(PYTEST) -m "not cluster"

test-fast: $(VENV)/ready-to-test
	$(PYTEST) -m "not slow and not cluster"

# Several devices at once: a Slurm cluster of three nodes, a fleet of three machines. They take all cores, so they run one by one.
test-cluster: $(VENV)/ready-to-test
	$(RUN) python -m pytest -m cluster

lint: $(VENV)/ready-to-test
	$(RUN) ruff check . && ruff format --check . && mypy && snakefmt --check Snakefile workflow/slurm.smk workflow/rules

# Measure a model anew on this device: make remeasure MODEL=resnet18 [RUNTIME=eager]. The old lines stay in the journal.
remeasure: need-MODEL $(VENV)/ready
	$(RUN) cd '$(or $(DIRECTORY),.)' && python '$(CURDIR)/workflow/scripts/remeasure.py' --model '$(MODEL)' $(if $(RUNTIME),--runtime '$(RUNTIME)')
	$(SNAKEMAKE) all

# Bring devices together: pull from one over ssh, or pack there and unpack here. Nothing that differs is overwritten.
pull: need-FROM $(VENV)/ready
	$(RUN) python workflow/scripts/pull.py '$(FROM)'

# With ARTEFACTS=1 the weights and ONNX files too.
pack: $(VENV)/ready
	$(RUN) python workflow/scripts/pack.py $(if $(ARTEFACTS),--artefacts)

unpack: need-FILE $(VENV)/ready
	$(RUN) python workflow/scripts/unpack.py '$(FILE)'

# Measure on the devices of an Ansible inventory and report here: make fleet INVENTORY=hosts.yml [LIMIT=@.cache/measure.retry]
# docs/fleet.md explains it. The file that LIMIT names here lists the devices that the last run did not complete.
# Ansible ends with status 1 where it cannot begin, and with 99 after Ctrl-C.
RETRY := .cache/measure.retry
fleet: need-INVENTORY $(VENV)/with-fleet
	$(if $(filter @%,$(LIMIT)),,@rm -f $(RETRY))
	@trap : INT; $(RUN) ANSIBLE_CONFIG=playbooks/ansible.cfg ansible-playbook --inventory '$(INVENTORY)' $(if $(LIMIT),--limit '$(LIMIT)') playbooks/measure.yml; \
	status=$$?; devices=$$(grep -v '^localhost$$' $(RETRY) 2>/dev/null | paste -sd ' ' -); \
	case $$status in \
	0) exit 0;; \
	1) echo "make fleet: nothing was done: INVENTORY=$(INVENTORY)$(if $(LIMIT), LIMIT=$(LIMIT)) names no devices, for the reason above; docs/fleet.md shows an inventory";; \
	99|130) echo "make fleet: stopped here; a run on a device goes on, and the same command waits for it";; \
	*) test -z "$$devices" || echo "make fleet: not complete: $$devices. The reasons are above. This measures what is missing, and nothing twice: make fleet INVENTORY=$(INVENTORY) LIMIT=@$(RETRY)";; \
	esac; exit 1
	@echo "The report is results/report.md"

need-MODEL:
	@test -n "$(MODEL)" || { echo "make remeasure: name the model: make remeasure MODEL=resnet18 [RUNTIME=eager]"; exit 1; }
need-BASELINE:
	@test -n "$(BASELINE)" || { echo "make compare: name the earlier results: make compare BASELINE=FOLDER"; exit 1; }
need-NAME:
	@test "$(words $(NAME)) $(filter $(EXAMPLES),$(NAME))" = "1 $(NAME)" || { echo "make example: name one of $(EXAMPLES): make example NAME=$(firstword $(EXAMPLES))"; exit 1; }
need-FROM:
	@test -n "$(FROM)" || { echo "make pull: name where from: make pull FROM=pi@raspberrypi:joulesweep"; exit 1; }
need-FILE:
	@test -n "$(FILE)" || { echo "make unpack: name the file: make unpack FILE=joulesweep-pi.tar.gz"; exit 1; }
need-INVENTORY:
	@test -n "$(INVENTORY)" || { echo "make fleet: name the list of devices, as in docs/fleet.md: make fleet INVENTORY=hosts.yml"; exit 1; }
	@test -e "$(INVENTORY)" || { echo "make fleet: there is no file $(INVENTORY); docs/fleet.md shows one"; exit 1; }

# Before anything is made: is there a Python that will do, and is the environment that is there the one that is asked for?
check:
	@test -n "$(INTERPRETER)" || { echo "Joulesweep needs Python 3.11 or newer: install it (Debian, Ubuntu, Raspberry Pi OS: sudo apt install python3 python3-venv; macOS: brew install python@3.13), or install uv (https://docs.astral.sh/uv), or name one: make PYTHON=/path/to/python3.11"; exit 1; }
	@test -z "$(NAMED_PYTHON)" || test "$$($(NAMED_PYTHON) -c 'import sys; print(sys.version_info >= (3, 11))' 2>/dev/null)" = True || { echo "PYTHON=$(NAMED_PYTHON): Joulesweep needs Python 3.11 or newer, and this is $$($(NAMED_PYTHON) --version 2>&1 | head -n 1)"; exit 1; }
	@test -z "$(filter-out cpu,$(TORCH))" || { echo "TORCH=$(TORCH): expected cpu, or nothing for the wheels on PyPI"; exit 1; }
	@test -z "$(DIRECTORY)" || test -f "$(DIRECTORY)/config.yaml" || { echo "DIRECTORY=$(DIRECTORY): holds no config.yaml"; exit 1; }
	@$(SET_UP) --check $(OPTIONS) $(if $(NAMED_PYTHON),--same-python)

$(VENV)/ready: $(REQUIREMENTS) | check
	@$(SET_UP) $(OPTIONS)

$(VENV)/with-runtimes: $(REQUIREMENTS) | check
	@$(SET_UP) $(OPTIONS) --runtimes

$(VENV)/with-fleet: $(REQUIREMENTS) | check
	@$(SET_UP) $(OPTIONS) --fleet

$(VENV)/ready-to-test: $(REQUIREMENTS) | check
	@$(SET_UP) $(OPTIONS) --test
