# Builds the daemon's image: libraries by hash from requirements.lock, the project from a wheel, nothing else.
# To pin the base by content, build with --build-arg BASE=python:3.11-slim-bookworm@sha256:<digest of your registry>;
# the digest differs per mirror and architecture, which is why it is not written here.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS wheel
WORKDIR /build
COPY deploy/build.lock ./
RUN pip install --no-cache-dir --require-hashes -r build.lock
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY syncd syncd
COPY connectors connectors
COPY sandbox sandbox
RUN pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels .

FROM ${BASE} AS libraries
WORKDIR /build
RUN python -m venv /opt/syncd
COPY requirements.lock ./
RUN /opt/syncd/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY --from=wheel /wheels /wheels
RUN /opt/syncd/bin/pip install --no-cache-dir --no-deps --no-index --find-links /wheels syncd

FROM ${BASE}
# A number, so that Kubernetes can see that it is not root; the folder is made here so that a new volume belongs to it.
RUN install -d -m 0700 -o 10001 -g 10001 /var/lib/syncd
COPY --from=libraries /opt/syncd /opt/syncd
ENV PATH=/opt/syncd/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /var/lib/syncd
VOLUME /var/lib/syncd
# Readiness is for orchestrators (/readyz); this asks only whether the daemon answers, so that nobody restarts it because
# a vendor cannot be reached. The address is inside the container; nothing is published.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9464/healthz', timeout=5)"]
# PID 1 is syncd itself, which heeds SIGTERM within ten seconds and SIGHUP by reading its configuration again.
STOPSIGNAL SIGTERM
ENTRYPOINT ["syncd"]
CMD ["--config", "/etc/syncd", "run", "--http", "127.0.0.1:9464"]
