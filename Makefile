# Every target sets up what it needs in .venv, from the pinned and hash-checked files in requirements/.
# It takes Python 3.11 (to 3.13), make and a package index; PYTHON=/path/to/python chooses another interpreter.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3 python; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && break; done)
SMEARCOUNT_DATA ?= ../shared/data
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help demo test lint fmt bench chaos nights hostile train serve browser requirements clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## */\1\t/' | awk -F '\t' '{printf "make %-14s %s\n", $$1, $$2}'

demo: $(VENV)/.core  ## draw a smear, count it, print the count beside the truth; SLIDE=photo.jpg counts that photo
	$(BIN)/smearcount demo -o build/demo $(if $(SLIDE),"$(SLIDE)")

# Much of the time tests wait for processes, disks and limits: two at a time take little more than half of it.
TEST_WORKERS ?= 2

test: $(VENV)/.dev  ## run the tests; ARGS="-k scale" narrows them, TEST_WORKERS=0 runs one at a time
	$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist worksteal $(ARGS)

lint: $(VENV)/.dev  ## style, types and import layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fmt: $(VENV)/.dev  ## bring the source into shape
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: $(VENV)/.core  ## measure speed and memory; ARGS="--only slide,memory --gigapixels 0.1,1,4" chooses
	SMEARCOUNT_DATA="$(SMEARCOUNT_DATA)" $(BIN)/python -m benchmarks $(ARGS)

hostile: $(VENV)/.core  ## count hundreds of hostile inputs, each beside a good slide; ARGS="--only names bombs" chooses
	$(BIN)/python -m benchmarks.hostile $(ARGS)

chaos: $(VENV)/.core  ## kill a batch 40 times and compare it with an undisturbed one; ARGS="SLIDES --kills 10" narrows it
	$(BIN)/python -m benchmarks.chaos $(ARGS)

nights: $(VENV)/.core  ## 40 nights into one folder; ARGS=slides counts 1,000 slides, ARGS=overhead compares with one by one
	$(BIN)/python -m benchmarks.nights $(or $(ARGS),nights)

# The networks with slides left out measure the recipe; the shipped detector goes on from there with every slide, the
# shipped classifier is trained anew. Each classifier takes its last steps at a low rate, from the first ones' weights.
LEFT_OUT = $(foreach name,$(shell cat models/left_out/slides.txt),--leave-out $(name))
TRAIN = $(BIN)/smearcount train
# Labels that networks trained on other patients contradict are not trained on; they stay in every figure.
SUSPECT_LABELS := docs/label_noise.csv
BUILT := build/train
# Uninfected cells that this one nearly calls infected are drawn more often in the last steps of all.
FIRST := $(BUILT)/left_out/first_classifier
# Both networks with slides left out, as they stand in models/left_out.
PAIR := $(BUILT)/left_out/pair
CLASSIFIER = $(TRAIN) classifier --data "$(SMEARCOUNT_DATA)" --suspect-labels $(SUSPECT_LABELS)
BY_LEFT_OUT = --detector $(BUILT)/left_out/detector/detector.toml $(LEFT_OUT)

train: $(VENV)/.train  ## train all networks on SMEARCOUNT_DATA, into build/train; resumes when interrupted
	$(TRAIN) detector --data "$(SMEARCOUNT_DATA)" --out $(BUILT)/left_out/first_detector $(LEFT_OUT)
	$(TRAIN) detector --data "$(SMEARCOUNT_DATA)" --out $(BUILT)/left_out/detector --seed 2 --steps 2500 \
		--start-from $(BUILT)/left_out/first_detector/detector.keras $(LEFT_OUT)
	$(TRAIN) detector --data "$(SMEARCOUNT_DATA)" --out $(BUILT)/detector --seed 3 --steps 750 \
		--start-from $(BUILT)/left_out/detector/detector.keras
	$(CLASSIFIER) --out $(BUILT)/left_out/first_classifier --seed 3 --steps 5400 $(BY_LEFT_OUT)
	$(CLASSIFIER) --out $(BUILT)/left_out/classifier --seed 7 --steps 3600 --hard-negatives-from $(FIRST)/classifier.toml \
		--start-from $(BUILT)/left_out/first_classifier/classifier.keras $(BY_LEFT_OUT)
	$(CLASSIFIER) --out $(BUILT)/first_classifier --seed 4 --steps 5400 \
		--measured-by $(BUILT)/left_out/classifier/classifier.toml --detector $(BUILT)/detector/detector.toml
	$(CLASSIFIER) --out $(BUILT)/classifier --seed 7 --steps 3600 --hard-negatives-from $(FIRST)/classifier.toml \
		--start-from $(BUILT)/first_classifier/classifier.keras \
		--measured-by $(BUILT)/left_out/classifier/classifier.toml --detector $(BUILT)/detector/detector.toml
	$(TRAIN) novelty --data "$(SMEARCOUNT_DATA)" --out $(BUILT)/novelty --fields 40 --detector $(BUILT)/detector/detector.toml
	mkdir -p $(PAIR)
	cp $(BUILT)/left_out/detector/detector.* $(BUILT)/left_out/classifier/classifier* $(PAIR)
	$(BIN)/smearcount evaluate errors "$(SMEARCOUNT_DATA)" --out $(BUILT)/slide_errors.toml --left-out $(PAIR) \
		--stands-for $(BUILT)/classifier/classifier.toml

serve: $(VENV)/.core  ## start the web service on this machine
	$(BIN)/smearcount serve $(ARGS)

browser:  ## install the Chromium that the browser tests drive, and the pango that WeasyPrint needs (Debian, as root)
	command -v chromium && command -v chromedriver && ldconfig -p | grep -q libpangoft2-1.0 || \
		{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium chromium-driver \
			libpangoft2-1.0-0; }

requirements: $(VENV)/.dev  ## pin anew what pyproject.toml asks for; ARGS=--upgrade takes newer versions
	sh requirements/pin $(BIN)/uv $(ARGS)

clean:  ## remove what was built, and the caches; .venv stays
	rm -rf build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis *.egg-info

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "no Python 3.11, 3.12 or 3.13 found; install one or pass PYTHON=/path/to/python" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# One stamp a set of requirements: core counts, cluster adds dask, train TensorFlow, dev both and what tests and lint need.
$(VENV)/.%: requirements/%.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --require-hashes -r $<
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $@
