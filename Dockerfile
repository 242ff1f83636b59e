# c360 in a container: docker build -t c360 .   It runs as a user without rights, on a file system that may be read-only.
FROM python:3.12-slim AS build
RUN pip install --no-cache-dir uv
WORKDIR /app
COPY pyproject.toml uv.lock README.md LICENSE ./
COPY api api
COPY connectors connectors
COPY graph graph
COPY c360 c360
# The graph lives in Neo4j here: the embedded store, with its Java of 140 MB, stays out.
RUN uv sync --locked --no-dev --no-editable --compile-bytecode --no-install-package arcadedb-embedded

FROM python:3.12-slim
RUN useradd --uid 10001 --create-home c360 && install --directory --owner c360 /data /cache
COPY --from=build /app/.venv /app/.venv
ENV C360_CACHE=/cache PYTHONDONTWRITEBYTECODE=1
USER c360
WORKDIR /data
EXPOSE 8360
ENTRYPOINT ["/app/.venv/bin/c360"]
CMD ["serve", "--host", "0.0.0.0"]
