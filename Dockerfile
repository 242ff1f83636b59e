# c360 in a container: docker build -t c360 .
FROM python:3.12-slim
RUN pip install --no-cache-dir uv
WORKDIR /app
COPY pyproject.toml uv.lock README.md LICENSE ./
COPY api api
COPY connectors connectors
COPY graph graph
COPY c360 c360
RUN uv sync --locked --no-dev --no-editable --compile-bytecode && useradd --create-home c360
USER c360
WORKDIR /data
ENTRYPOINT ["/app/.venv/bin/c360"]
CMD ["serve", "--host", "0.0.0.0"]
