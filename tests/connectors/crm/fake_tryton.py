"""Tryton's wire, as the real one answers: rows in memory, domains, pages, sessions, and errors that come with 200."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

BEGIN = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)

Row = dict[str, Any]


class FakeTryton:
    """A server with one database `c360` and one user `admin`, password `admin-secret-1`.

    `rows` are by model; keys of a row are the fields as they are asked for (`lang.code` is `{"lang": {"code": …}}`).
    `refuse` may answer a request itself. `history` is by opportunity: (moment, user, values that changed).
    """

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = {}
        self.history: dict[int, list[tuple[datetime, str, Row]]] = {}
        self.sessions = 0
        self.open_sessions: set[str] = set()
        self.calls: list[str] = []
        self.refuse: Callable[[str], httpx.Response | None] = lambda method: None
        self.unreadable: set[str] = set()

    @property
    def transport(self) -> httpx.MockTransport:
        """For `httpx.AsyncClient(transport=…)`."""
        return httpx.MockTransport(self._answer)

    def add(self, model: str, **values: Any) -> Row:
        """A row with the next id, created now and never written, unless `values` say otherwise."""
        table = self.rows.setdefault(model, [])
        row = {"id": len(table) + 1, "create_date": BEGIN, "write_date": None, "active": True, **values}
        table.append(row)
        return row

    def _answer(self, request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)
        method, params = asked["method"], asked["params"]
        self.calls.append(method)
        refused = self.refuse(method)
        if refused is not None:
            return refused
        if method == "common.server.version":
            return _json(result="8.0")
        if request.url.path != "/c360/rpc/":
            return httpx.Response(404, html="<html>Not Found</html>")
        if method == "common.db.login":
            return self._login(*params)
        session = request.headers.get("Authorization", "").removeprefix("Session ")
        if session not in self.open_sessions:
            return httpx.Response(401, headers={"WWW-Authenticate": 'Basic realm="Tryton"'})
        if method == "common.db.logout":
            self.open_sessions.discard(session)
            return _json(result=None)
        if not isinstance(params[-1], dict):
            return httpx.Response(422, html="<html>Missing context argument</html>")
        return self._call(method.removeprefix("model."), params[:-1], params[-1])

    def _login(self, user: str, given: Row) -> httpx.Response:
        if "password" not in given:
            return _json(error=["LoginException", ["password", "Password for admin", "password"]])
        if (user, given["password"]) != ("admin", "admin-secret-1"):
            return httpx.Response(401, html="<html>Unauthorized</html>")
        self.sessions += 1
        self.open_sessions.add(base64.b64encode(f"admin:1:key{self.sessions}".encode()).decode())
        return _json(result=[1, f"key{self.sessions}", None])

    def _call(self, method: str, params: list[Any], context: Row) -> httpx.Response:
        model, _, function = method.rpartition(".")
        if model in self.unreadable:
            text = f'You are not allowed to access "{model}".'
            return _json(error=["UserError", [text, "Within groups: Sales", None]])
        if model not in self.rows:
            return _json(error=[f"'{model}'", ""])
        if function == "history_revisions":
            found = [(at, number, user) for number in params[0] for at, user, _ in self.history.get(number, [])]
            return _json(result=[[_wire(at), number, user] for at, number, user in sorted(found, reverse=True)])
        rows = [row for row in self.rows[model] if context.get("active_test") is False or row["active"]]
        if "_datetime" in context:
            rows = self._as_it_was(rows, _read(context["_datetime"]))
        rows = [row for row in rows if _all_hold(row, params[0])]
        if function == "search_count":
            return _json(result=len(rows))
        _, offset, limit, order, *fields = params
        for name, direction in reversed(order or [["id", "ASC"]]):
            rows.sort(key=lambda row: row[name] or BEGIN, reverse=direction == "DESC")
        rows = rows[offset : None if limit is None else offset + limit]
        if function == "search":
            return _json(result=[row["id"] for row in rows])
        return _json(result=[_fields(row, fields[0]) for row in rows])

    def _as_it_was(self, rows: list[Row], moment: datetime) -> list[Row]:
        """Rows at a moment; the history still has those that were deleted."""
        there = {row["id"] for row in rows}
        deleted = [{"id": number, "active": True} for number in self.history if number not in there]
        found = []
        for row in [*rows, *deleted]:
            then: Row = {}
            for at, _, values in self.history.get(row["id"], []):
                if at <= moment:
                    then.update(values)
            found.append({**row, **then})
        return found


def later(seconds: float) -> datetime:
    """A moment after the beginning."""
    return BEGIN + timedelta(seconds=seconds)


def _all_hold(row: Row, domain: list[Any]) -> bool:
    if domain and domain[0] == "OR":
        return any(_all_hold(row, part if isinstance(part[0], list) else [part]) for part in domain[1:])
    return all(_holds(row, part) for part in domain)


def _holds(row: Row, part: list[Any]) -> bool:
    if part[0] == "OR" or isinstance(part[0], list):
        return _all_hold(row, part)
    name, operator, wanted = part
    has = _value(row, name)
    if isinstance(wanted, dict):
        wanted = _read(wanted)
    if operator == "in":
        return has in wanted
    if operator == "=":
        return bool(has == wanted)
    if operator == "!=":
        return bool(has != wanted)
    if operator == ">" and has is not None:
        return bool(has > wanted)
    return False


def _value(row: Row, name: str) -> Any:
    first, _, rest = name.partition(".")
    found = row.get(first)
    return _value(found, rest) if rest and isinstance(found, dict) else found


def _fields(row: Row, names: list[str]) -> Row:
    """The row as Tryton writes it: fields through a relation under the relation's name with a dot."""
    written: Row = {"id": row["id"]}
    through: dict[str, list[str]] = {}
    for name in names:
        first, _, rest = name.partition(".")
        if rest:
            through.setdefault(first, []).append(rest)
        else:
            found = row.get(first)
            # SQLite has no booleans
            written[first] = int(found) if isinstance(found, bool) else _wire(found)
    for first, names_there in through.items():
        found = row.get(first)
        if isinstance(found, list):
            written[first + "."] = [_fields({"id": 0, **one}, names_there) for one in found]
        elif isinstance(found, dict):
            written[first + "."] = _fields({"id": 0, **found}, names_there)
        else:
            written[first + "."] = [] if first in ("contact_mechanisms", "addresses", "relations") else None
    return written


def _wire(value: Any) -> Any:
    if isinstance(value, datetime):
        parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
        return {"__class__": "datetime", **{part: getattr(value, part) for part in parts}}
    if isinstance(value, float):
        return {"__class__": "Decimal", "decimal": f"{value:.2f}"}
    if isinstance(value, dict):
        return value.get("id")
    return value


def _read(value: Row) -> datetime:
    day = datetime(value["year"], value["month"], value["day"], tzinfo=UTC)
    parts = ("hour", "minute", "second", "microsecond")
    return day.replace(**{part: value[part] for part in parts})


def _json(result: Any = None, error: Any = None) -> httpx.Response:
    body = {"id": 1, "error": error} if error is not None else {"id": 1, "result": result}
    content = json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    if len(content) > 1400:
        content = gzip.compress(content)
        headers["Content-Encoding"] = "gzip"
    return httpx.Response(200, headers=headers, content=content)
