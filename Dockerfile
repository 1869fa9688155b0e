# syntax=docker/dockerfile:1
# Two stages: the first installs the pinned requirements and compiles the rules (docs/adr/0062), the
# second holds only what runs.
ARG PYTHON_VERSION=3.13

FROM python:${PYTHON_VERSION}-slim AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
RUN python -m venv /app/.venv
COPY requirements.txt ./
RUN /app/.venv/bin/pip install --no-cache-dir --disable-pip-version-check \
        --require-hashes -r requirements.txt
COPY pyproject.toml setup.py README.md LICENSE ./
COPY ledger ledger
COPY projections projections
COPY api api
RUN KETENLEDGER_COMPILE=1 /app/.venv/bin/pip install --no-cache-dir --disable-pip-version-check \
        --no-deps --no-build-isolation --no-index .

FROM python:${PYTHON_VERSION}-slim
# The data folder exists in the image, so that a fresh volume on it belongs to the user.
RUN groupadd --gid 10001 ketenledger \
    && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin ketenledger \
    && install -d -o ketenledger -g ketenledger -m 0700 /var/lib/ketenledger
COPY --from=build /app/.venv /app/.venv
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /var/lib/ketenledger
EXPOSE 8000
STOPSIGNAL SIGTERM
ENTRYPOINT ["ketenledger"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
