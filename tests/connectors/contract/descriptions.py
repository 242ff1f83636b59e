"""A vendor's own description of its API (OpenAPI), and what of a request or an answer is not as it says.

Descriptions come from the package airbyte-agent-sdk, which is here for tests alone and of which nothing is imported or
copied. Their usual faults are repaired on reading: `*/*` instead of JSON, `required: true` at a property, `nullable`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import jsonschema_rs
import yaml

Json = Any
METHODS = ("get", "post", "put", "patch", "delete")


@cache
def described_by(
    vendor: str, prefix: str | None = None, mend: Callable[[Json], None] = lambda document: None
) -> Description:
    """The description of `hubspot`, `zendesk-support`, … as the package has it.

    `prefix` is what stands before its paths where the description's server does not say it, e.g. `/api/v2`; `mend`
    puts right, in place, what the vendor's own pages say otherwise.
    """
    try:
        package = distribution("airbyte-agent-sdk")
    except PackageNotFoundError:
        raise RuntimeError(
            "The vendors' descriptions are not installed. Run `uv sync`: airbyte-agent-sdk is of the group dev."
        ) from None
    path = Path(str(package.locate_file(f"airbyte_agent_sdk/specs/{vendor}/connector.yaml")))
    if not path.exists():
        known = sorted(folder.name for folder in path.parent.parent.iterdir() if folder.is_dir())
        raise LookupError(f"airbyte-agent-sdk describes no {vendor!r}. Known: {', '.join(known)}.")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
    mend(document)
    return Description(document, prefix)


class Description:
    """What a vendor says of its API; `prefix` stands before all its paths."""

    def __init__(self, document: Json, prefix: str | None = None) -> None:
        repaired = _repaired(document)
        self._components: Json = repaired.get("components", {})
        self.prefix = _prefix_of(repaired) if prefix is None else prefix
        self._operations = list(self._read_operations(repaired["paths"]))

    def operations(self, method: str, path: str) -> list[Operation]:
        """The operations a request may be; those without a parameter in their path come first."""
        if not path.startswith(self.prefix):
            return []
        rest = path[len(self.prefix) :]
        found = [one for one in self._operations if one.method == method and one.pattern.fullmatch(rest)]
        return sorted(found, key=lambda one: one.template.count("{"))

    def problems_of_request(self, operation: Operation, request: httpx.Request) -> list[str]:
        """What of the request is not as described, each with the name under which it may be listed as not described."""
        return [*_query_problems(operation, request), *self._body_problems(operation, request)]

    def problems_of_answer(self, operation: Operation, response: httpx.Response) -> list[str]:
        """What of the answer is not as described; an error's body is the vendor's own business."""
        status = str(response.status_code)
        told = operation.answers.get(status, operation.answers.get(f"{status[0]}XX", operation.answers.get("default")))
        if told is None:
            return [f"{operation.name} answers {status}, which is not described"] if response.is_success else []
        schema = _json_schema(told)
        if schema is None or not response.is_success:
            return []
        try:
            body = json.loads(response.content)
        except ValueError:
            return [f"{operation.name} answers no JSON"]
        wrong = [f"{operation.name} answers {status}: {problem}" for problem in self._schema_problems(schema, body)]
        return wrong + sorted({f"{operation.name}#{place}" for place in self._unsaid(schema, body)})

    def _body_problems(self, operation: Operation, request: httpx.Request) -> Iterator[str]:
        schema = _json_schema(operation.body)
        kind = request.headers.get("content-type", "")
        if operation.body.get("required") and not request.content:
            yield f"{operation.name} is sent no body"
        if schema is None or not request.content or "json" not in kind:
            return
        body = json.loads(request.content)
        for problem in self._schema_problems(schema, body):
            yield f"{operation.name} is sent {problem}"
        known = self._resolve(schema).get("properties")
        if known and isinstance(body, dict):
            for name in sorted(set(body) - set(known)):
                yield f"{operation.name} {name}"

    def _unsaid(self, schema: Json, value: Json) -> Iterator[str]:
        """Places of fields that an object's description does not have, unless it says that there may be others."""
        schema = self._resolve(schema)
        if isinstance(value, list) and "items" in schema:
            for one in value:
                yield from (f"[]{place}" for place in self._unsaid(schema["items"], one))
        known = schema.get("properties")
        if not isinstance(value, dict) or not known or schema.get("additionalProperties"):
            return
        if any(name in schema for name in ("allOf", "anyOf", "oneOf")):
            return
        for name, one in value.items():
            if name in known:
                yield from (f".{name}{place}" for place in self._unsaid(known[name], one))
            else:
                yield f".{name}"

    def _schema_problems(self, schema: Json, value: Json) -> list[str]:
        validator = jsonschema_rs.Draft202012Validator(
            {**schema, "components": self._components}, validate_formats=True
        )
        return [
            f"{'.'.join(str(part) for part in error.instance_path) or 'the body'}: {error.message[:200]}"
            for error in validator.iter_errors(value)
        ][:5]

    def _read_operations(self, paths: Json) -> Iterator[Operation]:
        for template, item in paths.items():
            shared = item.get("parameters", [])
            for method in METHODS:
                told = item.get(method)
                if told is None:
                    continue
                path = (told.get("x-airbyte-path-override") or {}).get("path", template)
                parameters = [self._resolve(one) for one in (*shared, *told.get("parameters", []))]
                yield Operation(
                    method=method.upper(),
                    template=path,
                    pattern=_pattern(path),
                    query={one["name"]: self._parameter(one) for one in parameters if one["in"] == "query"},
                    headers=tuple(one["name"] for one in parameters if one["in"] == "header" and one.get("required")),
                    body=self._resolve(told.get("requestBody", {})),
                    answers={str(status): self._resolve(one) for status, one in told.get("responses", {}).items()},
                )

    def _parameter(self, told: Json) -> Json:
        return {**told, "schema": self._resolve(told.get("schema", {}))}

    def _resolve(self, node: Json) -> Json:
        while "$ref" in node:
            found: Json = {"components": self._components}
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part.replace("~1", "/").replace("~0", "~")]
            node = found
        return node


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    method: str
    template: str
    pattern: re.Pattern[str]
    query: Mapping[str, Json]
    headers: tuple[str, ...]
    body: Json
    answers: Mapping[str, Json]

    @property
    def name(self) -> str:
        return f"{self.method} {self.template}"


