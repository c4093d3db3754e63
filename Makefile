# Every way to run, test and check the project. Each sets up whatever is still missing by itself.
.PHONY: setup browser sip run run-sip call demo-traffic test check format lint types wired bench bench-renewal-day contracts lock bare soak pictures clean

PYTHON = .venv/bin/python
# Where it is set, every process would compile all that it imports again: two seconds and more each.
unexport PYTHONDONTWRITEBYTECODE
# WORKERS=3 runs the tests side by side, each worker with a running system of its own; tests wait
# for messages a third of their time, so one worker more than cores is quicker, and two are not.
WORKERS = 0
# The files whose tests run alone: looking for them in all others takes half a minute.
ALONE = $$(grep -rl --include='test_*.py' 'mark[.]alone' tests)
PYTEST = $(PYTHON) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

setup:          ## install what this machine lacks
	@local/setup

browser:
	@local/setup --browser

sip:
	@local/setup --sip

run: setup      ## start the whole system with demo data; Ctrl-C stops it
	@$(PYTHON) -m local

run-sip: setup sip   ## the same with a Kamailio and a phone that answers
	@$(PYTHON) -m local --sip

call: setup     ## place a call through it: TO=+971501234567 SECONDS=10
	@$(PYTHON) -m local.call $(TO) $(SECONDS)

demo-traffic: setup   ## send a day of calls to the system that `make run` has started
	@$(PYTHON) -m local.traffic

test: browser sip   ## run the tests; TESTS="tests/billing -k account" runs some
	$(PYTEST) $(TESTS)

check: browser sip   ## format, lint, types, imports, dependencies, contracts and tests
	@$(MAKE) --no-print-directory -j --output-sync=target lint types wired
	$(PYTEST) -m "not soak and not alone"
	$(PYTHON) -m pytest -m alone $(ALONE)

format: setup   ## put the code into its form
	.venv/bin/ruff format
	.venv/bin/ruff check --fix

lint: setup
	.venv/bin/ruff format --check
	.venv/bin/ruff check

types: setup
	.venv/bin/pyright

wired: setup
	.venv/bin/lint-imports
	.venv/bin/deptry --no-ansi accounts_manager contracts gateway integrations services
	$(PYTHON) -m contracts.publish --check
	$(PYTHON) -m services.chassis.asyncapi --check

bench: setup    ## measure, beside a floor measured in the same run; writes docs/benchmarks.md
	$(PYTHON) -m benchmarks

bench-renewal-day: setup   ## measure calls while 50,000 accounts renew; twenty minutes
	$(PYTHON) -m benchmarks renewal-day

contracts: setup   ## write the schemas and AsyncAPI documents; fails when a reader would break
	$(PYTHON) -m contracts.publish
	$(PYTHON) -m services.chassis.asyncapi

# What pyproject.toml names, with hashes, for every Python from 3.11 on; keeps the versions that stand.
LOCK = .venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header pyproject.toml

lock: setup     ## write the locks anew after a change of pyproject.toml's dependencies
	$(LOCK) --group dev -o requirements.lock
	$(LOCK) --no-annotate -c requirements.lock -o deploy/requirements.lock

bare:           ## prove both commands of the README on a bare Debian 13 in a folder; as root
	@local/bare

soak: bare browser  ## what takes too long for every change; runs before a release
	$(PYTHON) -m pytest -m soak

pictures: browser  ## make the README's screenshots
	$(PYTHON) -m local.pictures

clean:          ## drop the data of `make run`
	rm -rf .run
