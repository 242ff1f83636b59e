"""Calls of `c360` in this process, as somebody at a shell sees them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from api.cli.main import app
from graph.store.settings import StoreSettings


@dataclass(frozen=True, slots=True)
class Call:
    """What came of a call."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Shell:
    """A folder to call c360 in, and a store."""

    def __init__(self, folder: Path, store: StoreSettings | None = None) -> None:
        self.folder = folder
        self._environment: dict[str, str | None] = {"COLUMNS": "200", "NO_COLOR": "1"}
        if store is not None:
            self._environment |= {
                "C360_STORE": store.uri,
                "C360_STORE_USER": store.user,
                "C360_STORE_PASSWORD": store.password.get_secret_value(),
            }

    def __call__(self, *arguments: str, env: Mapping[str, str | None] | None = None) -> Call:
        """Call `c360 --config FOLDER …`; a traceback is never an answer."""
        return self.as_written(["--config", str(self.folder), *arguments], env)

    def as_written(self, arguments: Sequence[str], env: Mapping[str, str | None] | None = None) -> Call:
        """Call `c360` with these arguments and no others."""
        result = CliRunner().invoke(app, list(arguments), env={**self._environment, **(env or {})})
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert "Traceback" not in result.output
        return Call(result.exit_code, result.stdout, result.stderr)

    def write(self, name: str, content: str | bytes) -> Path:
        """A file in the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path


def persons_toml(path: str = "people.csv", section: str = "crm", **more: str) -> str:
    """A section that reads persons from a CSV of id, name, mail, born."""
    extra = "".join(f'{key} = "{value}"\n' for key, value in more.items())
    return (
        f'[{section}]\nconnector = "files"\n[[{section}.files]]\npath = "{path}"\nkind = "persons"\n{extra}'
        f'[{section}.files.mapping]\nid = "id"\nfull_name = "name"\nemail = "mail"\nbirth_date = "born"\n'
    )


PEOPLE = "id,name,mail,born\n1,Ada Quist,ada@x.test,1980-02-01\n2,Bo Lund,bo@x.test,\n"