def _query_problems(operation: Operation, request: httpx.Request) -> Iterator[str]:
    sent = request.url.params.multi_items()
    for name, value in sent:
        told = operation.query.get(name) or operation.query.get(name.removesuffix("[]"))
        if told is None and "[" in name:
            told = operation.query.get(name.partition("[")[0])
            if told is not None:
                continue  # a deep object, `created[gte]`: its members are text to us
        if told is None:
            yield f"{operation.name}?{name}"
        else:
            yield from (
                f"{operation.name}?{name}={value[:40]}: {one}" for one in _value_problems(told["schema"], value)
            )
    names = {name.partition("[")[0] for name, _ in sent} | {name for name, _ in sent}
    for name, told in operation.query.items():
        if told.get("required") and name not in names:
            yield f"{operation.name} is asked without its parameter {name}"
    for name in operation.headers:
        if name.lower() not in request.headers:
            yield f"{operation.name} is asked without its header {name}"


def _value_problems(schema: Json, value: str) -> Iterator[str]:
    kind = schema.get("type")
    kind = next((one for one in kind if one != "null"), "string") if isinstance(kind, list) else kind
    if kind == "array":
        for part in value.split(","):
            yield from _value_problems(schema.get("items", {}), part)
        return
    typed: Json = value
    try:
        if kind in ("integer", "number"):
            typed = int(value) if kind == "integer" else float(value)
        elif kind == "boolean":
            typed = {"true": True, "false": False}[value]
    except (ValueError, KeyError):
        yield f"no {kind}"
        return
    if "$ref" not in json.dumps(schema):
        yield from (error.message[:120] for error in jsonschema_rs.Draft202012Validator(schema).iter_errors(typed))


def _json_schema(told: Json) -> Json | None:
    content = told.get("content", {})
    media = next((one for kind, one in content.items() if "json" in kind), None)
    return None if media is None else media.get("schema")


def _pattern(template: str) -> re.Pattern[str]:
    """`/query:accounts` is an airbyte's name for one use of `/query`; a parameter is one part of a path."""
    return re.compile(re.sub(r"\\\{[^/{}]+\\\}", "[^/]+", re.escape(template)))


def _prefix_of(document: Json) -> str:
    servers = document.get("servers") or [{"url": ""}]
    url = re.sub(r"\{[^{}]*\}", "x", servers[0]["url"])
    return urlsplit(url if "//" in url else f"https://{url}").path.rstrip("/")


def _repaired(node: Json) -> Json:
    if isinstance(node, list):
        return [_repaired(one) for one in node]
    if not isinstance(node, dict):
        return node if node is None or isinstance(node, str | int | float | bool) else str(node)
    mended = {
        str(name): _repaired(one) for name, one in node.items() if not str(name).startswith("x-") or name == OVERRIDE
    }
    if isinstance(mended.get("content"), dict) and "*/*" in mended["content"]:
        mended["content"] = {
            "application/json" if kind == "*/*" else kind: one for kind, one in mended["content"].items()
        }
    properties = mended.get("properties")
    if isinstance(properties, dict):
        always = [name for name, one in properties.items() if isinstance(one, dict) and one.get("required") is True]
        for one in properties.values():
            if isinstance(one, dict) and isinstance(one.get("required"), bool):
                del one["required"]
        if always:
            mended["required"] = [*(mended.get("required") or []), *always]
    return _nullable(mended) if mended.pop("nullable", None) is True else mended


OVERRIDE = "x-airbyte-path-override"


def _nullable(schema: Json) -> Json:
    if isinstance(schema.get("type"), str) and "enum" not in schema:
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}
