# `make demo` and `make test` are all a newcomer needs; the rest is for those who work here.

SWIFT ?= swift
DEMO  := .demo
PREFIX ?= /usr/local

.PHONY: build demo test deps release lint format install screenshot bench-queue bench-models bench-explain bench-learning bench-console clean

build: deps
	$(SWIFT) build

## A fresh queue of real photos and posts, scored, and the console on it.
demo: deps release
	tools/demo/run $(DEMO)

## Lint, unit and snapshot tests, and the end-to-end scripts.
test: lint
	@tools/deps --test
	tools/test

## Debian packages, OpenVINO in a private Python environment, model weights.
deps:
	@tools/deps

release:
	$(SWIFT) build -c release --product reviewtui

lint:
	$(SWIFT) format lint --strict --recursive --parallel Sources Tests Package.swift
	@tools/lint

format:
	$(SWIFT) format --in-place --recursive --parallel Sources Tests Package.swift

## The queue's rates beside its peers, in both journals; SIZES=10000,1000000,10000000 by default, the first two with
## QUICK=1. WAL needs a library with the fix of the WAL-reset bug: everybody loads the one that tools/sqlite-fixed makes.
SIZES ?= 10000,1000000$(if $(QUICK),,$(comma)10000000)
comma := ,
BENCH_PYTHON := .deps/bench
BENCH_QUEUE = $(BENCH_PYTHON)/bin/python tools/bench/bench_queue.py --program .build/release/reviewtui --sizes $(SIZES)
bench-queue: release $(BENCH_PYTHON)/bin/litequeue-is-here
	$(BENCH_QUEUE)
	$(BENCH_QUEUE) --library "$$(tools/sqlite-fixed)"

$(BENCH_PYTHON)/bin/litequeue-is-here:
	python3 -m venv $(BENCH_PYTHON)
	$(BENCH_PYTHON)/bin/pip install --quiet sqlite-utils litequeue
	touch $@

## Scoring and explaining beside ONNX Runtime and PyTorch on the same weights (docs/benchmarks.md), ten minutes on two
## cores. The peers are installed once, a few gigabytes; BENCH_MODELS_PYTHON names an environment that has them already.
## MORE="--parts first,queue" gives options of tools/bench/bench_models.py.
BENCH_MODELS_PYTHON ?= .deps/bench-models/bin/python
bench-models: deps release $(BENCH_MODELS_PYTHON)
	$(BENCH_MODELS_PYTHON) tools/bench/bench_models.py --program .build/release/reviewtui $(MORE)

.deps/bench-models/bin/python: tools/bench/models-requirements.txt
	python3 -m venv .deps/bench-models
	.deps/bench-models/bin/pip install --quiet -r $< || { rm -rf .deps/bench-models; exit 1; }
	touch $@

## The console in a pseudo-terminal on a queue of a million items, beside tig, vim (Debian packages; left out where they are
## not installed) and visidata. FOLDER=… keeps the queue for the next run.
bench-console: deps release $(BENCH_PYTHON)/bin/visidata
	REVIEWTUI_DEMO_PREPARE=1 tools/demo/run $(DEMO)
	python3 tools/bench/bench_console.py --program .build/release/reviewtui $(if $(FOLDER),--folder $(FOLDER)) $(MORE)

$(BENCH_PYTHON)/bin/visidata: $(BENCH_PYTHON)/bin/litequeue-is-here
	$(BENCH_PYTHON)/bin/pip install --quiet visidata

## Every explanation method by its literature's metrics. MORE="--texts 500" gives
## options of tools/bench/bench_explain.py.
bench-explain: deps release
	.deps/python/bin/python tools/bench/bench_explain.py --program .build/release/reviewtui $(MORE)

## Verdicts that each order of asking takes, on real labels, beside modAL; and fits beside scikit-learn. Tables on stdout,
## CSV and a plot in FOLDER (.learning by default). MORE="--seeds 3" gives options of tools/bench/bench_learning.py.
LEARNING_PYTHON := .deps/bench-learning/bin/python
bench-learning: deps release $(LEARNING_PYTHON)
	$(LEARNING_PYTHON) tools/bench/bench_learning_fit.py --program .build/release/reviewtui
	$(LEARNING_PYTHON) tools/bench/bench_learning.py --program .build/release/reviewtui --out $(or $(FOLDER),.learning) $(MORE)

$(LEARNING_PYTHON): tools/bench/learning-requirements.txt
	python3 -m venv .deps/bench-learning
	.deps/bench-learning/bin/pip install --quiet -r $< || { rm -rf .deps/bench-learning; exit 1; }
	touch $@

## The pictures in the README, taken from xterm under Xvfb.
screenshot: deps release
	tools/screenshot

install: release
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/reviewtui
	install -m 755 .build/release/reviewtui $(DESTDIR)$(PREFIX)/bin/
	cp -R themes keymaps languages policies models $(DESTDIR)$(PREFIX)/share/reviewtui/

clean:
	rm -rf .build $(DEMO) .learning
