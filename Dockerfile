# One image for every process; the command chooses which: `services billing`, `gateway`, …

FROM python:3.13-slim-trixie AS build
WORKDIR /build
COPY requirements.lock .
RUN python -m venv .venv && .venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN .venv/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels .

FROM python:3.13-slim-trixie
# what invoices as PDF need, as local/setup knows it, with fonts for names in every script
RUN apt-get update \
    && apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-core fonts-wqy-microhei fonts-droid-fallback \
    && rm -rf /var/lib/apt/lists/*
COPY deploy/requirements.lock /tmp/requirements.lock
RUN pip install --no-cache-dir --no-compile --require-hashes -r /tmp/requirements.lock
COPY --from=build /wheels /tmp/wheels
RUN pip install --no-cache-dir --no-deps --no-index /tmp/wheels/*.whl \
    && useradd --system --uid 10001 --no-create-home accounts \
    && install -d -o accounts /definitions
USER 10001
ENV PYTHONUNBUFFERED=1 AM_HTTP_HOST=0.0.0.0 AM_HTTP_PORT=8000 AM_METRICS_HOST=0.0.0.0 AM_METRICS_PORT=9100
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/ready', timeout=4)"]
ENTRYPOINT ["python", "-m"]
CMD ["gateway"]
